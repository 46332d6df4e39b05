//! What Domo's answers look like. Owns the serde shapes: a field of the wrong type counts as missing,
//! since no document says what else Domo may send. What the fields mean is for the modules that ask.

use serde::Deserialize;

use super::body::Shape;
use super::conceal::Secrets;
use super::loose::{Loose, Many, Rows, Top};
use super::when::When;
use crate::domain::verdict::{Envelope, SummaryStatus};

/// The name of every field of every shape here. What else a large answer has is passed over, so that a field
/// that is missing in this list is missing in large answers.
pub(super) const FIELDS: [&str; 45] = [
    "cardAdminSummaries",
    "cards",
    "code",
    "columns",
    "currentExecution",
    "currentState",
    "dataAppAdminSummaries",
    "dataAppId",
    "dataSourceId",
    "dataSourceName",
    "datasources",
    "details",
    "displayName",
    "emailAddress",
    "endedAt",
    "error",
    "errors",
    "executionId",
    "id",
    "invalid",
    "lastExecution",
    "lastUpdated",
    "message",
    "name",
    "owners",
    "pageAdminSummaries",
    "pageHierarchy",
    "pageId",
    "pageTitle",
    "parentPageId",
    "reason",
    "sessionToken",
    "startedAt",
    "state",
    "status",
    "statusReason",
    "streamId",
    "summary",
    "tables",
    "title",
    "toe",
    "twoFactorInfo",
    "type",
    "viewId",
    "views",
];

/// More columns than these tell a reader nothing.
const COLUMNS: usize = 500;

/// The answer to a render, and the envelope in which any call may be refused.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Said {
    status: Loose,
    status_reason: Loose,
    message: Loose,
    details: Top<Details>,
    summary: Top<Summary>,
    toe: Loose,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    error: Loose,
    columns: Many<Loose, COLUMNS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    status: Loose,
}

impl Shape for Said {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }

    fn conceal(&mut self, secrets: Secrets<'_>) {
        for words in [&mut self.status_reason, &mut self.message, &mut self.toe] {
            words.conceal(secrets);
        }
        if let Top::Object(details) = &mut self.details {
            details.error.conceal(secrets);
            details.columns.iter_mut().for_each(|column| column.conceal(secrets));
        }
    }
}

impl From<Said> for Envelope {
    fn from(said: Said) -> Self {
        let status = said.status();
        let details = said.details.object().unwrap_or_default();
        let columns = details.columns.or_none().into_iter().filter_map(Loose::text).collect();
        Self {
            status,
            status_reason: said.status_reason.text(),
            message: said.message.text(),
            error: details.error.text(),
            columns,
            summary: said.summary.object().and_then(|summary| summary.status.text()).map(|word| summary_status(&word)),
            trace: said.toe.text(),
        }
    }
}

fn summary_status(word: &str) -> SummaryStatus {
    match word.trim().to_ascii_lowercase().as_str() {
        "success" => SummaryStatus::Success,
        "not_ran" => SummaryStatus::NotRan,
        "error" => SummaryStatus::Error,
        _ => SummaryStatus::Unknown,
    }
}

/// The answer to a login. It has no debug form: it holds the session.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LoggedIn {
    pub(super) session_token: Loose,
    pub(super) reason: Loose,
    pub(super) two_factor_info: Top<TwoFactor>,
}

/// What a login says about a second factor.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TwoFactor {
    pub(super) status: Loose,
}

/// The answer to 'who am I?': any object will do.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Me {
    status: Loose,
}

/// One batch of the list of pages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageBatch {
    pub(super) page_admin_summaries: Many<Top<PageRow>>,
}

/// A page in the list of pages.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageRow {
    pub(super) page_id: Loose,
    pub(super) page_title: Loose,
    pub(super) parent_page_id: Loose,
    pub(super) owners: Many<Top<OwnerRow>>,
}

/// The cards of one page.
#[derive(Debug, Deserialize)]
pub(super) struct Stack {
    #[serde(default, rename = "type")]
    pub(super) kind: Loose,
    #[serde(default)]
    pub(super) title: Loose,
    pub(super) cards: Many<Top<CardRow>>,
}

/// One batch of the list of cards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CardBatch {
    pub(super) card_admin_summaries: Many<Top<CardRow>>,
}

/// A card, on a page or in the list of cards.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CardRow {
    pub(super) id: Loose,
    #[serde(rename = "type")]
    pub(super) kind: Loose,
    pub(super) title: Loose,
    pub(super) owners: Many<Top<OwnerRow>>,
    pub(super) datasources: Many<Top<DatasourceRow>>,
    pub(super) page_hierarchy: Many<Top<HolderRow>>,
}

/// An owner of a card or a page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OwnerRow {
    pub(super) id: Loose,
    #[serde(rename = "type")]
    pub(super) kind: Loose,
    pub(super) display_name: Loose,
}

/// A dataset that feeds a card.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DatasourceRow {
    pub(super) data_source_id: Loose,
    pub(super) data_source_name: Loose,
    pub(super) state: Loose,
    pub(super) last_updated: When,
}

/// A page that holds a card, as the list of cards names it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HolderRow {
    pub(super) page_id: Loose,
    pub(super) title: Loose,
}

/// One batch of the list of apps.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppBatch {
    pub(super) data_app_admin_summaries: Many<Top<AppRow>>,
}

/// An app in the list of apps.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AppRow {
    pub(super) data_app_id: Loose,
    pub(super) title: Loose,
}

/// One app.
#[derive(Debug, Deserialize)]
pub(super) struct AppDetails {
    pub(super) views: Many<Top<ViewRow>>,
}

/// A view of an app.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ViewRow {
    pub(super) view_id: Loose,
    pub(super) title: Loose,
}

impl Shape for Me {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }
}

impl Shape for LoggedIn {
    fn conceal(&mut self, secrets: Secrets<'_>) {
        self.reason.conceal(secrets);
    }
}

impl Shape for PageBatch {}
impl Shape for Stack {}
impl Shape for CardBatch {}
impl Shape for Rows<CardRow> {
    const LIST: bool = true;
}
impl Shape for AppBatch {}
impl Shape for AppDetails {}
