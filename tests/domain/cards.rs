//! A card's state follows from the verdicts on it, one after the other.

use cardwatch::domain::card::{CardState, Change, Transition};
use cardwatch::domain::shown::Shown;
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{DAY, at, fails, reason, unchecked, works};

fn working(since: i64, decided: i64) -> CardState {
    CardState::Working { since: at(since), decided_at: at(decided) }
}

fn broken(since: i64, decided: i64, text: &str) -> CardState {
    CardState::Broken { since: at(since), decided_at: at(decided), reason: reason(text), first_seen: false }
}

fn broken_when_first_seen(since: i64, decided: i64, text: &str) -> CardState {
    CardState::Broken { since: at(since), decided_at: at(decided), reason: reason(text), first_seen: true }
}

fn recovered() -> Transition {
    Transition { at: at(60), change: Change::Recovered }
}

fn broke(text: &str, first_seen: bool) -> Transition {
    Transition { at: at(60), change: Change::Broke { reason: reason(text), first_seen } }
}

/// Names a row: the state, the verdict given after an hour, the state from then on, the transition.
macro_rules! rows {
    ($($name:ident: $before:expr, $verdict:expr => $after:expr, $transition:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($before.after(&$verdict, at(60)), ($after, $transition));
        })*
    };
}

rows! {
    a_new_card_that_works_is_no_news: CardState::Undecided, works() => working(60, 60), None;
    a_new_card_without_data_works:
        CardState::Undecided, Verdict::Working { no_data: true } => working(60, 60), None;
    a_new_card_that_fails_broke_when_first_seen:
        CardState::Undecided, fails("x") => broken_when_first_seen(60, 60, "x"), Some(broke("x", true));
    a_new_card_that_cannot_be_checked_stays_undecided: CardState::Undecided, unchecked() => CardState::Undecided, None;
    a_new_card_of_another_type_is_unsupported:
        CardState::Undecided, Verdict::Unsupported => CardState::Unsupported, None;

    a_working_card_that_works_keeps_its_since: working(0, 30), works() => working(0, 60), None;
    a_working_card_that_fails_broke: working(0, 30), fails("x") => broken(60, 60, "x"), Some(broke("x", false));
    a_working_card_that_cannot_be_checked_stays_as_it_was: working(0, 30), unchecked() => working(0, 30), None;
    a_working_card_that_changes_its_type_is_unsupported:
        working(0, 30), Verdict::Unsupported => CardState::Unsupported, None;

    a_broken_card_that_works_recovered: broken(0, 30, "x"), works() => working(60, 60), Some(recovered());
    a_broken_card_that_fails_keeps_its_since_and_takes_the_new_reason:
        broken(0, 30, "x"), fails("y") => broken(0, 60, "y"), None;
    a_broken_card_that_cannot_be_checked_stays_as_it_was:
        broken(0, 30, "x"), unchecked() => broken(0, 30, "x"), None;
    a_broken_card_that_changes_its_type_is_unsupported_and_has_not_recovered:
        broken(0, 30, "x"), Verdict::Unsupported => CardState::Unsupported, None;
    a_card_that_was_broken_when_first_seen_stays_so:
        broken_when_first_seen(0, 30, "x"), fails("x") => broken_when_first_seen(0, 60, "x"), None;
    a_card_that_was_broken_when_first_seen_recovers:
        broken_when_first_seen(0, 30, "x"), works() => working(60, 60), Some(recovered());

    a_card_that_becomes_supported_and_works_is_no_news: CardState::Unsupported, works() => working(60, 60), None;
    a_card_that_becomes_supported_and_fails_broke_when_first_seen:
        CardState::Unsupported, fails("x") => broken_when_first_seen(60, 60, "x"), Some(broke("x", true));
    an_unsupported_card_that_cannot_be_checked_stays_so:
        CardState::Unsupported, unchecked() => CardState::Unsupported, None;
}

#[test]
fn a_state_shows_as_what_it_is_while_it_is_fresh() {
    let shown = |state: CardState| state.shown(at(60), DAY);
    assert_eq!(shown(CardState::Undecided), Shown::Unchecked);
    assert_eq!(shown(CardState::Unsupported), Shown::Unsupported);
    assert_eq!(shown(working(0, 60)), Shown::Working);
    assert_eq!(shown(broken(0, 60, "x")), Shown::Broken);
}

#[test]
fn a_card_that_was_not_decided_for_a_day_shows_as_unchecked() {
    const A_DAY: i64 = 24 * 60;
    for state in [working(-9_999, 0), broken(-9_999, 0, "x")] {
        assert_ne!(state.shown(at(A_DAY - 1), DAY), Shown::Unchecked);
        assert_eq!(state.shown(at(A_DAY), DAY), Shown::Unchecked);
    }
    assert_eq!(CardState::Unsupported.shown(at(A_DAY), DAY), Shown::Unsupported);
}

#[test]
fn a_card_that_was_decided_in_the_future_is_fresh() {
    assert_eq!(working(0, 60).shown(at(0), DAY), Shown::Working);
}

#[test]
fn a_stale_card_that_is_decided_again_is_compared_with_what_was_last_decided() {
    const LATER: i64 = 60 * 24 * 60;
    let (state, transition) = broken(0, 0, "x").after(&fails("x"), at(LATER));
    assert_eq!((state, transition), (broken(0, LATER, "x"), None));
    let (_, transition) = broken(0, 0, "x").after(&works(), at(LATER));
    assert_eq!(transition.map(|transition| transition.change), Some(Change::Recovered));
}

#[test]
fn only_a_broken_card_is_broken_however_long_ago_that_was_decided() {
    assert!(broken(0, 0, "x").is_broken());
    for state in [CardState::Undecided, CardState::Unsupported, working(0, 0)] {
        assert!(!state.is_broken(), "{state:?}");
    }
}

#[test]
fn states_and_changes_have_the_names_of_the_contract() {
    assert_eq!(Shown::ALL.map(Shown::name), ["working", "broken", "unchecked", "unsupported"]);
    assert_eq!(Change::Recovered.to(), "working");
    assert_eq!(Change::Broke { reason: reason("x"), first_seen: true }.to(), "broken");
}

fn verdicts() -> impl Strategy<Value = Vec<Verdict>> {
    let verdict = prop_oneof![
        3 => Just(works()),
        3 => prop::sample::select(vec!["x", "y"]).prop_map(fails),
        2 => Just(unchecked()),
    ];
    prop::collection::vec(verdict, 0..40)
}

/// Every state and transition, with one verdict a minute.
fn life(verdicts: &[Verdict]) -> Vec<(CardState, Option<Transition>)> {
    let mut state = CardState::Undecided;
    let mut minute = 0;
    let step = |verdict| {
        minute += 1;
        let (after, transition) = state.clone().after(verdict, at(minute));
        state = after.clone();
        (after, transition)
    };
    verdicts.iter().map(step).collect()
}

proptest! {
    #[test]
    fn an_unchecked_verdict_never_changes_a_state(verdicts in verdicts()) {
        let (state, _) = life(&verdicts).pop().unwrap_or((CardState::Undecided, None));
        prop_assert_eq!(state.clone().after(&unchecked(), at(999)), (state, None));
    }

    #[test]
    fn unchecked_verdicts_leave_no_trace_in_a_card_s_life(verdicts in verdicts()) {
        let changes = |verdicts: &[Verdict]| -> Vec<Change> {
            life(verdicts).into_iter().filter_map(|(_, transition)| transition).map(|t| t.change).collect()
        };
        let decided: Vec<Verdict> = verdicts.iter().filter(|verdict| verdict.is_decided()).cloned().collect();
        prop_assert_eq!(changes(&verdicts), changes(&decided));
    }

    #[test]
    fn transitions_alternate_and_the_first_is_a_breakage(verdicts in verdicts()) {
        let to: Vec<_> = life(&verdicts).into_iter().filter_map(|(_, t)| t).map(|t| t.change.to()).collect();
        let expected: Vec<_> = ["broken", "working"].into_iter().cycle().take(to.len()).collect();
        prop_assert_eq!(to, expected);
    }

    #[test]
    fn since_is_when_the_present_state_began(verdicts in verdicts()) {
        let mut began = None;
        for ((state, transition), minute) in life(&verdicts).into_iter().zip(1..) {
            began = transition.map(|transition| transition.at).or(began);
            match state {
                CardState::Working { since, .. } | CardState::Broken { since, .. } => {
                    prop_assert_eq!(since, *began.get_or_insert(at(minute)));
                }
                CardState::Undecided | CardState::Unsupported => prop_assert_eq!(began, None),
            }
        }
    }

    #[test]
    fn the_state_is_that_of_the_latest_verdict_that_decided(verdicts in verdicts()) {
        let last = verdicts.iter().rfind(|verdict| verdict.is_decided()).map(|verdict| verdict.shown().name());
        let shown = life(&verdicts).pop().map(|(state, _)| state.shown(at(100), DAY).name());
        prop_assert_eq!(shown.unwrap_or("unchecked"), last.unwrap_or("unchecked"));
    }
}
