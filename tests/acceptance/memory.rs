//! What many large answers at once cost.

use std::process::Stdio;
use std::time::Duration;

use fake_domo::{Behaviour, Ending, FakeDomo, LARGE_REASON};
use serde_json::Value;

use crate::house::{House, peak_memory_kib};

const RENDERS: i64 = 50;

/// What the last bytes of the answers say, in turn: broken in each way that there is, and well.
const ENDS: [Ending; 4] = [Ending::BodyStatus, Ending::SummaryError, Ending::BadRequest, Ending::Success];

async fn house_of_large_answers() -> House {
    let cards = (1..=RENDERS).fold(FakeDomo::empty().page(1000, "Large"), |fake, id| {
        let ends = ENDS[usize::try_from(id).unwrap() % ENDS.len()];
        fake.card(id, "Large", &[1000]).behaviour(id, Behaviour::Large { megabytes: 30, ends })
    });
    let mut house = House::beside(cards).await;
    house.instance("concurrency", &RENDERS.to_string());
    house.instance("request_timeout", "\"10m\"");
    // Once is enough: what is newly broken would be rendered again.
    house.set("alerts", "confirmations = 0");
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_answers_of_30_mb_at_once_are_judged_right_in_less_than_75_mb() {
    let house = house_of_large_answers().await;
    let mut sweep = house.command(&["sweep", "--format", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut peak = 0;
    while sweep.try_wait().unwrap().is_none() {
        peak = peak.max(peak_memory_kib(sweep.id()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let swept = sweep.wait_with_output().unwrap();
    assert_eq!(swept.status.code(), Some(1));
    let swept: Value = serde_json::from_slice(&swept.stdout).unwrap();
    let instance = &swept["instances"][0];
    assert_eq!((&instance["broken"], &instance["working"]), (&Value::from(38), &Value::from(12)));
    let reasons = instance["results"].as_array().unwrap().iter().filter_map(|result| result["reason"].as_str());
    assert!(reasons.clone().all(|reason| reason == LARGE_REASON) && reasons.count() == 38, "{instance}");
    assert_eq!(house.domo.peak_renders_in_flight(), 50, "they were not all in flight at once");
    assert!((1..73_000).contains(&peak), "{peak} KiB at its peak");
}
