//! What Domo says of a dataset is gathered from few calls, each of which may fail without the others.

use std::collections::BTreeSet;
use std::time::Duration;

use cardwatch::config::valid::Instance;
use cardwatch::domain::dataset::{Evidence, Run, RunOutcome};
use cardwatch::domain::ids::DatasetId;
use cardwatch::domo::Untold;
use chrono::{DateTime, Utc};
use fake_domo::{Condition, FakeDomo, Login, RunOrder, RunTimes, Trouble};
use serde_json::json;

use crate::canned::{self, Canned, Seen};
use crate::clock::TestClock;
use crate::desk::{Desk, TIMEOUT, instance, instance_at, password, token, until};

const ORDERS: &str = "5e88c674-d499-4a97-a834-60797d0d17d4";

/// A call beside the renders is worth no more than this.
const PATIENCE: Duration = Duration::from_secs(10);

const MINUTE: i64 = 60_000;

/// When the first run ended, in milliseconds.
pub(crate) const NOON: i64 = 1_734_458_216_000;

pub(crate) fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

/// A fake whose dataset Orders was filled once, at noon.
async fn fake() -> fake_domo::Domo {
    let fake = FakeDomo::empty().page(10, "Sales").card(1, "Revenue", &[10]);
    let fake = fake.dataset(ORDERS, "Orders", &["region_name", "amount"], &[1]).start().await;
    fake.succeed_run(ORDERS, NOON);
    fake
}

/// A client of an instance, for which ten seconds are a long time.
pub(crate) fn desk(instance: &Instance) -> Desk {
    Desk::with_patience(instance, PATIENCE)
}

pub(crate) async fn evidence_of(desk: &Desk, dataset: &str) -> Result<Evidence, Untold> {
    desk.domo.evidence(&DatasetId::new(dataset).unwrap()).await
}

async fn evidence(fake: &fake_domo::Domo) -> Evidence {
    evidence_of(&desk(&instance(fake)), ORDERS).await.unwrap()
}

async fn untold(fake: &fake_domo::Domo) -> String {
    evidence_of(&desk(&instance(fake)), ORDERS).await.unwrap_err().to_string()
}

pub(crate) fn columns(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(crate) fn run(ended: i64, outcome: RunOutcome) -> Run {
    Run { at: Some(at(ended)), outcome }
}

pub(crate) fn failed(ended: i64, message: &str) -> Run {
    run(ended, RunOutcome::Failed(message.to_owned()))
}

#[tokio::test]
async fn a_dataset_tells_its_state_its_latest_run_and_its_columns() {
    let fake = fake().await;
    fake.fail_run(ORDERS, "Login failed", NOON + MINUTE);
    let expected = Evidence {
        looked_at: TestClock::start(),
        gone: false,
        state: Some("ERROR".to_owned()),
        updated_at: Some(at(NOON)),
        last_run: Some(failed(NOON + MINUTE, "Login failed")),
        columns: Some(columns(&["amount", "region_name"])),
        schema_change: None,
    };
    assert_eq!(evidence(&fake).await, expected);
    assert_eq!((fake.calls("dataset"), fake.calls("stream"), fake.calls("schema")), (1, 1, 1));
    assert_eq!(fake.calls("stream_runs"), 0);
}

#[tokio::test]
async fn a_column_that_is_dropped_is_seen_between_two_looks() {
    let fake = fake().await;
    let before = evidence(&fake).await;
    fake.drop_column(ORDERS, "region_name");
    let change = evidence(&fake).await.compared_with(Some(&before)).schema_change.unwrap();
    assert_eq!((change.lost, change.gained), (["region_name".to_owned()].into(), BTreeSet::new()));
}

#[tokio::test]
async fn a_dataset_that_is_deleted_is_gone_and_asked_no_further() {
    let fake = fake().await;
    fake.delete_dataset(ORDERS);
    let evidence = evidence(&fake).await;
    assert!(evidence.gone);
    assert_eq!((evidence.state, evidence.last_run, evidence.columns), (None, None, None));
    assert_eq!((fake.calls("stream"), fake.calls("schema")), (0, 0));
}

#[tokio::test]
async fn a_page_of_html_with_a_404_does_not_make_a_dataset_gone() {
    let answer = |seen: &Seen, _: usize| match seen.path.as_str() {
        path if path.ends_with("/me") => canned::json(200, &json!({"id": 1})),
        _ => canned::text(404, "text/html", "<html><title>Not here</title>"),
    };
    let desk = desk(&instance_at(&Canned::serve(answer).await.url, token("t")));
    assert_eq!(evidence_of(&desk, "d").await.unwrap_err().to_string(), "dataset d: not found (404)");
}

#[tokio::test]
async fn a_dataset_without_a_stream_has_no_run_to_ask_for() {
    let fake = fake().await;
    for stream in [None, Some(0), Some(-1)] {
        fake.set_stream(ORDERS, stream);
        let evidence = evidence(&fake).await;
        assert_eq!((evidence.last_run, evidence.state.as_deref()), (None, Some("SUCCESS")));
    }
    assert_eq!((fake.calls("stream"), fake.calls("stream_runs")), (0, 0));
}

#[tokio::test]
async fn the_run_that_ended_last_counts_before_one_that_is_under_way() {
    let fake = fake().await;
    fake.fail_run(ORDERS, "Login failed", NOON + MINUTE);
    fake.begin_run(ORDERS, NOON + 2 * MINUTE);
    assert_eq!(evidence(&fake).await.last_run, Some(failed(NOON + MINUTE, "Login failed")));
    for order in [RunOrder::OldestFirst, RunOrder::NewestFirst] {
        fake.set_runs(order, RunTimes::Seconds);
        fake.set_trouble("stream", Some(Trouble::Status(403)));
        assert_eq!(evidence(&fake).await.last_run, Some(failed(NOON + MINUTE, "Login failed")), "{order:?}");
    }
}

#[tokio::test]
async fn a_first_run_that_is_under_way_is_told_as_domo_calls_it() {
    let fake = fake().await;
    fake.add_dataset("new", "New", &["a"]);
    fake.begin_run("new", NOON);
    let evidence = evidence_of(&desk(&instance(&fake)), "new").await.unwrap();
    assert_eq!(evidence.last_run, Some(run(NOON, RunOutcome::Other("ACTIVE".to_owned()))));
}

#[tokio::test]
async fn the_list_of_runs_tells_the_latest_where_the_stream_does_not_in_whatever_order_and_unit() {
    for order in [RunOrder::OldestFirst, RunOrder::NewestFirst] {
        for times in [RunTimes::Seconds, RunTimes::Millis] {
            let fake = fake().await;
            fake.fail_run(ORDERS, "Login failed", NOON + MINUTE + 500);
            fake.set_trouble("stream", Some(Trouble::Status(404)));
            fake.set_runs(order, times);
            let last = evidence(&fake).await.last_run;
            assert_eq!(last, Some(failed(NOON + MINUTE + 500, "Login failed")), "{order:?} {times:?}");
        }
    }
}

#[tokio::test]
async fn a_list_of_runs_that_is_cut_off_before_the_latest_tells_nothing() {
    let fake = fake().await;
    for number in 1..150 {
        fake.succeed_run(ORDERS, NOON + number * MINUTE);
    }
    fake.set_trouble("stream", Some(Trouble::Status(403)));
    assert_eq!(evidence(&fake).await.last_run, None);
    fake.set_runs(RunOrder::NewestFirst, RunTimes::Seconds);
    assert_eq!(evidence(&fake).await.last_run, Some(run(NOON + 149 * MINUTE, RunOutcome::Succeeded)));
}

#[tokio::test]
async fn what_one_part_does_not_tell_is_left_out_and_the_rest_is_told() {
    let troubles = [Trouble::Status(403), Trouble::Status(500), Trouble::Html, Trouble::Junk, Trouble::Disconnects];
    let odd = ["[]", "{}", "null", "17", r#""text""#, r#"{"status":403,"message":"Not yours"}"#].map(str::to_owned);
    for trouble in troubles.into_iter().chain(odd.map(Trouble::Says)) {
        let fake = fake().await;
        fake.set_trouble("schema", Some(trouble.clone()));
        let told = evidence(&fake).await;
        assert_eq!((told.columns, told.last_run.is_some(), told.state.is_some()), (None, true, true), "{trouble:?}");
        fake.set_trouble("schema", None);
        fake.set_trouble("stream", Some(trouble.clone()));
        fake.set_trouble("stream_runs", Some(trouble.clone()));
        let told = evidence(&fake).await;
        assert_eq!((told.last_run, told.columns.is_some(), told.state.is_some()), (None, true, true), "{trouble:?}");
        fake.set_trouble("dataset", Some(trouble.clone()));
        let told = evidence(&fake).await;
        assert!(!told.gone, "{trouble:?}");
        assert_eq!((told.state, told.last_run, told.columns.is_some()), (None, None, true), "{trouble:?}");
    }
}

#[tokio::test]
async fn where_nothing_is_learnt_the_first_failure_is_told() {
    let fake = fake().await;
    fake.set_trouble("schema", Some(Trouble::Status(500)));
    let cases = [
        (Trouble::Status(403), "no access (403)"),
        (Trouble::Status(500), "Domo is unavailable (500)"),
        (Trouble::Html, "not an answer of Domo's: a page of HTML titled 'Domo - Login'"),
        (Trouble::Junk, "not an answer of Domo's: text that is not JSON"),
        (Trouble::Says("[]".to_owned()), "an answer of another shape"),
        (Trouble::Says("{}".to_owned()), "an answer that says nothing of it"),
        (Trouble::Says(r#"{"status":403,"message":"Not yours"}"#.to_owned()), "no access (403)"),
    ];
    for (trouble, why) in cases {
        fake.set_trouble("dataset", Some(trouble));
        let told = untold(&fake).await;
        assert!(told.starts_with(&format!("dataset {ORDERS}: {why}")), "{told}");
    }
}

#[tokio::test]
async fn each_call_is_made_once() {
    let fake = fake().await;
    for endpoint in ["dataset", "schema"] {
        fake.set_trouble(endpoint, Some(Trouble::Status(503)));
    }
    assert_eq!(untold(&fake).await, format!("dataset {ORDERS}: Domo is unavailable (503)"));
    assert_eq!((fake.calls("dataset"), fake.calls("schema")), (1, 1));
}

#[tokio::test]
async fn an_answer_is_waited_for_no_longer_than_ten_seconds() {
    let fake = fake().await;
    fake.set_trouble("dataset", Some(Trouble::Hangs));
    fake.set_trouble("schema", Some(Trouble::Status(403)));
    let desk = desk(&instance(&fake));
    let clock = desk.clock.clone();
    let asked = tokio::spawn(async move { evidence_of(&desk, ORDERS).await });
    until(|| fake.calls("dataset") == 1).await;
    clock.advance(PATIENCE);
    assert_eq!(asked.await.unwrap(), Err(Untold(format!("dataset {ORDERS}: no answer within 10 s"))));
}

#[tokio::test]
async fn a_shorter_timeout_of_requests_is_kept() {
    let fake = fake().await;
    fake.set_trouble("dataset", Some(Trouble::Hangs));
    fake.set_trouble("schema", Some(Trouble::Status(403)));
    let timeout = Duration::from_secs(3);
    let desk = Desk::with_patience(&Instance { request_timeout: timeout, ..instance(&fake) }, timeout);
    desk.domo.sign_in().await.unwrap();
    let clock = desk.clock.clone();
    let asked = tokio::spawn(async move { evidence_of(&desk, ORDERS).await });
    until(|| fake.calls("dataset") == 1).await;
    clock.advance(timeout);
    assert_eq!(asked.await.unwrap(), Err(Untold(format!("dataset {ORDERS}: no answer within 3 s"))));
}

#[tokio::test]
async fn a_call_does_not_wait_for_its_turn_longer_than_it_is_worth() {
    let fake = fake().await;
    let desk = desk(&instance(&fake));
    desk.domo.sign_in().await.unwrap();
    fake.set_condition(Condition::Throttled { retry_after: Some(60) });
    let moved = async {
        // Both are on one task: when the refusal is counted, the next call is waiting.
        until(|| desk.scrape().contains("endpoint=\"dataset\",status=\"429\"} 1")).await;
        desk.clock.advance(PATIENCE);
    };
    let (told, ()) = tokio::join!(evidence_of(&desk, ORDERS), moved);
    assert_eq!(told.unwrap_err().to_string(), format!("dataset {ORDERS}: Domo asked to slow down (429)"));
    assert_eq!(fake.calls("schema"), 0);
}

#[tokio::test]
async fn a_session_that_has_ended_is_renewed() {
    let fake = fake().await;
    let instance = instance_at(&fake.url(), password(&fake.user(), &fake.password()));
    let desk = desk(&instance);
    desk.domo.sign_in().await.unwrap();
    fake.drop_sessions();
    assert_eq!(evidence_of(&desk, ORDERS).await.unwrap().state.as_deref(), Some("SUCCESS"));
    assert_eq!(fake.calls("login"), 2);
}

#[tokio::test]
async fn a_session_that_is_refused_again_tells_nothing() {
    let fake = fake().await;
    let desk = desk(&instance_at(&fake.url(), password(&fake.user(), &fake.password())));
    fake.end_sessions_after(Some(0));
    assert_eq!(
        evidence_of(&desk, ORDERS).await.unwrap_err().to_string(),
        format!("dataset {ORDERS}: the session is refused (401)")
    );
    fake.set_login(Login::Locked);
    let told = evidence_of(&desk, ORDERS).await.unwrap_err().to_string();
    assert!(told.contains("the account is locked"), "{told}");
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_not_asked_for() {
    let fake = fake().await;
    let desk = desk(&instance(&fake));
    for id in ["../../content/v2/users/me", "..", "a/b", "a?b", "a#b", "größe", "%2e%2e", &"a".repeat(101)] {
        let told = evidence_of(&desk, id).await.unwrap_err().to_string();
        assert_eq!(told, "a dataset whose id is none that Domo could be asked for", "{id}");
    }
    assert_eq!(fake.call_log(), []);
}

#[tokio::test]
async fn the_calls_are_counted_by_name() {
    let fake = fake().await;
    let desk = desk(&Instance { request_timeout: TIMEOUT, ..instance(&fake) });
    evidence_of(&desk, ORDERS).await.unwrap();
    let scrape = desk.scrape();
    for endpoint in ["dataset", "stream", "schema"] {
        let series = format!("endpoint=\"{endpoint}\",status=\"200\"}} 1");
        assert!(scrape.contains(&series), "{series} in {scrape}");
    }
}
