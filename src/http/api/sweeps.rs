//! `/api/v1/sweeps`: the sweeps of one instance or of all, the latest first. Owns putting those of several instances into
//! one order; they are read from the database, a part at a time.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::asked::{Ask, Asked, Params};
use super::cursor::{self, BeforeSweep};
use super::data::{Time, outcomes_or_null};
use super::problem::{MISSING, Problem};
use super::seen::Seen;
use crate::domain::ids::{InstanceName, SweepId};
use crate::http::Board;
use crate::store::PastSweep;

pub(super) const PATH: &str = "/api/v1/sweeps";

/// Which sweeps are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SweepsAsked {
    /// Sweeps of this instance alone.
    #[param(value_type = Option<String>)]
    instance: Option<InstanceName>,
    /// So many sweeps at most; 100 where it is left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: usize,
    /// Where to go on: `next` of the answer before.
    #[param(value_type = Option<String>)]
    cursor: Option<BeforeSweep>,
}

impl Ask for SweepsAsked {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        Ok(Self { instance: asked.instance()?, limit: asked.limit()?, cursor: asked.cursor()? })
    }
}

/// A part of the sweeps.
#[derive(Serialize, ToSchema)]
pub(super) struct Sweeps {
    /// The latest first.
    sweeps: Vec<Sweep>,
    /// The cursor of the part that follows; null = this is the last.
    next: Option<String>,
}

/// A sweep of the past, or the one that runs.
#[derive(Serialize, ToSchema)]
struct Sweep {
    /// Its id; a later sweep has a higher one.
    #[serde(rename = "sweep_id")]
    id: i64,
    /// The name of its instance.
    instance: String,
    /// When it began.
    started_at: Time,
    /// When it ended; null = it runs.
    finished_at: Option<Time>,
    /// How it ended; null = it runs.
    #[schema(schema_with = outcomes_or_null)]
    outcome: Option<&'static str>,
    /// It looked at some pages alone, chosen by hand: its counts are not the instance's.
    part: bool,
    /// What ended it early, or kept it from its whole view.
    error: Option<String>,
    /// How many cards it looked at, or was to; this and the counts below are 0 until it has ended.
    cards: usize,
    /// Cards that rendered.
    working: usize,
    /// Cards that did not.
    broken: usize,
    /// Cards that could not be checked.
    unchecked: usize,
    /// Cards of types that are not rendered.
    unsupported: usize,
}

/// The sweeps, the latest first.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "sweeps",
    params(SweepsAsked),
    responses(
        (
            status = 200,
            description = "A part of the sweeps.",
            body = Sweeps,
            headers(("Link" = String, description = "Where a part follows: its address, as `rel=\"next\"`."))
        ),
        (status = 404, description = MISSING, body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn list(
    State(board): State<Board>,
    Params(query, asked): Params<SweepsAsked>,
) -> Result<Response, Problem> {
    let seen = Seen::of(&board);
    let before = query.cursor.map(|BeforeSweep(id)| id);
    // One more than asked for tells whether there are more.
    let rows = u32::try_from(query.limit).unwrap_or(u32::MAX).saturating_add(1);
    let mut found = Vec::new();
    for instance in seen.asked(query.instance.as_ref())? {
        let sweeps = board.store.sweeps(&instance.name, before, rows).await;
        let sweeps = sweeps.map_err(|error| Problem::of_store(&error))?;
        found.extend(sweeps.into_iter().map(|sweep| (sweep.id, Sweep::of(&instance.name, sweep))));
    }
    found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let (part, more) = answer::part(found.into_iter(), query.limit);
    let next = part.last().filter(|_| more).map(|(id, _): &(SweepId, Sweep)| cursor::write(&BeforeSweep(*id)));
    let sweeps = part.into_iter().map(|(_, sweep)| sweep).collect();
    answer::list(&Sweeps { sweeps, next: next.clone() }, PATH, &asked, next.as_deref())
}

impl Sweep {
    fn of(instance: &InstanceName, sweep: PastSweep) -> Self {
        let PastSweep { id, started_at, ended, trouble, counts, part } = sweep;
        Self {
            id: id.0,
            instance: instance.to_string(),
            started_at: Time(started_at),
            finished_at: ended.map(|(at, _)| Time(at)),
            outcome: ended.map(|(_, outcome)| outcome.name()),
            error: trouble,
            cards: counts.all(),
            working: counts.working,
            broken: counts.broken,
            unchecked: counts.unchecked,
            unsupported: counts.unsupported,
            part,
        }
    }
}
