//! Open incidents: why cards are broken, what is known of the datasets behind it, and which cards. Owns how one reads,
//! in short on the status page and whole at an address of its own.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::answer::{Open, incidents};
use super::cards::{Columns, answerable, table};
use super::parts::{self, NAME_LIMIT, Part, address, instance_address, many, pager};
use super::scene::{Scene, title};
use super::shell::{Head, apology, page};
use crate::domain::extent;
use crate::domain::findings::{Findings, Piece};
use crate::domain::foreign::one_line;
use crate::domain::ids::{DatasetId, IncidentId, PageId};
use crate::domain::owners::Owner;
use crate::domain::search::{Match, Which};
use crate::domain::shown::Shown;

/// So many incidents are on the status page, and so many of them with their first cards; a line has to do for the others.
const MOST_INCIDENTS: usize = 40;
const WITH_CARDS: usize = 6;

/// So many cards of an incident are on the status page: more of the largest ones, so that the others stay in sight.
const FIRST_CARDS: usize = 5;
const LARGEST: usize = 3;
const FIRST_CARDS_OF_OTHERS: usize = 2;

/// So many cards are on each part of an incident's own page.
const CARDS_A_PAGE: usize = 50;

/// So many datasets of an incident are spoken of.
const MOST_DATASETS: usize = 3;

/// The longest reason, in characters, on the status page and on the incident's own; the card's page has all of it.
const SHORT_REASON_LIMIT: usize = 240;
const REASON_LIMIT: usize = 600;

/// The largest incidents.
pub(super) fn section(scene: &Scene, incidents: &[Open<'_>]) -> Markup {
    let more = incidents.get(MOST_INCIDENTS..).unwrap_or_default();
    html! {
        @if !incidents.is_empty() { h2 { "Why they are broken" } }
        @for (place, open) in incidents.iter().take(WITH_CARDS).enumerate() {
            (in_short(scene, open, if place < LARGEST { FIRST_CARDS } else { FIRST_CARDS_OF_OTHERS }))
        }
        (in_a_line_each(scene, incidents.get(WITH_CARDS..MOST_INCIDENTS.min(incidents.len())).unwrap_or_default()))
        @if !more.is_empty() {
            p.more {
                (many(more.len(), "smaller incident", "smaller incidents")) " with "
                (many(more.iter().map(|open| open.cards.len()).sum(), "card", "cards")) ": "
                a href=(address("/", &[("state", Which::State(Shown::Broken).name())])) {
                    "all broken cards"
                }
            }
        }
    }
}

fn in_a_line_each(scene: &Scene, incidents: &[Open<'_>]) -> Markup {
    html! {
        @if !incidents.is_empty() {
            h3 { "More incidents" }
            div.sheet.rows {
                table {
                    caption.visually-hidden { "More incidents" }
                    thead { tr {
                        th scope="col" { "Incident" } th.num scope="col" { "Cards" } th scope="col" { "Instance" }
                        th scope="col" { "Since" }
                    } }
                    tbody {
                        @for open in incidents {
                            tr {
                                td { a href=(own_address(open.id, 0)) { (title(&open.incident.title)) } }
                                td.num data-label="cards" { (parts::number(open.cards.len())) }
                                td { a href=(instance_address(&open.instance.name)) { (open.instance.name) } }
                                td.when data-label="since" {
                                    (scene.time(open.incident.opened_at)) " "
                                    span.soft.age { "(" (scene.distance(open.incident.opened_at)) ")" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn in_short(scene: &Scene, open: &Open<'_>, most: usize) -> Markup {
    let cards = cards_of(open);
    let all = cards.len();
    let first = cards.get(..most.min(all)).unwrap_or_default();
    html! {
        section.incident.sheet aria-labelledby=(format!("incident-{}", open.id)) {
            header {
                h3 id=(format!("incident-{}", open.id)) { a href=(own_address(open.id, 0)) { (title(&open.incident.title)) } }
                (facts(scene, open, SHORT_REASON_LIMIT))
            }
            (table(scene, "Its cards", Columns::default(), first))
            @if all > first.len() {
                p.more { a href=(own_address(open.id, 0)) { "all " (many(all, "card", "cards")) " of this incident" } }
            }
        }
    }
}

/// One incident with all of its cards; one that is not open is told to be over.
pub(super) fn whole(scene: &Scene, id: IncidentId, from: usize) -> Response {
    let all = incidents(scene);
    let Some(open) = all.iter().find(|open| open.id == id) else {
        let over = format!("Incident {id} is over, or never was: no broken card is in it");
        return apology(StatusCode::NOT_FOUND, scene, &over);
    };
    let cards = cards_of(open);
    let part = Part::at(from, CARDS_A_PAGE, cards.len());
    let shown = cards.get(part.from..part.end()).unwrap_or_default();
    let head = Head { title: title(&open.incident.title), here: own_address(id, part.from) };
    let main = html! {
        p.back { a href="/" { "← Status" } }
        h1 { span.bad { (title(&open.incident.title)) } }
        section.incident.sheet {
            header { h2.visually-hidden { "What is known of it" } (facts(scene, open, REASON_LIMIT)) }
        }
        h2 { (many(cards.len(), "card", "cards")) }
        div.sheet {
            (table(scene, "Its cards", Columns::default(), shown))
            (pager(part, |from| own_address(id, from)))
        }
    };
    page(StatusCode::OK, scene, &head, &main)
}

fn own_address(id: IncidentId, from: usize) -> String {
    let from = if from == 0 { String::new() } else { from.to_string() };
    address("/", &[("incident", &id.to_string()), ("from", &from)])
}

/// By id, as mails and the command line list them.
fn cards_of<'a>(open: &Open<'a>) -> Vec<Match<'a>> {
    let instance = open.instance;
    let cards = open.cards.iter().filter_map(|id| Some(Match { instance, id: *id, card: instance.cards.get(id)? }));
    let mut cards: Vec<Match<'a>> = cards.collect();
    cards.sort_by_key(|card| card.id);
    cards
}

/// The reason in at most so many characters, the extent, and what is known of the datasets.
fn facts(scene: &Scene, open: &Open<'_>, longest: usize) -> Markup {
    let incident = open.incident;
    let datasets = evidence(scene, open);
    html! {
        p { code { (one_line(&incident.reason.text, longest)) } }
        @if !datasets.is_empty() {
            ul.evidence {
                @for line in datasets.iter().take(MOST_DATASETS) { li { (line) } }
                @if datasets.len() > MOST_DATASETS {
                    li.soft { "and " (many(datasets.len() - MOST_DATASETS, "more dataset", "more datasets")) }
                }
            }
        }
        p.small.soft {
            (reach(open)) " · since " (scene.time(incident.opened_at)) ", for " (scene.distance(incident.opened_at))
            " · " (incident.reason.class.name().to_lowercase())
            @if let Some(muted) = muted(scene, open) { " · " (muted) }
            " · incident " (open.id) " at " a href=(instance_address(&open.instance.name)) { (open.instance.name) }
        }
    }
}

/// '4 cards on 3 pages, owned by Sales BI'; of one card, its row tells where it is and whose.
fn reach(open: &Open<'_>) -> Markup {
    let instance = open.instance;
    let cards: Vec<_> = open.cards.iter().filter_map(|id| instance.cards.get_key_value(id)).collect();
    let pages: BTreeSet<PageId> = cards.iter().flat_map(|(_, card)| &card.pages).copied().collect();
    let owners: Vec<&Owner> = cards.iter().flat_map(|(id, card)| answerable(card, instance, **id)).collect();
    html! {
        (extent::on_pages(cards.len(), pages.len(), many))
        @if cards.len() != 1 && !owners.is_empty() { ", owned by " (parts::owners(owners)) }
    }
}

fn muted(scene: &Scene, open: &Open<'_>) -> Option<String> {
    let cards = open.cards.iter().filter_map(|id| open.instance.cards.get(id));
    match cards.filter(|card| card.mute_at(scene.now).is_some()).count() {
        0 => None,
        all if all == open.cards.len() => Some("muted".to_owned()),
        some => Some(format!("{some} of them muted")),
    }
}

/// A line for each dataset of the incident of which something is known; for the others, that they feed its cards.
fn evidence(scene: &Scene, open: &Open<'_>) -> Vec<Markup> {
    let mut lines: Vec<(bool, Markup)> = open.incident.datasets.iter().map(|id| dataset(scene, open, id)).collect();
    lines.sort_by_key(|(known, _)| !known);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// 'Dataset Orders: last run failed 13:58: connection refused', and whether more than its name is known.
fn dataset(scene: &Scene, open: &Open<'_>, id: &DatasetId) -> (bool, Markup) {
    let known = open.instance.datasets.get(id);
    let name = known.map(|known| one_line(&known.dataset.name, NAME_LIMIT)).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| one_line(id.as_str(), NAME_LIMIT));
    let evidence = known.and_then(|known| known.evidence.as_ref());
    let findings = Findings::of(known.map(|known| &known.dataset), evidence, open.incident.opened_at);
    let line = html! {
        "Dataset " b { (name) }
        @if let Some(findings) = &findings {
            ": "
            @for piece in findings.pieces() {
                @match piece { Piece::Words(words) => { (words) } Piece::At(at) => { (scene.time(*at)) } }
            }
        }
    };
    (findings.is_some(), line)
}
