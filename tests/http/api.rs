//! What the API says of instances, cards, incidents and sweeps.

use cardwatch::domain::card::CardState;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use serde_json::{Value, json};

use crate::clock::TestClock;
use crate::facts::{
    HOUR, before, broken, card, dataset, empty, found, instance, muted, named, numbers, paged, save_sweep, showing,
    slow, undecided, with_incident, working,
};
use crate::house::House;

/// The first row of a list.
async fn first(house: &House, path: &str, list: &str) -> Value {
    found(house, path).await[list][0].take()
}

async fn first_card(house: &House) -> Value {
    first(house, "/api/v1/cards", "cards").await
}

fn works() -> Verdict {
    Verdict::Working { no_data: false }
}

fn fails() -> Verdict {
    Verdict::Broken(Reason { class: Class::Misconfigured, text: "No column region".to_owned() })
}

#[tokio::test]
async fn an_instance_tells_its_counts_its_sweeps_and_whether_it_can_be_checked() {
    let cards = [working(), broken(), muted(None), undecided(), card(CardState::Unsupported), slow(), empty()];
    let mut acme = with_incident(instance("acme", cards), 5, before(1));
    acme.blind = Some(Blind { since: before(2), sweeps: 2 });
    acme.last_sweep.as_mut().unwrap().trouble = Some("login rejected".to_owned());
    acme.invalid_functions = Some(3);
    let house = showing([acme]).await;
    let live = house.live.of_instance(&named("acme"));
    live.set_next_sweep(Some(TestClock::start() + HOUR));
    live.begin(7);
    live.set_remaining(4);
    let said = found(&house, "/api/v1/instances").await;
    let wanted = json!({"instances": [{
        "name": "acme",
        "url": "https://acme.domo.com",
        "cards": 7, "working": 3, "broken": 2, "unchecked": 1, "unsupported": 1,
        "muted": 1, "slow": 1, "no_data": 1,
        "open_incidents": 1,
        "pages": 0,
        "invalid_functions": 3,
        "cannot_check": {"since": "2026-11-02T06:00:00Z", "sweeps": 2},
        "maintenance_until": null,
        "last_completed_at": "2026-11-02T07:00:00Z",
        "last_sweep": {
            "started_at": "2026-11-02T06:00:00Z", "finished_at": "2026-11-02T07:00:00Z",
            "outcome": "completed", "error": "login rejected",
        },
        "next_sweep": "2026-11-02T09:00:00Z",
        "running_sweep": {"cards_remaining": 4, "cards": 7},
    }]});
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn an_instance_of_which_nothing_is_known_is_there_all_the_same() {
    let house = showing([InstanceSnapshot::empty(named("acme"))]).await;
    let said = first(&house, "/api/v1/instances", "instances").await;
    assert_eq!((&said["cards"], &said["last_sweep"], &said["next_sweep"]), (&json!(0), &json!(null), &json!(null)));
}

#[tokio::test]
async fn a_broken_card_says_why_since_when_where_and_whose_it_is() {
    let acme = with_incident(paged(instance("acme", [muted(None)]), -10, &[1]), 5, before(1));
    let house = showing([acme]).await;
    let wanted = json!({
        "instance": "acme",
        "card_id": 1,
        "title": "Revenue by region",
        "url": "https://acme.domo.com/kpis/details/1",
        "pages": [{"id": -10, "title": "Page -10"}],
        "owners": ["Dana Reyes"],
        "state": "broken",
        "since": "2026-11-02T06:00:00Z",
        "decided_at": "2026-11-02T07:00:00Z",
        "reason": "No indexed schema found",
        "class": "Misconfigured card",
        "unchecked_because": null,
        "flapping": false,
        "latency_ms": null,
        "slow": null,
        "no_data_since": null,
        "mute": {"reason": "owner on leave", "by": "ann", "at": "2026-11-02T07:00:00Z", "until": null},
        "incident": 5,
        "datasets": [{"id": "ds-1", "name": "Orders"}],
        "recent": [],
    });
    assert_eq!(first_card(&house).await, wanted);
}

#[tokio::test]
async fn a_working_card_says_how_it_renders() {
    let house = showing([instance("acme", [slow(), empty()])]).await;
    let cards = found(&house, "/api/v1/cards").await["cards"].take();
    assert_eq!(cards[0]["slow"], json!({"latency_ms": 12_000, "usual_ms": 800}));
    assert_eq!((&cards[0]["latency_ms"], &cards[0]["no_data_since"]), (&json!(12_000), &json!(null)));
    assert_eq!((&cards[1]["slow"], &cards[1]["no_data_since"]), (&json!(null), &json!("2026-11-02T06:00:00Z")));
}

#[tokio::test]
async fn an_unchecked_card_says_why_it_could_not_be_checked() {
    let house = showing([instance("acme", [undecided()])]).await;
    let said = first_card(&house).await;
    assert_eq!((&said["state"], &said["reason"]), (&json!("unchecked"), &json!("no access (403)")));
    assert_eq!((&said["since"], &said["decided_at"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn a_card_that_was_not_decided_for_too_long_is_unchecked_and_no_more_broken() {
    let house = showing([with_incident(instance("acme", [muted(None)]), 5, before(1))]).await;
    house.clock.advance(24 * HOUR);
    let said = first_card(&house).await;
    assert_eq!((&said["state"], &said["decided_at"]), (&json!("unchecked"), &json!("2026-11-02T07:00:00Z")));
    for gone in ["since", "reason", "class", "mute", "incident"] {
        assert_eq!(said[gone], json!(null), "{gone}");
    }
    assert_eq!(found(&house, "/api/v1/incidents").await["incidents"], json!([]));
}

#[tokio::test]
async fn a_card_that_could_not_be_checked_lately_keeps_its_state_and_says_so() {
    let unsure = CardNow { unchecked_because: Some("too many requests (429)".to_owned()), ..broken() };
    let house = showing([instance("acme", [unsure])]).await;
    let said = first_card(&house).await;
    assert_eq!((&said["state"], &said["reason"]), (&json!("broken"), &json!("No indexed schema found")));
    assert_eq!(said["unchecked_because"], json!("too many requests (429)"));
}

#[tokio::test]
async fn a_mute_whose_time_is_up_is_not_told() {
    let house = showing([instance("acme", [muted(Some(TestClock::start() + HOUR))])]).await;
    assert_eq!(first_card(&house).await["mute"]["until"], json!("2026-11-02T09:00:00Z"));
    house.clock.advance(HOUR);
    assert_eq!(first_card(&house).await["mute"], json!(null));
}

#[tokio::test]
async fn an_incident_tells_its_cause_its_cards_and_what_is_known_of_its_datasets() {
    let house = showing([with_incident(instance("acme", [broken(), working(), broken()]), 5, before(1))]).await;
    let wanted = json!({"incidents": [{
        "instance": "acme",
        "id": 5,
        "title": "Dataset Orders lost column region",
        "class": "Misconfigured card",
        "reason": "No column region",
        "opened_at": "2026-11-02T06:00:00Z",
        "card_ids": [1, 3],
        "datasets": [
            {
                "id": "ds-1", "name": "Orders", "state": "ERROR", "updated_at": "2026-11-01T23:00:00Z",
                "looked_at": "2026-11-02T07:00:00Z", "gone": false,
                "last_run": {"at": "2026-11-02T04:00:00Z", "outcome": "failed", "message": "connection refused"},
                "schema_change": {
                    "after": "2026-11-01T23:00:00Z", "before": "2026-11-02T06:00:00Z",
                    "lost": ["region"], "gained": [],
                },
            },
            {
                "id": "ds-2", "name": "ds-2", "state": null, "updated_at": null, "looked_at": null, "gone": null,
                "last_run": null, "schema_change": null,
            },
        ],
    }], "next": null});
    assert_eq!(found(&house, "/api/v1/incidents").await, wanted);
}

#[tokio::test]
async fn what_was_found_out_before_an_incident_opened_does_not_explain_it() {
    let house = showing([with_incident(instance("acme", [broken()]), 5, before(3))]).await;
    let said = first(&house, "/api/v1/incidents", "incidents").await["datasets"][0].take();
    assert_eq!((&said["looked_at"], &said["last_run"]), (&json!(null), &json!(null)));
    assert_eq!(said["name"], json!("Orders"));
}

#[tokio::test]
async fn a_change_of_columns_that_came_after_an_incident_opened_does_not_explain_it() {
    let mut acme = with_incident(instance("acme", [broken()]), 5, before(0));
    let found = acme.datasets.get_mut(&dataset("ds-1")).unwrap().evidence.as_mut().unwrap();
    found.schema_change.as_mut().unwrap().after = before(1);
    let said = first(&showing([acme]).await, "/api/v1/incidents", "incidents").await["datasets"][0].take();
    assert_eq!(said["schema_change"], json!(null));
    assert_eq!(said["last_run"]["outcome"], json!("failed"), "a run says how the dataset fares now");
}

#[tokio::test]
async fn sweeps_of_all_instances_are_told_the_latest_first() {
    let house = showing([instance("acme", []), instance("globex", [])]).await;
    save_sweep(&house, "acme", 3, &[(1, works()), (2, fails())]).await;
    save_sweep(&house, "globex", 2, &[(1, Verdict::Unchecked("no access (403)".to_owned()))]).await;
    save_sweep(&house, "acme", 1, &[(1, works())]).await;
    let said = found(&house, "/api/v1/sweeps").await["sweeps"].take();
    let names: Vec<&str> = said.as_array().unwrap().iter().map(|row| row["instance"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme", "globex", "acme"]);
    let wanted = json!({
        "sweep_id": said[2]["sweep_id"],
        "instance": "acme",
        "started_at": "2026-11-02T05:00:00Z",
        "finished_at": "2026-11-02T05:01:00Z",
        "outcome": "completed",
        "part": false,
        "error": null,
        "cards": 2, "working": 1, "broken": 1, "unchecked": 0, "unsupported": 0,
    });
    assert_eq!(said[2], wanted);
    assert_eq!(found(&house, "/api/v1/sweeps?instance=globex").await["sweeps"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_sweep_that_runs_has_no_end_yet() {
    let house = showing([instance("acme", [])]).await;
    save_sweep(&house, "acme", 3, &[(1, works())]).await;
    house.store.begin_sweep(&named("acme"), 4711, before(1)).await.unwrap();
    let said = first(&house, "/api/v1/sweeps", "sweeps").await;
    assert_eq!((&said["finished_at"], &said["outcome"]), (&json!(null), &json!(null)));
}

/// A house in whose database a card broke, was muted, and recovered.
async fn with_a_past() -> House {
    let house = showing([]).await;
    save_sweep(&house, "acme", 4, &[(1, works())]).await;
    save_sweep(&house, "acme", 3, &[(1, fails())]).await;
    let mute = Mute { reason: "owner on leave".to_owned(), by: "ann".to_owned(), at: before(2), until: None };
    house.store.mute(cardwatch::domain::ids::CardId(1), None, &mute).await.unwrap().unwrap();
    save_sweep(&house, "acme", 1, &[(1, works())]).await;
    house.show(house.store.snapshot(&named("acme")).await.unwrap());
    house
}

#[tokio::test]
async fn a_card_tells_its_past() {
    let house = with_a_past().await;
    let said = found(&house, "/api/v1/cards/acme/1").await;
    assert_eq!((&said["state"], &said["recent"]), (&json!("working"), &json!(["working", "broken", "working"])));
    let subject = "[cardwatch] acme: 1 card broke (1 broken now)";
    let mails = json!([{"subject": subject, "to": ["admins@example.com"], "sent_at": null}]);
    let wanted = json!([
        {"at": "2026-11-02T07:00:00Z", "to": "working", "first_seen": false, "reason": null, "mails": mails},
        {
            "at": "2026-11-02T05:00:00Z", "to": "broken", "first_seen": false, "reason": "No column region",
            "mails": mails,
        },
    ]);
    assert_eq!(said["transitions"], wanted);
    assert_eq!(said["incidents"][0]["joined_at"], json!("2026-11-02T05:01:00Z"));
    assert_eq!(said["incidents"][0]["left_at"], json!("2026-11-02T07:01:00Z"));
    assert_eq!(said["mutes"][0]["ended"]["how"], json!("recovered"));
    assert_eq!(numbers(&said["results"], "latency_ms"), [250, 250, 250]);
    assert_eq!(said["results"][1]["verdict"], json!("broken"));
    assert_eq!(numbers(&said["render_times"], "latency_ms"), [250, 250]);
}

#[tokio::test]
async fn a_card_tells_the_same_in_a_list_and_by_itself() {
    let house = with_a_past().await;
    let mut said = found(&house, "/api/v1/cards/acme/1").await;
    for past in ["transitions", "incidents", "mutes", "results", "render_times"] {
        said.as_object_mut().unwrap().remove(past).unwrap();
    }
    assert_eq!(said, first_card(&house).await);
}

#[tokio::test]
async fn no_text_of_an_answer_can_steer_a_terminal_and_none_is_lost() {
    let title = "\u{1b}[2J\u{9b}31m \u{202e}evil\u{e0041} \"quoted\" größer";
    let house = showing([instance("acme", [CardNow { title: title.to_owned(), ..working() }])]).await;
    let answer = house.ask("GET", "/api/v1/cards", &[]).await;
    assert!(!answer.body.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{e0041}']), "{}", answer.body);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["cards"][0]["title"], json!(title));
}
