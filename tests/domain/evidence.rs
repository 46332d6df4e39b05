//! What was found out about a dataset is held against what was found before, and explains an incident only where it
//! can have been its cause.

use std::collections::BTreeSet;

use cardwatch::domain::dataset::{Evidence, Run, RunOutcome, SchemaChange};
use cardwatch::domain::findings::Findings;

use crate::nouns::at;

/// What a look at a minute found: the columns had changed since an earlier look.
fn look(minute: i64, change_after: i64) -> Evidence {
    Evidence {
        schema_change: Some(SchemaChange {
            after: at(change_after),
            before: at(minute),
            lost: BTreeSet::from(["region".to_owned()]),
            gained: BTreeSet::new(),
        }),
        ..Evidence::nothing(at(minute))
    }
}

#[test]
fn what_was_found_out_before_an_incident_opened_explains_an_earlier_one() {
    assert_eq!(look(10, 5).explaining(at(11)), None);
    assert_eq!(look(10, 5).explaining(at(10)), Some(look(10, 5)));
}

#[test]
fn columns_that_changed_after_an_incident_opened_are_not_its_cause() {
    let late = Evidence { schema_change: None, ..look(20, 10) };
    assert_eq!(look(20, 10).explaining(at(10)), Some(late.clone()), "the earlier look came as it opened");
    assert_eq!(look(20, 10).explaining(at(9)), Some(late));
    assert_eq!(look(20, 10).explaining(at(11)), Some(look(20, 10)), "it may have opened upon the change");
}

#[test]
fn how_the_dataset_fares_now_is_told_whenever_that_came_about() {
    let run = Run { at: Some(at(20)), outcome: RunOutcome::Succeeded };
    let evidence = Evidence { last_run: Some(run), ..look(20, 10) };
    let written = |opened_at| {
        let findings = Findings::of(None, Some(&evidence), at(opened_at)).unwrap();
        findings.written(|time| format!("{}", (time - at(0)).num_minutes()))
    };
    assert_eq!(written(9), "last run succeeded 20");
    assert_eq!(written(15), "lost column region between 10 and 20; last run succeeded 20");
}

/// What a look at a minute found of the columns; `None` where Domo did not tell them.
fn seen(minute: i64, columns: Option<&[&str]>) -> Evidence {
    let columns = columns.map(|columns| columns.iter().map(|column| (*column).to_owned()).collect());
    Evidence { columns, schema_change: None, ..look(minute, 0) }
}

#[test]
fn columns_that_came_and_went_between_two_looks_are_a_change_between_them() {
    let earlier = seen(10, Some(&["country", "region"]));
    let now = seen(20, Some(&["area", "country"])).compared_with(Some(&earlier));
    let (lost, gained) = (BTreeSet::from(["region".to_owned()]), BTreeSet::from(["area".to_owned()]));
    assert_eq!(now.schema_change, Some(SchemaChange { after: at(10), before: at(20), lost, gained }));
}

#[test]
fn while_the_columns_stay_the_same_an_older_change_is_kept() {
    let earlier = Evidence { schema_change: look(10, 5).schema_change, ..seen(10, Some(&["country"])) };
    let now = seen(20, Some(&["country"])).compared_with(Some(&earlier));
    assert_eq!(now, Evidence { schema_change: earlier.schema_change, ..seen(20, Some(&["country"])) });
}

#[test]
fn columns_that_a_look_did_not_tell_are_compared_by_the_next_that_does() {
    let earlier = seen(10, Some(&["country", "region"]));
    let silent = seen(20, None).compared_with(Some(&earlier));
    assert_eq!(silent, seen(20, Some(&["country", "region"])));
    let change = seen(30, Some(&["country"])).compared_with(Some(&silent)).schema_change.unwrap();
    assert_eq!(change.lost, BTreeSet::from(["region".to_owned()]));
}

#[test]
fn the_first_look_at_a_dataset_sees_no_change() {
    let first = seen(10, Some(&["country"]));
    assert_eq!(first.clone().compared_with(None), first);
    assert_eq!(first.clone().compared_with(Some(&seen(5, None))), first);
}
