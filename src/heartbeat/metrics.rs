//! What is counted of heartbeats. Owns the counter, with both its series there from the start for each instance that
//! has an address.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::domain::ids::InstanceName;

const RESULTS: [&str; 2] = ["sent", "failed"];

/// The counter of all instances.
#[derive(Debug, Clone)]
pub struct HeartbeatMetrics(IntCounterVec);

impl HeartbeatMetrics {
    /// Makes the counter in `registry`.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let help = "Heartbeats to the dead man's switch, by what came of them after all tries.";
        let counter = IntCounterVec::new(Opts::new("cardwatch_heartbeats_total", help), &["domo_instance", "result"])?;
        registry.register(Box::new(counter.clone()))?;
        Ok(Self(counter))
    }

    /// The series of one instance, shown from now on. Where they are forgotten, who has them counts on unseen.
    pub(super) fn of_instance(&self, instance: &InstanceName) -> Counted {
        let [sent, failed] = RESULTS.map(|result| self.0.with_label_values(&[instance.as_str(), result]));
        Counted { sent, failed }
    }

    /// Shows the series of an instance no more.
    pub fn forget(&self, instance: &InstanceName) {
        for result in RESULTS {
            // A series that is not there is as gone as one that was removed.
            let _gone = self.0.remove_label_values(&[instance.as_str(), result]);
        }
    }
}

/// The series of one instance.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) sent: IntCounter,
    pub(super) failed: IntCounter,
}
