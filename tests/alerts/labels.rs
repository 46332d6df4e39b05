//! An expression that asks for a label or a value that no series has is well formed, and silent for ever.

use std::collections::BTreeSet;

use fake_domo::{Behaviour, FakeDomo, Spec};

use crate::house::{EACH_SECOND, House};
use crate::selectors::{self, Selector};

/// What Prometheus adds to each series that it scrapes.
const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];

/// The texts that ask for metrics: the rules, and all that is written in the dashboard.
fn expressions() -> Vec<String> {
    let rules =
        [include_str!("../../deploy/prometheus/recording.yml"), include_str!("../../deploy/prometheus/alerts.yml")];
    let mut expressions: Vec<String> = rules.into_iter().map(str::to_owned).collect();
    let dashboard = include_str!("../../deploy/grafana/cardwatch.json");
    texts(&serde_json::from_str(dashboard).unwrap(), &mut expressions);
    expressions
}

/// Every text within.
fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        serde_json::Value::Object(keys) => keys.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// What a daemon shows with a broken card.
async fn scraped() -> Vec<Selector> {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(2).cards(5))).await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}", 1.0).await;
    daemon.scrape().await.iter().flat_map(|line| selectors::of(line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_label_and_value_that_a_rule_or_a_panel_asks_for_is_one_of_the_daemons() {
    let scraped = scraped().await;
    let mut asked = 0;
    for selector in expressions().iter().flat_map(|text| selectors::of(text)) {
        let series: Vec<_> = scraped.iter().filter(|series| series.metric == selector.metric).collect();
        assert!(!series.is_empty(), "the daemon has no {}", selector.metric);
        for label in selector.labels.iter().filter(|label| !OF_PROMETHEUS.contains(&label.name.as_str())) {
            let of_series = || series.iter().flat_map(|series| &series.labels).filter(|has| has.name == label.name);
            assert!(of_series().next().is_some(), "{} has no label {}", selector.metric, label.name);
            let known = label.operator != "=" || of_series().any(|has| has.value == label.value);
            assert!(known, "{} is never {}=\"{}\"", selector.metric, label.name, label.value);
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked} labels were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_label_that_a_rule_or_a_panel_groups_by_is_one_of_the_daemons() {
    let mut known: BTreeSet<String> = OF_PROMETHEUS.map(str::to_owned).into();
    known.extend(scraped().await.into_iter().flat_map(|series| series.labels).map(|label| label.name));
    let asked: BTreeSet<String> = expressions().iter().flat_map(|text| selectors::groupings(text)).collect();
    assert!(asked.len() > 4, "{asked:?}");
    assert!(asked.is_subset(&known), "no series has {:?}", asked.difference(&known).collect::<Vec<_>>());
}
