//! `/`: the status page. Owns what stands on it and in which order: the answer, a tile for each instance, the form, the
//! open incidents, what happened lately.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::answer::{Overview, View};
use super::find::{self, Asked};
use super::parts::{NAME_LIMIT, instance_address, many};
use super::scene::Scene;
use super::shell::{Head, page};
use super::{incident, tile};
use crate::domain::foreign::one_line;
use crate::domain::search::Query;
use crate::http::Board;
use crate::store::{Happening, LetterNote, What};

/// So many things that happened are told.
const HAPPENINGS: u32 = 12;

/// The longest trouble or subject among what happened lately, in characters.
const LATELY_LIMIT: usize = 240;

/// So many readers of a mail are named.
const READERS_SHOWN: usize = 2;

/// `/`
pub(in super::super) async fn index(State(board): State<Board>, RawQuery(query): RawQuery) -> Response {
    let scene = Scene::of(&board);
    match Asked::of(query.as_deref(), &scene) {
        Ok(Asked::Status) => status(&board, &scene).await,
        Ok(Asked::Incident(id, from)) => incident::whole(&scene, id, from),
        Ok(Asked::Cards(query, from)) => find::results(&scene, &query, from),
        Err(refused) => find::refused(&scene, &refused),
    }
}

async fn status(board: &Board, scene: &Scene) -> Response {
    let trouble = (board.readiness)().err();
    let overview = Overview::of(scene, trouble.is_none());
    let begun = overview.instances.iter().any(|seen| seen.view != View::NeverSwept || seen.counts.all() > 0);
    let main = html! {
        (overview.answer(scene))
        @if let Some(trouble) = trouble {
            div.notice { strong { "cardwatch itself is not well: " } (trouble) ". Its log says more." }
        }
        @if !overview.instances.is_empty() { (tile::tiles(scene, &overview.instances)) }
        @if begun {
            h2.visually-hidden { "Find cards" }
            (find::form(scene, &Query::default()))
        }
        (incident::section(scene, &overview.incidents))
        (lately(board, scene).await)
    };
    page(StatusCode::OK, scene, &Head { title: overview.title(), here: "/".to_owned() }, &main)
}

/// What happened lately, as far as the database tells it.
async fn lately(board: &Board, scene: &Scene) -> Markup {
    let happenings = board.store.lately(HAPPENINGS).await.inspect_err(|error| {
        tracing::warn!("the status page could not read what happened lately: {error}");
    });
    html! {
        h2 { "Lately" }
        @match happenings {
            Err(_) => { p.notice { "What happened lately cannot be read: the database does not answer. The log says why." } }
            Ok(none) if none.is_empty() => { p.soft { "Nothing yet." } }
            Ok(happenings) => {
                div.sheet.panel {
                    dl.facts.small {
                        @for happening in &happenings { dt { (scene.time(happening.at)) } dd { (happened(happening)) } }
                    }
                }
            }
        }
    }
}

fn happened(happening: &Happening) -> Markup {
    let instance = &happening.instance;
    let at = html! { a href=(instance_address(instance)) { (instance) } };
    match &happening.what {
        What::Broke(cards) => html! { strong.bad { (many(*cards, "card", "cards")) " broke" } " at " (at) },
        What::Recovered(cards) => {
            html! { span.good { (many(*cards, "card", "cards")) " recovered" } " at " (at) }
        }
        What::Failed(why) => html! {
            span.unsure { "a sweep failed" } " at " (at) ": " (one_line(why, LATELY_LIMIT))
        },
        What::Skipped => html! { "a sweep was skipped at " (at) ": the one before still ran" },
        What::Mailed(letter) => html! { "mailed to " (readers(letter)) ": " (one_line(&letter.subject, LATELY_LIMIT)) },
    }
}

/// 'ann@example.com and 3 more'.
fn readers(letter: &LetterNote) -> String {
    let shown: Vec<String> = letter.to.iter().take(READERS_SHOWN).map(|to| one_line(to, NAME_LIMIT)).collect();
    match letter.to.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
