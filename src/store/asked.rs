//! What is kept of what was asked beside the renders: addresses of owners, how long cards usually take, and when the
//! invalid beast modes were counted. Owns these reads and the one write of addresses; the rest is saved as a sweep is
//! closed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Store, StoreError};
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::owners::Addresses;

/// A mark of what an instance holds that changes whenever a sweep ended or a mute was made or ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeMark(Vec<Option<i64>>);

impl Store {
    /// The render times of these cards' working renders since an instant, some of them where there are many.
    pub async fn latencies(
        &self,
        instance: &InstanceName,
        cards: &BTreeSet<CardId>,
        since: Timestamp,
    ) -> Result<BTreeMap<CardId, Vec<Duration>>, StoreError> {
        let _ = (instance, cards, since);
        Ok(BTreeMap::new())
    }

    /// The addresses that were looked up since an instant.
    pub async fn addresses(&self, instance: &InstanceName, since: Timestamp) -> Result<Addresses, StoreError> {
        let _ = (instance, since);
        Ok(Addresses::new())
    }

    /// Keeps addresses that were looked up at `now`.
    pub async fn keep_addresses(
        &self,
        instance: &InstanceName,
        addresses: &Addresses,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (instance, addresses, now);
        Ok(())
    }

    /// When Domo last told how many beast modes are invalid.
    pub async fn functions_counted_at(&self, instance: &InstanceName) -> Result<Option<Timestamp>, StoreError> {
        let _ = instance;
        Ok(None)
    }

    /// A mark that changes with what [`Store::snapshot`] would tell.
    pub async fn change_mark(&self, instance: &InstanceName) -> Result<ChangeMark, StoreError> {
        let _ = instance;
        Ok(ChangeMark::default())
    }
}
