//! The package and the unit on a real systemd: a Debian in a container, the package that deploy/package makes of
//! the binary that these tests were built with, and a fake Domo beside it. Needs root (or sudo) and Debian's
//! packages systemd-container, debootstrap, dpkg-dev, binutils and lintian, and cargo-deb.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "another machine runs in real time")]

mod credentials;
mod living;
mod machine;
mod packaging;
#[path = "../support/port.rs"]
mod port;
mod service;
