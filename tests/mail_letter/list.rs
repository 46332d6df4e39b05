//! Of many cards some are shown, all groups are told, and a list of all is attached.

use crate::paper::{broke, card, cards, letter, page, records, seen};

#[test]
fn fifty_cards_need_no_attachment() {
    let letter = letter(&broke(cards(1..=50, "x")));
    assert_eq!(letter.csv, None);
    assert!(letter.text.contains("/kpis/details/50\n"));
    assert!(!letter.text.contains("attached"));
}

#[test]
fn of_fifty_one_cards_fifty_are_shown_and_all_are_attached() {
    let mut lines = cards(1..=49, "large");
    lines.extend(cards(50..=51, "small"));
    let letter = letter(&broke(lines));
    let says = "The first 50 of 51 cards are shown here; the attached list, cards.csv, is complete.";
    assert!(letter.text.replace('\n', " ").contains(says), "{}", letter.text);
    assert!(seen(&letter.html).contains(says));
    assert_eq!(letter.text.matches("https://acme.domo.com").count(), 50);
    assert_eq!(letter.html.matches("https://acme.domo.com").count(), 50);
    assert!(letter.text.contains("… and 1 more in the attached list\n"), "{}", letter.text);
    assert_eq!(records(&letter.csv.unwrap()).len(), 51);
}

#[test]
fn every_group_is_told_with_its_count_though_its_cards_are_not_shown() {
    let mut lines = cards(1..=60, "large");
    lines.extend(cards(61..=63, "small"));
    let letter = letter(&broke(lines));
    assert!(letter.text.contains("Trouble 1: 60 cards on 1 page, owned by 1 person\n  large\n"), "{}", letter.text);
    let small = "Trouble 2: 3 cards on 1 page, owned by 1 person\n  small\n  incident 2, misconfigured card, since \
                 14:05\n  https://cardwatch.example.com/?incident=2\n  … in the attached list\n";
    assert!(letter.text.contains(small), "{}", letter.text);
    let small = "small incident 2 , misconfigured card, since 14:05 … in the attached list";
    assert!(seen(&letter.html).contains(small), "{}", seen(&letter.html));
}

#[test]
fn a_thousand_different_reasons_do_not_make_an_endless_mail() {
    let lines = (1..=1_000).map(|id| card(id, "x", &format!("reason {id} {}", "y".repeat(400)))).collect();
    let letter = letter(&broke(lines));
    let left_out = "And 750 more causes, 750 cards: they are in the attached list.";
    assert!(letter.text.contains(left_out), "{}", letter.text);
    assert!(seen(&letter.html).contains(left_out));
    assert!(letter.html.len() < 400_000, "{}", letter.html.len());
    assert_eq!(records(&letter.csv.unwrap()).len(), 1_000);
}

#[test]
fn an_attached_list_that_no_server_would_take_shortens_its_reasons() {
    let lines = (1..=1_000).map(|id| card(id, "x", &format!("{id} {}", "y".repeat(7_000)))).collect();
    let csv = letter(&broke(lines)).csv.unwrap();
    assert!(csv.len() < 1_000_000, "{}", csv.len());
    assert_eq!(records(&csv).len(), 1_000);
}

#[test]
fn the_list_has_a_row_for_each_card_with_what_when_and_why() {
    let mut report = broke(cards(1..=50, "a, \"b\""));
    let mut orders = card(51, "Orders map", "gone");
    orders.pages.push(page("Board, pack"));
    report.recovered = vec![orders];
    let csv = letter(&report).csv.unwrap();
    assert!(csv.starts_with("what,card_id,title,pages,owners,reason_class,reason,since,url,incident\r\n"), "{csv}");
    let rows = records(&csv);
    assert_eq!(
        rows[0],
        [
            "broke",
            "1",
            "Card 1",
            "Sales overview",
            "Sales BI",
            "Misconfigured card",
            "a, \"b\"",
            "2026-11-24T13:05:40Z",
            "https://acme.domo.com/kpis/details/1",
            "1"
        ]
    );
    assert_eq!(rows[50][0], "recovered");
    assert_eq!(rows[50][3], "Sales overview; Board, pack");
}

#[test]
fn no_cell_of_the_list_is_a_formula() {
    let mut report = broke(cards(1..=60, "x"));
    for (line, start) in report.broke[0].cards.iter_mut().zip(["=", "+", "-", "@", "\t=", "\r=", "\0=", "\u{202e}="]) {
        line.title = format!("{start}HYPERLINK(\"http://x\")");
        line.owners = vec![line.title.clone()];
        line.pages = vec![page(&line.title)];
    }
    let csv = letter(&report).csv.unwrap();
    for cell in records(&csv).iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    assert!(csv.contains("'=HYPERLINK"));
}
