//! Foreign text made fit to print. Owns the one step between what Domo calls a card, a page, an owner
//! or a reason and a line of plain text that people read: mail, tables on a terminal, a list in a file.
//! Owns as well which of the errors that a library gives is the one that says something.
//! It does not own escaping for HTML, CSV or any other syntax: whoever writes the syntax escapes. The one
//! exception is [`escaped`], which serves lines of text and JSON alike.

use std::borrow::Cow;
use std::error::Error;
use std::{io, iter};

/// Stands for a character that must not reach a terminal: visible, so that nobody wonders what was cut.
const REPLACEMENT: char = '\u{FFFD}';

/// Marks a text that was shortened.
const ELLIPSIS: char = '…';

/// One line of at most `limit` characters (at least 1) that can be printed as it is.
///
/// - White space, line ends of every kind among them, folds into single spaces; none is left at the ends.
/// - Control characters, the escape of terminal sequences among them, become `U+FFFD`.
/// - Characters that reorder or hide their neighbours are dropped: bidirectional controls and invisible
///   ones. Joiners stay, since scripts and emoji need them.
/// - A longer text ends in `…`, which counts as one of its characters.
pub fn one_line(text: &str, limit: usize) -> String {
    if text.len() <= limit && is_plain(text) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    for (length, c) in folded(text).enumerate() {
        if length == limit {
            return shortened(line);
        }
        line.push(c);
    }
    line
}

/// Whether a text is such a line already: printable ASCII without a space too many, as most are.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    let plain = text.bytes().all(|byte| {
        let second_space = (before, byte) == (b' ', b' ');
        before = byte;
        matches!(byte, b' '..=b'~') && !second_space
    });
    plain && before != b' '
}

/// `one_line` without a limit, for files that hold everything.
pub fn whole_line(text: &str) -> String {
    folded(text).collect()
}

/// The first `limit` characters.
pub fn clipped(text: &str, limit: usize) -> String {
    // A text has no more characters than bytes: most need not be counted.
    if text.len() <= limit { text.to_owned() } else { text.chars().take(limit).collect() }
}

/// An error and what led to it, down to the deepest. That one names the trouble; those above only say that there is
/// one.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        // An I/O error shows the source of what it wraps, not what it wraps.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// What a system says, without the number that Rust puts behind it: `Connection refused (os error 111)`.
pub fn without_number(text: &str) -> String {
    let Some((words, rest)) = text.split_once(" (os error ") else { return text.to_owned() };
    let Some((_number, rest)) = rest.split_once(')') else { return text.to_owned() };
    format!("{words}{rest}")
}

/// With a capital to begin with, as a sentence has it.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What a spreadsheet takes for the beginning of a formula, in half and in full width (OWASP, 'CSV Injection').
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What a spreadsheet may take for the end of a cell, whatever the file says: in much of Europe it is the semicolon.
const CELL_ENDS: [char; 2] = [';', '|'];

/// [`whole_line`], kept from being taken for a formula by a spreadsheet: an apostrophe in front makes it text. A
/// leading tab or CR, which some take for a formula too, is gone by then.
pub fn formula_safe(text: &str) -> String {
    let mut safe = String::new();
    let mut begins = true;
    for c in folded(text) {
        if begins && FORMULA.contains(&c) {
            safe.push('\'');
        }
        begins = CELL_ENDS.contains(&c) || (begins && (c == ' ' || c == '"'));
        safe.push(c);
    }
    safe
}

/// The characters that may be printed, white space folded.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let words = text.split(|c: char| c.is_whitespace());
    let printable = words.map(|word| word.chars().filter(|c| !is_treacherous(*c)).map(visible));
    let mut begun = false;
    printable.flat_map(move |word| {
        let mut word = word.peekable();
        let gap = (begun && word.peek().is_some()).then_some(' ');
        begun |= word.peek().is_some();
        gap.into_iter().chain(word)
    })
}

/// The text, in which each character that may do more than be seen stands as JSON escapes it: so it serves within JSON
/// too, and nothing is lost.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) {
            let mut units = [0; 2];
            escaped.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character may do more than be seen: it steers a terminal, ends a line, or changes how its neighbours are
/// shown.
pub fn is_harmful(c: char) -> bool {
    c.is_control() || is_treacherous(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

fn visible(c: char) -> char {
    if c.is_control() { REPLACEMENT } else { c }
}

/// Whether a character changes how its neighbours are shown, or hides a message, without being seen itself
/// (Unicode's bidirectional controls, soft hyphen, zero-width space, invisible operators, fillers, byte order mark,
/// annotations, tags).
fn is_treacherous(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

/// Makes room for the mark of shortening; no space is left before it.
fn shortened(mut line: String) -> String {
    line.pop();
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
    line
}
