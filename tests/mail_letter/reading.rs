//! The answer first, the same facts in both parts, foreign text harmless.

use cardwatch::domain::foreign::one_line;
use cardwatch::domain::report::{Report, Totals};
use cardwatch::domain::verdict::Class;
use cardwatch::mail::message::{Envelope, compose, test_letter};
use lettre::message::Mailbox;

use crate::paper::{at, broke, card, cards, grouped, letter, page, records, recovered, report, seen};

const HOSTILE: &str = "=1+1\r\nBcc: x@example.com\0\u{1b}[31m<script>alert(1)</script>\u{202e}\u{85}\"&'";

#[test]
fn a_small_mail_reads_like_this() {
    let mut region = card(101_681_077, "Revenue by region", "Invalid column(s) referenced: region_name");
    region.pages.push(page("Board pack"));
    let mut regions = card(101_681_078, "Top regions, last 30 days", "Invalid column(s) referenced: region_name");
    regions.owners = vec!["Sales BI".to_owned(), "Jo Doe".to_owned()];
    let mut sessions = card(101_681_090, "Sessions by campaign", "no answer within 90 s, 3 times");
    sessions.reason.as_mut().unwrap().class = Class::QueryTimeout;
    sessions.pages.clear();
    sessions.owners.clear();
    let mut orders = card(101_681_099, "Orders map", "No indexed schema found");
    orders.since = at("2026-11-24T13:05:51Z");
    let report = Report { recovered: vec![orders], ..broke(vec![region, sessions, regions]) };
    let expected = "\
3 cards broke, 1 recovered at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
7 of 942 cards are broken now; 2 could not be checked.

3 cards broke
-------------

Trouble 1: 2 cards on 1 page, owned by 1 person
  Invalid column(s) referenced: region_name
  incident 1, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=1

  - Revenue by region
    Sales overview, Board pack; owner Sales BI; broken since 14:05
    https://acme.domo.com/kpis/details/101681077
  - Top regions, last 30 days
    Sales overview; owners Sales BI, Jo Doe; broken since 14:05
    https://acme.domo.com/kpis/details/101681078

Trouble 2: 1 card
  no answer within 90 s, 3 times
  incident 2, query timeout, since 14:05
  https://cardwatch.example.com/?incident=2

  - Sessions by campaign
    on no page; broken since 14:05
    https://acme.domo.com/kpis/details/101681090

1 card recovered
----------------

  - Orders map
    Sales overview; owner Sales BI; works again since 14:05
    was: Misconfigured card: No indexed schema found
    https://acme.domo.com/kpis/details/101681099

Each newly broken card was rendered again 30 s later before this was sent.
All 7 broken cards: https://cardwatch.example.com/
To mute one: cardwatch mute 101681077 --for 3d --reason \"…\"
";
    assert_eq!(letter(&report).text, expected);
}

#[test]
fn a_mail_about_one_thing_needs_no_section_titles() {
    let text = letter(&broke(vec![card(1, "A", "x"), card(2, "B", "x")])).text;
    assert!(text.starts_with("2 cards broke at acme\n"), "{text}");
    assert!(!text.contains("---"), "{text}");
    assert!(text.contains("\nEach was rendered again 30 s later before this was sent.\n"), "{text}");
}

#[test]
fn both_parts_state_the_same_facts() {
    let mut mixed = broke(cards(1..=3, "No indexed schema found"));
    mixed.first_seen = grouped(cards(4..=5, "Bad Request"));
    mixed.recovered = cards(6..=6, "Unable to parse SQL: SELECT");
    mixed.still_broken = grouped(cards(7..=8, "Dataset 5e88 is not indexed"));
    mixed.trouble = Some("page 12 could not be listed".to_owned());
    let letter = letter(&mixed);
    let html = seen(&letter.html);
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fact in [
        "3 cards broke, 2 were broken when first seen, 1 recovered, 2 are still broken at acme",
        "Sweep of 24 November, 14:05 (Europe/Amsterdam).",
        "7 of 942 cards are broken now; 2 could not be checked.",
        "This sweep did not see everything: page 12 could not be listed.",
        "No indexed schema found",
        "Bad Request",
        "was: Misconfigured card: Unable to parse SQL: SELECT",
        "Dataset 5e88 is not indexed",
        "broken since 14:05 or before",
        "works again since 14:05",
        "Each newly broken card was rendered again 30 s later before this was sent.",
        "All 7 broken cards",
    ] {
        assert!(text.contains(fact), "text lacks '{fact}':\n{text}");
        assert!(html.contains(fact), "HTML lacks '{fact}':\n{html}");
    }
    for id in 1..=8 {
        assert!(letter.text.contains(&format!("/kpis/details/{id}\n")));
        assert!(letter.html.contains(&format!("href=\"https://acme.domo.com/kpis/details/{id}\"")));
        assert!(html.contains(&format!("Card {id} Sales overview · owner Sales BI ·")), "{html}");
    }
}

#[test]
fn subjects_are_those_of_the_contract() {
    let three = || grouped(cards(1..=3, "x"));
    let subject = |report: Report| letter(&report).subject;
    let totals = |broken| Totals { cards: 9, broken, unchecked: 0 };
    assert_eq!(
        subject(Report { broke: three(), totals: totals(5), ..report() }),
        "[cardwatch] acme: 3 cards broke (5 broken now)"
    );
    assert_eq!(
        subject(Report { recovered: cards(1..=2, "x"), totals: totals(3), ..report() }),
        "[cardwatch] acme: 2 cards recovered (3 broken now)"
    );
    let both =
        Report { broke: grouped(cards(1..=1, "x")), recovered: cards(2..=3, "x"), totals: totals(4), ..report() };
    assert_eq!(subject(both), "[cardwatch] acme: 1 card broke, 2 recovered (4 broken now)");
    assert_eq!(
        subject(Report { still_broken: grouped(cards(1..=5, "x")), ..report() }),
        "[cardwatch] acme: 5 cards still broken"
    );
}

#[test]
fn a_letter_keeps_its_identity_and_thread() {
    let letter = letter(&broke(cards(1..=1, "x")));
    assert_eq!(letter.message_id, "1@cardwatch");
    assert_eq!(letter.references, ["first@cardwatch"]);
    assert_eq!(letter.to, ["BI Admins <bi-admins@example.com>"]);
}

#[test]
fn composing_twice_gives_the_same_letter() {
    let report = broke(cards(1..=60, "x"));
    assert_eq!(letter(&report), letter(&report));
}

#[test]
fn a_digest_says_since_when_with_as_much_date_as_it_takes() {
    let mut lines = cards(1..=3, "x");
    lines[0].since = at("2026-11-24T09:00:00Z");
    lines[1].since = at("2026-11-22T08:12:00Z");
    lines[2].since = at("2025-12-03T08:12:00Z");
    let text = letter(&Report { still_broken: grouped(lines), ..report() }).text;
    assert!(text.starts_with("3 cards are still broken at acme\n"), "{text}");
    let text = text.replace("\n    ", " ");
    assert!(text.contains("broken since 10:00, for 4 hours "), "{text}");
    assert!(text.contains("broken since 22 November, 09:12, for 2 days "), "{text}");
    assert!(text.contains("broken since 3 December 2025, 09:12, for 356 days "), "{text}");
    assert!(!text.contains("rendered again"), "{text}");
}

#[test]
fn a_recovery_is_green_only_when_all_is_seen_to_work() {
    let green = "color:#2e7d4f\"><span aria-hidden=\"true\">✓ </span>1 card recovered at acme";
    let well = letter(&recovered(cards(1..=1, "x")));
    assert!(well.html.contains(green), "{}", well.html);
    assert!(well.text.contains("None of 942 cards is broken now.\n"), "{}", well.text);
    assert!(well.text.contains("Status page: https://cardwatch.example.com/\n"), "{}", well.text);
    let mut unsure = recovered(cards(1..=1, "x"));
    unsure.totals.unchecked = 1;
    assert!(!letter(&unsure).html.contains(green));
    let mut partial = recovered(cards(1..=1, "x"));
    partial.trouble = Some("cut short".to_owned());
    assert!(!letter(&partial).html.contains(green));
}

#[test]
fn without_a_second_look_or_a_status_page_neither_is_mentioned() {
    let report = Report { confirmed_after: None, ..broke(cards(1..=1, "x")) };
    let envelope = Envelope { message_id: "1@x".to_owned(), references: Vec::new(), to: &[], link_base: None };
    let letter = compose(&report, envelope);
    let ends = "/kpis/details/1\n\nTo mute one: cardwatch mute 1 --for 3d --reason \"…\"\n";
    assert!(letter.text.ends_with(ends), "{}", letter.text);
    assert!(!letter.html.contains("rendered again"));
    assert!(!letter.text.contains("?incident=") && !letter.html.contains("?incident="), "{}", letter.text);
}

#[test]
fn hostile_text_can_neither_break_lines_nor_tags_nor_the_reading_order() {
    let mut line = card(1, HOSTILE, HOSTILE);
    line.pages = vec![page(HOSTILE)];
    line.owners = vec![HOSTILE.to_owned()];
    let mut report = broke(vec![line.clone()]);
    report.recovered = vec![line];
    report.trouble = Some(HOSTILE.to_owned());
    let letter = letter(&report);
    let harmless = "=1+1 Bcc: x@example.com\u{FFFD}\u{FFFD}[31m<script>alert(1)</script>";
    assert!(letter.text.contains(&format!("  - {harmless} \"&'\n")), "{}", letter.text);
    for part in [&letter.text, &letter.html] {
        assert!(!part.chars().any(|c| c.is_control() && c != '\n'), "{part}");
        assert!(!part.contains('\u{202e}'), "{part}");
        assert!(!part.contains("\nBcc"), "{part}");
    }
    assert!(!letter.html.contains("<script"), "{}", letter.html);
    assert!(letter.html.contains("&lt;script&gt;"), "{}", letter.html);
    assert_eq!(letter.subject, "[cardwatch] acme: 1 card broke, 1 recovered (7 broken now)");
}

#[test]
fn a_long_reason_is_shortened_in_the_mail_alone() {
    let long = format!("Unable to parse SQL: {}", "größe ".repeat(700));
    let mut report = broke(cards(1..=60, long.trim()));
    let letter_of_many = letter(&report);
    assert_eq!(records(&letter_of_many.csv.unwrap())[0][6], long.trim());
    report.broke[0].cards.truncate(1);
    let letter_of_one = letter(&report);
    assert_eq!(letter_of_one.csv, None);
    let shown = one_line(&long, 300);
    assert!(shown.ends_with('…'));
    assert!(seen(&letter_of_one.html).contains(&shown));
    assert!(letter_of_one.text.len() < 1_500, "{}", letter_of_one.text);
}

#[test]
fn lines_are_short_but_addresses_stay_whole() {
    let mut line = card(1, &"long title ".repeat(20), &"and why ".repeat(60));
    line.url = format!("https://acme.domo.com/kpis/details/{}", "1".repeat(120));
    let text = letter(&broke(vec![line.clone()])).text;
    assert!(text.contains(&format!("    {}\n", line.url)), "{text}");
    let longest = text.lines().filter(|line| !line.contains("https://")).map(|line| line.chars().count()).max();
    assert!(longest.unwrap() <= 76, "{text}");
}

#[test]
fn many_pages_are_a_number() {
    let mut line = card(1, "x", "y");
    line.pages = (1..=9).map(|n| page(&format!("Page {n}"))).collect();
    let text = letter(&broke(vec![line])).text;
    assert!(text.contains("Page 4, Page 5 and 4 more; owner Sales BI;"), "{text}");
}

#[test]
fn a_card_without_a_title_can_still_be_clicked() {
    let letter = letter(&broke(vec![card(1, " \n ", "y")]));
    assert!(letter.text.contains("  - (no title)\n"), "{}", letter.text);
    assert!(letter.html.contains(">(no title)</a>"));
}

#[test]
fn nothing_in_the_html_is_fetched_from_elsewhere() {
    let html = letter(&broke(cards(1..=3, "x"))).html;
    for fetching in ["<img", "<link", "<script", "@import", "url(", " src="] {
        assert!(!html.contains(fetching), "{fetching}");
    }
}

#[test]
fn a_test_letter_says_who_sent_it_and_that_nothing_is_wrong() {
    let to: [Mailbox; 1] = ["bi-admins@example.com".parse().unwrap()];
    let letter = test_letter("t@cardwatch".to_owned(), &to, "watch.example.com");
    assert_eq!(letter.subject, "[cardwatch] test mail");
    assert_eq!(letter.to, ["bi-admins@example.com"]);
    for part in [&letter.text, &seen(&letter.html)] {
        let part = part.replace('\n', " ");
        assert!(part.contains(concat!("cardwatch ", env!("CARGO_PKG_VERSION"), " on watch.example.com")), "{part}");
        assert!(part.contains("Nothing is wrong"), "{part}");
    }
}

#[test]
fn one_line_folds_white_space_and_shows_what_it_cannot_print() {
    assert_eq!(one_line("  a\r\n\t b\u{2028}c ", 99), "a b c");
    assert_eq!(one_line("a\u{1b}[2Jb\u{7}\u{9b}", 99), "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}");
    assert_eq!(one_line("\u{202e}evil\u{2066}\u{feff}", 99), "evil");
    assert_eq!(one_line("a \u{200b} b", 99), "a b");
    assert_eq!(one_line("👩\u{200d}🔧", 99), "👩\u{200d}🔧");
}

#[test]
fn one_line_is_never_longer_than_its_limit() {
    assert_eq!(one_line("größer", 6), "größer");
    assert_eq!(one_line("größere", 6), "größe…");
    assert_eq!(one_line("two words", 5), "two…");
    assert_eq!(one_line("ab", 1), "…");
    assert_eq!(one_line("", 1), "");
}

proptest::proptest! {
    #[test]
    fn one_line_is_printable_whatever_comes(text in "(?s).*", limit in 1_usize..40) {
        let line = one_line(&text, limit);
        assert!(line.chars().count() <= limit, "{line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line.trim(), line, "no white space at the ends");
        assert_eq!(one_line(&line, limit), line, "once is enough");
    }
}
