//! How what is known of a dataset reads.

use std::collections::BTreeSet;

use cardwatch::domain::Timestamp;
use cardwatch::domain::dataset::{Dataset, Evidence, Run, RunOutcome, SchemaChange};
use cardwatch::domain::findings::{Findings, Piece};

use crate::nouns::at;

/// Asked ten minutes after the incident opened at zero, and nothing was told.
fn silent() -> Evidence {
    Evidence::nothing(at(10))
}

fn ran(outcome: RunOutcome) -> Evidence {
    Evidence { last_run: Some(Run { at: Some(at(-2)), outcome }), ..silent() }
}

fn change(lost: &[&str], gained: &[&str]) -> SchemaChange {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    SchemaChange { after: at(-60), before: at(10), lost: named(lost), gained: named(gained) }
}

fn changed(lost: &[&str], gained: &[&str]) -> Evidence {
    Evidence { schema_change: Some(change(lost, gained)), ..silent() }
}

fn listed(state: Option<&str>, updated_at: Option<Timestamp>) -> Dataset {
    Dataset { name: "Orders".to_owned(), state: state.map(str::to_owned), updated_at }
}

fn minute(at: Timestamp) -> String {
    at.format("%H:%M").to_string()
}

fn said(listed: Option<&Dataset>, evidence: Option<&Evidence>) -> Option<String> {
    Findings::of(listed, evidence, at(0)).map(|findings| findings.written(minute))
}

fn found(evidence: &Evidence) -> String {
    said(None, Some(evidence)).unwrap()
}

#[test]
fn a_run_tells_how_and_when_it_ended_and_what_was_said() {
    let failed = |said: &str| found(&ran(RunOutcome::Failed(said.to_owned())));
    assert_eq!(failed("connection refused"), "last run failed 06:58: connection refused");
    assert_eq!(failed(" "), "last run failed 06:58");
    assert_eq!(found(&ran(RunOutcome::Succeeded)), "last run succeeded 06:58");
    assert_eq!(found(&ran(RunOutcome::Other("ACTIVE".to_owned()))), "last run 06:58: ACTIVE");
}

#[test]
fn a_run_without_a_time_is_told_without_one() {
    let run = Run { at: None, outcome: RunOutcome::Failed("full".to_owned()) };
    assert_eq!(found(&Evidence { last_run: Some(run), ..silent() }), "last run failed: full");
}

#[test]
fn columns_that_came_and_went_are_named_with_the_looks_between_which_they_did() {
    assert_eq!(found(&changed(&["region"], &[])), "lost column region between 06:00 and 07:10");
    assert_eq!(found(&changed(&["a", "b"], &["c"])), "lost columns a, b and gained column c between 06:00 and 07:10");
    let many = changed(&["a", "b", "c", "d", "e", "f", "g"], &[]);
    assert_eq!(found(&many), "lost columns a, b, c, d, e and 2 more between 06:00 and 07:10");
}

#[test]
fn a_change_without_a_column_says_nothing() {
    assert_eq!(said(None, Some(&changed(&[], &[]))), None);
}

#[test]
fn a_dataset_that_is_gone_has_nothing_else_to_say() {
    let gone = Evidence { gone: true, ..ran(RunOutcome::Failed("full".to_owned())) };
    assert_eq!(found(&gone), "gone, or not shown to the service user");
}

#[test]
fn what_likely_broke_the_cards_comes_first() {
    let both = |outcome| Evidence { schema_change: Some(change(&["region"], &[])), ..ran(outcome) };
    let lost = "lost column region between 06:00 and 07:10";
    assert_eq!(found(&both(RunOutcome::Succeeded)), format!("{lost}; last run succeeded 06:58"));
    assert_eq!(found(&both(RunOutcome::Failed(String::new()))), format!("last run failed 06:58; {lost}"));
}

#[test]
fn without_a_run_or_a_change_it_is_told_what_the_latest_list_said() {
    let evidence = Evidence { state: Some("ERROR".to_owned()), updated_at: Some(at(-90)), ..silent() };
    let told = |listed: Dataset| said(Some(&listed), Some(&evidence)).unwrap();
    assert_eq!(told(listed(Some("SUCCESS"), Some(at(30)))), "state SUCCESS, updated 07:30");
    assert_eq!(told(listed(None, None)), "state ERROR, updated 05:30");
    assert_eq!(said(Some(&listed(Some("SUCCESS"), None)), None).unwrap(), "state SUCCESS");
    assert_eq!(said(Some(&listed(None, Some(at(30)))), None).unwrap(), "updated 07:30");
}

#[test]
fn what_was_found_before_the_incident_explains_another_one() {
    let mut earlier = ran(RunOutcome::Failed("full".to_owned()));
    earlier.looked_at = at(-1);
    assert_eq!(said(None, Some(&earlier)), None);
    earlier.looked_at = at(0);
    assert_eq!(said(None, Some(&earlier)).unwrap(), "last run failed 06:58: full");
}

#[test]
fn nothing_known_is_nothing_said() {
    assert_eq!(said(None, None), None);
    assert_eq!(said(Some(&listed(Some("\u{200b}"), None)), Some(&silent())), None);
}

#[test]
fn what_others_wrote_is_printable_and_short() {
    let long = format!("no\nway\u{1b}[31m{}", "x".repeat(5_000));
    let told = [
        found(&ran(RunOutcome::Failed(long.clone()))),
        found(&ran(RunOutcome::Other(long.clone()))),
        found(&changed(&[&long], &[&long])),
        said(Some(&listed(Some(&long), None)), None).unwrap(),
    ];
    for told in told {
        assert!(told.chars().count() < 300 && !told.chars().any(char::is_control), "{told}");
    }
}

#[test]
fn instants_are_left_to_the_reader() {
    let findings = Findings::of(None, Some(&ran(RunOutcome::Succeeded)), at(0)).unwrap();
    assert!(findings.pieces().contains(&Piece::At(at(-2))));
}
