//! JSON for other programs, which some people read on a terminal. Owns that no text in it can steer one: what could is
//! written as an escape, so that whoever parses it gets the text as it was.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::domain::foreign::escaped;

/// Writes a value, without a line end.
pub fn write(writer: impl io::Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(writer, Escaping))
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(escaped(fragment).as_bytes())
    }
}
