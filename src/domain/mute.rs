//! A mute: somebody knows of a broken card and wants no mail of it for a while. Owns when a mute holds and how it
//! ends; what a mail leaves out because of it is [`alerts`](super::alerts)'s.

use super::Timestamp;
use super::card::CardState;

/// Keeps a broken card out of mails and reminders until its time is up or the card has recovered. On page, gauges
/// and in `status` it stays broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Why, in the words of who muted it: never empty.
    pub reason: String,
    /// Who muted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When its time is up; `None` = it holds until the card has recovered.
    pub until: Option<Timestamp>,
}

impl Mute {
    /// Whether it still holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The mute of a card that holds at `now`: of a card that is not broken none does.
pub(super) fn that_holds<'a>(mute: Option<&'a Mute>, state: &CardState, now: Timestamp) -> Option<&'a Mute> {
    mute.filter(|mute| state.is_broken() && mute.holds(now))
}

/// How a mute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteEnd {
    /// Its time was up.
    Expired,
    /// The card works again.
    Recovered,
    /// Somebody ended it.
    Unmuted,
}

impl MuteEnd {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Expired, Self::Recovered, Self::Unmuted];

    /// The name that database and command line use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Recovered => "recovered",
            Self::Unmuted => "unmuted",
        }
    }
}
