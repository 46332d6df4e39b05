//! A muted card is broken and not spoken of, until the mute is over.

use std::collections::BTreeSet;

use cardwatch::domain::Timestamp;
use cardwatch::domain::alerts::Policy;
use cardwatch::domain::card::{CardState, Told};
use cardwatch::domain::closing::Closing;
use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::{Mute, MuteEnd};
use cardwatch::domain::sweep::{CardKind, Scope};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, listing, page, policy, unchecked, works};
use crate::story::{Story, references, report, told};

const A_DAY: i64 = 24 * 60;

/// Card 1 beside card 2, which works all the time.
fn sweep(story: &mut Story, minute: i64, verdict: Verdict) -> Closing {
    story.sweep(minute, &[(1, verdict), (2, works())])
}

/// Card 1 broke and was told at minute 16, and is muted at 20.
fn muted_story(until: Option<i64>) -> Story {
    let mut story = Story::of_working(&[1, 2]);
    assert_eq!(told(&sweep(&mut story, 15, fails("x"))), "broke [1]");
    story.mute(1, 20, until);
    story
}

/// Card 1 broke while no sweep reported, and was muted before one did.
fn untold_story(until: Option<i64>) -> Story {
    let mut story = Story::of_working(&[1, 2]);
    story.reporting = false;
    sweep(&mut story, 15, fails("x"));
    story.reporting = true;
    story.mute(1, 20, until);
    story
}

fn ended(closing: &Closing) -> Vec<(i64, MuteEnd, i64)> {
    let minute = |instant: Timestamp| (instant - at(0)).num_minutes();
    closing.mutes_ended.iter().map(|(card, end, instant)| (card.0, *end, minute(*instant))).collect()
}

#[test]
fn a_mute_holds_until_its_time_is_up() {
    let mute = |until| Mute { reason: "x".to_owned(), by: "jo".to_owned(), at: at(0), until };
    assert!(mute(Some(at(60))).holds(at(59)) && !mute(Some(at(60))).holds(at(60)));
    assert!(mute(None).holds(at(999 * A_DAY)));
}

#[test]
fn a_mute_whose_end_nobody_wrote_down_holds_neither_past_its_time_nor_of_a_card_that_works() {
    let mut story = muted_story(Some(60));
    assert!(story.card(1).mute_at(at(59)).is_some());
    assert_eq!(story.card(1).mute_at(at(60)), None);
    story.memory.cards.update(&CardId(1), |card| card.state = CardState::Working { since: at(30), decided_at: at(30) });
    assert_eq!(story.card(1).mute_at(at(59)), None);
}

#[test]
fn where_only_a_muted_card_is_still_broken_there_is_no_digest() {
    let mut story = muted_story(None);
    for day in 1..9 {
        let closing = sweep(&mut story, 15 + day * A_DAY, fails("x"));
        assert_eq!((told(&closing).as_str(), closing.last_digest), ("nothing", None));
    }
}

#[test]
fn a_digest_counts_a_muted_card_and_does_not_name_it() {
    let mut story = Story::of_working(&[1, 2, 3]);
    let now = [(1, fails("x")), (2, fails("y")), (3, fails("z"))];
    story.sweep(15, &now);
    story.mute(1, 20, None);
    story.mute(3, 20, None);
    let closing = story.sweep(15 + A_DAY, &now);
    assert_eq!(told(&closing), "still broken [2]");
    assert_eq!(report(&closing).digest.as_ref().unwrap().muted, 2);
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 1 card still broken");
}

#[test]
fn a_digest_refers_to_no_mail_about_a_muted_card() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.mute(1, 20, None);
    story.sweep(30, &[(1, fails("x")), (2, fails("y"))]);
    let second = story.message_id();
    let closing = story.sweep(30 + A_DAY, &[(1, fails("x")), (2, fails("y"))]);
    assert_eq!((told(&closing).as_str(), references(&closing)), ("still broken [2]", &[second][..]));
}

#[test]
fn a_muted_card_still_counts_as_broken() {
    let mut story = muted_story(None);
    let closing = story.sweep(30, &[(1, fails("x")), (2, fails("y"))]);
    assert_eq!((told(&closing).as_str(), report(&closing).totals.broken), ("broke [2]", 2));
}

#[test]
fn while_a_card_is_muted_what_was_told_of_it_stands() {
    let mut story = muted_story(None);
    let before = story.card(1).told.clone();
    sweep(&mut story, 3 * A_DAY, fails("y"));
    assert_eq!(story.card(1).told, before);
}

#[test]
fn a_card_that_was_told_before_its_mute_is_in_the_next_digest_after_it() {
    let mut story = muted_story(Some(3 * A_DAY));
    assert_eq!(told(&sweep(&mut story, 3 * A_DAY - 15, fails("x"))), "nothing");
    let closing = sweep(&mut story, 3 * A_DAY, fails("x"));
    assert_eq!(told(&closing), "still broken [1]");
    assert_eq!(ended(&closing), [(1, MuteEnd::Expired, 3 * A_DAY)]);
    assert_eq!(told(&sweep(&mut story, 3 * A_DAY + 15, fails("x"))), "nothing");
}

#[test]
fn the_end_of_a_mute_does_not_hurry_the_next_digest() {
    let mut story = Story::of_working(&[1, 2]);
    let now = [(1, fails("x")), (2, fails("y"))];
    story.sweep(15, &now);
    story.mute(1, 20, Some(A_DAY + 60));
    assert_eq!(told(&story.sweep(A_DAY + 15, &now)), "still broken [2]");
    assert_eq!(told(&story.sweep(A_DAY + 75, &now)), "nothing");
    assert_eq!(told(&story.sweep(2 * A_DAY + 15, &now)), "still broken [1, 2]");
}

#[test]
fn a_card_that_was_never_told_is_told_as_broke_when_its_mute_is_over() {
    let mut story = untold_story(Some(A_DAY));
    assert_eq!(told(&sweep(&mut story, 30, fails("x"))), "nothing");
    let closing = sweep(&mut story, A_DAY, fails("x"));
    assert_eq!((told(&closing).as_str(), ended(&closing)), ("broke [1]", vec![(1, MuteEnd::Expired, A_DAY)]));
    assert_eq!(report(&closing).broke[0].cards[0].since, at(15));
}

#[test]
fn a_card_that_was_muted_when_first_seen_is_told_as_such_when_its_mute_is_over() {
    let mut story = Story::new();
    story.reporting = false;
    sweep(&mut story, 0, fails("x"));
    story.reporting = true;
    story.mute(1, 5, Some(60));
    assert_eq!(told(&sweep(&mut story, 15, fails("x"))), "nothing");
    assert_eq!(told(&sweep(&mut story, 60, fails("x"))), "first seen [1]");
}

#[test]
fn a_mute_without_an_end_holds_until_the_card_has_recovered() {
    let mut story = muted_story(None);
    let first = story.message_id();
    assert_eq!(told(&sweep(&mut story, 99 * A_DAY, fails("x"))), "nothing");
    let closing = sweep(&mut story, 99 * A_DAY + 15, works());
    assert_eq!((told(&closing).as_str(), references(&closing)), ("recovered [1]", &[first][..]));
    assert_eq!(ended(&closing), [(1, MuteEnd::Recovered, 99 * A_DAY + 15)]);
    assert_eq!(story.card(1).mute, None);
}

#[test]
fn the_recovery_of_a_card_that_was_never_told_is_not_told() {
    let mut story = untold_story(None);
    let closing = sweep(&mut story, 30, works());
    assert_eq!((told(&closing).as_str(), ended(&closing)), ("nothing", vec![(1, MuteEnd::Recovered, 30)]));
}

#[test]
fn without_recoveries_the_end_of_a_mute_by_recovery_is_not_told() {
    let mut story = muted_story(None);
    story.policy = Policy { recoveries: false, ..policy() };
    let closing = sweep(&mut story, 30, works());
    assert_eq!((told(&closing).as_str(), ended(&closing).len()), ("nothing", 1));
    assert_eq!(story.card(1).told, Told::Nothing);
}

#[test]
fn a_card_that_breaks_again_after_its_recovery_is_told() {
    let mut story = muted_story(Some(9 * A_DAY));
    assert_eq!(told(&sweep(&mut story, 30, works())), "recovered [1]");
    assert_eq!(told(&sweep(&mut story, 45, fails("x"))), "broke [1]");
}

#[test]
fn a_mute_whose_time_was_up_before_the_recovery_ended_by_time() {
    let mut story = muted_story(Some(60));
    story.reporting = false;
    let closing = sweep(&mut story, 90, works());
    assert_eq!(ended(&closing), [(1, MuteEnd::Expired, 60)]);
}

#[test]
fn a_mute_ends_though_no_sweep_reports() {
    let mut story = muted_story(Some(60));
    story.reporting = false;
    assert_eq!(ended(&sweep(&mut story, 75, fails("x"))), [(1, MuteEnd::Expired, 60)]);
    assert!(ended(&sweep(&mut story, 90, fails("x"))).is_empty());
}

#[test]
fn the_end_of_a_mute_is_written_down_once() {
    let mut story = muted_story(Some(60));
    assert!(ended(&sweep(&mut story, 30, fails("x"))).is_empty());
    assert_eq!(ended(&sweep(&mut story, 60, fails("x"))).len(), 1);
    assert!(ended(&sweep(&mut story, 75, works())).is_empty());
}

#[test]
fn what_somebody_unmuted_between_two_sweeps_is_told_by_the_next() {
    let mut story = untold_story(None);
    assert_eq!(told(&sweep(&mut story, 30, fails("x"))), "nothing");
    story.unmute(1);
    let closing = sweep(&mut story, 45, fails("x"));
    assert_eq!((told(&closing).as_str(), ended(&closing)), ("broke [1]", vec![]));
}

#[test]
fn a_card_that_cannot_be_checked_stays_muted() {
    let mut story = muted_story(None);
    assert!(ended(&sweep(&mut story, 9 * A_DAY, unchecked())).is_empty());
    assert_eq!(told(&sweep(&mut story, 9 * A_DAY + 15, fails("x"))), "nothing");
}

#[test]
fn a_mute_expires_though_nobody_can_look_and_what_is_due_waits_until_somebody_can() {
    let mut story = untold_story(Some(9 * A_DAY));
    let closing = sweep(&mut story, 9 * A_DAY, unchecked());
    assert_eq!((told(&closing).as_str(), ended(&closing).len()), ("nothing", 1));
    assert_eq!(told(&sweep(&mut story, 9 * A_DAY + 15, fails("x"))), "broke [1]");
}

#[test]
fn a_muted_card_that_becomes_of_another_type_is_muted_no_more() {
    let mut story = muted_story(None);
    let mut listing = listing(Scope::Pages, vec![page(10, &[1])]);
    listing.cards.values_mut().for_each(|card| card.kind = CardKind::named("document"));
    let closing = story.sweep_listing(30, listing, &[]);
    assert_eq!((told(&closing).as_str(), ended(&closing)), ("nothing", vec![(1, MuteEnd::Recovered, 31)]));
}

#[test]
fn a_removed_card_that_comes_back_within_its_mute_is_still_muted() {
    let mut story = untold_story(Some(A_DAY));
    story.sweep(30, &[(2, works())]);
    assert_eq!(told(&sweep(&mut story, 45, fails("x"))), "nothing");
    assert_eq!(told(&sweep(&mut story, A_DAY, fails("x"))), "broke [1]");
}

#[test]
fn a_mute_of_a_card_that_had_just_recovered_is_over_at_once_and_not_before_it_began() {
    let mut story = muted_story(None);
    sweep(&mut story, 30, works());
    story.mute(1, 40, None);
    assert_eq!(ended(&sweep(&mut story, 45, works())), [(1, MuteEnd::Recovered, 40)]);
}

#[test]
fn the_ends_of_mutes_have_the_names_of_the_contract() {
    assert_eq!(MuteEnd::ALL.map(MuteEnd::name), ["expired", "recovered", "unmuted"]);
}

/// Card 1 breaks at minutes 15 and 45, and was told so.
fn restless_story() -> Story {
    let mut story = Story::of_working(&[1, 2]);
    sweep(&mut story, 15, fails("x"));
    sweep(&mut story, 30, works());
    assert_eq!(told(&sweep(&mut story, 45, fails("x"))), "broke [1]");
    story
}

#[test]
fn a_muted_card_that_recovers_for_the_last_time_that_makes_it_flap_is_told_as_flapping() {
    let mut story = restless_story();
    story.mute(1, 50, None);
    let closing = sweep(&mut story, 60, works());
    assert_eq!((told(&closing).as_str(), ended(&closing).len()), ("flapping [1]", 1));
}

#[test]
fn a_muted_card_is_not_told_as_flapping_until_it_is_unmuted() {
    let mut story = restless_story();
    story.reporting = false;
    sweep(&mut story, 60, works());
    sweep(&mut story, 75, fails("x"));
    story.reporting = true;
    story.mute(1, 80, None);
    assert_eq!(told(&sweep(&mut story, 90, fails("x"))), "nothing");
    story.unmute(1);
    assert_eq!(told(&sweep(&mut story, 105, fails("x"))), "flapping [1]");
}

#[test]
fn a_flapping_card_that_settles_as_broken_while_muted_is_told_when_the_mute_is_over() {
    let mut story = restless_story();
    assert_eq!(told(&sweep(&mut story, 60, works())), "flapping [1]");
    sweep(&mut story, 75, fails("x"));
    story.mute(1, 80, Some(3 * A_DAY));
    assert_eq!(told(&sweep(&mut story, 2 * A_DAY, fails("x"))), "nothing");
    assert_eq!(told(&sweep(&mut story, 3 * A_DAY, fails("x"))), "broke [1]");
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![1 => Just(works()), 3 => Just(fails("x")), 1 => Just(unchecked())]
}

proptest! {
    #[test]
    fn no_report_names_a_card_that_is_broken_and_muted(
        verdicts in prop::collection::vec((verdict(), verdict(), any::<bool>(), prop::option::of(1..9_i64)), 1..20),
    ) {
        let mut story = Story::new();
        for (n, (one, two, reporting, mute)) in (0_i64..).zip(verdicts) {
            let minute = n * 6 * 60;
            story.reporting = reporting;
            let closing = story.sweep(minute, &[(1, one), (2, two)]);
            let muted: BTreeSet<CardId> = closing
                .cards
                .iter()
                .filter(|(_, card)| card.mute_at(at(minute + 1)).is_some())
                .map(|(id, _)| *id)
                .collect();
            if let Some((report, _)) = &closing.report {
                let groups = [&report.broke, &report.first_seen, &report.still_broken];
                let lines = groups.into_iter().flatten().flat_map(|group| &group.cards);
                let lines = lines.chain(report.flapping.iter().map(|card| &card.line)).chain(&report.recovered);
                prop_assert!(lines.into_iter().all(|line| !muted.contains(&line.id)));
            }
            if let Some(for_so_long) = mute && story.card(1).state.is_broken() {
                story.mute(1, minute + 5, Some(minute + for_so_long * 60));
            }
        }
    }
}
