//! The strip of a card's latest verdicts: what it keeps, in which order, and how long.

use cardwatch::domain::closing::{self, Asked, Judged, Memory, Swept};
use cardwatch::domain::ids::{CardId, SweepId};
use cardwatch::domain::strip::{Cell, Strip};
use cardwatch::domain::sweep::{CardKind, Exclusions, Listing, Plan, Remembered, Scope};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, listing, page, unchecked, works};

fn strip(verdicts: &[Verdict]) -> Strip {
    verdicts.iter().fold(Strip::default(), Strip::after)
}

fn cells(strip: Strip) -> Vec<Cell> {
    strip.cells().collect()
}

/// The cell of a verdict; `None` for one that leaves none.
fn cell(verdict: &Verdict) -> Option<Cell> {
    match verdict {
        Verdict::Working { .. } => Some(Cell::Working),
        Verdict::Broken(_) => Some(Cell::Broken),
        Verdict::Unchecked(_) => Some(Cell::Unchecked),
        Verdict::Unsupported => None,
    }
}

fn verdicts() -> impl Strategy<Value = Vec<Verdict>> {
    let verdict = prop_oneof![
        any::<bool>().prop_map(|no_data| Verdict::Working { no_data }),
        Just(fails("x")),
        Just(unchecked()),
        Just(Verdict::Unsupported),
    ];
    prop::collection::vec(verdict, 0..100)
}

#[test]
fn a_card_that_was_never_looked_at_has_an_empty_strip() {
    assert_eq!(cells(Strip::default()), []);
    assert_eq!(Strip::default().bits(), 0);
}

#[test]
fn the_oldest_verdict_comes_first() {
    let strip = strip(&[works(), fails("x"), unchecked(), works()]);
    assert_eq!(cells(strip), [Cell::Working, Cell::Broken, Cell::Unchecked, Cell::Working]);
}

#[test]
fn a_card_that_renders_without_data_renders() {
    assert_eq!(cells(strip(&[Verdict::Working { no_data: true }])), [Cell::Working]);
}

#[test]
fn a_card_of_a_type_that_is_not_rendered_leaves_no_verdict() {
    assert_eq!(cells(strip(&[works(), Verdict::Unsupported, Verdict::Unsupported])), [Cell::Working]);
}

#[test]
fn the_latest_stands_lowest_in_the_number() {
    assert_eq!(strip(&[works(), fails("x"), unchecked()]).bits(), 0b01_10_11);
}

#[test]
fn the_oldest_verdict_makes_room_for_the_latest() {
    let mut verdicts = vec![works(); Strip::LENGTH];
    verdicts.insert(0, fails("the oldest"));
    verdicts.push(unchecked());
    let cells = cells(strip(&verdicts));
    assert_eq!((cells.len(), cells[0], cells[Strip::LENGTH - 1]), (31, Cell::Working, Cell::Unchecked));
    assert!(!cells.contains(&Cell::Broken));
}

#[test]
fn a_full_strip_fits_a_signed_column() {
    assert_eq!(strip(&vec![unchecked(); 99]).bits(), (1 << 62) - 1);
}

#[test]
fn bits_beyond_the_length_stand_for_nothing() {
    assert_eq!(cells(Strip::from_bits(u64::MAX)), [Cell::Unchecked; Strip::LENGTH]);
    assert_eq!(Strip::from_bits(1 << 62), Strip::default());
}

proptest! {
    #[test]
    fn a_strip_is_the_latest_verdicts_and_its_number_tells_them_all(verdicts in verdicts()) {
        let strip = strip(&verdicts);
        let all: Vec<Cell> = verdicts.iter().filter_map(cell).collect();
        let latest = &all[all.len().saturating_sub(Strip::LENGTH)..];
        prop_assert_eq!(cells(strip), latest);
        prop_assert_eq!(Strip::from_bits(strip.bits()), strip);
    }
}

/// Page 10 with cards 1 and 2, and card 3, which is a notebook; page 20 with card 4.
fn listed(scope: Scope) -> Listing {
    let pages = vec![page(10, &[1, 2, 3]), page(20, &[4])];
    let shown = if scope == Scope::Part { 1 } else { 2 };
    let mut listing = listing(scope, pages.into_iter().take(shown).collect());
    listing.cards.get_mut(&CardId(3)).unwrap().kind = CardKind::named("notebook");
    listing
}

fn swept(scope: Scope, verdicts: &[(i64, Verdict)]) -> Swept {
    let judged = |verdict: &Verdict| Judged { verdict: verdict.clone(), at: at(0), latency: std::time::Duration::ZERO };
    Swept {
        sweep: SweepId(1),
        started_at: at(0),
        finished_at: at(1),
        plan: Plan::new(listed(scope), &Remembered::default(), &Exclusions::default()),
        verdicts: verdicts.iter().map(|(card, verdict)| (CardId(*card), judged(verdict))).collect(),
        trouble: None,
        asked: Asked::default(),
    }
}

/// The strips after these sweeps, one after the other.
fn after(sweeps: &[Swept]) -> impl Fn(i64) -> Vec<Cell> + use<> {
    let mut memory = Memory::default();
    for swept in sweeps {
        memory.cards.extend(closing::close(swept, &memory, None).cards);
    }
    move |card| cells(memory.cards.get(&CardId(card)).unwrap().recent)
}

#[test]
fn each_sweep_leaves_its_verdict_on_its_cards() {
    let sweeps = [
        swept(Scope::Pages, &[(1, works()), (2, works()), (4, works())]),
        swept(Scope::Pages, &[(1, fails("x")), (2, unchecked()), (4, works())]),
    ];
    let strip = after(&sweeps);
    assert_eq!(strip(1), [Cell::Working, Cell::Broken]);
    assert_eq!(strip(2), [Cell::Working, Cell::Unchecked]);
    assert_eq!(strip(4), [Cell::Working, Cell::Working]);
}

#[test]
fn a_card_that_was_not_reached_in_time_was_not_checked() {
    let strip = after(&[swept(Scope::Pages, &[(1, works())])]);
    assert_eq!((strip(1), strip(2)), (vec![Cell::Working], vec![Cell::Unchecked]));
}

#[test]
fn a_card_that_is_never_rendered_has_an_empty_strip() {
    assert_eq!(after(&[swept(Scope::Pages, &[(1, works())])])(3), []);
}

#[test]
fn a_sweep_of_a_part_counts_for_its_cards_alone() {
    let whole = swept(Scope::Pages, &[(1, works()), (2, works()), (4, works())]);
    let strip = after(&[whole, swept(Scope::Part, &[(1, fails("x")), (2, works())])]);
    assert_eq!(strip(1), [Cell::Working, Cell::Broken]);
    assert_eq!(strip(4), [Cell::Working]);
}
