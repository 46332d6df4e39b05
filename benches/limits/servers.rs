//! The servers whose limit is known. Owns the list; what the limits mean is the fake Domo's.

use std::time::Duration;

use fake_domo::{Condition, Domo};

/// A Domo, and what it bears.
pub(crate) struct Server {
    /// What it is called in the table.
    pub(crate) name: String,
    pub(crate) condition: Condition,
    pub(crate) cards: Cards,
}

/// How long renders take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cards {
    /// So long, and up to half as much longer.
    Alike(Duration),
    /// Each card its own time between the two, each order of magnitude as often.
    Unlike(Duration, Duration),
}

/// Every server: those that let renders wait, those that refuse by number, those that refuse by time.
pub(crate) fn all() -> Vec<Server> {
    let alike = Cards::Alike(Duration::from_millis(200));
    let quick = Cards::Alike(Duration::from_millis(40));
    let unlike = Cards::Unlike(Duration::from_millis(20), Duration::from_secs(2));
    let in_flight = |renders, retry_after| Condition::InFlight { renders, retry_after };
    let bucket = |renders_per_second, burst, retry_after| Condition::Bucket { renders_per_second, burst, retry_after };
    let all = [
        ("waits beyond 12 workers, cards alike", Condition::Workers(12), alike),
        ("waits beyond 48 workers, cards alike", Condition::Workers(48), alike),
        ("waits beyond 96 workers, cards unlike", Condition::Workers(96), unlike),
        ("refuses beyond 12 in flight, cards alike", in_flight(12, None), alike),
        ("refuses beyond 32 in flight, cards alike", in_flight(32, Some(1)), alike),
        ("refuses beyond 96 in flight, cards unlike", in_flight(96, None), unlike),
        ("refuses beyond 40/s, burst 5, cards alike", bucket(40, 5, None), quick),
        ("refuses beyond 100/s, burst 10, cards alike", bucket(100, 10, Some(1)), quick),
        ("refuses beyond 80/s, burst 10, cards unlike", bucket(80, 10, None), unlike),
        (
            "refuses beyond 100 in any second, cards alike",
            Condition::Capacity { renders_per_second: 100, retry_after: Some(1) },
            quick,
        ),
    ];
    all.map(|(name, condition, cards)| Server { name: name.to_owned(), condition, cards }).into()
}

impl Server {
    /// Renders a second.
    pub(crate) fn capacity(&self) -> f64 {
        let by_number = |renders: u32| f64::from(renders) / self.cards.mean();
        match self.condition {
            Condition::Workers(renders) | Condition::InFlight { renders, .. } => by_number(renders),
            Condition::Bucket { renders_per_second, .. } | Condition::Capacity { renders_per_second, .. } => {
                f64::from(renders_per_second)
            }
            Condition::Healthy
            | Condition::Throttled { .. }
            | Condition::Failing(_)
            | Condition::Down
            | Condition::LoginPage => f64::INFINITY,
        }
    }
}

impl Cards {
    /// In seconds.
    fn mean(self) -> f64 {
        match self {
            Self::Alike(time) => time.as_secs_f64() * 1.25,
            Self::Unlike(least, most) => {
                let (least, most) = (least.as_secs_f64(), most.as_secs_f64());
                (most - least) / (most / least).ln()
            }
        }
    }

    /// Gives a fake Domo's cards their times.
    pub(crate) fn give(self, domo: &Domo) {
        match self {
            Self::Alike(time) => domo.set_latency(time, time / 2),
            Self::Unlike(least, most) => {
                let mut random = fastrand::Rng::with_seed(7);
                let ratio = most.as_secs_f64() / least.as_secs_f64();
                for card in domo.kpi_cards() {
                    domo.set_card_latency(card, least.mul_f64(ratio.powf(random.f64())));
                }
            }
        }
    }
}
