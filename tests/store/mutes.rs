//! A mute is kept with who, why and when, until it ends one way or another: and then still.

use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::{Mute, MuteEnd};
use cardwatch::domain::shown::Shown;
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{Ended, MuteRecord, MuteRefused, Store, StoreError};

use crate::house::{House, acme, named, plan_of, swept};
use crate::nouns::{at, card, fails, listing, page, unchecked, works};

const A_DAY: i64 = 24 * 60;

/// A mute that Ann makes at a minute and that holds until the card has recovered.
fn mute(minute: i64) -> Mute {
    Mute { reason: "Known: \"Orders\" is being moved".into(), by: "ann".into(), at: at(minute), until: None }
}

fn mute_until(minute: i64, until: i64) -> Mute {
    Mute { until: Some(at(until)), ..mute(minute) }
}

fn ended(how: MuteEnd, minute: i64, by: Option<&str>) -> Ended {
    Ended { how, at: at(minute), by: by.map(str::to_owned) }
}

/// Card 1 is broken, card 2 works.
async fn broken_house() -> House {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    house
}

async fn muted_house(mute: &Mute) -> House {
    let house = broken_house().await;
    make(&house, 1, mute).await.unwrap();
    house
}

async fn make(house: &House, card: i64, mute: &Mute) -> Result<MuteRecord, MuteRefused> {
    house.store.mute(CardId(card), None, mute).await.unwrap()
}

async fn end(house: &House, card: i64, minute: i64) -> Result<MuteRecord, MuteRefused> {
    house.store.unmute(CardId(card), None, "bob", at(minute)).await.unwrap()
}

/// The mutes that hold at a minute, by their cards.
async fn holding(house: &House, minute: i64) -> Vec<i64> {
    house.store.mutes(false, at(minute)).await.unwrap().into_iter().map(|record| record.card.0).collect()
}

/// How each mute ended that was ever made, the latest first.
async fn ends(house: &House) -> Vec<Option<Ended>> {
    house.store.mutes(true, at(0)).await.unwrap().into_iter().map(|record| record.ended).collect()
}

#[tokio::test]
async fn a_mute_is_told_with_its_card() {
    let house = broken_house().await;
    let record = make(&house, 1, &mute_until(5, A_DAY)).await.unwrap();
    let expected = MuteRecord {
        instance: "acme".into(),
        instance_url: "https://acme.domo.com".into(),
        card: CardId(1),
        title: "Card 1".into(),
        mute: mute_until(5, A_DAY),
        ended: None,
    };
    assert_eq!(record, expected);
    assert_eq!(house.store.mutes(false, at(6)).await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_muted_card_is_broken_still_and_known_to_be_muted() {
    let house = muted_house(&mute(5)).await;
    let card = house.snapshot().await.cards[&CardId(1)].clone();
    assert_eq!((card.state.is_broken(), card.mute.as_deref()), (true, Some(&mute(5))));
    assert_eq!(house.snapshot().await.cards[&CardId(2)].mute, None);
    assert_eq!(house.memory().await.cards.get(&CardId(1)).unwrap().mute.as_deref(), Some(&mute(5)));
}

#[tokio::test]
async fn a_card_that_nobody_listed_cannot_be_muted_or_unmuted() {
    let house = broken_house().await;
    assert_eq!(make(&house, 3, &mute(5)).await, Err(MuteRefused::NoSuchCard));
    assert_eq!(end(&house, 3, 5).await, Err(MuteRefused::NoSuchCard));
    let elsewhere = house.store.mute(CardId(1), Some(&named("nobody")), &mute(5)).await.unwrap();
    assert_eq!(elsewhere, Err(MuteRefused::NoSuchCard));
}

#[tokio::test]
async fn a_card_that_no_listing_holds_any_more_cannot_be_muted() {
    let house = broken_house().await;
    house.sweep(15, &[(2, works())]).await;
    assert_eq!(make(&house, 1, &mute(20)).await, Err(MuteRefused::NoSuchCard));
}

#[tokio::test]
async fn only_a_broken_card_can_be_muted() {
    let house = House::new().await;
    let mut listing = listing(cardwatch::domain::sweep::Scope::Pages, vec![page(10, &[1, 2, 3])]);
    let document = cardwatch::domain::sweep::CardKind::named("document");
    listing.cards.insert(CardId(3), cardwatch::domain::sweep::ListedCard { kind: document, ..card(3) });
    house.sweep_plan("acme", 0, crate::house::plan(listing), &[(1, works()), (2, unchecked())]).await;
    for (card, shown) in [(1, Shown::Working), (2, Shown::Unchecked), (3, Shown::Unsupported)] {
        assert_eq!(make(&house, card, &mute(5)).await, Err(MuteRefused::NotBroken(shown)));
    }
    assert!(ends(&house).await.is_empty());
}

#[tokio::test]
async fn a_card_that_was_broken_when_it_could_last_be_checked_can_be_muted() {
    let house = broken_house().await;
    house.sweep(9 * A_DAY, &[(1, unchecked()), (2, works())]).await;
    assert!(make(&house, 1, &mute(9 * A_DAY + 5)).await.is_ok());
}

#[tokio::test]
async fn a_card_id_of_two_instances_is_muted_where_one_is_named() {
    let house = broken_house().await;
    house.know("globex").await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    let ambiguous = Err(MuteRefused::Ambiguous(vec!["acme".into(), "globex".into()]));
    assert_eq!(make(&house, 1, &mute(5)).await, ambiguous);
    let muted = house.store.mute(CardId(1), Some(&named("globex")), &mute(5)).await.unwrap().unwrap();
    assert_eq!(muted.instance, "globex");
    assert_eq!(house.snapshot().await.cards[&CardId(1)].mute, None);
    assert_eq!(end(&house, 1, 6).await, ambiguous);
    let globex = named("globex");
    assert!(house.store.unmute(CardId(1), Some(&acme()), "bob", at(6)).await.unwrap().is_err());
    assert!(house.store.unmute(CardId(1), Some(&globex), "bob", at(6)).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_mute_that_is_made_over_takes_the_place_of_the_one_that_holds() {
    let house = muted_house(&mute_until(5, A_DAY)).await;
    let again = Mute { by: "bob".into(), ..mute(10) };
    make(&house, 1, &again).await.unwrap();
    assert_eq!(house.snapshot().await.cards[&CardId(1)].mute.as_deref(), Some(&again));
    assert_eq!(ends(&house).await, [None, Some(ended(MuteEnd::Unmuted, 10, Some("bob")))]);
}

#[tokio::test]
async fn a_mute_whose_time_is_up_when_another_is_made_has_expired() {
    let house = muted_house(&mute_until(5, 10)).await;
    make(&house, 1, &mute(30)).await.unwrap();
    assert_eq!(ends(&house).await, [None, Some(ended(MuteEnd::Expired, 10, None))]);
}

#[tokio::test]
async fn a_mute_holds_until_its_time_is_up() {
    let house = muted_house(&mute_until(5, 10)).await;
    assert_eq!(holding(&house, 9).await, [1]);
    assert!(holding(&house, 10).await.is_empty());
}

#[tokio::test]
async fn whoever_ends_a_mute_is_kept() {
    let house = muted_house(&mute(5)).await;
    let record = end(&house, 1, 7).await.unwrap();
    assert_eq!((&record.mute, &record.ended), (&mute(5), &Some(ended(MuteEnd::Unmuted, 7, Some("bob")))));
    assert_eq!(house.snapshot().await.cards[&CardId(1)].mute, None);
    assert!(holding(&house, 8).await.is_empty());
    assert_eq!(end(&house, 1, 8).await, Err(MuteRefused::NotMuted));
}

#[tokio::test]
async fn a_card_that_is_not_muted_any_more_cannot_be_unmuted() {
    let house = muted_house(&mute_until(5, 10)).await;
    assert_eq!(end(&house, 2, 7).await, Err(MuteRefused::NotMuted));
    assert_eq!(end(&house, 1, 10).await, Err(MuteRefused::NotMuted));
    assert_eq!(ends(&house).await, [None]);
}

#[tokio::test]
async fn a_card_that_works_again_is_not_muted_any_more() {
    let house = muted_house(&mute(5)).await;
    house.sweep(15, &[(1, works()), (2, works())]).await;
    assert_eq!(ends(&house).await, [Some(ended(MuteEnd::Recovered, 15, None))]);
    house.sweep(30, &[(1, fails("y")), (2, works())]).await;
    assert_eq!(house.snapshot().await.cards[&CardId(1)].mute, None);
}

#[tokio::test]
async fn a_sweep_writes_down_that_the_time_of_a_mute_is_up() {
    let house = muted_house(&mute_until(5, 20)).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    assert_eq!(ends(&house).await, [None]);
    house.sweep(30, &[(1, fails("x")), (2, works())]).await;
    assert_eq!(ends(&house).await, [Some(ended(MuteEnd::Expired, 20, None))]);
}

#[tokio::test]
async fn a_sweep_that_cannot_be_closed_ends_no_mute() {
    let house = muted_house(&mute(5)).await;
    let seen = [(1, works()), (2, works())];
    let sweep = house.begin(15, &plan_of(&seen)).await;
    let found = swept(&sweep, 15, plan_of(&seen), &seen);
    house.store.mark_interrupted(|_| false, at(16)).await.unwrap();
    house.finish(sweep, &found).await.unwrap_err();
    assert_eq!(ends(&house).await, [None]);
}

#[tokio::test]
async fn the_mute_of_a_removed_card_holds_nothing_and_comes_back_with_the_card() {
    let house = muted_house(&mute(5)).await;
    house.sweep(15, &[(2, works())]).await;
    assert!(holding(&house, 20).await.is_empty());
    assert_eq!(ends(&house).await, [None]);
    house.sweep(30, &[(1, fails("x")), (2, works())]).await;
    assert_eq!(holding(&house, 31).await, [1]);
}

#[tokio::test]
async fn a_mute_without_a_reason_is_refused_and_the_one_before_holds_on() {
    let house = muted_house(&mute(5)).await;
    let silent = Mute { reason: String::new(), ..mute(10) };
    let refused = house.store.mute(CardId(1), None, &silent).await;
    assert!(matches!(refused, Err(StoreError::Sqlite { .. })));
    assert_eq!(ends(&house).await, [None]);
    assert_eq!(house.snapshot().await.cards[&CardId(1)].mute.as_deref(), Some(&mute(5)));
}

#[tokio::test]
async fn two_that_mute_a_card_at_once_leave_one_mute() {
    let house = broken_house().await;
    let other = Store::open(&house.path()).await.unwrap();
    let (ours, theirs) = (mute(5), Mute { by: "bob".into(), ..mute(5) });
    let made = tokio::join!(house.store.mute(CardId(1), None, &ours), other.mute(CardId(1), None, &theirs));
    made.0.unwrap().unwrap();
    made.1.unwrap().unwrap();
    assert_eq!(holding(&house, 6).await, [1]);
    assert_eq!(ends(&house).await.len(), 2);
}

#[tokio::test]
async fn mutes_are_listed_with_the_latest_first_and_all_of_them_where_asked() {
    let house = House::new().await;
    let seen: Vec<(i64, Verdict)> = (1..=3).map(|card| (card, fails("x"))).collect();
    house.sweep(0, &seen).await;
    for card in [2, 3, 1] {
        make(&house, card, &mute(5)).await.unwrap();
    }
    end(&house, 3, 6).await.unwrap();
    assert_eq!(holding(&house, 7).await, [1, 2]);
    let all = house.store.mutes(true, at(7)).await.unwrap();
    assert_eq!(all.iter().map(|record| record.card.0).collect::<Vec<_>>(), [1, 3, 2]);
}
