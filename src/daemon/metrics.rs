//! What the daemon counts of its own work. Owns the counters of sweeps, verdicts and transitions, with
//! every known series there from the start.

use prometheus::{IntCounterVec, Opts, Registry};

use crate::domain::closing::Closing;
use crate::domain::ids::InstanceName;
use crate::domain::shown::Shown;
use crate::domain::sweep::Outcome;
use crate::domain::verdict::Verdict;

/// Counters of sweeps and what came of them.
#[derive(Debug, Clone)]
pub struct SweepMetrics {
    sweeps: IntCounterVec,
    renders: IntCounterVec,
    transitions: IntCounterVec,
}

/// The verdicts that a render can give; the fourth needs none.
const RENDERED: [Shown; 3] = [Shown::Working, Shown::Broken, Shown::Unchecked];

impl SweepMetrics {
    /// Makes the counters in `registry`.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, label: &str| -> prometheus::Result<IntCounterVec> {
            let counter = IntCounterVec::new(Opts::new(name, help), &["domo_instance", label])?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        Ok(Self {
            sweeps: counter("cardwatch_sweeps_total", "Sweeps by how they ended.", "outcome")?,
            renders: counter("cardwatch_renders_total", "Renders by what they said.", "verdict")?,
            transitions: counter("cardwatch_card_transitions_total", "Changes of a card's state.", "to")?,
        })
    }

    /// Shows the series of an instance from now on.
    pub fn begin(&self, instance: &InstanceName) {
        for outcome in Outcome::ALL {
            self.sweeps.with_label_values(&[instance.as_str(), outcome.name()]).inc_by(0);
        }
        for verdict in RENDERED {
            self.renders.with_label_values(&[instance.as_str(), verdict.name()]).inc_by(0);
        }
        for to in [Shown::Working, Shown::Broken] {
            self.transitions.with_label_values(&[instance.as_str(), to.name()]).inc_by(0);
        }
    }

    /// Shows the series of an instance no more.
    pub fn forget(&self, instance: &InstanceName) {
        let name = instance.as_str();
        // A series that is not there is as gone as one that was removed.
        for outcome in Outcome::ALL {
            let _gone = self.sweeps.remove_label_values(&[name, outcome.name()]);
        }
        for verdict in RENDERED {
            let _gone = self.renders.remove_label_values(&[name, verdict.name()]);
        }
        for to in [Shown::Working, Shown::Broken] {
            let _gone = self.transitions.remove_label_values(&[name, to.name()]);
        }
    }

    /// A render gave its verdict.
    pub fn rendered(&self, instance: &InstanceName, verdict: &Verdict) {
        self.renders.with_label_values(&[instance.as_str(), verdict.shown().name()]).inc();
    }

    /// A sweep ended without a closing.
    pub fn ended(&self, instance: &InstanceName, outcome: Outcome) {
        self.sweeps.with_label_values(&[instance.as_str(), outcome.name()]).inc();
    }

    /// A sweep was closed.
    pub fn closed(&self, instance: &InstanceName, closing: &Closing) {
        self.ended(instance, closing.outcome);
        for (_, transition) in &closing.transitions {
            self.transitions.with_label_values(&[instance.as_str(), transition.change.to()]).inc();
        }
    }
}
