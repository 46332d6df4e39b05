//! A card as it stands, as lists and its own answer tell it. Owns what is said of it and when a fact holds: what is told
//! of a state is told while the card is shown in it.

use serde::Serialize;
use utoipa::ToSchema;

use super::data::{MuteNow, NamedDataset, Page, Slow, Time, classes_or_null, millis, names, recent, states};
use super::seen::Seen;
use crate::domain::card::CardState;
use crate::domain::ids::PageId;
use crate::domain::search::Match;
use crate::domain::shown::Shown;
use crate::domain::strip::Strip;

/// A card as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Card {
    /// The name of its instance.
    instance: String,
    /// Its id, unique within the instance.
    #[serde(rename = "card_id")]
    id: i64,
    /// Its title.
    title: String,
    /// Its address in Domo.
    url: Option<String>,
    /// The pages that hold it.
    pages: Vec<Page>,
    /// The names of its owners.
    owners: Vec<String>,
    /// Whether it renders. A card that was not decided for too long is unchecked.
    #[schema(schema_with = states)]
    state: &'static str,
    /// Since when it is working or broken.
    since: Option<Time>,
    /// When it was last decided; null = never.
    decided_at: Option<Time>,
    /// Why it is broken; of an unchecked card, why the latest sweep could not check it.
    reason: Option<String>,
    /// Domo's class of the reason, of a broken card.
    #[schema(schema_with = classes_or_null)]
    class: Option<&'static str>,
    /// Why the latest sweep could not check it, also where an earlier decision still holds.
    unchecked_because: Option<String>,
    /// It goes back and forth, and the admins were told so.
    flapping: bool,
    /// How long its latest render took, of a working card, in milliseconds.
    #[schema(minimum = 0)]
    latency_ms: Option<u64>,
    /// It works, and is slow by its own history.
    slow: Option<Slow>,
    /// Since when it works, and renders without data.
    no_data_since: Option<Time>,
    /// The mute that holds.
    mute: Option<MuteNow>,
    /// The id of the open incident that it is in, of a broken card.
    incident: Option<i64>,
    /// The datasets that feed it.
    datasets: Vec<NamedDataset>,
    /// What the latest sweeps said of it, the oldest first.
    #[schema(schema_with = recent_verdicts)]
    recent: Vec<&'static str>,
}

impl Card {
    pub(super) fn of(seen: &Seen, found: &Match<'_>) -> Self {
        let Match { instance, id, card } = *found;
        let shown = card.state.shown(seen.now, seen.stale_after());
        let (working, broken) = (shown == Shown::Working, shown == Shown::Broken);
        let told = Told::of(&card.state, shown);
        let known = card.incident.filter(|incident| broken && instance.incidents.contains_key(incident));
        Self {
            instance: instance.name.to_string(),
            id: id.0,
            title: card.title.clone(),
            url: seen.card_url(&instance.name, id),
            pages: pages(found),
            owners: names(&card.owners),
            state: shown.name(),
            since: told.since,
            decided_at: told.decided_at,
            reason: told.reason.or_else(|| card.unchecked_because.clone().filter(|_| shown == Shown::Unchecked)),
            class: told.class,
            unchecked_because: card.unchecked_because.clone(),
            flapping: card.flapping,
            latency_ms: card.rendering.latency.filter(|_| working).map(millis),
            slow: card
                .rendering
                .latency
                .zip(card.rendering.slow_against)
                .filter(|_| working)
                .map(|(latency, usual)| Slow { latency_ms: millis(latency), usual_ms: millis(usual) }),
            no_data_since: card.rendering.no_data_since.filter(|_| working).map(Time),
            mute: card.mute_at(seen.now).filter(|_| broken).map(MuteNow::of),
            incident: known.map(|incident| incident.0),
            datasets: card.datasets.iter().map(|dataset| NamedDataset::of(dataset, instance)).collect(),
            recent: recent(card.recent),
        }
    }
}

/// What the state says, as far as the card is shown in it.
#[derive(Default)]
struct Told {
    since: Option<Time>,
    decided_at: Option<Time>,
    reason: Option<String>,
    class: Option<&'static str>,
}

impl Told {
    fn of(state: &CardState, shown: Shown) -> Self {
        match state {
            CardState::Undecided | CardState::Unsupported => Self::default(),
            CardState::Working { since, decided_at } => Self {
                since: Some(Time(*since)).filter(|_| shown == Shown::Working),
                decided_at: Some(Time(*decided_at)),
                ..Self::default()
            },
            CardState::Broken { since, decided_at, reason, .. } => {
                let holds = shown == Shown::Broken;
                Self {
                    since: Some(Time(*since)).filter(|_| holds),
                    decided_at: Some(Time(*decided_at)),
                    reason: Some(reason.text.clone()).filter(|_| holds),
                    class: Some(reason.class.name()).filter(|_| holds),
                }
            }
        }
    }
}

/// Those of its pages that are monitored.
fn pages(found: &Match<'_>) -> Vec<Page> {
    let titled = |id: &PageId| {
        let page = found.instance.pages.get(id)?;
        Some(Page { id: id.0, title: page.title.clone() })
    };
    found.card.pages.iter().filter_map(titled).collect()
}

fn recent_verdicts() -> utoipa::openapi::schema::Array {
    utoipa::openapi::ArrayBuilder::new()
        .description(Some("What the latest sweeps said of it, the oldest first."))
        .items(super::data::verdicts())
        .max_items(Some(Strip::LENGTH))
        .build()
}
