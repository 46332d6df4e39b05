//! Why a list is missing, in plain words with the remedy. Owns the words alone; whether the sweep can do
//! without that list is decided in [`listing`](super::listing).

use std::time::Duration;

use super::body::Content;
use super::client::{Ended, Reply};
use crate::domain::foreign::clipped;
use crate::domain::ids::{AppId, PageId};
use crate::domain::obstacle::NOT_ALLOWED;
use crate::domain::sweep::Unlisted;

/// The longest message of Domo's that is repeated, in characters.
const MESSAGE: usize = 200;

/// A list that Domo did not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The status that counts, where somebody answered.
    pub(super) status: Option<u16>,
    /// What happened, without a remedy.
    pub(super) what: String,
}

/// What happened to a call that did not bring what it was for, each attempt of which could take up to `timeout`.
pub(super) fn failure<T>(timeout: Duration, ended: Ended<T>) -> Failure {
    match ended {
        Ended::Answered(reply) => answered(reply),
        Ended::TimedOut(times) => {
            let often = if times > 1 { format!(", at {times} attempts") } else { String::new() };
            let what = format!("no answer within {} s{often}", timeout.as_secs());
            Failure { status: None, what }
        }
        Ended::Disconnected(fault) => Failure { status: None, what: format!("no connection: {}", fault.text) },
    }
}

fn answered<T>(reply: Reply<T>) -> Failure {
    let status = reply.status;
    let what = match (status, reply.content.foreign()) {
        (403, _) => "no access (403)".to_owned(),
        (404, _) => "not found (404)".to_owned(),
        (429, _) => "Domo asked to slow down (429)".to_owned(),
        (500.., _) => format!("Domo is unavailable ({status})"),
        (_, Some(what)) => format!("not an answer of Domo's: {what}"),
        (200, None) => "an answer without its list".to_owned(),
        (_, None) => format!("an answer that is not known of Domo ({status})"),
    };
    let Content::Envelope(envelope) = reply.content else { return Failure { status: Some(status), what } };
    // Domo's message is often but the status in words, which says nothing new.
    let news = envelope.message.filter(|message| Some(message) != envelope.status_reason.as_ref());
    match news {
        Some(message) => Failure { status: Some(status), what: format!("{what}: {}", clipped(&message, MESSAGE)) },
        None => Failure { status: Some(status), what },
    }
}

impl Failure {
    /// An answer of the right kind that lacks what it is for.
    pub(super) fn no_list() -> Self {
        Self { status: Some(200), what: "an answer without its list".to_owned() }
    }

    /// The cards of a page are missing.
    pub(super) fn of_page(&self, page: PageId) -> Unlisted {
        let remedy = match self.status {
            Some(403) => "share it with the service user",
            Some(404) => "correct its id in pages or --page",
            _ => self.general_remedy(),
        };
        Unlisted { page: Some(page), why: format!("page {page}: {}; {remedy}", self.what) }
    }

    /// The list of pages is missing, and with it the sub-pages.
    pub(super) fn of_subpages(&self) -> Unlisted {
        let remedy = match self.status {
            Some(403) => "give the service user admin rights, or set include_subpages = false",
            _ => self.general_remedy(),
        };
        Unlisted { page: None, why: format!("sub-pages: {}; {remedy}", self.what) }
    }

    /// The list of App Studio apps is missing.
    pub(super) fn of_apps(&self) -> Unlisted {
        let remedy = match self.status {
            Some(403) => "give the service user admin rights, or set pages to a list of ids",
            _ => self.general_remedy(),
        };
        Unlisted { page: None, why: format!("App Studio apps: {}; {remedy}", self.what) }
    }

    /// The views of one app are missing.
    pub(super) fn of_app(&self, app: AppId) -> Unlisted {
        let remedy = match self.status {
            Some(403) => "share it with the service user",
            _ => self.general_remedy(),
        };
        Unlisted { page: None, why: format!("App Studio app {app}: {}; {remedy}", self.what) }
    }

    /// The list of all cards is missing.
    pub(super) fn of_cards(&self) -> String {
        let remedy = match self.status {
            Some(403) => "give the service user admin rights, or set pages to a list of ids",
            _ => self.general_remedy(),
        };
        format!("all cards: {}; {remedy}", self.what)
    }

    /// What happened in two or three words, for a mail's subject.
    pub(super) fn brief(&self) -> &'static str {
        if self.is_not_allowed() {
            return "address not allowed";
        }
        match self.status {
            Some(403) => "no access",
            Some(404) => "not found",
            Some(429) => "too many requests",
            Some(500..) => "Domo unavailable",
            Some(_) => "not an answer of Domo's",
            None => "Domo not reachable",
        }
    }

    /// An address that fell off the allow list while the session was good is told by the first list.
    fn is_not_allowed(&self) -> bool {
        self.what.contains(NOT_ALLOWED)
    }

    fn general_remedy(&self) -> &'static str {
        if self.is_not_allowed() {
            return "this machine's address is not on Domo's allow list; add it under Admin > Security > IP allowlist";
        }
        match self.status {
            Some(429) => "set requests_per_second, or sweep less often",
            None | Some(500..) => "the next sweep tries again",
            Some(_) => "see whether url is right, or a proxy stands between",
        }
    }
}
