//! What of a large JSON document is worth keeping. Owns walking through a document while it arrives, and leaving
//! out each member that no shape of [`wire`](super::wire) has, so that memory is bounded however large the document is.
//! It does not own what is kept: that is parsed as any small document is.

use super::wire::FIELDS;
use crate::domain::verdict::REASON_LIMIT;

/// So much may be kept of one document, in bytes: far more than any list has in one batch.
const MOST_KEPT: usize = 16 * 1024 * 1024;

/// So much is kept of one text, in bytes; the rest of it is left out. A character takes at most 12 bytes, as two
/// escapes, and no more than these are of use.
const MOST_OF_A_TEXT: usize = 12 * REASON_LIMIT;

/// A key that is longer than this, in bytes, is none of ours.
const LONGEST_KEY: usize = 64;

/// Deeper documents are nobody's.
const DEEPEST: usize = 1024;

const NOT_JSON: &str = "text that is not JSON";
const TOO_LARGE: &str = "JSON that is too large";
const TOO_DEEP: &str = "JSON that is nested too deeply";
const ENDS_EARLY: &str = "JSON that ends early";

/// A document that is arriving.
#[derive(Debug)]
pub(super) struct Sieve {
    kept: Vec<u8>,
    /// Whether a document that is a list is wanted.
    list: bool,
    /// The lists and objects that are open, outermost first; true for an object.
    open: Vec<bool>,
    /// How many were open where the value that is being left out began.
    left_out: Option<usize>,
    at: At,
    key: Vec<u8>,
    text: Text,
    passed: Passed,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// A value.
    Value,
    /// A value, or the end of the list that has just begun.
    FirstValue,
    /// A key.
    Key,
    /// A key, or the end of the object that has just begun.
    FirstKey,
    /// The colon behind a key.
    Colon,
    /// A comma, or the end of the list or object.
    Comma,
    /// More of a text that is a value.
    Text,
    /// More of a text that is a key.
    KeyText,
    /// More of a number or word.
    Scalar,
    /// More of the value of a key that is none of ours.
    LeftOut,
    /// Nothing.
    End,
}

/// A text that is being walked through.
#[derive(Debug, Default)]
struct Text {
    length: usize,
    escape: Escape,
}

/// What is known of a value that is being left out.
#[derive(Debug, Default, Clone, Copy)]
struct Passed {
    /// Something of it was seen.
    begun: bool,
    in_text: bool,
    escaped: bool,
}

/// How much of an escape is still to come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// All but the backslash.
    Begun,
    /// So many digits.
    Digits(u8),
}

impl Sieve {
    /// A document whose parts are to be kept if it is an object, or, where `list` says so, a list.
    pub(super) fn new(list: bool) -> Self {
        Self {
            kept: Vec::new(),
            list,
            open: Vec::new(),
            left_out: None,
            at: At::Value,
            key: Vec::new(),
            text: Text::default(),
            passed: Passed::default(),
        }
    }

    /// Walks through the next bytes; fails with what it is instead, where it cannot be JSON any more.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = match self.at {
                At::Text | At::KeyText => self.text(rest),
                At::Scalar => self.scalar(rest)?,
                At::LeftOut => self.pass(rest)?,
                _ => {
                    self.punctuation(*byte)?;
                    after
                }
            };
        }
        if self.kept.len() > MOST_KEPT { Err(TOO_LARGE) } else { Ok(()) }
    }

    /// The same document without what was left out.
    pub(super) fn finish(self) -> Result<Vec<u8>, &'static str> {
        let over = self.at == At::End || (self.at == At::Scalar && self.open.is_empty());
        if over { Ok(self.kept) } else { Err(ENDS_EARLY) }
    }

    fn punctuation(&mut self, byte: u8) -> Result<(), &'static str> {
        use At::{Colon, Comma, FirstKey, FirstValue, Key, Value};
        let in_object = self.open.last().copied().unwrap_or_default();
        match (self.at, byte) {
            (_, b' ' | b'\n' | b'\r' | b'\t') => Ok(()),
            (Value | FirstValue, b'{' | b'[') => self.begin(byte),
            (Value | FirstValue, b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                self.begin_scalar(byte);
                Ok(())
            }
            (FirstKey | Key, b'"') => {
                self.key.clear();
                self.begin_text(At::KeyText);
                Ok(())
            }
            (Colon, b':') => {
                self.begin_member();
                Ok(())
            }
            (Comma, b',') => {
                self.at = if in_object { Key } else { Value };
                Ok(())
            }
            (FirstKey, b'}') | (FirstValue, b']') => {
                self.end(byte);
                Ok(())
            }
            (Comma, b'}' | b']') if in_object == (byte == b'}') => {
                self.end(byte);
                Ok(())
            }
            _ => Err(NOT_JSON),
        }
    }

    /// A list or object begins.
    fn begin(&mut self, bracket: u8) -> Result<(), &'static str> {
        if self.open.len() == DEEPEST {
            return Err(TOO_DEEP);
        }
        self.begin_value(bracket == b'{' || self.list);
        self.keep(&[bracket]);
        self.open.push(bracket == b'{');
        self.at = if bracket == b'{' { At::FirstKey } else { At::FirstValue };
        Ok(())
    }

    /// A list or object ends.
    fn end(&mut self, bracket: u8) {
        self.open.pop();
        self.keep(&[bracket]);
        self.end_value();
    }

    fn begin_scalar(&mut self, byte: u8) {
        self.begin_value(false);
        self.keep(&[byte]);
        if byte == b'"' {
            self.begin_text(At::Text);
        } else {
            self.at = At::Scalar;
        }
    }

    /// Any value begins. A document that is none of the `wanted` kind is left out as a whole.
    fn begin_value(&mut self, wanted: bool) {
        match self.open.last() {
            None if !wanted => {
                self.kept.extend_from_slice(b"null");
                self.left_out = Some(0);
            }
            Some(false) => self.separate(),
            None | Some(true) => {}
        }
    }

    fn end_value(&mut self) {
        if self.left_out == Some(self.open.len()) {
            self.left_out = None;
        }
        self.at = if self.open.is_empty() { At::End } else { At::Comma };
    }

    /// The value of the latest key is due: it is kept where the key is one of ours, or may be one in disguise.
    fn begin_member(&mut self) {
        self.at = At::Value;
        if self.left_out.is_some() {
            return;
        }
        let ours = FIELDS.iter().any(|field| field.as_bytes() == self.key) || self.key.contains(&b'\\');
        if !ours || self.key.len() > LONGEST_KEY {
            self.left_out = Some(self.open.len());
            self.passed = Passed::default();
            self.at = At::LeftOut;
            return;
        }
        self.separate();
        self.kept.push(b'"');
        self.kept.extend_from_slice(&self.key);
        self.kept.extend_from_slice(b"\":");
    }

    /// Puts a comma before what follows, unless it is the first.
    fn separate(&mut self) {
        if self.left_out.is_none() && !self.kept.ends_with(b"{") && !self.kept.ends_with(b"[") {
            self.kept.push(b',');
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.left_out.is_none() {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn begin_text(&mut self, at: At) {
        self.at = at;
        self.text = Text::default();
    }

    /// Walks through a text to its end, or that of `bytes`; returns what is behind.
    fn text<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let most = if self.at == At::KeyText { LONGEST_KEY + 1 } else { MOST_OF_A_TEXT };
        let (length, kept, ended) = self.text.walk(bytes, most);
        let (walked, behind) = bytes.split_at(length);
        let kept = walked.get(..kept).unwrap_or_default();
        match self.at {
            At::KeyText => self.key.extend_from_slice(kept),
            _ => self.keep(kept),
        }
        match (ended, self.at) {
            (false, _) => behind,
            (true, At::KeyText) => {
                self.at = At::Colon;
                behind.get(1..).unwrap_or_default()
            }
            (true, _) => {
                self.keep(b"\"");
                self.end_value();
                behind.get(1..).unwrap_or_default()
            }
        }
    }

    fn scalar<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], &'static str> {
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = bytes.iter().position(|byte| !inside(byte)).unwrap_or(bytes.len());
        let (walked, behind) = bytes.split_at(length);
        self.keep(walked);
        match behind.first() {
            None => {}
            Some(b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t') => self.end_value(),
            Some(_) => return Err(NOT_JSON),
        }
        Ok(behind)
    }
}

impl Sieve {
    /// Walks through a value that is left out, to its end or that of `bytes`; returns what is behind. Of its grammar
    /// only texts and brackets are looked at, since this is where nearly all of a large answer is.
    fn pass<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], &'static str> {
        let outside = self.left_out.unwrap_or_default();
        let mut passed = self.passed;
        let mut length = 0;
        while length < bytes.len() {
            let byte = bytes[length];
            if passed.in_text {
                passed.in_text = passed.escaped || byte != b'"';
                passed.escaped = byte == b'\\' && !passed.escaped;
            } else {
                let within = self.open.len() > outside;
                match byte {
                    b'"' => passed.in_text = true,
                    b'{' | b'[' if self.open.len() == DEEPEST => return Err(TOO_DEEP),
                    b'{' | b'[' => self.open.push(byte == b'{'),
                    b'}' | b']' if within && self.open.pop() != Some(byte == b'}') => return Err(NOT_JSON),
                    b'}' | b']' if within => {}
                    b',' | b'}' | b']' if !within && !passed.begun => return Err(NOT_JSON),
                    b',' | b'}' | b']' if !within => {
                        self.end_value();
                        return Ok(&bytes[length..]);
                    }
                    b' ' | b'\n' | b'\r' | b'\t' => {
                        length += 1;
                        continue;
                    }
                    _ => {}
                }
                passed.begun = true;
            }
            length += 1;
        }
        self.passed = passed;
        Ok(&[])
    }
}

impl Text {
    /// Walks to the quote that ends the text: how far it is, how much of that is worth keeping, and whether it
    /// is there at all. No escape is kept in part.
    fn walk(&mut self, bytes: &[u8], most: usize) -> (usize, usize, bool) {
        // By index, since an iterator takes many times as long in a build that is not optimized.
        let mut length = 0;
        let mut kept = None;
        while length < bytes.len() {
            let byte = bytes[length];
            if self.escape == Escape::None {
                if self.length >= most && kept.is_none() {
                    kept = Some(length);
                }
                if byte == b'"' {
                    return (length, kept.unwrap_or(length), true);
                }
            }
            self.escape = match (self.escape, byte) {
                (Escape::None, b'\\') => Escape::Begun,
                (Escape::Begun, b'u') => Escape::Digits(4),
                (Escape::Digits(left), _) if left > 1 => Escape::Digits(left - 1),
                (Escape::None | Escape::Begun | Escape::Digits(_), _) => Escape::None,
            };
            length += 1;
            self.length += 1;
        }
        (length, kept.unwrap_or(length), false)
    }
}
