//! Letters that say what happened, why, and what Domo says of the datasets behind it.

use cardwatch::domain::Timestamp;
use cardwatch::domain::dataset::{Evidence, Run, RunOutcome, SchemaChange};
use cardwatch::domain::maintenance::Span;
use cardwatch::domain::report::{CardLine, Group, IncidentLine, OwnerCount, Report};
use cardwatch::domain::verdict::{Class, Reason};
use cardwatch::mail::message::{Envelope, compose};
use url::Url;

use crate::paper::{at, broke, card, cards, grouped, incident, letter, page, records, report, seen, told_in_both};

/// Domo was asked, and said nothing.
fn silence() -> Evidence {
    Evidence::nothing(at("2026-11-24T13:06:00Z"))
}

fn ran(outcome: RunOutcome) -> Evidence {
    Evidence { last_run: Some(Run { at: Some(at("2026-11-24T12:58:12Z")), outcome }), ..silence() }
}

fn changed(lost: &[&str], gained: &[&str]) -> Evidence {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let change = SchemaChange {
        after: at("2026-11-24T12:50:00Z"),
        before: at("2026-11-24T13:06:00Z"),
        lost: names(lost),
        gained: names(gained),
    };
    Evidence { schema_change: Some(change), ..silence() }
}

fn upstream(name: &str, evidence: Evidence) -> Vec<(String, Evidence)> {
    vec![(name.to_owned(), evidence)]
}

/// Four cards that lost a column of Orders.
fn lost_column(evidence: Evidence) -> Group {
    let why = "Invalid column(s) referenced: region_name";
    let mut region = card(101_681_077, "Revenue by region", why);
    region.pages.push(page("Board pack"));
    let mut margin = card(101_681_079, "Regional margin", why);
    margin.owners.clear();
    margin.pages[0].owners = vec!["Jo Doe".to_owned()];
    let cards =
        vec![region, card(101_681_078, "Top regions, last 30 days", why), margin, card(101_681_080, "Map", why)];
    let incident = IncidentLine {
        pages: Some(4),
        owners: Some(OwnerCount { people: 1, groups: 1 }),
        upstream: upstream("Orders (Snowflake)", evidence),
        ..incident(12, "Dataset Orders (Snowflake) lost column region_name", &cards)
    };
    Group { incident, cards }
}

/// Two cards of Web sessions that do not answer in time, of five that do not.
fn too_slow() -> Group {
    let why = Reason { class: Class::QueryTimeout, text: "no answer within 90 s, 3 times".to_owned() };
    let slow = |id, title| CardLine {
        reason: Some(why.clone()),
        usual: Some(std::time::Duration::from_millis(2_130)),
        ..card(id, title, "")
    };
    let cards = vec![slow(101_681_090, "Sessions by campaign"), slow(101_681_091, "Bounce rate, hourly")];
    let opened_at = at("2026-11-22T08:12:00Z");
    let incident = IncidentLine { cards: 5, opened_at, ..incident(9, "Dataset Web sessions is too slow", &cards) };
    Group { incident, cards }
}

/// The sentences about the datasets of an incident.
fn evidence(upstream: Vec<(String, Evidence)>) -> Vec<String> {
    let mut group = lost_column(silence());
    group.incident.upstream = upstream;
    let letter = letter(&Report { broke: vec![group], ..report() });
    let (_, after_reason) = letter.text.split_once("  Invalid column(s) referenced: region_name\n").unwrap();
    let (lines, _) = after_reason.split_once("  incident 12").unwrap();
    let lines = lines.replace("\n    ", " ");
    lines.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn an_incident_with_evidence_reads_like_this() {
    let failed = RunOutcome::Failed("Connection refused: snowflake.example.com:443".to_owned());
    let evidence = Evidence { schema_change: changed(&["region_name"], &[]).schema_change, ..ran(failed) };
    let letter = letter(&Report { broke: vec![lost_column(evidence)], ..report() });
    let expected = "\
4 cards broke at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
7 of 942 cards are broken now; 2 could not be checked.

Dataset Orders (Snowflake) lost column region_name: 4 cards on 4 pages,
owned by 1 person and 1 group
  Invalid column(s) referenced: region_name
  Dataset Orders (Snowflake): last run failed 13:58: Connection refused:
    snowflake.example.com:443; lost column region_name between 13:50 and
    14:06
  incident 12, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=12

  - Revenue by region
    Sales overview, Board pack; owner Sales BI; broken since 14:05
    https://acme.domo.com/kpis/details/101681077
  - Top regions, last 30 days
    Sales overview; owner Sales BI; broken since 14:05
    https://acme.domo.com/kpis/details/101681078
  - Regional margin
    Sales overview; page owner Jo Doe; broken since 14:05
    https://acme.domo.com/kpis/details/101681079
  - Map
    Sales overview; owner Sales BI; broken since 14:05
    https://acme.domo.com/kpis/details/101681080

Each was rendered again 30 s later before this was sent.
All 7 broken cards: https://cardwatch.example.com/
To mute one: cardwatch mute 101681077 --for 3d --reason \"…\"
";
    assert_eq!(letter.text, expected);
}

#[test]
fn several_incidents_read_like_this() {
    let gone = Evidence { gone: true, ..silence() };
    let mut lost = lost_column(gone);
    lost.cards.truncate(1);
    let letter = letter(&Report { broke: vec![too_slow(), lost], ..report() });
    let expected = "\
3 cards broke at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
7 of 942 cards are broken now; 2 could not be checked.

Dataset Web sessions is too slow: 2 of its 5 cards
  no answer within 90 s, 3 times
  incident 9, query timeout, since 22 November, 09:12
  https://cardwatch.example.com/?incident=9

  - Sessions by campaign
    Sales overview; owner Sales BI; broken since 14:05; usually 2.1 s
    https://acme.domo.com/kpis/details/101681090
  - Bounce rate, hourly
    Sales overview; owner Sales BI; broken since 14:05; usually 2.1 s
    https://acme.domo.com/kpis/details/101681091

Dataset Orders (Snowflake) lost column region_name: 1 of its 4 cards
  Invalid column(s) referenced: region_name
  Dataset Orders (Snowflake): gone, or not shown to the service user
  incident 12, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=12

  - Revenue by region
    Sales overview, Board pack; owner Sales BI; broken since 14:05
    https://acme.domo.com/kpis/details/101681077

Each was rendered again 30 s later before this was sent.
All 7 broken cards: https://cardwatch.example.com/
To mute one: cardwatch mute 101681090 --for 3d --reason \"…\"
";
    assert_eq!(letter.text, expected);
}

#[test]
fn both_parts_state_the_same_facts_of_an_incident() {
    let evidence = Evidence { schema_change: changed(&["a"], &["b"]).schema_change, ..ran(RunOutcome::Succeeded) };
    let report = Report { broke: vec![too_slow(), lost_column(evidence)], ..report() };
    told_in_both(
        &letter(&report),
        &[
            "Dataset Web sessions is too slow: 2 of its 5 cards",
            "incident 9, query timeout, since 22 November, 09:12",
            "usually 2.1 s",
            "Dataset Orders (Snowflake) lost column region_name: 4 cards on 4 pages, owned by 1 person and 1 group",
            "Invalid column(s) referenced: region_name",
            "Dataset Orders (Snowflake): lost column a and gained column b between 13:50 and 14:06; last run succeeded \
             13:58",
            "incident 12, misconfigured card, since 14:05",
            "page owner Jo Doe",
            "To mute one: cardwatch mute 101681090 --for 3d --reason \"…\"",
        ],
    );
}

#[test]
fn the_preview_says_what_happened() {
    let letter = letter(&Report { broke: vec![too_slow(), lost_column(silence())], ..report() });
    let says = "Dataset Web sessions is too slow: 2 of its 5 cards. Dataset Orders (Snowflake) lost column region_name: \
                4 cards on 4 pages, owned by 1 person and 1 group.";
    assert!(seen(&letter.html).starts_with(says), "{}", seen(&letter.html));
}

/// Names what is known of a dataset, and what the letter says of it.
macro_rules! evidences {
    ($($name:ident: $evidence:expr => $said:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(evidence(upstream("Orders", $evidence)), [format!("Dataset Orders: {}", $said)]);
        })*
    };
}

evidences! {
    a_run_that_failed: ran(RunOutcome::Failed("disk full".to_owned())) => "last run failed 13:58: disk full";
    a_run_that_failed_without_a_word: ran(RunOutcome::Failed(" \n".to_owned())) => "last run failed 13:58";
    a_run_that_succeeded: ran(RunOutcome::Succeeded) => "last run succeeded 13:58";
    a_run_that_is_something_else: ran(RunOutcome::Other("ACTIVE".to_owned())) => "last run 13:58: ACTIVE";
    a_run_of_nobody_knows_when:
        Evidence { last_run: Some(Run { at: None, outcome: RunOutcome::Succeeded }), ..silence() } => "last run succeeded";
    no_run_but_an_update:
        Evidence { updated_at: Some(at("2026-11-23T12:00:00Z")), ..silence() } => "updated 23 November, 13:00";
    no_run_but_a_state: Evidence { state: Some("ERROR".to_owned()), ..silence() } => "state ERROR";
    no_run_but_both: Evidence { state: Some("ERROR".to_owned()), updated_at: Some(at("2026-11-24T12:00:00Z")), ..silence() }
        => "state ERROR, updated 13:00";
    a_dataset_that_is_gone: Evidence { gone: true, ..ran(RunOutcome::Succeeded) }
        => "gone, or not shown to the service user";
    columns_that_came_and_went: changed(&["a", "b"], &["c"])
        => "lost columns a, b and gained column c between 13:50 and 14:06";
    many_columns_are_a_number: changed(&["a", "b", "c", "d", "e", "f", "g"], &[])
        => "lost columns a, b, c, d, e and 2 more between 13:50 and 14:06";
}

#[test]
fn a_change_between_two_looks_within_one_minute_happened_at_that_minute() {
    let between = |after: &str, before: &str| {
        let Evidence { schema_change: Some(change), .. } = changed(&["a"], &[]) else { panic!("no change") };
        let change = SchemaChange { after: at(after), before: at(before), ..change };
        evidence(upstream("Orders", Evidence { schema_change: Some(change), ..silence() })).remove(0)
    };
    assert_eq!(between("2026-11-24T13:04:00Z", "2026-11-24T13:04:59Z"), "Dataset Orders: lost column a at 14:04");
    assert_eq!(
        between("2026-11-24T13:04:59Z", "2026-11-24T13:05:00Z"),
        "Dataset Orders: lost column a between 14:04 and 14:05"
    );
    assert_eq!(
        between("2026-11-23T13:04:00Z", "2026-11-24T13:04:00Z"),
        "Dataset Orders: lost column a between 23 November, 14:04 and 14:04"
    );
}

#[test]
fn of_a_dataset_of_which_nothing_is_known_nothing_is_said() {
    assert!(evidence(upstream("Orders", silence())).is_empty());
    assert!(evidence(Vec::new()).is_empty());
}

#[test]
fn of_many_datasets_the_first_are_spoken_of() {
    let all = (1..=9).map(|n| (format!("Orders {n}"), ran(RunOutcome::Succeeded))).collect();
    let said = evidence(all);
    assert_eq!(said.len(), 4);
    assert_eq!(said[2..], ["Dataset Orders 3: last run succeeded 13:58", "and 6 more datasets"]);
}

#[test]
fn names_and_messages_of_datasets_are_foreign_text() {
    let hostile = "x\r\nBcc: all@example.com\0\u{1b}[31m<script>alert(1)</script>\u{202e}";
    let mut group = lost_column(ran(RunOutcome::Failed(hostile.repeat(50))));
    group.incident.title = hostile.repeat(50);
    let change = changed(&[hostile], &[hostile]);
    group.incident.upstream.extend(upstream(&hostile.repeat(50), change));
    group.cards[2].pages[0].owners = vec![hostile.to_owned()];
    let letter = letter(&Report { broke: vec![group], ..report() });
    for part in [&letter.text, &letter.html] {
        assert!(!part.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{part}");
        assert!(!part.contains("\nBcc"), "{part}");
    }
    assert!(!letter.html.contains("<script"), "{}", letter.html);
    assert!(letter.text.len() < 3_500, "{}", letter.text.len());
}

#[test]
fn a_card_whose_reason_is_put_differently_says_so_itself() {
    let mut group = lost_column(silence());
    group.cards[3].reason.as_mut().unwrap().text = "Invalid column(s) referenced: country".to_owned();
    let letter = letter(&Report { broke: vec![group], ..report() });
    told_in_both(&letter, &["Misconfigured card: Invalid column(s) referenced: country"]);
    assert_eq!(letter.text.matches("Misconfigured card: ").count(), 1, "{}", letter.text);
}

#[test]
fn the_extent_says_no_more_than_is_known() {
    let extent = |pages, owners| {
        let mut group = lost_column(silence());
        (group.incident.pages, group.incident.owners) = (pages, owners);
        let text = letter(&Report { broke: vec![group], ..report() }).text.replace('\n', " ");
        text.split_once("region_name: ").unwrap().1.split_once("   Invalid").unwrap().0.to_owned()
    };
    let owners = |people, groups| Some(OwnerCount { people, groups });
    assert_eq!(extent(None, None), "4 cards");
    assert_eq!(extent(Some(0), owners(0, 0)), "4 cards");
    assert_eq!(extent(Some(1), owners(2, 0)), "4 cards on 1 page, owned by 2 people");
    assert_eq!(extent(Some(2), owners(0, 2)), "4 cards on 2 pages, owned by 2 groups");
}

#[test]
fn a_thousand_incidents_with_evidence_do_not_make_an_endless_mail() {
    let failed = || ran(RunOutcome::Failed("&".repeat(900)));
    let lines = (1..=1_000).map(|id| card(id, "x", &format!("reason {id}"))).collect();
    let mut groups = grouped(lines);
    for group in &mut groups {
        group.incident.upstream = (1..=9).map(|n| (format!("{} {n}", "&".repeat(200)), failed())).collect();
    }
    let letter = letter(&Report { broke: groups, ..report() });
    assert_eq!(letter.text.matches("last run failed").count(), 75);
    assert!(letter.html.len() < 400_000, "{}", letter.html.len());
    assert_eq!(records(&letter.csv.unwrap()).len(), 1_000);
}

#[test]
fn after_maintenance_it_reads_like_this() {
    let span = |from: &str, until: &str| Span { from: at(from), until: at(until) };
    let after = Some(span("2026-11-23T21:00:00Z", "2026-11-24T03:00:00Z"));
    let mut line = card(1, "Orders map", "No indexed schema found");
    line.since = at("2026-11-23T23:30:00Z");
    let letter = letter(&Report { after_maintenance: after, ..broke(vec![line]) });
    let expected = "\
1 card broke at acme
Sweep of 24 November, 14:05 (Europe/Amsterdam).
Mails waited for maintenance from 23 November, 22:00 to 04:00.
7 of 942 cards are broken now; 2 could not be checked.

Trouble 1: 1 card
  No indexed schema found
  incident 1, misconfigured card, since 00:30
  https://cardwatch.example.com/?incident=1

  - Orders map
    Sales overview; owner Sales BI; broken since 00:30
    https://acme.domo.com/kpis/details/1

It was rendered again 30 s later before this was sent.
All 7 broken cards: https://cardwatch.example.com/
To mute one: cardwatch mute 1 --for 3d --reason \"…\"
";
    assert_eq!(letter.text, expected);
    told_in_both(&letter, &["Mails waited for maintenance from 23 November, 22:00 to 04:00."]);
}

#[test]
fn the_list_names_the_incident_of_each_card_in_its_last_column() {
    let mut report = broke(cards(1..=50, "x"));
    report.recovered = cards(51..=51, "y");
    let rows = records(&letter(&report).csv.unwrap());
    assert_eq!((rows[0].last().unwrap().as_str(), rows[50].last().unwrap().as_str()), ("1", ""));
}

/// What is due has been so since long ago: no clock is asked while a letter is written.
#[test]
fn an_incident_that_lies_ahead_by_a_wrong_clock_is_no_trouble() {
    let ahead: Timestamp = at("2031-01-01T00:00:00Z");
    let mut group = lost_column(silence());
    group.incident.opened_at = ahead;
    let letter = letter(&Report { still_broken: vec![group], ..report() });
    assert!(letter.text.contains("since 1 January 2031, 01:00\n"), "{}", letter.text);
}

/// The HTML of a letter about incident 12, where the status page has this address.
fn html(link_base: &str) -> String {
    let base: Url = link_base.parse().unwrap();
    let report = Report { broke: vec![lost_column(silence())], ..report() };
    let envelope = Envelope { message_id: "1@x".to_owned(), references: Vec::new(), to: &[], link_base: Some(&base) };
    compose(&report, envelope).html
}

#[test]
fn an_incident_leads_to_its_own_page() {
    for (base, page) in [
        ("https://cardwatch.example.com", "https://cardwatch.example.com/?incident=12"),
        ("https://example.com/cardwatch/", "https://example.com/cardwatch/?incident=12"),
        ("https://example.com/?of=bi", "https://example.com/?of=bi&amp;incident=12"),
    ] {
        let html = html(base);
        let link = html.split("<a ").find(|link| link.contains(&format!("href=\"{page}\"")));
        let words = link.and_then(|link| link.split_once('>')?.1.split_once("</a>")).map(|(words, _)| words);
        assert_eq!(words, Some("incident 12"), "{html}");
    }
}
