//! `/api/v1/incidents`: the causes for which cards are broken now, with what was found out about their datasets. Owns the
//! list; which cards have one cause is `domain`'s.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::asked::{Ask, Asked, Params};
use super::cursor::{self, AfterIncident};
use super::data::{Time, classes};
use super::dataset::Dataset;
use super::problem::{MISSING, Problem};
use super::seen::Seen;
use crate::domain::ids::{CardId, IncidentId, InstanceName};
use crate::domain::snapshot::{IncidentNow, InstanceSnapshot};
use crate::http::Board;

pub(super) const PATH: &str = "/api/v1/incidents";

/// Which incidents are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IncidentsAsked {
    /// Incidents of this instance alone.
    #[param(value_type = Option<String>)]
    instance: Option<InstanceName>,
    /// So many incidents at most; 100 where it is left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: usize,
    /// Where to go on: `next` of the answer before.
    #[param(value_type = Option<String>)]
    cursor: Option<AfterIncident>,
}

impl Ask for IncidentsAsked {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        Ok(Self { instance: asked.instance()?, limit: asked.limit()?, cursor: asked.cursor()? })
    }
}

/// A part of the open incidents.
#[derive(Serialize, ToSchema)]
pub(super) struct Incidents {
    /// By instance in the order of the configuration, and by id: those that opened first come first.
    incidents: Vec<Incident>,
    /// The cursor of the part that follows; null = this is the last.
    next: Option<String>,
}

/// An open incident: broken cards with one cause.
#[derive(Serialize, ToSchema)]
struct Incident {
    /// The name of its instance.
    instance: String,
    /// Its id, for as long as it is open; no other incident ever has it.
    id: i64,
    /// The cause in words.
    title: String,
    /// Domo's class of the reason.
    #[schema(schema_with = classes)]
    class: &'static str,
    /// The most telling reason of its cards.
    reason: String,
    /// When its first card broke.
    opened_at: Time,
    /// The cards that are broken because of it, by id.
    #[schema(min_items = 1)]
    card_ids: Vec<i64>,
    /// The datasets that it is about.
    datasets: Vec<Dataset>,
}

/// The incidents that are open, by instance and id.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "incidents",
    params(IncidentsAsked),
    responses(
        (
            status = 200,
            description = "A part of the open incidents.",
            body = Incidents,
            headers(("Link" = String, description = "Where a part follows: its address, as `rel=\"next\"`."))
        ),
        (status = 404, description = MISSING, body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn list(
    State(board): State<Board>,
    Params(query, asked): Params<IncidentsAsked>,
) -> Result<Response, Problem> {
    let seen = Seen::of(&board);
    let IncidentsAsked { instance, limit, cursor } = query;
    let from = Seen::from(seen.asked(instance.as_ref())?, cursor.as_ref().map(|AfterIncident(name, _)| name))?;
    let found = from.iter().flat_map(|instance| {
        let incidents = instance.incidents(seen.now, seen.stale_after()).into_iter();
        incidents.map(move |(id, (incident, cards))| Incident::of(instance, id, incident, &cards))
    });
    let given = |found: &Incident| {
        cursor.as_ref().is_some_and(|AfterIncident(name, last)| found.instance == name.as_str() && found.id <= last.0)
    };
    let (incidents, more) = answer::part(found.skip_while(given), limit);
    let next = match (incidents.last(), more) {
        (Some(last), true) => last.instance.parse().ok().map(|name| AfterIncident(name, IncidentId(last.id))),
        (Some(_) | None, _) => None,
    };
    let next = next.as_ref().map(cursor::write);
    answer::list(&Incidents { incidents, next: next.clone() }, PATH, &asked, next.as_deref())
}

impl Incident {
    fn of(instance: &InstanceSnapshot, id: IncidentId, incident: &IncidentNow, cards: &[CardId]) -> Self {
        let datasets = incident.datasets.iter();
        Self {
            instance: instance.name.to_string(),
            id: id.0,
            title: incident.title.clone(),
            class: incident.reason.class.name(),
            reason: incident.reason.text.clone(),
            opened_at: Time(incident.opened_at),
            card_ids: cards.iter().map(|card| card.0).collect(),
            datasets: datasets.map(|dataset| Dataset::of(dataset, instance, incident.opened_at)).collect(),
        }
    }
}
