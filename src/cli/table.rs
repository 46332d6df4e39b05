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

/// An instant in data: RFC 3339 in UTC, to the second.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// '1 card', '2 cards'.
pub(super) use crate::domain::report::cards as count_cards;
