//! Letters about more than single cards: an instance that cannot be checked, a storm, cards that flap.

use cardwatch::domain::report::{FlappingCard, Report, Storm, Totals};
use cardwatch::domain::sight::{SightNews, Why};
use cardwatch::domain::verdict::Class;

use crate::paper::{at, broke, card, cards, letter, records, report, seen};

/// Two sweeps since 13:50 in Amsterdam decided nothing.
fn lost(again: bool) -> Report {
    let full = "cannot sign in: Domo rejects the access token (401: expired, revoked or mistyped); make a new one under \
                Admin > Authentication > Access tokens";
    let why = Why { brief: "access token rejected", full: full.to_owned() };
    let sight = Some(SightNews::Lost { since: at("2026-11-24T12:50:00Z"), sweeps: 2, again, why });
    Report { sight, totals: Totals { cards: 942, broken: 7, unchecked: 2 }, ..report() }
}

fn regained(broken: usize) -> Report {
    let sight = Some(SightNews::Regained { since: at("2026-11-22T12:50:00Z") });
    Report { sight, totals: Totals { cards: 942, broken, unchecked: 0 }, ..report() }
}

/// 30 cards of one reason and 10 of another broke; 41 worked.
fn storm() -> Report {
    let mut lines = cards(1..=30, "Invalid column(s) referenced: region_name");
    lines.extend(cards(31..=40, "No indexed schema found"));
    let totals = Totals { cards: 45, broken: 40, unchecked: 0 };
    Report { storm: Some(Storm { broke: 40, of: 41 }), totals, ..broke(lines) }
}

/// One that is broken just now and one that works.
fn flapping() -> Report {
    let broken = FlappingCard { line: card(1, "Revenue by region", "no answer"), changes: 4, broken: true };
    let works = FlappingCard { line: card(2, "Orders map", "No indexed schema found"), changes: 6, broken: false };
    let totals = Totals { cards: 942, broken: 1, unchecked: 0 };
    Report { flapping: vec![broken, works], totals, ..report() }
}

fn is_green(report: &Report) -> bool {
    letter(report).html.contains("color:#2e7d4f")
}

#[test]
fn that_cards_cannot_be_checked_reads_like_this() {
    let letter = letter(&lost(false));
    assert_eq!(letter.subject, "[cardwatch] acme: cannot check cards: access token rejected");
    let expected = "\
cardwatch cannot check cards at acme
2 sweeps in a row decided nothing, since 13:50.
Sweep of 24 November, 14:05 (Europe/Amsterdam).
When they were last decided, 7 of 942 cards were broken.
Why: cannot sign in: Domo rejects the access token (401: expired, revoked or
mistyped); make a new one under Admin > Authentication > Access tokens.

Each sweep tries again; when one can decide cards, you are told.
Status page: https://cardwatch.example.com/
";
    assert_eq!(letter.text, expected);
}

#[test]
fn both_parts_of_it_state_the_same_facts() {
    let letter = letter(&lost(false));
    let html = seen(&letter.html);
    for fact in letter.text.replace("mistyped):\n", "mistyped): ").replace("or\n", "or ").lines() {
        assert!(html.contains(fact.split("https:").next().unwrap().trim_end_matches([' ', ':'])), "{fact}\n{html}");
    }
}

#[test]
fn a_reminder_of_it_says_still() {
    let letter = letter(&lost(true));
    assert_eq!(letter.subject, "[cardwatch] acme: still cannot check cards: access token rejected");
    assert!(letter.text.starts_with("cardwatch still cannot check cards at acme\n"), "{}", letter.text);
}

#[test]
fn one_sweep_that_decides_nothing_is_not_a_row() {
    let mut report = lost(false);
    let Some(SightNews::Lost { sweeps, .. }) = &mut report.sight else { unreachable!() };
    *sweeps = 1;
    assert!(letter(&report).text.contains("\nThe sweep of 13:50 decided nothing.\n"));
}

#[test]
fn what_is_not_known_any_more_is_not_claimed() {
    let standing = |cards, broken, unchecked| {
        let report = Report { totals: Totals { cards, broken, unchecked }, ..lost(false) };
        letter(&report).text.lines().nth(3).unwrap().to_owned()
    };
    assert_eq!(standing(942, 0, 2), "When they were last decided, none of 942 cards was broken.");
    assert_eq!(standing(942, 1, 0), "When they were last decided, 1 of 942 cards was broken.");
    assert_eq!(standing(942, 0, 942), "What became of its 942 cards is not known: none was decided lately.");
    assert_eq!(standing(0, 0, 0), "No card is monitored.");
}

#[test]
fn it_is_never_green_nor_red_while_nothing_can_be_seen() {
    let all_well = Report { totals: Totals { cards: 942, broken: 0, unchecked: 0 }, ..lost(false) };
    for report in [all_well, lost(true)] {
        let html = letter(&report).html;
        assert!(!html.contains("color:#2e7d4f") && !html.contains("color:#b3261e"), "{html}");
    }
}

#[test]
fn the_remedy_is_never_cut() {
    let mut report = lost(false);
    let Some(SightNews::Lost { why, .. }) = &mut report.sight else { unreachable!() };
    why.full = format!("Domo says '{}'; use an access token", "x".repeat(800));
    assert!(letter(&report).text.contains("use an access token."));
}

#[test]
fn hostile_reasons_are_harmless_there_too() {
    let mut report = lost(false);
    let Some(SightNews::Lost { why, .. }) = &mut report.sight else { unreachable!() };
    why.full = "a page titled '</td><script>alert(1)</script>\r\nBcc: x@example.com\u{202e}\0'".to_owned();
    let letter = letter(&report);
    assert!(!letter.html.contains("<script") && !letter.html.contains("\nBcc") && !letter.text.contains("\nBcc"));
    for part in [&letter.text, &letter.html, &letter.subject] {
        assert!(!part.chars().any(|c| c == '\0' || c == '\u{202e}'), "{part}");
    }
}

#[test]
fn that_cards_can_be_checked_again_reads_like_this() {
    let letter = letter(&regained(3));
    assert_eq!(letter.subject, "[cardwatch] acme: checking again (3 broken now)");
    let expected = "\
cardwatch checks cards at acme again
Since 22 November, 13:50 no sweep had decided anything.
Sweep of 24 November, 14:05 (Europe/Amsterdam).
3 of 942 cards are broken now.

All 3 broken cards: https://cardwatch.example.com/
";
    assert_eq!(letter.text, expected);
    assert!(is_green(&regained(0)) && !is_green(&regained(3)));
}

#[test]
fn beside_cards_that_broke_it_is_a_sentence() {
    let broke = || broke(cards(1..=1, "x"));
    let again = letter(&Report { sight: regained(1).sight, ..broke() });
    assert_eq!(again.subject, "[cardwatch] acme: 1 card broke (7 broken now)");
    let begins = "1 card broke at acme\n\
                  Cards can be checked again: since 22 November, 13:50 no sweep had decided\nanything.\n";
    assert!(again.text.starts_with(begins), "{}", again.text);
    let not = letter(&Report { sight: lost(false).sight, ..broke() });
    let begins = "1 card broke at acme\nCards cannot be checked: 2 sweeps in a row decided nothing, since 13:50.\n";
    assert!(not.text.starts_with(begins), "{}", not.text);
    assert!(not.text.contains("\nWhy: cannot sign in: "), "{}", not.text);
}

#[test]
fn a_storm_opens_by_saying_so_and_tells_the_reasons_before_the_cards() {
    let letter = letter(&storm());
    assert_eq!(letter.subject, "[cardwatch] acme: 40 cards broke (40 broken now)");
    let begins = "\
40 of 41 working cards broke at once at acme
That is likely Domo itself, or what the service user may see: look there
before you look at cards.
Sweep of 24 November, 14:05 (Europe/Amsterdam).
40 of 45 cards are broken now.

Trouble 1: 30 cards on 1 page, owned by 1 person
  Invalid column(s) referenced: region_name
  incident 1, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=1

Trouble 2: 10 cards on 1 page, owned by 1 person
  No indexed schema found
  incident 2, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=2

The 40 cards
------------

  - Card 1
    Sales overview; owner Sales BI; broken since 14:05
    Misconfigured card: Invalid column(s) referenced: region_name
    https://acme.domo.com/kpis/details/1
";
    assert!(letter.text.starts_with(begins), "{}", letter.text);
    assert!(letter.text.contains("/kpis/details/40\n"));
    let html = seen(&letter.html);
    let (preview, html) = html.split_once("✕ ").unwrap();
    assert!(preview.starts_with("That is likely Domo itself"), "{preview}");
    let place = |words| html.find(words).unwrap_or_else(|| panic!("'{words}' is missing: {html}"));
    let order = [
        "40 of 41 working cards broke at once at acme",
        "That is likely Domo itself",
        "No indexed schema found incident 2",
        "The 40 cards",
        "Card 1 Sales overview · owner Sales BI · broken since 14:05 Misconfigured card: Invalid",
        "Card 40 Sales overview",
    ];
    assert!(order.map(place).is_sorted(), "{html}");
}

#[test]
fn a_storm_of_one_reason_tells_it_once() {
    let lines = cards(1..=30, "No indexed schema found");
    let report = Report { storm: Some(Storm { broke: 30, of: 30 }), ..broke(lines) };
    let letter = letter(&report);
    assert_eq!(letter.text.matches("No indexed schema found").count(), 1, "{}", letter.text);
    assert_eq!(letter.html.matches("No indexed schema found").count(), 1);
}

#[test]
fn a_storm_beyond_fifty_cards_shows_fifty_and_attaches_all() {
    let mut lines = cards(1..=300, "large");
    lines.extend(cards(301..=302, "small"));
    let report = Report { storm: Some(Storm { broke: 302, of: 302 }), ..broke(lines) };
    let letter = letter(&report);
    assert!(letter.text.contains("Trouble 2: 2 cards on 1 page, owned by 1 person\n  small\n"), "{}", letter.text);
    assert!(letter.text.contains("  … and 252 more in the attached list\n"), "{}", letter.text);
    assert_eq!(letter.text.matches("https://acme.domo.com").count(), 50);
    assert_eq!(records(&letter.csv.unwrap()).len(), 302);
}

#[test]
fn a_storm_of_a_thousand_reasons_is_no_endless_mail() {
    let lines = (1..=1_000).map(|id| card(id, "x", &format!("reason {id} {}", "y".repeat(400)))).collect();
    let letter = letter(&Report { storm: Some(Storm { broke: 1_000, of: 1_000 }), ..broke(lines) });
    assert!(letter.text.contains("And 750 more causes, 750 cards: they are in the attached list."));
    assert!(letter.html.len() < 400_000, "{}", letter.html.len());
}

#[test]
fn beside_a_storm_other_cards_have_their_own_section() {
    let report = Report { recovered: cards(90..=90, "gone"), ..storm() };
    let letter = letter(&report);
    assert!(letter.text.starts_with("40 of 41 working cards broke at once at acme\n"), "{}", letter.text);
    assert!(letter.text.contains("\n1 card recovered\n----------------\n"), "{}", letter.text);
    assert_eq!(letter.subject, "[cardwatch] acme: 40 cards broke, 1 recovered (40 broken now)");
}

#[test]
fn cards_that_flap_read_like_this() {
    let letter = letter(&flapping());
    assert_eq!(letter.subject, "[cardwatch] acme: 2 cards flapping (1 broken now)");
    let expected = "\
2 cards are flapping at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
1 of 942 cards is broken now.

  - Revenue by region
    Sales overview; owner Sales BI; changed 4 times in 24 h; broken since
    14:05
    Misconfigured card: no answer
    https://acme.domo.com/kpis/details/1
  - Orders map
    Sales overview; owner Sales BI; changed 6 times in 24 h; works since
    14:05
    was: Misconfigured card: No indexed schema found
    https://acme.domo.com/kpis/details/2

Nothing more is said of a flapping card until it stays as it is for 24 h.
The broken card: https://cardwatch.example.com/
";
    assert_eq!(letter.text, expected);
    let html = seen(&letter.html);
    assert!(html.contains("changed 4 times in 24 h · broken since 14:05 Misconfigured card: no answer"), "{html}");
}

#[test]
fn a_card_that_flaps_is_never_green() {
    let mut report = flapping();
    report.flapping.remove(0);
    report.totals = Totals { cards: 942, broken: 0, unchecked: 0 };
    assert!(!is_green(&report));
    let text = letter(&report).text.replace('\n', " ");
    assert!(text.starts_with("1 card is flapping at acme "), "{text}");
    assert!(text.contains("Nothing more is said of it until it stays as it is for 24 h."), "{text}");
}

#[test]
fn the_attached_list_names_what_flaps() {
    let broken = |line| FlappingCard { line, changes: 4, broken: true };
    let mut lines = cards(1..=51, "x");
    lines[0].reason.as_mut().unwrap().class = Class::Other;
    let report = Report { flapping: lines.into_iter().map(broken).collect(), ..report() };
    let rows = records(&letter(&report).csv.unwrap());
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[0][5].as_str()), (51, "flapping", "Other error"));
}
