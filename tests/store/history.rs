//! One card's past.

use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::{Mute, MuteEnd};
use cardwatch::domain::shown::Shown;
use cardwatch::domain::sweep::Scope;
use cardwatch::store::{CardHistory, PastResult, PastTransition, SavedResult};

use crate::house::{House, plan, plan_of, results, swept};
use crate::nouns::{at, fails, listing, owner, page, unchecked, works};

async fn histories(house: &House, card: i64) -> Vec<CardHistory> {
    house.store.card_histories(CardId(card), None, 100).await.unwrap()
}

async fn history(house: &House, card: i64) -> CardHistory {
    let mut found = histories(house, card).await;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn past(minute: i64, verdict: Shown, reason: Option<&str>) -> PastResult {
    PastResult { checked_at: at(minute), verdict, reason: reason.map(str::to_owned), latency_ms: 250 }
}

#[tokio::test]
async fn a_history_gives_results_and_transitions_the_latest_first() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    house.sweep(30, &[(1, unchecked())]).await;
    house.sweep(45, &[(1, works())]).await;
    let history = history(&house, 1).await;
    assert_eq!(
        history.results,
        [
            past(45, Shown::Working, None),
            past(30, Shown::Unchecked, Some("no access (403)")),
            past(15, Shown::Broken, Some("x")),
            past(0, Shown::Working, None)
        ]
    );
    let broke = PastTransition { at: at(15), to: Shown::Broken, first_seen: false, reason: Some("x".into()) };
    let recovered = PastTransition { at: at(45), to: Shown::Working, first_seen: false, reason: None };
    assert_eq!(history.transitions, [recovered, broke]);
}

#[tokio::test]
async fn a_history_says_which_card_it_is_of() {
    let house = House::new().await;
    let listing = listing(Scope::Pages, vec![page(20, &[1]), page(10, &[1, 2])]);
    house.sweep_plan("acme", 0, plan(listing), &[(1, works()), (2, works())]).await;
    let history = history(&house, 1).await;
    assert_eq!((history.instance.as_str(), history.instance_url.as_str()), ("acme", "https://acme.domo.com"));
    assert_eq!((history.title.as_str(), history.removed), ("Card 1", false));
    assert_eq!(history.pages, ["Page 10", "Page 20"]);
}

#[tokio::test]
async fn a_confirmation_comes_after_the_render_that_it_confirms() {
    let house = House::new().await;
    let seen = [(1, fails("x"))];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    let again = SavedResult { round: 1, at: at(1), ..results(0, &[(1, works())]).remove(0) };
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    house.store.append_results(&mut sweep, &[again]).await.unwrap();
    let found = swept(&sweep, 1, plan_of(&seen), &[(1, works())]);
    house.finish(sweep, &found).await.unwrap();
    assert_eq!(history(&house, 1).await.results, [past(1, Shown::Working, None), past(0, Shown::Broken, Some("x"))]);
}

#[tokio::test]
async fn a_card_id_of_two_instances_has_two_histories() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    let found = histories(&house, 1).await;
    let results: Vec<_> = found.iter().map(|history| (history.instance.as_str(), history.results[0].verdict)).collect();
    assert_eq!(results, [("acme", Shown::Working), ("globex", Shown::Broken)]);
    let globex = house.store.card_histories(CardId(1), Some("globex"), 100).await.unwrap();
    assert_eq!(globex, found[1..]);
}

#[tokio::test]
async fn an_unknown_card_has_no_history() {
    let house = House::new().await;
    assert!(histories(&house, 1).await.is_empty());
    assert!(house.store.card_histories(CardId(1), Some("nobody"), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_removed_card_has_its_history_still() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    let history = history(&house, 1).await;
    assert!(history.removed && history.pages.is_empty());
    assert_eq!(history.results.len(), 1);
}

#[tokio::test]
async fn a_history_is_no_longer_than_asked_for() {
    let house = House::new().await;
    for sweep in 0..6 {
        house.sweep(sweep * 15, &[(1, if sweep % 2 == 0 { works() } else { fails("x") })]).await;
    }
    let history = house.store.card_histories(CardId(1), None, 3).await.unwrap().remove(0);
    assert_eq!(
        history.results,
        [past(75, Shown::Broken, Some("x")), past(60, Shown::Working, None), past(45, Shown::Broken, Some("x"))]
    );
    assert_eq!(history.transitions.len(), 3);
    assert_eq!(history.transitions[0].at, at(75));
}

#[tokio::test]
async fn results_come_in_the_order_of_their_sweeps_whatever_the_clock_said() {
    let house = House::new().await;
    house.sweep(9_999, &[(1, works())]).await;
    house.sweep(0, &[(1, fails("x"))]).await;
    assert_eq!(
        history(&house, 1).await.results,
        [past(0, Shown::Broken, Some("x")), past(9_999, Shown::Working, None)]
    );
}

#[tokio::test]
async fn a_history_tells_the_mutes_and_owners_of_a_card() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x"))]).await;
    let mute = |minute| Mute { reason: "known".into(), by: "ann".into(), at: at(minute), until: Some(at(999)) };
    for (card, minute) in [(1, 5), (2, 6), (1, 7)] {
        house.store.mute(CardId(card), None, &mute(minute)).await.unwrap().unwrap();
    }
    house.sweep(15, &[(1, works()), (2, fails("x"))]).await;
    let history = history(&house, 1).await;
    let told: Vec<_> = history.mutes.iter().map(|record| (&record.mute, record.ended.clone().unwrap().how)).collect();
    assert_eq!(told, [(&mute(7), MuteEnd::Recovered), (&mute(5), MuteEnd::Unmuted)]);
    assert_eq!(history.owners, [owner(1, "Owner of 1")]);
}
