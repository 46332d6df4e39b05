//! The state of a card and how a verdict changes it. Owns the state machine and what the admins were
//! told of it; what is due to be told is decided in [`alerts`](super::alerts).

use std::time::Duration;

use chrono::TimeDelta;

use super::Timestamp;
use super::dataset::Feeding;
use super::ids::IncidentId;
use super::mute::{self, Mute};
use super::rendering::Rendering;
use super::shown::Shown;
use super::strip::Strip;
use super::verdict::{Reason, Verdict};

/// What was last decided about a card. An `unchecked` verdict never changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardState {
    /// Never decided yet.
    Undecided,
    /// Of a type that is not rendered.
    Unsupported,
    /// It rendered.
    Working {
        /// When it was first seen to render after not doing so.
        since: Timestamp,
        /// When it was last decided.
        decided_at: Timestamp,
    },
    /// It did not render.
    Broken {
        /// When it was first seen not to render.
        since: Timestamp,
        /// When it was last decided.
        decided_at: Timestamp,
        /// Why, as of the latest render.
        reason: Reason,
        /// It was broken when it was decided for the first time.
        first_seen: bool,
    },
}

/// A change of what is known about a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// When the render was made that showed it.
    pub at: Timestamp,
    /// What changed.
    pub change: Change,
}

impl Transition {
    /// Whether nothing was known of the card before.
    pub fn is_first_seen(&self) -> bool {
        matches!(self.change, Change::Broke { first_seen: true, .. })
    }
}

/// What a transition changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// From working, or from nothing known, to broken.
    Broke {
        /// Why.
        reason: Reason,
        /// Nothing was known of the card before.
        first_seen: bool,
    },
    /// From broken to working.
    Recovered,
}

impl Change {
    /// The state that the card changed to, as metrics and database name it.
    pub fn to(&self) -> &'static str {
        match self {
            Self::Broke { .. } => Shown::Broken.name(),
            Self::Recovered => Shown::Working.name(),
        }
    }
}

impl CardState {
    /// The state after a verdict given at `at`, and the transition if there was one.
    pub fn after(self, verdict: &Verdict, at: Timestamp) -> (Self, Option<Transition>) {
        match verdict {
            Verdict::Working { .. } => self.after_working(at),
            Verdict::Broken(reason) => self.after_broken(reason, at),
            Verdict::Unchecked(_) => (self, None),
            Verdict::Unsupported => (Self::Unsupported, None),
        }
    }

    fn after_working(self, at: Timestamp) -> (Self, Option<Transition>) {
        match self {
            Self::Undecided | Self::Unsupported => (Self::Working { since: at, decided_at: at }, None),
            Self::Working { since, .. } => (Self::Working { since, decided_at: at }, None),
            Self::Broken { .. } => {
                let transition = Transition { at, change: Change::Recovered };
                (Self::Working { since: at, decided_at: at }, Some(transition))
            }
        }
    }

    fn after_broken(self, reason: &Reason, at: Timestamp) -> (Self, Option<Transition>) {
        let first_seen = match self {
            Self::Broken { since, first_seen, .. } => {
                let reason = reason.clone();
                return (Self::Broken { since, decided_at: at, reason, first_seen }, None);
            }
            Self::Undecided | Self::Unsupported => true,
            Self::Working { .. } => false,
        };
        let change = Change::Broke { reason: reason.clone(), first_seen };
        let state = Self::Broken { since: at, decided_at: at, reason: reason.clone(), first_seen };
        (state, Some(Transition { at, change }))
    }

    /// Whether the card is known to be broken, however long ago that was decided.
    pub fn is_broken(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Undecided | Self::Unsupported | Self::Working { .. } => false,
        }
    }

    /// What to show at `now`: a card that was not decided for `stale_after` is unchecked, never what it once was.
    pub fn shown(&self, now: Timestamp, stale_after: Duration) -> Shown {
        self.shown_beyond(stale_at(now, stale_after))
    }

    /// The same, where cards that were last decided at `stale_at` or before are unchecked. For many cards at once: the
    /// instant is reckoned once.
    pub(super) fn shown_beyond(&self, stale_at: Timestamp) -> Shown {
        let fresh = |decided_at: &Timestamp, shown| if *decided_at <= stale_at { Shown::Unchecked } else { shown };
        match self {
            Self::Undecided => Shown::Unchecked,
            Self::Unsupported => Shown::Unsupported,
            Self::Working { decided_at, .. } => fresh(decided_at, Shown::Working),
            Self::Broken { decided_at, .. } => fresh(decided_at, Shown::Broken),
        }
    }
}

/// What was decided then or before counts no more at `now`.
pub(super) fn stale_at(now: Timestamp, stale_after: Duration) -> Timestamp {
    let stale_after = TimeDelta::from_std(stale_after).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(stale_after).unwrap_or(Timestamp::MIN_UTC)
}

/// What the admins were last told about a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Nothing, or that it works again.
    Nothing,
    /// That it is broken.
    Broken {
        /// When.
        at: Timestamp,
        /// The Message-ID of the first mail that said so.
        message_id: String,
    },
    /// It is broken, and the policy said to keep quiet about it.
    Withheld,
    /// That it is flapping; nothing more is said until it has settled.
    Flapping {
        /// When.
        at: Timestamp,
        /// The Message-ID of the mail that said so.
        message_id: String,
    },
}

impl Told {
    /// When a mail said so; `None` where none did.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Broken { at, .. } | Self::Flapping { at, .. } => Some(*at),
            Self::Nothing | Self::Withheld => None,
        }
    }

    /// The Message-ID of the mail that said so; `None` where none did.
    pub fn message_id(&self) -> Option<&str> {
        match self {
            Self::Broken { message_id, .. } | Self::Flapping { message_id, .. } => Some(message_id),
            Self::Nothing | Self::Withheld => None,
        }
    }
}

/// What the store remembers of a card between sweeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardMemory {
    /// What is true, as far as it was last decided.
    pub state: CardState,
    /// What was told.
    pub told: Told,
    /// When it changed lately, first sights aside: at least as far back as [`super::alerts::Policy::flap_window`].
    pub changes: Vec<Timestamp>,
    /// How it rendered when it was last decided.
    pub rendering: Rendering,
    /// The mute that holds, or whose end has not been written down yet.
    pub mute: Option<Box<Mute>>,
    /// The open incident that it is in.
    pub incident: Option<IncidentId>,
    /// The datasets that feed it, as far as they were ever told.
    pub datasets: Feeding,
    /// The verdicts of the latest sweeps that looked at it.
    pub recent: Strip,
}

impl CardMemory {
    /// The memory of a card that was never seen.
    pub fn new() -> Self {
        Self::of(CardState::Undecided, Told::Nothing)
    }

    /// A memory of a state and of what was told of it, and of nothing else.
    pub fn of(state: CardState, told: Told) -> Self {
        Self {
            state,
            told,
            changes: Vec::new(),
            rendering: Rendering::default(),
            mute: None,
            incident: None,
            datasets: Feeding::default(),
            recent: Strip::default(),
        }
    }

    /// The mute that holds at `now`.
    pub fn mute_at(&self, now: Timestamp) -> Option<&Mute> {
        mute::that_holds(self.mute.as_deref(), &self.state, now)
    }
}

impl Default for CardMemory {
    fn default() -> Self {
        Self::new()
    }
}
