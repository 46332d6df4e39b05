//! A sweep: what was listed, which cards that makes to render, and how it ended. Owns the plan, the
//! distrust of pages that suddenly list nothing, the counts and the outcome; it does not own asking
//! Domo nor saving anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use litemap::LiteMap;

use super::dataset::{Dataset, Feeding};
use super::ids::{AppId, CardId, DatasetId, PageId};
use super::owners::Owner;
use super::report;
use super::shown::Counts;

/// What kind of page it is, which decides its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageKind {
    /// A dashboard page, system pages among them.
    Page,
    /// A view within an App Studio app.
    View {
        /// The app, where it is known.
        app: Option<AppId>,
    },
}

/// The type of a plain card.
const KPI: &str = "kpi";

/// The type of a card, as Domo names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CardKind(pub Arc<str>);

impl CardKind {
    /// The type of that name. The one that most cards have takes no memory of its own.
    pub fn named(name: &str) -> Self {
        static SHARED: LazyLock<Arc<str>> = LazyLock::new(|| KPI.into());
        Self(if name == KPI { Arc::clone(&SHARED) } else { name.into() })
    }

    /// Whether Domo has a render call for it: only cards of type `kpi` are known to render.
    pub fn renders(&self) -> bool {
        &*self.0 == KPI
    }
}

/// A card as Domo's lists describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCard {
    /// Its id.
    pub id: CardId,
    /// Its title, as its author wrote it: foreign text.
    pub title: String,
    /// Its type.
    pub kind: CardKind,
    /// Its owners, which many cards share.
    pub owners: Arc<[Owner]>,
    /// The datasets that feed it; `None` where the list does not tell.
    pub datasets: Option<Feeding>,
}

/// A page as Domo's lists describe it, with the ids of the cards that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPage {
    /// Its id.
    pub id: PageId,
    /// Its title: foreign text.
    pub title: String,
    /// Its kind.
    pub kind: PageKind,
    /// Its owners, where they were listed.
    pub owners: Arc<[Owner]>,
    /// The cards on it, in no order.
    pub cards: BTreeSet<CardId>,
}

/// A page, or a whole list, that Domo did not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The page; `None` where it is the list of sub-pages or of apps that failed.
    pub page: Option<PageId>,
    /// Why, and what to do about it.
    pub why: String,
}

/// How much of the instance was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The configured pages.
    Pages,
    /// Every card of the instance, those on no page among them.
    Instance,
    /// Some pages, chosen by hand for one sweep: what is not listed is not thereby gone.
    Part,
}

/// What Domo listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How much was asked for.
    pub scope: Scope,
    /// The pages that were listed.
    pub pages: Vec<ListedPage>,
    /// Every card that was listed.
    pub cards: BTreeMap<CardId, ListedCard>,
    /// Those of the cards that are on no page.
    pub loose: BTreeSet<CardId>,
    /// The datasets that feed the cards.
    pub datasets: BTreeMap<DatasetId, Dataset>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
}

/// What the operator excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclusions {
    /// Pages that are not looked at.
    pub pages: BTreeSet<PageId>,
    /// Cards that are not looked at, on whatever page.
    pub cards: BTreeSet<CardId>,
}

/// A page as the latest sweep left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedPage {
    /// The page with the cards that it held.
    pub page: ListedPage,
    /// It listed nothing in the latest sweep, which was not believed then.
    pub doubted: bool,
}

/// What the latest sweeps left, against which a listing is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The pages.
    pub pages: BTreeMap<PageId, RememberedPage>,
    /// The cards.
    pub cards: BTreeMap<CardId, ListedCard>,
}

/// A card of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCard {
    /// The card.
    pub card: ListedCard,
    /// The pages of the plan that hold it, ascending; empty for a card on no page.
    pub pages: Box<[PageId]>,
}

/// What a sweep looks at: each card once, on however many pages it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How much was asked for.
    pub scope: Scope,
    /// The pages, by id.
    pub pages: BTreeMap<PageId, RememberedPage>,
    /// The cards, by id.
    pub cards: LiteMap<CardId, PlannedCard>,
    /// The datasets that feed them, as far as they were listed this time.
    pub datasets: BTreeMap<DatasetId, Dataset>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
    /// Pages that list nothing for the second time, which is believed, with the cards that they held.
    pub emptied: Vec<ListedPage>,
}

impl Plan {
    /// Reads a listing against what is remembered.
    ///
    /// A page that could not be listed keeps the cards that it held, and so does one that held cards
    /// and lists none for the first time: neither says that its cards are gone.
    pub fn new(listing: Listing, remembered: &Remembered, exclusions: &Exclusions) -> Self {
        let Listing { scope, pages, mut cards, loose, datasets, unlisted } = listing;
        let mut pages: BTreeMap<PageId, RememberedPage> =
            pages.into_iter().map(|page| (page.id, RememberedPage { page, doubted: false })).collect();
        let mut emptied = Vec::new();
        for (id, held) in &remembered.pages {
            let doubted = match read(held, pages.get(id), &unlisted, scope) {
                Reading::AsListed => continue,
                Reading::Emptied => {
                    emptied.push(held.page.clone());
                    continue;
                }
                Reading::AsHeld { doubted } => doubted,
            };
            for card in held.page.cards.iter().filter_map(|card| remembered.cards.get(card)) {
                cards.entry(card.id).or_insert_with(|| card.clone());
            }
            pages.insert(*id, RememberedPage { page: held.page.clone(), doubted });
        }
        pages.retain(|id, _| !exclusions.pages.contains(id));
        emptied.retain(|page| !exclusions.pages.contains(&page.id));
        let mut holders: BTreeMap<CardId, Vec<PageId>> = BTreeMap::new();
        for (id, held) in &mut pages {
            held.page.cards.retain(|card| cards.contains_key(card) && !exclusions.cards.contains(card));
            for card in &held.page.cards {
                holders.entry(*card).or_default().push(*id);
            }
        }
        // A card that only excluded pages hold is excluded with them.
        cards.retain(|id, _| !exclusions.cards.contains(id) && (holders.contains_key(id) || loose.contains(id)));
        let cards = cards
            .into_iter()
            .map(|(id, card)| (id, PlannedCard { card, pages: holders.remove(&id).unwrap_or_default().into() }))
            .collect();
        Self { scope, pages, cards, datasets, unlisted, emptied }
    }

    /// The cards that Domo is asked to render, ascending.
    pub fn to_render(&self) -> impl Iterator<Item = CardId> + '_ {
        self.cards.values().filter(|planned| planned.card.kind.renders()).map(|planned| planned.card.id)
    }

    /// Whether what is not in the plan may be taken for gone.
    pub fn is_complete(&self) -> bool {
        self.scope != Scope::Part
    }

    /// The pages that held cards and now list none, which is not believed yet.
    pub fn doubted(&self) -> impl Iterator<Item = &ListedPage> {
        self.pages.values().filter(|held| held.doubted).map(|held| &held.page)
    }
}

/// More than so many troubles of one sweep are counted instead of told.
const MOST_TROUBLES: usize = 5;

impl Plan {
    /// Who answers for a card: its owners; where it has none, those of its pages.
    pub fn owners_of<'a>(&'a self, planned: &'a PlannedCard) -> Vec<&'a Owner> {
        if !planned.card.owners.is_empty() {
            return planned.card.owners.iter().collect();
        }
        let pages = planned.pages.iter().filter_map(|id| self.pages.get(id));
        pages.flat_map(|held| held.page.owners.iter()).collect()
    }

    /// What kept a sweep of this plan from its whole view, in one text: what ended it early, what could not
    /// be listed, which pages are doubted, and which are believed to be empty from now on.
    pub fn trouble(&self, ended_early: Option<String>) -> Option<String> {
        let mut troubles: Vec<String> = ended_early
            .into_iter()
            .chain(self.unlisted.iter().map(|missing| missing.why.clone()))
            .chain(self.doubted().map(doubt))
            .chain(self.emptied.iter().map(emptiness))
            .collect();
        let more = troubles.len().saturating_sub(MOST_TROUBLES);
        troubles.truncate(MOST_TROUBLES);
        if more > 0 {
            troubles.push(format!("and {more} more of the kind"));
        }
        (!troubles.is_empty()).then(|| troubles.join("; "))
    }
}

fn doubt(page: &ListedPage) -> String {
    format!(
        "page {} ('{}') held {} and now lists none, which is not believed until the next sweep says so too; see \
         whether it is still shared with the service user",
        page.id,
        page.title,
        report::cards(page.cards.len())
    )
}

fn emptiness(page: &ListedPage) -> String {
    format!(
        "page {} ('{}') held {} and lists none for the second time, so that what is on no other page is \
         monitored no more; if the page is not empty, share it with the service user",
        page.id,
        page.title,
        report::cards(page.cards.len())
    )
}

/// What becomes of a remembered page.
enum Reading {
    /// The listing is believed.
    AsListed,
    /// It is believed, and the page holds nothing any more.
    Emptied,
    /// The page keeps its cards although the listing does not show them.
    AsHeld {
        /// The page is doubted for it.
        doubted: bool,
    },
}

fn read(held: &RememberedPage, listed: Option<&RememberedPage>, unlisted: &[Unlisted], scope: Scope) -> Reading {
    if held.page.cards.is_empty() {
        return Reading::AsListed;
    }
    let lists_none = match listed {
        Some(listed) => listed.page.cards.is_empty(),
        None if unlisted.iter().any(|missing| missing.hides(held.page.id, scope)) => {
            return Reading::AsHeld { doubted: held.doubted };
        }
        // The whole-instance list names pages only by their cards: an emptied page is not in it at all.
        None => scope == Scope::Instance,
    };
    match (lists_none, held.doubted) {
        (false, _) => Reading::AsListed,
        (true, false) => Reading::AsHeld { doubted: true },
        (true, true) => Reading::Emptied,
    }
}

impl Unlisted {
    /// Whether this failure can be the reason that a page was not listed.
    fn hides(&self, page: PageId, scope: Scope) -> bool {
        match self.page {
            Some(failed) => failed == page,
            // Pages chosen by hand are asked for one by one: no other list leads to them.
            None => scope != Scope::Part,
        }
    }
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every planned card was decided.
    Completed,
    /// Some were not.
    Partial,
    /// No login, or no card list.
    Failed,
    /// The process ended first.
    Interrupted,
    /// The sweep before still ran.
    Skipped,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Completed, Self::Partial, Self::Failed, Self::Interrupted, Self::Skipped];

    /// The name that metrics, database and command line use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// How a sweep ended that could list its cards: what could not be listed counts as undecided.
    pub fn of(counts: &Counts, unlisted: &[Unlisted]) -> Self {
        if counts.unchecked == 0 && unlisted.is_empty() { Self::Completed } else { Self::Partial }
    }
}
