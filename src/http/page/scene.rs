//! What a page is made from: one snapshot, one instant, the operator's settings. Owns taking them at once, so that a
//! page does not contradict itself, and the few words and marks that every page uses for times and states.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use maud::{Markup, html};

use crate::domain::counted::Counted;
use crate::domain::foreign::one_line;
use crate::domain::ids::InstanceName;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{InstanceSnapshot, Snapshot};
use crate::domain::{Timestamp, rfc3339};
use crate::http::live::LiveBoard;
use crate::http::{Board, InstanceSettings, Kept, Settings};

/// The longest title on a page, in characters.
const TITLE_LIMIT: usize = 160;

/// What a page shows, as of one instant.
pub(super) struct Scene {
    pub(super) now: Timestamp,
    pub(super) snapshot: Snapshot,
    pub(super) settings: Settings,
    pub(super) live: LiveBoard,
    pub(super) kept: Kept,
    /// What is counted of each instance, in the order of the snapshot.
    counted: Vec<Arc<Counted>>,
}

impl Scene {
    /// What is true now.
    pub(super) fn of(board: &Board) -> Self {
        let (now, snapshot) = (board.clock.now(), board.snapshot.borrow().clone());
        let settings = board.settings.borrow().clone();
        let counted = board.kept.counted(&snapshot, now, &settings);
        Self { now, snapshot, settings, live: board.live.clone(), kept: board.kept.clone(), counted }
    }

    /// A configured instance by its name.
    pub(super) fn instance(&self, name: &str) -> Option<&InstanceSnapshot> {
        self.counted_of(name).map(|(instance, _)| instance)
    }

    /// A configured instance by its name, with what is counted of it.
    pub(super) fn counted_of(&self, name: &str) -> Option<(&InstanceSnapshot, &Counted)> {
        self.counted().find(|(instance, _)| instance.name.as_str() == name)
    }

    /// Each instance with what is counted of it.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&InstanceSnapshot, &Counted)> {
        self.snapshot.iter().zip(&self.counted).map(|(instance, counted)| (instance.as_ref(), counted.as_ref()))
    }

    /// What the operator set for an instance.
    pub(super) fn settings_of(&self, name: &InstanceName) -> Option<&InstanceSettings> {
        self.settings.instances.get(name)
    }

    pub(super) fn stale_after(&self) -> Duration {
        self.settings.stale_after
    }

    /// A time: in UTC until the script puts it into the reader's zone, with the exact instant on hover.
    pub(super) fn time(&self, at: Timestamp) -> Markup {
        let exact = rfc3339(at);
        let form = if at.date_naive() == self.now.date_naive() { "%H:%M UTC" } else { "%-d %b %Y, %H:%M UTC" };
        html! { time datetime=(exact) title=(exact) { (at.format(form)) } }
    }

    /// How long ago an instant was, or how long it is ahead: '3 days'.
    pub(super) fn distance(&self, at: Timestamp) -> String {
        span(self.now - at)
    }
}

/// A length of time, in whichever direction: '41 s', '15 min', '3 days'.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().unsigned_abs();
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=5_399 => format!("{} min", (seconds + 30) / 60),
        5_400..=129_599 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// A title as it can be shown.
pub(super) fn title(text: &str) -> String {
    let line = one_line(text, TITLE_LIMIT);
    if line.is_empty() { "(no title)".to_owned() } else { line }
}

/// A state as a sign and a word: never by colour alone.
pub(super) fn state(shown: Shown) -> Markup {
    match shown {
        Shown::Working => html! { span.good { span aria-hidden="true" { "● " } "working" } },
        Shown::Broken => html! { strong.bad { span aria-hidden="true" { "✕ " } "broken" } },
        Shown::Unchecked => html! { span.unsure { span aria-hidden="true" { "? " } "unchecked" } },
        Shown::Unsupported => html! { span.soft { span aria-hidden="true" { "– " } "unsupported" } },
    }
}
