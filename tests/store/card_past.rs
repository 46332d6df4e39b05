//! One card's past as its page shows it.

use std::collections::BTreeSet;
use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::closing::{self, Memory};
use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::Owner;
use cardwatch::domain::report::Letter;
use cardwatch::domain::shown::Shown;
use cardwatch::domain::sweep::{Listing, Plan, Scope};
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{CardPast, LetterNote, SavedResult};

use crate::house::{House, LONG_BEFORE, PID, acme, letter, named, plan, plan_of, results, swept};
use crate::nouns::{at, fails, listing, owner, page, unchecked, works};

async fn past(house: &House, card: i64) -> CardPast {
    past_since(house, card, LONG_BEFORE).await
}

async fn past_since(house: &House, card: i64, since: Timestamp) -> CardPast {
    house.store.card_past(&acme(), CardId(card), since).await.unwrap().unwrap()
}

/// What a card changed to and when, the latest first.
fn changes(past: &CardPast) -> Vec<(Timestamp, &str, Option<&str>)> {
    let transitions = past.transitions.iter().map(|told| &told.transition);
    transitions.map(|change| (change.at, change.to.name(), change.reason.as_deref())).collect()
}

/// The subjects of the mails beside each change, the latest change first.
fn subjects(past: &CardPast) -> Vec<Vec<&str>> {
    let told = past.transitions.iter();
    told.map(|told| told.letters.iter().map(|letter| letter.subject.as_str()).collect()).collect()
}

#[tokio::test]
async fn a_card_that_an_instance_never_had_has_no_past() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(1, works())]).await;
    let of = async |instance, card| house.store.card_past(&named(instance), CardId(card), at(0)).await.unwrap();
    assert_eq!(of("acme", 2).await, None);
    assert_eq!(of("globex", 1).await, None);
    assert_eq!(of("initech", 1).await, None);
}

#[tokio::test]
async fn a_card_that_is_listed_no_more_has_its_past() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    assert_eq!(past(&house, 1).await.results.len(), 1);
}

#[tokio::test]
async fn the_latest_change_comes_first_with_its_reason() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    house.sweep(30, &[(1, works()), (2, works())]).await;
    let past = past(&house, 1).await;
    assert_eq!(changes(&past), [(at(30), "working", None), (at(15), "broken", Some("x"))]);
    assert!(!past.transitions[1].transition.first_seen);
}

#[tokio::test]
async fn changes_are_told_however_long_ago_they_were() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    let past = past_since(&house, 1, at(999)).await;
    assert_eq!(changes(&past), [(at(0), "broken", Some("x"))]);
    assert!(past.transitions[0].transition.first_seen && past.renders.is_empty());
}

#[tokio::test]
async fn no_more_than_two_hundred_changes_are_told() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house
        .execute(&format!(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 300)
             INSERT INTO transition (card_key, sweep_id, at, to_state, first_seen)
             SELECT 1, 1, {} + id * 60000, 'working', 0 FROM n",
            at(0).timestamp_millis()
        ))
        .await
        .unwrap();
    let past = past(&house, 1).await;
    assert_eq!((past.transitions.len(), past.transitions[0].transition.at), (200, at(300)));
}

#[tokio::test]
async fn a_change_is_told_with_the_mails_of_its_sweep() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    house.sweep(30, &[(1, fails("x")), (2, fails("y"))]).await;
    house.store.mark_sent(1, at(16)).await.unwrap();
    let past = past(&house, 1).await;
    let note = LetterNote {
        subject: "[cardwatch] acme: 1 card broke (1 broken now)".to_owned(),
        to: vec!["Admins <admins@example.com>".to_owned()],
        sent_at: Some(at(16)),
    };
    assert_eq!(past.transitions[0].letters, [note]);
}

#[tokio::test]
async fn a_mail_that_waits_or_was_refused_was_not_sent() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    house.sweep(30, &[(1, works())]).await;
    house.store.mark_rejected(1, "550 no such mailbox", at(16)).await.unwrap();
    let sent = past(&house, 1).await.transitions.into_iter().map(|told| told.letters[0].sent_at);
    assert_eq!(sent.collect::<Vec<_>>(), [None, None]);
}

#[tokio::test]
async fn a_change_that_no_mail_told_of_has_none() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    let seen = [(1, fails("x"))];
    house.sweep_as(15, plan_of(&seen), &seen, closing::Asked::default(), |_| ()).await.unwrap();
    assert_eq!(subjects(&past(&house, 1).await), [Vec::<&str>::new()]);
}

#[tokio::test]
async fn a_mail_of_an_older_version_is_not_taken_for_one_of_a_sweep() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.execute("UPDATE outbox SET sweep_id = NULL").await.unwrap();
    assert_eq!(subjects(&past(&house, 1).await), [Vec::<&str>::new()]);
}

/// A letter with its Message-ID for a subject.
fn named_letter(message_id: &str) -> Letter {
    Letter { subject: message_id.to_owned(), ..letter(message_id) }
}

/// A sweep after which these letters are due.
async fn sweep_with_letters(house: &House, minute: i64, plan: Plan, verdicts: &[(i64, Verdict)], ids: &[String]) {
    let sweep = house.begin(minute, &plan).await;
    let swept = swept(&sweep, minute, plan, verdicts);
    let letters = ids.iter().map(|id| named_letter(id)).collect();
    let decide = |memory: &Memory| (closing::close(&swept, memory, None), letters);
    house.store.finish_sweep(sweep, &swept, LONG_BEFORE, decide).await.unwrap();
}

/// Page 10 of Pat (user 9) with card 1 of Ann (user 1), card 2 of Bob (user 2), and card 3 of nobody.
fn owned() -> Listing {
    let mut listing = listing(Scope::Pages, vec![page(10, &[1, 2, 3])]);
    listing.pages[0].owners = [owner(9, "Pat"), Owner { user: None, name: "Analysts".to_owned() }].into();
    listing.cards.get_mut(&CardId(3)).unwrap().owners = [].into();
    listing
}

#[tokio::test]
async fn mails_to_owners_are_told_beside_their_own_cards() {
    let house = House::new().await;
    let broken = [(1, fails("x")), (2, fails("x")), (3, fails("x"))];
    let ids = ["a@x", "a.u1@x", "a.u2@x", "a.u9@x"].map(str::to_owned);
    sweep_with_letters(&house, 0, plan(owned()), &broken, &ids).await;
    assert_eq!(subjects(&past(&house, 1).await), [["a@x", "a.u1@x"]]);
    assert_eq!(subjects(&past(&house, 2).await), [["a@x", "a.u2@x"]]);
    assert_eq!(subjects(&past(&house, 3).await), [["a@x", "a.u9@x"]], "the page's owners answer for it");
}

#[tokio::test]
async fn no_more_than_twenty_mails_are_told_beside_a_change() {
    let house = House::new().await;
    let ids: Vec<String> = (0..30).map(|number| format!("{number}@x")).collect();
    sweep_with_letters(&house, 0, plan(owned()), &[(1, fails("x"))], &ids).await;
    assert_eq!(past(&house, 1).await.transitions[0].letters.len(), 20);
}

/// A sweep of card 1, in which its render took so many milliseconds.
async fn sweep_taking(house: &House, minute: i64, verdict: Verdict, round: u32, millis: u64) {
    let seen = [(1, verdict)];
    let mut sweep = house.begin(minute, &plan_of(&seen)).await;
    let latency = Duration::from_millis(millis);
    let result = SavedResult { latency, round, ..results(minute, &seen).remove(0) };
    house.store.append_results(&mut sweep, &[result]).await.unwrap();
    let found = swept(&sweep, minute, plan_of(&seen), &seen);
    house.finish(sweep, &found).await.unwrap();
}

#[tokio::test]
async fn working_renders_are_told_with_how_long_they_took() {
    let house = House::new().await;
    for (minute, verdict, round, millis) in [
        (0, works(), 0, 100),
        (15, fails("x"), 0, 200),
        (30, unchecked(), 0, 300),
        (45, Verdict::Working { no_data: true }, 0, 400),
        (60, works(), 1, 500),
    ] {
        sweep_taking(&house, minute, verdict, round, millis).await;
    }
    let took = |minute, millis| (at(minute), Duration::from_millis(millis));
    assert_eq!(past(&house, 1).await.renders, [took(45, 400), took(0, 100)]);
    assert_eq!(past_since(&house, 1, at(1)).await.renders, [took(45, 400)]);
}

#[tokio::test]
async fn of_many_renders_some_are_told_that_are_spread_evenly_with_the_latest_among_them() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    let began = at(0).timestamp_millis();
    for fill in [
        format!(
            "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 1344)
             INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome)
             SELECT id, 1, 1, {began} + id * 900000, 0, 'completed' FROM n"
        ),
        "INSERT INTO render_result SELECT sweep_id, 1, 0, 0, NULL, 0, sweep_id FROM sweep WHERE sweep_id > 1"
            .to_owned(),
    ] {
        house.execute(&fill).await.unwrap();
    }
    let renders = past(&house, 1).await.renders;
    let ids: Vec<u128> = renders.iter().map(|(_, took)| took.as_millis()).collect();
    assert_eq!((ids.len(), ids[0], ids[1], ids[149]), (150, 1344, 1335, 3));
}

#[tokio::test]
async fn a_card_was_first_decided_by_the_first_sweep_that_did_more_than_look_at_it() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, works()), (2, unchecked())]).await;
    house.sweep(30, &[(1, works()), (2, works())]).await;
    let first = async |card, since| house.store.first_decided(&acme(), CardId(card), since).await.unwrap();
    assert_eq!(first(1, LONG_BEFORE).await, Some(at(0)));
    // The sweep before it could not check it.
    assert_eq!(first(2, LONG_BEFORE).await, Some(at(30)));
    assert_eq!(first(1, at(16)).await, Some(at(30)));
    assert_eq!(first(1, at(31)).await, None);
    assert_eq!(first(3, LONG_BEFORE).await, None);
}

#[tokio::test]
async fn the_latest_results_come_first_those_of_a_confirmation_before_what_they_confirm() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    let seen = [(1, fails("x"))];
    let mut sweep = house.begin(15, &plan_of(&seen)).await;
    let first = results(15, &seen).remove(0);
    let again = SavedResult { round: 1, verdict: works(), ..first.clone() };
    house.store.append_results(&mut sweep, &[first, again]).await.unwrap();
    let told = past(&house, 1).await.results;
    let told: Vec<_> =
        told.iter().map(|result| (result.checked_at, result.verdict, result.reason.as_deref())).collect();
    assert_eq!(
        told,
        [(at(15), Shown::Working, None), (at(15), Shown::Broken, Some("x")), (at(0), Shown::Working, None)]
    );
}

#[tokio::test]
async fn no_more_than_fifty_results_are_told() {
    let house = House::new().await;
    for minute in 0..60 {
        house.sweep(minute, &[(1, works())]).await;
    }
    let told = past(&house, 1).await.results;
    assert_eq!((told.len(), told[0].checked_at, told[49].checked_at), (50, at(59), at(10)));
}

#[tokio::test]
async fn a_card_that_was_not_rendered_for_long_is_not_looked_for_in_every_sweep_there_was() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house
        .execute(
            "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 401)
             INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome)
             SELECT id, 1, 1, 0, 0, 'completed' FROM n",
        )
        .await
        .unwrap();
    assert_eq!(past(&house, 1).await.results, []);
}

#[tokio::test]
async fn the_past_of_one_card_is_not_that_of_another() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    house.sweep(15, &[(1, works()), (2, fails("y"))]).await;
    let past = past(&house, 1).await;
    assert_eq!((past.transitions.len(), past.renders.len(), past.results.len(), past.incidents.len()), (0, 1, 1, 0));
}

#[tokio::test]
async fn incidents_and_mutes_are_told_the_latest_first() {
    let house = House::new().await;
    let mute =
        |reason: &str, minute| Mute { reason: reason.to_owned(), by: "Ann".to_owned(), at: at(minute), until: None };
    for minute in [0, 60] {
        house.sweep(minute, &[(1, fails("x"))]).await;
        house.store.mute(CardId(1), None, &mute(&format!("at {minute}"), minute)).await.unwrap().unwrap();
        house.sweep(minute + 15, &[(1, works())]).await;
    }
    let past = past(&house, 1).await;
    let joined: Vec<_> = past.incidents.iter().map(|incident| incident.joined_at).collect();
    assert_eq!(joined, [at(61), at(1)]);
    let reasons: Vec<_> = past.mutes.iter().map(|record| record.mute.reason.as_str()).collect();
    assert_eq!(reasons, ["at 60", "at 0"]);
}

#[tokio::test]
async fn a_mail_outlives_the_sweep_that_made_it_due() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.execute("DELETE FROM transition").await.unwrap();
    house.execute("DELETE FROM render_result").await.unwrap();
    house.execute("PRAGMA foreign_keys = ON; DELETE FROM sweep").await.unwrap();
    let waiting = house.next_letter().await.unwrap();
    assert_eq!(waiting.map(|letter| letter.letter.message_id).as_deref(), Some("1@example.com"));
    assert_eq!(house.number("SELECT count(*) FROM outbox WHERE sweep_id IS NULL").await, 1);
}

#[tokio::test]
async fn a_mail_of_a_sweep_that_failed_knows_its_sweep() {
    let house = House::new().await;
    house.fail(0).await;
    house.fail(15).await;
    assert_eq!(house.number("SELECT sweep_id FROM outbox").await, 2);
}

#[tokio::test]
async fn a_card_that_is_new_in_a_sweep_that_runs_has_an_empty_past() {
    let house = House::new().await;
    let cards = plan_of(&[(1, works())]);
    let mut begun = house.store.begin_sweep(&acme(), PID, at(0)).await.unwrap();
    house.store.add_planned_cards(&mut begun, &cards).await.unwrap();
    assert_eq!(past(&house, 1).await, CardPast::default());
    assert_eq!(cards.cards.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from([CardId(1)]));
}
