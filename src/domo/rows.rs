//! From the rows of Domo's lists to the domain's pages and cards. Owns what a row without id, title or
//! type comes to, and which pages are below which; it asks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::body::{self, Content, Shape};
use super::loose::{Many, Top};
use super::wire::{
    AppBatch, AppRow, CardBatch, CardRow, DatasourceRow, HolderRow, OwnerRow, PageBatch, PageRow, Stack,
};
use super::words::Failure;
use crate::domain::dataset::Dataset;
use crate::domain::ids::{CardId, DatasetId, PageId, UserId};
use crate::domain::owners::Owner;
use crate::domain::sweep::{CardKind, ListedCard, ListedPage, PageKind, Unlisted};

/// A list that comes in batches.
pub(super) trait Batch: Shape {
    /// One element of it.
    type Row: Send;

    /// The elements; `None` where the answer has no list.
    fn rows(self) -> Option<Vec<Top<Self::Row>>>;

    /// What tells one element from another; an element without is of no use.
    fn id(row: &Self::Row) -> Option<i64>;
}

impl Batch for PageBatch {
    type Row = PageRow;

    fn rows(self) -> Option<Vec<Top<PageRow>>> {
        self.page_admin_summaries.listed()
    }

    fn id(row: &PageRow) -> Option<i64> {
        row.page_id.whole()
    }
}

impl Batch for CardBatch {
    type Row = CardRow;

    fn rows(self) -> Option<Vec<Top<CardRow>>> {
        self.card_admin_summaries.listed()
    }

    fn id(row: &CardRow) -> Option<i64> {
        row.id.whole()
    }
}

impl Batch for AppBatch {
    type Row = AppRow;

    fn rows(self) -> Option<Vec<Top<AppRow>>> {
        self.data_app_admin_summaries.listed()
    }

    fn id(row: &AppRow) -> Option<i64> {
        row.data_app_id.whole()
    }
}

/// The pages of an instance, as the list of pages tells them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    titles: BTreeMap<PageId, String>,
    owners: BTreeMap<PageId, Arc<[Owner]>>,
    below: BTreeMap<PageId, Vec<PageId>>,
    shared: Shared,
}

impl Tree {
    /// Reads the list of pages.
    pub(super) fn new(rows: Vec<PageRow>) -> Self {
        let mut tree = Self::default();
        for row in rows {
            tree.add(row);
        }
        tree
    }

    /// Takes note of a page.
    pub(super) fn add(&mut self, row: PageRow) {
        let Some(id) = row.page_id.whole().map(PageId) else { return };
        if let Some(parent) = row.parent_page_id.whole() {
            self.below.entry(PageId(parent)).or_default().push(id);
        }
        if let Some(title) = row.page_title.text() {
            self.titles.insert(id, title);
        }
        let owners = self.shared.owners(owners_of(row.owners));
        self.owners.insert(id, owners);
    }

    /// These pages and all below them, at any depth. Pages that are below themselves are no trouble.
    pub(super) fn with_descendants(&self, roots: &BTreeSet<PageId>) -> BTreeSet<PageId> {
        let mut seen = roots.clone();
        let mut open: Vec<PageId> = roots.iter().copied().collect();
        while let Some(page) = open.pop() {
            let below = self.below.get(&page).into_iter().flatten();
            open.extend(below.filter(|child| seen.insert(**child)));
        }
        seen
    }

    /// The title of a page, where the list has one.
    pub(super) fn title(&self, page: PageId) -> Option<&str> {
        self.titles.get(&page).map(String::as_str)
    }

    /// The owners of a page, none where the list does not have it.
    pub(super) fn owners(&self, page: PageId) -> Arc<[Owner]> {
        self.owners.get(&page).cloned().unwrap_or_default()
    }
}

/// What one answer to a list call would add to a listing, read as each of the lists in turn.
pub fn listed_by(body: &[u8]) -> (Vec<ListedPage>, Vec<ListedCard>) {
    let mut found = Found::default();
    let tree = Tree::new(rows_of::<PageBatch>(body));
    if let Content::Wanted(Stack { title, cards, .. }) = body::parse_whole(body, false, true) {
        let page = PageId(1);
        let below = tree.with_descendants(&BTreeSet::from([page]));
        let title = below.iter().find_map(|page| tree.title(*page)).map(str::to_owned).or_else(|| title.text());
        let owners = below.iter().flat_map(|page| tree.owners(*page).to_vec()).collect();
        found.add_page(page, title, owners, cards.or_none());
    }
    for row in rows_of::<CardBatch>(body) {
        found.add_card(row);
    }
    (found.pages.into_values().collect(), found.cards.into_values().collect())
}

fn rows_of<B: Batch>(body: &[u8]) -> Vec<B::Row> {
    match body::parse_whole::<B>(body, false, true) {
        Content::Wanted(batch) => batch.rows().into_iter().flatten().filter_map(Top::object).collect(),
        _ => Vec::new(),
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The pages.
    pub(super) pages: BTreeMap<PageId, ListedPage>,
    /// The cards.
    pub(super) cards: BTreeMap<CardId, ListedCard>,
    /// The datasets that feed the cards.
    pub(super) datasets: BTreeMap<DatasetId, Dataset>,
    /// What is missing.
    pub(super) unlisted: Vec<Unlisted>,
    /// Why the first page is missing, in two or three words.
    pub(super) brief: Option<&'static str>,
    shared: Shared,
}

/// What many cards and pages have in common, held once.
#[derive(Debug, Default)]
struct Shared(BTreeSet<Arc<[Owner]>>);

impl Shared {
    fn owners(&mut self, owners: Vec<Owner>) -> Arc<[Owner]> {
        if let Some(known) = self.0.get(owners.as_slice()) {
            return Arc::clone(known);
        }
        let owners: Arc<[Owner]> = owners.into();
        self.0.insert(Arc::clone(&owners));
        owners
    }
}

impl Found {
    /// Adds the cards of a page, which is thereby found even if there are none.
    pub(super) fn add_page(
        &mut self,
        id: PageId,
        title: Option<String>,
        owners: Arc<[Owner]>,
        rows: Vec<Top<CardRow>>,
    ) {
        let title = title.unwrap_or_else(|| format!("Page {id}"));
        let cards = rows.into_iter().filter_map(Top::object).filter_map(|row| self.note(row)).collect();
        self.pages.insert(id, ListedPage { id, title, kind: PageKind::Page, owners, cards });
    }

    /// Takes note of a card and of what feeds it; none without an id, since nothing could be asked about it.
    fn note(&mut self, row: CardRow) -> Option<CardId> {
        let id = CardId(row.id.whole()?);
        let fed_by = datasets_of(row.datasources).map(|datasets| {
            let shared = datasets.into_iter().map(|(dataset, described)| {
                let known = self.datasets.entry(dataset);
                let id = known.key().clone();
                known.or_insert(described);
                id
            });
            shared.collect()
        });
        let shared = &mut self.shared;
        let card = self.cards.entry(id).or_insert_with(|| ListedCard {
            id,
            title: row.title.text().unwrap_or_else(|| format!("Card {id}")),
            // No type, no render: only 'kpi' is known to have the call.
            kind: CardKind::named(row.kind.text().as_deref().unwrap_or("unknown")),
            owners: shared.owners(owners_of(row.owners)),
            datasets: None,
        });
        // One list may tell what another does not.
        card.datasets = card.datasets.take().or(fed_by);
        Some(id)
    }

    /// The cards of a page are missing.
    pub(super) fn miss(&mut self, page: PageId, failure: &Failure) {
        self.unlisted.push(failure.of_page(page));
        self.brief.get_or_insert(failure.brief());
    }

    /// Adds a row of the list of all cards, with the pages that hold the card.
    pub(super) fn add_card(&mut self, mut row: CardRow) {
        let holders = std::mem::take(&mut row.page_hierarchy).or_none();
        let Some(card) = self.note(row) else { return };
        for HolderRow { page_id, title } in holders.into_iter().filter_map(Top::object) {
            let Some(id) = page_id.whole().map(PageId) else { continue };
            let page = self.pages.entry(id).or_insert_with(|| ListedPage {
                id,
                title: title.text().unwrap_or_else(|| format!("Page {id}")),
                kind: PageKind::Page,
                owners: Arc::default(),
                cards: BTreeSet::new(),
            });
            page.cards.insert(card);
        }
    }

    /// The cards that no page holds.
    pub(super) fn loose(&self) -> BTreeSet<CardId> {
        let held: BTreeSet<&CardId> = self.pages.values().flat_map(|page| &page.cards).collect();
        self.cards.keys().filter(|card| !held.contains(card)).copied().collect()
    }
}

/// The owners that can be named: a user without a name by the id, a group without one not at all.
fn owners_of(rows: Many<Top<OwnerRow>>) -> Vec<Owner> {
    let owner = |row: OwnerRow| {
        let is_user = row.kind.text().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("user"));
        let user = row.id.whole().filter(|_| is_user).map(UserId);
        let name = row.display_name.text().or_else(|| Some(format!("User {}", user?)))?;
        Some(Owner { user, name })
    };
    rows.or_none().into_iter().filter_map(Top::object).filter_map(owner).collect()
}

/// The datasets of a card; none where they are not told, be it that not one of those told can be identified.
pub(super) fn datasets_of(rows: Many<Top<DatasourceRow>>) -> Option<BTreeMap<DatasetId, Dataset>> {
    let rows = rows.listed()?;
    let is_empty = rows.is_empty();
    let dataset = |row: DatasourceRow| {
        let id = row.data_source_id.written().and_then(|id| DatasetId::new(&id))?;
        let name = row.data_source_name.text().unwrap_or_else(|| id.to_string());
        Some((id, Dataset { name, state: row.state.text(), updated_at: row.last_updated.at() }))
    };
    let datasets: BTreeMap<_, _> = rows.into_iter().filter_map(Top::object).filter_map(dataset).collect();
    (is_empty || !datasets.is_empty()).then_some(datasets)
}
