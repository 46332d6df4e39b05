//! App Studio. Owns finding out which view belongs to which app, and remembering it between sweeps;
//! the cards of a view are listed as those of any page.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::Domo;
use super::call::{Call, Endpoint};
use super::listing::Missing;
use super::loose::Top;
use super::rows::{Found, Tree};
use super::wire::{AppBatch, AppDetails, AppRow};
use super::words::Failure;
use crate::domain::ids::{AppId, PageId};
use crate::domain::sweep::{PageKind, Unlisted};

/// A view, and the app that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    app: AppId,
    title: Option<String>,
}

/// What is known of the apps of an instance.
#[derive(Debug, Default)]
pub(super) struct AppIndex {
    views: BTreeMap<PageId, View>,
    /// Views that no app named when all were asked: there is no use in asking again at each sweep.
    strays: BTreeSet<PageId>,
}

impl Domo {
    /// Says of these pages, which are views, to which app they belong, where that can be learnt.
    pub(super) async fn place_views(&self, found: &mut Found, views: &BTreeSet<PageId>) {
        let known = |index: &AppIndex, view| index.views.contains_key(view) || index.strays.contains(view);
        let news = {
            let index = self.apps();
            views.iter().any(|view| !known(&index, view))
        };
        if news {
            match self.fetch_apps().await {
                Ok((fetched, unlisted)) => {
                    let mut index = self.apps();
                    if unlisted.is_empty() {
                        index.strays = views.iter().filter(|view| !fetched.contains_key(view)).copied().collect();
                    }
                    index.views.extend(fetched);
                }
                // A link that is not the best one is all that this costs.
                Err(missing) => {
                    tracing::debug!(domo_instance = %self.client.name(), ?missing, "the apps are not listed");
                }
            }
        }
        let index = self.apps();
        for view in views {
            place(found, *view, index.views.get(view));
        }
    }

    /// Adds the views of all apps to what was found, and the cards of those that no card named.
    pub(super) async fn add_apps(&self, found: &mut Found) -> Result<(), Missing> {
        let (views, unlisted) = match self.fetch_apps().await {
            Ok(fetched) => fetched,
            Err(Missing::Failed(failure)) => {
                found.unlisted.push(failure.of_apps());
                return Ok(());
            }
            Err(fatal) => return Err(fatal),
        };
        found.unlisted.extend(unlisted);
        let unseen = views.keys().filter(|view| !found.pages.contains_key(view)).copied().collect();
        self.add_stacks(found, &unseen, &Tree::default()).await?;
        for (id, view) in &views {
            place(found, *id, Some(view));
        }
        self.apps().views = views;
        Ok(())
    }

    /// The views of all apps, and the apps whose views are missing.
    async fn fetch_apps(&self) -> Result<(BTreeMap<PageId, View>, Vec<Unlisted>), Missing> {
        let path = "/api/content/v1/dataapps/adminsummary";
        let mut apps = Vec::new();
        match self.batches::<AppBatch>(Endpoint::Apps, path, "title", |row| apps.push(row)).await {
            Ok(()) => {}
            // An instance without App Studio does not know the call.
            Err(Missing::Failed(Failure { status: Some(404), .. })) => apps.clear(),
            Err(missing) => return Err(missing),
        }
        let asked = stream::iter(apps).map(|app| self.fetch_views(app)).buffer_unordered(self.client.lists());
        let answers: Vec<_> = asked.try_collect().await?;
        let mut views = BTreeMap::new();
        let mut unlisted = Vec::new();
        for answer in answers {
            match answer {
                Ok(of_app) => views.extend(of_app),
                Err(missing) => unlisted.push(missing),
            }
        }
        Ok((views, unlisted))
    }

    async fn fetch_views(&self, row: AppRow) -> Result<Result<Vec<(PageId, View)>, Unlisted>, Missing> {
        let Some(app) = row.data_app_id.whole().map(AppId) else { return Ok(Ok(Vec::new())) };
        let call = Call::get(Endpoint::App, format!("/api/content/v1/dataapps/{app}"));
        let title = row.title.text();
        match self.fetch::<AppDetails>(&call).await {
            Ok(details) => Ok(Ok(views_of(app, title.as_deref(), details))),
            // It was deleted between the two calls.
            Err(Missing::Failed(Failure { status: Some(404), .. })) => Ok(Ok(Vec::new())),
            Err(Missing::Failed(failure)) => Ok(Err(failure.of_app(app))),
            Err(fatal) => Err(fatal),
        }
    }
}

fn views_of(app: AppId, app_title: Option<&str>, details: AppDetails) -> Vec<(PageId, View)> {
    let rows = details.views.or_none().into_iter().filter_map(Top::object);
    rows.filter_map(|row| {
        let id = PageId(row.view_id.whole()?);
        let title = match (app_title, row.title.text()) {
            (Some(app), Some(view)) => Some(format!("{app} · {view}")),
            (None, Some(title)) => Some(title),
            (Some(app), None) => Some(format!("{app} · View {id}")),
            (None, None) => None,
        };
        Some((id, View { app, title }))
    })
    .collect()
}

fn place(found: &mut Found, id: PageId, view: Option<&View>) {
    let Some(page) = found.pages.get_mut(&id) else { return };
    page.kind = PageKind::View { app: view.map(|view| view.app) };
    if let Some(title) = view.and_then(|view| view.title.clone()) {
        page.title = title;
    }
}
