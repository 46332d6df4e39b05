//! Rules and scrape configuration as files: what promtool says of them, and that nothing is left out.

use std::collections::BTreeSet;
use std::process::Command;

use fake_domo::{Behaviour, FakeDomo, Spec};

use crate::house::{EACH_SECOND, House};

const RECORDING: &str = include_str!("../../deploy/prometheus/recording.yml");
const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/cardwatch.json");
const UNIT_TESTS: &str = include_str!("../../deploy/prometheus/tests/alerts.yml");
const RUNBOOK: &str = include_str!("../../docs/runbook.md");

fn promtool(arguments: &[&str]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus");
    let mut promtool = Command::new("promtool");
    let ended = promtool.args(arguments).current_dir(folder).output().expect("promtool: install Debian's prometheus");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && !said.contains("FAILED"), "{said}");
}

/// What is written of each alert, by its name.
fn alerts() -> Vec<(&'static str, &'static str)> {
    let alerts: Vec<_> = ALERTS.split("- alert: ").skip(1).filter_map(|alert| alert.split_once('\n')).collect();
    assert!(alerts.len() > 8, "{alerts:?}");
    alerts
}

#[test]
fn promtool_accepts_the_rules() {
    promtool(&["check", "rules", "--lint-fatal", "recording.yml", "alerts.yml"]);
}

#[test]
fn promtool_accepts_the_scrape_configuration() {
    promtool(&["check", "config", "--syntax-only", "scrape.yml"]);
}

#[test]
fn each_alert_fires_when_it_should_and_is_silent_when_it_should_not() {
    promtool(&["test", "rules", "tests/alerts.yml"]);
    for (name, _) in alerts() {
        assert!(UNIT_TESTS.contains(&format!("- {{ alertname: {name}, eval_time: ")), "no test finds {name} silent");
        assert!(UNIT_TESTS.contains(&format!("- alertname: {name}\n")), "no test finds {name} firing");
    }
}

#[test]
fn each_alert_says_how_bad_it_is_what_it_means_and_where_the_remedy_stands() {
    for (name, text) in alerts() {
        let severity = text.lines().find_map(|line| line.trim().strip_prefix("severity: ")).unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        for annotation in ["summary: ", "description: ", "runbook_url: "] {
            assert!(text.contains(annotation), "{name} has no {annotation}");
        }
        let anchor = name.to_lowercase();
        assert!(text.contains(&format!("runbook_url: http://{{{{ $labels.instance }}}}/runbook#{anchor}\n")), "{name}");
        let section = RUNBOOK.lines().any(|line| line.trim_start_matches('#').trim() == name && line.starts_with('#'));
        assert!(section, "the runbook has no section {name}");
    }
}

/// The names of the daemon's metrics in a text, without the suffixes of a histogram.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let names = text.split(word).filter(|name| name.starts_with("cardwatch_") || name.starts_with("process_"));
    names
        .map(|name| ["_bucket", "_sum", "_count"].iter().fold(name, |name, end| name.trim_end_matches(end)).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metric_that_a_rule_or_a_panel_asks_for_is_one_of_the_daemons() {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(2).cards(5))).await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let (_, scrape) = daemon.get("/metrics").await;
    let asked: BTreeSet<String> = [RECORDING, ALERTS, DASHBOARD].into_iter().flat_map(metrics_in).collect();
    assert!(asked.len() > 10, "{asked:?}");
    for name in asked {
        assert!(scrape.contains(&format!("\n# TYPE {name} ")), "the daemon has no {name}");
    }
}
