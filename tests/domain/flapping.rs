//! A card that goes back and forth is said once as flapping; then it is quiet until it has settled.

use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use cardwatch::domain::card::Told;
use cardwatch::domain::closing::Closing;
use cardwatch::domain::sweep::{CardKind, Scope};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, listing, page, policy, reason, unchecked, works};
use crate::story::{Story, references, report, told};

const A_DAY: i64 = 24 * 60;

/// Card 1 beside card 2, which works all the time.
fn sweep(story: &mut Story, minute: i64, verdict: Verdict) -> Closing {
    story.sweep(minute, &[(1, verdict), (2, works())])
}

/// Breaks at minutes 15 and 45, works again at 30 and 60, where it is told as flapping.
fn flapping_story(policy: Policy) -> Story {
    let mut story = Story::with(policy);
    sweep(&mut story, 0, works());
    sweep(&mut story, 15, fails("x"));
    sweep(&mut story, 30, works());
    assert_eq!(told(&sweep(&mut story, 45, fails("x"))), "broke [1]");
    assert_eq!(told(&sweep(&mut story, 60, works())), "flapping [1]");
    story
}

#[test]
fn the_report_says_how_often_it_changed_what_it_is_now_and_why_it_is_or_was_broken() {
    let policy = Policy { flap_transitions: 3, ..policy() };
    let mut story = Story::with(policy);
    sweep(&mut story, 0, works());
    sweep(&mut story, 15, fails("x"));
    sweep(&mut story, 30, works());
    let closing = sweep(&mut story, 45, fails("y"));
    let card = &report(&closing).flapping[0];
    assert_eq!((card.changes, card.broken, card.line.since), (3, true, at(45)));
    assert_eq!(card.line.reason, Some(reason("y")));
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 1 card flapping (1 broken now)");
}

#[test]
fn a_flapping_card_that_works_just_now_says_what_was_wrong() {
    let mut story = Story::of_working(&[1, 2]);
    for (minute, verdict) in [(15, fails("x")), (30, works()), (45, fails("y"))] {
        sweep(&mut story, minute, verdict);
    }
    let closing = sweep(&mut story, 60, works());
    let card = &report(&closing).flapping[0];
    assert_eq!((card.changes, card.broken, card.line.reason.as_ref()), (4, false, Some(&reason("y"))));
    assert_eq!(story.card(1).told, Told::Flapping { at: at(61), message_id: story.message_id() });
}

#[test]
fn it_follows_up_the_mail_that_told_of_the_breakage() {
    let mut story = Story::of_working(&[1, 2]);
    sweep(&mut story, 15, fails("x"));
    sweep(&mut story, 30, works());
    sweep(&mut story, 45, fails("x"));
    let broke = story.message_id();
    assert_eq!(references(&sweep(&mut story, 60, works())), [broke]);
}

#[test]
fn while_it_goes_on_nothing_is_said() {
    let mut story = flapping_story(policy());
    for minute in (75..3 * A_DAY).step_by(15) {
        let verdict = if minute % 30 == 0 { works() } else { fails("x") };
        assert_eq!(told(&sweep(&mut story, minute, verdict)), "nothing", "minute {minute}");
    }
}

#[test]
fn once_it_has_worked_for_the_window_it_is_told_as_recovered_in_the_same_thread() {
    let mut story = flapping_story(policy());
    let flapping = story.message_id();
    assert_eq!(told(&sweep(&mut story, 60 + A_DAY - 1, works())), "nothing");
    let closing = sweep(&mut story, 60 + A_DAY, works());
    assert_eq!((told(&closing).as_str(), references(&closing)), ("recovered [1]", &[flapping][..]));
    assert_eq!(report(&closing).recovered[0].since, at(60));
    assert_eq!(told(&sweep(&mut story, 75 + A_DAY, works())), "nothing");
}

#[test]
fn once_it_has_been_broken_for_the_window_it_is_told_as_broken_in_the_same_thread() {
    let mut story = flapping_story(policy());
    let flapping = story.message_id();
    sweep(&mut story, 75, fails("x"));
    assert_eq!(told(&sweep(&mut story, 75 + A_DAY - 1, fails("x"))), "nothing");
    let closing = sweep(&mut story, 75 + A_DAY, fails("y"));
    assert_eq!((told(&closing).as_str(), references(&closing)), ("broke [1]", &[flapping][..]));
    assert_eq!(report(&closing).broke[0].cards[0].since, at(75));
    let settled = story.message_id();
    let closing = sweep(&mut story, 90 + A_DAY, works());
    assert_eq!((told(&closing).as_str(), references(&closing)), ("recovered [1]", &[settled][..]));
}

#[test]
fn a_change_begins_the_window_anew() {
    let mut story = flapping_story(policy());
    sweep(&mut story, A_DAY, fails("x"));
    assert_eq!(told(&sweep(&mut story, 60 + A_DAY, fails("x"))), "nothing");
    assert_eq!(told(&sweep(&mut story, 2 * A_DAY, fails("x"))), "broke [1]");
}

#[test]
fn time_in_which_nobody_could_look_does_not_settle_it() {
    let mut story = flapping_story(Policy { flap_window: Duration::from_hours(2), ..policy() });
    for minute in [75, 120, 180, 240, 600] {
        assert_eq!(told(&sweep(&mut story, minute, unchecked())), "nothing", "minute {minute}");
    }
    assert_eq!(told(&sweep(&mut story, 615, works())), "recovered [1]");
}

#[test]
fn without_recoveries_a_card_that_settles_as_working_is_forgotten_in_silence() {
    let mut story = flapping_story(Policy { recoveries: false, ..policy() });
    assert_eq!(told(&sweep(&mut story, 60 + A_DAY, works())), "nothing");
    assert_eq!(story.card(1).told, Told::Nothing);
    assert_eq!(told(&sweep(&mut story, 75 + A_DAY, fails("x"))), "broke [1]");
}

#[test]
fn changes_that_lie_too_far_apart_are_no_flapping() {
    let mut story = Story::of_working(&[1, 2]);
    for day in 1..9 {
        assert_eq!(told(&sweep(&mut story, day * A_DAY, fails("x"))), "broke [1]");
        assert_eq!(told(&sweep(&mut story, day * A_DAY + 600, works())), "recovered [1]");
    }
}

#[test]
fn being_broken_when_first_seen_is_no_change() {
    let mut story = Story::new();
    assert_eq!(told(&sweep(&mut story, 0, fails("x"))), "first seen [1]");
    assert_eq!(told(&sweep(&mut story, 15, works())), "recovered [1]");
    assert_eq!(told(&sweep(&mut story, 30, fails("x"))), "broke [1]");
    assert_eq!(told(&sweep(&mut story, 45, works())), "recovered [1]");
    assert_eq!(told(&sweep(&mut story, 60, fails("x"))), "flapping [1]");
}

#[test]
fn a_withheld_breakage_that_flaps_unreported_is_told_as_flapping() {
    let mut story = Story::with(Policy { report_first_seen: false, ..policy() });
    sweep(&mut story, 0, fails("x"));
    assert_eq!(story.card(1).told, Told::Withheld);
    story.reporting = false;
    for (minute, verdict) in [(15, works()), (30, fails("x")), (45, works())] {
        sweep(&mut story, minute, verdict);
    }
    story.reporting = true;
    assert_eq!(told(&sweep(&mut story, 60, fails("x"))), "flapping [1]");
}

#[test]
fn a_sweep_that_tells_nobody_leaves_it_to_the_next_one() {
    let mut story = Story::of_working(&[1, 2]);
    story.reporting = false;
    for (minute, verdict) in [(15, fails("x")), (30, works()), (45, fails("x")), (60, works())] {
        assert_eq!(told(&sweep(&mut story, minute, verdict)), "nothing");
    }
    story.reporting = true;
    assert_eq!(told(&sweep(&mut story, 75, works())), "flapping [1]");
}

#[test]
fn a_flapping_card_that_is_removed_and_comes_back_is_still_known_as_flapping() {
    let mut story = flapping_story(policy());
    story.sweep(75, &[(2, works())]);
    assert_eq!(told(&sweep(&mut story, 90, fails("x"))), "nothing");
    assert_eq!(told(&sweep(&mut story, 90 + A_DAY, fails("x"))), "broke [1]");
}

#[test]
fn a_flapping_card_is_in_no_digest() {
    let mut story = flapping_story(Policy { flap_window: Duration::from_hours(72), ..policy() });
    sweep(&mut story, 75, fails("x"));
    assert_eq!(told(&sweep(&mut story, 75 + 2 * A_DAY, fails("x"))), "nothing");
}

#[test]
fn a_flapping_card_that_becomes_of_another_type_is_forgotten() {
    let mut story = flapping_story(policy());
    let mut listing = listing(Scope::Pages, vec![page(10, &[1])]);
    listing.cards.values_mut().for_each(|card| card.kind = CardKind::named("document"));
    assert_eq!(told(&story.sweep_listing(75, listing, &[])), "nothing");
    assert_eq!(story.card(1).told, Told::Nothing);
}

#[test]
fn changes_by_a_clock_that_was_years_ahead_neither_make_a_card_flap_nor_keep_it_from_settling() {
    const YEARS: i64 = 4 * 365 * A_DAY;
    let mut story = flapping_story(policy());
    let mut far = Story::of_working(&[1, 2]);
    for (minute, verdict) in [(0, fails("x")), (15, works()), (30, fails("x"))] {
        sweep(&mut far, YEARS + minute, verdict);
    }
    assert_eq!(told(&sweep(&mut far, 45, works())), "recovered [1]", "only one change is of now");
    sweep(&mut story, YEARS, fails("x"));
    assert_eq!(told(&sweep(&mut story, 30 + A_DAY, fails("x"))), "broke [1]", "it is not quiet for years");
}

proptest! {
    #[test]
    fn between_two_tellings_of_flapping_it_settles(verdicts in prop::collection::vec(any::<bool>(), 1..120)) {
        let window = Duration::from_hours(1);
        let mut story = Story::with(Policy { flap_window: window, remind_every: None, ..policy() });
        sweep(&mut story, 0, works());
        let mut flapping_since = None;
        let mut changed_at = 0;
        let mut works_now = true;
        for (minute, verdict) in (1_i64..).map(|n| n * 10).zip(verdicts) {
            if verdict != works_now {
                (works_now, changed_at) = (verdict, minute);
            }
            let said = told(&sweep(&mut story, minute, if verdict { works() } else { fails("x") }));
            match (flapping_since, said.as_str()) {
                (None, "flapping [1]") => flapping_since = Some(minute),
                (None, said) => prop_assert!(["nothing", "broke [1]", "recovered [1]"].contains(&said), "{}", said),
                (Some(_), "nothing") => prop_assert!(minute - changed_at < 60, "it has settled and is not told"),
                (Some(_), said) => {
                    prop_assert_eq!(said, if works_now { "recovered [1]" } else { "broke [1]" });
                    prop_assert!(minute - changed_at >= 60, "it is told before it has settled");
                    flapping_since = None;
                }
            }
        }
    }
}
