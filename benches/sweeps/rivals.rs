//! What others spend on the same renders. Owns running them, and that they really rendered; each asks the same fake for
//! the same cards with the same request.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::Bench;
use super::daemon::Companion;
use super::fake::Fake;
use super::house::PYTHON;
use super::processor::{CONCURRENCY, own_cost, per, start};
use super::report::{label, median};

/// A render may cost at most this part of what the script of asyncio and aiohttp spends, which saves nothing.
const OF_AIOHTTP: f64 = 1.0 / 8.0;

/// And this part of what Prometheus and its blackbox exporter spend.
const OF_BLACKBOX: f64 = 1.0 / 40.0;

/// Each card is probed once in this time.
const INTERVAL: Duration = Duration::from_secs(10);

/// After one interval, in which everything is asked for the first time, so many are measured.
const INTERVALS: u32 = 3;

pub(crate) async fn python(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let own = own_cost(bench).await?;
    let cards = bench.options.cards * 2;
    let (fake, house) = start(bench, cards).await?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/sweeps/aiohttp_sweep.py");
    let arguments = [PYTHON, script, &fake.url, &fake.token, &CONCURRENCY.to_string()].map(str::to_owned);
    let all_of_them = fake.cards.len().to_string();
    let spent = median(bench.options.repeat, || {
        let cost = house.run(&arguments)?;
        ensure!(cost.code == 0, "the script fails: see {}", house.log().display());
        ensure!(house.printed()?.trim() == all_of_them, "the script found that cards do not work");
        Ok(cost.processor)
    })?;
    let spent = spent * per(fake.cards.len()) * 1e3;
    bench.report.told(&label(cards, "and their lists by asyncio and aiohttp, unsaved: CPU ms a render"), spent);
    bench.report.bounded("a first sweep beside aiohttp: part of the CPU time a render", own.first / spent, OF_AIOHTTP);
    bench.report.bounded(
        "a further one beside aiohttp: part of the CPU time a render",
        own.further / spent,
        OF_AIOHTTP,
    );
    Ok(())
}

pub(crate) async fn blackbox(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let own = own_cost(bench).await?;
    let fake = Fake::start(bench.options.fake_core, bench.folder, bench.options.cards / 10, Duration::ZERO).await?;
    let mut probing = Probing::start(bench, &fake)?;
    probing.settle(&fake).await?;
    let (before, renders) = (probing.spent()?, fake.renders().await?.begun);
    tokio::time::sleep(INTERVAL * INTERVALS).await;
    let (after, probes) = (probing.spent()?, fake.renders().await?.begun - renders);
    probing.ensure_all_work(fake.cards.len()).await?;
    let each = per(usize::try_from(probes)?) * 1e3;
    let (server, exporter) = ((after.0 - before.0) * each, (after.1 - before.1) * each);
    bench.report.told(&label(fake.cards.len(), "every 10 s: Prometheus, CPU ms a probe"), server);
    bench.report.told("the same: blackbox_exporter, CPU ms a probe", exporter);
    let both = server + exporter;
    bench.report.bounded("a first sweep beside both: part of the CPU time a render", own.first / both, OF_BLACKBOX);
    bench.report.bounded("a further one beside both: part of the CPU time a render", own.further / both, OF_BLACKBOX);
    Ok(())
}

/// Prometheus and the exporter, both on the core that is measured.
struct Probing {
    server: Companion,
    exporter: Companion,
    address: String,
    log: PathBuf,
}

impl Probing {
    fn start(bench: &Bench<'_>, fake: &Fake) -> anyhow::Result<Self> {
        let folder = bench.folder.join("prometheus");
        // What a run before left says nothing of this one.
        let _gone_already = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let (server, exporter) = (free_address()?, free_address()?);
        fs::write(folder.join("blackbox.yml"), module(fake))?;
        fs::write(folder.join("prometheus.yml"), scrapes(fake, &exporter))?;
        let on_core = |program: &str, arguments: &[String]| -> anyhow::Result<Companion> {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(bench.options.core.to_string()).arg(program).args(arguments);
            let log = File::create(folder.join("log").with_extension(program))?;
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            Companion::start(command)
        };
        let place = |name: &str| folder.join(name).display().to_string();
        let exporter = on_core(
            "prometheus-blackbox-exporter",
            &[format!("--config.file={}", place("blackbox.yml")), format!("--web.listen-address={exporter}")],
        )?;
        let arguments = [
            format!("--config.file={}", place("prometheus.yml")),
            format!("--storage.tsdb.path={}", place("data")),
            format!("--web.listen-address={server}"),
        ];
        Ok(Self { server: on_core("prometheus", &arguments)?, exporter, address: server, log: folder })
    }

    /// Waits until each card was probed, and one interval more.
    async fn settle(&mut self, fake: &Fake) -> anyhow::Result<()> {
        let (began, cards) = (Instant::now(), u64::try_from(fake.cards.len())?);
        while fake.renders().await?.begun < cards {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let alive = self.server.ensure_alive().and_then(|()| self.exporter.ensure_alive());
            alive.with_context(|| {
                format!("Debian's prometheus, prometheus-blackbox-exporter: {}", self.log.display())
            })?;
            ensure!(began.elapsed() < INTERVAL * 12, "no probes come: see {}", self.log.display());
        }
        tokio::time::sleep(INTERVAL).await;
        Ok(())
    }

    /// Processor time of both so far.
    fn spent(&self) -> anyhow::Result<(f64, f64)> {
        Ok((self.server.processor_time()?, self.exporter.processor_time()?))
    }

    async fn ensure_all_work(&self, cards: usize) -> anyhow::Result<()> {
        let url = format!("http://{}/api/v1/query?query=sum(probe_success)", self.address);
        let text = reqwest::get(url).await?.error_for_status()?.text().await?;
        let told: serde_json::Value = serde_json::from_str(&text)?;
        let works = told["data"]["result"][0]["value"][1].as_str().unwrap_or("none");
        ensure!(works == cards.to_string(), "of {cards} probes {works} succeed: see {}", self.log.display());
        Ok(())
    }
}

/// What it takes to see that a card renders: an answer of 200 may still say that it does not.
fn module(fake: &Fake) -> String {
    format!(
        "modules:\n  render:\n    prober: http\n    timeout: 9s\n    http:\n      method: PUT\n      \
         preferred_ip_protocol: ip4\n      headers:\n        X-DOMO-Developer-Token: {}\n        \
         Content-Type: application/json\n      body: '{{}}'\n      fail_if_body_matches_regexp: ['\"status\":\"error\"']\n",
        fake.token
    )
}

/// Every card as a target of the exporter, as its documentation has it.
fn scrapes(fake: &Fake, exporter: &str) -> String {
    let targets = fake.cards.iter().map(|card| format!("          - '{}'", render_address(fake, *card)));
    let targets = targets.collect::<Vec<_>>().join("\n");
    format!(
        "global:\n  scrape_interval: {0}s\n  scrape_timeout: {0}s\nscrape_configs:\n  - job_name: cards\n    \
         metrics_path: /probe\n    params:\n      module: [render]\n    static_configs:\n      - targets:\n{targets}\n    \
         relabel_configs:\n      - source_labels: [__address__]\n        target_label: __param_target\n      \
         - source_labels: [__param_target]\n        target_label: instance\n      \
         - target_label: __address__\n        replacement: '{exporter}'\n",
        INTERVAL.as_secs()
    )
}

fn render_address(fake: &Fake, card: i64) -> String {
    format!("{}/api/content/v1/cards/kpi/{card}/render?parts=dynamic,summary", fake.url)
}

/// An address on which nobody listens, to be listened on soon.
fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string())
}
