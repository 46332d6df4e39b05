//! The built binary under `kill -9`, again and again, while cards break and heal and a real SMTP server
//! receives: nothing is lost, nothing is told twice, and the next start is quick and sends what was due.
//!
//! What is done, and when, follows from the seed below; when the machine gets round to it does not. To replay
//! a run, or to try another, change the seed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "another process runs in real time")]

#[path = "../acceptance/house.rs"]
#[expect(dead_code, reason = "other tests do more in a house")]
mod house;
mod ledger;
#[path = "../acceptance/mailing.rs"]
#[expect(dead_code, reason = "other tests do more with mail")]
mod mailing;
#[path = "../support/port.rs"]
mod port;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use fake_domo::{Behaviour, FakeDomo};
use fastrand::Rng;
use house::{EACH_SECOND, House, PATIENCE};
use ledger::Ledger;
use mailing::SmtpSink;
use port::free_port;

const SEED: u64 = 20_261_124;

/// In each of the worlds.
const KILLS: usize = 60;

const WORLDS: u64 = 2;

/// A start may take so long on a machine that does much else; what it takes is printed.
const START_LIMIT: Duration = Duration::from_secs(10);

const COMPLETED: &str = "SELECT count(*) FROM sweep WHERE outcome = 'completed'";

/// A house whose daemon is killed, and what was done in it.
struct World {
    house: House,
    sink: SmtpSink,
    port: u16,
    rng: Rng,
    ledger: Ledger,
    starts: Vec<Duration>,
    kills: usize,
}

impl World {
    async fn new(seed: u64) -> Self {
        let mut domo = FakeDomo::empty().page(10, "Sales overview").page(20, "Board pack");
        for card in 101..=110 {
            domo = domo.card(card, &format!("Card {card}"), if card % 2 == 0 { &[10, 20] } else { &[10] });
        }
        let mut house = House::beside(domo).await;
        let sink = SmtpSink::start(house.folder()).await;
        house.mail_through(&sink.url());
        house.instance("schedule", &format!("\"{EACH_SECOND}\""));
        // Each card changes more often than any that flaps, and each change is to be told.
        house.set("alerts", "flap_transitions = 1000\nflap_window = \"1m\"");
        let port = free_port();
        house.forget_section("http");
        house.set("http", &format!("listen = \"127.0.0.1:{port}\""));
        let ledger = Ledger::of(house.domo.kpi_cards());
        Self { house, sink, port, rng: Rng::with_seed(seed), ledger, starts: Vec::new(), kills: 0 }
    }

    fn spawn(&self) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.house.folder().join("log")).unwrap();
        self.house.command(&["run"]).stderr(log).spawn().unwrap()
    }

    /// Starts the daemon, and waits until it is ready.
    async fn start(&mut self) -> Child {
        let began = Instant::now();
        let daemon = self.spawn();
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        let client = house::client();
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200) {
            assert!(began.elapsed() < START_LIMIT, "it does not start:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.starts.push(began.elapsed());
        daemon
    }

    fn kill(&mut self, mut daemon: Child) {
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        self.kills += 1;
    }

    /// Breaks a card, or heals it.
    fn change_a_card(&mut self) {
        let (card, broken) = self.ledger.change(self.rng.usize(..));
        if broken {
            self.house.domo.set(card, Behaviour::broken("No indexed schema found"));
        } else {
            self.house.domo.heal(card);
        }
        self.ledger.changed();
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.u64(..most))
    }

    /// Waits for as long as it takes until the database says so.
    async fn until(&self, what: &str, question: &'static str, holds: impl Fn(i64) -> bool) {
        let began = Instant::now();
        while !holds(self.house.ask::<i64>(question).await) {
            assert!(began.elapsed() < PATIENCE, "{what}: not so after {PATIENCE:?}:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.house.folder().join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// A life that ends while the daemon is about to start.
    async fn brief_life(&mut self) {
        let daemon = self.spawn();
        tokio::time::sleep(self.pause(150)).await;
        self.kill(daemon);
    }

    /// A life that ends at any moment, while cards change.
    async fn life(&mut self) {
        let before = chrono::Utc::now().timestamp_millis();
        let daemon = self.start().await;
        self.sends_what_was_due(before).await;
        assert_eq!(self.house.ask::<String>("PRAGMA integrity_check").await, "ok");
        for _ in 0..self.rng.u32(..3) {
            tokio::time::sleep(self.pause(250)).await;
            self.change_a_card();
        }
        tokio::time::sleep(self.pause(600)).await;
        self.kill(daemon);
        if self.rng.bool() {
            self.change_a_card();
        }
    }

    /// A life that ends just when the mail server has taken a message, and nobody has written that down.
    async fn life_until_a_mail(&mut self) {
        let before = chrono::Utc::now().timestamp_millis();
        let daemon = self.start().await;
        self.sends_what_was_due(before).await;
        let taken = self.sink.count();
        self.change_a_card();
        let began = Instant::now();
        while self.sink.count() == taken && began.elapsed() < Duration::from_secs(3) {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        self.kill(daemon);
    }

    /// What was composed before this start, and had not been sent, is sent now.
    async fn sends_what_was_due(&self, before: i64) {
        let began = Instant::now();
        while ledger::unsent(&self.house, before).await > 0 {
            assert!(began.elapsed() < PATIENCE, "a mail waits in spite of the start:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The last life, which ends in peace when everything is told.
    async fn last_life(&mut self) {
        let mut daemon = self.start().await;
        let swept = self.house.ask::<i64>(COMPLETED).await;
        self.until("two more sweeps", COMPLETED, |now| now >= swept + 3).await;
        let waiting = "SELECT count(*) FROM outbox WHERE sent_at IS NULL";
        self.until("every mail is sent", waiting, |waiting| waiting == 0).await;
        let pid = daemon.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(daemon.wait().unwrap().code(), Some(0));
    }
}

async fn live_and_die(seed: u64) {
    let mut world = World::new(seed).await;
    world.brief_life().await;
    let daemon = world.start().await;
    world.until("a first sweep", COMPLETED, |completed| completed > 0).await;
    world.kill(daemon);
    while world.kills < KILLS {
        match world.rng.u32(..6) {
            0 => world.brief_life().await,
            1 => world.life_until_a_mail().await,
            _ => world.life().await,
        }
    }
    world.last_life().await;
    let told = world.ledger.check(&world.house, &world.sink).await;
    world.starts.sort();
    let (median, longest) = (world.starts[world.starts.len() / 2], world.starts[world.starts.len() - 1]);
    let (median, longest) = (median.as_millis(), longest.as_millis());
    println!("seed {seed}: {} kills; {told}; a start took {median} ms, at most {longest} ms", world.kills);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nothing_and_tell_nothing_twice() {
    println!("seed {SEED}");
    let worlds = (0..WORLDS).map(|world| tokio::spawn(live_and_die(SEED + world)));
    for world in futures::future::join_all(worlds).await {
        world.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    }
}
