//! The encodings of mail: base64, quoted-printable, and encoded words in headers. Owns no notion of
//! a mail; what cannot be decoded stays as it is, since a test must see it.

/// The bytes of this base64. White space is skipped, and what comes after the padding is dropped.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let Some(value) = sextet(byte) else { continue };
        bits = bits << 6 | value;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.extend(u8::try_from(bits >> held & 0xff));
        }
    }
    bytes
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The bytes of this quoted-printable text.
pub(crate) fn quoted_printable(text: &str) -> Vec<u8> {
    escaped(&text.replace("=\r\n", "").replace("=\n", ""), '=')
}

/// The bytes of text in which a mark and two hex digits stand for a byte.
pub(crate) fn escaped(text: &str, mark: char) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pieces = text.split(mark);
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let code = piece
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(code) = code {
            bytes.push(code);
            bytes.extend_from_slice(&piece.as_bytes()[2..]);
        } else {
            bytes.extend(mark.to_string().bytes());
            bytes.extend_from_slice(piece.as_bytes());
        }
    }
    bytes
}

/// A header's text with its encoded words (RFC 2047, UTF-8) decoded.
pub(crate) fn words(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let Some((word, length)) = word(from) else {
            bytes.extend_from_slice(before.as_bytes());
            bytes.extend_from_slice(b"=?");
            rest = &from[2..];
            after_word = false;
            continue;
        };
        // White space between two words only separates them.
        if !(after_word && before.trim().is_empty()) {
            bytes.extend_from_slice(before.as_bytes());
        }
        bytes.extend(word);
        rest = &from[length..];
        after_word = true;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The bytes of the encoded word at the start of this text, and the word's length.
fn word(text: &str) -> Option<(Vec<u8>, usize)> {
    let inside = text.strip_prefix("=?")?;
    let mut fields = inside.splitn(3, '?');
    let (charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let (encoded, _) = rest.split_once("?=")?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => base64(encoded),
        "q" | "Q" => escaped(&encoded.replace('_', " "), '='),
        _ => return None,
    };
    // `=?`, `?`, `?`, `?=` around the three fields.
    let length = charset.len() + encoding.len() + encoded.len() + 6;
    Some((bytes, length))
}
