//! The lists: pages, the cards of a page, all cards, cards by id, apps. Owns the batches and the
//! forms in which Domo writes ids; what there is to list is [`crate::instance`]'s.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer,
    dataset::{LAST_UPDATED as LAST_MODIFIED, Source},
    instance::{Card, Instance, Owner, Page, PageAnswer},
    server::Incoming,
};

/// More parents than this in one request give nothing, and no error.
const MAX_PARENTS: usize = 10;

#[derive(Default, Deserialize)]
struct Batch {
    limit: Option<usize>,
    #[serde(default)]
    skip: usize,
}

#[derive(Default, Deserialize)]
struct CardQuery {
    #[serde(default)]
    parts: String,
    #[serde(default)]
    urns: String,
}

impl Batch {
    /// This batch of all that there is.
    fn of<T>(&self, all: impl IntoIterator<Item = T>) -> Vec<T> {
        let limit = self.limit.unwrap_or(100);
        all.into_iter().skip(self.skip).take(limit).collect()
    }

    /// This batch of all that there is, once it is in order; what is not in the batch is not put in order.
    fn in_order<T, K: Ord>(&self, mut all: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
        let end = self.skip.saturating_add(self.limit.unwrap_or(100));
        if end < all.len() {
            all.select_nth_unstable_by(end, |a, b| key(a).cmp(&key(b)));
            all.truncate(end);
        }
        if self.skip < all.len() {
            all.select_nth_unstable_by(self.skip, |a, b| key(a).cmp(&key(b)));
        }
        let mut batch = self.of(all);
        batch.sort_by_key(key);
        batch
    }
}

/// `POST /api/content/v1/pages/adminsummary`: neither system pages nor views of apps.
pub(crate) fn pages(request: &Incoming<'_>) -> Response {
    let world = request.shared.world();
    let instance = &world.instance;
    let pages: Vec<(&i64, &Page)> = instance
        .pages
        .iter()
        .filter(|(id, page)| **id > 0 && page.app.is_none())
        .filter(|(_, page)| is_asked_for(&request.body, page))
        .collect();
    let total = pages.len();
    let batch = request.query::<Batch>().in_order(pages, |(id, page)| (&page.title, **id));
    let batch: Vec<Value> = batch.into_iter().map(|(id, page)| page_summary(instance, *id, page)).collect();
    let value = json!({"pageAdminSummaries": batch, "totalPageCount": total});
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/content/v3/stacks/{page}/cards`.
pub(crate) fn page_cards(request: &Incoming<'_>, id: i64) -> Response {
    let world = request.shared.world();
    let instance = &world.instance;
    let Some(page) = instance.pages.get(&id) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let held: &[i64] = match page.answer {
        PageAnswer::Cards => &page.cards,
        PageAnswer::NoCards => &[],
        PageAnswer::Status(code) => {
            let status = answer::status(code);
            return request.refuse(status, answer::reason_of(status));
        }
    };
    let parts = request.query::<CardQuery>().parts;
    let cards = listed(instance, held.iter().copied(), &parts);
    // The id of a page is text here, while the id of a card is a number.
    let value = json!({
        "id": id.to_string(),
        "type": if page.app.is_some() { "dav" } else { "page" },
        "title": page.title,
        "page": {"pageId": id, "title": page.title, "parentPageId": page.parent},
        "cards": cards,
        "collections": [],
        "sizes": [],
    });
    answer::json(StatusCode::OK, &value)
}

/// `POST /api/content/v2/cards/adminsummary`: one row a card, with every page that holds it.
pub(crate) fn cards(request: &Incoming<'_>) -> Response {
    let mut world = request.shared.world();
    let batch = request.query::<Batch>().of(world.instance.cards_by_title().iter().copied());
    let instance = &world.instance;
    let summary = |id: i64| Some(card_summary(instance, id, instance.cards.get(&id)?));
    let batch: Vec<Value> = batch.into_iter().filter_map(summary).collect();
    answer::json(StatusCode::OK, &json!({"cardAdminSummaries": batch}))
}

/// `GET /api/content/v1/cards?urns=…`: those that exist, in the order asked for.
pub(crate) fn card_details(request: &Incoming<'_>) -> Response {
    let query = request.query::<CardQuery>();
    let ids = query.urns.split(',').filter_map(|urn| urn.trim().parse().ok());
    let world = request.shared.world();
    let cards = listed(&world.instance, ids, &query.parts);
    answer::json(StatusCode::OK, &Value::Array(cards))
}

/// `POST /api/content/v1/dataapps/adminsummary`.
pub(crate) fn apps(request: &Incoming<'_>) -> Response {
    let world = request.shared.world();
    let mut apps: Vec<_> = world.instance.apps.iter().collect();
    apps.sort_by(|(_, a), (_, b)| a.title.cmp(&b.title));
    let total = apps.len();
    let query = request.query::<Batch>();
    let batch: Vec<Value> = query
        .of(apps)
        .into_iter()
        .map(|(id, app)| {
            let owners: Vec<Value> = app.owners.iter().map(owner_with_number).collect();
            json!({"dataAppId": id, "title": app.title, "owners": owners, "locked": false})
        })
        .collect();
    let value = json!({
        "nextOffset": query.skip + batch.len(),
        "dataAppAdminSummaries": batch,
        "totalDataAppCount": total,
    });
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/content/v1/dataapps/{id}`.
pub(crate) fn app(request: &Incoming<'_>, id: i64) -> Response {
    let world = request.shared.world();
    let Some(app) = world.instance.apps.get(&id) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let view = |view: &i64| {
        let page = world.instance.pages.get(view)?;
        Some(json!({"viewId": view, "title": page.title, "type": "dav"}))
    };
    let views: Vec<Value> = app.views.iter().filter_map(view).collect();
    let value = json!({"dataAppId": id, "title": app.title, "views": views});
    answer::json(StatusCode::OK, &value)
}

/// Whether a page is among those that the body asks for.
fn is_asked_for(body: &Value, page: &Page) -> bool {
    let Some(parents) = body["parentPageIds"].as_array() else {
        return true;
    };
    // An empty list asks for all, as no list does.
    parents.is_empty()
        || (parents.len() <= MAX_PARENTS
            && page.parent.is_some_and(|parent| parents.iter().any(|asked| asked.as_i64() == Some(parent))))
}

fn page_summary(instance: &Instance, id: i64, page: &Page) -> Value {
    let parent_title = |id| instance.pages.get(&id).map(|parent| parent.title.as_str());
    let owners: Vec<Value> = page.owners.iter().map(owner_with_number).collect();
    let first = page.owners.first();
    json!({
        "pageId": id,
        "pageTitle": page.title,
        "pageType": "page",
        "parentPageId": page.parent,
        "parentPageTitle": page.parent.and_then(parent_title),
        "topPageId": instance.top_of(page),
        "ownerId": first.map(|owner| owner.id),
        "ownerName": first.map(|owner| owner.name.as_str()),
        "owners": owners,
        "locked": false,
        "lastModified": LAST_MODIFIED,
        // Null, not 0, where there is none.
        "cardCount": (!page.cards.is_empty()).then_some(page.cards.len()),
        "dataAppId": null,
    })
}

fn card_summary(instance: &Instance, id: i64, card: &Card) -> Value {
    let place = |page_id: &i64| {
        let page = instance.pages.get(page_id)?;
        let parent = page.parent.and_then(|parent| instance.pages.get(&parent));
        Some(json!({
            "pageId": page_id,
            "title": page.title,
            "parentPageId": page.parent,
            "parentPageTitle": parent.map(|parent| parent.title.as_str()),
        }))
    };
    let places: Vec<Value> = card.pages.iter().filter_map(place).collect();
    let owners: Vec<Value> = card.owners.iter().map(owner_with_text).collect();
    json!({
        "id": id,
        "type": card.kind,
        "title": card.title,
        "locked": false,
        "badgeUpdated": LAST_MODIFIED,
        "owners": owners,
        "pageHierarchy": places,
    })
}

/// These cards with the parts asked for; an id without a card is left out.
fn listed(instance: &Instance, ids: impl Iterator<Item = i64>, parts: &str) -> Vec<Value> {
    let parts: Vec<&str> = parts.split(',').collect();
    ids.filter_map(|id| Some(card_in_list(instance, id, instance.cards.get(&id)?, &parts))).collect()
}

fn card_in_list(instance: &Instance, id: i64, card: &Card, parts: &[&str]) -> Value {
    let creator = card.owners.first().map(|owner| owner.id);
    let mut value = json!({
        "id": id,
        "urn": id.to_string(),
        "type": card.kind,
        "title": card.title,
        "description": "",
        "active": true,
        "locked": false,
        // Seconds here and milliseconds there: Domo's way.
        "created": LAST_MODIFIED / 1000,
        "badgeUpdated": LAST_MODIFIED,
        "creatorId": creator,
        "ownerId": creator,
    });
    if parts.contains(&"metadata") {
        value["metadata"] = json!({"chartType": card.chart_type});
    }
    if parts.contains(&"owners") {
        value["owners"] = card.owners.iter().map(owner_with_text).collect();
    }
    if parts.contains(&"datasources") {
        let sources = card.datasets.iter().filter_map(|dataset| instance.datasets.get(dataset));
        value["datasources"] = sources.map(datasource).collect();
    }
    value
}

fn datasource(source: &Source) -> Value {
    let dataset = &source.dataset;
    json!({
        "dataSourceId": dataset.id,
        "dataSourceName": dataset.name,
        "dataType": dataset.provider,
        "providerType": dataset.provider,
        "lastUpdated": source.last_updated,
        "state": source.state,
    })
}

fn owner_with_number(owner: &Owner) -> Value {
    json!({"id": owner.id, "type": owner_type(owner), "displayName": owner.name})
}

fn owner_with_text(owner: &Owner) -> Value {
    json!({"id": owner.id.to_string(), "type": owner_type(owner), "displayName": owner.name})
}

fn owner_type(owner: &Owner) -> &'static str {
    if owner.group { "GROUP" } else { "USER" }
}
