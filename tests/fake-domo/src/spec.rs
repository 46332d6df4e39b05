//! How large an instance to make up, and the making. Owns that the same [`Spec`] gives the same
//! instance; the words that titles are made of are in `words`.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    Behaviour, Dataset,
    instance::{Card, Instance, Owner, Page},
    rng::Rng,
    state::World,
    words,
};

/// The types of cards that have no render.
const NOT_KPI: [&str; 4] = ["document", "domoapp", "text", "badge"];

/// How large an instance to make up, from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    seed: u64,
    pages: usize,
    cards: usize,
    apps: usize,
    broken: usize,
    latency: Duration,
    jitter: Duration,
}

impl Spec {
    /// An instance without pages and cards, to be filled by hand or by what is set here.
    pub fn new(seed: u64) -> Self {
        Self { seed, pages: 0, cards: 0, apps: 1, broken: 0, latency: Duration::ZERO, jitter: Duration::ZERO }
    }

    /// This many pages, about a third of them sub-pages. From 8 on one of them has no cards.
    #[must_use]
    pub fn pages(mut self, pages: usize) -> Self {
        self.pages = pages;
        self
    }

    /// This many cards in all. One in 20 is on two or three pages, one in 25 is not a kpi card,
    /// and one in 50 is on a view of an app and on no page. Cards without pages need
    /// [`Spec::pages`] to be 0.
    #[must_use]
    pub fn cards(mut self, cards: usize) -> Self {
        self.cards = cards;
        self
    }

    /// This many App Studio apps, each with two views; one by default if there are pages and
    /// cards.
    #[must_use]
    pub fn apps(mut self, apps: usize) -> Self {
        self.apps = apps;
        self
    }

    /// This many kpi cards are broken from the start, in each of
    /// [`Behaviour::every_broken_shape`] in turn.
    #[must_use]
    pub fn broken(mut self, broken: usize) -> Self {
        self.broken = broken;
        self
    }

    /// How long each render takes, and at most how much longer; the surplus comes from the seed.
    #[must_use]
    pub fn latency(mut self, latency: Duration, jitter: Duration) -> Self {
        self.latency = latency;
        self.jitter = jitter;
        self
    }

    /// The instance that this describes, healthy but for what is broken from the start.
    pub(crate) fn build(self) -> World {
        let mut maker = Maker::new(self.seed);
        maker.make_pages(self.pages);
        if self.pages > 0 && self.cards > 0 {
            maker.make_apps(self.apps);
        }
        maker.make_cards(self.cards);
        maker.fill_system_pages();
        maker.break_cards(self.broken);
        let mut world = World::new(self.seed, maker.instance);
        world.latency = self.latency;
        world.jitter = self.jitter;
        world
    }
}

/// An instance in the making.
struct Maker {
    rng: Rng,
    used: BTreeSet<i64>,
    instance: Instance,
    owners: Vec<Owner>,
    datasets: Vec<Dataset>,
    /// The pages that may hold cards.
    pages: Vec<i64>,
    views: Vec<i64>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut used = BTreeSet::new();
        let owners = words::OWNERS
            .iter()
            .map(|&(name, group)| Owner { id: new_id(&mut rng, &mut used), name: name.to_owned(), group })
            .collect();
        let datasets: Vec<Dataset> = words::DATASETS
            .iter()
            .map(|&(name, provider)| Dataset {
                id: uuid(&mut rng),
                name: name.to_owned(),
                provider: provider.to_owned(),
            })
            .collect();
        Self { rng, used, instance: Instance::empty(), owners, datasets, pages: Vec::new(), views: Vec::new() }
    }

    fn id(&mut self) -> i64 {
        new_id(&mut self.rng, &mut self.used)
    }

    fn owners(&mut self) -> Vec<Owner> {
        let first = self.rng.pick(&self.owners).clone();
        let second = self.rng.pick(&self.owners).clone();
        if second != first && self.rng.below(6) == 0 {
            return vec![first, second];
        }
        vec![first]
    }

    fn make_pages(&mut self, count: usize) {
        for n in 0..count {
            let id = self.id();
            let mut page = Page::new(&words::page_title(n), self.owners());
            // Every third page is below an earlier one, now and then below a sub-page.
            if n % 3 == 2 {
                page.parent = Some(*self.rng.pick(&self.pages));
            }
            self.instance.pages.insert(id, page);
            self.pages.push(id);
        }
        if count >= 8 {
            self.pages.pop();
        }
    }

    fn make_apps(&mut self, count: usize) {
        for n in 0..count {
            let app = self.id();
            let (first, second) = (self.id(), self.id());
            let views = [(first, "Pipeline"), (second, "Forecast")];
            self.instance.add_app(app, &words::app_title(n), &views);
            self.views.extend([first, second]);
        }
    }

    fn make_cards(&mut self, count: usize) {
        for n in 0..count {
            let card = self.card(n);
            let pages = self.pages_for(n);
            let id = self.id();
            self.instance.add_card(id, card, &pages);
        }
    }

    fn card(&mut self, n: usize) -> Card {
        let kind = if n % 25 == 24 { NOT_KPI[n / 25 % NOT_KPI.len()] } else { "kpi" };
        let mut card = Card::new(&words::card_title(&mut self.rng, n), kind);
        card.owners = self.owners();
        if kind == "kpi" {
            let chart_type = *self.rng.pick(&words::CHART_TYPES);
            chart_type.clone_into(&mut card.chart_type);
            let dataset = self.rng.pick(&self.datasets).clone();
            card.datasets = vec![dataset.id.clone()];
            self.instance.add_dataset(dataset, &words::COLUMNS);
        }
        card
    }

    fn pages_for(&mut self, n: usize) -> Vec<i64> {
        if self.pages.is_empty() {
            return Vec::new();
        }
        if n % 50 == 13 && !self.views.is_empty() {
            return vec![*self.rng.pick(&self.views)];
        }
        // The first cards go around, so that no page stays empty by chance.
        let first = if n < self.pages.len() { self.pages[n] } else { *self.rng.pick(&self.pages) };
        let mut pages = vec![first];
        if n % 20 == 7 {
            for _ in 0..=self.rng.index(2) {
                let another = *self.rng.pick(&self.pages);
                if !pages.contains(&another) {
                    pages.push(another);
                }
            }
        }
        pages
    }

    /// The user's favourites and the like: cards that are elsewhere as well.
    fn fill_system_pages(&mut self) {
        let cards: Vec<i64> = self.instance.cards.keys().copied().collect();
        for (page, count) in [(-100_000, 5), (-100_002, 4), (-100_003, 3)] {
            if cards.len() < 20 {
                return;
            }
            let start = self.rng.index(cards.len() - count);
            if let Some(page) = self.instance.pages.get_mut(&page) {
                page.cards = cards[start..start + count].to_vec();
            }
        }
    }

    fn break_cards(&mut self, count: usize) {
        let mut left: Vec<i64> = self.kpi_cards();
        for (behaviour, _) in Behaviour::every_broken_shape().iter().cycle().take(count) {
            if left.is_empty() {
                return;
            }
            let id = left.swap_remove(self.rng.index(left.len()));
            if let Some(card) = self.instance.cards.get_mut(&id) {
                card.behaviour = behaviour.clone();
            }
        }
    }

    fn kpi_cards(&self) -> Vec<i64> {
        let kpi = |(id, card): (&i64, &Card)| (card.kind == "kpi").then_some(*id);
        self.instance.cards.iter().filter_map(kpi).collect()
    }
}

/// An id that looks like one of Domo's and is given once.
fn new_id(rng: &mut Rng, used: &mut BTreeSet<i64>) -> i64 {
    loop {
        let id = 100_000_000 + i64::try_from(rng.below(1_999_999_999)).unwrap_or(0);
        if used.insert(id) {
            return id;
        }
    }
}

fn uuid(rng: &mut Rng) -> String {
    let (a, b) = (rng.next(), rng.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff,
    )
}
