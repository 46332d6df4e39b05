//! Where one machine ends. Owns reckoning, from what a render and a card cost, what so many instances take of it.

use super::report::grouped;

/// Instances, cards in each, and minutes from one sweep to the next.
const HOUSES: [(u32, u32, u32); 6] =
    [(1, 1_000, 15), (1, 10_000, 15), (10, 10_000, 15), (10, 10_000, 5), (10, 100_000, 15), (50, 100_000, 15)];

/// So many bytes a result takes, as `tests/store/size.rs` measures it, and so long it is kept by default, in days.
const RESULT: (f64, f64) = (22.0, 90.0);

/// A render of a real Domo takes about so long, in seconds.
const RENDER: f64 = 2.0;

/// What was measured of one render and one card.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Costs {
    /// Processor time of a render in a database that is filled, in milliseconds.
    pub(crate) render: Option<f64>,
    /// Memory of a daemon with no cards, and of each card more, in bytes, while all are swept at once.
    pub(crate) memory: Option<(f64, f64)>,
}

impl Costs {
    /// Prints what is taken, where both costs were measured.
    pub(crate) fn print(self) {
        let (Some(render), Some((idle, card))) = (self.render, self.memory) else { return };
        println!("\na core ends at {:.0} renders a second\n", 1e3 / render);
        println!(
            "| instances | cards each | every | renders a second | of a core | in flight at 2 s | MB | GB in 90 days |"
        );
        println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (instances, each, minutes) in HOUSES {
            let cards = f64::from(instances) * f64::from(each);
            let rate = cards / f64::from(minutes * 60);
            let each = grouped(&each);
            println!(
                "| {instances} | {each} | {minutes} min | {rate:.0} | {:.1} % | {:.0} | {:.0} | {:.1} |",
                rate * render / 10.0,
                rate * RENDER,
                (idle + cards * card) / 1e6,
                rate * 86_400.0 * RESULT.0 * RESULT.1 / 1e9
            );
        }
    }
}
