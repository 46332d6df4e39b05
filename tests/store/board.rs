//! The past of an instance: its sweeps, and how many cards were broken over time.

use cardwatch::domain::Timestamp;
use cardwatch::domain::ids::{CardId, SweepId};
use cardwatch::domain::shown::Counts;
use cardwatch::domain::sweep::{Outcome, Scope};
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{Level, PastSweep};
use chrono::TimeDelta;

use crate::house::{House, PID, acme, named, plan, plan_of};
use crate::nouns::{at, fails, listing, page, unchecked, works};

async fn sweeps(house: &House, before: Option<i64>, limit: u32) -> Vec<PastSweep> {
    house.store.sweeps(&acme(), before.map(SweepId), limit).await.unwrap()
}

async fn ids(house: &House, before: Option<i64>, limit: u32) -> Vec<i64> {
    sweeps(house, before, limit).await.iter().map(|sweep| sweep.id.0).collect()
}

#[tokio::test]
async fn a_sweep_tells_when_and_how_it_ended_and_what_it_found() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works()), (3, fails("x")), (4, unchecked()), (5, Verdict::Unsupported)]).await;
    let told = PastSweep {
        id: SweepId(1),
        started_at: at(0),
        ended: Some((at(1), Outcome::Partial)),
        trouble: None,
        counts: Counts { working: 2, broken: 1, unchecked: 1, unsupported: 1 },
        part: false,
    };
    assert_eq!(sweeps(&house, None, 9).await, [told]);
}

#[tokio::test]
async fn a_sweep_that_runs_has_not_ended() {
    let house = House::new().await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    let running = sweeps(&house, None, 9).await.remove(0);
    assert_eq!((running.ended, running.counts), (None, Counts::default()));
}

#[tokio::test]
async fn a_sweep_that_failed_says_why() {
    let house = House::new().await;
    house.fail(0).await;
    let failed = sweeps(&house, None, 9).await.remove(0);
    assert_eq!(failed.ended, Some((at(1), Outcome::Failed)));
    assert_eq!(failed.trouble.as_deref(), Some("cannot sign in: correct `password`"));
}

#[tokio::test]
async fn sweeps_that_were_skipped_or_interrupted_are_told_as_such() {
    let house = House::new().await;
    house.store.record_skipped(&acme(), PID, at(0)).await.unwrap();
    let cut = house.begin(15, &plan_of(&[(1, works())])).await;
    house.store.interrupt_sweep(cut, "asked to stop", at(16)).await.unwrap();
    let ended: Vec<_> = sweeps(&house, None, 9).await.into_iter().map(|sweep| sweep.ended).collect();
    assert_eq!(ended, [Some((at(16), Outcome::Interrupted)), Some((at(0), Outcome::Skipped))]);
}

#[tokio::test]
async fn the_latest_sweep_comes_first_and_no_more_than_were_asked_for() {
    let house = House::new().await;
    for minute in [0, 15, 30, 45] {
        house.sweep(minute, &[(1, works())]).await;
    }
    assert_eq!(ids(&house, None, 9).await, [4, 3, 2, 1]);
    assert_eq!(ids(&house, None, 2).await, [4, 3]);
    assert_eq!(ids(&house, Some(3), 2).await, [2, 1]);
    assert!(ids(&house, Some(1), 2).await.is_empty());
    assert!(ids(&house, None, 0).await.is_empty());
}

#[tokio::test]
async fn the_latest_sweep_is_the_one_that_began_last_whatever_the_clock_said() {
    let house = House::new().await;
    house.sweep(9_999, &[(1, works())]).await;
    house.sweep(0, &[(1, works())]).await;
    assert_eq!(ids(&house, None, 9).await, [2, 1]);
}

#[tokio::test]
async fn an_instance_has_its_own_sweeps() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep_plan("globex", 0, plan_of(&[(1, works())]), &[(1, works())]).await;
    house.sweep(15, &[(1, works())]).await;
    assert_eq!(ids(&house, None, 9).await, [2]);
    assert_eq!(house.store.sweeps(&named("globex"), None, 9).await.unwrap().len(), 1);
}

/// A sweep of acme's page 10 alone, chosen by hand.
async fn sweep_a_part(house: &House, minute: i64, verdicts: &[(i64, Verdict)]) {
    let cards: Vec<i64> = verdicts.iter().map(|(card, _)| *card).collect();
    house.sweep_plan("acme", minute, plan(listing(Scope::Part, vec![page(10, &cards)])), verdicts).await;
}

#[tokio::test]
async fn a_sweep_of_a_part_is_told_as_one_from_its_beginning() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    sweep_a_part(&house, 15, &[(1, works())]).await;
    house.begin(30, &plan(listing(Scope::Part, vec![page(10, &[1])]))).await;
    let parts: Vec<bool> = sweeps(&house, None, 9).await.iter().map(|sweep| sweep.part).collect();
    assert_eq!(parts, [true, true, false]);
}

async fn levels(house: &House, since: i64, most: usize) -> Vec<Level> {
    house.store.broken_over_time(&acme(), at(since), most).await.unwrap()
}

fn level(minute: i64, broken: usize, unchecked: usize) -> Level {
    Level { at: at(minute), broken, unchecked }
}

#[tokio::test]
async fn each_sweep_that_ran_to_its_end_tells_how_many_cards_were_broken() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, fails("x"))]).await;
    house.sweep(30, &[(1, fails("x")), (2, unchecked())]).await;
    assert_eq!(levels(&house, 0, 99).await, [level(1, 0, 0), level(16, 2, 0), level(31, 1, 1)]);
    assert_eq!(levels(&house, 15, 99).await, [level(16, 2, 0), level(31, 1, 1)]);
    assert_eq!(levels(&house, 31, 99).await, []);
}

#[tokio::test]
async fn sweeps_that_saw_nothing_or_a_part_tell_no_level() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.fail(15).await;
    house.store.record_skipped(&acme(), PID, at(30)).await.unwrap();
    sweep_a_part(&house, 45, &[(1, fails("x"))]).await;
    let cut = house.begin(60, &plan_of(&[(1, works())])).await;
    house.store.interrupt_sweep(cut, "asked to stop", at(61)).await.unwrap();
    house.begin(75, &plan_of(&[(1, works())])).await;
    assert_eq!(levels(&house, 0, 99).await, [level(1, 0, 0)]);
}

#[tokio::test]
async fn an_instance_that_was_never_swept_has_no_levels() {
    assert_eq!(levels(&House::new().await, 0, 99).await, []);
}

#[tokio::test]
async fn an_instance_has_its_own_levels() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    assert_eq!(levels(&house, 0, 99).await, []);
}

/// A sweep every quarter of an hour from 7:00 on, which left so many cards broken and unchecked.
async fn swept_with(house: &House, counts: &[(i64, i64)]) {
    for (minute, (broken, unchecked)) in (0..).step_by(15).zip(counts) {
        let (began, ended) = (at(minute).timestamp_millis(), at(minute + 1).timestamp_millis());
        house
            .execute(&format!(
                "INSERT INTO sweep (instance_id, pid, started_at, finished_at, outcome, broken, unchecked)
                 VALUES (1, 1, {began}, {ended}, 'completed', {broken}, {unchecked})"
            ))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn of_sweeps_that_fall_together_the_worst_of_each_count_is_told() {
    let house = House::new().await;
    swept_with(&house, &[(0, 0), (3, 0), (1, 9), (0, 0), (2, 0), (2, 0), (1, 0)]).await;
    // Two spans of 45 minutes and a half, and the latest.
    assert_eq!(levels(&house, 0, 3).await, [level(16, 3, 9), level(61, 2, 0), level(91, 1, 0)]);
}

#[tokio::test]
async fn as_many_levels_as_points_are_told_one_by_one() {
    let house = House::new().await;
    swept_with(&house, &[(0, 0), (3, 0), (1, 9)]).await;
    assert_eq!(levels(&house, 0, 3).await, [level(1, 0, 0), level(16, 3, 0), level(31, 1, 9)]);
}

#[tokio::test]
async fn the_latest_sweep_is_told_as_it_was_however_few_points_there_are() {
    let house = House::new().await;
    swept_with(&house, &[(5, 0), (9, 0), (7, 1), (0, 0)]).await;
    assert_eq!(levels(&house, 0, 1).await, [level(46, 0, 0)]);
    assert_eq!(levels(&house, 0, 2).await, [level(16, 9, 1), level(46, 0, 0)]);
    assert_eq!(levels(&house, 0, 0).await, []);
}

#[tokio::test]
async fn weeks_of_sweeps_are_folded_into_a_chart_that_misses_no_breakage() {
    let house = House::new().await;
    // Ninety days of a sweep every quarter of an hour, each thousandth of which left a card broken.
    house
        .execute(&format!(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 8640)
             INSERT INTO sweep (instance_id, pid, started_at, finished_at, outcome, broken)
             SELECT 1, 1, {0} + id * 900000, {0} + id * 900000 + 60000, 'partial', id % 1000 = 0 FROM n",
            at(0).timestamp_millis()
        ))
        .await
        .unwrap();
    let levels = levels(&house, 0, 500).await;
    assert_eq!((levels.len(), levels.iter().map(|level| level.broken).sum::<usize>()), (500, 8));
    assert!(levels.is_sorted_by(|one, next| one.at < next.at));
    assert_eq!(levels.last().map(|level| level.at), Some(at(8640 * 15 + 1)));
}

#[tokio::test]
async fn a_clock_that_went_back_leaves_the_levels_in_the_order_of_time() {
    let house = House::new().await;
    house.sweep(60, &[(1, works())]).await;
    house.sweep(0, &[(1, fails("x"))]).await;
    assert_eq!(levels(&house, 0, 99).await, [level(1, 1, 0), level(61, 0, 0)]);
    let long_before: Timestamp = at(0) - TimeDelta::days(99_999);
    assert_eq!(house.store.broken_over_time(&acme(), long_before, 1).await.unwrap(), [level(61, 0, 0)]);
}

#[tokio::test]
async fn an_instance_that_is_configured_and_not_known_yet_has_an_empty_past() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    let (store, globex) = (&house.store, named("globex"));
    assert_eq!(store.sweeps(&globex, None, 9).await.unwrap(), []);
    assert_eq!(store.broken_over_time(&globex, at(0), 9).await.unwrap(), []);
    assert_eq!(store.card_past(&globex, CardId(1), at(0)).await.unwrap(), None);
    assert_eq!(store.first_decided(&globex, CardId(1), at(0)).await.unwrap(), None);
}
