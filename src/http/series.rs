//! Gauges with a series for each page or card. Owns writing them in Prometheus' text format as they are told of: a
//! registry is made for values that change under many hands, and would cost more than all the rest of a scrape for
//! thousands that are read once.

use std::fmt::Write as _;

/// A gauge of which each page or card has a series of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gauge {
    pub(super) name: &'static str,
    /// What it tells; without a backslash and in one line.
    pub(super) help: &'static str,
}

impl Gauge {
    /// What stands above its series.
    pub(super) fn head(self) -> String {
        let Self { name, help } = self;
        format!("# HELP {name} {help}\n# TYPE {name} gauge\n")
    }

    /// Writes a series more, whose labels differ from those of every other.
    pub(super) fn write(self, text: &mut String, labels: &[(&str, &str)], count: usize) {
        text.push_str(self.name);
        for (place, (name, value)) in labels.iter().enumerate() {
            text.push(if place == 0 { '{' } else { ',' });
            text.push_str(name);
            text.push_str("=\"");
            for c in value.chars() {
                match c {
                    '\\' => text.push_str("\\\\"),
                    '\n' => text.push_str("\\n"),
                    '"' => text.push_str("\\\""),
                    c => text.push(c),
                }
            }
            text.push('"');
        }
        // Writing to a text never fails.
        let _ = writeln!(text, "}} {count}");
    }
}
