//! What Domo knows beside cards and renders: datasets, their streams, runs and schemas, users, the count of beast
//! modes. Owns these answers; what happened to a dataset is [`crate::dataset`]'s.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer,
    dataset::{Run, RunOrder, RunTimes, Source},
    instance::default_owner,
    server::Incoming,
    state::World,
};

#[derive(Default, Deserialize)]
struct Batch {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

/// `GET /api/data/v3/datasources/{id}`.
pub(crate) fn dataset(request: &Incoming<'_>, id: &str) -> Response {
    let world = request.shared.world();
    let Some(source) = world.instance.datasets.get(id).filter(|source| !source.deleted) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let owner = default_owner();
    let mut value = json!({
        "id": id,
        "displayType": source.dataset.provider,
        "dataProviderType": source.dataset.provider,
        "type": source.dataset.provider,
        "name": source.dataset.name,
        "owner": {"id": owner.id.to_string(), "name": owner.name, "type": "USER", "group": false},
        "status": source.state,
        "lastTouched": source.last_updated,
        "lastUpdated": source.last_updated,
        "rowCount": 283_429,
        "columnCount": source.present().count(),
        "cardInfo": {"cardCount": world.instance.fed_by(id).len(), "cardViewCount": 0},
        "properties": {"formulas": {"formulas": {}}},
        "state": source.state,
        "validConfiguration": true,
        "validAccount": true,
        "hidden": false,
    });
    // A dataset that no connector fills has no stream at all.
    if let Some(stream) = source.stream {
        value["streamId"] = stream.into();
        value["transportType"] = "CONNECTOR".into();
    }
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/data/v1/streams/{id}`.
pub(crate) fn stream(request: &Incoming<'_>, id: i64) -> Response {
    let world = request.shared.world();
    let Some(source) = of_stream(&world, id) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let ended = |run: &&Run| run.ended.is_some();
    let last = source.runs.iter().rev().find(ended);
    let last_good = source.runs.iter().rev().filter(ended).find(|run| run.state == "SUCCESS");
    let current = source.runs.last().filter(|run| run.ended.is_none());
    let written = |run: Option<&Run>| run.map(|run| execution(id, run, world.run_times));
    let value = json!({
        "id": id,
        "valid": true,
        "updateMethod": "REPLACE",
        "dataSource": {"id": source.dataset.id, "name": source.dataset.name, "streamId": id},
        "lastExecution": written(last),
        "lastSuccessfulExecution": written(last_good),
        "currentExecution": written(current),
        "currentExecutionState": source.runs.last().map(|run| &run.state),
        "scheduleState": "ACTIVE",
        "configuration": [],
    });
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/data/v1/streams/{id}/executions`.
pub(crate) fn runs(request: &Incoming<'_>, id: i64) -> Response {
    let world = request.shared.world();
    let Some(source) = of_stream(&world, id) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let mut runs: Vec<&Run> = source.runs.iter().collect();
    if world.run_order == RunOrder::NewestFirst {
        runs.reverse();
    }
    let Batch { limit, offset } = request.query();
    let batch = runs.into_iter().skip(offset).take(limit.unwrap_or(50));
    let value: Vec<Value> = batch.map(|run| execution(id, run, world.run_times)).collect();
    answer::json(StatusCode::OK, &Value::Array(value))
}

/// `GET /api/query/v1/datasources/{id}/schema/indexed`.
pub(crate) fn schema(request: &Incoming<'_>, id: &str) -> Response {
    let world = request.shared.world();
    let Some(source) = world.instance.datasets.get(id).filter(|source| !source.deleted) else {
        return request.refuse(StatusCode::BAD_REQUEST, "No indexed schema found");
    };
    let column = |name: &String| json!({"name": name, "id": name, "type": "STRING", "isHidden": false});
    let columns: Vec<Value> = source.present().map(column).collect();
    let value = json!({"name": source.dataset.name, "tables": [{"columns": columns}]});
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/content/v2/users/{id}`.
pub(crate) fn user(request: &Incoming<'_>, id: i64) -> Response {
    let world = request.shared.world();
    let Some(person) = world.instance.person(id) else {
        return request.refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let mut value = json!({"id": person.id, "displayName": person.name, "active": true});
    if let Some(email) = person.email {
        value["emailAddress"] = email.as_str().into();
        value["userName"] = email.into();
    }
    answer::json(StatusCode::OK, &value)
}

/// `GET /api/query/v1/functions/statistics`.
pub(crate) fn functions(request: &Incoming<'_>) -> Response {
    let invalid = request.shared.world().instance.invalid_functions;
    let value = json!({
        "total": 525 + invalid, "onDatasets": 406, "onCards": 119, "invalid": invalid, "invalidLink": 68,
    });
    answer::json(StatusCode::OK, &value)
}

fn of_stream(world: &World, id: i64) -> Option<&Source> {
    world.instance.datasets.values().find(|source| source.stream == Some(id))
}

fn execution(stream: i64, run: &Run, times: RunTimes) -> Value {
    let errors = run
        .errors
        .iter()
        .map(|message| json!({"category": "CONNECTOR", "code": "DA0057", "message": message, "parameters": []}));
    json!({
        "streamId": stream,
        "executionId": run.execution,
        "startedAt": time(run.started, times),
        "endedAt": run.ended.map(|ended| time(ended, times)),
        "updateMethod": "REPLACE",
        "currentState": run.state,
        "runType": "AUTOMATED",
        "createdAt": time(run.started, times),
        "rowsInserted": 283_429,
        "errors": errors.collect::<Vec<_>>(),
    })
}

fn time(millis: i64, times: RunTimes) -> Value {
    match times {
        RunTimes::Millis => millis.into(),
        // As text first: a fraction that is written out is exact.
        RunTimes::Seconds => {
            let text = format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000));
            text.parse::<f64>().map_or(Value::Null, Value::from)
        }
    }
}
