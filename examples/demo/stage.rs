//! What the script is played on: a folder, the fakes, and the daemon that watches them. Owns building it
//! up and taking it down; what happens on it is `script`'s.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use cardwatch::clock::{SharedClock, within};
use cardwatch::config::{self, Config, Environment, LoadRequest};
use cardwatch::daemon::clock::SystemClock;
use cardwatch::daemon::run;
use fake_domo::{Domo, PageKind};
use fake_smtp::FakeSmtp;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::audience::Audience;
use crate::desk::Desk;
use crate::instance;
use crate::narrator::{self, Narrator};
use crate::script::Script;

/// Who gets all mails but those to owners.
pub(crate) const ADMINS: &str = "bi-admins@demo.example";

/// The port that cardwatch has by default, where it is free.
const USUAL_PORT: u16 = 9917;

/// The daemon gets so long to end; what it does not save by then was not worth waiting for.
const SOFT_STOP: Duration = Duration::from_millis(1500);

/// So many of the daemon's last log lines are shown when the play fails.
const LAST_LINES: usize = 15;

/// Everything that must live while the script is played.
pub(crate) struct Stage {
    /// The fake instance.
    pub(crate) domo: Domo,
    /// What happens on it.
    pub(crate) script: Script,
    /// Sees and prints what cardwatch makes of it.
    pub(crate) audience: Audience,
    /// Types commands and reads metrics.
    pub(crate) desk: Desk,
    /// The time.
    pub(crate) clock: SharedClock,
    daemon: JoinHandle<anyhow::Result<()>>,
    /// Removed with everything in it when dropped.
    folder: TempDir,
}

impl Stage {
    /// Builds everything up, says where to look, and starts the daemon, which runs until `stop`.
    pub(crate) async fn set(stop: CancellationToken) -> anyhow::Result<Self> {
        let clock: SharedClock = Arc::new(SystemClock::start());
        let folder = tempfile::Builder::new().prefix("cardwatch-demo-").tempdir().context("a temporary folder")?;
        fs::create_dir(folder.path().join("mails"))?;
        log_to(&folder.path().join("cardwatch.log"))?;
        let (domo, cast) = instance::start(clock.now()).await?;
        let smtp = FakeSmtp::start().await;
        let listener = listen().await?;
        let listen = listener.local_addr()?;
        let path = folder.path().join("config.toml");
        let config = configure(&path, folder.path(), &domo, &smtp, listen)?;
        let desk = Desk { config: path, listen };
        let mut script = Script::new(cast);
        let narrator = Narrator::new(clock.clone());
        let pages = domo.pages().iter().filter(|page| page.kind == PageKind::Page && !page.cards.is_empty()).count();
        narrator::introduce(domo.cards().len(), pages, &domo.url(), folder.path(), listen)?;
        script.raise_curtain("Before cardwatch looks, a", &domo, &narrator, clock.now())?;
        let mails = smtp.subscribe();
        let daemon = run::start(config.clone(), listener, clock.clone(), stop).await?;
        let daemon = tokio::spawn(daemon.wait());
        let audience = Audience::new(narrator, clock.clone(), &config, mails, folder.path().join("mails")).await?;
        Ok(Self { domo, script, audience, desk, clock, daemon, folder })
    }

    /// Waits for the end of the daemon, which must have been told to end, and takes everything down. Where
    /// the play failed, the daemon's last words come first.
    pub(crate) async fn strike(self, played: anyhow::Result<()>) -> anyhow::Result<()> {
        let ended = match within(&*self.clock, SOFT_STOP, self.daemon).await {
            None => Ok(()),
            Some(Ok(ended)) => ended.context("the daemon died"),
            Some(Err(panicked)) => Err(panicked).context("the daemon panicked"),
        };
        let ended = ended.and(played);
        if ended.is_err() {
            let log = fs::read_to_string(self.folder.path().join("cardwatch.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
                eprintln!("{line}");
            }
        }
        self.folder.close().context("the demo's folder could not be removed")?;
        ended?;
        Ok(self.audience.narrator.apart("stopped, and everything that the demo made is removed")?)
    }
}

/// The daemon's own log would drown the play: it goes to a file.
fn log_to(path: &Path) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("cardwatch", LevelFilter::INFO);
    let layer = fmt::layer().with_writer(Arc::new(file)).with_ansi(false).with_target(false);
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().context("logging does not start")
}

async fn listen() -> io::Result<TcpListener> {
    let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(on(USUAL_PORT)).await {
        Ok(listener) => Ok(listener),
        Err(_taken) => TcpListener::bind(on(0)).await,
    }
}

/// Writes a configuration as an operator would, and reads it as the daemon would. The environment has no
/// say in it.
fn configure(path: &Path, folder: &Path, domo: &Domo, smtp: &FakeSmtp, listen: SocketAddr) -> anyhow::Result<Config> {
    // It holds a token, if only the fake's.
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(config_text(folder, domo, smtp, listen).as_bytes())?;
    let mut request = LoadRequest::new(Environment::default());
    request.file = Some(path.to_owned());
    Ok(config::load(&request)?.config)
}

fn config_text(folder: &Path, domo: &Domo, smtp: &FakeSmtp, listen: SocketAddr) -> String {
    // A text in JSON is a text in TOML, whatever stands in it.
    let database = json!(folder.join("cardwatch.db").to_string_lossy());
    let (url, token, smtp) = (json!(domo.url()), json!(domo.token()), json!(smtp.url()));
    format!(
        r#"# The demo's configuration: everything is as quick as it can be.

[storage]
path = {database}
keep_results = "1h"

[http]
listen = "{listen}"

[email]
smtp = {smtp}
from = "cardwatch <cardwatch@demo.example>"
to = ["{ADMINS}"]
link_base = "http://{listen}"

[alerts]
confirm_delay = "1s"
# Once a day, by default; this is the least.
remind_every = "1m"
notify_owners = true
owner_domains = ["example.com"]
# The script breaks the same cards again and again.
flap_transitions = 1000

[instances.acme]
url = {url}
schedule = "*/4 * * * * *"
access_token = {token}
pages = "all"
request_timeout = "8s"
attempts = 1
"#
    )
}
