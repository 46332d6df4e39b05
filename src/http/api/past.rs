//! `/api/v1/cards/{instance}/{card_id}`: one card as it stands, and its past. Owns how the past is told; it is read from
//! the database, bounded there.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::asked::{Nothing, Params};
use super::card::Card;
use super::data::{PastMute, Time, changes, millis, verdicts};
use super::problem::{MISSING, Problem, quoted};
use super::seen::Seen;
use crate::domain::Timestamp;
use crate::domain::ids::CardId;
use crate::domain::search::Match;
use crate::http::Board;
use crate::store::{CardPast, LetterNote, PastIncident, PastResult, ToldTransition};

pub(super) const PATH: &str = "/api/v1/cards/{instance}/{card_id}";

/// How far back a card's past is told.
const BACK: TimeDelta = TimeDelta::days(90);

/// A card as it stands, and its past over 90 days.
#[derive(Serialize, ToSchema)]
pub(super) struct CardDetail {
    #[serde(flatten)]
    card: Card,
    /// When it broke and recovered, the latest first; at most 200.
    transitions: Vec<Transition>,
    /// The incidents that it is or was in, the latest first; at most 50.
    incidents: Vec<IncidentPast>,
    /// Its mutes, the latest first; at most 50.
    mutes: Vec<PastMute>,
    /// Its results in the latest 400 sweeps, the latest first; at most 50.
    results: Vec<RenderResult>,
    /// How long its working renders took, the latest first, spread evenly; at most 160.
    render_times: Vec<RenderTime>,
}

/// A card broke or recovered.
#[derive(Serialize, ToSchema)]
struct Transition {
    /// When.
    at: Time,
    /// What it became.
    #[schema(schema_with = changes)]
    to: &'static str,
    /// It was broken when it was first seen.
    first_seen: bool,
    /// Why it broke.
    reason: Option<String>,
    /// The mails that the same sweep made due, to the admins and to those who answer for the card now; at most 20.
    mails: Vec<Mail>,
}

/// A mail that told of a transition.
#[derive(Serialize, ToSchema)]
struct Mail {
    /// Its subject.
    subject: String,
    /// Who got it, or is to get it.
    to: Vec<String>,
    /// When the mail server took it; null = not yet, or never.
    sent_at: Option<Time>,
}

/// An incident that the card is or was in.
#[derive(Serialize, ToSchema)]
struct IncidentPast {
    /// Its id.
    id: i64,
    /// Its cause in words.
    title: String,
    /// When the card came into it.
    joined_at: Time,
    /// When it left; null = it still is in it.
    left_at: Option<Time>,
}

/// What one render said.
#[derive(Serialize, ToSchema)]
struct RenderResult {
    /// When.
    checked_at: Time,
    /// What it said.
    #[schema(schema_with = verdicts)]
    verdict: &'static str,
    /// Why.
    reason: Option<String>,
    /// How long the deciding attempt took, in milliseconds.
    latency_ms: i64,
}

/// How long one render took.
#[derive(Serialize, ToSchema)]
struct RenderTime {
    /// When.
    at: Time,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0)]
    latency_ms: u64,
}

/// One card as it stands, and its past.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "card",
    tag = "cards",
    params(
        ("instance" = String, Path, description = "The name of the instance."),
        ("card_id" = i64, Path, description = "The id of the card.")
    ),
    responses(
        (status = 200, description = "The card.", body = CardDetail),
        (status = 404, description = MISSING, body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn one(
    State(board): State<Board>,
    path: Result<Path<(String, String)>, PathRejection>,
    _: Params<Nothing>,
) -> Result<Response, Problem> {
    let Path((instance, card)) = path.map_err(|error| Problem::asked(error.body_text()))?;
    let seen = Seen::of(&board);
    let instance = seen.instance(&instance)?;
    let not_a_number = || Problem::asked(format!("the id of a card is a whole number, not {}", quoted(&card)));
    let id = card.parse().map(CardId).map_err(|_| not_a_number())?;
    let card = instance.cards.get(&id).ok_or_else(|| {
        let name = &instance.name;
        Problem::missing(format!(
            "no card {id} is monitored in '{name}'; {}?instance={name} lists those that are, and the command \
             'cardwatch history {id}' tells the past of one that no listing holds any more",
            super::cards::PATH
        ))
    })?;
    let past = board.store.card_past(&instance.name, id, seen.now - BACK).await;
    let past = past.map_err(|error| Problem::of_store(&error))?.unwrap_or_default();
    let card = Card::of(&seen, &Match { instance, id, card });
    answer::json(&CardDetail::of(card, past, seen.now))
}

impl CardDetail {
    fn of(card: Card, past: CardPast, now: Timestamp) -> Self {
        let CardPast { transitions, renders, results, incidents, mutes } = past;
        let render_times = renders.into_iter().map(|(at, took)| RenderTime { at: Time(at), latency_ms: millis(took) });
        Self {
            card,
            transitions: transitions.into_iter().map(Transition::of).collect(),
            incidents: incidents.into_iter().map(IncidentPast::of).collect(),
            mutes: mutes.iter().map(|mute| PastMute::of(mute, now)).collect(),
            results: results.into_iter().map(RenderResult::of).collect(),
            render_times: render_times.collect(),
        }
    }
}

impl Transition {
    fn of(told: ToldTransition) -> Self {
        let ToldTransition { transition, letters } = told;
        Self {
            at: Time(transition.at),
            to: transition.to.name(),
            first_seen: transition.first_seen,
            reason: transition.reason,
            mails: letters.into_iter().map(Mail::of).collect(),
        }
    }
}

impl Mail {
    fn of(letter: LetterNote) -> Self {
        Self { subject: letter.subject, to: letter.to, sent_at: letter.sent_at.map(Time) }
    }
}

impl IncidentPast {
    fn of(incident: PastIncident) -> Self {
        let PastIncident { id, title, joined_at, left_at } = incident;
        Self { id: id.0, title, joined_at: Time(joined_at), left_at: left_at.map(Time) }
    }
}

impl RenderResult {
    fn of(result: PastResult) -> Self {
        let PastResult { checked_at, verdict, reason, latency_ms } = result;
        Self { checked_at: Time(checked_at), verdict: verdict.name(), reason, latency_ms }
    }
}
