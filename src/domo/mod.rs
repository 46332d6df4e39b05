//! Domo's API. Owns signing in, listing, rendering, pacing and retries, and turns what Domo says into
//! the domain's types; it decides no verdict, keeps nothing on disk and knows no schedule.
//!
//! [`Domo`] is an instance that is asked; [`DomoError`] says why it could not be, and what helps.
//!
//! A new call is a variant of `call::Endpoint`, a shape in `wire` or `learnt`, and a method here, in
//! `listing` or in `upstream` that sends it through `Domo::ask`. Each field of a new shape stands in `wire::FIELDS`, or
//! large answers lose it; words that are passed on go through `Shape::conceal`; the fake Domo answers the call too.

mod apps;
pub mod body;
mod call;
mod client;
mod conceal;
mod error;
mod fault;
mod flow;
pub mod gate;
mod learnt;
mod listing;
mod login;
mod loose;
mod metrics;
pub mod pacing;
mod queue;
mod rate;
mod refusals;
mod render;
pub mod retry;
mod round;
mod rows;
mod sieve;
mod surrogates;
mod transport;
mod upstream;
mod when;
pub mod window;
mod wire;
mod words;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::clock::SharedClock;
use crate::config::valid::Instance;
use crate::domain::ids::PageId;
use crate::domain::sweep::Scope;

use apps::AppIndex;
use body::Shape;
use call::Call;
use client::{Attempt, Client};
use login::Session;
use retry::Tries;

pub use error::{DomoError, SignInProblem};
pub use learnt::{Learnt, learnt_from};
pub use login::login_answered;
pub use metrics::DomoMetrics;
pub use render::Render;
pub use rows::listed_by;
pub use upstream::{CARDS_A_CALL, CardDatasets, Untold};

/// What is to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Every card of the instance, those on no page among them.
    Instance,
    /// The configured pages.
    Pages {
        /// Their ids.
        ids: BTreeSet<PageId>,
        /// And the pages below them, at any depth.
        subpages: bool,
    },
    /// Just these pages, chosen by hand for one sweep.
    Part {
        /// Their ids.
        ids: BTreeSet<PageId>,
    },
}

impl Wanted {
    /// How much of the instance that is.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Instance => Scope::Instance,
            Self::Pages { .. } => Scope::Pages,
            Self::Part { .. } => Scope::Part,
        }
    }
}

/// One Domo instance. It is kept between sweeps, since the session lives in it, and is shared by tasks.
#[derive(Debug)]
pub struct Domo {
    client: Client,
    session: Session,
    excluded: BTreeSet<PageId>,
    render_query: String,
    apps: Mutex<AppIndex>,
}

impl Domo {
    /// Makes ready to talk to an instance; nothing is sent yet. `jitter_seed` spreads the retries.
    ///
    /// Fails with [`DomoError::Setup`] where TLS cannot be set up or the access token fits in no header.
    pub fn new(
        instance: &Instance,
        clock: SharedClock,
        metrics: &DomoMetrics,
        jitter_seed: u64,
    ) -> Result<Self, DomoError> {
        let client = Client::new(instance, clock, metrics.for_instance(&instance.name), jitter_seed)?;
        Ok(Self {
            client,
            session: Session::new(&instance.credential)?,
            excluded: instance.exclusions.pages.clone(),
            render_query: format!("parts={}", instance.render_parts.join(",")),
            apps: Mutex::default(),
        })
    }

    /// Signs in, unless a session is believed good. An access token is proved once, by asking who it is.
    ///
    /// After a failure the next call tries again; renders and lists do not, lest an account be locked.
    pub async fn sign_in(&self) -> Result<(), DomoError> {
        self.session.sign_in(&self.client).await
    }

    /// How many renders may be in flight now: those that are asked for beyond it wait for each other.
    pub fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    /// Sends one call with all its attempts. A 401 renews the session once; the second one is the answer.
    async fn ask<T: Shape>(&self, call: &Call) -> Result<Attempt<T>, DomoError> {
        self.ask_so_often(call, self.client.attempts()).await
    }

    async fn ask_so_often<T: Shape>(&self, call: &Call, attempts: u32) -> Result<Attempt<T>, DomoError> {
        let mut tries = Tries::new(attempts);
        let key = self.session.key(&self.client).await?;
        let first = self.client.ask(call, Some(&key), &mut tries).await;
        if first.status() != Some(401) {
            return Ok(first);
        }
        let key = self.session.renew(&self.client, &key).await?;
        tries.forgive();
        Ok(self.client.ask(call, Some(&key), &mut tries).await)
    }

    fn apps(&self) -> std::sync::MutexGuard<'_, AppIndex> {
        // The index is replaced whole, so that a panic elsewhere cannot leave half of one.
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
