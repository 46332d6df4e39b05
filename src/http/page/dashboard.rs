//! `/instances/{name}/pages/{page_id}`: a page of Domo's with its cards. Owns which of them come first and what stands
//! beside each; an instance's own page is [`instance`](super::instance)'s.

use std::cmp::Reverse;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::card::back;
use super::cards::{since, why};
use super::graphs::seconds;
use super::missing::{Asked, Missing, asked, id, instance, number};
use super::parts::{
    Part, address, card_in_domo, card_link, many, owners, page_address, page_in_domo, pager, strip, tags,
};
use super::scene::{Scene, state, title};
use super::shell::{Head, page};
use crate::domain::card::CardState;
use crate::domain::foreign::one_line;
use crate::domain::ids::{CardId, PageId};
use crate::domain::shown::Counts;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use crate::domain::sweep::PageKind;
use crate::http::Board;

/// So many cards are on one page.
const CARDS_A_PAGE: usize = 100;

/// The longest reason in a row, in characters: the card's page has all of it.
const REASON_LIMIT: usize = 200;

/// `/instances/{name}/pages/{page_id}`
pub(in super::super) async fn dashboard(
    State(board): State<Board>,
    address: Asked<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let scene = Scene::of(&board);
    show(&scene, address, query.as_deref()).unwrap_or_else(|missing| missing.answer(&scene))
}

fn show(scene: &Scene, path: Asked<(String, String)>, query: Option<&str>) -> Result<Response, Missing> {
    let (name, text) = asked(path)?;
    let instance = instance(scene, &name)?;
    let id = PageId(id("page", &text)?);
    let from = number(query, "from")?.unwrap_or_default();
    let unknown = || Missing::Nothing(format!("Page {id} is not among those that are monitored at {}", instance.name));
    let held = instance.pages.get(&id).ok_or_else(unknown)?;
    let cards = in_order(scene, instance, held);
    let part = Part::at(from, CARDS_A_PAGE, cards.len());
    let shown = cards.get(part.from..part.end()).unwrap_or_default();
    let here = |from: usize| {
        let from = if from == 0 { String::new() } else { from.to_string() };
        address(&page_address(&instance.name, id), &[("from", &from)])
    };
    let main = html! {
        (back(instance))
        h1 { (title(&held.title)) }
        p {
            (in_words(instance.page_counts(held, scene.now, scene.stale_after())))
            @if scene.settings_of(&instance.name).is_some() { " · " (page_in_domo(scene, &instance.name, id, held)) }
        }
        p.small.soft {
            (kind(id, held.kind))
            @if !held.owners.is_empty() { ", owned by " (owners(held.owners.iter())) }
        }
        h2 { "Its cards" }
        @if cards.is_empty() { p.soft { "No card is on it." } }
        @else { div.sheet { (table(scene, instance, shown)) (pager(part, here)) } }
    };
    Ok(page(StatusCode::OK, scene, &Head { title: title(&held.title), here: here(part.from) }, &main))
}

/// Broken cards first, then those that could not be checked, then the others, each by title.
fn in_order<'a>(scene: &Scene, instance: &'a InstanceSnapshot, held: &'a PageNow) -> Vec<(CardId, &'a CardNow)> {
    let cards = held.cards.iter().filter_map(|id| Some((*id, instance.cards.get(id)?)));
    let mut cards: Vec<(CardId, &CardNow)> = cards.collect();
    cards.sort_by_cached_key(|(id, card)| {
        let weight = match card.state.shown(scene.now, scene.stale_after()) {
            Shown::Broken => 2,
            Shown::Unchecked => 1,
            Shown::Working | Shown::Unsupported => 0,
        };
        (Reverse(weight), card.title.to_lowercase(), *id)
    });
    cards
}

fn table(scene: &Scene, instance: &InstanceSnapshot, cards: &[(CardId, &CardNow)]) -> Markup {
    html! {
        div.rows {
            table {
                caption.visually-hidden { "Its cards" }
                thead { tr {
                    th scope="col" { "Card" }
                    th scope="col" { "State" }
                    th scope="col" { "Recent sweeps" }
                    th scope="col" { "Since" }
                    th.num scope="col" { "Took" }
                    th scope="col" { "Domo" }
                } }
                tbody { @for (id, card) in cards { (row(scene, instance, *id, card)) } }
            }
        }
    }
}

fn row(scene: &Scene, instance: &InstanceSnapshot, id: CardId, card: &CardNow) -> Markup {
    html! {
        tr {
            td {
                (card_link(&instance.name, id, card)) " " (tags(scene, card))
                @if let Some(why) = why(scene, card) { p.why { (one_line(why, REASON_LIMIT)) } }
            }
            td.state { (state(card.state.shown(scene.now, scene.stale_after()))) }
            td { (strip(card.recent)) }
            td.when data-label=[(card.state != CardState::Undecided).then_some("since")] { (since(scene, &card.state)) }
            td.num data-label="took" { @if let Some(took) = card.rendering.latency { (seconds(took)) } }
            td.when { (card_in_domo(scene, &instance.name, id, card)) }
        }
    }
}

/// '2 of 14 cards do not render, 1 unchecked'.
fn in_words(counts: Counts) -> Markup {
    let all = many(counts.all(), "card", "cards");
    html! {
        @match (counts.broken, counts.working) {
            (0, 0) => { (all) ", none known to work" }
            (0, working) if working == counts.all() => {
                span.good { "all " (all) " render" @if counts.all() == 1 { "s" } }
            }
            (0, working) => { (working) " of " (all) " render" @if working == 1 { "s" } }
            (1, _) => { strong.bad { "1 of " (all) " does not render" } }
            (broken, _) => { strong.bad { (broken) " of " (all) " do not render" } }
        }
        @if counts.unchecked > 0 { ", " span.unsure { (counts.unchecked) " unchecked" } }
        @if counts.unsupported > 0 { ", " (counts.unsupported) " unsupported" }
    }
}

fn kind(id: PageId, kind: PageKind) -> Markup {
    html! {
        @match kind {
            // Domo's own pages, such as Overview, have negative ids.
            PageKind::Page if id.0 < 0 => { "system page " (id) }
            PageKind::Page => { "page " (id) }
            PageKind::View { app: Some(app) } => { "view " (id) " of the App Studio app " (app) }
            PageKind::View { app: None } => { "App Studio view " (id) }
        }
    }
}
