//! What an answer about a dataset says is taken in whatever form, and what is of another shape counts as missing.

use cardwatch::domain::dataset::{Run, RunOutcome};
use serde_json::{Value, json};

use crate::canned::{self, Canned, Seen};
use crate::desk::{Desk, instance_at, token};
use crate::evidence::{NOON, at, columns, desk, evidence_of, failed, run};

/// A server that knows this dataset, and answers with what is given for a part of a path.
async fn server(answers: Vec<(&'static str, Value)>) -> Desk {
    let answer = move |seen: &Seen, _: usize| {
        let found = answers.iter().find(|(part, _)| seen.path.ends_with(part));
        match found {
            Some((_, body)) => canned::json(200, body),
            None if seen.path.ends_with("/me") => canned::json(200, &json!({"id": 1})),
            None => canned::json(404, &json!({"status": 404})),
        }
    };
    desk(&instance_at(&Canned::serve(answer).await.url, token("t")))
}

/// What is learnt of a dataset of stream 7 whose runs are listed so.
async fn with_runs(runs: Value) -> Option<Run> {
    let desk = server(vec![("datasources/d", json!({"streamId": 7})), ("streams/7/executions", runs)]).await;
    evidence_of(&desk, "d").await.ok().and_then(|evidence| evidence.last_run)
}

#[tokio::test]
async fn a_long_list_of_runs_is_read_as_a_short_one_is() {
    let padding = "x".repeat(2_000);
    let runs: Vec<Value> = (0..90)
        .map(|n| json!({"executionId": n, "startedAt": NOON + n, "endedAt": NOON + n, "currentState": "SUCCESS", "notes": padding}))
        .collect();
    assert_eq!(with_runs(Value::from(runs)).await, Some(run(NOON + 89, RunOutcome::Succeeded)));
}

#[tokio::test]
async fn ids_and_times_are_taken_in_whatever_form() {
    let noon = at(NOON);
    for time in
        [json!(NOON), json!(1_734_458_216), json!(1_734_458_216.0), json!("1734458216"), json!(noon.to_rfc3339())]
    {
        let dataset = json!({"state": "SUCCESS", "lastUpdated": time, "streamId": "7"});
        let stream = json!({"lastExecution": {"endedAt": time, "currentState": "success"}});
        let desk = server(vec![("datasources/d", dataset), ("streams/7", stream)]).await;
        let evidence = evidence_of(&desk, "d").await.unwrap();
        assert_eq!(
            (evidence.updated_at, evidence.last_run),
            (Some(noon), Some(run(NOON, RunOutcome::Succeeded))),
            "{time}"
        );
    }
}

#[tokio::test]
async fn what_is_no_time_counts_as_none() {
    let odd = [json!(null), json!(0), json!(-1), json!(i64::MAX), json!(u64::MAX), json!(1e300), json!(-2.5)];
    let texts =
        [json!("yesterday"), json!("NaN"), json!(""), json!("9999999999999999"), json!([1]), json!({}), json!(true)];
    for time in odd.into_iter().chain(texts) {
        let desk = server(vec![("datasources/d", json!({"state": "SUCCESS", "lastUpdated": time}))]).await;
        assert_eq!(evidence_of(&desk, "d").await.unwrap().updated_at, None, "{time}");
    }
}

#[tokio::test]
async fn a_state_may_stand_in_either_field() {
    for (dataset, state) in [
        (json!({"status": "ERROR"}), "ERROR"),
        (json!({"status": "ERROR", "state": "SUCCESS"}), "SUCCESS"),
        (json!({"status": "ERROR", "state": null}), "ERROR"),
    ] {
        let desk = server(vec![("datasources/d", dataset)]).await;
        assert_eq!(evidence_of(&desk, "d").await.unwrap().state.as_deref(), Some(state));
    }
}

#[tokio::test]
async fn the_errors_of_a_run_are_joined_and_bounded() {
    let runs = |errors: Value| json!([{"currentState": "ERROR", "endedAt": NOON, "errors": errors}]);
    let cases = [
        (json!([{"message": "First"}, {"message": " Second "}, {"message": "First"}]), "First; Second"),
        (json!([{"code": "DA0057", "message": null}, "text", null, {}, {"code": 12}]), "DA0057; 12"),
        (json!([]), ""),
        (json!(null), ""),
        (json!("broken"), ""),
    ];
    for (errors, message) in cases {
        assert_eq!(with_runs(runs(errors.clone())).await, Some(failed(NOON, message)), "{errors}");
    }
    let long = vec![json!({"message": "ä".repeat(900)}), json!({"message": "ö".repeat(900)})];
    let Some(Run { outcome: RunOutcome::Failed(message), .. }) = with_runs(runs(json!(long))).await else { panic!() };
    assert_eq!(message.chars().count(), 1_000);
}

#[tokio::test]
async fn runs_of_an_odd_shape_are_passed_over() {
    let runs = json!([null, 3, "x", [], {"executionId": "2", "currentState": "ERROR", "startedAt": "1734458216"},
        {"executionId": 1, "currentState": "SUCCESS", "startedAt": 1_734_458_216}]);
    assert_eq!(with_runs(runs).await, Some(failed(NOON, "")));
    for runs in [json!({"executions": []}), json!([]), json!([{}]), json!([{"currentState": 3}])] {
        assert_eq!(with_runs(runs.clone()).await, None, "{runs}");
    }
}

#[tokio::test]
async fn columns_are_those_of_all_tables_and_never_none_at_all() {
    let named = json!({"tables": [{"columns": [{"name": "a"}, {"name": "b", "id": "B"}]}, {"columns": [{"id": "c"}]}]});
    let odd = json!({"tables": [null, {"columns": null}, {"columns": [{"name": 3}, "x", {"name": "a"}]}]});
    let cases = [
        (named, Some(columns(&["a", "b", "c"]))),
        (odd, Some(columns(&["a"]))),
        (json!({"tables": []}), None),
        (json!({"tables": [{"columns": []}]}), None),
        (json!({"tables": "none"}), None),
    ];
    for (schema, expected) in cases {
        let desk = server(vec![("datasources/d", json!({"state": "OK"})), ("schema/indexed", schema.clone())]).await;
        assert_eq!(evidence_of(&desk, "d").await.unwrap().columns, expected, "{schema}");
    }
}

#[tokio::test]
async fn a_secret_in_what_a_run_says_is_cut_out() {
    let secret = "x9dQ-session-or-token";
    let run = json!({"currentState": "ERROR", "errors": [{"message": format!("no access for {secret}")}]});
    let dataset = json!({"state": secret, "streamId": 7});
    for (path, body) in [("streams/7", json!({"lastExecution": run})), ("streams/7/executions", json!([run]))] {
        let answers = [("/me", json!({})), ("datasources/d", dataset.clone()), (path, body)];
        let answer = move |seen: &Seen, _: usize| match answers.iter().find(|(part, _)| seen.path.ends_with(part)) {
            Some((_, body)) => canned::json(200, body),
            None => canned::json(404, &json!({})),
        };
        let desk = desk(&instance_at(&Canned::serve(answer).await.url, token(secret)));
        let evidence = evidence_of(&desk, "d").await.unwrap();
        assert_eq!(evidence.state.as_deref(), Some("[secret]"));
        assert_eq!(
            evidence.last_run,
            Some(Run { at: None, outcome: RunOutcome::Failed("no access for [secret]".to_owned()) })
        );
    }
}
