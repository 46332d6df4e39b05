//! The table: what was measured beside what is promised. Owns how it is put, and whether all of it holds.

/// What was measured so far.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    broken: usize,
}

impl Bounds {
    /// Prints the head.
    pub(crate) fn begin() -> Self {
        println!("| {:70} | {:>9} | {:>9} | {:>7} |", "what", "measured", "at most", "holds");
        println!("| {:-<70} | {:->8}: | {:->8}: | {:->7} |", "", "", "", "");
        Self::default()
    }

    /// Something that is promised.
    pub(crate) fn promise(&mut self, what: &str, measured: f64, most: f64) {
        let holds = measured <= most;
        self.broken += usize::from(!holds);
        println!("| {what:70} | {measured:9.2} | {most:9.2} | {:>7} |", if holds { "yes" } else { "NO" });
    }

    /// Something that is good to know beside what is promised.
    pub(crate) fn note(what: &str, measured: f64) {
        println!("| {what:70} | {measured:9.2} | {:>9} | {:>7} |", "", "");
    }

    /// Whether every promise holds.
    pub(crate) fn hold(self) -> bool {
        self.broken == 0
    }
}
