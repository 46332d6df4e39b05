//! The sweeps of an instance in a table, the latest first. Owns how one reads and how a reader gets to earlier ones.

use maud::{Markup, html};

use super::missing::Missing;
use super::parts::{address, instance_address, number};
use super::scene::{Scene, span};
use crate::domain::foreign::one_line;
use crate::domain::ids::SweepId;
use crate::domain::snapshot::InstanceSnapshot;
use crate::domain::sweep::Outcome;
use crate::http::Board;
use crate::store::PastSweep;

/// So many sweeps are on one page.
const SWEEPS_A_PAGE: usize = 15;

/// The longest trouble of a sweep, in characters.
const TROUBLE_LIMIT: usize = 300;

/// A part of the sweeps.
pub(super) struct Sweeps {
    shown: Vec<PastSweep>,
    /// Whether these are not the latest, and whether there are earlier ones.
    later: bool,
    earlier: bool,
}

/// The sweeps before one, or the latest.
pub(super) async fn read(
    board: &Board,
    instance: &InstanceSnapshot,
    before: Option<SweepId>,
) -> Result<Sweeps, Missing> {
    let one_more = u32::try_from(SWEEPS_A_PAGE).unwrap_or(u32::MAX).saturating_add(1);
    let mut shown = board.store.sweeps(&instance.name, before, one_more).await?;
    let earlier = shown.len() > SWEEPS_A_PAGE;
    shown.truncate(SWEEPS_A_PAGE);
    Ok(Sweeps { shown, later: before.is_some(), earlier })
}

pub(super) fn section(scene: &Scene, instance: &InstanceSnapshot, sweeps: &Sweeps) -> Markup {
    let here = instance_address(&instance.name);
    let last = sweeps.shown.last().map(|sweep| sweep.id.to_string());
    html! {
        h2 #sweeps { "Sweeps" }
        @if sweeps.shown.is_empty() {
            p.soft { @if sweeps.later { "No earlier sweep is kept." } @else { "There was none yet." } }
        } @else {
            div.sheet {
                div.rows {
                    table {
                        caption.visually-hidden { "Its sweeps, the latest first" }
                        thead { tr {
                            th scope="col" { "Began" } th scope="col" { "Outcome" } th scope="col" { "Took" }
                            th.num scope="col" { "Broken" } th.num scope="col" { "Unchecked" }
                            th.num scope="col" { "Cards" } th scope="col" { "Trouble" }
                        } }
                        tbody {
                            @for (place, sweep) in sweeps.shown.iter().enumerate() {
                                (row(scene, sweep, place.checked_sub(1).and_then(|above| sweeps.shown.get(above))))
                            }
                        }
                    }
                }
                (pager(&here, sweeps, last.as_deref()))
            }
        }
    }
}

fn pager(here: &str, sweeps: &Sweeps, last: Option<&str>) -> Markup {
    html! {
        @if sweeps.later || sweeps.earlier {
            nav.pager aria-label="Parts of the sweeps" {
                @if sweeps.later { a href=(format!("{here}#sweeps")) { "← the latest" } }
                @if let Some(last) = last.filter(|_| sweeps.earlier) {
                    a rel="next" href=(format!("{}#sweeps", address(here, &[("before", last)]))) { "earlier →" }
                }
            }
        }
    }
}

fn row(scene: &Scene, sweep: &PastSweep, above: Option<&PastSweep>) -> Markup {
    let counts = sweep.counts;
    html! {
        tr {
            td.when { (scene.time(sweep.started_at)) }
            td.state { (outcome(sweep)) }
            td.when data-label="took" { @if let Some((at, _)) = sweep.ended { (span(at - sweep.started_at)) } @else { "so far " (scene.distance(sweep.started_at)) } }
            td.num data-label="broken" {
                @if counts.broken > 0 { span.bad { (number(counts.broken)) } } @else { "0" }
            }
            td.num data-label="unchecked" {
                @if counts.unchecked > 0 { span.unsure { (number(counts.unchecked)) } } @else { "0" }
            }
            td.num data-label="of cards" { (number(counts.all())) }
            td.reason { (trouble(sweep, above)) }
        }
    }
}

/// What was in its way; what stands in the row above already is not told in full again.
fn trouble(sweep: &PastSweep, above: Option<&PastSweep>) -> Markup {
    let Some(trouble) = &sweep.trouble else { return html! {} };
    if above.is_some_and(|above| above.trouble.as_ref() == Some(trouble)) {
        return html! { span.soft { "as above" } };
    }
    html! { (one_line(trouble, TROUBLE_LIMIT)) }
}

/// How it ended, as a sign and a word.
fn outcome(sweep: &PastSweep) -> Markup {
    let (class, sign, word) = match sweep.ended.map(|(_, outcome)| outcome) {
        None => ("soft", "…", "runs"),
        Some(Outcome::Completed) => ("good", "●", "completed"),
        Some(Outcome::Partial) => ("unsure", "◐", "partial"),
        Some(Outcome::Failed) => ("bad", "✕", "failed"),
        Some(Outcome::Interrupted) => ("unsure", "–", "interrupted"),
        Some(Outcome::Skipped) => ("soft", "–", "skipped"),
    };
    html! { span class=(class) { span aria-hidden="true" { (sign) " " } (word) } }
}
