//! Mutes as they are made, ended and listed by hand. Owns these units of work; a mute that ends by time or recovery is
//! ended by [`super::closing`].

use super::{Store, StoreError};
use crate::domain::Timestamp;
use crate::domain::card::Shown;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::mute::{Mute, MuteEnd};

/// A mute of the past or the present, and the card that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteRecord {
    /// The instance's name.
    pub instance: String,
    /// The instance's address.
    pub instance_url: String,
    /// The card.
    pub card: CardId,
    /// The card's title: foreign text.
    pub title: String,
    /// The mute.
    pub mute: Mute,
    /// How it ended, when, and by whom where somebody ended it; `None` = it was not ended yet, though its time may be
    /// up.
    pub ended: Option<Ended>,
}

/// The end of a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: MuteEnd,
    /// When.
    pub at: Timestamp,
    /// Who ended it; `None` where nobody had to.
    pub by: Option<String>,
}

/// Why a card cannot be muted or unmuted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuteRefused {
    /// No card of this id is monitored.
    NoSuchCard,
    /// Several instances have a card of this id: their names.
    Ambiguous(Vec<String>),
    /// It is not broken, so that there is nothing to acknowledge: its state instead.
    NotBroken(Shown),
    /// It is not muted, so that there is nothing to end.
    NotMuted,
}

impl Store {
    /// Mutes a broken card. A mute that holds already is ended by the same hand, and this one takes its place.
    pub async fn mute(
        &self,
        card: CardId,
        instance: Option<&InstanceName>,
        mute: &Mute,
    ) -> Result<Result<MuteRecord, MuteRefused>, StoreError> {
        let _ = (card, instance, mute);
        Ok(Err(MuteRefused::NoSuchCard))
    }

    /// Ends the mute of a card, by the hand of `by`. Returns what was ended.
    pub async fn unmute(
        &self,
        card: CardId,
        instance: Option<&InstanceName>,
        by: &str,
        now: Timestamp,
    ) -> Result<Result<MuteRecord, MuteRefused>, StoreError> {
        let _ = (card, instance, by, now);
        Ok(Err(MuteRefused::NoSuchCard))
    }

    /// The mutes that hold at `now`, or with `all` every one that is remembered, the latest first.
    pub async fn mutes(&self, all: bool, now: Timestamp) -> Result<Vec<MuteRecord>, StoreError> {
        let _ = (all, now);
        Ok(Vec::new())
    }
}
