//! What there is to render. Owns asking for pages, sub-pages and cards, and saying what could not be
//! listed; what a sweep makes of it (exclusions of cards, pages that are suddenly empty) is the
//! domain's [`crate::domain::sweep::Plan`].

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::json;

use super::body::{Content, Shape};
use super::call::{Call, Endpoint};
use super::client::{Attempt, Ended, Reply};
use super::error::DomoError;
use super::loose::Top;
use super::rows::{Batch, Found, Tree};
use super::wire::{CardBatch, PageBatch, Stack};
use super::words::{self, Failure};
use super::{Domo, Wanted};
use crate::domain::ids::PageId;
use crate::domain::sweep::Listing;

/// Rows in a batch: what Domo's own clients ask for.
const BATCH: usize = 100;

/// Why a list is missing.
#[derive(Debug)]
pub(super) enum Missing {
    /// No other list would come either.
    Fatal(DomoError),
    /// This one failed.
    Failed(Failure),
}

impl Domo {
    /// Lists what is wanted. Pages that cannot be listed are told in [`Listing::unlisted`].
    ///
    /// Fails where there is no session, or where not one list of cards could be had.
    pub async fn list(&self, wanted: &Wanted) -> Result<Listing, DomoError> {
        let listed = match wanted {
            Wanted::Instance => self.list_instance().await,
            Wanted::Pages { ids, subpages } => self.list_pages(ids, *subpages).await,
            Wanted::Part { ids } => self.list_pages(ids, false).await,
        };
        let found = listed.map_err(|missing| match missing {
            Missing::Fatal(error) => error,
            Missing::Failed(failure) => DomoError::NothingListed { brief: failure.brief(), why: failure.of_cards() },
        })?;
        let loose = found.loose();
        let Found { pages, cards, datasets, unlisted, .. } = found;
        Ok(Listing { scope: wanted.scope(), pages: pages.into_values().collect(), cards, loose, datasets, unlisted })
    }

    async fn list_pages(&self, ids: &BTreeSet<PageId>, subpages: bool) -> Result<Found, Missing> {
        let mut found = Found::default();
        // Nothing is below a system page.
        let tree =
            if subpages && ids.iter().any(|id| id.0 > 0) { self.tree(&mut found).await? } else { Tree::default() };
        let mut pages = tree.with_descendants(ids);
        pages.retain(|page| !self.excluded.contains(page));
        let views = self.add_stacks(&mut found, &pages, &tree).await?;
        if found.pages.is_empty() {
            return Err(Missing::Fatal(nothing_listed(found)));
        }
        if !views.is_empty() {
            self.place_views(&mut found, &views).await;
        }
        Ok(found)
    }

    async fn tree(&self, found: &mut Found) -> Result<Tree, Missing> {
        match self.fetch_tree().await {
            Ok(tree) => Ok(tree),
            Err(Missing::Failed(failure)) => {
                found.unlisted.push(failure.of_subpages());
                Ok(Tree::default())
            }
            Err(fatal) => Err(fatal),
        }
    }

    async fn list_instance(&self) -> Result<Found, Missing> {
        let path = "/api/content/v2/cards/adminsummary";
        let mut found = Found::default();
        self.batches::<CardBatch>(Endpoint::Cards, path, "cardTitle", |row| found.add_card(row)).await?;
        self.add_apps(&mut found).await?;
        self.add_page_owners(&mut found).await?;
        Ok(found)
    }

    /// Says who owns the pages that were found, which the list of cards does not tell. A sweep can do without.
    async fn add_page_owners(&self, found: &mut Found) -> Result<(), Missing> {
        match self.fetch_tree().await {
            Ok(tree) => {
                for page in found.pages.values_mut() {
                    page.owners = tree.owners(page.id);
                }
                Ok(())
            }
            Err(Missing::Failed(failure)) => {
                tracing::debug!(domo_instance = %self.client.name(), ?failure, "the owners of pages are not listed");
                Ok(())
            }
            Err(fatal) => Err(fatal),
        }
    }

    async fn fetch_tree(&self) -> Result<Tree, Missing> {
        let path = "/api/content/v1/pages/adminsummary";
        let mut tree = Tree::default();
        self.batches::<PageBatch>(Endpoint::Pages, path, "pageTitle", |row| tree.add(row)).await?;
        Ok(tree)
    }

    /// Adds the cards of these pages, and says which of the pages are views of apps.
    pub(super) async fn add_stacks(
        &self,
        found: &mut Found,
        pages: &BTreeSet<PageId>,
        tree: &Tree,
    ) -> Result<BTreeSet<PageId>, Missing> {
        let asked = pages.iter().copied().filter(|page| !self.excluded.contains(page));
        let mut stacks = stream::iter(asked).map(|page| self.stack(page)).buffer_unordered(self.client.lists());
        let mut views = BTreeSet::new();
        let mut missing = BTreeMap::new();
        while let Some((page, stack)) = stacks.try_next().await? {
            let listed = stack.and_then(|Stack { kind, title, cards }| {
                cards.listed().map(|rows| (kind, title, rows)).ok_or_else(Failure::no_list)
            });
            let (kind, own, rows) = match listed {
                Ok(listed) => listed,
                Err(failure) => {
                    missing.insert(page, failure);
                    continue;
                }
            };
            if kind.text().as_deref() == Some("dav") {
                views.insert(page);
            }
            let title = tree.title(page).map(str::to_owned).or_else(|| own.text());
            found.add_page(page, title, tree.owners(page), rows);
        }
        for (page, failure) in &missing {
            found.miss(*page, failure);
        }
        Ok(views)
    }

    async fn stack(&self, page: PageId) -> Result<(PageId, Result<Stack, Failure>), Missing> {
        let target = format!("/api/content/v3/stacks/{page}/cards?parts=metadata,datasources,owners");
        let call = Call::get(Endpoint::PageCards, target);
        match self.fetch::<Stack>(&call).await {
            Ok(stack) => Ok((page, Ok(stack))),
            Err(Missing::Failed(failure)) => Ok((page, Err(failure))),
            Err(fatal) => Err(fatal),
        }
    }

    /// Hands on all rows of a list, each once, as they come.
    ///
    /// It ends with the first batch that is short, or that brings nothing new: a server that ignores
    /// `skip` must not hold us for ever.
    pub(super) async fn batches<B: Batch>(
        &self,
        endpoint: Endpoint,
        path: &str,
        order: &str,
        mut take: impl FnMut(B::Row) + Send,
    ) -> Result<(), Missing> {
        let body = Bytes::from(json!({"orderBy": order, "ascending": true}).to_string());
        let mut seen = BTreeSet::new();
        let mut skip = 0;
        loop {
            let target = format!("{path}?limit={BATCH}&skip={skip}");
            let call = Call::send(endpoint, Method::POST, target, body.clone());
            let batch = self.fetch::<B>(&call).await?.rows().ok_or_else(|| Missing::Failed(Failure::no_list()))?;
            let length = batch.len();
            let known = seen.len();
            let fresh = batch.into_iter().filter_map(Top::object);
            fresh.filter(|row| B::id(row).is_some_and(|id| seen.insert(id))).for_each(&mut take);
            if length < BATCH || seen.len() == known {
                return Ok(());
            }
            skip += length;
        }
    }

    /// What a call is answered with, where it is what was hoped for.
    pub(super) async fn fetch<T: Shape>(&self, call: &Call) -> Result<T, Missing> {
        let Attempt { ended, .. } = self.ask::<T>(call).await.map_err(Missing::Fatal)?;
        match ended {
            Ended::Answered(Reply { status: 200, content: Content::Wanted(wanted), .. }) => Ok(wanted),
            Ended::Answered(Reply { status: 401, .. }) => Err(Missing::Fatal(DomoError::SignedOut)),
            ended => Err(Missing::Failed(words::failure(self.client.timeout(), ended))),
        }
    }
}

/// Not one page was listed: the first one tells why, and the others are counted.
fn nothing_listed(found: Found) -> DomoError {
    let mut pages = found.unlisted.into_iter().filter(|missing| missing.page.is_some());
    let Some(first) = pages.next() else {
        let why = "every page is in exclude_pages; name one page at least that is not".to_owned();
        return DomoError::NothingListed { brief: "every page excluded", why };
    };
    let others = match pages.count() {
        0 => String::new(),
        1 => "; nor could the other page be listed".to_owned(),
        more => format!("; nor could {more} other pages be listed"),
    };
    let brief = found.brief.unwrap_or("no card could be listed");
    DomoError::NothingListed { brief, why: format!("{}{others}", first.why) }
}
