//! Finding cards: the form, what an address asks for, and the results. Owns reading an address calmly, since anybody
//! may have written it; what a query matches is `domain::search`'s.

use std::cmp::Reverse;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use url::form_urlencoded;

use super::answer::called;
use super::cards::{Columns, table};
use super::parts::{Part, address, many, page_in_domo, pager};
use super::scene::{Scene, title};
use super::shell::{Head, page};
use crate::domain::Timestamp;
use crate::domain::card::CardState;
use crate::domain::foreign::one_line;
use crate::domain::ids::{IncidentId, InstanceName, PageId};
use crate::domain::search::{Match, Query, Which, search};
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};

/// So many cards are on one page of results.
const CARDS_A_PAGE: usize = 50;

/// Longer queries are refused, in bytes, and longer words to search for, in characters.
const QUERY_LIMIT: usize = 2_000;
const TEXT_LIMIT: usize = 200;

/// So many pages of an instance are offered in the form.
const PAGES_OFFERED: usize = 300;

/// What an address asks of the status page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// How it stands.
    Status,
    /// One incident with its cards, from one on.
    Incident(IncidentId, usize),
    /// Cards, from one on.
    Cards(Query, usize),
}

/// Why an address cannot be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    /// In a sentence, for the reader.
    why: String,
}

impl Refused {
    fn bad(why: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, why }
    }

    fn unknown(why: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, why }
    }
}

impl Asked {
    /// What a query asks for. Keys that nobody knows, and empty values, ask for nothing.
    pub(super) fn of(written: Option<&str>, scene: &Scene) -> Result<Self, Refused> {
        let written = written.unwrap_or_default();
        if written.len() > QUERY_LIMIT {
            return Err(Refused::bad(format!("The address is longer than {QUERY_LIMIT} bytes")));
        }
        let (mut query, mut incident, mut from) = (Query::default(), None, 0);
        for (key, value) in form_urlencoded::parse(written.as_bytes()) {
            let value = value.trim();
            match key.as_ref() {
                _ if value.is_empty() => {}
                "q" => query.text = text(value)?,
                "instance" => query.instance = Some(instance(value, scene)?.name.clone()),
                "page" => query.page = Some(PageId(number(value, "a page")?)),
                "state" => query.which = Some(which(value)?),
                "incident" => incident = Some(IncidentId(number(value, "an incident")?)),
                "from" => from = number(value, "a first card")?,
                _ => {}
            }
        }
        Ok(match incident {
            Some(incident) => Self::Incident(incident, from),
            None if query == Query::default() => Self::Status,
            None => Self::Cards(query, from),
        })
    }
}

fn text(value: &str) -> Result<String, Refused> {
    if value.chars().count() > TEXT_LIMIT {
        return Err(Refused::bad(format!("The text to search for is longer than {TEXT_LIMIT} characters")));
    }
    Ok(value.to_owned())
}

fn instance<'a>(name: &str, scene: &'a Scene) -> Result<&'a InstanceSnapshot, Refused> {
    let unknown = || Refused::unknown(format!("No instance is called '{}'", one_line(name, TEXT_LIMIT)));
    scene.instance(name).ok_or_else(unknown)
}

fn which(name: &str) -> Result<Which, Refused> {
    let names = || Which::ALL.map(Which::name).join(", ");
    let unknown = || format!("No state is called '{}': there are {}", one_line(name, TEXT_LIMIT), names());
    Which::named(name).ok_or_else(|| Refused::bad(unknown()))
}

fn number<N: std::str::FromStr>(value: &str, of: &str) -> Result<N, Refused> {
    let not_one = || Refused::bad(format!("'{}' is not the number of {of}", one_line(value, TEXT_LIMIT)));
    value.parse().map_err(|_| not_one())
}

/// An address that cannot be answered: why, and the form to ask anew.
pub(super) fn refused(scene: &Scene, refused: &Refused) -> Response {
    let head = Head { title: refused.why.clone(), here: "/".to_owned() };
    let main = html! {
        p.back { a href="/" { "← Status" } }
        h1 { (refused.why) }
        p { "Nothing was searched for. Ask anew:" }
        (form(scene, &Query::default()))
    };
    page(refused.status, scene, &head, &main)
}

/// The form, with what was asked for in it.
pub(super) fn form(scene: &Scene, asked: &Query) -> Markup {
    let pages = pages_to_offer(scene, asked);
    html! {
        form.find role="search" action="/" method="get" {
            label.words {
                "Card, page, owner, dataset or reason"
                input type="search" name="q" value=(asked.text) maxlength=(TEXT_LIMIT) autocomplete="off";
            }
            @if scene.snapshot.len() > 1 || asked.instance.is_some() {
                label {
                    "Instance"
                    select name="instance" {
                        option value="" { "every instance" }
                        @for instance in &scene.snapshot {
                            option value=(instance.name) selected[asked.instance.as_ref() == Some(&instance.name)] { (instance.name) }
                        }
                    }
                }
            }
            @if !pages.is_empty() {
                label {
                    "Page"
                    select name="page" {
                        option value="" { "every page" }
                        @for (id, called) in &pages { option value=(id) selected[asked.page == Some(*id)] { (called) } }
                    }
                }
            }
            label {
                "State"
                select name="state" {
                    option value="" { "every state" }
                    @for which in Which::ALL {
                        option value=(which.name()) selected[asked.which == Some(which)] { (called(which)) }
                    }
                }
            }
            button type="submit" { "Find" }
        }
    }
}

/// The pages that can be chosen, by title: those of the one instance that is looked at, and the one that is chosen.
fn pages_to_offer(scene: &Scene, asked: &Query) -> Vec<(PageId, String)> {
    let only = match scene.snapshot.as_slice() {
        [only] => Some(only.as_ref()),
        _ => None,
    };
    let looked_at = asked.instance.as_ref().and_then(|name| scene.instance(name.as_str())).or(only);
    let mut all: Vec<(PageId, &str)> = looked_at
        .into_iter()
        .flat_map(|instance| instance.pages.iter().map(|(id, page)| (*id, page.title.as_str())))
        .collect();
    let by_title = |(_, one): &(PageId, &str), (_, other): &(PageId, &str)| one.cmp(other);
    if all.len() > PAGES_OFFERED {
        all.select_nth_unstable_by(PAGES_OFFERED, by_title);
        all.truncate(PAGES_OFFERED);
    }
    all.sort_by(by_title);
    let mut pages: Vec<(PageId, String)> = all.into_iter().map(|(id, text)| (id, title(text))).collect();
    if let Some(chosen) = asked.page.filter(|chosen| pages.iter().all(|(id, _)| id != chosen)) {
        pages.push((chosen, page_in_words(scene, asked, chosen)));
    }
    pages
}

/// The cards that were asked for.
pub(super) fn results(scene: &Scene, query: &Query, from: usize) -> Response {
    let mut found: Vec<Match<'_>> =
        search(&scene.snapshot, query, scene.now, scene.stale_after(), |instance| scene.kept.texts(instance)).collect();
    found.sort_by_cached_key(|found| order(scene, found.card));
    let part = Part::at(from, CARDS_A_PAGE, found.len());
    let shown = found.get(part.from..part.end()).unwrap_or_default();
    let count = match found.len() {
        0 => "No card found".to_owned(),
        count => format!("{} found", many(count, "card", "cards")),
    };
    let head = Head { title: count.clone(), here: own_address(query, part.from) };
    let columns = Columns { instance: query.instance.is_none() && scene.snapshot.len() > 1, state: true };
    let main = html! {
        p.back { a href="/" { "← Status" } }
        h1 { (count) }
        p {
            (in_words(scene, query))
            @if let Some(words) = part.in_words() { " · " (words) }
            @if let Some((instance, id, page)) = asked_page(scene, query) {
                " " (page_in_domo(scene, &instance.name, id, page))
            }
        }
        (form(scene, query))
        @if found.is_empty() {
            p.sheet.panel {
                "Nothing that is known matches. Each word has to be in the id, the title, a page, an owner, a dataset or the "
                "reason; fewer words, or another state, find more. " a href="/" { "Back to the status" }
            }
        } @else {
            div.sheet {
                (table(scene, "Cards found", columns, shown))
                (pager(part, |from| own_address(query, from)))
            }
        }
    };
    page(StatusCode::OK, scene, &head, &main)
}

/// Broken cards first, of these the latest; then what is not known, then the rest, by title.
fn order<'a>(scene: &Scene, card: &'a CardNow) -> (u8, Reverse<Option<Timestamp>>, &'a str) {
    let shown = card.state.shown(scene.now, scene.stale_after());
    let rank = match shown {
        Shown::Broken => 0,
        Shown::Unchecked => 1,
        Shown::Working => 2,
        Shown::Unsupported => 3,
    };
    let since = match card.state {
        CardState::Broken { since, .. } if shown == Shown::Broken => Some(since),
        CardState::Broken { .. } | CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => None,
    };
    (rank, Reverse(since), &card.title)
}

/// 'broken · at acme · on page Sales overview · with “region”'.
fn in_words(scene: &Scene, query: &Query) -> String {
    let which = query.which.map(|which| called(which).to_owned());
    let at = query.instance.as_ref().map(|name| format!("at {name}"));
    let on = query.page.map(|id| format!("on page {}", page_in_words(scene, query, id)));
    let with = (!query.text.is_empty()).then(|| format!("with “{}”", one_line(&query.text, TEXT_LIMIT)));
    [which, at, on, with].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The page that is asked for, where it is known.
fn asked_page<'a>(scene: &'a Scene, query: &Query) -> Option<(&'a InstanceSnapshot, PageId, &'a PageNow)> {
    let id = query.page?;
    let mut asked = scene.snapshot.iter().filter(|held| query.instance.as_ref().is_none_or(|name| *name == held.name));
    asked.find_map(|instance| Some((instance.as_ref(), id, instance.pages.get(&id)?)))
}

/// The page's title, or its id where none of the instances that are looked at has it.
fn page_in_words(scene: &Scene, query: &Query, id: PageId) -> String {
    let known = asked_page(scene, query);
    known.map_or_else(|| format!("{id}, which is not monitored"), |(_, _, page)| title(&page.title))
}

fn own_address(query: &Query, from: usize) -> String {
    let page = query.page.map(|page| page.to_string()).unwrap_or_default();
    let from = if from == 0 { String::new() } else { from.to_string() };
    let instance = query.instance.as_ref().map(InstanceName::as_str).unwrap_or_default();
    let state = query.which.map(Which::name).unwrap_or_default();
    address("/", &[("q", &query.text), ("instance", instance), ("page", &page), ("state", state), ("from", &from)])
}
