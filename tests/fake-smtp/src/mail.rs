//! A mail as it came, read as the person who gets it would. Owns headers and the parts of a
//! multipart; the encodings are `decode`'s.

use crate::decode;

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The message as it came, with CR LF; the dots that the transfer doubles are single.
    pub raw: String,
}

/// A file that is attached to a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name.
    pub name: String,
    /// Its type, such as `text/csv`, in lower case and without parameters.
    pub content_type: String,
    /// Its content, decoded.
    pub content: Vec<u8>,
}

/// A part that has no parts.
struct Leaf {
    content_type: String,
    /// The file name of an attachment.
    file: Option<String>,
    content: Vec<u8>,
}

impl Mail {
    /// The first header of this name: unfolded and decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        header_of(&self.raw, name).map(|value| decode::words(&value))
    }

    /// The plain text.
    pub fn text(&self) -> Option<String> {
        self.body("text/plain")
    }

    /// The HTML.
    pub fn html(&self) -> Option<String> {
        self.body("text/html")
    }

    /// The attached files.
    pub fn attachments(&self) -> Vec<Attachment> {
        let attachment = |leaf: Leaf| {
            Some(Attachment {
                name: leaf.file?,
                content_type: leaf.content_type,
                content: leaf.content,
            })
        };
        leaves(&self.raw)
            .into_iter()
            .filter_map(attachment)
            .collect()
    }

    fn body(&self, content_type: &str) -> Option<String> {
        let wanted = |leaf: &Leaf| leaf.file.is_none() && leaf.content_type == content_type;
        let leaf = leaves(&self.raw).into_iter().find(wanted)?;
        Some(String::from_utf8_lossy(&leaf.content).into_owned())
    }
}

impl Attachment {
    /// Its content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// Headers and body.
fn split(raw: &str) -> (&str, &str) {
    // A part without headers begins with the empty line.
    match raw.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => raw.split_once("\r\n\r\n").unwrap_or((raw, "")),
    }
}

/// The first header of this name, unfolded.
fn header_of(raw: &str, name: &str) -> Option<String> {
    let (head, _) = split(raw);
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = unfolded.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(value.trim().to_owned())
}

/// A parameter of a header's value, such as the boundary of a content type.
fn parameter(value: &str, name: &str) -> Option<String> {
    let value = value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// All parts that have no parts, in their order.
fn leaves(raw: &str) -> Vec<Leaf> {
    let full_type = header_of(raw, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
    let (_, body) = split(raw);
    if let Some(boundary) = parameter(&full_type, "boundary") {
        return parts(body, &boundary)
            .into_iter()
            .flat_map(leaves)
            .collect();
    }
    let content_type = full_type.split(';').next().unwrap_or_default().trim();
    let encoding = header_of(raw, "Content-Transfer-Encoding").unwrap_or_default();
    let content = match encoding.to_ascii_lowercase().as_str() {
        "base64" => decode::base64(body),
        "quoted-printable" => decode::quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    vec![Leaf {
        content_type: content_type.to_ascii_lowercase(),
        file: file_name(raw),
        content,
    }]
}

/// The parts between the lines that hold the boundary. The line end before such a line is its own.
fn parts<'a>(body: &'a str, boundary: &str) -> Vec<&'a str> {
    let line = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut starts_at = None;
    let mut at = 0;
    for one in body.split_inclusive("\r\n") {
        let text = one.trim_end();
        let ends = text.strip_prefix(line.as_str()) == Some("--");
        if text == line || ends {
            if let Some(start) = starts_at {
                let part = &body[start..at];
                parts.push(part.strip_suffix("\r\n").unwrap_or(part));
            }
            starts_at = (!ends).then_some(at + one.len());
        }
        at += one.len();
    }
    parts
}

/// The name of the file that a part is; none for a part that is shown.
fn file_name(raw: &str) -> Option<String> {
    let disposition = header_of(raw, "Content-Disposition")?;
    if let Some(name) = parameter(&disposition, "filename") {
        return Some(decode::words(&name));
    }
    // RFC 2231: the charset, the language, and the name with % escapes.
    if let Some(name) = parameter(&disposition, "filename*") {
        let escaped = name.rsplit('\'').next().unwrap_or_default();
        let bytes = decode::escaped(escaped, '%');
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    let attached = disposition.to_ascii_lowercase().starts_with("attachment");
    attached.then(String::new)
}
