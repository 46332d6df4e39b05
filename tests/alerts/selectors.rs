//! Reading names and labels out of texts: what a scrape has, and what an expression asks for. Owns as much of both
//! languages as that takes; whether an expression is one is promtool's to say.

use std::collections::BTreeSet;

/// A metric with labels in braces, as a scrape tells it or an expression asks for it.
#[derive(Debug)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) labels: Vec<Label>,
}

/// One label of it.
#[derive(Debug)]
pub(crate) struct Label {
    pub(crate) name: String,
    /// `=`, `!=`, `=~` or `!~`; a scrape has `=` alone.
    pub(crate) operator: String,
    pub(crate) value: String,
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// Every selector of one of the daemon's metrics in a text.
pub(crate) fn of(text: &str) -> Vec<Selector> {
    let starts = ["cardwatch_", "process_"].into_iter().flat_map(|start| text.match_indices(start));
    let whole = starts.filter(|(at, _)| !text[..*at].ends_with(is_of_name)).map(|(at, _)| &text[at..]);
    whole
        .map(|rest| {
            let name = rest.split(|c| !is_of_name(c)).next().unwrap();
            let labels = rest[name.len()..].strip_prefix('{').map(labels).unwrap_or_default();
            Selector { metric: name.to_owned(), labels }
        })
        .collect()
}

/// The labels up to the brace that closes. A value may hold anything, with `\` before a quote of its own.
fn labels(mut rest: &str) -> Vec<Label> {
    let mut labels = Vec::new();
    while let Some((before, behind)) = rest.split_once('"').filter(|(before, _)| !before.contains('}')) {
        let before = before.trim_start_matches([',', ' ']);
        let (name, operator) = before.split_at(before.find(|c| !is_of_name(c)).unwrap());
        let mut escaped = false;
        let closes = |c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        };
        let (value, behind) = behind.split_at(behind.find(closes).unwrap());
        labels.push(Label { name: name.to_owned(), operator: operator.to_owned(), value: value.to_owned() });
        rest = &behind[1..];
    }
    labels
}

/// The labels that a text groups or joins by.
pub(crate) fn groupings(text: &str) -> BTreeSet<String> {
    let lists = ["by (", "on ("].into_iter().flat_map(|word| text.split(word).skip(1));
    lists.flat_map(|list| list.split(')').next().unwrap().split(',')).map(|label| label.trim().to_owned()).collect()
}
