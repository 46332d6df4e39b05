//! How `cardwatch status` reads. Owns its sentences and tables; what they say is [`status`](super::status)'s to gather.

use std::time::Duration;

use super::mutes;
use super::signs;
use super::status::{At, BrokenCard, CannotCheck, IncidentStatus, InstanceStatus, NoDataCard, SlowCard, Status};
use super::table::{self, CARD, cell, cells, count_cards, minute, table, wrapped};
use crate::domain::Timestamp;
use crate::domain::foreign;
use crate::domain::report::LONG_EMPTY;

/// What is known of more datasets of one incident than this is left to the data.
const MOST_DATASETS: usize = 5;

/// The trouble of a sweep is cut to so many characters.
const TROUBLE_LIMIT: usize = 2_000;

impl Status {
    /// The answer for people.
    pub(super) fn in_words(&self, now: Timestamp) -> String {
        let instances = self.instances.iter().map(|instance| instance.in_words(now));
        let why = self.mails_waiting_error.as_ref().map(|error| format!("; {}", cell(error))).unwrap_or_default();
        let waiting = format!("mails that wait to be sent: {}{why}\n", self.mails_waiting);
        let waiting = (self.mails_waiting > 0).then_some(waiting);
        let rejected = self.mails_rejected.iter();
        let rejected = rejected.map(|mail| format!("mail refused for good: {}: {}\n", mail.subject, cell(&mail.error)));
        instances.chain(waiting).chain(rejected).collect::<Vec<_>>().join("\n")
    }
}

impl InstanceStatus {
    fn in_words(&self, now: Timestamp) -> String {
        let head = [
            Some(self.counts()),
            self.cannot_check.as_ref().map(CannotCheck::line),
            self.maintenance_until.map(|At(until)| format!("  in maintenance until {}: mails wait", minute(until))),
            Some(self.sweeps()),
            self.trouble(),
            self.invalid_functions.filter(|count| *count > 0).map(invalid),
        ];
        let long = |card: &&NoDataCard| (now - card.since.0).to_std().is_ok_and(|since| since >= LONG_EMPTY);
        let empty: Vec<&NoDataCard> = self.no_data_cards.iter().filter(long).collect();
        let head = head.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let parts =
            [head].into_iter().chain(self.broken()).chain(slow_table(&self.slow_cards)).chain(empty_table(&empty));
        let parts: Vec<String> = parts.collect();
        format!("{}\n", parts.join("\n\n"))
    }

    fn counts(&self) -> String {
        let muted = if self.muted == 0 { String::new() } else { format!(" ({} muted)", self.muted) };
        format!(
            "{}: {} of {} broken{muted}, {} unchecked, {} unsupported",
            self.name,
            self.broken,
            count_cards(self.cards),
            self.unchecked,
            self.unsupported
        )
    }

    fn sweeps(&self) -> String {
        let last = match &self.last_sweep {
            None => "  never swept".to_owned(),
            Some(sweep) => format!("  last sweep {} ({})", minute(sweep.finished_at.0), sweep.outcome),
        };
        match &self.next_sweep {
            None => last,
            Some(At(next)) => format!("{last}, next {} if the daemon runs", minute(*next)),
        }
    }

    fn trouble(&self) -> Option<String> {
        let error = self.last_sweep.as_ref()?.error.as_ref()?;
        Some(format!("  {}", foreign::one_line(error, TROUBLE_LIMIT)))
    }

    /// The broken cards by id, as in a mail, each incident with its own; those that are in none come last.
    fn broken(&self) -> Vec<String> {
        let of = |incident: Option<&IncidentStatus>| -> Vec<&BrokenCard> {
            let id = incident.map(|incident| incident.id);
            let mut cards: Vec<_> = self.broken_cards.iter().filter(|card| card.incident == id).collect();
            cards.sort_by_key(|card| card.card_id);
            cards
        };
        let by_incident = self.incidents.iter().map(|incident| {
            let cards = of(Some(incident));
            format!("{}\n{}", incident.in_words(&cards), broken_table(&cards, Some(incident)))
        });
        let others = Some(of(None)).filter(|cards| !cards.is_empty()).map(|cards| broken_table(&cards, None));
        by_incident.chain(others).collect()
    }
}

impl IncidentStatus {
    fn in_words(&self, cards: &[&BrokenCard]) -> String {
        let muted = match cards.iter().filter(|card| card.muted.is_some()).count() {
            0 => String::new(),
            1 if cards.len() == 1 => ", muted".to_owned(),
            all if all == cards.len() => ", all muted".to_owned(),
            some => format!(", {some} muted"),
        };
        let head = [
            wrapped(&format!("#{} {}", self.id, cell(&self.title)), "    "),
            wrapped(&format!("  {}{muted}, since {}", self.extent, minute(self.opened_at.0)), "    "),
            wrapped(&format!("  {}: {}", self.class, cell(&self.reason)), "    "),
        ];
        let datasets = self.datasets.iter().take(MOST_DATASETS);
        let datasets = datasets.map(|dataset| wrapped(&format!("  {}", dataset.line()), "    "));
        let more = self.datasets.len().saturating_sub(MOST_DATASETS);
        let more = (more > 0).then(|| format!("  and {more} more"));
        head.into_iter().chain(datasets).chain(more).collect::<Vec<_>>().join("\n")
    }
}

fn broken_table(cards: &[&BrokenCard], incident: Option<&IncidentStatus>) -> String {
    let mut rows = table(&[CARD, "Pages and owners", "Broken since"]);
    for card in cards {
        let said = incident.is_some_and(|incident| incident.reason == card.reason);
        let reason = (!said).then(|| cell(&card.reason));
        let muted = card.muted.as_ref().map(mutes::in_words);
        let recent = Some(signs::strip(card.recent)).filter(|strip| !strip.is_empty());
        let since = [Some(minute(card.since.0)), recent, reason, muted];
        let since = since.into_iter().flatten().collect::<Vec<_>>().join("\n");
        rows.add_row([table::card(&card.title, &card.url), card.whose(), since]);
    }
    rows.to_string()
}

impl BrokenCard {
    /// Its pages and its owners; where it has none, theirs.
    fn whose(&self) -> String {
        let owned = match (&self.owners[..], &self.page_owners[..]) {
            ([], []) => None,
            ([], of_pages) => Some(format!("page owned by {}", cells(of_pages))),
            (owners, _) => Some(format!("owned by {}", cells(owners))),
        };
        [cells(&self.pages)].into_iter().chain(owned).collect::<Vec<_>>().join("\n")
    }
}

impl CannotCheck {
    fn line(&self) -> String {
        let since = minute(self.since.0);
        match self.sweeps {
            1 => format!("  cannot check since {since}: the latest sweep decided nothing"),
            sweeps => format!("  cannot check since {since}: {sweeps} sweeps in a row decided nothing"),
        }
    }
}

fn slow_table(cards: &[SlowCard]) -> Option<String> {
    let mut rows = table(&[CARD, "Slow: took", "Usually"]);
    for card in cards {
        rows.add_row([table::card(&card.title, &card.url), seconds(card.latency_ms), seconds(card.usual_ms)]);
    }
    (!cards.is_empty()).then(|| rows.to_string())
}

fn empty_table(cards: &[&NoDataCard]) -> Option<String> {
    let mut rows = table(&[CARD, "Without data since"]);
    for card in cards {
        rows.add_row([table::card(&card.title, &card.url), minute(card.since.0)]);
    }
    (!cards.is_empty()).then(|| rows.to_string())
}

fn invalid(count: u64) -> String {
    match count {
        1 => "  1 beast mode is invalid, as Domo counts them".to_owned(),
        count => format!("  {count} beast modes are invalid, as Domo counts them"),
    }
}

/// '12.4 s'.
pub(super) fn seconds(millis: u64) -> String {
    format!("{:.1} s", Duration::from_millis(millis).as_secs_f64())
}
