//! The page of a card that no listing holds any more, as far as the database still knows it. Owns saying so, and telling
//! such a card from one that never was.

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::card::back;
use super::missing::Missing;
use super::parts::{card_address, owners};
use super::past;
use super::scene::{Scene, title};
use super::shell::{Head, page};
use crate::domain::ids::CardId;
use crate::domain::snapshot::InstanceSnapshot;
use crate::http::Board;

/// So many rows of each kind are shown.
const ROWS: u32 = 50;

pub(super) async fn show(
    board: &Board,
    scene: &Scene,
    instance: &InstanceSnapshot,
    id: CardId,
) -> Result<Response, Missing> {
    let histories = board.store.card_histories(id, Some(instance.name.as_str()), ROWS).await?;
    let Some(history) = histories.into_iter().next() else {
        return Err(Missing::Nothing(format!("No sweep of {} has seen card {id}", instance.name)));
    };
    let changes: Vec<past::Told<'_>> = history.transitions.iter().map(|change| (change, None)).collect();
    let main = html! {
        (back(instance))
        h1 { (title(&history.title)) }
        @if history.removed {
            p { span.soft { "– removed" } ": no page that is monitored holds it any more" }
        } @else {
            p { span.unsure { span aria-hidden="true" { "? " } "unchecked" } ": the sweep that found it has not ended yet" }
        }
        h2 { "What it was" }
        div.sheet.panel {
            dl.facts {
                dt { "Owners" } dd { (owners(&history.owners)) }
                dt { "Card" } dd { (id) }
            }
        }
        h2 { "What happened" }
        (past::changes(scene, &changes))
        (past::incidents(scene, &history.incidents))
        (past::mutes(scene, &history.mutes))
        h2 { "Latest results" }
        (past::results(scene, &history.results))
    };
    let head = Head { title: title(&history.title), here: card_address(&instance.name, id) };
    Ok(page(StatusCode::OK, scene, &head, &main))
}
