//! What a letter says of an incident: what happened in words, why, and what Domo says of its datasets. Owns these
//! words; which cards stand below them is [`super::outline`]'s.

use super::outline::{REASON_LIMIT, TITLE_LIMIT};
use super::words;
use crate::domain::Timestamp;
use crate::domain::dataset::{Evidence, Run, RunOutcome, SchemaChange};
use crate::domain::foreign::one_line;
use crate::domain::report::{Audience, Group, IncidentLine, OwnerCount, Report, cards};

/// So many datasets of one incident are spoken of.
const MOST_DATASETS: usize = 3;

/// The longest message of a run in a letter, in characters.
const MESSAGE_LIMIT: usize = 200;

/// The longest word of Domo's for a state, in characters.
const STATE_LIMIT: usize = 40;

/// What is wrong with the cards of a block.
pub(super) struct Cause {
    /// 'Dataset Orders lost a column'.
    pub title: String,
    /// '4 of its 30 cards'.
    pub extent: String,
    /// As Domo put it.
    pub reason: String,
    /// One sentence for each dataset of which something is known.
    pub evidence: Vec<String>,
    /// 'incident 12, misconfigured card, since 14:05'.
    pub foot: String,
}

/// The cause that the cards of a group share; the evidence where there is room for it.
pub(super) fn cause(report: &Report, group: &Group, is_reminder: bool, with_evidence: bool) -> Cause {
    let incident = &group.incident;
    Cause {
        title: one_line(&incident.title, TITLE_LIMIT),
        extent: extent(&report.audience, incident, group.cards.len()),
        reason: one_line(&incident.reason.text, REASON_LIMIT),
        evidence: if with_evidence { evidence(report, incident) } else { Vec::new() },
        foot: foot(report, incident, is_reminder),
    }
}

/// '30 cards on 4 pages, owned by 2 people', '4 of its 30 cards'.
fn extent(audience: &Audience, incident: &IncidentLine, here: usize) -> String {
    let all = incident.cards;
    match audience {
        Audience::Admins { .. } if here < all => format!("{here} of its {}", cards(all)),
        Audience::Admins { .. } if all == 1 => cards(all),
        Audience::Admins { .. } => {
            let pages = incident.pages.filter(|pages| *pages > 0);
            let pages = pages.map(|pages| format!(" on {}", words::many(pages, "page", "pages"))).unwrap_or_default();
            let owners = incident.owners.and_then(owned_by).unwrap_or_default();
            format!("{}{pages}{owners}", cards(all))
        }
        Audience::Owner { .. } if here < all => format!("{here} of your cards, part of an incident of {}", cards(all)),
        Audience::Owner { .. } => format!("{here} of your cards"),
    }
}

/// ', owned by 2 people and 1 group'.
fn owned_by(owners: OwnerCount) -> Option<String> {
    let people = (owners.people > 0).then(|| words::many(owners.people, "person", "people"));
    let groups = (owners.groups > 0).then(|| words::many(owners.groups, "group", "groups"));
    let owners: Vec<String> = people.into_iter().chain(groups).collect();
    (!owners.is_empty()).then(|| format!(", owned by {}", owners.join(" and ")))
}

fn foot(report: &Report, incident: &IncidentLine, is_reminder: bool) -> String {
    let class = incident.class().name().to_lowercase();
    let since = words::time_beside(incident.opened_at, report.swept_at, report.timezone);
    let age = if is_reminder { words::for_so_long(incident.opened_at, report.swept_at) } else { String::new() };
    format!("incident {}, {class}, since {since}{age}", incident.id)
}

fn evidence(report: &Report, incident: &IncidentLine) -> Vec<String> {
    let time = |at: Timestamp| words::time_beside(at, report.swept_at, report.timezone);
    let told = incident.upstream.iter().filter_map(|(name, evidence)| {
        let facts = facts(evidence, &time);
        (!facts.is_empty()).then(|| format!("Dataset {}: {}", words::name(name), facts.join("; ")))
    });
    let mut told: Vec<String> = told.collect();
    let more = told.len().saturating_sub(MOST_DATASETS);
    told.truncate(MOST_DATASETS);
    if more > 0 {
        told.push(format!("and {}", words::many(more, "more dataset", "more datasets")));
    }
    told
}

/// What is known of one dataset, the likeliest trouble first.
fn facts(evidence: &Evidence, time: &impl Fn(Timestamp) -> String) -> Vec<String> {
    if evidence.gone {
        return vec!["gone, or not shown to the cardwatch user".to_owned()];
    }
    let latest = match (&evidence.last_run, &evidence.state, evidence.updated_at) {
        (Some(run), _, _) => Some(last_run(run, time)),
        (None, Some(state), Some(at)) => Some(format!("state {}, updated {}", one_line(state, STATE_LIMIT), time(at))),
        (None, Some(state), None) => Some(format!("state {}", one_line(state, STATE_LIMIT))),
        (None, None, Some(at)) => Some(format!("updated {}", time(at))),
        (None, None, None) => None,
    };
    let change = evidence.schema_change.as_ref().and_then(|change| schema_change(change, time));
    latest.into_iter().chain(change).collect()
}

fn last_run(run: &Run, time: &impl Fn(Timestamp) -> String) -> String {
    let at = run.at.map(|at| format!(" {}", time(at))).unwrap_or_default();
    let (ended, said) = match &run.outcome {
        RunOutcome::Succeeded => ("last run succeeded", String::new()),
        RunOutcome::Failed(said) => ("last run failed", one_line(said, MESSAGE_LIMIT)),
        RunOutcome::Other(word) => ("last run", one_line(word, STATE_LIMIT)),
    };
    if said.is_empty() { format!("{ended}{at}") } else { format!("{ended}{at}: {said}") }
}

/// 'its columns changed between 13:50 and 14:05: lost region'.
fn schema_change(change: &SchemaChange, time: &impl Fn(Timestamp) -> String) -> Option<String> {
    let named = |what: &str, columns: &std::collections::BTreeSet<String>| {
        words::names(&Vec::from_iter(columns)).map(|names| format!("{what} {names}"))
    };
    let changes: Vec<String> = named("lost", &change.lost).into_iter().chain(named("gained", &change.gained)).collect();
    let when = || format!("its columns changed between {} and {}", time(change.after), time(change.before));
    (!changes.is_empty()).then(|| format!("{}: {}", when(), changes.join(", ")))
}
