//! The dashboard for Grafana: what Grafana's own types say of it, how it is laid out, and that Prometheus has an
//! answer to each of its questions. Grafana itself is not asked: it is in no Debian.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use fake_domo::Behaviour;
use serde_json::Value;

use crate::alerting::watched;

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/cardwatch.json");

fn dashboard() -> Value {
    serde_json::from_str(&std::fs::read_to_string(DASHBOARD).unwrap()).unwrap()
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().unwrap()
}

#[test]
fn grafana_knows_every_key_of_the_dashboard() {
    let checked = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grafana/check.mjs"))
        .arg(DASHBOARD)
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("grafana"))
        .output()
        .expect("node: install Debian's nodejs, and run npm ci in tests/grafana");
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{said}");
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    let dashboard = dashboard();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} lies over another", panel["title"]);
        }
    }
}

#[test]
fn each_panel_says_what_it_shows_in_which_unit_and_what_it_means_to_show_nothing() {
    for panel in panels(&dashboard()).iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap();
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
        assert!(unit.is_some() || ["table", "heatmap"].contains(&panel["type"].as_str().unwrap()), "{title}");
        let empty = panel["fieldConfig"]["defaults"]["noValue"].as_str();
        assert!(empty.is_some(), "{title} does not say what it means that it shows nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_an_answer_to_each_question() {
    let (house, _daemon, watchers) = watched().await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    watchers.wait_for_alert("CardwatchCardsBroken", true).await;
    let dashboard = dashboard();
    let questions = panels(&dashboard).iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let annotations = dashboard["annotations"]["list"].as_array().unwrap();
    let questions: Vec<&str> = questions.chain(annotations).map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(questions.len() > 25, "{questions:?}");
    for question in questions {
        let filled =
            question.replace("$job", "cardwatch").replace("$domo_instance", "acme").replace("$__rate_interval", "1m");
        watchers.wait_for_answer(&filled).await;
    }
}
