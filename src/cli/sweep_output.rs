//! How a sweep is printed: as a table of what is not well, or as data with every card. Owns the three
//! forms; the JSON's and CSV's names are contract.

use std::io::{self, BufWriter, Write as _};

use serde::Serialize;
use url::Url;

use super::args::SweepFormat;
use super::json;
use super::output::{forgive_closed_pipe, mention, of_csv};
use super::signs::{coloured, signed};
use super::table::{self, CARD, cell, cells, count_cards, table};
use crate::daemon::sweeper::SweepEnd;
use crate::domain::closing::Judged;
use crate::domain::foreign;
use crate::domain::ids::InstanceName;
use crate::domain::link;
use crate::domain::rfc3339;
use crate::domain::shown::Shown;
use crate::domain::sweep::{Outcome, Plan, PlannedCard};

/// One instance's sweep, to be printed.
pub(super) struct Looked {
    pub(super) name: InstanceName,
    pub(super) url: Url,
    pub(super) end: SweepEnd,
}

#[derive(Serialize)]
struct Printed<'a> {
    instances: Vec<PrintedInstance<'a>>,
}

#[derive(Serialize)]
struct PrintedInstance<'a> {
    name: &'a str,
    #[serde(serialize_with = "by_name")]
    outcome: Outcome,
    started_at: String,
    finished_at: String,
    cards: usize,
    working: usize,
    broken: usize,
    unchecked: usize,
    unsupported: usize,
    error: Option<&'a str>,
    results: Results<'a>,
}

/// The cards of a sweep, each made when it is printed: there may be many.
struct Results<'a>(&'a Looked);

impl Serialize for Results<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.cards())
    }
}

#[derive(Serialize)]
struct PrintedCard<'a> {
    card_id: i64,
    title: &'a str,
    url: String,
    pages: Vec<PrintedPage<'a>>,
    owners: Vec<&'a str>,
    verdict: &'static str,
    reason: Option<&'a str>,
    latency_ms: Option<u64>,
}

#[derive(Serialize)]
struct PrintedPage<'a> {
    id: i64,
    title: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn by_name<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.name())
}

/// Prints the sweeps on stdout.
pub(super) fn print(sweeps: &[Looked], format: SweepFormat) -> anyhow::Result<()> {
    let instances: Vec<_> = sweeps.iter().map(PrintedInstance::of).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match format {
        SweepFormat::Table => {
            let tables: String = instances.iter().map(PrintedInstance::table).collect();
            out.write_all(coloured(&tables).as_bytes())
        }
        SweepFormat::Json => json::write_line(&mut out, &Printed { instances }).map_err(io::Error::from),
        SweepFormat::Csv => write_csv(&mut out, &instances),
    };
    forgive_closed_pipe(printed.and_then(|()| out.flush()))?;
    if format == SweepFormat::Csv {
        // Its rows have no place for what is wrong with a sweep as a whole.
        sweeps
            .iter()
            .map(PrintedInstance::of)
            .filter_map(|instance| instance.trouble())
            .for_each(|line| mention(&line));
    }
    Ok(())
}

impl Looked {
    fn cards(&self) -> impl Iterator<Item = PrintedCard<'_>> {
        self.cards_with(|_| true)
    }

    /// The cards with those verdicts for which `of` holds.
    fn cards_with(&self, of: impl Fn(&'static str) -> bool + Copy) -> impl Iterator<Item = PrintedCard<'_>> {
        let looked_at = self.end.looked_at.iter();
        looked_at.flat_map(move |(plan, verdicts)| {
            plan.cards.values().filter_map(move |planned| {
                let judged = verdicts.get(&planned.card.id);
                let told = told(planned, judged);
                of(told.0).then(|| self.card(plan, planned, judged, told))
            })
        })
    }

    fn card<'a>(
        &self,
        plan: &'a Plan,
        planned: &'a PlannedCard,
        judged: Option<&'a Judged>,
        (verdict, reason): (&'static str, Option<&'a str>),
    ) -> PrintedCard<'a> {
        PrintedCard {
            card_id: planned.card.id.0,
            title: &planned.card.title,
            url: link::card(&self.url, planned.card.id),
            pages: pages(plan, planned),
            owners: planned.card.owners.iter().map(|owner| owner.name.as_str()).collect(),
            verdict,
            reason,
            latency_ms: judged.and_then(|judged| u64::try_from(judged.latency.as_millis()).ok()),
        }
    }
}

/// The verdict on a card, and why.
fn told<'a>(planned: &PlannedCard, judged: Option<&'a Judged>) -> (&'static str, Option<&'a str>) {
    match judged {
        Some(judged) => (judged.verdict.shown().name(), judged.verdict.reason()),
        None if planned.card.kind.renders() => (Shown::Unchecked.name(), Some("not reached: the sweep ended first")),
        None => (Shown::Unsupported.name(), None),
    }
}

fn pages<'a>(plan: &'a Plan, planned: &PlannedCard) -> Vec<PrintedPage<'a>> {
    let held = planned.pages.iter().filter_map(|id| plan.pages.get(id));
    held.map(|held| PrintedPage { id: held.page.id.0, title: &held.page.title }).collect()
}

impl<'a> PrintedInstance<'a> {
    fn of(looked: &'a Looked) -> Self {
        let end = &looked.end;
        Self {
            name: looked.name.as_str(),
            outcome: end.outcome,
            started_at: rfc3339(end.started_at),
            finished_at: rfc3339(end.finished_at),
            cards: end.counts.all(),
            working: end.counts.working,
            broken: end.counts.broken,
            unchecked: end.counts.unchecked,
            unsupported: end.counts.unsupported,
            error: end.trouble.as_deref(),
            results: Results(looked),
        }
    }

    /// The broken and unchecked cards, and what it comes to.
    fn table(&self) -> String {
        let mut rows = table(&[CARD, "Pages", "Verdict and reason"]);
        let bad = |verdict| verdict == Shown::Broken.name() || verdict == Shown::Unchecked.name();
        let mut cards: Vec<_> = self.results.0.cards_with(bad).collect();
        cards.sort_by_key(|card| (card.verdict, card.reason, card.card_id));
        for card in &cards {
            let titles: Vec<String> = card.pages.iter().map(|page| page.title.to_owned()).collect();
            let reason = format!("{}\n{}", signed(card.verdict), cell(card.reason.unwrap_or_default()));
            rows.add_row([table::card(card.title, &card.url), cells(&titles), reason]);
        }
        let listed = if cards.is_empty() { String::new() } else { format!("{rows}\n") };
        format!("{listed}{}\n", self.summary())
    }

    /// What is wrong with the sweep as a whole, in one line.
    fn trouble(&self) -> Option<String> {
        let what = match self.outcome {
            Outcome::Failed => "cannot check cards",
            Outcome::Interrupted => "interrupted",
            Outcome::Completed | Outcome::Partial | Outcome::Skipped => self.outcome.name(),
        };
        match (self.outcome, self.error) {
            (_, Some(error)) => Some(format!("{}: {what}; {}", self.name, foreign::one_line(error, TROUBLE_LIMIT))),
            (Outcome::Failed | Outcome::Interrupted, None) => Some(format!("{}: {what}", self.name)),
            (Outcome::Completed | Outcome::Partial | Outcome::Skipped, None) => None,
        }
    }

    fn summary(&self) -> String {
        let trouble = self.error.map(|error| format!("\n  {}", foreign::one_line(error, TROUBLE_LIMIT)));
        let trouble = trouble.unwrap_or_default();
        match self.outcome {
            Outcome::Failed => format!("{}: cannot check cards{trouble}", self.name),
            Outcome::Interrupted => format!("{}: interrupted{trouble}", self.name),
            Outcome::Completed | Outcome::Partial | Outcome::Skipped => format!(
                "{}: {} in all, {} working, {} broken, {} unchecked, {} unsupported ({}){trouble}",
                self.name,
                count_cards(self.cards),
                self.working,
                self.broken,
                self.unchecked,
                self.unsupported,
                self.outcome.name(),
            ),
        }
    }
}

/// The trouble of a sweep is cut to so many characters.
const TROUBLE_LIMIT: usize = 2_000;

fn write_csv(out: &mut impl io::Write, instances: &[PrintedInstance<'_>]) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["instance", "card_id", "title", "url", "pages", "verdict", "reason", "latency_ms"])
        .map_err(of_csv)?;
    for instance in instances {
        for card in instance.results.0.cards() {
            let titles: Vec<&str> = card.pages.iter().map(|page| page.title).collect();
            rows.write_record([
                instance.name,
                &card.card_id.to_string(),
                &foreign::formula_safe(card.title),
                &card.url,
                &foreign::formula_safe(&titles.join(", ")),
                card.verdict,
                &foreign::formula_safe(card.reason.unwrap_or_default()),
                &card.latency_ms.map(|latency| latency.to_string()).unwrap_or_default(),
            ])
            .map_err(of_csv)?;
        }
    }
    rows.flush()
}
