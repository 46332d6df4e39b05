//! What is asked for: each kind of address with many ids, so that no answer is one that was just given. Owns the list;
//! a new address of the daemon's is a line in [`of`].

use fake_domo::{Behaviour, CardInfo, Domo, PageInfo, PageKind};

/// One kind of address.
pub(crate) struct Address {
    /// What it is called in the table.
    pub(crate) name: String,
    /// The addresses, which are asked for in turn.
    pub(crate) paths: Vec<String>,
}

/// So many ids are asked for in turn.
const VARIED: usize = 499;

/// Words that people look for: of titles, pages, owners, datasets and reasons, and one that is nowhere.
const WORDS: [&str; 10] =
    ["revenue", "margin", "finance", "dana", "orders", "amount_7", "timed+out", "churn+month", "sales", "nowhere"];

/// Every kind of address, or those whose name contains `only`.
pub(crate) fn of(domo: &Domo, only: Option<&str>) -> Vec<Address> {
    let cards: Vec<CardInfo> = domo.cards().into_iter().filter(|card| card.kind == "kpi").collect();
    let (broken, working): (Vec<&CardInfo>, Vec<&CardInfo>) =
        cards.iter().partition(|card| matches!(card.behaviour, Behaviour::BadRequest(_)));
    let card = |card: &&CardInfo| format!("/instances/acme/cards/{}", card.id);
    let searches = WORDS.iter().flat_map(|word| [format!("/?q={word}"), format!("/?q={word}&state=working")]);
    let all = [
        one("/", "/"),
        many("/?q=…", searches),
        many("/?state=broken&from=…", (0..broken.len()).step_by(50).map(|from| format!("/?state=broken&from={from}"))),
        one("/instances/acme", "/instances/acme"),
        many("a page with many cards", largest_pages(domo).map(|id| format!("/instances/acme/pages/{id}"))),
        many("a broken card", broken.iter().map(card)),
        many("a working card", working.iter().map(card)),
        one("/metrics", "/metrics"),
        one("/api/v1/instances", "/api/v1/instances"),
        one("/api/v1/cards?limit=100", "/api/v1/cards?limit=100"),
        many("/api/v1/cards?q=…", WORDS.iter().map(|word| format!("/api/v1/cards?q={word}&limit=100"))),
        many("/api/v1/cards/acme/ID", cards.iter().map(|card| format!("/api/v1/cards/acme/{}", card.id))),
        one("/api/v1/sweeps", "/api/v1/sweeps?instance=acme"),
        one("/badge/acme.svg", "/badge/acme.svg"),
        one("/readyz", "/readyz"),
    ];
    all.into_iter().filter(|address| only.is_none_or(|only| address.name.contains(only))).collect()
}

/// One after the other, each as often as the others.
pub(crate) fn all_in_turn(addresses: &[Address]) -> Address {
    let rounds = addresses.iter().map(|address| address.paths.len()).max().unwrap_or_default();
    let paths = (0..rounds).flat_map(|round| {
        addresses.iter().filter_map(move |address| address.paths.get(round % address.paths.len().max(1)).cloned())
    });
    Address { name: "all in turn".to_owned(), paths: paths.collect() }
}

/// The pages that hold the most cards.
fn largest_pages(domo: &Domo) -> impl Iterator<Item = i64> {
    let mut pages: Vec<PageInfo> = domo.pages().into_iter().filter(|page| page.kind == PageKind::Page).collect();
    pages.sort_by_key(|page| std::cmp::Reverse(page.cards.len()));
    pages.into_iter().take(20).map(|page| page.id)
}

fn one(name: &str, path: &str) -> Address {
    Address { name: name.to_owned(), paths: vec![path.to_owned()] }
}

/// Spread over all that there are.
fn many(name: &str, paths: impl Iterator<Item = String>) -> Address {
    let paths: Vec<String> = paths.collect();
    let apart = (paths.len() / VARIED).max(1);
    Address { name: name.to_owned(), paths: paths.into_iter().step_by(apart).collect() }
}
