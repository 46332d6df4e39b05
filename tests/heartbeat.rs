//! A heartbeat is one plain ping for each sweep that decided something, repeated where that may help, and its address
//! is in no error.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the server is asked over real sockets")]

#[path = "support/clock.rs"]
mod clock;
#[path = "support/dead_mans_switch.rs"]
mod dead_mans_switch;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::{Environment, LoadRequest, load_text};
use cardwatch::domain::shown::Counts;
use cardwatch::domain::sweep::Outcome;
use cardwatch::heartbeat::{Beat, Heartbeat, HeartbeatMetrics};
use prometheus::{Registry, TextEncoder};

use clock::TestClock;
use dead_mans_switch::{Answer, Ping, Switch};

const COUNTS: Counts = Counts { working: 295, broken: 5, unchecked: 0, unsupported: 0 };

const TIMEOUT: Duration = Duration::from_secs(10);

fn beat() -> Beat {
    Beat::of(Outcome::Completed, &COUNTS).unwrap()
}

fn words(outcome: Outcome, counts: Counts) -> Option<String> {
    Beat::of(outcome, &counts).map(|beat| beat.words().to_owned())
}

/// An instance whose heartbeat goes to an address, and what is counted of it.
struct Patient {
    heartbeat: Heartbeat,
    clock: Arc<TestClock>,
    registry: Registry,
}

impl Patient {
    fn at(url: &str) -> Self {
        let lines = "url = 'https://acme.domo.com'\naccess_token = 'token'\npages = 'all'";
        let text = format!("[instances.acme]\n{lines}\nheartbeat_url = '{url}'\n");
        let loaded = load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap();
        // The pauses between tries are over at once, and a timeout only when the test says so.
        let (clock, registry) = (TestClock::new(TIMEOUT), Registry::new());
        let metrics = HeartbeatMetrics::new(&registry).unwrap();
        let heartbeat = Heartbeat::of(&loaded.config.instances[0], clock.clone(), &metrics).unwrap().unwrap();
        Self { heartbeat, clock, registry }
    }

    /// Sends a heartbeat; what is said where it was not taken.
    async fn missed(&self) -> Option<String> {
        self.heartbeat.send(&beat()).await.err().map(|missed| missed.to_string())
    }

    fn scrape(&self) -> Vec<String> {
        let text = TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

fn counts(sent: u32, failed: u32) -> [String; 2] {
    let series =
        |result, count| format!("cardwatch_heartbeats_total{{domo_instance=\"acme\",result=\"{result}\"}} {count}");
    [series("failed", failed), series("sent", sent)]
}

#[test]
fn only_a_sweep_that_decided_some_card_is_a_sign_of_life() {
    let nothing = Counts { unchecked: 300, unsupported: 4, ..Counts::default() };
    for outcome in [Outcome::Completed, Outcome::Partial] {
        assert!(words(outcome, COUNTS).is_some(), "{}", outcome.name());
        assert_eq!(words(outcome, nothing), None, "{}", outcome.name());
    }
    for outcome in [Outcome::Failed, Outcome::Interrupted, Outcome::Skipped] {
        assert_eq!(words(outcome, COUNTS), None, "{}", outcome.name());
    }
}

#[test]
fn its_words_are_one_line_of_counts() {
    assert_eq!(words(Outcome::Completed, COUNTS).unwrap(), "300 cards: 295 working, 5 broken");
    let some = Counts { working: 1, broken: 0, unchecked: 0, unsupported: 0 };
    assert_eq!(words(Outcome::Completed, some).unwrap(), "1 card: 1 working, 0 broken");
    let all = Counts { working: 280, broken: 5, unchecked: 3, unsupported: 12 };
    assert_eq!(words(Outcome::Partial, all).unwrap(), "300 cards: 280 working, 5 broken, 3 unchecked, 12 unsupported");
}

#[tokio::test]
async fn a_heartbeat_is_one_post_of_its_words_to_just_that_address() {
    let switch = Switch::start().await;
    let patient = Patient::at(&switch.url("/ping/5bf66975?status=up"));
    assert_eq!(patient.scrape(), counts(0, 0), "its series are there from the start");
    assert_eq!(patient.missed().await, None);
    let ping = Ping {
        method: "POST".to_owned(),
        target: "/ping/5bf66975?status=up".to_owned(),
        content_type: "text/plain; charset=utf-8".to_owned(),
        body: "300 cards: 295 working, 5 broken".to_owned(),
    };
    assert_eq!(switch.pings(), [ping]);
    assert_eq!(patient.scrape(), counts(1, 0));
}

#[tokio::test]
async fn trouble_of_the_service_is_tried_again_twice() {
    let switch = Switch::start().await;
    let patient = Patient::at(&switch.url("/x"));
    let trouble = || Answer::With(503, "");
    switch.answer([trouble(), trouble()], Answer::With(200, "OK"));
    assert_eq!(patient.missed().await, None);
    assert_eq!((switch.pings().len(), patient.scrape()), (3, counts(1, 0).to_vec()));

    switch.answer([], trouble());
    let said = "the service has trouble of its own (503 Service Unavailable)";
    assert_eq!(patient.missed().await.as_deref(), Some(said));
    assert_eq!((switch.pings().len(), patient.scrape()), (6, counts(1, 1).to_vec()));
    assert_eq!(patient.clock.slept(), [2, 8, 2, 8].map(Duration::from_secs));
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_ten_seconds() {
    let switch = Switch::start().await;
    let patient = Patient::at(&switch.url("/x"));
    switch.answer([], Answer::Never);
    let hurrying = async {
        for pings in 1..=3 {
            switch.wait_for(pings).await;
            patient.clock.advance(TIMEOUT);
        }
    };
    let (missed, ()) = tokio::join!(patient.missed(), hurrying);
    assert_eq!(
        missed.as_deref(),
        Some("nobody answered within 10s; see to instances.acme.heartbeat_url and the network between")
    );
}

#[tokio::test]
async fn a_closed_port_is_told_with_the_key_to_see_to() {
    let missed = Patient::at("http://localhost:9/x").missed().await.unwrap();
    let said = "nobody answers there (connection refused); see to instances.acme.heartbeat_url and the network between";
    assert_eq!(missed, said);
}

#[tokio::test]
async fn what_another_try_does_not_help_is_tried_once() {
    for (answer, said) in [
        (Answer::With(200, "OK (not found)"), "the service knows no check of this address"),
        (Answer::With(200, "OK (rate limited)"), "the service is asked too often"),
        (Answer::With(404, "not found"), "the service refuses it (404 Not Found); see there that the check exists"),
        (Answer::With(429, ""), "the service refuses it (429 Too Many Requests)"),
    ] {
        let switch = Switch::start().await;
        let patient = Patient::at(&switch.url("/x"));
        switch.answer([], answer);
        let missed = patient.missed().await.unwrap();
        assert!(missed.starts_with(said), "{missed}");
        assert_eq!((switch.pings().len(), patient.scrape()), (1, counts(0, 1).to_vec()), "{said}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_nowhere() {
    let (switch, elsewhere) = (Switch::start().await, Switch::start().await);
    switch.answer([], Answer::Redirect(elsewhere.url("/stolen")));
    let missed = Patient::at(&switch.url("/x")).missed().await.unwrap();
    assert!(missed.starts_with("the answer is a redirect (302 Found), which is not followed"), "{missed}");
    assert_eq!((switch.pings().len(), elsewhere.pings().len()), (1, 0));
}

#[tokio::test]
async fn no_error_says_anything_of_the_address() {
    // Nobody listens at the first; the second has no address; the third does not speak TLS.
    let plain = Switch::start().await.url("/hunter2").replace("http://", "https://");
    for url in ["http://localhost:9/hunter2", "https://hunter2.invalid/hunter2?key=hunter2", &plain] {
        let patient = Patient::at(url);
        let missed = patient.heartbeat.send(&beat()).await.unwrap_err();
        let printed = format!("{missed} {missed:?} {:?}", patient.heartbeat);
        for part in ["hunter2", "localhost", "127.0.0.1"] {
            assert!(!printed.contains(part), "'{part}' is in: {printed}");
        }
        assert_eq!(patient.scrape(), counts(0, 1));
    }
}
