//! A folder with a configuration, a database and the daemon that serves its pages; and the browser that looks at them.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cardwatch::config::{self, Config, Environment, LoadRequest};
use cardwatch::store::Store;
use chrono::{Timelike as _, Utc};
use fake_domo::Domo;
use serde_json::Value;
use tempfile::TempDir;

use crate::clock::CONFIRM_DELAY;

/// Nothing but the browser takes as long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Here are the scripts, and what npm installs for them.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// Pictures of every page, for people to look at.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser");

const CHROMIUM: &str = "/usr/bin/chromium";

/// Where the mails say that the status page is.
const LINK_BASE: &str = "https://cardwatch.example.com";

pub(crate) struct House {
    folder: TempDir,
    config: String,
}

impl House {
    /// A house that mails through this server, if any.
    pub(crate) fn new(smtp: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wait = CONFIRM_DELAY.as_secs();
        let mut config = format!("[http]\nlisten = \"127.0.0.1:0\"\n[alerts]\nconfirm_delay = \"{wait}s\"\n");
        if let Some(smtp) = smtp {
            let from_to = "from = \"cardwatch <cardwatch@example.com>\"\nto = [\"bi-admins@example.com\"]";
            write!(config, "[email]\nsmtp = \"{smtp}\"\n{from_to}\nlink_base = \"{LINK_BASE}\"\n").unwrap();
        }
        Self { folder, config }
    }

    /// An instance of this name is watched, and swept at these times.
    pub(crate) fn watch(&mut self, name: &str, domo: &Domo, schedule: &str) {
        let (url, token) = (domo.url(), domo.token());
        write!(
            self.config,
            "[instances.{name}]\nurl = \"{url}\"\naccess_token = \"{token}\"\nschedule = \"{schedule}\"\n\
             pages = \"all\"\nrequest_timeout = \"1s\"\nattempts = 1\nconcurrency = 16\n"
        )
        .unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("cardwatch.db")
    }

    /// The configuration as the daemon reads it.
    pub(crate) fn load(&self) -> Config {
        let mut request = LoadRequest::new(Environment::default());
        request.file = Some(self.write_config());
        let mut config = config::load(&request).unwrap().config;
        config.storage.path = self.database();
        config
    }

    /// Makes the database, in which nothing is known but the instances.
    pub(crate) async fn know(&self) {
        let config = self.load();
        let store = Store::open(&config.storage.path).await.unwrap();
        for of in &config.instances {
            store.know_instance(&of.name, &of.url, config.alerts.policy.stale_after).await.unwrap();
        }
        store.close().await;
    }

    /// Changes the database behind cardwatch's back: to make old what a test cannot wait for.
    pub(crate) async fn write(&self, statement: String) {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.database());
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) async fn daemon(&self) -> Daemon {
        self.write_config();
        let log = self.folder.path().join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardwatch"));
        command.arg("run").current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        let process = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut daemon = Daemon { process, log, address: String::new() };
        daemon.address = daemon.wait_for_address().await;
        daemon
    }

    fn write_config(&self) -> PathBuf {
        let path = self.folder.path().join("config.toml");
        std::fs::write(&path, &self.config).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// Shows the browser's script `name` the pages of a daemon, with what it has to know of them besides. It fails
    /// with what the script says.
    pub(crate) fn show(&self, daemon: &Daemon, name: &str, mut facts: Value) {
        for needed in [CHROMIUM, &format!("{SCRIPTS}/node_modules")] {
            assert!(Path::new(needed).exists(), "there is no {needed}: tests/run installs it");
        }
        let pictures = format!("{PICTURES}/{}", name.trim_end_matches(".test"));
        std::fs::create_dir_all(&pictures).unwrap();
        facts["base"] = format!("http://{}", daemon.address).into();
        facts["chromium"] = CHROMIUM.into();
        facts["pictures"] = pictures.into();
        let path = self.folder.path().join("facts.json");
        std::fs::write(&path, facts.to_string()).unwrap();
        let mut node = Command::new("node");
        node.arg(format!("{SCRIPTS}/{name}.mjs")).arg(&path).stdin(Stdio::null());
        let ended = node.output().expect("node is needed: tests/run installs it");
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "{said}\n{}", daemon.log());
        println!("{said}");
    }
}

/// A time of day that does not come while a test runs.
pub(crate) fn later_today() -> String {
    let now = Utc::now();
    format!("{} {} * * *", now.minute(), (now.hour() + 6) % 24)
}

/// A daemon that runs; it is killed when the test ends.
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
    address: String,
}

impl Daemon {
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    async fn wait_for_address(&mut self) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) =
                log.split_inclusive('\n').find(|line| line.contains("listening") && line.ends_with('\n'))
            {
                let port = line.split("127.0.0.1:").nth(1).unwrap();
                return format!("127.0.0.1:{}", port.split(|c: char| !c.is_ascii_digit()).next().unwrap());
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "it does not listen, {ended:?}:\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
