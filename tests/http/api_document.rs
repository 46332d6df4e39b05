//! The description of the API, held against what the API answers.

use std::collections::BTreeSet;

use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use serde_json::{Value, json};

use crate::clock::TestClock;
use crate::facts::{
    HOUR, before, broken, empty, evidence, found, get, instance, muted, named, save_sweep, showing, slow, undecided,
    with_incident,
};
use crate::house::House;
use crate::schema::{faults, referred, undescribed};

const DOCUMENT: &str = "/api/v1/openapi.json";

/// A house whose database has a past, and in which everything is there that an answer can tell of.
async fn filled() -> House {
    let house = showing([]).await;
    let works = || Verdict::Working { no_data: false };
    let fails = |text: &str| Verdict::Broken(Reason { class: Class::QueryTimeout, text: text.to_owned() });
    save_sweep(&house, "acme", 6, &[(1, works()), (2, works())]).await;
    save_sweep(&house, "acme", 5, &[(1, fails("Query timed out")), (2, Verdict::Unchecked("gone (404)".to_owned()))])
        .await;
    let mute = |hours| Mute { reason: "known".to_owned(), by: "ann".to_owned(), at: before(hours), until: None };
    house.store.mute(CardId(1), None, &mute(4)).await.unwrap().unwrap();
    save_sweep(&house, "acme", 3, &[(1, works()), (2, works())]).await;
    save_sweep(&house, "acme", 2, &[(1, fails("Query timed out")), (2, works())]).await;
    house.store.mute(CardId(1), None, &mute(1)).await.unwrap().unwrap();
    house.store.begin_sweep(&named("acme"), 4711, before(1)).await.unwrap();
    let mut acme = house.store.snapshot(&named("acme")).await.unwrap();
    acme.datasets.values_mut().for_each(|known| known.evidence = Some(evidence(before(1))));
    acme.cards.get_mut(&CardId(2)).unwrap().rendering = slow().rendering;
    let mut globex = with_incident(instance("globex", [muted(None), undecided(), empty(), broken()]), 9, before(1));
    globex.blind = Some(Blind { since: before(2), sweeps: 3 });
    globex.invalid_functions = Some(2);
    globex.last_sweep.as_mut().unwrap().trouble = Some("login rejected".to_owned());
    let live = house.live.of_instance(&named("acme"));
    live.set_next_sweep(Some(TestClock::start() + HOUR));
    live.begin(2);
    house.show_all([acme, globex]);
    house
}

/// An address that is described, and what is asked to see each of its answers.
fn examples(path: &str) -> Vec<&'static str> {
    match path {
        "/api/v1/instances" => vec!["/api/v1/instances"],
        "/api/v1/cards" => {
            vec!["/api/v1/cards", "/api/v1/cards?limit=1", "/api/v1/cards?state=no_data&instance=globex"]
        }
        "/api/v1/cards/{instance}/{card_id}" => {
            vec!["/api/v1/cards/acme/1", "/api/v1/cards/acme/2", "/api/v1/cards/globex/1"]
        }
        "/api/v1/incidents" => vec!["/api/v1/incidents", "/api/v1/incidents?limit=1"],
        "/api/v1/sweeps" => vec!["/api/v1/sweeps", "/api/v1/sweeps?limit=1"],
        DOCUMENT => vec![DOCUMENT],
        other => panic!("say here how to ask for {other}"),
    }
}

/// The schema of an answer, and its media type.
fn described<'a>(document: &'a Value, path: &str, status: &str) -> (&'a String, &'a Value) {
    let answer = &document["paths"][path]["get"]["responses"][status];
    let (media_type, content) = answer["content"].as_object().unwrap().iter().next().unwrap();
    (media_type, &content["schema"])
}

fn paths(document: &Value) -> Vec<&String> {
    document["paths"].as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn the_addresses_that_are_described_are_those_that_the_contract_names() {
    let document = found(&filled().await, DOCUMENT).await;
    let wanted = [
        "/api/v1/cards",
        "/api/v1/cards/{instance}/{card_id}",
        "/api/v1/incidents",
        "/api/v1/instances",
        DOCUMENT,
        "/api/v1/sweeps",
    ];
    assert_eq!(paths(&document), wanted);
    assert_eq!(document["openapi"], json!("3.1.0"));
}

#[tokio::test]
async fn every_answer_is_as_it_is_described() {
    let house = filled().await;
    let document = found(&house, DOCUMENT).await;
    for path in paths(&document) {
        let (media_type, schema) = described(&document, path, "200");
        for address in examples(path) {
            let answer = get(&house, address).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type.as_str())), "{address}");
            let said: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(faults(&document, schema, &said, address), [""; 0]);
            if path != DOCUMENT {
                assert_eq!(undescribed(&document, schema, &said, address), [""; 0]);
            }
        }
    }
}

/// The names of the fields at any depth that are neither null nor an empty list somewhere.
fn told(value: &Value, told: &mut BTreeSet<String>) {
    for row in value.as_array().into_iter().flatten() {
        self::told(row, told);
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        if !value.is_null() && value.as_array().is_none_or(|rows| !rows.is_empty()) {
            told.insert(name.clone());
        }
        self::told(value, told);
    }
}

#[tokio::test]
async fn the_answers_that_are_looked_at_tell_of_everything_that_is_described() {
    let house = filled().await;
    let document = found(&house, DOCUMENT).await;
    let mut told = BTreeSet::new();
    for path in paths(&document).into_iter().filter(|path| *path != DOCUMENT) {
        for address in examples(path) {
            self::told(&found(&house, address).await, &mut told);
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap().iter();
    let fields = schemas.filter(|(name, _)| *name != "Problem").flat_map(|(_, schema)| {
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        parts.filter_map(|part| part["properties"].as_object()).flat_map(|fields| fields.keys()).collect::<Vec<_>>()
    });
    // No window is open, no card is muted for a while, none flaps, and no dataset gained a column.
    let untold: BTreeSet<&str> = fields.filter(|field| !told.contains(*field)).map(String::as_str).collect();
    assert_eq!(untold, BTreeSet::from(["gained", "maintenance_until", "sent_at", "until"]));
}

#[tokio::test]
async fn every_field_is_required_since_none_is_ever_left_out() {
    let document = found(&filled().await, DOCUMENT).await;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        for part in parts.filter(|part| part["properties"].is_object()) {
            let fields: Vec<&str> = part["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            let required: Vec<&str> =
                part["required"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
            assert_eq!(required, fields, "{name}");
        }
    }
}

#[tokio::test]
async fn every_problem_is_as_it_is_described() {
    let house = filled().await;
    let document = found(&house, DOCUMENT).await;
    let mut asked = Vec::new();
    for path in paths(&document) {
        let address = examples(path)[0];
        asked.push((path.as_str(), "400", format!("{address}?nope=1")));
        if document["paths"][path]["get"]["parameters"].to_string().contains("\"limit\"") {
            asked.push((path.as_str(), "404", format!("{address}?instance=nope")));
        }
    }
    asked.push(("/api/v1/cards/{instance}/{card_id}", "404", "/api/v1/cards/acme/99".to_owned()));
    for (path, status, address) in asked {
        let answer = get(&house, &address).await;
        let (media_type, schema) = described(&document, path, status);
        assert_eq!(
            (answer.status.to_string().as_str(), answer.header("content-type")),
            (status, Some(media_type.as_str()))
        );
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(faults(&document, schema, &said, &address), [""; 0]);
        assert_eq!(undescribed(&document, schema, &said, &address), [""; 0]);
    }
}

#[tokio::test]
async fn every_parameter_that_is_described_is_taken_and_says_what_it_is() {
    let house = filled().await;
    let document = found(&house, DOCUMENT).await;
    for path in paths(&document) {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let said = [&parameter["description"], &parameter["schema"]["description"]];
            assert!(said.iter().any(|said| said.is_string()), "{path}: {name}");
            if parameter["in"] == "query" {
                let status = get(&house, &format!("{path}?{name}=")).await.status;
                assert_eq!(status, 200, "{path}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_set_of_cards_that_is_described_can_be_asked_for() {
    let house = filled().await;
    let document = found(&house, DOCUMENT).await;
    let parameters = document["paths"]["/api/v1/cards"]["get"]["parameters"].as_array().unwrap();
    let state = parameters.iter().find(|parameter| parameter["name"] == "state").unwrap();
    let sets = state["schema"]["enum"].as_array().unwrap();
    assert_eq!(sets.len(), 8);
    for set in sets {
        found(&house, &format!("/api/v1/cards?state={}", set.as_str().unwrap())).await;
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = found(&filled().await, DOCUMENT).await;
    let text = document.to_string();
    let references = text.match_indices("\"$ref\":\"").map(|(at, word)| {
        let rest = &text[at + word.len()..];
        &rest[..rest.find('"').unwrap()]
    });
    let references: BTreeSet<&str> = references.collect();
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        assert!(referred(&document, &json!(reference)).is_object(), "{reference}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_told() {
    let document = json!({"components": {"schemas": {"Time": {"type": "string", "format": "date-time"}}}});
    let time = json!({"$ref": "#/components/schemas/Time"});
    let schema = json!({
        "type": "object",
        "required": ["id", "at"],
        "properties": {
            "id": {"type": "integer", "minimum": 1},
            "at": {"oneOf": [time, {"type": "null"}]},
            "state": {"type": ["string", "null"], "enum": ["broken", null]},
            "rows": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        },
    });
    let fits = json!({"id": 1, "at": null, "state": null, "rows": ["a"]});
    assert_eq!(faults(&document, &schema, &fits, "it"), [""; 0]);
    for unfit in [
        json!({"at": null}),
        json!({"id": "1", "at": null}),
        json!({"id": 0, "at": null}),
        json!({"id": 1, "at": "yesterday"}),
        json!({"id": 1, "at": "2026-11-02T07:00:00+01:00"}),
        json!({"id": 1, "at": null, "state": "red"}),
        json!({"id": 1, "at": null, "rows": []}),
        json!({"id": 1, "at": null, "rows": [1]}),
        json!([]),
    ] {
        assert_ne!(faults(&document, &schema, &unfit, "it"), [""; 0], "{unfit}");
    }
    assert_eq!(undescribed(&document, &schema, &json!({"id": 1, "more": 1}), "it"), ["it.more"]);
}
