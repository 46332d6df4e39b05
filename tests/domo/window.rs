//! How many renders are in flight where nobody has set a number, held against servers with a known limit, in simulated
//! time. The time to find the limit out counts.

use std::time::Duration;

use cardwatch::domo::pacing::Slowed;
use cardwatch::domo::window::{FIRST, MOST, Window};
use proptest::prelude::*;

use crate::limited::{Cards, Limit, Reached, World};

const HOUR: f64 = 3_600.0;

/// Of all kinds: alike, and a hundred times as long.
const CARDS: [Cards; 4] =
    [Cards::Alike(0.05), Cards::Alike(1.0), Cards::Unlike(0.02, 2.0), Cards::InTurn(0.05, 1.0, 50)];

fn close_to_what_it_bears(limit: Limit, cards: Cards, reached: Reached) {
    assert!(reached.share >= 0.9, "{limit:?} {cards:?}: {reached:?}");
    assert!(reached.refused < 0.01, "{limit:?} {cards:?}: {reached:?}");
}

/// So many that the time to find out does not decide.
fn finds(limit: Limit, cards: Cards) {
    let mut world = World::new(limit, cards);
    let reached = world.run(world.time_for(60_000.0));
    close_to_what_it_bears(limit, cards, reached);
}

#[test]
fn a_server_that_queues_is_kept_busy() {
    for workers in [4.0, 10.0, 32.0, 100.0] {
        for cards in CARDS {
            finds(Limit::Workers(workers), cards);
        }
    }
}

#[test]
fn a_server_that_queues_has_a_short_queue() {
    for (workers, cards) in [(16.0, Cards::Alike(0.5)), (64.0, Cards::Unlike(0.02, 2.0)), (128.0, Cards::Alike(0.05))] {
        let mut world = World::new(Limit::Workers(workers), cards);
        world.run(600.0);
        let sizes: Vec<usize> = (0..60).map(|_| (world.run(10.0), world.window.size()).1).collect();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        assert!((workers * 0.9..workers * 1.3 + 3.0).contains(&mean), "{workers} {cards:?}: {sizes:?}");
    }
}

#[test]
fn a_server_that_refuses_above_a_number_is_kept_just_below_it() {
    for most in [5.0, 12.0, 32.0, 100.0] {
        for cards in CARDS {
            finds(Limit::InFlight(most), cards);
        }
    }
}

#[test]
fn a_server_that_refuses_above_a_rate_is_kept_just_below_it() {
    for rate in [2.0, 10.0, 50.0, 100.0] {
        for (burst, retry_after) in [(5.0, None), (5.0, Some(1)), (rate, None)] {
            for cards in [Cards::Alike(0.05), Cards::Unlike(0.02, 2.0)] {
                let limit = Limit::Rate { rate, burst, retry_after };
                close_to_what_it_bears(limit, cards, World::new(limit, cards).run(HOUR));
            }
        }
    }
}

#[test]
fn a_server_that_names_a_long_pause_is_asked_for_more_all_the_more_rarely() {
    for (rate, burst) in [(10.0, 5.0), (30.0, 5.0), (30.0, 30.0)] {
        let limit = Limit::Rate { rate, burst, retry_after: Some(10) };
        let mut world = World::new(limit, Cards::Alike(0.05));
        // To find out costs a pause for each refusal.
        world.run(HOUR);
        close_to_what_it_bears(limit, Cards::Alike(0.05), world.run(HOUR));
    }
}

#[test]
fn a_limit_that_is_halved_and_comes_back_is_followed() {
    let limits = [
        Limit::Workers(40.0),
        Limit::InFlight(40.0),
        Limit::Rate { rate: 50.0, burst: 5.0, retry_after: Some(1) },
        Limit::Rate { rate: 50.0, burst: 50.0, retry_after: None },
    ];
    for limit in limits {
        for cards in [Cards::Alike(0.2), Cards::Unlike(0.02, 2.0)] {
            let mut world = World::new(limit, cards);
            world.run(600.0);
            for share in [0.5, 1.0] {
                world.share = share;
                close_to_what_it_bears(limit, cards, world.run(HOUR));
            }
        }
    }
}

#[test]
fn a_window_that_is_not_used_does_not_grow() {
    let mut world = World::new(Limit::Workers(1_000.0), Cards::Alike(0.2)).supply(5);
    world.run(HOUR);
    assert_eq!(world.window.size(), FIRST as usize);
}

#[test]
fn a_server_without_a_limit_gets_all_that_may_be() {
    let mut world = World::new(Limit::Workers(1_000.0), Cards::Unlike(0.02, 2.0));
    world.run(120.0);
    assert_eq!(world.window.size(), MOST);
}

#[test]
fn a_server_that_is_merely_slow_gets_no_less_than_at_first_and_little_more() {
    let mut world = World::new(Limit::Workers(2.0), Cards::Alike(1.0));
    world.run(HOUR);
    assert!((8..=24).contains(&world.window.size()), "{}", world.window.size());
}

#[test]
fn of_the_refusals_of_one_burst_the_smallest_number_counts() {
    let mut window = Window::new(Duration::ZERO);
    let burst: Vec<_> = (0..8).map(|_| window.sent(Duration::ZERO)).collect();
    window.refused(Duration::from_millis(1), burst[7], Slowed::Began(Duration::from_secs(1)));
    assert_eq!(window.size(), 7);
    window.refused(Duration::from_millis(2), burst[5], Slowed::Known);
    window.refused(Duration::from_millis(2), burst[6], Slowed::Known);
    assert_eq!(window.size(), 5);
}

#[test]
fn what_is_abandoned_is_in_flight_no_more() {
    let mut window = Window::new(Duration::ZERO);
    for _ in 0..100 {
        let sent = window.sent(Duration::ZERO);
        window.lost(Duration::ZERO, sent);
    }
    let sent = window.sent(Duration::ZERO);
    window.refused(Duration::ZERO, sent, Slowed::Began(Duration::from_secs(1)));
    // It was alone: then it is not the number in flight, and there is a limit by time.
    assert_eq!(window.size(), FIRST as usize);
    assert!(window.gap() >= Duration::from_millis(50), "{:?}", window.gap());
}

proptest! {
    #[test]
    fn whatever_comes_the_window_stays_within_its_bounds(
        events in prop::collection::vec((0..4_u8, 0..5_000_u64, 0..40_usize), 1..400),
    ) {
        let mut window = Window::new(Duration::ZERO);
        let (mut now, mut sent) = (Duration::ZERO, Vec::new());
        for (event, millis, which) in events {
            now += Duration::from_millis(millis);
            let ended = if event > 0 && !sent.is_empty() { Some(sent.swap_remove(which % sent.len())) } else { None };
            match (event, ended) {
                (1, Some(ended)) => window.answered(now, ended, millis % 2 == 0),
                (2, Some(ended)) => window.lost(now, ended),
                (_, Some(ended)) if millis % 3 == 0 => window.refused(now, ended, Slowed::Known),
                (_, Some(ended)) => window.refused(now, ended, Slowed::Further(Duration::from_millis(millis))),
                (_, None) => sent.push(window.sent(now)),
            }
            prop_assert!((1..=MOST).contains(&window.size()), "{}", window.size());
            prop_assert!(window.gap() <= Duration::from_secs(5), "{:?}", window.gap());
        }
    }
}
