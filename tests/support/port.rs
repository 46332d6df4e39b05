//! A port for a program that has to be told one. Owns picking it so that nothing else takes it before the program does.

use std::net::TcpListener;

/// A port that nobody listens on, from below those that the system hands out by itself (Linux: 32768 and up), so that
/// no connection of another test gets it meanwhile.
pub(crate) fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| fastrand::u16(20_000..32_000));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
