//! Each owner is told of their own cards, once, and of nobody else's; the admins are told of all, and of who else is.

use cardwatch::domain::closing::{Closing, Memory, OwnerReport};
use cardwatch::domain::dataset::Dataset;
use cardwatch::domain::ids::{CardId, DatasetId, UserId};
use cardwatch::domain::maintenance::Span;
use cardwatch::domain::owner_mail::reader;
use cardwatch::domain::owners::{Address, NotMailed, Owner, OwnerPolicy};
use cardwatch::domain::report::{Audience, OwnerCount, Report, Totals};
use cardwatch::domain::sweep::{Listing, Scope, Unlisted};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, listing, owner, page, works};
use crate::story::{Story, report, told};

const A_DAY: i64 = 24 * 60;

/// Jo owns cards 1 and 2, Max cards 2 and 3, a group card 4; card 5 has no owner and is on Kim's page 20.
fn owned() -> Listing {
    let mut listing = listing(Scope::Pages, vec![page(10, &[1, 2, 3, 4]), page(20, &[5])]);
    let owners = [
        (1, vec![jo()]),
        (2, vec![jo(), max()]),
        (3, vec![max()]),
        (4, vec![Owner { user: None, name: "Sales BI".to_owned() }]),
        (5, vec![]),
    ];
    for (card, owners) in owners {
        listing.cards.get_mut(&CardId(card)).unwrap().owners = owners.into();
    }
    listing.pages[1].owners = [owner(3, "Kim")].into();
    listing
}

fn jo() -> Owner {
    owner(1, "Jo")
}

fn max() -> Owner {
    owner(2, "Max")
}

/// The cards of [`owned`] work, owners are mailed, and each has an address.
fn story() -> Story {
    let mut story = Story::new();
    story.owners = Some(OwnerPolicy { domains: ["example.com".to_owned()].into(), most_mails: 10 });
    for (user, name) in [(1, "jo"), (2, "max"), (3, "kim")] {
        story.asked.addresses.insert(UserId(user), Address::new(&format!("{name}@example.com")));
    }
    sweep(&mut story, 0, &[]);
    story
}

/// These cards are broken, the others work.
fn sweep(story: &mut Story, minute: i64, broken: &[i64]) -> Closing {
    let verdict = |card: i64| if broken.contains(&card) { fails("x") } else { works() };
    let verdicts: Vec<(i64, Verdict)> = (1..=5).map(|card| (card, verdict(card))).collect();
    story.sweep_listing(minute, owned(), &verdicts)
}

/// Who is mailed, and of which cards that broke, were broken when first seen, flap, or recovered.
fn mailed(closing: &Closing) -> Vec<(String, Vec<i64>)> {
    closing.owner_reports.iter().map(|owner| (owner.to.as_str().to_owned(), cards(&owner.report))).collect()
}

fn cards(report: &Report) -> Vec<i64> {
    let grouped = [&report.broke, &report.first_seen, &report.still_broken].into_iter().flatten();
    let lines = grouped.flat_map(|group| &group.cards).chain(report.flapping.iter().map(|card| &card.line));
    lines.chain(&report.recovered).map(|line| line.id.0).collect()
}

fn to(name: &str, cards: &[i64]) -> (String, Vec<i64>) {
    (format!("{name}@example.com"), cards.to_vec())
}

fn only(closing: &Closing) -> &OwnerReport {
    let [owner] = &closing.owner_reports[..] else { panic!("{:?}", mailed(closing)) };
    owner
}

#[test]
fn each_owner_gets_one_report_with_their_own_cards() {
    let closing = sweep(&mut story(), 15, &[1, 2, 3, 4]);
    assert_eq!(mailed(&closing), [to("jo", &[1, 2]), to("max", &[2, 3])]);
    assert_eq!(told(&closing), "broke [1, 2, 3, 4]");
}

#[test]
fn the_admins_are_told_which_owners_are_mailed_and_which_are_not() {
    let mut story = story();
    story.asked.addresses.remove(&UserId(2));
    let closing = sweep(&mut story, 15, &[1, 2, 4]);
    let untold = vec![("Sales BI".to_owned(), NotMailed::Group), ("Max".to_owned(), NotMailed::NoAddress)];
    let expected = Audience::Admins { told_owners: vec!["Jo".to_owned()], untold_owners: untold };
    assert_eq!(report(&closing).audience, expected);
    assert_eq!(only(&closing).report.audience, Audience::Owner { name: "Jo".to_owned() });
}

#[test]
fn where_owners_are_not_to_be_mailed_nobody_but_the_admins_is() {
    let mut story = story();
    story.owners = None;
    let closing = sweep(&mut story, 15, &[1]);
    assert!(closing.owner_reports.is_empty());
    assert_eq!(report(&closing).audience, Audience::ADMINS);
}

#[test]
fn a_card_without_an_owner_is_told_to_the_owners_of_its_pages() {
    assert_eq!(mailed(&sweep(&mut story(), 15, &[5])), [to("kim", &[5])]);
}

#[test]
fn a_card_with_an_owner_is_not_told_to_the_owners_of_its_pages() {
    let mut story = story();
    let mut listing = owned();
    listing.pages[0].owners = [owner(3, "Kim")].into();
    let verdicts: Vec<_> = (1..=5).map(|card| (card, if card == 4 { fails("x") } else { works() })).collect();
    let closing = story.sweep_listing(15, listing, &verdicts);
    assert_eq!(mailed(&closing), []);
}

#[test]
fn an_owner_is_told_of_a_recovery_in_the_thread_of_their_own_mail() {
    let mut story = story();
    assert_eq!(only(&sweep(&mut story, 15, &[1])).message_id, "2.u1@example.com");
    let closing = sweep(&mut story, 30, &[]);
    let owner = only(&closing);
    assert_eq!((&owner.report.recovered[0].id, owner.message_id.as_str()), (&CardId(1), "3.u1@example.com"));
    assert_eq!(owner.references, ["2.u1@example.com"]);
}

#[test]
fn an_owner_is_told_that_an_incident_is_over_whose_card_was_theirs() {
    let mut story = story();
    sweep(&mut story, 15, &[1, 3]);
    let closing = sweep(&mut story, 30, &[3]);
    let over = |report: &Report| report.left.iter().filter(|incident| incident.is_over).count();
    assert_eq!(over(&only(&closing).report), 0);
    let closing = sweep(&mut story, 45, &[]);
    assert_eq!(only(&closing).report.left, report(&closing).left);
    assert_eq!(over(report(&closing)), 1);
}

#[test]
fn an_owner_is_told_of_no_incident_but_those_that_their_own_cards_were_in() {
    let mut story = story();
    sweep(&mut story, 15, &[1]);
    sweep(&mut story, 90, &[1, 3]);
    let closing = sweep(&mut story, 105, &[]);
    let left = |report: &Report| report.left.iter().map(|incident| incident.id.0).collect::<Vec<_>>();
    let of_owners: Vec<_> = closing.owner_reports.iter().map(|owner| left(&owner.report)).collect();
    assert_eq!((left(report(&closing)), of_owners), (vec![1, 2], vec![vec![1], vec![2]]));
}

#[test]
fn an_owners_thread_is_that_of_their_own_cards() {
    let mut story = story();
    sweep(&mut story, 15, &[1]);
    sweep(&mut story, 30, &[1, 3]);
    let closing = sweep(&mut story, 45, &[]);
    let threads: Vec<_> = closing.owner_reports.iter().map(|owner| owner.references.clone()).collect();
    assert_eq!(threads, [["2.u1@example.com"], ["3.u2@example.com"]]);
}

#[test]
fn cards_that_were_broken_when_first_seen_or_flap_are_told_too() {
    let mut story = story();
    for minute in [15, 45] {
        sweep(&mut story, minute, &[3]);
        assert_eq!(sweep(&mut story, minute + 15, &[]).owner_reports.len(), 1);
    }
    story.memory = Memory::default();
    let closing = sweep(&mut story, 0, &[1, 3]);
    assert_eq!(told(&closing), "first seen [1, 3]");
    assert_eq!(mailed(&closing), [to("jo", &[1]), to("max", &[3])]);
}

#[test]
fn a_digest_is_for_the_admins_alone() {
    let mut story = story();
    sweep(&mut story, 15, &[1]);
    let closing = sweep(&mut story, A_DAY + 15, &[1]);
    assert_eq!((told(&closing).as_str(), mailed(&closing)), ("still broken [1]", vec![]));
    let closing = sweep(&mut story, 2 * A_DAY + 15, &[1, 2]);
    assert_eq!(told(&closing), "broke [2], still broken [1]");
    assert_eq!(mailed(&closing), [to("jo", &[2]), to("max", &[2])]);
    assert_eq!(closing.owner_reports[0].report.digest, None);
}

#[test]
fn that_cards_cannot_be_checked_is_for_the_admins_alone() {
    let mut story = story();
    story.fail(15, Scope::Pages);
    story.fail(30, Scope::Pages);
    let closing = sweep(&mut story, 45, &[1]);
    assert_eq!(told(&closing), "checking again, broke [1]");
    assert_eq!(only(&closing).report.sight, None);
}

#[test]
fn what_kept_a_sweep_from_its_whole_view_is_for_the_admins_alone() {
    let mut story = story();
    let mut listing = owned();
    listing.unlisted.push(Unlisted { page: None, why: "page 'Board' could not be listed".to_owned() });
    let verdicts: Vec<_> = (1..=5).map(|card| (card, if card == 1 { fails("x") } else { works() })).collect();
    let closing = story.sweep_listing(15, listing, &verdicts);
    assert!(report(&closing).trouble.is_some());
    assert_eq!(only(&closing).report.trouble, None);
}

#[test]
fn the_totals_of_an_owner_are_those_of_their_own_cards() {
    let mut story = story();
    sweep(&mut story, 15, &[2]);
    let closing = sweep(&mut story, 30, &[1, 2, 3, 4]);
    assert_eq!(report(&closing).totals, Totals { cards: 5, broken: 4, unchecked: 0 });
    let totals: Vec<_> = closing.owner_reports.iter().map(|owner| owner.report.totals).collect();
    assert_eq!(totals, [Totals { cards: 2, broken: 2, unchecked: 0 }; 2]);
}

#[test]
fn an_owner_is_told_how_large_the_incident_is_but_not_of_the_other_cards() {
    let closing = sweep(&mut story(), 15, &[1, 2, 3, 4]);
    let group = &closing.owner_reports[0].report.broke[0];
    assert_eq!((group.incident.cards, group.cards.len()), (4, 2));
}

#[test]
fn the_reason_that_an_owner_reads_is_that_of_an_own_card() {
    let mut story = story();
    let dataset = DatasetId::new("5e88").unwrap();
    let mut listing = owned();
    for card in listing.cards.values_mut() {
        card.datasets = Some([dataset.clone()].into());
    }
    let orders = Dataset { name: "Orders".to_owned(), state: None, updated_at: None };
    listing.datasets.insert(dataset, orders);
    let lost = |column: &str| fails(&format!("Invalid column(s) referenced: {column}"));
    let verdicts = [(1, lost("secret")), (2, works()), (3, lost("region_name")), (4, works()), (5, works())];
    let closing = story.sweep_listing(15, listing, &verdicts);
    let reasons: Vec<_> =
        closing.owner_reports.iter().map(|owner| owner.report.broke[0].incident.reason.text.as_str()).collect();
    assert_eq!(reasons, ["Invalid column(s) referenced: secret", "Invalid column(s) referenced: region_name"]);
}

#[test]
fn an_owner_is_told_that_mails_waited_for_maintenance() {
    let mut story = story();
    story.reporting = false;
    sweep(&mut story, 15, &[1]);
    story.reporting = true;
    story.after_maintenance = Some(Span { from: at(10), until: at(25) });
    let closing = sweep(&mut story, 30, &[1]);
    assert_eq!(told(&closing), "broke [1]");
    assert_eq!(report(&closing).after_maintenance, story.after_maintenance);
    assert_eq!(only(&closing).report.after_maintenance, story.after_maintenance);
}

#[test]
fn after_maintenance_in_which_nothing_came_to_be_due_there_is_no_mail() {
    let mut story = story();
    story.after_maintenance = Some(Span { from: at(10), until: at(25) });
    let closing = sweep(&mut story, 30, &[]);
    assert_eq!((told(&closing).as_str(), mailed(&closing)), ("nothing", vec![]));
}

#[test]
fn an_incident_counts_pages_and_owners_of_all_of_its_cards() {
    let closing = sweep(&mut story(), 15, &[1, 2, 4]);
    let incident = &report(&closing).broke[0].incident;
    assert_eq!((incident.cards, incident.pages), (3, Some(1)));
    assert_eq!(incident.owners, Some(OwnerCount { people: 2, groups: 1 }));
}

#[test]
fn a_sweep_of_a_part_does_not_claim_to_have_counted_them() {
    let mut story = story();
    sweep(&mut story, 15, &[1, 2, 3]);
    let mut part = owned();
    part.scope = Scope::Part;
    part.pages.truncate(1);
    part.pages[0].cards = [CardId(4)].into();
    part.cards.retain(|id, _| *id == CardId(4));
    let closing = story.sweep_listing(30, part, &[(4, fails("x"))]);
    let incident = &report(&closing).broke[0].incident;
    assert_eq!((incident.cards, incident.pages, incident.owners), (4, None, None));
}

proptest! {
    #[test]
    fn no_owner_is_told_of_a_card_that_is_not_theirs(
        sweeps in prop::collection::vec(prop::collection::btree_set(1..=5_i64, 0..5), 1..8),
    ) {
        let mut story = story();
        for (minute, broken) in (1_i64..).map(|n| n * 15).zip(sweeps) {
            let broken: Vec<i64> = broken.into_iter().collect();
            let closing = sweep(&mut story, minute, &broken);
            for owner in &closing.owner_reports {
                let own: &[i64] = match owner.user.0 { 1 => &[1, 2], 2 => &[2, 3], _ => &[5] };
                let told = cards(&owner.report);
                prop_assert!(!told.is_empty() && told.iter().all(|card| own.contains(card)));
                let all = cards(report(&closing));
                prop_assert!(told.iter().all(|card| all.contains(card)), "the admins are told of it too");
                prop_assert!(!owner.report.is_empty());
            }
        }
    }
}

#[test]
fn a_message_id_tells_the_owner_whom_its_mail_was_sent_to() {
    assert_eq!(reader("acme.7.1764000000000.u42@example.com"), Some(UserId(42)));
    assert_eq!(reader("acme.7.1764000000000@example.com"), None);
    assert_eq!(reader("acme.7.1764000000000@mail.u42"), None);
    assert_eq!(reader("acme.u.7.unknown@example.com"), None);
    assert_eq!(reader("acme.u42"), Some(UserId(42)));
}
