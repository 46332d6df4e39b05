//! Halves of characters in JSON. A text that was cut in the middle of an emoji ends in an escape like `\ud83d`,
//! which JSON allows (RFC 8259, section 8.2) and no Rust text can hold. Owns putting the replacement character in
//! its place, as for bytes that are not UTF-8; whether the rest is JSON is for the parser to say.

use std::borrow::Cow;

/// The escape of the replacement character.
const REPLACEMENT: &str = "\\ufffd";

/// The same document, each half of a character without its other half replaced.
pub(super) fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = text[at..].find('\\').map(|found| at + found) {
        let (length, lone) = escape(&text[backslash..]);
        at = backslash + length;
        if lone {
            mended.push_str(&text[copied..backslash]);
            mended.push_str(REPLACEMENT);
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

/// How long the escape is that the text begins with, and whether it is half a character.
fn escape(text: &str) -> (usize, bool) {
    match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, false),
        (Some(0xd800..=0xdfff), _) => (6, true),
        (Some(_), _) => (6, false),
        // The backslash takes the next character with it.
        (None, _) => (1 + text.chars().nth(1).map_or(0, char::len_utf8), false),
    }
}

/// The unit of UTF-16 that an escape like `\u00e4` stands for.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}
