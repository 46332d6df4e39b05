//! A house to watch: a fake Domo, a folder with a configuration, and the binary to run in it.

use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fake_domo::{Domo, FakeDomo};
use tempfile::TempDir;

/// Nothing here takes as long; what does has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Never due while a test runs.
pub(crate) const NEVER: &str = "0 0 29 2 *";

/// Every second.
pub(crate) const EACH_SECOND: &str = "* * * * * *";

pub(crate) struct House {
    pub(crate) domo: Domo,
    folder: TempDir,
    database: PathBuf,
    sections: BTreeMap<&'static str, String>,
    instance: String,
}

impl House {
    /// A house beside this Domo; it is swept by command only and mails nobody.
    pub(crate) async fn beside(fake: FakeDomo) -> Self {
        let domo = fake.start().await;
        let instance = format!("url = \"{}\"\naccess_token = \"{}\"\n", domo.url(), domo.token());
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("cardwatch.db");
        let mut house = Self { domo, folder, database, sections: BTreeMap::new(), instance };
        house.sections.insert("http", "listen = \"127.0.0.1:0\"\n".to_owned());
        house.set("alerts", "confirm_delay = \"100ms\"");
        house.instance("schedule", &format!("\"{NEVER}\""));
        house.instance("pages", "\"all\"");
        house.instance("request_timeout", "\"3s\"");
        house.instance("attempts", "1");
        house
    }

    /// Adds a line to a section.
    pub(crate) fn set(&mut self, section: &'static str, line: &str) {
        let lines = self.sections.entry(section).or_default();
        lines.push_str(line);
        lines.push('\n');
    }

    /// Sets a key of the instance, anew if it was set before.
    pub(crate) fn instance(&mut self, key: &str, value: &str) {
        let others = self.instance.lines().filter(|line| !line.starts_with(&format!("{key} =")));
        self.instance = others.chain([format!("{key} = {value}").as_str()]).collect::<Vec<_>>().join("\n");
    }

    /// Takes a key of the instance out again.
    pub(crate) fn forget(&mut self, key: &str) {
        let others = self.instance.lines().filter(|line| !line.starts_with(&format!("{key} =")));
        self.instance = others.collect::<Vec<_>>().join("\n");
    }

    /// Takes a section out again.
    pub(crate) fn forget_section(&mut self, section: &str) {
        assert!(self.sections.remove(section).is_some());
    }

    /// Mails go to this server.
    pub(crate) fn mail_through(&mut self, url: &str) {
        let from_to = "from = \"cardwatch <cardwatch@example.com>\"\nto = [\"bi-admins@example.com\"]";
        self.set("email", &format!("smtp = \"{url}\"\n{from_to}"));
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.database.clone()
    }

    /// The database is in another folder from now on.
    pub(crate) fn keep_database_in(&mut self, folder: &Path) {
        self.database = folder.join("cardwatch.db");
        self.set("storage", &format!("path = \"{}\"", self.database.display()));
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write_config(&self) -> PathBuf {
        let path = self.folder.path().join("config.toml");
        let sections: Vec<_> = self.sections.iter().map(|(name, lines)| format!("[{name}]\n{lines}")).collect();
        std::fs::write(&path, format!("{}\n[instances.acme]\n{}\n", sections.join("\n"), self.instance)).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// The binary, about to run in this house.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.write_config();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardwatch"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments))
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) async fn daemon(&self) -> Daemon {
        self.daemon_from(self.command(&["run"])).await
    }

    /// Starts a daemon that was prepared by [`House::command`], and waits until it is ready.
    pub(crate) async fn daemon_from(&self, mut command: Command) -> Daemon {
        let log = self.folder.path().join("log");
        let file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        let before = std::fs::read_to_string(&log).unwrap_or_default().len();
        let process = command.stderr(file).spawn().unwrap();
        let mut daemon = Daemon { process, log, before, address: String::new() };
        // As text or as JSON.
        let line = daemon.wait_for_line("listening").await;
        let port = line.split("127.0.0.1:").nth(1).unwrap();
        daemon.address = format!("127.0.0.1:{}", port.split(|c: char| !c.is_ascii_digit()).next().unwrap());
        daemon
    }

    /// Answers one question of the database.
    pub(crate) async fn ask<T>(&self, question: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
    {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.database()).read_only(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
    }

    /// Writes into the database what a sweep would have found out, or makes old what a test cannot wait for.
    pub(crate) async fn write(&self, statements: &'static str) {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.database());
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    }
}

/// A command that ran to its end.
pub(crate) struct Ended(Output);

impl Ended {
    /// Runs a command that was prepared by [`House::command`] to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.output().unwrap())
    }

    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Its lines of error, without what it logged before.
    pub(crate) fn errors(&self) -> String {
        let said = self.stderr();
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        errors.join("\n")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stderr()))
    }
}

/// A daemon that runs; it is killed when the test ends.
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
    before: usize,
    address: String,
}

impl Daemon {
    /// What it logged since it started.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()[self.before..].to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until something is logged; returns the word behind it.
    pub(crate) async fn wait_for_log(&mut self, beginning: &str) -> String {
        let line = self.wait_for_line(beginning).await;
        let behind = line.split_once(beginning).map(|(_, behind)| behind).unwrap_or_default();
        behind.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Waits until something is logged; returns the whole line.
    pub(crate) async fn wait_for_line(&mut self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            let mut lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(line) = lines.find(|line| line.contains(words)) {
                return line.to_owned();
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "waiting for '{words}', {ended:?}:\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What an address answers: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = client().get(format!("http://{}{path}", self.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The scrape, without comments.
    pub(crate) async fn scrape(&self) -> Vec<String> {
        let (status, body) = self.get("/metrics").await;
        assert_eq!(status, 200, "{body}");
        body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    /// One series of the scrape.
    pub(crate) async fn series(&self, name: &str) -> Option<f64> {
        let scrape = self.scrape().await;
        let line = scrape.iter().find(|line| line.strip_prefix(name).is_some_and(|value| value.starts_with(' ')));
        line.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    /// Waits until a series has at least this value.
    pub(crate) async fn wait_for(&self, name: &str, value: f64) {
        let began = Instant::now();
        while self.series(name).await.is_none_or(|now| now < value) {
            assert!(began.elapsed() < PATIENCE, "{name} never came to {value}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until no series says this any more.
    pub(crate) async fn wait_until_gone(&self, label: &str) {
        let began = Instant::now();
        while self.scrape().await.iter().any(|line| line.contains(label)) {
            assert!(began.elapsed() < PATIENCE, "{label} stays:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many mails wait. What the mail server took is marked a moment after it came.
    pub(crate) async fn wait_until_mails_wait(&self, mails: u32) {
        let began = Instant::now();
        while self.series("cardwatch_email_queue_length").await != Some(f64::from(mails)) {
            assert!(began.elapsed() < PATIENCE, "it never came to {mails} mails that wait:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until as many more sweeps have completed from their beginning to their end, and none is under way nor due
    /// within moments: the next one sees as a whole what a test changes then.
    pub(crate) async fn wait_for_whole_sweeps(&self, sweeps: u32) {
        const COMPLETED: &str = "cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"completed\"}";
        let before = self.series(COMPLETED).await.unwrap();
        // One may be under way that began too early.
        self.wait_for(COMPLETED, before + f64::from(sweeps) + 1.0).await;
        let began = Instant::now();
        while !self.is_between_sweeps().await {
            assert!(began.elapsed() < PATIENCE, "it sweeps without a pause:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn is_between_sweeps(&self) -> bool {
        let remaining = self.series("cardwatch_sweep_cards_remaining{domo_instance=\"acme\"}").await;
        let next = self.series("cardwatch_sweep_next_timestamp_seconds{domo_instance=\"acme\"}").await;
        let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_millis(200);
        remaining == Some(0.0) && next.is_some_and(|next| next > soon.as_secs_f64())
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the end of a process that a signal kills.
    pub(crate) fn crash(mut self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
        assert_eq!(self.process.wait().unwrap().code(), None, "it ended by itself");
    }

    /// Sends a signal and waits for the end; returns the exit code and how long it took.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        (status.code(), began.elapsed())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A reader of the daemon's addresses.
pub(crate) fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Reads a stream to its end.
pub(crate) fn read_to_end(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The most memory that a process has held so far; 0 when it has ended.
pub(crate) fn peak_memory_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).map_or(0, |kib| kib.parse().unwrap())
}

/// Prometheus' own tool has nothing to say about a scrape.
pub(crate) fn promtool_accepts(scrape: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut checking = promtool.spawn().expect("promtool is needed: tests/run installs Debian's prometheus");
    checking.stdin.take().unwrap().write_all(scrape.as_bytes()).unwrap();
    let checked = checking.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success() && said.is_empty(), "{said}");
}
