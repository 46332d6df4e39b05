//! The reminder: what is still broken by cause and age, and whatever else deserves a look.

use std::time::Duration;

use cardwatch::domain::ids::CardId;
use cardwatch::domain::report::{CardLine, Digest, FlappingCard, IncidentLine, Report, Shortlist, SlowCard, Totals};

use crate::paper::{at, card, cards, grouped, letter, records, report, seen, told_in_both};

fn working(id: i64, title: &str) -> CardLine {
    CardLine { reason: None, ..card(id, title, "") }
}

fn slow(id: i64, title: &str, latency: u64, usual: u64) -> SlowCard {
    let millis = Duration::from_millis;
    SlowCard { line: working(id, title), latency: millis(latency), usual: millis(usual) }
}

fn empty(id: i64, title: &str, since: &str) -> CardLine {
    CardLine { since: at(since), ..working(id, title) }
}

/// Two cards are still broken since three days ago.
fn still_broken() -> Report {
    let mut lines = cards(1..=2, "Invalid column(s) referenced: region_name");
    for line in &mut lines {
        line.since = at("2026-11-21T13:05:00Z");
    }
    let totals = Totals { cards: 942, broken: 5, unchecked: 0 };
    Report { still_broken: grouped(lines), totals, digest: Some(Digest::default()), ..report() }
}

/// A digest with all parts.
fn whole() -> Report {
    let line = card(3, "Web sessions", "no answer");
    let digest = Digest {
        muted: 3,
        flapping: Shortlist::of(vec![FlappingCard { line, changes: 5, broken: true }]),
        slow: Shortlist::of(vec![slow(4, "Orders map", 12_000, 2_130), slow(5, "Margin", 9_949, 250)]),
        empty: Shortlist::of(vec![empty(6, "Returns", "2026-11-20T09:00:00Z")]),
        invalid_functions: Some(12),
    };
    Report { digest: Some(digest), ..still_broken() }
}

#[test]
fn a_digest_with_all_parts_reads_like_this() {
    let letter = letter(&whole());
    assert_eq!(letter.subject, "[cardwatch] acme: 2 cards still broken");
    let expected = "\
2 cards are still broken at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
5 of 942 cards are broken now.
3 more broken cards are muted.

Trouble 1: 2 cards on 1 page, owned by 1 person
  Invalid column(s) referenced: region_name
  incident 1, misconfigured card, since 21 November, 14:05, for 3 days
  https://cardwatch.example.com/?incident=1

  - Card 1
    Sales overview; owner Sales BI; broken since 21 November, 14:05, for 3
    days
    https://acme.domo.com/kpis/details/1
  - Card 2
    Sales overview; owner Sales BI; broken since 21 November, 14:05, for 3
    days
    https://acme.domo.com/kpis/details/2

1 card is still flapping
------------------------

  - Web sessions
    Sales overview; owner Sales BI; changed 5 times in 24 h; broken since
    14:05
    Misconfigured card: no answer
    https://acme.domo.com/kpis/details/3

2 cards are slow
----------------

  - Orders map
    Sales overview; owner Sales BI; 12.0 s, usually 2.1 s
    https://acme.domo.com/kpis/details/4
  - Margin
    Sales overview; owner Sales BI; 9.9 s, usually 250 ms
    https://acme.domo.com/kpis/details/5

1 card has had no data for days
-------------------------------

  - Returns
    Sales overview; owner Sales BI; no data since 20 November, 10:00, for 4
    days
    https://acme.domo.com/kpis/details/6

Domo counts 12 invalid beast modes.
All 5 broken cards: https://cardwatch.example.com/
To mute one: cardwatch mute 1 --for 3d --reason \"…\"
";
    assert_eq!(letter.text, expected);
}

#[test]
fn both_parts_of_it_state_the_same_facts() {
    let letter = letter(&whole());
    told_in_both(
        &letter,
        &[
            "2 cards are still broken at acme",
            "3 more broken cards are muted.",
            "incident 1, misconfigured card, since 21 November, 14:05, for 3 days",
            "broken since 21 November, 14:05, for 3 days",
            "1 card is still flapping",
            "changed 5 times in 24 h",
            "2 cards are slow",
            "12.0 s, usually 2.1 s",
            "1 card has had no data for days",
            "no data since 20 November, 10:00, for 4 days",
            "Domo counts 12 invalid beast modes.",
            "To mute one: cardwatch mute 1 --for 3d --reason \"…\"",
        ],
    );
    for id in 1..=6 {
        assert!(letter.html.contains(&format!("href=\"https://acme.domo.com/kpis/details/{id}\"")), "{id}");
    }
}

#[test]
fn a_digest_without_further_parts_does_not_mention_them() {
    let text = letter(&still_broken()).text;
    for word in ["muted", "flapping", "slow", "no data", "beast mode", "---"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let none = Digest { invalid_functions: Some(0), ..Digest::default() };
    assert!(!letter(&Report { digest: Some(none), ..still_broken() }).text.contains("beast mode"));
}

#[test]
fn one_is_put_as_one() {
    let digest = Digest { muted: 1, invalid_functions: Some(1), ..Digest::default() };
    let letter = letter(&Report { digest: Some(digest), ..still_broken() });
    told_in_both(&letter, &["1 more broken card is muted.", "Domo counts 1 invalid beast mode."]);
}

#[test]
fn what_goes_beyond_ten_is_a_number() {
    let digest = Digest {
        slow: Shortlist::of((10..=24).map(|id| slow(id, "x", 9_000, 1_000)).collect()),
        empty: Shortlist::of((30..=72).map(|id| empty(id, "y", "2026-11-01T00:00:00Z")).collect()),
        ..Digest::default()
    };
    let letter = letter(&Report { digest: Some(digest), ..still_broken() });
    told_in_both(
        &letter,
        &["15 cards are slow", "… and 5 more", "43 cards have had no data for days", "… and 33 more"],
    );
    assert_eq!(letter.text.matches("https://acme.domo.com").count(), 2 + 10 + 10);
    assert_eq!(letter.csv, None);
}

#[test]
fn the_attached_list_holds_what_is_still_broken_alone() {
    let many = Report { still_broken: grouped(cards(100..=200, "x")), ..whole() };
    let rows = records(&letter(&many).csv.unwrap());
    assert_eq!(rows.len(), 101);
    assert!(rows.iter().all(|row| row[0] == "still broken"));
}

#[test]
fn ages_are_as_coarse_as_they_are_long() {
    let age = |since: &str| {
        let mut report = still_broken();
        let group = &mut report.still_broken[0];
        group.incident = IncidentLine { opened_at: at(since), ..group.incident.clone() };
        let text = letter(&report).text;
        let foot = text.lines().find(|line| line.contains("incident 1")).unwrap();
        foot.split_once(", for ").map_or("none", |(_, age)| age).to_owned()
    };
    assert_eq!(age("2026-11-24T13:04:30Z"), "none");
    assert_eq!(age("2026-11-24T13:04:00Z"), "1 min");
    assert_eq!(age("2026-11-24T11:06:00Z"), "119 min");
    assert_eq!(age("2026-11-24T11:05:00Z"), "2 hours");
    assert_eq!(age("2026-11-22T13:06:00Z"), "47 hours");
    assert_eq!(age("2026-11-22T13:05:00Z"), "2 days");
}

#[test]
fn foreign_text_in_every_part_is_harmless() {
    let hostile = "x\r\nBcc: all@example.com\0<script>alert(1)</script>\u{202e}";
    let mut line = card(7, hostile, hostile);
    line.owners = vec![hostile.to_owned()];
    line.pages[0].title = hostile.to_owned();
    let took = Duration::from_secs(9);
    let digest = Digest {
        flapping: Shortlist::of(vec![FlappingCard { line: line.clone(), changes: 1, broken: false }]),
        slow: Shortlist::of(vec![SlowCard { line: line.clone(), latency: took, usual: took }]),
        empty: Shortlist::of(vec![CardLine { id: CardId(8), ..line }]),
        ..Digest::default()
    };
    let letter = letter(&Report { digest: Some(digest), ..still_broken() });
    for part in [&letter.text, &letter.html] {
        assert!(!part.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{part}");
        assert!(!part.contains("\nBcc"), "{part}");
    }
    assert!(!letter.html.contains("<script"));
    assert!(seen(&letter.html).contains("changed once in 24 h"));
}
