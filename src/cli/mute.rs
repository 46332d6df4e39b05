//! `cardwatch mute` and `cardwatch unmute`: somebody knows of a broken card, or wants to hear of it again. Owns what
//! they say; when a mute holds is the domain's.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::args::{MuteOptions, UnmuteOptions};
use super::mutes;
use super::output::print;
use super::table::cell;
use super::{Exit, Failure, Outcome, Session, must_know, never_seen};
use crate::clock::SharedClock;
use crate::daemon::clock::SystemClock;
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::mute::Mute;
use crate::domain::shown::Shown;
use crate::store::{MuteRecord, MuteRefused, Store};

pub(super) async fn mute(session: &Session, options: &MuteOptions) -> Outcome {
    let (store, now) = open(session, options.instance.as_ref()).await?;
    let until = |lasting| Some(now + chrono::TimeDelta::from_std(lasting).ok()?);
    let until = options
        .lasting
        .map(|lasting| until(lasting).context("--for: that is too long; leave it out to mute the card until it works"));
    let mute = Mute { reason: options.reason.clone(), by: session.user(), at: now, until: until.transpose()? };
    let muted = store.mute(CardId(options.card), options.instance.as_ref(), &mute).await?;
    store.close().await;
    let muted = muted.map_err(|refused| why_not(options.card, &refused))?;
    print(&format!("{} is {}\n", card(&muted), mutes::in_words(&muted.mute)))?;
    Ok(Exit::Well)
}

pub(super) async fn unmute(session: &Session, options: &UnmuteOptions) -> Outcome {
    let (store, now) = open(session, options.instance.as_ref()).await?;
    let unmuted = store.unmute(CardId(options.card), options.instance.as_ref(), &session.user(), now).await?;
    store.close().await;
    let unmuted = unmuted.map_err(|refused| why_not(options.card, &refused))?;
    print(&format!("{} is muted no more: what is due is mailed after the next sweep\n", card(&unmuted)))?;
    Ok(Exit::Well)
}

async fn open(session: &Session, instance: Option<&InstanceName>) -> Result<(Store, Timestamp), Failure> {
    let config = session.load()?.config;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let store = Store::open_existing(&config.storage.path).await?;
    must_know(&config, &store, instance).await?;
    Ok((store, clock.now()))
}

fn card(record: &MuteRecord) -> String {
    format!("card {} of {} ({})", record.card, cell(&record.instance), cell(&record.title))
}

/// The refusal with its remedy.
fn why_not(card: i64, refused: &MuteRefused) -> anyhow::Error {
    let nothing = |is: &str| {
        anyhow!(
            "card {card} {is}: there is nothing to acknowledge; for planned work set a maintenance window (instances.NAME.maintenance)"
        )
    };
    match refused {
        MuteRefused::NoSuchCard => never_seen(card),
        MuteRefused::Ambiguous(instances) => {
            anyhow!("card {card} is in several instances; say which one with --instance: {}", instances.join(", "))
        }
        MuteRefused::NotBroken(Shown::Working | Shown::Broken) => nothing("is working"),
        MuteRefused::NotBroken(Shown::Unchecked) => nothing("is not known to be broken"),
        MuteRefused::NotBroken(Shown::Unsupported) => nothing("is unsupported: Domo has no way to render it"),
        MuteRefused::NotMuted => anyhow!("card {card} is not muted; 'cardwatch mutes' lists the mutes that hold"),
    }
}
