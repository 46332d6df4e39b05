//! `/instances/{name}`: one instance. Owns what stands on its page and in which order, and how its state reads in a
//! sentence; its sweeps are [`sweeps`]'s, its chart [`graphs`]'s.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::answer::{Seen, View, called, seen};
use super::graphs::{self, seconds};
use super::missing::{Asked, Missing, asked, counted, number};
use super::parts::{self, Part, address, card_link, instance_address, many, page_address, page_in_domo, pager};
use super::scene::{Scene, title};
use super::shell::{Head, page};
use super::{sweeps, tile};
use crate::domain::ids::{CardId, IncidentId, PageId, SweepId};
use crate::domain::search::Which;
use crate::domain::shown::Counts;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use crate::domain::verdict::Class;
use crate::http::Board;

/// So many pages are on one page.
const PAGES_A_PAGE: usize = 100;

/// So many causes, slow cards and cards without data are shown.
const CAUSES_SHOWN: usize = 20;
const CARDS_SHOWN: usize = 10;

/// A chart is no wider than so many points.
const MOST_POINTS: usize = 400;

/// `/instances/{name}`
pub(in super::super) async fn index(
    State(board): State<Board>,
    address: Asked<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let scene = Scene::of(&board);
    show(&board, &scene, address, query.as_deref()).await.unwrap_or_else(|missing| missing.answer(&scene))
}

async fn show(board: &Board, scene: &Scene, path: Asked<String>, query: Option<&str>) -> Result<Response, Missing> {
    let name = asked(path)?;
    let (instance, counted) = counted(scene, &name)?;
    let from: usize = number(query, "from")?.unwrap_or_default();
    let before: Option<i64> = number(query, "before")?;
    let sweeps = sweeps::read(board, instance, before.map(SweepId)).await?;
    let levels = board.store.broken_over_time(&instance.name, graphs::since(scene), MOST_POINTS).await?;
    let seen = seen(scene, instance, counted);
    let sentence = sentence(&seen);
    let part = Part::at(from, PAGES_A_PAGE, instance.pages.len());
    let before = before.map(|before| before.to_string()).unwrap_or_default();
    let main = html! {
        p.back { a href="/" { "← Status" } }
        h1 { span class=(sentence.mood) { (sentence.words) } }
        p { (extent(&seen)) }
        p.small.soft { (tile::last_sweep(scene, instance)) }
        (tile::next_sweep(scene, instance))
        (tile::obstacle(scene, &seen))
        (tile::maintenance(scene, instance))
        (sets(&seen))
        h2 { "Broken cards over time" }
        div.sheet.panel { (graphs::broken(scene, &levels)) }
        (causes(scene, &seen))
        (pages(scene, &seen, part))
        (slow(&seen))
        (no_data(scene, &seen))
        (sweeps::section(scene, instance, &sweeps))
    };
    let from = if part.from == 0 { String::new() } else { part.from.to_string() };
    let here = address(&instance_address(&instance.name), &[("from", &from), ("before", &before)]);
    Ok(page(StatusCode::OK, scene, &Head { title: sentence.words, here }, &main))
}

/// How it stands.
struct Sentence {
    /// The class of the words: good news, bad news, or that nobody knows.
    mood: &'static str,
    words: String,
}

/// The state of an instance, which is never good news while something cannot be seen.
fn sentence(seen: &Seen<'_>) -> Sentence {
    let name = &seen.instance.name;
    let Counts { working, broken, unchecked, .. } = seen.counts;
    let (mood, words) = match seen.view {
        View::NeverSwept => ("unsure", format!("{name} was not checked yet")),
        View::CannotCheck { .. } => ("unsure", format!("cardwatch cannot check {name}")),
        View::NotLately { .. } => ("unsure", format!("{name} was not checked lately")),
        View::Partly { .. } | View::Clear if broken == 1 => ("bad", format!("1 card of {name} does not render")),
        View::Partly { .. } | View::Clear if broken > 0 => {
            ("bad", format!("{} of {name} do not render", many(broken, "card", "cards")))
        }
        View::Clear if unchecked == 0 && working > 0 => ("good", format!("Every card of {name} renders")),
        View::Partly { .. } | View::Clear => ("unsure", format!("No card of {name} is known to be broken")),
    };
    Sentence { mood, words }
}

/// '942 cards on 96 pages: 893 working, 7 broken, 2 unchecked, 38 unsupported'.
fn extent(seen: &Seen<'_>) -> Markup {
    let counts = seen.counts;
    let each = Shown::ALL.map(|shown| (counts.of(shown), called(Which::State(shown))));
    let each: Vec<String> = each
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", parts::number(count)))
        .collect();
    html! {
        (many(counts.all(), "card", "cards")) " on " (many(seen.instance.pages.len(), "page", "pages"))
        @if !each.is_empty() { ": " (each.join(", ")) }
        @if let Some(invalid) = seen.instance.invalid_functions {
            "; " (many(usize::try_from(invalid).unwrap_or(usize::MAX), "invalid beast mode", "invalid beast modes"))
        }
    }
}

/// The address of the cards of a set.
fn set_address(instance: &InstanceSnapshot, which: Which) -> String {
    address("/", &[("instance", instance.name.as_str()), ("state", which.name())])
}

/// The sets of cards that are worth a look and not empty, as links to them.
fn sets(Seen { instance, counted, .. }: &Seen<'_>) -> Markup {
    // Most cards work: that is no set to look at.
    let sets = Which::ALL.into_iter().filter(|which| *which != Which::State(Shown::Working));
    let counted = sets.map(|which| (which, counted.in_set(which))).filter(|(_, count)| *count > 0);
    let counted: Vec<(Which, usize)> = counted.collect();
    html! {
        @if !counted.is_empty() {
            ul.sets aria-label="Its cards by state" {
                @for (which, count) in counted {
                    li { a href=(set_address(instance, which)) { (parts::number(count)) " " (called(which)) } }
                }
            }
        }
    }
}

/// The causes of what is broken now, those of the most cards first.
fn causes(scene: &Scene, Seen { instance, counted, .. }: &Seen<'_>) -> Markup {
    let known = |(id, cards): (&IncidentId, &Vec<CardId>)| Some((*id, (instance.incidents.get(id)?, cards.len())));
    let mut incidents: Vec<_> = counted.incidents.iter().filter_map(known).collect();
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    for (_, (incident, cards)) in &incidents {
        *classes.entry(incident.reason.class).or_default() += cards;
    }
    incidents.sort_by_key(|(id, (incident, cards))| (Reverse(*cards), incident.opened_at, *id));
    let classes = classes.iter().map(|(class, count)| format!("{} {count}", class.name().to_lowercase()));
    let classes: Vec<String> = classes.collect();
    html! {
        @if !incidents.is_empty() {
            h2 { "Why they are broken" }
            p.small.soft { "Cards by Domo's class of the failure: " (classes.join(", ")) "." }
            div.sheet.rows {
                table {
                    caption.visually-hidden { "Open incidents" }
                    thead { tr {
                        th scope="col" { "Incident" } th.num scope="col" { "Cards" } th scope="col" { "Reason" }
                        th scope="col" { "Since" }
                    } }
                    tbody {
                        @for (id, (incident, cards)) in incidents.iter().take(CAUSES_SHOWN) {
                            tr {
                                td { a href=(address("/", &[("incident", &id.to_string())])) { (title(&incident.title)) } }
                                td.num data-label="cards" { (parts::number(*cards)) }
                                td { (incident.reason.class.name().to_lowercase()) }
                                td.when data-label="since" {
                                    (scene.time(incident.opened_at)) " "
                                    span.soft.age { "(" (scene.distance(incident.opened_at)) ")" }
                                }
                            }
                        }
                    }
                }
            }
            @if incidents.len() > CAUSES_SHOWN {
                p.more {
                    (many(incidents.len() - CAUSES_SHOWN, "more incident", "more incidents")) ": "
                    a href=(set_address(instance, Which::State(Shown::Broken))) { "all broken cards" }
                }
            }
        }
    }
}

/// The pages with the most broken cards first, then by title.
fn pages(scene: &Scene, Seen { instance, counted, .. }: &Seen<'_>, part: Part) -> Markup {
    let counts = |id: &PageId| counted.pages.get(id).copied().unwrap_or_default();
    let pages = instance.pages.iter().map(|(id, page)| (*id, page, counts(id)));
    let mut pages: Vec<(PageId, &PageNow, Counts)> = pages.collect();
    pages.sort_by_cached_key(|(id, page, counts)| (Reverse(counts.broken), page.title.to_lowercase(), *id));
    let shown = pages.get(part.from..part.end()).unwrap_or_default();
    html! {
        h2 #pages { "Pages" }
        @if pages.is_empty() { p.soft { "No page is known yet." } }
        @else {
            div.sheet {
                div.rows {
                    table {
                        caption.visually-hidden { "Its pages" }
                        thead { tr {
                            th scope="col" { "Page" } th.num scope="col" { "Broken" } th.num scope="col" { "Unchecked" }
                            th.num scope="col" { "Cards" } th scope="col" { "Domo" }
                        } }
                        tbody { @for (id, page, counts) in shown { (page_row(scene, instance, *id, page, *counts)) } }
                    }
                }
                (pager(part, |from| {
                    let from = if from == 0 { String::new() } else { from.to_string() };
                    format!("{}#pages", address(&instance_address(&instance.name), &[("from", &from)]))
                }))
            }
        }
    }
}

fn page_row(scene: &Scene, instance: &InstanceSnapshot, id: PageId, page: &PageNow, counts: Counts) -> Markup {
    html! {
        tr {
            td { a href=(page_address(&instance.name, id)) { (title(&page.title)) } }
            td.num data-label="broken" {
                @if counts.broken > 0 { strong.bad { (parts::number(counts.broken)) } } @else { "0" }
            }
            td.num data-label="unchecked" {
                @if counts.unchecked > 0 { span.unsure { (parts::number(counts.unchecked)) } } @else { "0" }
            }
            td.num data-label="of cards" { (parts::number(counts.all())) }
            td.when { (page_in_domo(scene, &instance.name, id, page)) }
        }
    }
}

/// These cards of an instance.
fn cards<'a>(instance: &'a InstanceSnapshot, ids: &[CardId]) -> Vec<(CardId, &'a CardNow)> {
    ids.iter().filter_map(|id| Some((*id, instance.cards.get(id)?))).collect()
}

/// The slowest of the slow cards.
fn slow(Seen { instance, counted, .. }: &Seen<'_>) -> Markup {
    let mut cards = cards(instance, &counted.slow);
    cards.sort_by_key(|(id, card)| (Reverse(card.rendering.latency), *id));
    few(instance, "Slow cards", Which::Slow, &cards, |card| {
        let rendering = card.rendering;
        html! {
            @if let (Some(took), Some(usual)) = (rendering.latency, rendering.slow_against) {
                (seconds(took)) ", where " (seconds(usual)) " was usual"
            }
        }
    })
}

/// The cards that are without data for the longest time.
fn no_data(scene: &Scene, Seen { instance, counted, .. }: &Seen<'_>) -> Markup {
    let mut cards = cards(instance, &counted.no_data);
    cards.sort_by_key(|(id, card)| (card.rendering.no_data_since, *id));
    few(instance, "Cards without data", Which::NoData, &cards, |card| {
        html! {
            @if let Some(since) = card.rendering.no_data_since { "since " (scene.time(since)) }
        }
    })
}

/// The first few cards of a set, what is to be said of each, and where all of them are; nothing of an empty set.
fn few(
    instance: &InstanceSnapshot,
    called: &str,
    which: Which,
    cards: &[(CardId, &CardNow)],
    what: impl Fn(&CardNow) -> Markup,
) -> Markup {
    html! {
        @if !cards.is_empty() {
            h2 { (called) }
            div.sheet.rows {
                table {
                    caption.visually-hidden { (called) }
                    thead { tr {
                        th scope="col" { "Card" }
                        th scope="col" { @if which == Which::Slow { "Took" } @else { "No data" } }
                    } }
                    tbody {
                        @for (id, card) in cards.iter().take(CARDS_SHOWN) {
                            tr { td { (card_link(&instance.name, *id, card)) } td { (what(card)) } }
                        }
                    }
                }
            }
            @if cards.len() > CARDS_SHOWN {
                p.more { a href=(set_address(instance, which)) { "all " (many(cards.len(), "card", "cards")) } }
            }
        }
    }
}
