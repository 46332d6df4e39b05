//! JSON for other programs, which some people read on a terminal. Owns that no text in it can steer one: what
//! could is written as an escape, so that whoever parses it gets the text as it was.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::output::harmless;

/// One value as a line of JSON, with the line end.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = Vec::new();
    write_line(&mut line, value)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Writes one value as a line of JSON.
pub(super) fn write_line(mut writer: impl io::Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut writer, Harmless))?;
    writer.write_all(b"\n").map_err(serde_json::Error::io)
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(harmless(fragment).as_bytes())
    }
}
