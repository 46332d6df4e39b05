//! The series that a scrape has of each page and each broken card of an instance. Owns their names, their labels and the
//! cap on them; for how long they stay true is [`kept`](super::kept)'s.

use super::Settings;
use super::series::Gauge;
use crate::domain::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::foreign;
use crate::domain::snapshot::InstanceSnapshot;

/// Titles are cut to so many characters in labels.
const LABEL_LIMIT: usize = 200;

/// How many cards are on a page.
pub(super) const PAGE_CARDS: Gauge = Gauge { name: "cardwatch_page_cards", help: "Cards on a page." };

/// How many of them are broken.
pub(super) const PAGE_BROKEN_CARDS: Gauge =
    Gauge { name: "cardwatch_page_broken_cards", help: "Broken cards on a page." };

/// Which cards are broken.
pub(super) const CARD_BROKEN: Gauge =
    Gauge { name: "cardwatch_card_broken", help: "1 for each broken card, up to a cap." };

/// The series of one instance, as text.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Those of [`PAGE_CARDS`].
    pub(super) page_cards: String,
    /// Those of [`PAGE_BROKEN_CARDS`].
    pub(super) page_broken_cards: String,
    /// Those of [`CARD_BROKEN`].
    pub(super) card_broken: String,
    /// Broken cards that have none.
    pub(super) dropped: usize,
}

impl Told {
    pub(super) fn of(instance: &InstanceSnapshot, counted: &Counted, now: Timestamp, settings: &Settings) -> Self {
        let mut told = Self::default();
        told.tell_pages(instance, counted);
        told.tell_broken(instance, now, settings);
        told
    }

    fn tell_pages(&mut self, instance: &InstanceSnapshot, counted: &Counted) {
        for (id, page) in &instance.pages {
            let counts = counted.pages.get(id).copied().unwrap_or_default();
            let (id, title) = (id.to_string(), label(&page.title));
            let labels = [("domo_instance", instance.name.as_str()), ("page", &title), ("page_id", &id)];
            PAGE_CARDS.write(&mut self.page_cards, &labels, counts.all());
            PAGE_BROKEN_CARDS.write(&mut self.page_broken_cards, &labels, counts.broken);
        }
    }

    fn tell_broken(&mut self, instance: &InstanceSnapshot, now: Timestamp, settings: &Settings) {
        for (place, (id, card)) in instance.broken(now, settings.stale_after).enumerate() {
            if place < settings.max_broken_card_series {
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
