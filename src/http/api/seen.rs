//! What answers are made from: one snapshot, one instant, the operator's settings. Owns taking them at once, so that an
//! answer does not contradict itself, and finding what a request names.

use std::sync::Arc;
use std::time::Duration;

use super::problem::{Problem, quoted};
use crate::domain::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::ids::{CardId, InstanceName, PageId};
use crate::domain::link;
use crate::domain::snapshot::{InstanceSnapshot, Snapshot};
use crate::http::{Board, InstanceSettings, Kept, Settings};

/// So many names are told where one is missing.
const NAMES_TOLD: usize = 20;

/// What is true as of one instant. The instant is in no answer: one that says the same is to be the same.
pub(super) struct Seen {
    pub(super) now: Timestamp,
    pub(super) snapshot: Snapshot,
    settings: Settings,
    pub(super) kept: Kept,
}

impl Seen {
    pub(super) fn of(board: &Board) -> Self {
        Self {
            now: board.clock.now(),
            snapshot: board.snapshot.borrow().clone(),
            settings: board.settings.borrow().clone(),
            kept: board.kept.clone(),
        }
    }

    pub(super) fn stale_after(&self) -> Duration {
        self.settings.stale_after
    }

    /// What is counted of each instance, in the order of the snapshot.
    pub(super) fn counted(&self) -> Vec<Arc<Counted>> {
        self.kept.counted(&self.snapshot, self.now, &self.settings)
    }

    pub(super) fn settings_of(&self, name: &InstanceName) -> Option<&InstanceSettings> {
        self.settings.instances.get(name)
    }

    /// The address of a card in Domo; `None` where a reload has just taken the instance away.
    pub(super) fn card_url(&self, instance: &InstanceName, card: CardId) -> Option<String> {
        self.settings_of(instance).map(|set| link::card(&set.url, card))
    }

    /// The instance of that name.
    pub(super) fn instance(&self, name: &str) -> Result<&Arc<InstanceSnapshot>, Problem> {
        let found = self.snapshot.iter().find(|instance| instance.name.as_str() == name);
        found.ok_or_else(|| Problem::missing(format!("no instance is called {}; {}", quoted(name), self.configured())))
    }

    /// The one instance that is asked for, or all.
    pub(super) fn asked(&self, name: Option<&InstanceName>) -> Result<&[Arc<InstanceSnapshot>], Problem> {
        match name {
            Some(name) => self.instance(name.as_str()).map(std::slice::from_ref),
            None => Ok(&self.snapshot),
        }
    }

    /// Those of the instances from the one on that a cursor names.
    pub(super) fn from<'a>(
        asked: &'a [Arc<InstanceSnapshot>],
        cursor: Option<&InstanceName>,
    ) -> Result<&'a [Arc<InstanceSnapshot>], Problem> {
        let Some(name) = cursor else { return Ok(asked) };
        let place = asked.iter().position(|instance| instance.name == *name);
        let rest = place.and_then(|place| asked.get(place..));
        rest.ok_or_else(|| {
            Problem::asked(format!(
                "the parameter 'cursor' is of the instance '{name}', which is not asked for here: leave it out to begin anew"
            ))
        })
    }

    /// Whether one of these instances has the page.
    pub(super) fn must_have(instances: &[Arc<InstanceSnapshot>], page: PageId) -> Result<(), Problem> {
        if instances.iter().any(|instance| instance.pages.contains_key(&page)) {
            return Ok(());
        }
        Err(Problem::missing(format!(
            "no page {page} is monitored here; the number at the end of its address in Domo is its id"
        )))
    }

    fn configured(&self) -> String {
        let names: Vec<&str> = self.snapshot.iter().map(|instance| instance.name.as_str()).collect();
        match names.len() {
            0 => "there is none yet".to_owned(),
            1..=NAMES_TOLD => format!("there are: {}", names.join(", ")),
            more => format!("there are {more}, which /api/v1/instances lists"),
        }
    }
}
