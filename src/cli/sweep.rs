//! `cardwatch sweep`: one sweep now, by the same function as the daemon's. Owns which instances, the
//! progress bar and the exit code; how results are printed is in [`sweep_output`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use prometheus::Registry;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::args::SweepOptions;
use super::output::complain;
use super::sweep_output::{self, Looked};
use super::{Exit, Outcome, Session, must_be_configured, privacy};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::config::valid::Instance;
use crate::daemon::clock::SystemClock;
use crate::daemon::lifecycle::{Pulse, Signals};
use crate::daemon::mailroom::{Errand, Mailroom};
use crate::daemon::metrics::SweepMetrics;
use crate::daemon::sweeper::{LetterHead, SweepEnd, SweepRequest, Sweeper, sweep_once};
use crate::domain::ids::PageId;
use crate::domo::{Domo, DomoMetrics};
use crate::heartbeat::{Beat, Heartbeat, HeartbeatMetrics};
use crate::http::live::Live;
use crate::mail::mailer::{MailMetrics, Mailer};
use crate::store::Store;

pub(super) async fn execute(session: &Session, options: &SweepOptions) -> Outcome {
    let config = session.load()?.config;
    let instances = chosen(&config, options)?;
    let clock: SharedClock = Arc::new(SystemClock::start());
    privacy::create_database(&config.storage.path);
    let store = Store::open(&config.storage.path).await?;
    let stop = CancellationToken::new();
    let (ignored, _requests) = mpsc::channel(1);
    let signals = tokio::spawn(Signals::take()?.heed(stop.clone(), ignored));
    let sweepers = sweepers(&config, &instances, options, &store, &clock).await?;
    let request = SweepRequest { pages: options.page.iter().copied().map(PageId).collect() };
    let looked = sweep_all(sweepers, &request, &stop, options, &clock).await?;
    sweep_output::print(&looked, options.format)?;
    let mail = async { if options.alert { send_mail(&config, &store, &clock, &stop).await } else { Ok(()) } };
    let whole = if request.pages.is_empty() { &*looked } else { &[] };
    let (mailed, ()) = tokio::join!(mail, send_heartbeats(&instances, whole, &clock, &stop));
    signals.abort();
    if let Err(error) = mailed {
        // The sweep is saved and printed, and its verdict is what the exit code tells.
        complain(&error);
    }
    store.close().await;
    Ok(exit(&looked.iter().map(|looked| &looked.end).collect::<Vec<_>>()))
}

fn chosen(config: &Config, options: &SweepOptions) -> anyhow::Result<Vec<Instance>> {
    options.instance.iter().try_for_each(|name| must_be_configured(config, Some(name)))?;
    let wanted = |instance: &&Instance| options.instance.is_empty() || options.instance.contains(&instance.name);
    let chosen: Vec<Instance> = config.instances.iter().filter(wanted).cloned().collect();
    if !options.page.is_empty() && chosen.len() > 1 {
        let known: Vec<&str> = config.instances.iter().map(|instance| instance.name.as_str()).collect();
        bail!("--page: several instances are configured; say which one with --instance: {}", known.join(", "));
    }
    Ok(chosen)
}

async fn sweepers(
    config: &Config,
    instances: &[Instance],
    options: &SweepOptions,
    store: &Store,
    clock: &SharedClock,
) -> anyhow::Result<Vec<Sweeper>> {
    let registry = Registry::new();
    let metrics = SweepMetrics::new(&registry)?;
    let domo_metrics = DomoMetrics::new(&registry)?;
    let mut sweepers = Vec::new();
    for instance in instances {
        store.know_instance(&instance.name, &instance.url, config.alerts.policy.stale_after).await?;
        let letters = options.alert.then(|| LetterHead::of(config, instance)).flatten();
        sweepers.push(Sweeper {
            instance: Arc::new(instance.clone()),
            alerts: Arc::new(config.alerts.clone()),
            letters: letters.map(Arc::new),
            domo: Arc::new(Domo::new(instance, clock.clone(), &domo_metrics, fastrand::u64(..))?),
            store: store.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            live: Arc::new(Live::default()),
            pulse: Pulse::unwatched(),
            pid: std::process::id(),
        });
    }
    if options.alert && config.email.is_none() {
        tracing::warn!("--alert: there is no [email] section, so nobody is mailed");
    }
    Ok(sweepers)
}

async fn sweep_all(
    sweepers: Vec<Sweeper>,
    request: &SweepRequest,
    stop: &CancellationToken,
    options: &SweepOptions,
    clock: &SharedClock,
) -> anyhow::Result<Vec<Looked>> {
    let bars = (!options.no_progress && console::Term::stderr().is_term()).then(MultiProgress::new);
    let sweeps = sweepers.iter().map(|sweeper| async {
        let sweep = Box::pin(sweep_once(sweeper, request, stop));
        let end = match &bars {
            None => sweep.await,
            Some(bars) => with_progress(sweep, &bars.add(new_bar(sweeper)?), &sweeper.live, clock).await,
        };
        end.map_err(anyhow::Error::from).map(|end| Looked {
            name: sweeper.instance.name.clone(),
            url: sweeper.instance.url.clone(),
            end,
        })
    });
    futures::future::join_all(sweeps).await.into_iter().collect()
}

fn new_bar(sweeper: &Sweeper) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} cards, {elapsed} {msg}")?;
    let name = sweeper.instance.name.to_string();
    Ok(ProgressBar::new(0).with_style(style).with_prefix(name).with_message("listing cards"))
}

/// The bar is drawn so often.
const DRAW_EVERY: Duration = Duration::from_millis(100);

async fn with_progress<T>(sweep: impl Future<Output = T>, bar: &ProgressBar, live: &Live, clock: &SharedClock) -> T {
    tokio::pin!(sweep);
    loop {
        tokio::select! {
            end = &mut sweep => {
                bar.finish_and_clear();
                return end;
            }
            () = clock.sleep(DRAW_EVERY) => {
                let (remaining, of) = live.progress();
                bar.set_length(of as u64);
                bar.set_position((of - remaining) as u64);
                bar.set_message(match (of, remaining) {
                    (0, _) => "listing cards",
                    (_, 0) => "confirming what newly fails",
                    _ => "",
                });
            }
        }
    }
}

/// Mails what this sweep made due, and what an earlier one could not hand over, unless a daemon does: it has the outbox
/// in hand.
async fn send_mail(
    config: &Config,
    store: &Store,
    clock: &SharedClock,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let Some(email) = &config.email else { return Ok(()) };
    if store.queue_state().await?.length == 0 {
        return Ok(());
    }
    let mailer = Mailer::new(email, clock.clone(), MailMetrics::new(&Registry::new())?)?;
    // Whoever calls may just have mended what kept mail from leaving.
    store.make_letters_due(clock.now()).await?;
    match Mailroom::new(mailer, store.clone(), clock.clone(), Pulse::unwatched()).send_what_is_due(stop).await? {
        Errand::Done => Ok(()),
        Errand::DaemonDoesIt => {
            tracing::info!("the daemon that runs on this database sends the mail");
            Ok(())
        }
        Errand::Waiting(error) => {
            bail!("the mail waits in the outbox for 'cardwatch run' or the next 'cardwatch sweep --alert': {error}")
        }
    }
}

/// Shows the dead man's switch of each instance that it was looked at. One that is not reached is no failure of the
/// sweep, and holds up no stop.
async fn send_heartbeats(instances: &[Instance], looked: &[Looked], clock: &SharedClock, stop: &CancellationToken) {
    let beats = instances.iter().zip(looked).filter_map(|(instance, looked)| Some((instance, looked.end.beat()?)));
    let sending = beats.map(|(instance, beat)| async move {
        let sent = send_heartbeat(instance, &beat, clock).await;
        sent.with_context(|| format!("the heartbeat of {} is not taken", instance.name))
    });
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        sent = futures::future::join_all(sending) => {
            for error in sent.into_iter().filter_map(Result::err) {
                tracing::warn!("{error:#}");
            }
        }
    }
}

async fn send_heartbeat(instance: &Instance, beat: &Beat, clock: &SharedClock) -> anyhow::Result<()> {
    let metrics = HeartbeatMetrics::new(&Registry::new())?;
    if let Some(heartbeat) = Heartbeat::of(instance, clock.clone(), &metrics)? {
        heartbeat.send(beat).await?;
    }
    Ok(())
}

/// What the exit code says of all instances together.
fn exit(ends: &[&SweepEnd]) -> Exit {
    let decided: usize = ends.iter().map(|end| end.counts.decided()).sum();
    let whole = ends.iter().all(|end| end.outcome == crate::domain::sweep::Outcome::Completed);
    if ends.iter().any(|end| end.counts.broken > 0) {
        Exit::Broken
    } else if decided == 0 {
        Exit::Undecided
    } else if whole {
        Exit::Well
    } else {
        Exit::Unchecked
    }
}
