//! Foreign text made fit to print. Owns the one step between what Domo calls a card, a page, an owner
//! or a reason and a line of plain text that people read: mail, tables on a terminal, a list in a file.
//! It does not own escaping for HTML, CSV or any other syntax: whoever writes the syntax escapes.

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
    let mut line = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    for (length, c) in folded(text).enumerate() {
        if length == limit {
            return shortened(line);
        }
        line.push(c);
    }
    line
}

/// `one_line` without a limit, for files that hold everything.
pub fn whole_line(text: &str) -> String {
    folded(text).collect()
}

/// [`whole_line`], kept from being taken for a formula by a spreadsheet: an apostrophe in front makes it text
/// (OWASP, 'CSV Injection'). A leading tab or CR, which some take for a formula too, is gone by then.
pub fn formula_safe(text: &str) -> String {
    let line = whole_line(text);
    if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
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

fn visible(c: char) -> char {
    if c.is_control() { REPLACEMENT } else { c }
}

/// Whether a character changes how its neighbours are shown without being seen itself (Unicode's
/// bidirectional controls, zero-width space, invisible operators, byte order mark).
fn is_treacherous(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Makes room for the mark of shortening; no space is left before it.
fn shortened(mut line: String) -> String {
    line.pop();
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
    line
}
