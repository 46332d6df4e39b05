//! Debian's Alertmanager with the configuration that the README recommends. Owns its process, telling it of alerts and
//! asking what becomes of them; what should become of them is `routing`'s.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::{PATIENCE, client};
use crate::port::free_port;

const README: &str = include_str!("../../deploy/prometheus/README.md");

/// One that runs; it ends with this value.
pub(crate) struct Alertmanager {
    process: Child,
    address: String,
    _folder: TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The configuration in the README: its one block of YAML.
fn recommended() -> &'static str {
    let mut blocks = README.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let block = blocks.next().expect("the README recommends a configuration");
    assert_eq!(blocks.next(), None, "which block is Alertmanager's?");
    block
}

impl Alertmanager {
    /// Starts one that knows of nothing.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("alertmanager.yml"), recommended()).unwrap();
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new("prometheus-alertmanager")
            .args(["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus-alertmanager: install Debian's package of this name");
        let mut started = Self { process, address, _folder: folder };
        let began = Instant::now();
        while started.held().await.is_none() {
            let ended = started.process.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "Alertmanager does not answer: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started
    }

    /// Tells it that alerts with these labels fire.
    pub(crate) async fn tell(&self, alerts: &[Value]) {
        let alerts: Vec<Value> = alerts.iter().map(|labels| json!({ "labels": labels })).collect();
        let url = format!("http://{}/api/v2/alerts", self.address);
        let told = client().post(url).header("content-type", "application/json").body(json!(alerts).to_string());
        let answer = told.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// What it makes of the alerts, as soon as that is as it should be; the last look where it never is.
    pub(crate) async fn settled(&self, as_it_should: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let held = self.held().await.expect("Alertmanager answers");
            if as_it_should(&held) || began.elapsed() > PATIENCE {
                return held;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn held(&self) -> Option<Vec<Value>> {
        let answer = client().get(format!("http://{}/api/v2/alerts", self.address)).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }
}
