//! Letters between the closing that made them due and the server that takes them.

use std::collections::BTreeSet;

use cardwatch::domain::report::Letter;
use cardwatch::store::QueueState;

use crate::house::{House, LONG_BEFORE, letter, plan_of, swept};
use crate::nouns::{at, fails, works};

/// Queues these letters, each in the closing of a sweep of its own, a quarter of an hour apart.
async fn queue(house: &House, letters: &[Letter]) {
    for (letter, n) in letters.iter().zip(0..) {
        let seen = [(1, works())];
        let sweep = house.begin(n * 15, &plan_of(&seen)).await;
        let found = swept(&sweep, n * 15, plan_of(&seen), &seen);
        let decide = |memory: &_| (cardwatch::domain::closing::close(&found, memory, None), vec![letter.clone()]);
        house.store.finish_sweep(sweep, &found, LONG_BEFORE, decide).await.unwrap();
    }
}

/// The Message-ID of the letter that is next in line.
async fn next(house: &House) -> Option<String> {
    house.next_letter().await.unwrap().map(|queued| queued.letter.message_id)
}

async fn head(house: &House) -> i64 {
    house.next_letter().await.unwrap().unwrap().id
}

#[tokio::test]
async fn a_letter_comes_out_as_it_went_in() {
    let house = House::new().await;
    let whole = Letter {
        references: vec!["1@example.com".into(), "\"odd\"@example.com".into()],
        to: vec!["\"O'Hara, Ann\" <ann@example.com>".into(), "bi@example.com".into()],
        csv: Some("card_id,title\r\n1,\"=x\"\r\n".into()),
        ..letter("2@example.com")
    };
    queue(&house, std::slice::from_ref(&whole)).await;
    let queued = house.next_letter().await.unwrap().unwrap();
    assert_eq!(queued.letter, whole);
    assert_eq!((queued.attempts, queued.created_at, queued.next_attempt_at), (0, at(1), at(1)));
}

#[tokio::test]
async fn an_empty_queue_has_no_letter() {
    let house = House::new().await;
    assert_eq!(next(&house).await, None);
    assert_eq!(house.store.queue_state().await.unwrap(), QueueState { length: 0, oldest: None });
    assert_eq!(house.store.waiting_error().await.unwrap(), None);
}

#[tokio::test]
async fn letters_are_sent_in_the_order_in_which_they_were_queued() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x"), letter("c@x")]).await;
    let mut order = Vec::new();
    while let Some(queued) = house.next_letter().await.unwrap() {
        order.push(queued.letter.message_id);
        house.store.mark_sent(queued.id, at(60)).await.unwrap();
    }
    assert_eq!(order, ["a@x", "b@x", "c@x"]);
}

#[tokio::test]
async fn a_letter_that_is_to_be_tried_again_keeps_its_place() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    house.store.mark_retry(head(&house).await, "451 later", at(90)).await.unwrap();
    let queued = house.next_letter().await.unwrap().unwrap();
    assert_eq!((queued.letter.message_id.as_str(), queued.attempts, queued.next_attempt_at), ("a@x", 1, at(90)));
    assert_eq!(house.store.waiting_error().await.unwrap().as_deref(), Some("451 later"));
}

#[tokio::test]
async fn a_letter_that_was_sent_after_a_failure_has_no_error_left() {
    let house = House::new().await;
    queue(&house, &[letter("a@x")]).await;
    let id = head(&house).await;
    house.store.mark_retry(id, "451 later", at(90)).await.unwrap();
    house.store.mark_sent(id, at(91)).await.unwrap();
    assert_eq!(next(&house).await, None);
    assert_eq!(house.texts("SELECT concat_ws(' ', attempts, last_error) FROM outbox").await, [Some("2".to_owned())]);
    assert_eq!(house.number("SELECT sent_at FROM outbox").await, at(91).timestamp_millis());
}

#[tokio::test]
async fn a_letter_that_was_rejected_makes_way_and_is_told_of() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    house.store.mark_rejected(head(&house).await, "550 no such user", at(60)).await.unwrap();
    assert_eq!(next(&house).await.as_deref(), Some("b@x"));
    let rejected = house.store.rejected_letters().await.unwrap();
    assert_eq!(rejected, [(letter("a@x").subject, "550 no such user".to_owned())]);
}

#[tokio::test]
async fn a_letter_that_was_refused_for_some_was_sent_and_is_told_of() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    house.store.mark_sent_in_part(head(&house).await, "b@example.com: 550 gone", at(60)).await.unwrap();
    assert_eq!(next(&house).await.as_deref(), Some("b@x"));
    let rejected = house.store.rejected_letters().await.unwrap();
    assert_eq!(rejected, [(letter("a@x").subject, "b@example.com: 550 gone".to_owned())]);
}

#[tokio::test]
async fn letters_that_give_way_are_passed_over() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    let aside = [head(&house).await].into();
    let next = house.store.next_letter(&aside, &BTreeSet::new()).await.unwrap().unwrap();
    assert_eq!(next.letter.message_id, "b@x");
    let both = [head(&house).await, next.id].into();
    assert_eq!(house.store.next_letter(&both, &BTreeSet::new()).await.unwrap(), None);
}

#[tokio::test]
async fn letters_to_who_waits_for_an_earlier_one_are_passed_over() {
    let house = House::new().await;
    let [jo, kim] = ["Jo <jo@example.com>", "kim@example.com"].map(str::to_owned);
    let to_both = Letter { to: vec![jo.clone(), kim.clone()], ..letter("a@x") };
    queue(&house, &[to_both, Letter { to: vec![jo.clone()], ..letter("b@x") }]).await;
    let beside = async |readers: &[&String]| {
        let readers = readers.iter().map(|reader| (*reader).clone()).collect();
        let next = house.store.next_letter(&BTreeSet::new(), &readers).await.unwrap();
        next.map(|queued| queued.letter.message_id)
    };
    assert_eq!(beside(&[]).await.as_deref(), Some("a@x"));
    assert_eq!(beside(&[&kim]).await.as_deref(), Some("b@x"));
    assert_eq!(beside(&[&jo]).await, None);
}

#[tokio::test]
async fn the_latest_ten_rejected_letters_are_told_of() {
    let house = House::new().await;
    let letters: Vec<_> = (0..12).map(|n| Letter { subject: n.to_string(), ..letter(&format!("{n}@x")) }).collect();
    queue(&house, &letters).await;
    while let Some(queued) = house.next_letter().await.unwrap() {
        house.store.mark_rejected(queued.id, "550", at(60)).await.unwrap();
    }
    let rejected = house.store.rejected_letters().await.unwrap();
    let subjects: Vec<_> = rejected.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(subjects, ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2"]);
}

#[tokio::test]
async fn the_queue_says_how_many_wait_and_since_when() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x"), letter("c@x")]).await;
    house.store.mark_sent(head(&house).await, at(60)).await.unwrap();
    assert_eq!(house.store.queue_state().await.unwrap(), QueueState { length: 2, oldest: Some(at(16)) });
}

#[tokio::test]
async fn a_letter_cannot_be_sent_and_rejected() {
    let house = House::new().await;
    queue(&house, &[letter("a@x")]).await;
    let id = head(&house).await;
    house.store.mark_sent(id, at(60)).await.unwrap();
    assert!(house.store.mark_rejected(id, "550", at(61)).await.is_err());
}

#[tokio::test]
async fn a_letter_that_somebody_deleted_while_it_was_sent_holds_nobody_up() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    let id = head(&house).await;
    house.execute("DELETE FROM outbox WHERE message_id = 'a@x'").await.unwrap();
    house.store.mark_sent(id, at(60)).await.unwrap();
    assert_eq!(next(&house).await.as_deref(), Some("b@x"));
}

#[tokio::test]
async fn letters_that_wait_for_another_try_can_be_made_due_at_once() {
    let house = House::new().await;
    queue(&house, &[letter("a@x"), letter("b@x")]).await;
    house.store.mark_sent(head(&house).await, at(60)).await.unwrap();
    house.store.mark_retry(head(&house).await, "451 later", at(999)).await.unwrap();
    house.store.make_letters_due(at(61)).await.unwrap();
    let queued = house.next_letter().await.unwrap().unwrap();
    assert_eq!((queued.next_attempt_at, queued.attempts), (at(61), 1));
    house.store.make_letters_due(at(70)).await.unwrap();
    assert_eq!(house.next_letter().await.unwrap().unwrap().next_attempt_at, at(61));
}

#[tokio::test]
async fn a_queue_survives_a_restart() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    house.store.close().await;
    let again = cardwatch::store::Store::open(&house.path()).await.unwrap();
    let queued = again.next_letter(&BTreeSet::new(), &BTreeSet::new()).await.unwrap().unwrap();
    assert_eq!(queued.letter.subject, "[cardwatch] acme: 1 card broke (1 broken now)");
}
