//! What a scrape tells of the cards of an instance: how many there are of each kind, and the series of its pages and
//! broken cards. Owns making it once for as long as it stays true: over thousands of cards it takes longer than all the
//! rest of a scrape, and changes with a sweep, with a mute, and when a card was not decided for too long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::Settings;
use super::series::Gauge;
use crate::domain::Timestamp;
use crate::domain::foreign;
use crate::domain::ids::InstanceName;
use crate::domain::snapshot::{Counts, InstanceSnapshot, Snapshot};
use crate::domain::verdict::Class;

/// Titles are cut to so many characters in labels.
const LABEL_LIMIT: usize = 200;

/// How many cards are on a page.
pub(super) const PAGE_CARDS: Gauge = Gauge { name: "cardwatch_page_cards", help: "Cards on a page." };

/// How many of them are broken.
pub(super) const PAGE_BROKEN_CARDS: Gauge =
    Gauge { name: "cardwatch_page_broken_cards", help: "Cards on a page that do not render." };

/// Which cards are broken.
pub(super) const CARD_BROKEN: Gauge =
    Gauge { name: "cardwatch_card_broken", help: "1 for each card that does not render, up to a cap." };

/// What is told of one instance.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) counts: Counts,
    /// How many incidents of each class are open.
    pub(super) incidents: Vec<(Class, usize)>,
    pub(super) muted: usize,
    pub(super) slow: usize,
    pub(super) no_data: usize,
    /// The series of [`PAGE_CARDS`].
    pub(super) page_cards: String,
    /// The series of [`PAGE_BROKEN_CARDS`].
    pub(super) page_broken_cards: String,
    /// The series of [`CARD_BROKEN`].
    pub(super) card_broken: String,
    /// Broken cards that have none.
    pub(super) dropped: usize,
}

impl Told {
    fn of(instance: &InstanceSnapshot, now: Timestamp, stale_after: Duration, most_cards: usize) -> Self {
        let open = instance.incidents(now, stale_after);
        let of_class = |class| open.values().filter(|(incident, _)| incident.reason.class == class).count();
        let mut told = Self {
            counts: instance.counts(now, stale_after),
            incidents: Class::ALL.into_iter().map(|class| (class, of_class(class))).collect(),
            muted: instance.muted(now, stale_after),
            slow: instance.slow(now, stale_after),
            no_data: instance.no_data_cards(now, stale_after).count(),
            page_cards: String::new(),
            page_broken_cards: String::new(),
            card_broken: String::new(),
            dropped: 0,
        };
        told.tell_pages(instance, now, stale_after);
        told.tell_broken(instance, now, stale_after, most_cards);
        told
    }

    fn tell_pages(&mut self, instance: &InstanceSnapshot, now: Timestamp, stale_after: Duration) {
        for (id, page) in &instance.pages {
            let counts = instance.page_counts(page, now, stale_after);
            let (id, title) = (id.to_string(), label(&page.title));
            let labels = [("domo_instance", instance.name.as_str()), ("page", &title), ("page_id", &id)];
            PAGE_CARDS.write(&mut self.page_cards, &labels, counts.all());
            PAGE_BROKEN_CARDS.write(&mut self.page_broken_cards, &labels, counts.broken);
        }
    }

    fn tell_broken(&mut self, instance: &InstanceSnapshot, now: Timestamp, stale_after: Duration, most: usize) {
        for (place, (id, card)) in instance.broken(now, stale_after).enumerate() {
            if place < most {
                let (id, title) = (id.to_string(), label(&card.title));
                let labels = [("card", title.as_str()), ("card_id", &id), ("domo_instance", instance.name.as_str())];
                CARD_BROKEN.write(&mut self.card_broken, &labels, 1);
            } else {
                self.dropped += 1;
            }
        }
    }
}

fn label(title: &str) -> String {
    foreign::one_line(title, LABEL_LIMIT)
}

/// What was told last, by instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<ByInstance>>);

type ByInstance = BTreeMap<InstanceName, (Basis, Arc<Told>)>;

/// What something was made from, and for which time.
#[derive(Debug)]
struct Basis {
    /// Not held, so that an old one goes as soon as there is a new one.
    instance: Weak<InstanceSnapshot>,
    stale_after: Duration,
    most_cards: usize,
    from: Timestamp,
    /// `None` = for ever.
    until: Option<Timestamp>,
}

impl Basis {
    fn holds(&self, instance: &Arc<InstanceSnapshot>, now: Timestamp, settings: &Settings) -> bool {
        // While a weak reference lives, no other snapshot comes to lie where its own lay.
        std::ptr::eq(self.instance.as_ptr(), Arc::as_ptr(instance))
            && (self.stale_after, self.most_cards) == (settings.stale_after, settings.max_broken_card_series)
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

impl Kept {
    /// What is to be told at `now`, by instance.
    pub(super) fn told(&self, snapshot: &Snapshot, now: Timestamp, settings: &Settings) -> Vec<Arc<Told>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|name, _| snapshot.iter().any(|instance| instance.name == *name));
        let (stale_after, most_cards) = (settings.stale_after, settings.max_broken_card_series);
        let of = |instance: &Arc<InstanceSnapshot>| {
            if let Some((_, told)) = kept.get(&instance.name).filter(|(basis, _)| basis.holds(instance, now, settings))
            {
                return Arc::clone(told);
            }
            let told = Arc::new(Told::of(instance, now, stale_after, most_cards));
            let until = instance.holds_until(now, stale_after);
            let basis = Basis { instance: Arc::downgrade(instance), stale_after, most_cards, from: now, until };
            kept.insert(instance.name.clone(), (basis, Arc::clone(&told)));
            told
        };
        snapshot.iter().map(of).collect()
    }
}
