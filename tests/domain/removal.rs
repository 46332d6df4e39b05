//! Cards that are removed, cards that come back, and sweeps that look at a part: who is told, and how it stands.

use cardwatch::domain::card::Told;
use cardwatch::domain::report::Totals;
use cardwatch::domain::sweep::{Listing, Outcome, Scope, Unlisted};

use crate::nouns::{fails, listing, page, unchecked, works};
use crate::story::{Story, report, told};

const A_DAY: i64 = 24 * 60;

#[test]
fn a_removed_card_tells_nothing() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    let closing = story.sweep(30, &[(2, works())]);
    assert_eq!(told(&closing), "nothing");
    assert!(closing.transitions.is_empty());
}

#[test]
fn a_card_that_comes_back_still_broken_is_no_news() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.sweep(30, &[(2, works())]);
    assert_eq!(told(&story.sweep(45, &[(1, fails("x")), (2, works())])), "nothing");
}

#[test]
fn a_card_that_comes_back_mended_has_recovered() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.sweep(30, &[(2, works())]);
    assert_eq!(told(&story.sweep(45, &[(1, works()), (2, works())])), "recovered [1]");
}

#[test]
fn a_card_that_comes_back_broken_after_it_worked_broke_and_is_not_seen_for_the_first_time() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(2, works())]);
    assert_eq!(told(&story.sweep(30, &[(1, fails("x")), (2, works())])), "broke [1]");
}

#[test]
fn a_removed_card_counts_no_more() {
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, fails("x")), (2, works()), (3, works())]);
    let closing = story.sweep(30, &[(2, fails("x")), (3, works())]);
    assert_eq!(report(&closing).totals, Totals { cards: 2, broken: 1, unchecked: 0 });
}

#[test]
fn a_part_counts_what_it_did_not_look_at_too() {
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, fails("x")), (2, works()), (3, works())]);
    let closing = story.sweep_part(30, &[(2, fails("x"))]);
    assert_eq!(told(&closing), "broke [2]");
    assert_eq!(report(&closing).totals, Totals { cards: 3, broken: 2, unchecked: 0 });
}

#[test]
fn a_part_does_not_count_removed_cards() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.sweep(30, &[(2, works())]);
    let closing = story.sweep_part(45, &[(2, fails("x"))]);
    assert_eq!(report(&closing).totals, Totals { cards: 1, broken: 1, unchecked: 0 });
}

#[test]
fn a_part_tells_nothing_of_what_it_did_not_look_at() {
    let mut story = Story::of_working(&[1, 2]);
    story.reporting = false;
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.reporting = true;
    assert_eq!(told(&story.sweep_part(30, &[(2, works())])), "nothing");
    assert_eq!(told(&story.sweep(45, &[(1, fails("x")), (2, works())])), "broke [1]");
}

#[test]
fn a_part_makes_no_digest() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    let closing = story.sweep_part(3 * A_DAY, &[(1, fails("x"))]);
    assert_eq!((told(&closing).as_str(), closing.last_digest), ("nothing", None));
}

#[test]
fn totals_count_stale_cards_as_unchecked() {
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, fails("x")), (2, works()), (3, works())]);
    let closing = story.sweep(15 + A_DAY, &[(1, unchecked()), (2, unchecked()), (3, fails("x"))]);
    assert_eq!(report(&closing).totals, Totals { cards: 3, broken: 1, unchecked: 2 });
}

#[test]
fn a_sweep_that_could_not_list_a_page_is_partial_and_says_so_in_its_report() {
    let mut story = Story::of_working(&[1]);
    let unlisted = vec![Unlisted { page: None, why: "no sub-pages (503)".to_owned() }];
    let listing = Listing { unlisted, ..listing(Scope::Pages, vec![page(10, &[1])]) };
    let closing = story.sweep_listing(15, listing, &[(1, fails("x"))]);
    assert_eq!((closing.outcome, closing.trouble.as_deref()), (Outcome::Partial, Some("no sub-pages (503)")));
    assert_eq!(report(&closing).trouble.as_deref(), Some("no sub-pages (503)"));
}

#[test]
fn a_sweep_of_which_every_card_was_decided_is_completed() {
    assert_eq!(Story::new().sweep(0, &[(1, works()), (2, fails("x"))]).outcome, Outcome::Completed);
    assert_eq!(Story::new().sweep(0, &[(1, works()), (2, unchecked())]).outcome, Outcome::Partial);
}

#[test]
fn what_was_told_of_a_removed_card_is_kept() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    story.sweep(30, &[(2, works())]);
    assert!(matches!(story.card(1).told, Told::Broken { .. }));
}
