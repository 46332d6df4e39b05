//! A card's states over 90 days, a bar for each. Owns what is concluded from its changes, and how that reads in words;
//! drawing is [`chart`](super::chart)'s.

use chrono::TimeDelta;
use maud::{Markup, html};

use super::chart::{Ink, bars};
use super::parts::many;
use super::scene::{Scene, span};
use crate::domain::Timestamp;
use crate::domain::card::CardState;
use crate::domain::shown::Shown;
use crate::domain::snapshot::CardNow;
use crate::store::PastTransition;

/// So many days are shown. A day is 24 hours that end now, or a whole number of days before: the reader's zone is not
/// known here.
const DAYS: i32 = 90;

/// When the timeline begins.
pub(super) fn begin(scene: &Scene) -> Timestamp {
    scene.now.checked_sub_signed(TimeDelta::days(DAYS.into())).unwrap_or(scene.now)
}

/// What a card was in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Working,
    Broken,
    Unknown,
}

/// A stretch of time in which a card was the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
    was: Was,
}

/// The stretches of the 90 days, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    begin: Timestamp,
    stretches: Vec<Stretch>,
}

impl Timeline {
    /// What is concluded from a card's changes, the latest first, and from its state.
    ///
    /// Before the first change on record it was what it changed from, as far back as there are results of it; what it
    /// was before those, and of a card that was seen for the first time then, nobody knows.
    pub(super) fn of(
        scene: &Scene,
        card: &CardNow,
        changes: &[&PastTransition],
        first_decided: Option<Timestamp>,
    ) -> Self {
        let begin = begin(scene);
        let mut points = vec![(begin, Was::Unknown)];
        match (changes.last(), &card.state) {
            (Some(first), _) => points.push((first_decided.unwrap_or(first.at).min(first.at), before(first))),
            (None, CardState::Working { since, .. }) => points.push((*since, Was::Working)),
            (None, CardState::Broken { since, .. }) => points.push((*since, Was::Broken)),
            (None, CardState::Undecided | CardState::Unsupported) => {}
        }
        points.extend(changes.iter().rev().map(|change| (change.at, after(change))));
        points.extend(unseen_since(scene, card).map(|at| (at, Was::Unknown)));
        let ends = points.iter().skip(1).map(|(at, _)| *at).chain([scene.now]);
        let stretches = points.iter().zip(ends).map(|((from, was), until)| Stretch {
            from: (*from).max(begin),
            until: until.min(scene.now),
            was: *was,
        });
        Self { begin, stretches: stretches.filter(|stretch| stretch.from < stretch.until).collect() }
    }

    /// The bars, with what they show in words.
    pub(super) fn figure(&self) -> Markup {
        let days: Vec<(Ink, f64)> = (0..DAYS).map(|day| self.day(day).bar()).collect();
        html! {
            figure.chart.timeline {
                (bars("timeline", &days))
                div.x aria-hidden="true" { span { "90 days ago" } span { "45 days ago" } span { "now" } }
                figcaption.small.soft id="timeline" { (self.in_words()) }
            }
        }
    }

    /// The worst that a card was on a day.
    fn day(&self, day: i32) -> Was {
        let from = self.begin + TimeDelta::days(day.into());
        let until = from + TimeDelta::days(1);
        let touched = self.stretches.iter().filter(|stretch| stretch.from < until && from < stretch.until);
        touched.map(|stretch| stretch.was).max_by_key(|was| was.weight()).unwrap_or(Was::Unknown)
    }

    /// 'Broken for 41 min in 2 spells, working for the rest of the last 90 days.'
    fn in_words(&self) -> String {
        let of = |was: Was| self.stretches.iter().filter(move |stretch| stretch.was == was);
        let spells = many(of(Was::Broken).count(), "spell", "spells");
        let long = |was: Was| {
            let sum: TimeDelta = of(was).map(|stretch| stretch.until - stretch.from).sum();
            (!sum.is_zero()).then(|| span(sum))
        };
        let unknown = if self.is_unknown_first_alone() { "unknown before" } else { "unknown otherwise" };
        match (long(Was::Broken), long(Was::Working), long(Was::Unknown)) {
            (None, None, _) => "Nothing is known of the last 90 days.".to_owned(),
            (None, Some(_), None) => "Working throughout the last 90 days.".to_owned(),
            (Some(_), None, None) => "Broken throughout the last 90 days.".to_owned(),
            (None, Some(working), Some(_)) => format!("Working for {working}, {unknown}."),
            (Some(broken), None, Some(_)) => format!("Broken for {broken}, {unknown}."),
            (Some(broken), Some(_), None) => {
                format!("Broken for {broken} in {spells}, working for the rest of the last 90 days.")
            }
            (Some(broken), Some(working), Some(_)) => {
                format!("Broken for {broken} in {spells}, working for {working}, {unknown}.")
            }
        }
    }

    fn is_unknown_first_alone(&self) -> bool {
        self.stretches.iter().skip(1).all(|stretch| stretch.was != Was::Unknown)
    }
}

impl Was {
    /// What is worse outweighs what is better, and both outweigh that nobody knows.
    fn weight(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Working => 1,
            Self::Broken => 2,
        }
    }

    /// The ink and the height of a day's bar: states differ in both.
    fn bar(self) -> (Ink, f64) {
        match self {
            Self::Working => (Ink::Working, 0.7),
            Self::Broken => (Ink::Broken, 1.0),
            Self::Unknown => (Ink::Unknown, 0.2),
        }
    }
}

/// What a card was before a change.
fn before(change: &PastTransition) -> Was {
    match after(change) {
        _ if change.first_seen => Was::Unknown,
        Was::Broken => Was::Working,
        Was::Working => Was::Broken,
        Was::Unknown => Was::Unknown,
    }
}

fn after(change: &PastTransition) -> Was {
    if change.to == Shown::Broken { Was::Broken } else { Was::Working }
}

/// Since when nobody knows, of a card that was not decided for too long or is of another type.
fn unseen_since(scene: &Scene, card: &CardNow) -> Option<Timestamp> {
    let shown = card.state.shown(scene.now, scene.stale_after());
    match (&card.state, shown) {
        (
            CardState::Working { decided_at, .. } | CardState::Broken { decided_at, .. },
            Shown::Unchecked | Shown::Unsupported,
        ) => Some(*decided_at),
        (CardState::Undecided | CardState::Unsupported, _)
        | (CardState::Working { .. } | CardState::Broken { .. }, Shown::Working | Shown::Broken) => None,
    }
}
