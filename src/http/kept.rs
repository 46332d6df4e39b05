//! What is made from a snapshot once and serves every answer until the snapshot or time changes it. Owns telling for how
//! long it serves: over thousands of cards, counting takes longer than all the rest of most answers, and what it comes to
//! changes with a sweep, with a mute, and when a card was not decided for too long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::Settings;
use super::told::Told;
use crate::domain::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::ids::InstanceName;
use crate::domain::search::Texts;
use crate::domain::snapshot::{InstanceSnapshot, Snapshot};

/// What was made last, of each instance. Its copies are one.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    counts: BTreeMap<InstanceName, Entry>,
    /// What cards say, and of which snapshot; of an instance in which somebody has searched.
    texts: BTreeMap<InstanceName, (Weak<InstanceSnapshot>, Arc<Texts>)>,
}

/// What was made of one instance, from what, and for which time.
#[derive(Debug)]
struct Entry {
    /// Not held, so that an old one goes as soon as there is a new one.
    instance: Weak<InstanceSnapshot>,
    stale_after: Duration,
    from: Timestamp,
    /// `None` = for ever.
    until: Option<Timestamp>,
    counted: Arc<Counted>,
    /// With how many series at most it is told.
    told: Option<(usize, Arc<Told>)>,
}

impl Entry {
    fn of(instance: &Arc<InstanceSnapshot>, now: Timestamp, stale_after: Duration) -> Self {
        Self {
            instance: Arc::downgrade(instance),
            stale_after,
            from: now,
            until: instance.holds_until(now, stale_after),
            counted: Arc::new(Counted::of(instance, now, stale_after)),
            told: None,
        }
    }

    fn holds(&self, instance: &Arc<InstanceSnapshot>, now: Timestamp, stale_after: Duration) -> bool {
        is_of(&self.instance, instance)
            && self.stale_after == stale_after
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

/// Whether it is this snapshot: while a weak reference lives, no other comes to lie where its own lay.
fn is_of(one: &Weak<InstanceSnapshot>, instance: &Arc<InstanceSnapshot>) -> bool {
    std::ptr::eq(one.as_ptr(), Arc::as_ptr(instance))
}

impl Kept {
    /// What the cards of an instance say, to be searched.
    pub(super) fn texts(&self, instance: &Arc<InstanceSnapshot>) -> Arc<Texts> {
        let texts = &mut self.shelf().texts;
        if let Some((_, known)) = texts.get(&instance.name).filter(|(of, _)| is_of(of, instance)) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Texts::of(instance));
        texts.insert(instance.name.clone(), (Arc::downgrade(instance), Arc::clone(&fresh)));
        fresh
    }

    /// A panic elsewhere leaves nothing half made: what is made is put there when it is whole.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is counted of each instance at `now`, in the order of the snapshot.
    pub(super) fn counted(&self, snapshot: &Snapshot, now: Timestamp, settings: &Settings) -> Vec<Arc<Counted>> {
        self.each(snapshot, now, settings, |_, entry| Arc::clone(&entry.counted))
    }

    /// What a scrape tells of each instance at `now`, in the order of the snapshot.
    pub(super) fn told(&self, snapshot: &Snapshot, now: Timestamp, settings: &Settings) -> Vec<Arc<Told>> {
        let most = settings.max_broken_card_series;
        self.each(snapshot, now, settings, |instance, entry| match &entry.told {
            Some((known, told)) if *known == most => Arc::clone(told),
            Some(_) | None => {
                let told = Arc::new(Told::of(instance, &entry.counted, now, settings));
                entry.told = Some((most, Arc::clone(&told)));
                told
            }
        })
    }

    /// Asks for something of each instance. What has to be made anew is made by the first who asks, while others wait.
    fn each<T>(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
        settings: &Settings,
        mut ask: impl FnMut(&InstanceSnapshot, &mut Entry) -> T,
    ) -> Vec<T> {
        let mut all = self.shelf();
        all.texts.retain(|_, (of, _)| of.strong_count() > 0);
        let counts = &mut all.counts;
        counts.retain(|name, _| snapshot.iter().any(|instance| instance.name == *name));
        let of_each = snapshot.iter().map(|instance| {
            let fresh = || Entry::of(instance, now, settings.stale_after);
            let entry = counts.entry(instance.name.clone()).or_insert_with(fresh);
            if !entry.holds(instance, now, settings.stale_after) {
                *entry = fresh();
            }
            ask(instance, entry)
        });
        of_each.collect()
    }
}
