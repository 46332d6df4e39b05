//! What is kept of what was asked beside the renders.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cardwatch::domain::closing::Asked;
use cardwatch::domain::ids::{CardId, UserId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::{Address, Addresses};
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{SavedResult, Store, StoreError};

use crate::house::{House, PID, acme, named, plan_of, results, swept};
use crate::nouns::{at, fails, unchecked, works};

/// A sweep of card 1, in which its first render took so many milliseconds.
async fn sweep_taking(house: &House, minute: i64, verdict: Verdict, millis: u64) {
    let seen = [(1, verdict)];
    let mut sweep = house.begin(minute, &plan_of(&seen)).await;
    let result = SavedResult { latency: Duration::from_millis(millis), ..results(minute, &seen).remove(0) };
    house.store.append_results(&mut sweep, &[result]).await.unwrap();
    let found = swept(&sweep, minute, plan_of(&seen), &seen);
    house.finish(sweep, &found).await.unwrap();
}

async fn latencies(house: &House, cards: &[i64], since: i64) -> BTreeMap<i64, Vec<u128>> {
    let cards: BTreeSet<CardId> = cards.iter().copied().map(CardId).collect();
    let found = house.store.latencies(&acme(), &cards, at(since)).await.unwrap();
    found.into_iter().map(|(card, past)| (card.0, past.iter().map(Duration::as_millis).collect())).collect()
}

#[tokio::test]
async fn how_long_a_card_took_is_read_from_its_working_renders() {
    let house = House::new().await;
    for (minute, verdict, millis) in [
        (0, works(), 100),
        (15, fails("x"), 200),
        (30, unchecked(), 300),
        (45, Verdict::Working { no_data: true }, 400),
    ] {
        sweep_taking(&house, minute, verdict, millis).await;
    }
    assert_eq!(latencies(&house, &[1, 2], 0).await, BTreeMap::from([(1, vec![100, 400])]));
    assert_eq!(latencies(&house, &[1], 1).await, BTreeMap::from([(1, vec![400])]));
    assert!(latencies(&house, &[], 0).await.is_empty());
}

#[tokio::test]
async fn a_render_that_confirms_another_does_not_tell_what_is_usual() {
    let house = House::new().await;
    let seen = [(1, works())];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    let again = SavedResult { round: 1, ..results(0, &seen).remove(0) };
    house.store.append_results(&mut sweep, &[again]).await.unwrap();
    let found = swept(&sweep, 0, plan_of(&seen), &seen);
    house.finish(sweep, &found).await.unwrap();
    assert!(latencies(&house, &[1], 0).await.is_empty());
}

#[tokio::test]
async fn a_sweep_that_did_not_run_to_its_end_does_not_tell_what_is_usual() {
    let house = House::new().await;
    let seen = [(1, works())];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    assert!(latencies(&house, &[1], 0).await.is_empty());
}

#[tokio::test]
async fn instances_have_their_own_render_times() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep_plan("globex", 0, plan_of(&[(1, works())]), &[(1, works())]).await;
    assert!(latencies(&house, &[1], 0).await.is_empty());
}

#[tokio::test]
async fn of_many_sweeps_some_are_looked_into_that_are_spread_evenly() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    // Fourteen days of a sweep every quarter of an hour, each of which took as many milliseconds as it has an id.
    house
        .execute(
            "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 1344)
             INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome)
             SELECT id, 1, 1, (SELECT started_at FROM sweep) + id * 900000, 0, 'completed' FROM n",
        )
        .await
        .unwrap();
    house
        .execute(
            "INSERT INTO render_result (sweep_id, card_key, round, verdict, at_s, latency_ms)
             SELECT sweep_id, 1, 0, 0, 0, sweep_id FROM sweep WHERE sweep_id > 1",
        )
        .await
        .unwrap();
    let past = latencies(&house, &[1], 1).await.remove(&1).unwrap();
    assert_eq!((past.len(), past[0], *past.last().unwrap()), (192, 2, 1339));
    assert!(past.windows(2).all(|pair| pair[1] - pair[0] == 7));
}

#[tokio::test]
async fn addresses_are_kept_from_when_they_were_looked_up() {
    let house = House::new().await;
    let ann = Address::new("ann@example.com");
    let (first, then) =
        (Addresses::from([(UserId(1), ann.clone()), (UserId(2), None)]), Addresses::from([(UserId(2), ann.clone())]));
    house.store.keep_addresses(&acme(), &first, at(0)).await.unwrap();
    assert_eq!(house.store.addresses(&acme(), at(0)).await.unwrap(), first);
    house.store.keep_addresses(&acme(), &then, at(10)).await.unwrap();
    assert_eq!(house.store.addresses(&acme(), at(1)).await.unwrap(), then);
    let both = Addresses::from([(UserId(1), ann.clone()), (UserId(2), ann)]);
    assert_eq!(house.store.addresses(&acme(), at(0)).await.unwrap(), both);
}

#[tokio::test]
async fn instances_have_their_own_users() {
    let house = House::new().await;
    house.know("globex").await;
    house.store.keep_addresses(&named("globex"), &Addresses::from([(UserId(1), None)]), at(0)).await.unwrap();
    assert!(house.store.addresses(&acme(), at(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn addresses_of_an_instance_that_nobody_introduced_are_refused() {
    let house = House::new().await;
    let kept = house.store.keep_addresses(&named("nobody"), &Addresses::from([(UserId(1), None)]), at(0)).await;
    assert!(matches!(kept, Err(StoreError::Sqlite { .. })));
    assert_eq!(house.number("SELECT count(*) FROM domo_user").await, 0);
}

#[tokio::test]
async fn the_invalid_beast_modes_are_known_from_when_domo_last_counted_them() {
    let house = House::new().await;
    let seen = [(1, works())];
    let counted_at = async || house.store.functions_counted_at(&acme()).await.unwrap();
    assert_eq!((counted_at().await, house.snapshot().await.invalid_functions), (None, None));
    for (minute, invalid_functions) in [(0, Some(0)), (15, Some(17)), (30, None)] {
        let asked = Asked { invalid_functions, ..Asked::default() };
        house.sweep_as(minute, plan_of(&seen), &seen, asked, |_| ()).await.unwrap();
    }
    assert_eq!((counted_at().await, house.snapshot().await.invalid_functions), (Some(at(16)), Some(17)));
    assert_eq!(house.memory().await.invalid_functions, Some(17));
}

/// Whether the mark of acme is another one after this.
async fn marks(house: &House, act: impl Future<Output = ()>) -> bool {
    let before = house.store.change_mark(&acme()).await.unwrap();
    act.await;
    let after = house.store.change_mark(&acme()).await.unwrap();
    before != after
}

#[tokio::test]
async fn the_mark_changes_when_a_sweep_of_whatever_process_ended() {
    let house = House::new().await;
    let seen = [(1, works())];
    assert!(!marks(&house, async {}).await);
    assert!(marks(&house, async { drop(house.sweep(0, &seen).await) }).await);
    assert!(marks(&house, async { drop(house.fail(15).await) }).await);
    assert!(!marks(&house, async { drop(house.begin(30, &plan_of(&seen)).await) }).await);
    let other = Store::open(&house.path()).await.unwrap();
    let mut theirs = other.begin_sweep(&acme(), PID + 1, at(45)).await.unwrap();
    other.add_planned_cards(&mut theirs, &plan_of(&seen)).await.unwrap();
    // One that began later has ended by then.
    house.sweep(50, &seen).await;
    let found = swept(&theirs, 45, plan_of(&seen), &seen);
    assert!(marks(&house, async { drop(house.finish(theirs, &found).await.unwrap()) }).await);
}

#[tokio::test]
async fn the_mark_changes_when_a_mute_is_made_or_ended_and_not_when_it_is_refused() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    let mute = Mute { reason: "known".into(), by: "ann".into(), at: at(5), until: None };
    let make = async |card| drop(house.store.mute(CardId(card), None, &mute).await.unwrap());
    let end = async || drop(house.store.unmute(CardId(1), None, "ann", at(6)).await.unwrap());
    assert!(!marks(&house, make(2)).await);
    assert!(marks(&house, make(1)).await);
    assert!(marks(&house, end()).await);
    assert!(!marks(&house, end()).await);
}

#[tokio::test]
async fn the_mark_of_an_instance_does_not_change_with_another() {
    let house = House::new().await;
    house.know("globex").await;
    let theirs = async { drop(house.sweep_plan("globex", 0, plan_of(&[(1, works())]), &[(1, works())]).await) };
    assert!(!marks(&house, theirs).await);
}

#[tokio::test]
async fn a_database_with_anything_in_it_never_has_the_mark_of_none() {
    let house = House::new().await;
    assert_ne!(house.store.change_mark(&acme()).await.unwrap(), cardwatch::store::ChangeMark::default());
}
