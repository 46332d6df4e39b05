//! What is true of the fake instance, and whether cardwatch says so. Owns holding `cardwatch status` and `/metrics`
//! against it; how it came to be so is `script`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{bail, ensure};
use cardwatch::clock::{SharedClock, within};
use cardwatch::domain::verdict::Class;

use crate::desk::{Desk, Metrics, Status};

/// A sweep that told of a change is on the gauges within this, and a mute as well.
const PATIENCE: Duration = Duration::from_secs(10);

/// It is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is true.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The cards that are broken, by what happened to them.
    pub(crate) incidents: BTreeMap<String, Incident>,
    /// The broken cards that are muted, with the reason.
    pub(crate) muted: BTreeMap<i64, String>,
    /// The slow cards.
    pub(crate) slow: BTreeSet<i64>,
}

/// Cards that one thing broke.
#[derive(Debug)]
pub(crate) struct Incident {
    /// Domo's class of it.
    pub(crate) class: Class,
    /// The cards.
    pub(crate) cards: BTreeSet<i64>,
}

impl Truth {
    /// How many cards are broken.
    pub(crate) fn broken(&self) -> usize {
        self.incidents.values().map(|incident| incident.cards.len()).sum()
    }

    /// Whether `cardwatch status` and `/metrics` come to say all this.
    pub(crate) async fn must_show(&self, desk: &Desk, clock: &SharedClock) -> anyhow::Result<()> {
        let mut last = None;
        let shown = async {
            loop {
                match self.shows(desk).await {
                    Ok(()) => return,
                    Err(error) => last = Some(error),
                }
                clock.sleep(LOOK_EVERY).await;
            }
        };
        match (within(&**clock, PATIENCE, shown).await, last) {
            (None, Some(error)) => Err(error),
            (None, None) => bail!("neither 'cardwatch status' nor /metrics answers"),
            (Some(()), _) => Ok(()),
        }
    }

    async fn shows(&self, desk: &Desk) -> anyhow::Result<()> {
        self.is_status(&desk.status().await?)?;
        self.is_on_gauges(&desk.metrics().await?)
    }

    fn is_status(&self, status: &Status) -> anyhow::Result<()> {
        let incidents: BTreeMap<&str, BTreeSet<i64>> = status
            .incidents
            .iter()
            .map(|incident| (incident.title.as_str(), incident.card_ids.iter().copied().collect()))
            .collect();
        let expected: BTreeMap<&str, BTreeSet<i64>> =
            self.incidents.iter().map(|(title, incident)| (title.as_str(), incident.cards.clone())).collect();
        ensure!(incidents == expected, "the incidents are {expected:?}, and 'cardwatch status' says {incidents:?}");
        let (muted, slow) = (muted(status)?, status.slow_cards.iter().map(|card| card.card_id).collect());
        ensure!(muted == self.muted, "muted are {:?}, and 'cardwatch status' says {muted:?}", self.muted);
        ensure!(self.slow == slow, "slow are {:?}, and 'cardwatch status' says {slow:?}", self.slow);
        let counts = (status.broken, status.muted, status.broken_cards.len());
        let expected = (self.broken(), self.muted.len(), self.broken());
        ensure!(counts == expected, "'cardwatch status' counts {counts:?} broken, muted, listed, and not {expected:?}");
        Ok(())
    }

    fn is_on_gauges(&self, metrics: &Metrics) -> anyhow::Result<()> {
        let acme = |name: &str| format!(r#"cardwatch_{name}{{domo_instance="acme"}}"#);
        let mut gauges = vec![
            (r#"cardwatch_cards{domo_instance="acme",state="broken"}"#.to_owned(), self.broken()),
            (acme("muted_cards"), self.muted.len()),
            (acme("slow_cards"), self.slow.len()),
        ];
        for class in Class::ALL {
            let series = format!(r#"cardwatch_incidents_open{{class="{}",domo_instance="acme"}}"#, class.name());
            gauges.push((series, self.incidents.values().filter(|incident| incident.class == class).count()));
        }
        for (series, expected) in gauges {
            let value = metrics.value(&series)?;
            ensure!(value == expected, "{series} is {value} and has to be {expected}");
        }
        Ok(())
    }
}

/// The muted cards with the reasons that people gave.
fn muted(status: &Status) -> anyhow::Result<BTreeMap<i64, String>> {
    let mut muted = BTreeMap::new();
    for card in &status.broken_cards {
        if let Some(mute) = &card.mute {
            ensure!(!mute.by.is_empty(), "'cardwatch status' does not say who muted card {}", card.card_id);
            muted.insert(card.card_id, mute.reason.clone());
        }
    }
    Ok(muted)
}
