//! `cardwatch check-config`: whether the configuration is right, and with `--online` whether what it names
//! answers. Owns the order of the checks and their words; every failure is told, not just the first.

use std::sync::Arc;

use prometheus::Registry;

use super::output::{mention, print};
use super::{Exit, Outcome, Session};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::config::valid::{Concurrency, Instance, Pages};
use crate::daemon::clock::SystemClock;
use crate::domain::sweep::Listing;
use crate::domo::{Domo, DomoMetrics, Wanted};
use crate::mail::mailer::{MailMetrics, Mailer};

pub(super) async fn execute(session: &Session, online: bool) -> Outcome {
    let loaded = session.load()?;
    print(&format!("{}: the configuration is valid\n", loaded.path.display()))?;
    if !online {
        return Ok(Exit::Well);
    }
    let clock: SharedClock = Arc::new(SystemClock::start());
    let mut failed = 0;
    for instance in &loaded.config.instances {
        failed += tell(&instance.name.to_string(), check_instance(instance, &clock).await)?;
    }
    if loaded.config.email.is_some() {
        failed += tell("email", check_email(&loaded.config, &clock).await)?;
    }
    if failed > 0 {
        return Err(anyhow::anyhow!("{failed} of the online checks failed").into());
    }
    Ok(Exit::Well)
}

/// Says one line, of a failure on stderr; returns 1 for that.
fn tell(what: &str, result: anyhow::Result<String>) -> anyhow::Result<usize> {
    match result {
        Ok(fine) => {
            print(&format!("{what}: {fine}\n"))?;
            Ok(0)
        }
        Err(error) => {
            mention(&format!("{what}: failed: {error:#}"));
            Ok(1)
        }
    }
}

async fn check_instance(instance: &Instance, clock: &SharedClock) -> anyhow::Result<String> {
    let metrics = DomoMetrics::new(&Registry::new())?;
    let domo = Domo::new(instance, clock.clone(), &metrics, fastrand::u64(..))?;
    domo.sign_in().await?;
    let listing = domo.list(&wanted(instance)).await?;
    if let Some(missing) = listing.unlisted.first() {
        anyhow::bail!("signed in, and {} of its lists could not be read: {}", listing.unlisted.len(), missing.why);
    }
    // A heartbeat would say that a sweep was made.
    let heartbeat =
        instance.heartbeat.as_ref().map_or("", |_| "; heartbeat_url is set, and is asked after sweeps alone");
    Ok(format!("signed in; {}; {}{heartbeat}", describe(&listing), at_a_time(instance.concurrency)))
}

fn at_a_time(concurrency: Concurrency) -> String {
    match concurrency {
        Concurrency::Auto => "as many renders at a time as it bears".to_owned(),
        Concurrency::Fixed(renders) => format!("{renders} at a time"),
    }
}

fn wanted(instance: &Instance) -> Wanted {
    match &instance.pages {
        Pages::All => Wanted::Instance,
        Pages::Some { ids, subpages } => Wanted::Pages { ids: ids.clone(), subpages: *subpages },
    }
}

fn describe(listing: &Listing) -> String {
    let rendered = listing.cards.values().filter(|card| card.kind.renders()).count();
    format!("{} cards on {} pages, {rendered} of them of a type that renders", listing.cards.len(), listing.pages.len())
}

async fn check_email(config: &Config, clock: &SharedClock) -> anyhow::Result<String> {
    let Some(email) = &config.email else { return Ok("not configured".to_owned()) };
    let mailer = Mailer::new(email, clock.clone(), MailMetrics::new(&Registry::new())?)?;
    mailer.check().await?;
    Ok(format!("{} takes mail from cardwatch; 'cardwatch send-test-email' sends one", email.server.host))
}
