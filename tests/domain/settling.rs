//! A doubtful card is settled against its neighbours: it is this card, or it is Domo.

use cardwatch::domain::verdict::{Class, Finding, Neighbours, Reason, Verdict, settle};
use proptest::prelude::*;

fn doubtful() -> Finding {
    Finding::Doubtful(reason())
}

fn reason() -> Reason {
    Reason { class: Class::Other, text: "500: Oh no".into() }
}

fn hindered() -> Finding {
    Finding::Hindered("no access (403)".into())
}

const WORKS: Finding = Finding::Working { no_data: false };

/// Whether a render told working from broken by itself.
fn is_decided(finding: &Finding) -> bool {
    matches!(finding, Finding::Working { .. } | Finding::Broken(_))
}

/// The verdict on a doubtful card of which so many neighbours were rendered and decided.
fn settled(decided: usize, rendered: usize) -> Verdict {
    settle(doubtful(), Neighbours { rendered, decided })
}

#[test]
fn only_a_doubtful_card_waits_for_its_neighbours() {
    assert!(doubtful().is_doubtful());
    for sure in [WORKS, Finding::Broken(reason()), hindered(), Finding::Foreign("a page".into()), Finding::SignedOut] {
        assert!(!sure.is_doubtful(), "{sure:?}");
    }
}

#[test]
fn with_four_of_five_neighbours_decided_it_is_this_card() {
    assert_eq!(settled(4, 5), Verdict::Broken(reason()));
    assert_eq!(settled(80, 100), Verdict::Broken(reason()));
}

#[test]
fn with_fewer_it_may_be_domo() {
    assert!(matches!(settled(3, 4), Verdict::Unchecked(_)));
    assert!(matches!(settled(79, 100), Verdict::Unchecked(_)));
    assert!(matches!(settled(0, 1), Verdict::Unchecked(_)));
}

#[test]
fn with_one_neighbour_that_was_decided_it_is_this_card() {
    assert_eq!(settled(1, 1), Verdict::Broken(reason()));
}

#[test]
fn without_neighbours_nobody_can_tell() {
    assert!(matches!(settle(doubtful(), Neighbours::NONE), Verdict::Unchecked(_)));
}

#[test]
fn an_unsettled_card_says_what_it_answered_and_why_that_is_not_enough() {
    assert_eq!(
        settled(1, 3).reason(),
        Some("500: Oh no (only 1 of 3 other cards could be decided, so it may be Domo)")
    );
}

#[test]
fn what_is_beyond_doubt_needs_no_neighbours() {
    let nobody = Neighbours::NONE;
    assert_eq!(settle(WORKS, nobody), Verdict::Working { no_data: false });
    assert_eq!(settle(Finding::Working { no_data: true }, nobody), Verdict::Working { no_data: true });
    assert_eq!(settle(Finding::Broken(reason()), nobody), Verdict::Broken(reason()));
}

#[test]
fn what_cannot_be_checked_stays_so_whatever_the_neighbours_say() {
    let all = Neighbours { rendered: 100, decided: 100 };
    assert_eq!(settle(hindered(), all), Verdict::Unchecked("no access (403)".into()));
    assert_eq!(settle(Finding::Foreign("a page".into()), all), Verdict::Unchecked("a page".into()));
    assert_eq!(settle(Finding::SignedOut, all), Verdict::Unchecked("not signed in (401)".into()));
}

#[test]
fn neighbours_are_counted_by_whether_they_were_decided() {
    let findings = [WORKS, Finding::Broken(reason()), doubtful(), hindered(), Finding::SignedOut];
    let counted = Neighbours::of(findings.iter().map(is_decided));
    assert_eq!(counted, Neighbours { rendered: 5, decided: 2 });
}

#[test]
fn a_card_is_not_its_own_neighbour() {
    let everyone = Neighbours::of([WORKS, doubtful()].iter().map(is_decided));
    assert_eq!(everyone.without_a_doubtful_one(), Neighbours { rendered: 1, decided: 1 });
    assert_eq!(Neighbours::NONE.without_a_doubtful_one(), Neighbours::NONE);
}

#[test]
fn when_all_cards_fail_alike_none_is_believed_to_be_broken() {
    let findings = vec![doubtful(); 50];
    let others = Neighbours::of(findings.iter().map(is_decided)).without_a_doubtful_one();
    for finding in findings {
        assert!(matches!(settle(finding, others), Verdict::Unchecked(_)));
    }
}

proptest! {
    #[test]
    fn they_vouch_from_eighty_per_cent_on(rendered in 1..500_usize, share in 0..=100_usize) {
        let decided = rendered * share / 100;
        let enough = decided * 100 >= rendered * 80;
        prop_assert_eq!(Neighbours { rendered, decided }.vouch(), enough);
    }
}
