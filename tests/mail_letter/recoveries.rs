//! Letters about cards that work again: what was wrong is said once, and which incidents are over.

use cardwatch::domain::ids::IncidentId;
use cardwatch::domain::report::{LeftIncident, Report};

use crate::paper::{cards, letter, reason, records, recovered, seen, told_in_both};

fn left(id: i64, title: &str, is_over: bool) -> LeftIncident {
    LeftIncident { id: IncidentId(id), title: title.to_owned(), is_over }
}

#[test]
fn a_recovery_says_which_incidents_are_over() {
    let mut lines = cards(1..=2, "No indexed schema found");
    lines[0].incident = Some(IncidentId(12));
    let over = |id| left(id, "Dataset Orders is gone", true);
    let report = Report { left: vec![over(12)], ..recovered(lines) };
    let letter = letter(&report);
    told_in_both(&letter, &["Incident 12 (Dataset Orders is gone) is over."]);
    told_in_both(&letter, &["was: Misconfigured card: No indexed schema found (incident 12)"]);
    assert_eq!(letter.text.matches("(incident").count(), 1, "{}", letter.text);
    assert!(!letter.text.contains("cardwatch mute"), "{}", letter.text);
    let many = Report { left: (1..=7).map(over).collect(), ..report };
    told_in_both(
        &crate::paper::letter(&many),
        &["Incident 5 (Dataset Orders is gone) is over.", "2 more incidents are over."],
    );
}

/// Four cards that recovered: three of one incident, which the second of them puts differently, and one of another.
fn recovery() -> Report {
    let mut lines = cards(1..=4, "Invalid column(s) referenced: region_name");
    for (line, incident) in lines.iter_mut().zip([12, 9, 12, 12]) {
        line.incident = Some(IncidentId(incident));
    }
    lines[2].reason = Some(reason("Invalid column(s) referenced: REGION_NAME"));
    let left =
        vec![left(9, "Column region_name is missing", true), left(12, "Dataset Orders lost column region_name", false)];
    Report { left, ..recovered(lines) }
}

#[test]
fn cards_that_recovered_from_one_incident_say_once_what_it_was() {
    let expected = "\
4 cards recovered at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
None of 942 cards is broken now.
Incident 9 (Column region_name is missing) is over.

Dataset Orders lost column region_name: 3 cards work again
  was: Invalid column(s) referenced: region_name
  incident 12, misconfigured card

  - Card 1
    Sales overview; owner Sales BI; works again since 14:05
    https://acme.domo.com/kpis/details/1
  - Card 3
    Sales overview; owner Sales BI; works again since 14:05
    was: Misconfigured card: Invalid column(s) referenced: REGION_NAME
    (incident 12)
    https://acme.domo.com/kpis/details/3
  - Card 4
    Sales overview; owner Sales BI; works again since 14:05
    https://acme.domo.com/kpis/details/4

  - Card 2
    Sales overview; owner Sales BI; works again since 14:05
    was: Misconfigured card: Invalid column(s) referenced: region_name
    (incident 9)
    https://acme.domo.com/kpis/details/2

Status page: https://cardwatch.example.com/
";
    let letter = letter(&recovery());
    assert_eq!(letter.text, expected);
    told_in_both(
        &letter,
        &[
            "Dataset Orders lost column region_name: 3 cards work again",
            "was: Invalid column(s) referenced: region_name",
            "incident 12, misconfigured card",
            "was: Misconfigured card: Invalid column(s) referenced: REGION_NAME (incident 12)",
            "was: Misconfigured card: Invalid column(s) referenced: region_name (incident 9)",
        ],
    );
    assert!(seen(&letter.html).starts_with("4 cards recovered. "), "{}", seen(&letter.html));
    assert!(!letter.html.contains("class=\"bar\""), "nothing is wrong with them any more");
}

#[test]
fn a_great_recovery_shows_the_first_cards_and_lists_all_in_the_order_of_the_mail() {
    let mut lines = cards(1..=200, "x");
    for (line, incident) in lines.iter_mut().zip((0..100).cycle()) {
        line.incident = Some(IncidentId(incident));
    }
    let left = (0..100).map(|id| left(id, "Trouble", true)).collect();
    let letter = letter(&Report { left, ..recovered(lines) });
    assert_eq!(letter.text.matches("2 cards work again").count(), 25);
    assert!(letter.text.contains("\n  … and 150 more in the attached list\n"), "{}", letter.text);
    let listed: Vec<String> = records(&letter.csv.unwrap()).into_iter().map(|row| row[1].clone()).collect();
    assert_eq!((listed.len(), &listed[..4]), (200, &["1", "101", "2", "102"].map(str::to_owned)[..]));
}
