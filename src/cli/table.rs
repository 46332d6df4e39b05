//! Tables for people. Owns their look, and that no foreign text reaches a terminal as more than one plain
//! line.

use comfy_table::{ColumnConstraint, ContentArrangement, Table};

use crate::domain::Timestamp;
use crate::domain::foreign;
use crate::domain::ids::CardId;

/// A cell's text is cut to so many characters.
const CELL_LIMIT: usize = 160;

/// A rule below the header, and nothing else between the columns but space.
const LOOK: &str = "     ──            ";

/// A table as wide as the terminal; through a pipe as wide as its contents.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(LOOK);
    table.set_header(header.to_vec());
    if let Some((_, columns)) = console::Term::stdout().size_checked() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(columns);
    }
    // A link that is broken over lines cannot be clicked.
    if let Some(column) = table.column_mut(0).filter(|_| header.first() == Some(&CARD)) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

/// A line as wide as the terminal, broken between words, with `indent` before what follows the first break; through a
/// pipe as it is.
pub(super) fn wrapped(line: &str, indent: &str) -> String {
    let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.map_or_else(|| line.to_owned(), |columns| broken(line, indent, columns))
}

fn broken(line: &str, indent: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut last = String::new();
    for (place, word) in line.split(' ').enumerate() {
        // What the line begins with is its own indent: there are no words before it to break after.
        let has_words = !last.trim().is_empty();
        if has_words && console::measure_text_width(&last) + 1 + console::measure_text_width(word) > columns {
            lines.push(std::mem::replace(&mut last, format!("{indent}{word}")));
        } else {
            last.extend((place > 0).then_some(' '));
            last.push_str(word);
        }
    }
    lines.push(last);
    lines.join("\n")
}

/// The header of the column in which [`card`] stands.
pub(super) const CARD: &str = "Card";

/// So wide is a title at most, which is about as wide as its link.
const TITLE_WIDTH: usize = 48;

/// A card as a cell: its title, and below it the link to it.
pub(super) fn card(title: &str, url: &str) -> String {
    format!("{}\n{url}", foreign::one_line(title, TITLE_WIDTH))
}

/// The link to a card of an instance whose address is known as the database keeps it: without a slash at its end.
pub(super) fn card_url(instance_url: &str, card: CardId) -> String {
    format!("{instance_url}/kpis/details/{card}")
}

/// Foreign text as a cell.
pub(super) fn cell(text: &str) -> String {
    foreign::one_line(text, CELL_LIMIT)
}

/// Several foreign texts as one cell.
pub(super) fn cells<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(|text| cell(text)).collect::<Vec<_>>().join(", ")
}

/// An instant in a table: to the minute, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// '1 card', '2 cards'.
pub(super) use crate::domain::report::cards as count_cards;

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn a_line_is_broken_between_words_and_goes_on_behind_an_indent() {
        let line = "  dataset Orders: last run failed 13:58: connection refused";
        let lines = "  dataset Orders: last\n    run failed 13:58:\n    connection refused";
        assert_eq!(broken(line, "    ", 22), lines);
        assert_eq!(broken(line, "    ", 80), line);
    }

    #[test]
    fn a_word_that_is_wider_than_the_terminal_stays_whole() {
        assert_eq!(broken("  dataset 名前名前 Orders", "    ", 10), "  dataset\n    名前名前\n    Orders");
        assert_eq!(broken("", "  ", 0), "");
    }
}
