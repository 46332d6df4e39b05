//! Prometheus and Alertmanager, started as an operator does, and somebody who is called by them. Owns their
//! configuration; the rules are ours, but for their waiting times, which a test does not sit through.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::routing::post;
use serde_json::Value;
use tempfile::TempDir;

use crate::house::{PATIENCE, client};
use crate::port::free_port;

/// Both programs, and what they called about.
pub(crate) struct Watchers {
    prometheus: Program,
    alertmanager: Program,
    called: Arc<Mutex<Vec<Value>>>,
    _folder: TempDir,
}

struct Program {
    process: Child,
    address: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Program {
    fn start(name: &str, folder: &Path, arguments: &[&str]) -> Self {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new(name)
            .args(arguments)
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: install Debian's package of this name: {error}"));
        Self { process, address }
    }

    /// What its API answers; nothing before it listens.
    async fn ask(&self, path: &str) -> Option<Value> {
        let answer = client().get(format!("http://{}{path}", self.address)).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }
}

/// The rules, with `for` and the interval of a group cut short.
fn hasty(rules: &str) -> String {
    let line = |line: &str| match line.trim_start().split_once(": ") {
        Some(("for", _)) => "        for: 0s".to_owned(),
        Some(("interval", _)) => "    interval: 1s".to_owned(),
        _ => line.to_owned(),
    };
    rules.lines().map(line).collect::<Vec<_>>().join("\n")
}

impl Watchers {
    /// Starts both beside a daemon that listens on `target`.
    pub(crate) async fn of(target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let called = Arc::default();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("recording.yml", include_str!("../../deploy/prometheus/recording.yml"));
        write("alerts.yml", &hasty(include_str!("../../deploy/prometheus/alerts.yml")));
        write("alertmanager.yml", &alertmanager_configuration(&listen(Arc::clone(&called)).await));
        let alertmanager = Program::start(
            "prometheus-alertmanager",
            folder.path(),
            &["--config.file=alertmanager.yml", "--storage.path=alertmanager", "--cluster.listen-address="],
        );
        write("prometheus.yml", &prometheus_configuration(target, &alertmanager.address));
        let prometheus = Program::start(
            "prometheus",
            folder.path(),
            &["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", "--rules.alert.resend-delay=2s"],
        );
        Self { prometheus, alertmanager, called, _folder: folder }
    }

    /// Waits until the one target has this health.
    pub(crate) async fn wait_for_target(&self, health: &str) {
        self.wait_for(health, async || {
            let targets = self.prometheus.ask("/api/v1/targets").await?;
            (targets["data"]["activeTargets"][0]["health"] == health).then_some(())
        })
        .await;
    }

    /// Every rule as Prometheus has it, once each was evaluated.
    pub(crate) async fn rules(&self) -> Vec<Value> {
        self.wait_for("evaluation of every rule", async || {
            let groups = self.prometheus.ask("/api/v1/rules").await?["data"]["groups"].as_array()?.clone();
            let rules: Vec<Value> =
                groups.iter().filter_map(|group| group["rules"].as_array()).flatten().cloned().collect();
            rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
        })
        .await
    }

    /// Waits until Prometheus answers a question with a number at least.
    pub(crate) async fn wait_for_answer(&self, question: &str) {
        self.wait_for(&format!("answer to {question}"), async || {
            let url = url::Url::parse_with_params("http://host/api/v1/query", [("query", question)]).unwrap();
            let answer = self.prometheus.ask(&format!("{}?{}", url.path(), url.query().unwrap())).await?;
            assert_eq!(answer["status"], "success", "{question}: {answer}");
            (!answer["data"]["result"].as_array()?.is_empty()).then_some(())
        })
        .await;
    }

    /// Waits until Prometheus has the alert firing, or not.
    pub(crate) async fn wait_for_alert(&self, name: &str, firing: bool) {
        let what = format!("{name} to be firing: {firing}");
        self.wait_for(&what, async || {
            let alerts = self.prometheus.ask("/api/v1/alerts").await?;
            let alerts = alerts["data"]["alerts"].as_array()?;
            let fires = alerts.iter().any(|alert| alert["labels"]["alertname"] == name && alert["state"] == "firing");
            (fires == firing).then_some(())
        })
        .await;
    }

    /// Waits until somebody was called about the alert, as `firing` or `resolved`, and tells what was said.
    pub(crate) async fn wait_for_call(&self, name: &str, status: &str) -> Value {
        self.wait_for(&format!("call about {name}, {status}"), async || {
            let called = self.called.lock().unwrap();
            let alerts = called.iter().filter_map(|call| call["alerts"].as_array()).flatten();
            alerts.clone().find(|alert| alert["labels"]["alertname"] == name && alert["status"] == status).cloned()
        })
        .await
    }

    /// The alerts that Alertmanager holds.
    pub(crate) async fn held(&self) -> Value {
        self.alertmanager.ask("/api/v2/alerts").await.unwrap()
    }

    async fn wait_for<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "waiting for {what}: {:?}", self.called.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Somebody who is called, at the address that is returned.
async fn listen(called: Arc<Mutex<Vec<Value>>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hear = move |Json(call): Json<Value>| {
        called.lock().unwrap().push(call);
        async {}
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", post(hear))).await });
    address
}

fn alertmanager_configuration(called: &str) -> String {
    format!(
        "route: {{ receiver: admins, group_by: [alertname, domo_instance], group_wait: 0s, group_interval: 1s }}\n\
         receivers: [{{ name: admins, webhook_configs: [{{ url: 'http://{called}/' }}] }}]\n"
    )
}

fn prometheus_configuration(target: &str, alertmanager: &str) -> String {
    format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
         rule_files: [recording.yml, alerts.yml]\n\
         scrape_configs: [{{ job_name: cardwatch, static_configs: [{{ targets: ['{target}'] }}] }}]\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alertmanager}'] }}] }}] }}\n"
    )
}
