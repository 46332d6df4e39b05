//! The state of a running fake: the instance, its condition, who is signed in, the counts. Owns the
//! one lock; it is held for lookups only, never while an answer is on its way.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Semaphore, watch};

use crate::{
    Behaviour, Condition, Login, RunOrder, RunTimes, Trouble,
    counts::Counts,
    instance::Instance,
    limits::{Limits, Refused},
    rng::Rng,
};

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// True while every connection is to be closed: the condition `Down`, or the end.
    pub(crate) down: watch::Sender<bool>,
    renders_in_flight: AtomicUsize,
    peak_renders: AtomicUsize,
    toes: AtomicU64,
}

/// All that can change while the fake runs.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) instance: Instance,
    pub(crate) user: User,
    pub(crate) condition: Condition,
    pub(crate) login: Login,
    pub(crate) admin: bool,
    pub(crate) token_valid: bool,
    /// Session tokens, each with the calls that are left to it; none means for ever.
    pub(crate) sessions: HashMap<String, Option<u64>>,
    pub(crate) session_calls: Option<u64>,
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
    pub(crate) run_order: RunOrder,
    pub(crate) run_times: RunTimes,
    /// What is wrong with the calls of single endpoints.
    pub(crate) troubles: HashMap<&'static str, Trouble>,
    pub(crate) counts: Counts,
    pub(crate) rng: Rng,
    pub(crate) limits: Limits,
}

/// The one user of the fake.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) token: String,
}

/// What a render of a card comes to.
pub(crate) enum Render {
    NoSuchCard,
    /// The card is of this type, which has no render.
    NotKpi(String),
    /// More renders than the instance takes.
    OverCapacity(Option<u64>),
    Due {
        behaviour: Behaviour,
        chart_type: String,
        latency: Duration,
        /// Who renders it, where their number is known.
        workers: Option<Arc<Semaphore>>,
    },
}

/// One render in flight; it is over when this is dropped.
pub(crate) struct InFlight(Arc<Shared>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        let down = world.condition == Condition::Down;
        Self {
            world: Mutex::new(world),
            down: watch::Sender::new(down),
            renders_in_flight: AtomicUsize::new(0),
            peak_renders: AtomicUsize::new(0),
            toes: AtomicU64::new(1),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked with the lock has failed already; the others may go on.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next trace id.
    pub(crate) fn toe(&self) -> String {
        crate::rng::toe(self.toes.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn render_begins(self: &Arc<Self>) -> InFlight {
        let now = self.renders_in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak_renders.fetch_max(now, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }

    pub(crate) fn renders_in_flight(&self) -> usize {
        self.renders_in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn peak_renders(&self) -> usize {
        self.peak_renders.load(Ordering::SeqCst)
    }

    pub(crate) fn reset_counts(&self) {
        let mut world = self.world();
        world.counts = Counts::new();
        for card in world.instance.cards.values_mut() {
            card.renders = 0;
        }
        // What is in flight now belongs to the new count.
        self.peak_renders.store(self.renders_in_flight(), Ordering::SeqCst);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.renders_in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl World {
    pub(crate) fn new(seed: u64, instance: Instance) -> Self {
        Self {
            instance,
            user: User::new(seed),
            condition: Condition::Healthy,
            login: Login::Normal,
            admin: true,
            token_valid: true,
            sessions: HashMap::new(),
            session_calls: None,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            run_order: RunOrder::default(),
            run_times: RunTimes::default(),
            troubles: HashMap::new(),
            counts: Counts::new(),
            rng: Rng::new(seed),
            limits: Limits::default(),
        }
    }

    /// Signs the user in: a new session token.
    pub(crate) fn open_session(&mut self) -> String {
        // The token is url-encoded, as Domo's is: whoever decodes it is not signed in.
        let token = format!("VjF8{:016x}{:016x}%2B%3D%3D", self.rng.next(), self.rng.next());
        self.sessions.insert(token.clone(), self.session_calls);
        token
    }

    /// Whether this session is good for one more call.
    pub(crate) fn use_session(&mut self, token: &str) -> bool {
        match self.sessions.get_mut(token) {
            None | Some(Some(0)) => false,
            Some(None) => true,
            Some(Some(left)) => {
                *left -= 1;
                true
            }
        }
    }

    /// What is due for this render, which is counted, and makes it so many in flight.
    pub(crate) fn render(&mut self, id: i64, in_flight: usize) -> Render {
        if let Err(Refused(retry_after)) = self.limits.let_through(self.condition, in_flight) {
            return Render::OverCapacity(retry_after);
        }
        let latency = self.next_latency();
        let Some(card) = self.instance.cards.get_mut(&id) else {
            return Render::NoSuchCard;
        };
        card.renders += 1;
        if card.kind != "kpi" {
            return Render::NotKpi(card.kind.clone());
        }
        let due = card.behaviour.step();
        let (chart_type, latency) = (card.chart_type.clone(), latency + card.latency);
        let workers = self.limits.workers();
        Render::Due { behaviour: self.with_upstream(id, due), chart_type, latency, workers }
    }

    /// What is due, unless the card would render and its datasets do not let it.
    fn with_upstream(&self, id: i64, due: Behaviour) -> Behaviour {
        if !matches!(due, Behaviour::Renders | Behaviour::NoData | Behaviour::Slow { .. }) {
            return due;
        }
        let card = self.instance.cards.get(&id);
        card.and_then(|card| self.instance.upstream_trouble(id, card)).unwrap_or(due)
    }

    fn next_latency(&mut self) -> Duration {
        let jitter = u64::try_from(self.jitter.as_micros()).unwrap_or(u64::MAX);
        if jitter == 0 {
            return self.latency;
        }
        self.latency + Duration::from_micros(self.rng.below(jitter.saturating_add(1)))
    }
}

impl User {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5EC2_E700);
        Self {
            id: 1_200_000_001,
            name: "Cardwatch Service".to_owned(),
            email: "svc@acme.example".to_owned(),
            password: format!("pass-{:012x}", rng.next() >> 16),
            token: format!("DDCI{:016x}{:016x}", rng.next(), rng.next()),
        }
    }
}
