//! A fake Domo instance for tests, benches and the demo: real HTTP on loopback, with the state and
//! the odd manners of the real one. Owns what Domo would do; knows nothing of who asks.
//!
//! Layout: `behaviour`, `condition` and `trouble` list what can be wrong, `shapes` what broken cards look
//! like; `spec` and `words` make up an `instance` with its `dataset`s and `people`; `state` holds all that
//! changes; `server` takes a request to `login`, `listing`, `render`, `upstream` or `control`; `limits`
//! refuses renders or lets them wait; `answer` and `wire` put it on the wire; `handle` and `datasets` are what a test holds in its hand.
//!
//! ```no_run
//! # async fn example() {
//! use fake_domo::{Behaviour, FakeDomo, Spec};
//!
//! let domo = FakeDomo::new(Spec::new(7).pages(40).cards(500)).start().await;
//! let card = domo.kpi_cards()[0];
//! domo.set(card, Behaviour::broken("No indexed schema found"));
//! // … point cardwatch at domo.url() with domo.token() …
//! assert_eq!(domo.renders_of(card), 2);
//! domo.shutdown().await;
//! # }
//! ```

mod answer;
mod behaviour;
mod condition;
mod control;
mod counts;
mod dataset;
mod datasets;
mod handle;
mod instance;
mod limits;
mod listing;
mod login;
mod people;
mod render;
mod rng;
mod server;
mod shapes;
mod spec;
mod state;
mod trouble;
mod upstream;
mod wire;
mod words;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

pub use crate::{
    behaviour::{Behaviour, Ending, Shape},
    condition::{Condition, Login},
    counts::Call,
    dataset::{Dataset, DatasetInfo, Run, RunOrder, RunTimes},
    handle::{CardInfo, Domo, PageInfo, PageKind},
    instance::{Owner, PageAnswer},
    shapes::{BARE_SUMMARY_ERROR_REASON, BODY_STATUS_REASON, LARGE_REASON, nasty_text},
    spec::Spec,
    trouble::Trouble,
};
use crate::{
    handle::Running,
    instance::Card,
    state::{Shared, World},
    wire::{Cut, Gate},
};

/// A fake that is being built and does not listen yet.
#[derive(Clone, Debug)]
pub struct FakeDomo(World);

impl FakeDomo {
    /// The instance that the spec describes; more can be added by hand.
    pub fn new(spec: Spec) -> Self {
        Self(spec.build())
    }

    /// An instance with nothing but its system pages.
    pub fn empty() -> Self {
        Self::new(Spec::new(0))
    }

    /// Adds a page.
    #[must_use]
    pub fn page(mut self, id: i64, title: &str) -> Self {
        self.0.instance.add_page(id, title, None);
        self
    }

    /// Adds a page below another.
    #[must_use]
    pub fn subpage(mut self, id: i64, parent: i64, title: &str) -> Self {
        self.0.instance.add_page(id, title, Some(parent));
        self
    }

    /// Adds a kpi card to these pages, which may be none. A system page is one too.
    ///
    /// # Panics
    /// When one of the pages does not exist.
    #[must_use]
    pub fn card(self, id: i64, title: &str, pages: &[i64]) -> Self {
        self.card_of_type(id, title, "kpi", pages)
    }

    /// Adds a card of this type to these pages.
    ///
    /// # Panics
    /// When one of the pages does not exist.
    #[must_use]
    pub fn card_of_type(mut self, id: i64, title: &str, kind: &str, pages: &[i64]) -> Self {
        let card = Card::new(title, kind);
        self.0.instance.add_card(id, card, pages);
        self
    }

    /// Adds an App Studio app with these views, which hold cards as pages do.
    #[must_use]
    pub fn app(mut self, id: i64, title: &str, views: &[(i64, &str)]) -> Self {
        self.0.instance.add_app(id, title, views);
        self
    }

    /// Adds a dataset with these columns that feeds these cards.
    #[must_use]
    pub fn dataset(mut self, id: &str, name: &str, columns: &[&str], cards: &[i64]) -> Self {
        self.0.instance.add_dataset(Dataset::new(id, name), columns);
        for card in cards {
            if let Some(card) = self.0.instance.cards.get_mut(card) {
                card.datasets.push(id.to_owned());
            }
        }
        self
    }

    /// Sets what a card does. An id without a card is ignored.
    #[must_use]
    pub fn behaviour(mut self, card: i64, behaviour: Behaviour) -> Self {
        if let Some(card) = self.0.instance.cards.get_mut(&card) {
            card.behaviour = behaviour;
        }
        self
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When the machine has no free port: no test could go on.
    pub async fn start(self) -> Domo {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let domo = self.start_on(any_port).await;
        domo.expect("a free port on 127.0.0.1")
    }

    /// Listens on this address.
    pub async fn start_on(self, addr: SocketAddr) -> io::Result<Domo> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(self.0));
        let service = Router::new()
            .fallback(server::serve)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Cut>();
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let signal = async move {
                // An error means that no handle is left to stop it with: it runs on.
                if stopped.wait_for(|stop| *stop).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let server = axum::serve(Gate(listener), service).with_graceful_shutdown(signal);
            // It cannot fail: it tries again when a connection cannot be taken.
            let _ = server.await;
        });
        let running = Running { addr, stop, task: Mutex::new(Some(task)) };
        Ok(Domo { shared, running: Some(Arc::new(running)) })
    }
}
