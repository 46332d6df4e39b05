//! Who is told of which alert, and what need not be told beside another.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::alertmanager::Alertmanager;

const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yml");

/// An alert as the rules make it.
struct Alert {
    name: &'static str,
    severity: &'static str,
    /// It is about one instance of Domo, not about the daemon.
    of_instance: bool,
}

/// Every alert that there is.
fn alerts() -> Vec<Alert> {
    let texts = ALERTS.split("- alert: ").skip(1).map(|text| text.split_once('\n').unwrap());
    let alerts: Vec<Alert> = texts
        .map(|(name, text)| {
            let severity = text.lines().find_map(|line| line.trim().strip_prefix("severity: ")).unwrap();
            Alert { name, severity, of_instance: text.contains("$labels.domo_instance") }
        })
        .collect();
    assert!(alerts.len() > 8);
    alerts
}

impl Alert {
    /// Its labels, from a daemon and about an instance that it checks.
    fn labels(&self, daemon: &str, instance: &str) -> Value {
        let mut labels = json!({
            "alertname": self.name, "severity": self.severity, "job": "cardwatch", "instance": daemon,
        });
        if self.of_instance {
            labels["domo_instance"] = instance.into();
        }
        labels
    }
}

/// Those that are to be heard, each as `alert daemon instance`.
fn heard(held: &[Value]) -> BTreeSet<String> {
    let heard = held.iter().filter(|alert| alert["status"]["state"] == "active");
    heard
        .map(|alert| {
            let label = |name: &str| alert["labels"][name].as_str().unwrap_or("-").to_owned();
            [label("alertname"), label("instance"), label("domo_instance")].join(" ")
        })
        .collect()
}

/// Tells all that there is to tell of these, and asks what of it is heard.
async fn heard_of(told: Vec<Value>, expected: &[&str]) {
    let alertmanager = Alertmanager::start().await;
    alertmanager.tell(&told).await;
    let expected: BTreeSet<String> = expected.iter().map(|alert| (*alert).to_owned()).collect();
    let all_of = |held: &[Value]| held.len() == told.len();
    let held = alertmanager.settled(|held| all_of(held) && heard(held) == expected).await;
    assert!(all_of(&held), "{held:?}");
    assert_eq!(heard(&held), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_down_silences_what_else_is_said_of_it_and_of_no_other() {
    let all = alerts();
    let mut told: Vec<Value> = all.iter().map(|alert| alert.labels("watch:9917", "acme")).collect();
    let broken = all.iter().find(|alert| alert.name == "CardwatchCardsBroken").unwrap();
    told.push(broken.labels("other:9917", "acme"));
    heard_of(told, &["CardwatchDown watch:9917 -", "CardwatchCardsBroken other:9917 acme"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_cannot_be_checked_silences_what_else_is_said_of_it_and_of_no_other() {
    let all = alerts();
    let up = all.iter().filter(|alert| alert.name != "CardwatchDown");
    let mut told: Vec<Value> = up.map(|alert| alert.labels("watch:9917", "acme")).collect();
    let broken = all.iter().find(|alert| alert.name == "CardwatchCardsBroken").unwrap();
    told.push(broken.labels("watch:9917", "globex"));
    let of_the_daemon = ["CardwatchMailStuck", "CardwatchMailRejected", "CardwatchReloadFailed"];
    let of_the_daemon = of_the_daemon.map(|name| format!("{name} watch:9917 -"));
    let mut expected = vec!["CardwatchCannotCheck watch:9917 acme", "CardwatchCardsBroken watch:9917 globex"];
    expected.extend(of_the_daemon.iter().map(String::as_str));
    heard_of(told, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn criticals_go_to_who_is_on_call_and_what_informs_to_nobody() {
    let all = alerts();
    let alertmanager = Alertmanager::start().await;
    let told: Vec<Value> = all.iter().map(|alert| alert.labels("watch:9917", "acme")).collect();
    alertmanager.tell(&told).await;
    let held = alertmanager.settled(|held| held.len() == told.len()).await;
    assert_eq!(held.len(), told.len(), "{held:?}");
    for alert in held {
        let receiver = match alert["labels"]["severity"].as_str().unwrap() {
            "critical" => "on-call",
            "info" => "nobody",
            _ => "bi-channel",
        };
        assert_eq!(alert["receivers"], json!([{ "name": receiver }]), "{}", alert["labels"]);
    }
}
