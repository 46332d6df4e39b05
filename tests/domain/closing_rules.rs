//! What holds for every closing, whatever the sweeps before it saw.

use std::collections::BTreeSet;

use cardwatch::domain::alerts::{Due, Policy, due};
use cardwatch::domain::ids::CardId;
use cardwatch::domain::shown::Shown;
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, policy, unchecked, works};
use crate::story::{Story, told};

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![Just(works()), Just(fails("x")), Just(fails("y")), Just(unchecked())]
}

/// Sweeps a quarter of an hour apart; each sees some of six cards and may report or not.
fn sweeps() -> impl Strategy<Value = Vec<(Vec<(i64, Verdict)>, bool)>> {
    let seen = prop::collection::btree_map(1..=6_i64, verdict(), 0..=6).prop_map(|seen| seen.into_iter().collect());
    prop::collection::vec((seen, prop::bool::weighted(0.8)), 1..12)
}

fn policies() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>()).prop_map(|(recoveries, report_first_seen)| Policy {
        recoveries,
        report_first_seen,
        remind_every: None,
        // Sweeps without a card to decide are told in time; that is another rule.
        blind_after: u32::MAX,
        ..policy()
    })
}

/// The story after the sweeps, the last of which was made at the returned minute.
fn lived(policy: Policy, sweeps: &[(Vec<(i64, Verdict)>, bool)]) -> (Story, i64) {
    let mut story = Story::with(policy);
    let mut minute = 0;
    for (seen, reporting) in sweeps {
        story.reporting = *reporting;
        story.sweep(minute, seen);
        minute += 15;
    }
    story.reporting = true;
    (story, minute)
}

proptest! {
    #[test]
    fn closing_twice_with_the_same_verdicts_tells_nothing_the_second_time(
        policy in policies(), sweeps in sweeps(), seen in prop::collection::btree_map(1..=6_i64, verdict(), 0..=6),
    ) {
        let (mut story, minute) = lived(policy, &sweeps);
        let seen: Vec<_> = seen.into_iter().collect();
        story.sweep(minute, &seen);
        let again = story.sweep(minute + 15, &seen);
        prop_assert_eq!(told(&again), "nothing");
        prop_assert!(again.transitions.is_empty());
    }

    #[test]
    fn after_a_sweep_that_reports_nothing_is_due_of_the_cards_that_it_saw(policy in policies(), sweeps in sweeps()) {
        let (mut story, minute) = lived(policy.clone(), &sweeps);
        let seen = sweeps[0].0.clone();
        let closing = story.sweep(minute, &seen);
        prop_assert!(closing.cards.values().all(|memory| due(memory, &policy, at(minute + 1)) == Due::Nothing));
    }

    #[test]
    fn a_report_and_the_memory_agree(policy in policies(), sweeps in sweeps()) {
        let (mut story, minute) = lived(policy, &sweeps);
        let before = story.memory.clone();
        let closing = story.sweep(minute, &sweeps[0].0);
        let changed: BTreeSet<CardId> = closing
            .cards
            .iter()
            .filter(|(id, memory)| before.cards.get(id).is_none_or(|before| before.state.is_broken() != memory.state.is_broken()))
            .filter(|(id, memory)| memory.state.is_broken() || before.cards.get(id).is_some_and(|before| before.state.is_broken()))
            .map(|(id, _)| *id)
            .collect();
        let transitions: BTreeSet<CardId> = closing.transitions.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(changed, transitions);
    }

    #[test]
    fn totals_are_what_the_cards_show(policy in policies(), sweeps in sweeps()) {
        let (mut story, minute) = lived(policy.clone(), &sweeps);
        let closing = story.sweep(minute, &sweeps[0].0);
        if let Some((report, _)) = &closing.report {
            let shown = |shown| closing.cards.values().filter(|card| card.state.shown(at(minute + 1), policy.stale_after) == shown).count();
            prop_assert_eq!(report.totals.cards, closing.cards.len());
            prop_assert_eq!(report.totals.broken, shown(Shown::Broken));
            prop_assert_eq!(report.totals.unchecked, shown(Shown::Unchecked));
        }
    }

    #[test]
    fn every_card_is_told_in_one_place(policy in policies(), sweeps in sweeps()) {
        let (mut story, minute) = lived(policy, &sweeps);
        let closing = story.sweep(minute, &sweeps[0].0);
        if let Some((report, _)) = &closing.report {
            let groups = [&report.broke, &report.first_seen, &report.still_broken];
            let mut ids: Vec<CardId> = groups.into_iter().flatten().flat_map(|group| &group.cards).map(|line| line.id).collect();
            ids.extend(report.recovered.iter().chain(report.flapping.iter().map(|card| &card.line)).map(|line| line.id));
            let distinct: BTreeSet<_> = ids.iter().collect();
            prop_assert_eq!(distinct.len(), ids.len());
            prop_assert!(!report.is_empty());
        }
    }
}
