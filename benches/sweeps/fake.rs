//! The fake Domo, as a process of its own: this program once more, on another core. Owns starting it, what is known of
//! it, and changing it while it runs.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fake_domo::{FakeDomo, Spec};

use super::process;

/// Making up a large instance takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// A fake Domo that runs; it ends with this.
pub(crate) struct Fake {
    process: Child,
    pub(crate) url: String,
    pub(crate) token: String,
    /// The cards that render.
    pub(crate) cards: Vec<i64>,
}

/// Renders that the fake was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renders {
    pub(crate) begun: u64,
    pub(crate) in_flight: u64,
}

/// Is the fake Domo, until nobody holds the other end of standard input any more. `place` gets its address, its token and
/// the ids of its cards, a line each.
pub(crate) fn serve(place: &Path, cards: usize, latency_ms: u64) -> anyhow::Result<()> {
    let latency = Duration::from_millis(latency_ms);
    // A card in 25 is of another type, beside those that are asked for.
    let spec = Spec::new(7).pages((cards / 5).max(1)).cards(cards * 25 / 24).latency(latency, Duration::ZERO);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let domo = runtime.block_on(FakeDomo::new(spec).start());
    let mut lines = vec![domo.url(), domo.token()];
    lines.extend(domo.kpi_cards().iter().map(i64::to_string));
    let unfinished = place.with_extension("unfinished");
    fs::write(&unfinished, lines.join("\n"))?;
    fs::rename(unfinished, place)?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

impl Fake {
    /// Starts one with as many cards that render, each of which takes `latency`.
    pub(crate) async fn start(core: usize, folder: &Path, cards: usize, latency: Duration) -> anyhow::Result<Self> {
        let place = folder.join("fake");
        // There is one only where a fake was there before.
        let _gone_already = fs::remove_file(&place);
        let mut command = Command::new("taskset");
        command.arg("-c").arg(core.to_string()).arg(std::env::current_exe()?);
        command.arg("--serve").arg(&place).args(["--cards", &cards.to_string()]);
        command.args(["--latency-ms", &latency.as_millis().to_string()]).stdin(Stdio::piped());
        let process = command.spawn().context("taskset, of Debian's util-linux")?;
        let mut fake = Self { process, url: String::new(), token: String::new(), cards: Vec::new() };
        let began = Instant::now();
        while !place.exists() {
            let runs = fake.process.try_wait()?.is_none();
            ensure!(runs && began.elapsed() < PATIENCE, "the fake Domo does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let told = fs::read_to_string(&place)?;
        let mut lines = told.lines();
        (fake.url, fake.token) =
            lines.next().zip(lines.next()).map(|(url, token)| (url.into(), token.into())).context("an address")?;
        fake.cards = lines.map(str::parse).collect::<Result<_, _>>().context("ids")?;
        Ok(fake)
    }

    /// Processor time so far, in seconds.
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        process::processor_time(self.process.id())
    }

    /// From now on this card takes so much longer.
    pub(crate) async fn slow_down(&self, card: i64, by: Duration) -> anyhow::Result<()> {
        let address = format!("{}/_fake/cards/{card}/latency", self.url);
        let body = serde_json::json!({"millis": u64::try_from(by.as_millis())?}).to_string();
        reqwest::Client::new().post(address).body(body).send().await?.error_for_status()?;
        Ok(())
    }

    /// What it was asked for since its start.
    pub(crate) async fn renders(&self) -> anyhow::Result<Renders> {
        let text = reqwest::get(format!("{}/_fake/counts", self.url)).await?.error_for_status()?.text().await?;
        let counts: serde_json::Value = serde_json::from_str(&text)?;
        let begun = counts["calls"]["render"].as_u64().unwrap_or_default();
        Ok(Renders { begun, in_flight: counts["renders_in_flight"].as_u64().context("renders in flight")? })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
