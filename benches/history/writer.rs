//! Sweeps without a Domo: what they find is written into the database by the daemon's own code, in the order in which
//! answers come. Owns what the cards say; when a sweep is made is the caller's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::closing::{self, Asked, Judged, Memory, Swept};
use cardwatch::domain::ids::{CardId, InstanceName, PageId};
use cardwatch::domain::report::Letter;
use cardwatch::domain::sweep::{
    CardKind, Exclusions, ListedCard, ListedPage, Listing, PageKind, Plan, Remembered, Scope,
};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use cardwatch::store::{OpenSweep, SavedResult, Store};
use chrono::TimeDelta;

/// So many results are saved at once, as the daemon does.
pub(crate) const CHUNK: usize = 512;

/// So many renders are under way at once: answers come within so many places of the order in which they were asked for.
const UNDER_WAY: usize = 128;

/// So many cards are asked for in a second.
const PACE: usize = 220;

/// One instance and what is listed of it.
pub(crate) struct Writer {
    pub(crate) store: Store,
    name: InstanceName,
    listing: Listing,
    remembered: Remembered,
    /// Sweeps so far.
    swept: u64,
}

impl Writer {
    /// Of an instance 'acme' that is new, with so many cards, five on a page.
    pub(crate) async fn of_new(store: Store, cards: usize) -> anyhow::Result<Self> {
        let name: InstanceName = "acme".parse()?;
        store.know_instance(&name, &"https://acme.domo.com".parse()?, Duration::from_hours(24)).await?;
        let cards: Vec<ListedCard> = (1..).take(cards).map(card).collect();
        let page = |(id, cards): (i64, &[ListedCard])| ListedPage {
            id: PageId(id),
            title: format!("Page {id}"),
            kind: PageKind::Page,
            owners: [].into(),
            cards: cards.iter().map(|card| card.id).collect(),
        };
        let pages = (1..).zip(cards.chunks(5)).map(page).collect();
        let cards = cards.into_iter().map(|card| (card.id, card)).collect();
        Ok(Self { store, name, listing: listed(pages, cards), remembered: Remembered::default(), swept: 0 })
    }

    /// Of the instance 'acme' as a database remembers it.
    pub(crate) async fn of_remembered(store: Store) -> anyhow::Result<Self> {
        let name: InstanceName = "acme".parse()?;
        let remembered = store.remembered(&name, &BTreeSet::new()).await?;
        let pages = remembered.pages.values().map(|remembered| remembered.page.clone()).collect();
        Ok(Self { store, name, listing: listed(pages, remembered.cards.clone()), remembered, swept: 0 })
    }

    fn plan(&self) -> Plan {
        Plan::new(self.listing.clone(), &self.remembered, &Exclusions::default())
    }

    /// A sweep that has begun, and what it will find, in the order in which it is found.
    pub(crate) async fn begin(&mut self, at: Timestamp) -> anyhow::Result<(OpenSweep, Plan, Vec<SavedResult>)> {
        let plan = self.plan();
        let mut sweep = self.store.begin_sweep(&self.name, std::process::id(), at).await?;
        self.store.add_planned_cards(&mut sweep, &plan).await?;
        self.swept += 1;
        let mut cards: Vec<CardId> = plan.to_render().collect();
        for (window, seed) in cards.chunks_mut(UNDER_WAY).zip(self.swept..) {
            window.sort_by_key(|card| mixed(card.0.unsigned_abs(), seed));
        }
        let found = cards.iter().enumerate().map(|(place, card)| self.result(at, place, *card));
        Ok((sweep, plan, found.collect()))
    }

    /// A whole sweep. Cards that break and recover are told of in a mail, which is sent at once.
    pub(crate) async fn sweep(&mut self, at: Timestamp) -> anyhow::Result<usize> {
        let (mut sweep, plan, found) = self.begin(at).await?;
        for chunk in found.chunks(CHUNK) {
            self.store.append_results(&mut sweep, chunk).await?;
        }
        let judged =
            |one: &SavedResult| (one.card, Judged { verdict: one.verdict.clone(), at: one.at, latency: one.latency });
        let swept = Swept {
            sweep: sweep.id,
            started_at: at,
            finished_at: at + TimeDelta::minutes(1),
            trouble: None,
            plan,
            verdicts: found.iter().map(judged).collect(),
            asked: Asked::default(),
        };
        let letter = letter(&format!("{}.bench@example.com", sweep.id));
        let decide = |memory: &Memory| {
            let closing = closing::close(&swept, memory, None);
            let letters = if closing.transitions.is_empty() { Vec::new() } else { vec![letter] };
            (closing, letters)
        };
        self.store.finish_sweep(sweep, &swept, at - TimeDelta::days(1), decide).await?;
        while let Some(letter) = self.store.next_letter(&BTreeSet::new(), &BTreeSet::new()).await? {
            self.store.mark_sent(letter.id, swept.finished_at).await?;
        }
        Ok(found.len())
    }

    fn result(&self, at: Timestamp, place: usize, card: CardId) -> SavedResult {
        let of_card = card.0.unsigned_abs();
        let seconds = i64::try_from(place / PACE).unwrap_or(i64::MAX);
        SavedResult {
            card,
            round: 0,
            verdict: verdict(of_card, self.swept),
            at: at + TimeDelta::seconds(seconds),
            latency: Duration::from_millis(200 + of_card * 7_919 % 1_800 + mixed(of_card, self.swept) % 400),
        }
    }
}

/// Eight in a hundred cards are broken, each out of fifty of the others is for a while, one in three hundred cannot be
/// checked.
fn verdict(card: u64, sweep: u64) -> Verdict {
    let broken = |cause: u64| {
        let text = format!("Invalid column(s) referenced: amount_{}", cause % 300);
        Verdict::Broken(Reason { class: Class::Misconfigured, text })
    };
    match card % 300 {
        0 => Verdict::Unchecked("no access (403)".to_owned()),
        1..=24 => broken(card),
        _ if card.is_multiple_of(50) && (sweep + card / 50) % 96 < 7 => broken(card / 50),
        _ => Verdict::Working { no_data: false },
    }
}

/// A number that depends on both, and on each of their bits.
fn mixed(one: u64, other: u64) -> u64 {
    let mixed = (one ^ other.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
}

fn card(id: i64) -> ListedCard {
    let (title, kind) = (format!("Card {id} by region and quarter"), CardKind::named("kpi"));
    ListedCard { id: CardId(id), title, kind, owners: [].into(), datasets: None }
}

fn listed(pages: Vec<ListedPage>, cards: BTreeMap<CardId, ListedCard>) -> Listing {
    let (loose, datasets) = (BTreeSet::new(), BTreeMap::new());
    Listing { scope: Scope::Instance, pages, cards, loose, datasets, unlisted: Vec::new() }
}

fn letter(message_id: &str) -> Letter {
    Letter {
        message_id: message_id.to_owned(),
        references: Vec::new(),
        to: vec!["Admins <admins@example.com>".to_owned()],
        subject: "[cardwatch] acme: cards broke".to_owned(),
        text: "a card broke\n".repeat(80),
        html: "<p>a card broke</p>\n".repeat(250),
        csv: None,
    }
}
