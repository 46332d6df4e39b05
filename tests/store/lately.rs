//! What happened lately, in whichever instance.

use cardwatch::domain::Timestamp;
use cardwatch::store::{Happening, LetterNote, What};

use crate::house::{House, PID, acme, plan_of};
use crate::nouns::{at, fails, works};

const HOUR: i64 = 60;

async fn lately(house: &House, limit: u32) -> Vec<Happening> {
    house.store.lately(limit).await.unwrap()
}

/// What happened, when, and where, the latest first.
async fn told(house: &House, limit: u32) -> Vec<(Timestamp, String, What)> {
    let happenings = lately(house, limit).await.into_iter();
    happenings.map(|Happening { at, instance, what }| (at, instance.to_string(), what)).collect()
}

fn in_acme(minute: i64, what: What) -> (Timestamp, String, What) {
    (at(minute), "acme".to_owned(), what)
}

fn failed() -> What {
    What::Failed("cannot sign in: correct `password`".to_owned())
}

async fn skip(house: &House, minute: i64) {
    house.store.record_skipped(&acme(), PID, at(minute)).await.unwrap();
}

#[tokio::test]
async fn nothing_happened_in_a_new_database() {
    assert_eq!(lately(&House::new().await, 9).await, []);
}

#[tokio::test]
async fn a_sweep_that_saw_no_change_is_nothing_that_happened() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    assert_eq!(lately(&house, 9).await, []);
}

#[tokio::test]
async fn breaks_and_recoveries_are_counted_by_sweep() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works()), (3, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, fails("x")), (3, works())]).await;
    house.sweep(30, &[(1, works()), (2, works()), (3, fails("x"))]).await;
    assert_eq!(
        told(&house, 9).await,
        [in_acme(31, What::Broke(1)), in_acme(31, What::Recovered(2)), in_acme(16, What::Broke(2)),]
    );
}

#[tokio::test]
async fn a_card_that_was_broken_when_first_seen_broke() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    assert_eq!(told(&house, 9).await, [in_acme(1, What::Broke(1))]);
}

#[tokio::test]
async fn a_mail_happened_when_it_was_sent() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.store.mark_sent(1, at(20)).await.unwrap();
    let letter = LetterNote {
        subject: "[cardwatch] acme: 1 card broken when first seen (1 broken now)".to_owned(),
        to: vec!["Admins <admins@example.com>".to_owned()],
        sent_at: Some(at(20)),
    };
    assert_eq!(told(&house, 1).await, [in_acme(20, What::Mailed(letter))]);
}

#[tokio::test]
async fn a_mail_that_waits_or_was_refused_did_not_happen() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.sweep(15, &[(1, works())]).await;
    house.store.mark_rejected(1, "550 no such mailbox", at(16)).await.unwrap();
    assert!(lately(&house, 9).await.iter().all(|happening| !matches!(happening.what, What::Mailed(_))));
}

#[tokio::test]
async fn mails_to_owners_are_told_elsewhere() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.store.mark_sent(1, at(1)).await.unwrap();
    house.execute("UPDATE outbox SET message_id = 'acme.1.u7@example.com'").await.unwrap();
    assert_eq!(told(&house, 9).await, [in_acme(1, What::Broke(1))]);
}

#[tokio::test]
async fn sweeps_in_a_row_that_failed_alike_are_one_happening() {
    let house = House::new().await;
    house.fail(0).await;
    house.fail(15).await;
    house.sweep(30, &[(1, works())]).await;
    house.fail(45).await;
    house.fail(60).await;
    house.fail(75).await;
    assert_eq!(told(&house, 9).await, [in_acme(76, failed()), in_acme(16, failed())]);
}

#[tokio::test]
async fn a_sweep_that_failed_otherwise_is_a_happening_of_its_own() {
    let house = House::new().await;
    house.fail(0).await;
    house.execute("UPDATE sweep SET trouble = 'cannot list pages'").await.unwrap();
    house.fail(15).await;
    let whys: Vec<What> = lately(&house, 9).await.into_iter().map(|happening| happening.what).collect();
    assert_eq!(whys, [failed(), What::Failed("cannot list pages".to_owned())]);
}

#[tokio::test]
async fn sweeps_in_a_row_that_were_skipped_are_one_happening() {
    let house = House::new().await;
    for minute in [0, 15, 30] {
        skip(&house, minute).await;
    }
    house.fail(45).await;
    skip(&house, 60).await;
    let told = told(&house, 9).await;
    assert_eq!(told, [in_acme(60, What::Skipped), in_acme(46, failed()), in_acme(30, What::Skipped)]);
}

#[tokio::test]
async fn a_sweep_that_runs_leaves_the_failure_before_it_told() {
    let house = House::new().await;
    house.fail(0).await;
    house.begin(15, &plan_of(&[(1, works())])).await;
    assert_eq!(told(&house, 9).await, [in_acme(1, failed())]);
}

#[tokio::test]
async fn what_happens_in_one_instance_does_not_hide_what_happens_in_another() {
    let house = House::new().await;
    house.know("globex").await;
    house.fail(0).await;
    house.sweep_plan("globex", 5, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    house.fail(15).await;
    let globex = (at(6), "globex".to_owned(), What::Broke(1));
    assert_eq!(told(&house, 9).await, [in_acme(16, failed()), globex]);
}

#[tokio::test]
async fn no_more_happenings_are_told_than_were_asked_for_and_those_are_the_latest() {
    let house = House::new().await;
    for minute in 0..9 {
        let verdict = if minute % 2 == 0 { fails("x") } else { works() };
        house.sweep(minute, &[(1, verdict)]).await;
        skip(&house, minute).await;
    }
    assert_eq!(
        told(&house, 3).await,
        [in_acme(9, What::Broke(1)), in_acme(8, What::Skipped), in_acme(8, What::Recovered(1)),]
    );
    assert_eq!(lately(&house, 0).await, []);
}

#[tokio::test]
async fn what_is_longer_ago_than_two_days_before_the_latest_sweep_is_not_told() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.store.mark_sent(1, at(2)).await.unwrap();
    skip(&house, 3).await;
    house.sweep(HOUR, &[(1, works())]).await;
    house.sweep(49 * HOUR, &[(1, works())]).await;
    assert_eq!(told(&house, 9).await, [in_acme(HOUR + 1, What::Recovered(1))]);
}
