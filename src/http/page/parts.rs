//! What several pages are made of: addresses, links to cards and pages, owners, the strip of recent sweeps, mutes, the
//! pager. Owns how these look everywhere; which of them stand where is each page's own.
//!
//! Everything foreign that is put together here is cut and printable.

use maud::{Markup, html};
use url::form_urlencoded::Serializer;

use super::scene::{Scene, title};
use crate::domain::foreign::one_line;
use crate::domain::ids::{CardId, InstanceName, PageId};
use crate::domain::link;
use crate::domain::owners::Owner;
use crate::domain::search::Which;
use crate::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use crate::domain::strip::{Cell, Strip};
use crate::domain::sweep::PageKind;

/// So many pages of a card, or owners, are named in a row; the rest is a number.
const NAMES_SHOWN: usize = 2;

/// The longest name of an owner or of a dataset, in characters.
pub(super) const NAME_LIMIT: usize = 80;

/// The longest reason for a mute, in characters.
const MUTE_LIMIT: usize = 120;

/// '1 card', '1,284 cards'.
pub(super) fn many(count: usize, one: &str, several: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { several })
}

/// '1,284'.
pub(super) fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An address with a query: what is empty is left out.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut written = Serializer::new(String::new());
    written.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let written = written.finish();
    if written.is_empty() { path.to_owned() } else { format!("{path}?{written}") }
}

/// The address of an instance's page.
pub(super) fn instance_address(instance: &InstanceName) -> String {
    format!("/instances/{instance}")
}

/// The address of the page that shows a page of Domo's.
pub(super) fn page_address(instance: &InstanceName, page: PageId) -> String {
    format!("/instances/{instance}/pages/{page}")
}

/// The address of a card's page.
pub(super) fn card_address(instance: &InstanceName, card: CardId) -> String {
    format!("/instances/{instance}/cards/{card}")
}

/// A card's title, which leads to its page.
pub(super) fn card_link(instance: &InstanceName, id: CardId, card: &CardNow) -> Markup {
    html! { a href=(card_address(instance, id)) { (title(&card.title)) } }
}

/// The pages that hold a card, by id.
pub(super) fn pages_of(instance: &InstanceSnapshot, card: CardId) -> impl Iterator<Item = (PageId, &PageNow)> {
    let pages = instance.cards.get(&card).into_iter().flat_map(|card| &card.pages);
    pages.filter_map(|id| Some((*id, instance.pages.get(id)?)))
}

/// The titles of pages, which lead to them: the first few, and how many more there are.
pub(super) fn page_links<'a>(instance: &InstanceName, pages: impl Iterator<Item = (PageId, &'a PageNow)>) -> Markup {
    few(pages, "on no page", |(id, page)| html! { a href=(page_address(instance, id)) { (title(&page.title)) } })
}

/// The names of owners: the first few, and how many more there are.
pub(super) fn owners<'a>(owners: impl IntoIterator<Item = &'a Owner>) -> Markup {
    let mut names: Vec<String> = Vec::new();
    for name in owners.into_iter().map(|owner| one_line(&owner.name, NAME_LIMIT)) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    few(names.into_iter(), "no owner", |name| html! { (name) })
}

/// The first few of many, with commas between, and how many more there are; in their place a word where there is none.
fn few<T>(mut all: impl Iterator<Item = T>, none: &str, one: impl Fn(T) -> Markup) -> Markup {
    let shown: Vec<T> = all.by_ref().take(NAMES_SHOWN).collect();
    let more = all.count();
    html! {
        @if shown.is_empty() { span.soft { (none) } }
        @for (place, item) in shown.into_iter().enumerate() { @if place > 0 { ", " } (one(item)) }
        @if more > 0 { span.soft { " and " (number(more)) " more" } }
    }
}

/// The recent sweeps of a card, the latest to the right: each a mark that differs in height and colour, and all of
/// them in words.
pub(super) fn strip(recent: Strip) -> Markup {
    let cells: Vec<Cell> = recent.cells().collect();
    if cells.is_empty() {
        return html! { span.soft { "none yet" } };
    }
    html! {
        span.strip role="img" aria-label=(strip_in_words(&cells)) {
            @for cell in &cells {
                @match cell { Cell::Working => { i {} } Cell::Broken => { i.b {} } Cell::Unchecked => { i.u {} } }
            }
        }
    }
}

/// 'last 31 sweeps: broken in the latest 2, unchecked in 1 before'.
fn strip_in_words(cells: &[Cell]) -> String {
    let Some(latest) = cells.last() else { return String::new() };
    let run = cells.iter().rev().take_while(|cell| *cell == latest).count();
    let before = cells.get(..cells.len() - run).unwrap_or_default();
    let times = |wanted: Cell| {
        let count = before.iter().filter(|cell| **cell == wanted).count();
        (count > 0).then(|| format!("{} in {count} before", word(wanted)))
    };
    let earlier = [times(Cell::Broken), times(Cell::Unchecked)];
    let span = if cells.len() == 1 { "last sweep".to_owned() } else { format!("last {} sweeps", cells.len()) };
    let now =
        if run == cells.len() { word(*latest).to_owned() } else { format!("{} in the latest {run}", word(*latest)) };
    std::iter::once(format!("{span}: {now}")).chain(earlier.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Working => "working",
        Cell::Broken => "broken",
        Cell::Unchecked => "unchecked",
    }
}

/// That a broken card is muted, until when and why; nothing where it is not.
fn mute_tag(scene: &Scene, card: &CardNow) -> Markup {
    html! {
        @if let Some(mute) = card.mute_at(scene.now) {
            span.tag {
                "muted "
                @match mute.until { Some(until) => { "until " (scene.time(until)) } None => { "until it works" } }
                ": “" (one_line(&mute.reason, MUTE_LIMIT)) "”"
            }
        }
    }
}

/// What else there is to know of a card beside its state: muted, flapping, slow, no data.
pub(super) fn tags(scene: &Scene, card: &CardNow) -> Markup {
    let is = |which: Which| which.holds(card, scene.now, scene.stale_after());
    html! {
        (mute_tag(scene, card))
        @if is(Which::Flapping) { " " span.tag { "flapping" } }
        @if is(Which::Slow) { " " span.tag { "slow" } }
        @if is(Which::NoData) { " " span.tag { "no data" } }
    }
}

/// A link to a card in Domo; nothing where the instance is configured no more.
pub(super) fn card_in_domo(scene: &Scene, instance: &InstanceName, id: CardId, card: &CardNow) -> Markup {
    let url = scene.settings_of(instance).map(|settings| link::card(&settings.url, id));
    into_domo(url, &card.title)
}

/// A link to a page in Domo; nothing where the instance is configured no more.
pub(super) fn page_in_domo(scene: &Scene, instance: &InstanceName, id: PageId, page: &PageNow) -> Markup {
    let kind: PageKind = page.kind;
    into_domo(scene.settings_of(instance).map(|settings| link::page(&settings.url, id, kind)), &page.title)
}

fn into_domo(url: Option<String>, name: &str) -> Markup {
    html! {
        @if let Some(url) = url {
            a.out href=(url) rel="noreferrer" { "open in Domo" span.visually-hidden { ": " (title(name)) } }
        }
    }
}

/// A part of a list that is too long for one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// How many come before it.
    pub(super) from: usize,
    /// At most so many are in it; at least 1.
    pub(super) size: usize,
    /// How many there are.
    pub(super) all: usize,
}

impl Part {
    /// The part that begins at or just before `from`, or the last one where there are fewer.
    pub(super) fn at(from: usize, size: usize, all: usize) -> Self {
        let size = size.max(1);
        let last = all.saturating_sub(1) / size * size;
        Self { from: (from / size * size).min(last), size, all }
    }

    /// The first that comes after it.
    pub(super) fn end(self) -> usize {
        self.from.saturating_add(self.size).min(self.all)
    }

    /// '51 to 100 of 812'; nothing where one part is all.
    pub(super) fn in_words(self) -> Option<String> {
        let words = || format!("{} to {} of {}", number(self.from + 1), number(self.end()), number(self.all));
        (self.all > self.size).then(words)
    }
}

/// Leads to the parts before and after one; nothing where one part is all. `address` gives where the part that begins
/// at a place is.
pub(super) fn pager(part: Part, address: impl Fn(usize) -> String) -> Markup {
    html! {
        @if let Some(words) = part.in_words() {
            nav.pager aria-label="Parts of the list" {
                @if part.from > 0 {
                    a rel="prev" href=(address(part.from.saturating_sub(part.size))) { "← " (part.size) " before" }
                }
                span.soft { (words) }
                @if part.end() < part.all { a rel="next" href=(address(part.end())) { "the next →" } }
            }
        }
    }
}
