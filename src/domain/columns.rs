//! The columns that a reason names. Owns finding them in the ways in which Domo and the databases behind it put it;
//! whether they are what is wrong is [`cause`](super::cause)'s.
//!
//! A new way of naming columns is a case in [`named_after`], and a line in `tests/domain/reading.rs`.

use std::collections::BTreeSet;

use super::wording::is_code;

/// The names in a list without words, as `details.columns` gives it, or those beside the word 'column'.
pub(super) fn named(text: &str) -> BTreeSet<String> {
    let names = if is_list(text) { split(text) } else { mentions(text).find_map(named_after).unwrap_or_default() };
    names.into_iter().map(str::to_owned).collect()
}

/// Each place at which columns are spoken of: what stands before the word, and what after it.
fn mentions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    // Of ASCII alone the places stay the same.
    let lower = text.to_ascii_lowercase();
    let words: Vec<(usize, usize)> = ["column", "field", "identifier"]
        .iter()
        .flat_map(|word| lower.match_indices(word).map(|(place, _)| (place, place + word.len())).collect::<Vec<_>>())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    words.into_iter().filter_map(|(from, to)| {
        let (before, after) = (text.get(..from)?, text.get(to..)?);
        let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        whole.then_some((before, after))
    })
}

/// The columns that one mention names; `None` where it names none.
fn named_after<'a>((before, after): (&'a str, &'a str)) -> Option<Vec<&'a str>> {
    let plural = ["(s)", "s"].iter().find_map(|ending| after.strip_prefix(ending)).unwrap_or(after);
    if plural.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let after = plural.trim_start();
    let after = strip_word(after, "names").or_else(|| strip_word(after, "name")).unwrap_or(after);
    let found = quoted_run(after)
        .or_else(|| plain(after))
        .or_else(|| quoted_before(before))
        .or_else(|| listed(after))
        .or_else(|| quoted_later(after))?;
    (!found.is_empty()).then_some(found)
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// Names in quotes, one after another: `'a', 'b' and 'c'`.
fn quoted_run(mut text: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    while let Some(name) = quoted(text).filter(|name| !name.is_empty()) {
        names.push(bare(name));
        let rest = after_quoted(text, name);
        let joined = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        text = strip_word(joined, "and").unwrap_or(joined);
    }
    (!names.is_empty()).then_some(names)
}

fn after_quoted<'a>(text: &'a str, name: &str) -> &'a str {
    let mut chars = text.chars();
    let opening = chars.next().map_or(0, char::len_utf8);
    let rest = text.get(opening + name.len()..).unwrap_or_default();
    rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
}

/// These follow the word 'column' and name none.
const GRAMMAR: [&str; 37] = [
    "a",
    "and",
    "are",
    "at",
    "can",
    "cannot",
    "could",
    "count",
    "do",
    "does",
    "doesn't",
    "error",
    "for",
    "found",
    "from",
    "has",
    "have",
    "in",
    "is",
    "list",
    "may",
    "missing",
    "must",
    "no",
    "not",
    "of",
    "on",
    "or",
    "reference",
    "referenced",
    "references",
    "that",
    "to",
    "type",
    "was",
    "were",
    "which",
];

/// A name without quotes, up to the verb: `Ship Date does not exist`.
fn plain(text: &str) -> Option<Vec<&str>> {
    let mut end = 0;
    for word in text.split_inclusive(char::is_whitespace).take(5) {
        let ends = word.trim_end().ends_with([',', ';', '.', ')']);
        let name = word.trim_end().trim_end_matches([',', ';', '.', ')']);
        if GRAMMAR.contains(&name.to_lowercase().as_str()) || !name.chars().all(is_of_a_name) || name.is_empty() {
            break;
        }
        end += if ends { name.len() } else { word.len() };
        if ends {
            break;
        }
    }
    let name = text.get(..end)?.trim();
    // The place in a query is a number.
    name.contains(|c: char| c.is_alphabetic() || c == '_').then(|| vec![name])
}

/// A name in quotes right before the word: `'x' is not a column`.
fn quoted_before(before: &str) -> Option<Vec<&str>> {
    let tail = before.trim_end();
    let tail = ["is not a", "is no", "given input"].iter().find_map(|words| tail.strip_suffix(words)).unwrap_or(tail);
    let tail = tail.trim_end();
    let closing = tail.chars().next_back()?;
    let inner = tail.get(..tail.len() - closing.len_utf8())?;
    let (opening, _) = QUOTES.iter().find(|(_, end)| *end == closing)?;
    let start = inner.rfind(*opening)?;
    let name = bare(inner.get(start..)?);
    (!name.is_empty() && !is_of_another(inner.get(..start)?)).then(|| vec![name])
}

/// Whether the words before a name say that it is not the name of a column.
fn is_of_another(before: &str) -> bool {
    const OTHERS: [&str; 10] =
        ["in", "on", "of", "from", "mode", "dataset", "datasource", "source", "table", "formula"];
    let word = before.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    OTHERS.contains(&word.as_str())
}

/// The list after the colon of the same sentence, or in brackets where there is no colon.
fn listed(after: &str) -> Option<Vec<&str>> {
    let list = match after.split_once(':') {
        Some((_, list)) => list,
        None => after.split_once('(')?.1.split(')').next()?,
    };
    Some(split(list.split([';', '\n', '\r']).next()?))
}

/// The first name in quotes that is not said to be of something else.
fn quoted_later(after: &str) -> Option<Vec<&str>> {
    let start = after.find(|c| QUOTES.iter().any(|(opening, _)| *opening == c))?;
    let (before, rest) = after.split_at_checked(start)?;
    if is_of_another(before) { None } else { quoted_run(rest) }
}

/// The names between commas; a comma within quotes separates nothing.
fn split(list: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        let quoted = quoted(rest).map_or(0, |name| rest.len() - after_quoted(rest, name).len());
        let end = rest.get(quoted..).and_then(|tail| tail.find(',')).map_or(rest.len(), |comma| quoted + comma);
        names.push(bare(rest.get(..end).unwrap_or(rest)));
        rest = rest.get(end + 1..).unwrap_or_default().trim_start();
    }
    names.retain(|name| !name.is_empty());
    names
}

/// How names are quoted.
const QUOTES: [(char, char); 8] =
    [('\'', '\''), ('"', '"'), ('`', '`'), ('“', '”'), ('„', '“'), ('‘', '’'), ('«', '»'), ('[', ']')];

/// What is longer than this is no name, whatever stands around it. In characters.
const LONGEST: usize = 200;

/// What stands in the quotes that a text begins with, without them.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let (_, closing) = QUOTES.iter().find(|(opening, _)| *opening == first)?;
    let inner = text.get(first.len_utf8()..)?;
    let (end, _) = inner.char_indices().take(LONGEST).find(|(_, c)| c == closing)?;
    inner.get(..end)
}

/// A name without the quotes and brackets around it.
pub(super) fn bare(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c == '.' || QUOTES.iter().any(|(from, to)| *from == c || *to == c))
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || "_-#%$&/.".contains(c)
}

/// One word that may stand alone without being a column.
const ALONE: [&str; 14] = [
    "error",
    "failed",
    "failure",
    "forbidden",
    "invalid",
    "null",
    "none",
    "timeout",
    "unauthorized",
    "undefined",
    "unknown",
    "ok",
    "exception",
    "unavailable",
];

/// Whether a text is nothing but names: single words, or several of which each word begins with a capital.
pub(super) fn is_list(text: &str) -> bool {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    let several = names.len() > 1;
    let capital = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let is_name = |name: &&str| {
        let words = || name.split_whitespace();
        !name.is_empty()
            && words().all(|word| word.chars().all(is_of_a_name))
            && (words().count() == 1 || (several && words().all(capital)))
    };
    let trouble = |name: &&str| {
        let lower = name.to_lowercase();
        ALONE.contains(&lower.as_str()) || is_code(name) || lower.ends_with("exception") || lower.ends_with('.')
    };
    names.iter().all(is_name) && (several || !names.iter().any(trouble))
}
