//! What is due follows from what was told and what is true, and from nothing else.

use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::alerts::{Due, Policy, digest_due, due};
use cardwatch::domain::card::{CardMemory, CardState, Told};
use proptest::prelude::*;

use crate::nouns::{at, policy, reason};

const A_DAY: i64 = 24 * 60;

fn working() -> CardState {
    CardState::Working { since: at(0), decided_at: at(0) }
}

fn broken(first_seen: bool) -> CardState {
    CardState::Broken { since: at(0), decided_at: at(0), reason: reason("x"), first_seen }
}

fn told() -> Told {
    Told::Broken { at: at(0), message_id: "1@example.com".to_owned() }
}

fn flapping() -> Told {
    Told::Flapping { at: at(0), message_id: "1@example.com".to_owned() }
}

/// Seen for a day to be what it is.
fn settled(state: CardState) -> CardState {
    match state {
        CardState::Working { since, .. } => CardState::Working { since, decided_at: at(A_DAY) },
        CardState::Broken { since, reason, first_seen, .. } => {
            CardState::Broken { since, decided_at: at(A_DAY), reason, first_seen }
        }
        same @ (CardState::Undecided | CardState::Unsupported) => same,
    }
}

fn quiet() -> Policy {
    Policy { recoveries: false, report_first_seen: false, ..policy() }
}

/// Names a pair of what is true and what was told, and what is due under a policy that tells all, and
/// under one that tells breakages alone.
macro_rules! pairs {
    ($($name:ident: $state:expr, $told:expr => $due:ident, quiet: $quiet:ident;)*) => {
        $(#[test]
        fn $name() {
            let memory = CardMemory::of($state, $told);
            assert_eq!(due(&memory, &policy(), at(0)), Due::$due);
            assert_eq!(due(&memory, &quiet(), at(0)), Due::$quiet);
        })*
    };
}

pairs! {
    undecided_and_nothing_told: CardState::Undecided, Told::Nothing => Nothing, quiet: Nothing;
    undecided_and_told: CardState::Undecided, told() => Nothing, quiet: Nothing;
    undecided_and_withheld: CardState::Undecided, Told::Withheld => Nothing, quiet: Nothing;
    unsupported_and_nothing_told: CardState::Unsupported, Told::Nothing => Nothing, quiet: Nothing;
    unsupported_and_told: CardState::Unsupported, told() => Forget, quiet: Forget;
    unsupported_and_withheld: CardState::Unsupported, Told::Withheld => Forget, quiet: Forget;
    working_and_nothing_told: working(), Told::Nothing => Nothing, quiet: Nothing;
    working_and_told: working(), told() => Recovered, quiet: Forget;
    working_and_withheld: working(), Told::Withheld => Forget, quiet: Forget;
    broken_and_nothing_told: broken(false), Told::Nothing => Broke, quiet: Broke;
    broken_and_told: broken(false), told() => Nothing, quiet: Nothing;
    broken_and_withheld: broken(false), Told::Withheld => Nothing, quiet: Nothing;
    first_seen_broken_and_nothing_told: broken(true), Told::Nothing => FirstSeen, quiet: Withhold;
    first_seen_broken_and_told: broken(true), told() => Nothing, quiet: Nothing;
    first_seen_broken_and_withheld: broken(true), Told::Withheld => Nothing, quiet: Nothing;
    undecided_and_flapping: CardState::Undecided, flapping() => Nothing, quiet: Nothing;
    unsupported_and_flapping: CardState::Unsupported, flapping() => Forget, quiet: Forget;
    working_and_flapping: working(), flapping() => Nothing, quiet: Nothing;
    broken_and_flapping: broken(false), flapping() => Nothing, quiet: Nothing;
    settled_as_working_and_flapping: settled(working()), flapping() => Recovered, quiet: Forget;
    settled_as_broken_and_flapping: settled(broken(false)), flapping() => Broke, quiet: Broke;
}

fn states() -> impl Strategy<Value = CardState> {
    prop_oneof![
        Just(CardState::Undecided),
        Just(CardState::Unsupported),
        (0..99_i64, 0..99_i64)
            .prop_map(|(since, decided)| CardState::Working { since: at(since), decided_at: at(decided) }),
        (0..99_i64, 0..99_i64, "[xy]", any::<bool>()).prop_map(|(since, decided, text, first_seen)| {
            CardState::Broken { since: at(since), decided_at: at(decided), reason: reason(&text), first_seen }
        }),
    ]
}

fn tolds() -> impl Strategy<Value = Told> {
    let told = (0..99_i64, "[ab]@c").prop_map(|(minute, message_id)| Told::Broken { at: at(minute), message_id });
    let flapping = (0..99_i64, "[ab]@c").prop_map(|(minute, message_id)| Told::Flapping { at: at(minute), message_id });
    prop_oneof![Just(Told::Nothing), Just(Told::Withheld), told, flapping]
}

/// Minutes before, within and after the window that ends at 99.
fn changes() -> impl Strategy<Value = Vec<Timestamp>> {
    prop::collection::vec((-2 * A_DAY..2 * A_DAY).prop_map(at), 0..9)
}

fn policies() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), 1..200_u64).prop_map(|(recoveries, report_first_seen, window)| Policy {
        recoveries,
        report_first_seen,
        flap_window: Duration::from_mins(window),
        ..policy()
    })
}

/// What stands in the memory once that which was due is done.
fn done(due: Due, before: Told) -> Told {
    match due {
        Due::Nothing => before,
        Due::Broke | Due::FirstSeen => told(),
        Due::Flapping => flapping(),
        Due::Recovered | Due::Forget => Told::Nothing,
        Due::Withhold => Told::Withheld,
    }
}

proptest! {
    #[test]
    fn once_it_is_done_nothing_is_due(
        state in states(), told in tolds(), changes in changes(), policy in policies(),
    ) {
        let before = CardMemory { changes, ..CardMemory::of(state, told) };
        let after = CardMemory { told: done(due(&before, &policy, at(99)), before.told.clone()), ..before };
        prop_assert_eq!(due(&after, &policy, at(99)), Due::Nothing);
    }

    #[test]
    fn neither_instants_nor_words_make_anything_due(
        (state, told) in (states(), tolds()), changes in 0..9_i64, shift in 1..999_i64, policy in policies(),
    ) {
        let later = |at: Timestamp| at + chrono::TimeDelta::minutes(shift);
        let other_state = match state.clone() {
            CardState::Working { since, decided_at } => {
                CardState::Working { since: later(since), decided_at: later(decided_at) }
            }
            CardState::Broken { since, decided_at, first_seen, .. } => CardState::Broken {
                since: later(since), decided_at: later(decided_at), reason: reason("quite another"), first_seen,
            },
            same @ (CardState::Undecided | CardState::Unsupported) => same,
        };
        let other_told = match told.clone() {
            Told::Broken { at, .. } => Told::Broken { at: later(at), message_id: "other@d".to_owned() },
            Told::Flapping { at, .. } => Told::Flapping { at: later(at), message_id: "other@d".to_owned() },
            same @ (Told::Nothing | Told::Withheld) => same,
        };
        let changes: Vec<_> = (0..changes).map(at).collect();
        let later_changes = changes.iter().copied().map(later).collect();
        let due = |state, told, changes, now| due(&CardMemory { changes, ..CardMemory::of(state, told) }, &policy, now);
        prop_assert_eq!(
            due(state, told, changes, at(99)),
            due(other_state, other_told, later_changes, later(at(99)))
        );
    }
}

/// Whether a digest is due at `now`, with cards told at these minutes and the latest digest at that.
fn digest(told: &[i64], last: Option<i64>, now: i64) -> bool {
    digest_due(told.iter().copied().map(at), last.map(at), &policy(), at(now))
}

#[test]
fn a_digest_is_due_a_day_after_the_first_card_was_told() {
    assert!(!digest(&[0, 300], None, A_DAY - 1));
    assert!(digest(&[300, 0], None, A_DAY));
}

#[test]
fn the_next_digest_is_due_a_day_after_the_latest() {
    assert!(!digest(&[0], Some(A_DAY), 2 * A_DAY - 1));
    assert!(digest(&[0], Some(A_DAY), 2 * A_DAY));
}

#[test]
fn a_digest_of_long_ago_does_not_hurry_the_next() {
    assert!(!digest(&[0], Some(-30 * A_DAY), A_DAY - 1));
    assert!(digest(&[0], Some(-30 * A_DAY), A_DAY));
}

#[test]
fn without_broken_cards_no_digest_is_due() {
    assert!(!digest(&[], None, 99 * A_DAY));
    assert!(!digest(&[], Some(0), 99 * A_DAY));
}

#[test]
fn a_policy_without_reminders_has_no_digests() {
    let never = Policy { remind_every: None, ..policy() };
    assert!(!digest_due([at(0)].into_iter(), None, &never, at(99 * A_DAY)));
}

#[test]
fn a_clock_that_went_back_a_little_delays_a_digest() {
    assert!(!digest(&[0], Some(A_DAY), A_DAY - 60));
    assert!(!digest(&[60], None, 0));
    assert!(!digest(&[A_DAY], None, 0), "the card may have been told just now, and the clock put back by a day");
}

#[test]
fn a_clock_that_was_years_ahead_does_not_silence_digests_for_years() {
    assert!(digest(&[0], Some(999 * A_DAY), A_DAY));
    assert!(digest(&[999 * A_DAY], None, A_DAY));
}

#[test]
fn after_a_clock_that_was_years_ahead_digests_keep_their_rhythm() {
    assert!(!digest(&[999 * A_DAY], Some(0), A_DAY - 1));
    assert!(digest(&[999 * A_DAY], Some(0), A_DAY));
}
