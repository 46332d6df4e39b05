//! Servers with a limit that is known, and a client that finds it, in simulated time. Owns the events: requests go
//! through a real window and a real pace, and nothing is random but by its seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use cardwatch::domo::pacing::{Admission, Pace, Pass};
use cardwatch::domo::window::{Sent, Window};

/// From the client to the server and back.
const WAY: f64 = 0.002;

/// What a server bears.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// So many at a time; the others wait in its queue.
    Workers(f64),
    /// So many at a time; the others are refused.
    InFlight(f64),
    /// So many in a second, and after a rest `burst` at once; the others are refused.
    Rate {
        /// Requests a second.
        rate: f64,
        /// What is saved up.
        burst: f64,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
}

/// How long cards take, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cards {
    /// From this to half as much again.
    Alike(f64),
    /// Anything between the two, each order of magnitude as often.
    Unlike(f64, f64),
    /// So many quick ones, then so many slow ones, and so on.
    InTurn(f64, f64, usize),
}

impl Cards {
    fn mean(self) -> f64 {
        match self {
            Self::Alike(time) => 1.25 * time,
            Self::Unlike(least, most) => (most - least) / (most / least).ln(),
            Self::InTurn(quick, slow, _) => f64::midpoint(quick, slow),
        }
    }

    fn time(self, card: usize, random: &mut fastrand::Rng) -> f64 {
        let chance = random.f64();
        match self {
            Self::Alike(time) => time * (1.0 + chance / 2.0),
            Self::Unlike(least, most) => least * (most / least).powf(chance),
            Self::InTurn(quick, _, turn) if (card / turn).is_multiple_of(2) => quick * (0.9 + chance / 5.0),
            Self::InTurn(_, slow, _) => slow * (0.9 + chance / 5.0),
        }
    }
}

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The one who is first in the line looks whether it may go.
    Turn,
    /// The server has done this one.
    Done(usize),
    /// The answer to this one arrives.
    Answer(usize),
}

/// A client, a server, and the time between them.
pub(crate) struct World {
    limit: Limit,
    cards: Cards,
    random: fastrand::Rng,
    now: f64,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    events_ever: u64,
    /// The client.
    pub(crate) window: Window,
    pace: Pace,
    /// The most that ask at a time.
    supply: usize,
    /// Those that have a place, and those of them that wait for their turn.
    places: usize,
    line: usize,
    turn: f64,
    requests: Vec<Request>,
    /// The server: what it bears now, against what it bears at first.
    pub(crate) share: f64,
    busy: usize,
    queue: VecDeque<(usize, f64)>,
    tokens: f64,
    filled: f64,
    /// What was answered, and what refused, since it was last taken.
    answered: u32,
    refused: u32,
}

struct Request {
    sent: Sent,
    pass: Pass,
    refused: bool,
}

/// What came of a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// Of what the server bore, so much was used.
    pub(crate) share: f64,
    /// Of all requests so many were refused.
    pub(crate) refused: f64,
}

fn secs(time: f64) -> Duration {
    Duration::from_secs_f64(time)
}

impl World {
    pub(crate) fn new(limit: Limit, cards: Cards) -> Self {
        let mut pace = Pace::steered(None);
        let window = Window::new(Duration::ZERO);
        pace.space(window.gap());
        Self {
            limit,
            cards,
            random: fastrand::Rng::with_seed(7),
            now: 0.0,
            events: BinaryHeap::new(),
            events_ever: 0,
            window,
            pace,
            supply: usize::MAX,
            places: 0,
            line: 0,
            turn: 0.0,
            requests: Vec::new(),
            share: 1.0,
            busy: 0,
            queue: VecDeque::new(),
            tokens: if let Limit::Rate { burst, .. } = limit { burst } else { 0.0 },
            filled: 0.0,
            answered: 0,
            refused: 0,
        }
    }

    /// No more than so many ask at a time.
    pub(crate) fn supply(mut self, supply: usize) -> Self {
        self.supply = supply;
        self
    }

    /// Requests a second that the server bears now.
    fn capacity(&self) -> f64 {
        match self.limit {
            Limit::Workers(most) | Limit::InFlight(most) => most * self.share / self.cards.mean(),
            Limit::Rate { rate, .. } => rate * self.share,
        }
    }

    /// Time enough for so many requests, and for pauses.
    pub(crate) fn time_for(&self, requests: f64) -> f64 {
        (requests / self.capacity()).clamp(600.0, 3_600.0)
    }

    /// Lets time pass, and tells what was made of it.
    pub(crate) fn run(&mut self, time: f64) -> Reached {
        let (began, until) = (self.now, self.now + time);
        (self.answered, self.refused) = (0, 0);
        loop {
            self.ask();
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            self.now = self.now.max(at.as_secs_f64());
            match event {
                Event::Turn => self.turn = self.now,
                Event::Done(request) => self.done(request),
                Event::Answer(request) => self.arrive(request),
            }
            if self.now >= until {
                break;
            }
        }
        let all = f64::from(self.answered + self.refused);
        Reached {
            share: f64::from(self.answered) / (self.now - began) / self.capacity(),
            refused: f64::from(self.refused) / all.max(1.0),
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.events_ever += 1;
        self.events.push(Reverse((secs(time), self.events_ever, event)));
    }

    /// Takes the places that there are, and sends what may go.
    fn ask(&mut self) {
        loop {
            let more = self.window.size().min(self.supply).saturating_sub(self.places);
            self.places += more;
            self.line += more;
            if self.line == 0 || self.turn > self.now {
                return;
            }
            match self.pace.admit(secs(self.now)) {
                Admission::Wait(wait) => {
                    self.turn = self.now + wait.as_secs_f64() + 1e-9;
                    self.at(self.turn, Event::Turn);
                }
                Admission::Go(pass) => {
                    self.line -= 1;
                    if self.places > self.window.size() {
                        self.places -= 1;
                    } else {
                        self.send(pass);
                    }
                }
            }
        }
    }

    fn send(&mut self, pass: Pass) {
        let sent = self.window.sent(secs(self.now));
        let request = self.requests.len();
        let time = self.cards.time(request, &mut self.random);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let busy = self.busy as f64;
        let mut refused = false;
        match self.limit {
            Limit::Workers(most) if busy >= most * self.share => self.queue.push_back((request, time)),
            Limit::InFlight(most) if busy >= most * self.share => refused = true,
            Limit::Workers(_) | Limit::InFlight(_) => {
                self.busy += 1;
                self.at(self.now + time, Event::Done(request));
            }
            Limit::Rate { rate, burst, .. } => {
                self.tokens = (self.tokens + (self.now - self.filled) * rate * self.share).min(burst);
                self.filled = self.now;
                refused = self.tokens < 1.0;
                if !refused {
                    self.tokens -= 1.0;
                    self.at(self.now + WAY + time, Event::Answer(request));
                }
            }
        }
        if refused {
            self.at(self.now + WAY, Event::Answer(request));
        }
        self.requests.push(Request { sent, pass, refused });
    }

    fn done(&mut self, request: usize) {
        self.at(self.now + WAY, Event::Answer(request));
        self.busy -= 1;
        while let Limit::Workers(most) = self.limit
            && {
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let busy = self.busy as f64;
                busy < most * self.share
            }
            && let Some((next, time)) = self.queue.pop_front()
        {
            self.busy += 1;
            self.at(self.now + time, Event::Done(next));
        }
    }

    fn arrive(&mut self, request: usize) {
        let &Request { sent, pass, refused } = &self.requests[request];
        let now = secs(self.now);
        self.places -= 1;
        if refused {
            let retry_after = if let Limit::Rate { retry_after, .. } = self.limit { retry_after } else { None };
            let slowed = self.pace.slow_down(now, pass, retry_after.map(Duration::from_secs));
            self.window.refused(now, sent, slowed);
            self.refused += 1;
        } else {
            self.window.answered(now, sent, true);
            self.pace.ease();
            self.answered += 1;
        }
        self.pace.space(self.window.gap());
    }
}
