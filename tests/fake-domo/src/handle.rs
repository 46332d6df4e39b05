//! The handle on a running fake: what a test sets, changes and asks. Owns the task that serves;
//! every method is short, and none but [`Domo::shutdown`] waits.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    Behaviour, Call, Condition, Dataset, Login, Owner, PageAnswer,
    instance::{Card, Instance, Page},
    limits::Limits,
    state::Shared,
    words,
};

/// A running fake. Clones are handles on the same one; it runs until [`Domo::shutdown`] or until
/// its runtime ends.
#[derive(Clone, Debug)]
pub struct Domo {
    pub(crate) shared: Arc<Shared>,
    pub(crate) running: Option<Arc<Running>>,
}

/// The task behind a handle.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: Mutex<Option<JoinHandle<()>>>,
}

/// A card as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardInfo {
    /// Its id.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its type: `kpi`, `document`, …
    pub kind: String,
    /// The pages and views that hold it; system pages are not among them.
    pub pages: Vec<i64>,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// The datasets that feed it.
    pub datasets: Vec<Dataset>,
    /// The columns that it uses.
    pub columns: Vec<String>,
    /// What it does when rendered.
    pub behaviour: Behaviour,
    /// How often it was rendered.
    pub renders: u64,
}

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// An ordinary page.
    Page,
    /// A system page, with a negative id.
    System,
    /// A view of an App Studio app.
    View,
}

/// A page as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageInfo {
    /// Its id.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: PageKind,
    /// The page above it.
    pub parent: Option<i64>,
    /// The app whose view it is.
    pub app: Option<i64>,
    /// The cards on it.
    pub cards: Vec<i64>,
}

/// Where it is, who may come in, and the end.
impl Domo {
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), running: None }
    }

    /// Its address, such as `http://127.0.0.1:40123`, without a slash at the end.
    pub fn url(&self) -> String {
        let running = self.running.as_ref();
        running.map_or_else(String::new, |it| format!("http://{}", it.addr))
    }

    /// The access token that it takes.
    pub fn token(&self) -> String {
        self.shared.world().user.token.clone()
    }

    /// The user that it takes: an e-mail address.
    pub fn user(&self) -> String {
        self.shared.world().user.email.clone()
    }

    /// The password that it takes.
    pub fn password(&self) -> String {
        self.shared.world().user.password.clone()
    }

    /// The session tokens that it has given and not ended.
    pub fn sessions(&self) -> Vec<String> {
        self.shared.world().sessions.keys().cloned().collect()
    }

    /// Ends all sessions: the next call of each gets HTTP 401.
    pub fn drop_sessions(&self) {
        self.shared.world().sessions.clear();
    }

    /// Sessions opened from now on end after this many calls; `None`: never.
    pub fn end_sessions_after(&self, calls: Option<u64>) {
        self.shared.world().session_calls = calls;
    }

    /// The access token is no longer taken: HTTP 401.
    pub fn expire_token(&self) {
        self.shared.world().token_valid = false;
    }

    /// The access token is taken again.
    pub fn renew_token(&self) {
        self.shared.world().token_valid = true;
    }

    /// Whether the user has admin rights; without them the `adminsummary` calls get HTTP 403.
    pub fn set_admin(&self, admin: bool) {
        self.shared.world().admin = admin;
    }

    /// Closes every connection and stops listening. What a call waited for is lost, as when a
    /// server dies.
    pub async fn shutdown(&self) {
        let Some(running) = &self.running else { return };
        self.shared.down.send_replace(true);
        running.stop.send_replace(true);
        let task = running.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task {
            // A client that does not read its large answer would hold the end back for ever.
            if tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// What it does.
impl Domo {
    /// Sets what a card does from its next render on. An id without a card is ignored.
    pub fn set(&self, card: i64, behaviour: Behaviour) {
        if let Some(card) = self.shared.world().instance.cards.get_mut(&card) {
            card.behaviour = behaviour;
        }
    }

    /// The card renders again, if its datasets let it.
    pub fn heal(&self, card: i64) {
        self.set(card, Behaviour::Renders);
    }

    /// All cards render again, since all datasets are whole too.
    pub fn heal_all(&self) {
        let mut world = self.shared.world();
        for card in world.instance.cards.values_mut() {
            card.behaviour = Behaviour::Renders;
        }
        for source in world.instance.datasets.values_mut() {
            source.deleted = false;
            source.dropped.clear();
        }
    }

    /// Sets the condition of the whole instance. `Down` also cuts what is in flight.
    pub fn set_condition(&self, condition: Condition) {
        let mut world = self.shared.world();
        world.condition = condition;
        world.limits = Limits::of(condition);
        drop(world);
        self.shared.down.send_replace(condition == Condition::Down);
    }

    /// Sets what comes of signing in. Sessions that are open stay so.
    pub fn set_login(&self, login: Login) {
        self.shared.world().login = login;
    }

    /// How long each render takes, and at most how much longer; the surplus comes from the seed.
    pub fn set_latency(&self, latency: Duration, jitter: Duration) {
        let mut world = self.shared.world();
        world.latency = latency;
        world.jitter = jitter;
    }
}

/// What it holds.
impl Domo {
    /// Adds a page.
    pub fn add_page(&self, id: i64, title: &str) {
        self.shared.world().instance.add_page(id, title, None);
    }

    /// Adds a page below another.
    pub fn add_subpage(&self, id: i64, parent: i64, title: &str) {
        let mut world = self.shared.world();
        world.instance.add_page(id, title, Some(parent));
    }

    /// Adds an App Studio app with these views.
    pub fn add_app(&self, id: i64, title: &str, views: &[(i64, &str)]) {
        self.shared.world().instance.add_app(id, title, views);
    }

    /// Adds a kpi card to these pages, which may be none.
    ///
    /// # Panics
    /// When one of the pages does not exist.
    pub fn add_card(&self, id: i64, title: &str, pages: &[i64]) {
        self.add_card_of_type(id, title, "kpi", pages);
    }

    /// Adds a card of this type to these pages.
    ///
    /// # Panics
    /// When one of the pages does not exist.
    pub fn add_card_of_type(&self, id: i64, title: &str, kind: &str, pages: &[i64]) {
        let card = Card::new(title, kind);
        self.shared.world().instance.add_card(id, card, pages);
    }

    /// Removes a card from the instance.
    pub fn remove_card(&self, id: i64) {
        self.shared.world().instance.remove_card(id);
    }

    /// Puts a card on these pages and takes it off all others, system pages included.
    ///
    /// # Panics
    /// When one of the pages does not exist.
    pub fn move_card(&self, id: i64, pages: &[i64]) {
        self.shared.world().instance.move_card(id, pages);
    }

    /// Gives a card another title.
    pub fn rename_card(&self, id: i64, title: &str) {
        self.shared.world().instance.rename_card(id, title);
    }

    /// Sets the owners and datasets of a card. A dataset that is new has the usual columns.
    pub fn describe_card(&self, id: i64, owners: &[Owner], datasets: &[Dataset]) {
        let mut world = self.shared.world();
        for dataset in datasets {
            world.instance.add_dataset(dataset.clone(), &words::COLUMNS);
        }
        if let Some(card) = world.instance.cards.get_mut(&id) {
            card.owners = owners.to_vec();
            card.datasets = datasets.iter().map(|dataset| dataset.id.clone()).collect();
        }
    }

    /// Sets the owners of a page.
    pub fn describe_page(&self, id: i64, owners: &[Owner]) {
        if let Some(page) = self.shared.world().instance.pages.get_mut(&id) {
            page.owners = owners.to_vec();
        }
    }

    /// Removes a page. Its cards stay in the instance, its sub-pages come to the top.
    pub fn remove_page(&self, id: i64) {
        self.shared.world().instance.remove_page(id);
    }

    /// Takes all cards off a page; they stay in the instance.
    pub fn empty_page(&self, id: i64) {
        self.shared.world().instance.empty_page(id);
    }

    /// How a page answers when its cards are listed.
    pub fn set_page_answer(&self, id: i64, answer: PageAnswer) {
        if let Some(page) = self.shared.world().instance.pages.get_mut(&id) {
            page.answer = answer;
        }
    }

    /// Whether there is such a card.
    pub fn has_card(&self, id: i64) -> bool {
        self.shared.world().instance.cards.contains_key(&id)
    }

    /// All cards, by id.
    pub fn cards(&self) -> Vec<CardInfo> {
        let world = self.shared.world();
        world.instance.cards.iter().map(|(id, card)| card_info(&world.instance, *id, card)).collect()
    }

    /// The ids of all cards that can be rendered.
    pub fn kpi_cards(&self) -> Vec<i64> {
        let world = self.shared.world();
        let cards = world.instance.cards.iter();
        cards.filter(|(_, card)| card.kind == "kpi").map(|(id, _)| *id).collect()
    }

    /// All pages, by id: system pages and views too.
    pub fn pages(&self) -> Vec<PageInfo> {
        let world = self.shared.world();
        world.instance.pages.iter().map(page_info).collect()
    }
}

/// What was asked of it.
impl Domo {
    /// How often a card's render came as far as the card: signed in, well formed, within capacity.
    pub fn renders_of(&self, card: i64) -> u64 {
        let world = self.shared.world();
        world.instance.cards.get(&card).map_or(0, |card| card.renders)
    }

    /// How many calls of an endpoint came, refused ones included; for the names see
    /// [`Call::endpoint`].
    pub fn calls(&self, endpoint: &str) -> u64 {
        self.shared.world().counts.of(endpoint)
    }

    /// How many calls of an endpoint were answered with this HTTP status; 0 stands for a connection
    /// that was closed.
    pub fn answers(&self, endpoint: &str, status: u16) -> u64 {
        self.shared.world().counts.with_status(endpoint, status)
    }

    /// The calls of each endpoint.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.shared.world().counts.by_endpoint()
    }

    /// Every call, in the order in which they came.
    pub fn call_log(&self) -> Vec<Call> {
        self.shared.world().counts.calls.clone()
    }

    /// Renders in flight now.
    pub fn renders_in_flight(&self) -> usize {
        self.shared.renders_in_flight()
    }

    /// The most renders that were in flight at one time.
    pub fn peak_renders_in_flight(&self) -> usize {
        self.shared.peak_renders()
    }

    /// All counts begin anew, those of the cards too.
    pub fn reset_counts(&self) {
        self.shared.reset_counts();
    }
}

fn card_info(instance: &Instance, id: i64, card: &Card) -> CardInfo {
    let datasets = card.datasets.iter().filter_map(|dataset| instance.datasets.get(dataset));
    CardInfo {
        id,
        title: card.title.clone(),
        kind: card.kind.clone(),
        pages: card.pages.clone(),
        owners: card.owners.clone(),
        datasets: datasets.map(|source| source.dataset.clone()).collect(),
        columns: instance.columns_of(id, card),
        behaviour: card.behaviour.clone(),
        renders: card.renders,
    }
}

fn page_info((id, page): (&i64, &Page)) -> PageInfo {
    let kind = match page.app {
        Some(_) => PageKind::View,
        None if *id < 0 => PageKind::System,
        None => PageKind::Page,
    };
    PageInfo { id: *id, title: page.title.clone(), kind, parent: page.parent, app: page.app, cards: page.cards.clone() }
}
