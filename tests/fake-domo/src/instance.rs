//! What a Domo instance holds: pages, cards, App Studio apps, datasets, people. Owns that a card's pages
//! and a page's cards always say the same. It knows neither HTTP nor who may see what.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Behaviour, dataset::Source, people::People};

/// Domo's system pages: they exist for each user, and no list of pages names them.
pub(crate) const SYSTEM_PAGES: [(i64, &str); 4] =
    [(-100_000, "Overview"), (-100_001, "Alerts"), (-100_002, "Shared"), (-100_003, "Favorites")];

/// Somebody who owns a card or a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Domo's id of the user or group.
    pub id: i64,
    /// The name that people read.
    pub name: String,
    /// A group instead of a user.
    pub group: bool,
}

/// How a page answers when its cards are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageAnswer {
    /// With its cards.
    #[default]
    Cards,
    /// With no card, whatever it holds.
    NoCards,
    /// With this HTTP status: 403, 404, 500.
    Status(u16),
}

/// A page, a system page, or a view of an app.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) parent: Option<i64>,
    /// The app whose view this is.
    pub(crate) app: Option<i64>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) cards: Vec<i64>,
    pub(crate) answer: PageAnswer,
}

/// A card.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) chart_type: String,
    pub(crate) owners: Vec<Owner>,
    /// The ids of the datasets that feed it.
    pub(crate) datasets: Vec<String>,
    /// The columns that it uses, where a test has said so.
    pub(crate) columns: Option<BTreeSet<String>>,
    /// How much longer its render takes than that of others.
    pub(crate) latency: Duration,
    /// The pages and views that hold it; system pages are not among them.
    pub(crate) pages: Vec<i64>,
    pub(crate) behaviour: Behaviour,
    pub(crate) renders: u64,
}

/// An App Studio app.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) title: String,
    pub(crate) owners: Vec<Owner>,
    pub(crate) views: Vec<i64>,
}

/// All that an instance holds.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) pages: BTreeMap<i64, Page>,
    pub(crate) cards: BTreeMap<i64, Card>,
    /// The cards in the order of their titles, from the first batch that is asked for until a title changes: to sort
    /// them for each batch would take longer than all else, where there are many.
    by_title: Option<Vec<i64>>,
    pub(crate) apps: BTreeMap<i64, App>,
    pub(crate) datasets: BTreeMap<String, Source>,
    pub(crate) people: People,
    /// How many beast modes are counted as invalid.
    pub(crate) invalid_functions: u64,
}

impl Page {
    pub(crate) fn new(title: &str, owners: Vec<Owner>) -> Self {
        Self { title: title.to_owned(), parent: None, app: None, owners, cards: Vec::new(), answer: PageAnswer::Cards }
    }
}

impl Card {
    /// A card of this title and type that renders.
    pub(crate) fn new(title: &str, kind: &str) -> Self {
        Self {
            title: title.to_owned(),
            kind: kind.to_owned(),
            chart_type: "badge_vert_multibar".to_owned(),
            owners: vec![default_owner()],
            datasets: Vec::new(),
            columns: None,
            latency: Duration::ZERO,
            pages: Vec::new(),
            behaviour: Behaviour::Renders,
            renders: 0,
        }
    }
}

impl Instance {
    /// An instance with nothing but the system pages.
    pub(crate) fn empty() -> Self {
        let pages = SYSTEM_PAGES.map(|(id, title)| (id, Page::new(title, Vec::new()))).into();
        Self {
            pages,
            cards: BTreeMap::new(),
            by_title: None,
            apps: BTreeMap::new(),
            datasets: BTreeMap::new(),
            people: People::default(),
            invalid_functions: 0,
        }
    }

    pub(crate) fn add_page(&mut self, id: i64, title: &str, parent: Option<i64>) {
        let page = Page { parent, ..Page::new(title, vec![default_owner()]) };
        self.pages.insert(id, page);
    }

    pub(crate) fn add_app(&mut self, id: i64, title: &str, views: &[(i64, &str)]) {
        for &(view, view_title) in views {
            let page = Page { app: Some(id), ..Page::new(view_title, vec![default_owner()]) };
            self.pages.insert(view, page);
        }
        let app = App {
            title: title.to_owned(),
            owners: vec![default_owner()],
            views: views.iter().map(|&(view, _)| view).collect(),
        };
        self.apps.insert(id, app);
    }

    /// Adds a card to these pages; a card of that id is replaced.
    ///
    /// # Panics
    /// When one of the pages does not exist: the test is wrong.
    pub(crate) fn add_card(&mut self, id: i64, card: Card, pages: &[i64]) {
        self.by_title = None;
        if self.cards.insert(id, card).is_some() {
            self.take_off_pages(id);
        }
        self.put_on_pages(id, pages);
    }

    /// Gives a card another title.
    pub(crate) fn rename_card(&mut self, id: i64, title: &str) {
        self.by_title = None;
        if let Some(card) = self.cards.get_mut(&id) {
            title.clone_into(&mut card.title);
        }
    }

    /// The ids of all cards, in the order of their titles.
    pub(crate) fn cards_by_title(&mut self) -> &[i64] {
        let cards = &self.cards;
        self.by_title.get_or_insert_with(|| {
            let mut cards: Vec<(&i64, &Card)> = cards.iter().collect();
            cards.sort_by(|(_, a), (_, b)| a.title.cmp(&b.title));
            cards.into_iter().map(|(id, _)| *id).collect()
        })
    }

    pub(crate) fn remove_card(&mut self, id: i64) {
        self.by_title = None;
        self.take_off_pages(id);
        self.cards.remove(&id);
    }

    /// Puts a card on these pages and takes it off all others.
    pub(crate) fn move_card(&mut self, id: i64, pages: &[i64]) {
        self.take_off_pages(id);
        self.put_on_pages(id, pages);
    }

    fn put_on_pages(&mut self, id: i64, pages: &[i64]) {
        for page_id in pages {
            let page = self.pages.get_mut(page_id);
            let page = page.unwrap_or_else(|| panic!("the fake has no page {page_id}"));
            page.cards.push(id);
        }
        if let Some(card) = self.cards.get_mut(&id) {
            card.pages = pages.iter().copied().filter(|page| *page > 0).collect();
        }
    }

    /// Removes a page; its cards stay on their other pages, its sub-pages come to the top.
    pub(crate) fn remove_page(&mut self, id: i64) {
        self.empty_page(id);
        self.pages.remove(&id);
        for page in self.pages.values_mut() {
            page.parent = page.parent.filter(|parent| *parent != id);
        }
        for app in self.apps.values_mut() {
            app.views.retain(|view| *view != id);
        }
    }

    /// Takes all cards off a page.
    pub(crate) fn empty_page(&mut self, id: i64) {
        let Some(page) = self.pages.get_mut(&id) else {
            return;
        };
        for card in std::mem::take(&mut page.cards) {
            if let Some(card) = self.cards.get_mut(&card) {
                card.pages.retain(|page| *page != id);
            }
        }
    }

    /// The page at the top of this page's line of parents; none for a page that is at the top.
    pub(crate) fn top_of(&self, page: &Page) -> Option<i64> {
        let mut top = page.parent?;
        // A line of parents is short; a ring, which a test could build, must not hold us for ever.
        for _ in 0..100 {
            match self.pages.get(&top).and_then(|above| above.parent) {
                Some(above) => top = above,
                None => break,
            }
        }
        Some(top)
    }

    fn take_off_pages(&mut self, card: i64) {
        for page in self.pages.values_mut() {
            page.cards.retain(|held| *held != card);
        }
    }
}

/// The owner of what is built by hand.
pub(crate) fn default_owner() -> Owner {
    Owner { id: 1_200_000_002, name: "Dana Reyes".to_owned(), group: false }
}
