//! A table of cards, as incidents and search results show them. Owns its columns; which cards are in it, and that they
//! are not too many, is the caller's.

use maud::{Markup, html};

use super::parts::{card_in_domo, card_link, instance_address, owners, page_links, pages_of, strip, tags};
use super::scene::{Scene, state};
use crate::domain::Timestamp;
use crate::domain::card::CardState;
use crate::domain::foreign::one_line;
use crate::domain::ids::CardId;
use crate::domain::owners::Owner;
use crate::domain::search::Match;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot};

/// The longest reason in a row, in characters: the card's page has all of it.
const REASON_LIMIT: usize = 200;

/// The columns that depend on where the table stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns {
    /// The card's instance.
    pub(super) instance: bool,
    /// The card's state, since when and why; where all are broken of one cause, that is said above.
    pub(super) state: bool,
}

/// These cards, one a row.
pub(super) fn table(scene: &Scene, called: &str, columns: Columns, cards: &[Match<'_>]) -> Markup {
    html! {
        div.rows {
            table {
                caption.visually-hidden { (called) }
                thead { tr {
                    th scope="col" { "Card" }
                    @if columns.state { th scope="col" { "State" } }
                    @if columns.instance { th scope="col" { "Instance" } }
                    th scope="col" { "Pages" }
                    th scope="col" { "Owners" }
                    th scope="col" { "Recent sweeps" }
                    @if !columns.state { th scope="col" { "Broken since" } }
                    th scope="col" { "Domo" }
                } }
                tbody { @for card in cards { (row(scene, columns, *card)) } }
            }
        }
    }
}

fn row(scene: &Scene, columns: Columns, Match { instance, id, card }: Match<'_>) -> Markup {
    html! {
        tr {
            td {
                (card_link(&instance.name, id, card)) " " (tags(scene, card))
                @if columns.state { @if let Some(why) = why(scene, card) { p.why { (one_line(why, REASON_LIMIT)) } } }
            }
            @if columns.state {
                td.state { (state(card.state.shown(scene.now, scene.stale_after()))) " " (since(scene, &card.state)) }
            }
            @if columns.instance { td data-label="at" { a href=(instance_address(&instance.name)) { (instance.name) } } }
            td data-label="on" { (page_links(&instance.name, pages_of(instance, id))) }
            td data-label="owned by" { (owners(answerable(card, instance, id))) }
            td { (strip(card.recent)) }
            @if !columns.state { td.when.since data-label="since" { (since(scene, &card.state)) } }
            td.when { (card_in_domo(scene, &instance.name, id, card)) }
        }
    }
}

/// Why a card is broken, or could not be checked.
pub(super) fn why<'a>(scene: &Scene, card: &'a CardNow) -> Option<&'a str> {
    match (card.state.shown(scene.now, scene.stale_after()), &card.state) {
        (Shown::Broken, CardState::Broken { reason, .. }) => Some(&reason.text),
        (Shown::Unsupported, _) => None,
        (Shown::Broken | Shown::Working | Shown::Unchecked, _) => card.unchecked_because.as_deref(),
    }
}

/// Who answers for a card: its owners; where it has none, those of its pages.
pub(super) fn answerable<'a>(card: &'a CardNow, instance: &'a InstanceSnapshot, id: CardId) -> Vec<&'a Owner> {
    if !card.owners.is_empty() {
        return card.owners.iter().collect();
    }
    pages_of(instance, id).flat_map(|(_, page)| page.owners.iter()).collect()
}

/// Since when a card is what it is, and for how long.
pub(super) fn since(scene: &Scene, state: &CardState) -> Markup {
    let at = |at: Timestamp| html! { (scene.time(at)) " " span.soft.age { "(" (scene.distance(at)) ")" } };
    match (state.shown(scene.now, scene.stale_after()), state) {
        (_, CardState::Undecided) => html! { span.soft { "never decided" } },
        (_, CardState::Unsupported) => html! {},
        (Shown::Unchecked, CardState::Working { decided_at, .. } | CardState::Broken { decided_at, .. }) => {
            html! { "last decided " (at(*decided_at)) }
        }
        (
            Shown::Working | Shown::Broken | Shown::Unsupported,
            CardState::Working { since, .. } | CardState::Broken { since, .. },
        ) => at(*since),
    }
}
