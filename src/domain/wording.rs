//! The wording of a reason, apart from what it names. Owns setting aside ids, quoted names and numbers, so that two
//! cards with the same trouble read alike; what the wording means is [`cause`](super::cause)'s, and which columns a
//! reason names is [`columns`]'s.

use std::collections::BTreeSet;

use super::columns;
use super::ids::DatasetId;

/// A reason, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wording {
    /// The words in lower case, with `_` for what was quoted or is an id, and `#` for a number.
    pub(super) template: String,
    /// What was quoted, words that only a machine would write, and ids that identify something.
    pub(super) names: BTreeSet<String>,
    /// The ids, in lower case, that are said to be those of datasets.
    pub(super) datasets: BTreeSet<DatasetId>,
    /// The other ids of the form of a UUID, in lower case.
    pub(super) ids: BTreeSet<String>,
    /// It is no more than the words of an HTTP status, or of ours for a summary without any.
    pub(super) is_bare: bool,
    /// It is nothing but a list of names, as `details.columns` gives it.
    pub(super) is_list: bool,
}

/// What is said where nothing is said.
const BARE: [&str; 4] =
    ["bad request", "unprocessable entity", "the card's summary has the status _", "misconfigured card"];

/// Longer reasons are not read to their end: what tells them apart stands at their beginning. In characters.
const READ: usize = 1_000;

/// The beginning of a reason, as far as it is read, without the HTTP status in front of it.
pub(super) fn read(text: &str) -> &str {
    let text = text.char_indices().nth(READ).map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).trim();
    let status = |c: &str| c.len() == 3 && c.starts_with(['4', '5']) && c.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once([':', ' ']) {
        Some((first, rest)) if status(first) => rest.trim_start(),
        _ => text,
    }
}

impl Wording {
    /// Takes a reason apart that was [`read`].
    pub(super) fn of(text: &str) -> Self {
        let mut wording = Self { is_list: columns::is_list(text), ..Self::default() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let after_word = text[..text.len() - rest.len()].ends_with(is_word);
            let token = Token::at(rest, first, after_word);
            let length = token.length(rest, first);
            wording.take(&token, first);
            rest = &rest[length..];
        }
        wording.template.truncate(wording.template.trim_end().len());
        wording.is_bare = BARE.contains(&wording.template.trim_end_matches('.'));
        wording
    }

    fn take(&mut self, token: &Token<'_>, first: char) {
        match token {
            Token::Quoted(name) => self.set_aside(name),
            Token::Uuid(id) => self.identify(&id.to_lowercase()),
            Token::Number(_) => self.template.push('#'),
            Token::Word(word) if is_code(word) => self.template.push_str(&word.replace('_', " ").to_lowercase()),
            Token::Word(word) if word.contains('_') => self.set_aside(word),
            Token::Word(word) if is_opaque(word) => self.template.push('_'),
            Token::Word(word) => self.template.push_str(&word.to_lowercase()),
            Token::Space(_) => self.template.push(' '),
            Token::Char => self.template.push(first),
        }
    }

    /// A name, without the marks that it may be wrapped in.
    fn set_aside(&mut self, name: &str) {
        self.template.push('_');
        let name = columns::bare(name);
        if !name.is_empty() {
            self.names.insert(name.to_owned());
        }
    }

    /// An id says what is wrong, unless it only numbers a query or a request: each of those has another.
    fn identify(&mut self, id: &str) {
        let mut words = self.template.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).rev();
        let before: Vec<&str> = words.by_ref().take(3).collect();
        if before.iter().any(|word| matches!(*word, "dataset" | "datasets" | "datasource" | "datasources" | "source")) {
            self.datasets.extend(DatasetId::new(id));
        } else if !before.iter().any(|word| PASSING.contains(word)) {
            self.ids.insert(id.to_owned());
        }
        self.template.push('_');
    }
}

/// What is another one each time.
const PASSING: [&str; 9] =
    ["query", "request", "execution", "trace", "session", "run", "job", "correlation", "transaction"];

enum Token<'a> {
    /// What stands between quotes, without them.
    Quoted(&'a str),
    Uuid(&'a str),
    Number(&'a str),
    Word(&'a str),
    Space(&'a str),
    Char,
}

impl<'a> Token<'a> {
    /// The token that `rest` begins with; an apostrophe within a word quotes nothing.
    fn at(rest: &'a str, first: char, after_word: bool) -> Self {
        if first.is_whitespace() {
            return Self::Space(front(rest, char::is_whitespace));
        }
        if let Some(name) = columns::quoted(rest).filter(|name| !after_word && !name.is_empty()) {
            return Self::Quoted(name);
        }
        if let Some(id) = uuid(rest) {
            return Self::Uuid(id);
        }
        let number = front(rest, |c| c.is_ascii_digit() || matches!(c, '.' | ',')).trim_end_matches(['.', ',']);
        let word = word(rest);
        match (number.len(), word.len()) {
            (0, 0) => Self::Char,
            (number_length, word_length) if number_length >= word_length => Self::Number(number),
            _ => Self::Word(word),
        }
    }

    /// How much of `rest` it takes, in bytes.
    fn length(&self, rest: &str, first: char) -> usize {
        match self {
            // The closing quote may be another character than the opening one.
            Self::Quoted(name) => {
                let opened = first.len_utf8() + name.len();
                opened + rest[opened..].chars().next().map_or(0, char::len_utf8)
            }
            Self::Uuid(text) | Self::Number(text) | Self::Word(text) | Self::Space(text) => text.len(),
            Self::Char => first.len_utf8(),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The longest beginning of a text that consists of these characters.
fn front(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    let rest = text.trim_start_matches(is_part);
    &text[..text.len() - rest.len()]
}

/// The word that a text begins with; an id at its end, as in `calculation_` and a UUID, is part of it.
fn word(text: &str) -> &str {
    let word = front(text, is_word);
    let Some(end) = word.rfind('_').map(|place| place + 1) else { return word };
    uuid(&text[end..]).map_or(word, |id| &text[..end + id.len()])
}

/// Whether a word is Domo's code for some trouble, such as `DATASOURCE_NOT_FOUND`, and not the name of a column.
pub(super) fn is_code(word: &str) -> bool {
    const TROUBLES: [&str; 9] =
        ["NOT_FOUND", "ERROR", "FAILED", "TIMEOUT", "TIMED_OUT", "INVALID_", "EXCEPTION", "DENIED", "UNAUTHORIZED"];
    word.contains('_') && !word.contains(char::is_lowercase) && TROUBLES.iter().any(|trouble| word.contains(trouble))
}

/// Whether a word is an id: long, of letters and digits.
fn is_opaque(word: &str) -> bool {
    word.len() >= 8 && word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic)
}

/// The UUID that a text begins with.
fn uuid(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    let id = text.get(..LENGTH)?;
    let well_formed = id.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let ends = !text[LENGTH..].starts_with(|c: char| is_word(c) || c == '-');
    (well_formed && ends).then_some(id)
}
