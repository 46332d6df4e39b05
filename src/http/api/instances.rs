//! `/api/v1/instances`: each instance as it stands. Owns what is counted there; which cards stand behind a number is told
//! by the list of cards.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::asked::{Nothing, Params};
use super::data::{Time, outcomes};
use super::problem::Problem;
use super::seen::Seen;
use crate::domain::counted::Counted;
use crate::domain::search::Which;
use crate::domain::shown::Shown;
use crate::domain::snapshot::InstanceSnapshot;
use crate::http::Board;

pub(super) const PATH: &str = "/api/v1/instances";

/// Every instance that is configured.
#[derive(Serialize, ToSchema)]
pub(super) struct Instances {
    /// In the order of the configuration.
    instances: Vec<Instance>,
}

/// An instance as it stands.
#[derive(Serialize, ToSchema)]
struct Instance {
    /// The operator's name of it.
    #[schema(pattern = "^[a-z0-9_-]{1,63}$")]
    name: String,
    /// Its address.
    url: Option<String>,
    /// How many cards are monitored, each counted once.
    cards: usize,
    /// Cards that render.
    working: usize,
    /// Cards that do not.
    broken: usize,
    /// Cards that nobody could decide, or not for too long.
    unchecked: usize,
    /// Cards of types that are not rendered.
    unsupported: usize,
    /// How many of the broken ones are muted.
    muted: usize,
    /// How many of the working ones are slow by their own history.
    slow: usize,
    /// How many of the working ones render without data.
    no_data: usize,
    /// How many causes there are for which cards are broken now.
    open_incidents: usize,
    /// How many pages are monitored.
    pages: usize,
    /// How many beast modes are invalid, as Domo counted them lately; null where it did not.
    #[schema(minimum = 0)]
    invalid_functions: Option<u64>,
    /// The latest sweeps decided nothing; null where they did.
    cannot_check: Option<CannotCheck>,
    /// Until when mails wait; null where no maintenance window is open.
    maintenance_until: Option<Time>,
    /// When the latest sweep ended that decided every card.
    last_completed_at: Option<Time>,
    /// The latest sweep that ran to an end; null before the first.
    last_sweep: Option<LastSweep>,
    /// When the next sweep is due.
    next_sweep: Option<Time>,
    /// The sweep that runs; null between sweeps.
    running_sweep: Option<RunningSweep>,
}

/// Sweeps in a row that decided nothing.
#[derive(Serialize, ToSchema)]
struct CannotCheck {
    /// When the first of them began.
    since: Time,
    /// How many there were.
    #[schema(minimum = 1)]
    sweeps: u32,
}

/// The latest sweep that ran to an end.
#[derive(Serialize, ToSchema)]
struct LastSweep {
    /// When it began.
    started_at: Time,
    /// When it ended.
    finished_at: Time,
    /// How it ended.
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// What ended it early, or kept it from its whole view.
    error: Option<String>,
}

/// The sweep that runs.
#[derive(Serialize, ToSchema)]
struct RunningSweep {
    /// How many cards it still has to decide.
    cards_remaining: usize,
    /// How many cards it was to decide.
    cards: usize,
}

/// Every instance as it stands: its counts, its latest and its next sweep, and whether it can be checked at all.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "instances",
    responses((status = 200, description = "Every instance that is configured.", body = Instances))
)]
pub(super) async fn list(State(board): State<Board>, _: Params<Nothing>) -> Result<Response, Problem> {
    let seen = Seen::of(&board);
    let counted = seen.counted();
    let each = seen.snapshot.iter().zip(&counted);
    let instances = each.map(|(instance, counted)| Instance::of(&board, &seen, instance, counted)).collect();
    answer::json(&Instances { instances })
}

impl Instance {
    fn of(board: &Board, seen: &Seen, instance: &InstanceSnapshot, counted: &Counted) -> Self {
        let (now, counts) = (seen.now, counted.counts);
        let set = seen.settings_of(&instance.name);
        let live = board.live.of_instance(&instance.name);
        let (cards_remaining, planned) = live.progress();
        Self {
            name: instance.name.to_string(),
            url: set.map(|set| set.url.as_str().trim_end_matches('/').to_owned()),
            cards: counts.all(),
            working: counts.of(Shown::Working),
            broken: counts.of(Shown::Broken),
            unchecked: counts.of(Shown::Unchecked),
            unsupported: counts.of(Shown::Unsupported),
            muted: counted.in_set(Which::Muted),
            slow: counted.slow.len(),
            no_data: counted.no_data.len(),
            open_incidents: counted.incidents.len(),
            pages: instance.pages.len(),
            invalid_functions: instance.invalid_functions,
            // An instant that lies ahead was written down by a clock that was wrong; the sweep has ended for all that.
            cannot_check: instance.blind.map(|blind| CannotCheck {
                since: Time(instance.last_finished().map_or(blind.since, |ended| blind.since.min(ended))),
                sweeps: blind.sweeps,
            }),
            maintenance_until: set.and_then(|set| set.maintenance.span_at(now)).map(|span| Time(span.until)),
            last_completed_at: instance.last_completed.map(Time),
            last_sweep: LastSweep::of(instance),
            next_sweep: live.next_sweep().map(Time),
            running_sweep: (planned > 0).then_some(RunningSweep { cards_remaining, cards: planned }),
        }
    }
}

impl LastSweep {
    fn of(instance: &InstanceSnapshot) -> Option<Self> {
        let sweep = instance.last_sweep.as_ref()?;
        Some(Self {
            started_at: Time(sweep.started_at),
            finished_at: Time(sweep.finished_at),
            outcome: sweep.outcome.name(),
            error: sweep.trouble.clone(),
        })
    }
}
