//! Lines of JSON, one to a value. Owns where a line ends; what stands in it is the API's [`json`].

use std::io;

use serde::Serialize;

use crate::http::json;

/// One value as a line of JSON, with the line end.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = Vec::new();
    write_line(&mut line, value)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Writes one value as a line of JSON.
pub(super) fn write_line(mut writer: impl io::Write, value: &impl Serialize) -> serde_json::Result<()> {
    json::write(&mut writer, value)?;
    writer.write_all(b"\n").map_err(serde_json::Error::io)
}
