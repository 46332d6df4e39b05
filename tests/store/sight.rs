//! What is remembered between sweeps of an instance that cannot be checked, and of cards that flap.

use cardwatch::domain::card::Told;
use cardwatch::domain::closing::{self, Memory};
use cardwatch::domain::ids::CardId;
use cardwatch::domain::sight::{Blind, BlindTold, Sight};
use cardwatch::domain::sweep::Outcome;
use chrono::TimeDelta;

use crate::house::{House, LONG_BEFORE, acme, plan_of, swept};
use crate::nouns::{at, fails, unchecked, works};

const LETTERS: &str = "SELECT concat_ws(' ', subject, reference_ids) FROM outbox ORDER BY outbox_id";

async fn letters(house: &House) -> Vec<String> {
    house.texts(LETTERS).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn whatever_is_known_and_told_of_an_instances_sight_is_remembered() {
    let house = House::new().await;
    let told = || Some(BlindTold { at: at(-9), message_id: "1@example.com".to_owned(), since: at(-99) });
    let blind = Some(Blind { since: at(-5), sweeps: u32::MAX });
    for sight in [
        Sight { blind, told: told() },
        Sight { blind, told: None },
        Sight { blind: None, told: told() },
        Sight { blind: None, told: None },
    ] {
        let seen = [(1, works())];
        let sweep = house.begin(0, &plan_of(&seen)).await;
        let found = swept(&sweep, 0, plan_of(&seen), &seen);
        let decide = |memory: &Memory| {
            (closing::Closing { sight: sight.clone(), ..closing::close(&found, memory, None) }, Vec::new())
        };
        house.store.finish_sweep(sweep, &found, LONG_BEFORE, decide).await.unwrap();
        assert_eq!(house.store.snapshot(&acme()).await.unwrap().blind, sight.blind);
        assert_eq!(house.memory().await.sight, sight);
    }
}

#[tokio::test]
async fn sweeps_that_decide_nothing_queue_one_letter_and_the_first_that_does_another() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.fail(15).await;
    assert!(letters(&house).await.is_empty());
    house.sweep(30, &[(1, unchecked())]).await;
    house.fail(45).await;
    house.sweep(60, &[(1, works())]).await;
    house.sweep(75, &[(1, works())]).await;
    assert_eq!(
        letters(&house).await,
        [
            "[cardwatch] acme: cannot check cards: no access to cards []",
            "[cardwatch] acme: checking again (0 broken now) [\"3@example.com\"]"
        ]
    );
}

#[tokio::test]
async fn a_failed_sweep_that_another_process_gave_up_leaves_nothing() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.fail(15).await;
    let sweep = house.store.begin_sweep(&acme(), crate::house::PID, at(30)).await.unwrap();
    house.store.mark_interrupted(|_| false, at(31)).await.unwrap();
    let failed = closing::Failed {
        scope: cardwatch::domain::sweep::Scope::Pages,
        started_at: at(30),
        finished_at: at(32),
        why: cardwatch::domain::sight::Why { brief: "x", full: "x".to_owned() },
    };
    let decide =
        |memory: &Memory| (closing::close_failed(&failed, memory, None), Some(crate::house::letter("9@example.com")));
    assert!(house.store.finish_failed_sweep(sweep, &failed, decide).await.is_err());
    assert!(letters(&house).await.is_empty());
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!(snapshot.blind, Some(Blind { since: at(15), sweeps: 1 }));
}

#[tokio::test]
async fn an_instance_of_which_nothing_is_decided_is_not_up_though_its_cards_are_listed() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    assert!(house.store.snapshot(&acme()).await.unwrap().domo_up());
    house.sweep(15, &[(1, unchecked())]).await;
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert!(!snapshot.domo_up());
    let last = snapshot.last_sweep.unwrap();
    assert_eq!(last.outcome, Outcome::Partial);
    assert!(last.trouble.unwrap().starts_with("no access (403), said of 1 of 1 card; share the cards"));
    house.sweep(30, &[(1, works())]).await;
    assert!(house.store.snapshot(&acme()).await.unwrap().domo_up());
}

#[tokio::test]
async fn sight_is_that_of_one_instance() {
    let house = House::new().await;
    house.know("globex").await;
    house.fail(0).await;
    let globex = house.store.snapshot(&"globex".parse().unwrap()).await.unwrap();
    assert_eq!(globex.blind, None);
}

#[tokio::test]
async fn changes_are_remembered_since_an_instant_first_sights_aside() {
    let house = House::new().await;
    house.know("globex").await;
    for (minute, one, two) in
        [(0, fails("x"), works()), (15, works(), works()), (30, fails("x"), fails("x")), (45, works(), fails("y"))]
    {
        house.sweep(minute, &[(1, one.clone()), (2, two)]).await;
        house.sweep_plan("globex", minute, plan_of(&[(1, one.clone())]), &[(1, one)]).await;
    }
    let changes = async |since| {
        let memory = house.memory_since(since).await;
        [1, 2].map(|card| memory.cards.get(&CardId(card)).unwrap().changes.clone())
    };
    assert_eq!(changes(LONG_BEFORE).await, [vec![at(15), at(30), at(45)], vec![at(30)]]);
    assert_eq!(changes(at(15)).await, [vec![at(30), at(45)], vec![at(30)]]);
    assert_eq!(changes(at(45) - TimeDelta::milliseconds(1)).await, [vec![at(45)], vec![]]);
    assert!(changes(at(45)).await.iter().all(Vec::is_empty));
}

#[tokio::test]
async fn a_card_that_flaps_over_several_sweeps_is_told_once() {
    let house = House::new().await;
    for minute in (0..300).step_by(30) {
        house.sweep(minute, &[(1, works()), (2, works())]).await;
        house.sweep(minute + 15, &[(1, fails("x")), (2, works())]).await;
    }
    assert_eq!(
        letters(&house).await,
        [
            "[cardwatch] acme: 1 card broke (1 broken now) []",
            "[cardwatch] acme: 1 card recovered (0 broken now) [\"2@example.com\"]",
            "[cardwatch] acme: 1 card broke (1 broken now) []",
            "[cardwatch] acme: 1 card flapping (0 broken now) [\"4@example.com\"]",
        ]
    );
    assert!(matches!(house.memory().await.cards.get(&CardId(1)).unwrap().told, Told::Flapping { .. }));
}

#[tokio::test]
async fn a_flapping_card_that_goes_on_working_is_known_to_have_settled() {
    let house = House::new().await;
    let told = async || house.memory().await.cards.get(&CardId(1)).unwrap().told.clone();
    for minute in (0..120).step_by(30) {
        house.sweep(minute, &[(1, works())]).await;
        house.sweep(minute + 15, &[(1, fails("x"))]).await;
    }
    house.sweep(120, &[(1, works())]).await;
    assert!(matches!(told().await, Told::Flapping { .. }));
    house.sweep(120 + 24 * 60, &[(1, works())]).await;
    assert_eq!(told().await, Told::Nothing);
}

#[tokio::test]
async fn the_changes_of_a_removed_card_count_when_it_comes_back() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    house.sweep(30, &[(2, works())]).await;
    let before = house.memory().await.cards.get(&CardId(1)).unwrap().changes.clone();
    assert_eq!(before, [at(15)]);
}
