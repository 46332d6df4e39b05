//! The wording of a reason, apart from what it names. Owns setting aside ids, quoted names and numbers, so that two
//! cards with the same trouble read alike; what the wording means is [`super::cause`]'s.

use std::collections::BTreeSet;

use super::ids::DatasetId;

/// A reason, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wording {
    /// The words in lower case, with `_` for what was quoted or is an id, and `#` for a number.
    pub(super) template: String,
    /// What was quoted, and the ids.
    pub(super) names: BTreeSet<String>,
    /// The ids that have the form of a UUID, as those of datasets do.
    pub(super) ids: BTreeSet<DatasetId>,
    /// It is no more than the words of an HTTP status, or of ours for a summary without any.
    pub(super) is_bare: bool,
    /// It is nothing but a list of names, as `details.columns` gives it.
    pub(super) is_list: bool,
}

/// What is said where nothing is said.
const BARE: [&str; 4] =
    ["bad request", "unprocessable entity", "the card's summary has the status _", "misconfigured card"];

/// Longer reasons are not read to their end: what tells them apart stands at their beginning.
const READ: usize = 1_000;

impl Wording {
    /// Takes a reason apart.
    pub(super) fn of(text: &str) -> Self {
        let mut wording = Self { is_list: is_list(text), ..Self::default() };
        let mut rest = text.char_indices().nth(READ).map_or(text, |(end, _)| &text[..end]);
        let mut after_word = false;
        while let Some(first) = rest.chars().next() {
            let token = Token::at(rest, first, after_word);
            let length = wording.take(&token, rest, first);
            after_word = rest[..length].chars().next_back().is_some_and(char::is_alphanumeric);
            rest = &rest[length..];
        }
        wording.template.truncate(wording.template.trim_end().len());
        wording.is_bare = BARE.contains(&wording.template.as_str());
        wording
    }

    /// Takes one token from the front of `rest` and returns its length in bytes.
    fn take(&mut self, token: &Token<'_>, rest: &str, first: char) -> usize {
        match token {
            Token::Quoted(name) => {
                self.template.push('_');
                self.names.insert((*name).to_owned());
                name.len() + 2 * first.len_utf8()
            }
            Token::Uuid(id) => {
                self.template.push('_');
                self.names.insert(id.to_lowercase());
                self.ids.extend(DatasetId::new(&id.to_lowercase()));
                id.len()
            }
            Token::Number(length) => {
                self.template.push('#');
                *length
            }
            Token::Space => {
                if !self.template.is_empty() {
                    self.template.push(' ');
                }
                rest.len() - rest.trim_start().len()
            }
            Token::Char => {
                self.template.extend(first.to_lowercase());
                first.len_utf8()
            }
        }
    }
}

enum Token<'a> {
    Quoted(&'a str),
    Uuid(&'a str),
    Number(usize),
    Space,
    Char,
}

impl<'a> Token<'a> {
    /// The token that `rest` begins with; an apostrophe within a word quotes nothing.
    fn at(rest: &'a str, first: char, after_word: bool) -> Self {
        if first.is_whitespace() {
            return Self::Space;
        }
        if matches!(first, '\'' | '"' | '`') && !after_word {
            let inner = &rest[first.len_utf8()..];
            if let Some(end) = inner.find(first).filter(|end| *end > 0) {
                return Self::Quoted(&inner[..end]);
            }
        }
        if !after_word && let Some(id) = uuid(rest) {
            return Self::Uuid(id);
        }
        if first.is_ascii_digit() && !after_word {
            return Self::Number(rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len());
        }
        Self::Char
    }
}

/// The UUID that a text begins with.
fn uuid(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    let id = text.get(..LENGTH)?;
    let well_formed = id.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let ends = !text[LENGTH..].starts_with(|c: char| c.is_alphanumeric() || c == '-');
    (well_formed && ends).then_some(id)
}

/// The names that follow the first colon of a text, or all of a text that is a list.
pub(super) fn listed(text: &str) -> BTreeSet<String> {
    let list = match text.split_once(':') {
        Some((_, list)) => list,
        None if is_list(text) => text,
        None => return BTreeSet::new(),
    };
    let names = list.split(',').map(|name| name.trim_matches(|c: char| c.is_whitespace() || "'\"`.[]()".contains(c)));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether a text is nothing but names: each without a space, and several of them, or one with an underscore.
fn is_list(text: &str) -> bool {
    let mut names = text.split(',').map(str::trim).peekable();
    let telling = text.contains([',', '_']);
    telling && names.peek().is_some() && names.all(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}
