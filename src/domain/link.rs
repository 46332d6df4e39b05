//! Links into Domo. Owns the three address forms that a reader clicks; it does not know whether
//! what they point at still exists.

use url::Url;

use super::ids::{CardId, PageId};
use super::sweep::PageKind;

/// The address of a card's details view.
pub fn card(instance: &Url, card: CardId) -> String {
    format!("{}/kpis/details/{card}", base(instance))
}

/// The address of a page, or of a view within an App Studio app.
pub fn page(instance: &Url, page: PageId, kind: PageKind) -> String {
    match kind {
        PageKind::Page | PageKind::View { app: None } => format!("{}/page/{page}", base(instance)),
        PageKind::View { app: Some(app) } => {
            format!("{}/app-studio/{app}/pages/{page}", base(instance))
        }
    }
}

fn base(instance: &Url) -> &str {
    instance.as_str().trim_end_matches('/')
}
