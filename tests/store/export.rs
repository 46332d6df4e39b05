//! Every result as a stream.

use cardwatch::domain::shown::Shown;
use cardwatch::store::{ExportFilter, ExportedResult};
use chrono::TimeDelta;
use futures::TryStreamExt as _;

use crate::house::{House, plan_of, results};
use crate::nouns::{at, fails, works};

async fn exported(house: &House, filter: &ExportFilter) -> Vec<ExportedResult> {
    house.store.export(filter).try_collect().await.unwrap()
}

/// The results as 'instance card at minute'.
async fn outline(house: &House, filter: ExportFilter) -> Vec<String> {
    let minute = |result: &ExportedResult| (result.result.checked_at - at(0)).num_minutes();
    let line = |result: &ExportedResult| format!("{} {} at {}", result.instance, result.card, minute(result));
    exported(house, &filter).await.iter().map(line).collect()
}

/// Sweeps of acme at minutes 0, 15 and 30, and one of globex at minute 20.
async fn busy_house() -> House {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(2, works()), (1, works())]).await;
    house.sweep(15, &[(1, works())]).await;
    house.sweep_plan("globex", 20, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    house.sweep(30, &[(1, works())]).await;
    house
}

#[tokio::test]
async fn everything_is_exported_the_oldest_sweep_first() {
    let all = outline(&busy_house().await, ExportFilter::default()).await;
    assert_eq!(all, ["acme 1 at 0", "acme 2 at 0", "acme 1 at 15", "globex 1 at 20", "acme 1 at 30"]);
}

#[tokio::test]
async fn an_exported_result_is_whole() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("No such column"))]).await;
    let result = exported(&house, &ExportFilter::default()).await.remove(0);
    assert_eq!((result.instance.as_str(), result.card.0, result.title.as_str()), ("acme", 1, "Card 1"));
    let past = result.result;
    assert_eq!((past.checked_at, past.verdict, past.latency_ms), (at(0), Shown::Broken, 250));
    assert_eq!(past.reason.as_deref(), Some("No such column"));
}

#[tokio::test]
async fn since_is_included_and_until_is_not() {
    let house = busy_house().await;
    let filter = ExportFilter { since: Some(at(15)), until: Some(at(30)), instance: None };
    assert_eq!(outline(&house, filter).await, ["acme 1 at 15", "globex 1 at 20"]);
}

#[tokio::test]
async fn either_end_may_be_open() {
    let house = busy_house().await;
    let since = ExportFilter { since: Some(at(20)), ..ExportFilter::default() };
    assert_eq!(outline(&house, since).await, ["globex 1 at 20", "acme 1 at 30"]);
    let until = ExportFilter { until: Some(at(15)), ..ExportFilter::default() };
    assert_eq!(outline(&house, until).await, ["acme 1 at 0", "acme 2 at 0"]);
}

#[tokio::test]
async fn one_instance_is_exported_alone() {
    let house = busy_house().await;
    let of = |name: &str| ExportFilter { instance: Some(name.to_owned()), ..ExportFilter::default() };
    assert_eq!(outline(&house, of("globex")).await, ["globex 1 at 20"]);
    assert!(outline(&house, of("nobody")).await.is_empty());
}

#[tokio::test]
async fn results_of_a_sweep_that_still_runs_are_exported() {
    let house = House::new().await;
    let seen = [(1, works())];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    let since = ExportFilter { since: Some(at(0)), ..ExportFilter::default() };
    assert_eq!(outline(&house, since).await, ["acme 1 at 0"]);
}

#[tokio::test]
async fn results_within_one_sweep_are_told_apart_by_their_own_time() {
    let house = House::new().await;
    let seen = [(1, works()), (2, works())];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    let mut two = results(0, &seen);
    two[1].at = at(0) + TimeDelta::seconds(30);
    house.store.append_results(&mut sweep, &two).await.unwrap();
    let early = ExportFilter { until: Some(at(0) + TimeDelta::seconds(30)), ..ExportFilter::default() };
    assert_eq!(outline(&house, early).await, ["acme 1 at 0"]);
    let late = ExportFilter { since: Some(at(0) + TimeDelta::seconds(30)), ..ExportFilter::default() };
    assert_eq!(outline(&house, late).await, ["acme 2 at 0"]);
}

#[tokio::test]
async fn an_export_that_is_not_read_to_its_end_holds_nobody_up() {
    let house = House::new().await;
    let seen: Vec<_> = (0..2_000).map(|card| (card, works())).collect();
    house.sweep(0, &seen).await;
    let filter = ExportFilter::default();
    let mut streams: Vec<_> = (0..3).map(|_| Box::pin(house.store.export(&filter))).collect();
    for stream in &mut streams {
        assert!(stream.try_next().await.unwrap().is_some());
    }
    house.sweep(15, &seen[..1]).await;
    assert_eq!(house.store.snapshot(&crate::house::acme()).await.unwrap().cards.len(), 1);
    drop(streams);
    assert_eq!(exported(&house, &filter).await.len(), 2_001);
}
