//! What has been asked of the fake. Owns the counts and the list of calls; nothing here changes an
//! answer.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use tokio::time::Instant;

/// One call, in the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The endpoint's name: `login`, `me`, `pages`, `page_cards`, `cards`, `card_details`, `apps`, `app`, `render`,
    /// `dataset`, `stream`, `stream_runs`, `schema`, `user`, `functions`, `blocked_page`, `unknown`.
    pub endpoint: &'static str,
    /// The card, page, app, stream or user in the address.
    pub id: Option<i64>,
    /// When it came, counted from the start of the fake or from the last reset of the counts.
    pub at: Duration,
}

/// The counts since the start or the last reset.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    since: Instant,
    pub(crate) calls: Vec<Call>,
    by_endpoint: BTreeMap<&'static str, u64>,
    /// Calls by endpoint and HTTP status; a connection that was closed counts as 0.
    by_status: BTreeMap<(&'static str, u16), u64>,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), calls: Vec::new(), by_endpoint: BTreeMap::new(), by_status: BTreeMap::new() }
    }

    pub(crate) fn called(&mut self, endpoint: &'static str, id: Option<i64>) {
        let at = self.since.elapsed();
        self.calls.push(Call { endpoint, id, at });
        *self.by_endpoint.entry(endpoint).or_default() += 1;
    }

    pub(crate) fn answered(&mut self, endpoint: &'static str, status: u16) {
        *self.by_status.entry((endpoint, status)).or_default() += 1;
    }

    pub(crate) fn of(&self, endpoint: &str) -> u64 {
        self.by_endpoint.get(endpoint).copied().unwrap_or(0)
    }

    pub(crate) fn by_endpoint(&self) -> BTreeMap<&'static str, u64> {
        self.by_endpoint.clone()
    }

    pub(crate) fn with_status(&self, endpoint: &str, status: u16) -> u64 {
        let of = |((name, code), n): (&(&'static str, u16), &u64)| (*name == endpoint && *code == status).then_some(*n);
        self.by_status.iter().find_map(of).unwrap_or(0)
    }
}
