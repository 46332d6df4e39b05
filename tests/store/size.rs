//! The schema is made for 30 million results at 24 bytes each, indexes included.

use std::time::Duration;

use cardwatch::domain::ids::CardId;
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::SavedResult;
use chrono::TimeDelta;

use crate::house::{House, plan_of};
use crate::nouns::{at, fails, unchecked, works};

const CARDS: usize = 10_000;
const SWEEPS: i64 = 10;

/// Answers come back nearly in the order in which they were asked for: each within a hundred of its place.
fn shuffled() -> Vec<i64> {
    let mut cards: Vec<i64> = (0..).take(CARDS).collect();
    for (window, seed) in cards.chunks_mut(100).zip(1_u64..) {
        window.sort_by_key(|card| (card.unsigned_abs() + 1).wrapping_mul(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    }
    cards
}

fn verdict(card: i64) -> Verdict {
    match card % 50 {
        0 => fails("Invalid column(s) referenced: dateymd"),
        1 => unchecked(),
        _ => works(),
    }
}

/// A result as they come: eight a second, each in 200 to 2,200 milliseconds.
fn result(minute: i64, (place, card): (usize, i64)) -> SavedResult {
    let seconds = i64::try_from(place / 8).unwrap();
    SavedResult {
        card: CardId(card),
        round: 0,
        verdict: verdict(card),
        at: at(minute) + TimeDelta::seconds(seconds),
        latency: Duration::from_millis(200 + card.unsigned_abs() * 7_919 % 2_000),
    }
}

#[tokio::test]
async fn a_hundred_thousand_results_take_24_bytes_each_at_most() {
    let house = House::new().await;
    let cards: Vec<_> = (0..).take(CARDS).map(|card| (card, works())).collect();
    let mut sweep = house.begin(0, &plan_of(&cards)).await;
    let before = house.store.size().await.unwrap();
    for hour in 0..SWEEPS {
        let results: Vec<_> = shuffled().into_iter().enumerate().map(|placed| result(hour * 60, placed)).collect();
        for chunk in results.chunks(64) {
            house.store.append_results(&mut sweep, chunk).await.unwrap();
        }
        sweep = house.begin((hour + 1) * 60, &plan_of(&cards)).await;
    }
    let grown = house.store.size().await.unwrap() - before;
    let results = house.number("SELECT count(*) FROM render_result").await.unsigned_abs();
    assert_eq!(results, 100_000);
    assert!(grown <= 24 * results, "{grown} bytes for {results} results");
}
