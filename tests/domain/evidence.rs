//! What was found out about a dataset explains an incident only where it can have been its cause.

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
