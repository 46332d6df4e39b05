//! What a letter says of an incident: what happened in words, why, and what Domo says of its datasets. Owns these
//! words; which cards stand below them is [`outline`](super::outline)'s, and how the finds about a dataset read is
//! [`crate::domain::findings`]'.

use url::Url;

use super::outline::{REASON_LIMIT, TITLE_LIMIT};
use super::words;
use crate::domain::Timestamp;
use crate::domain::extent;
use crate::domain::findings::Findings;
use crate::domain::foreign::one_line;
use crate::domain::ids::IncidentId;
use crate::domain::report::{Audience, Group, IncidentLine, Report, cards};

/// So many datasets of one incident are spoken of.
const MOST_DATASETS: usize = 3;

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
    /// 'incident 12'.
    pub name: String,
    /// Its page, where the status page's address is known and the incident is open.
    pub url: Option<String>,
    /// 'misconfigured card, since 14:05'.
    pub foot: String,
    /// Whether the cards below it work again.
    pub is_over: bool,
}

/// The cause that the cards of a group share; the evidence where there is room for it.
pub(super) fn cause(
    report: &Report,
    group: &Group,
    is_reminder: bool,
    with_evidence: bool,
    link_base: Option<&Url>,
) -> Cause {
    let incident = &group.incident;
    Cause {
        title: one_line(&incident.title, TITLE_LIMIT),
        extent: extent(&report.audience, incident, group.cards.len()),
        reason: one_line(&incident.reason.text, REASON_LIMIT),
        evidence: if with_evidence { evidence(report, incident) } else { Vec::new() },
        name: name(incident.id),
        url: link_base.map(|base| address(base, incident.id)),
        foot: foot(report, incident, is_reminder),
        is_over: false,
    }
}

/// '30 cards on 4 pages, owned by 2 people', '4 of its 30 cards'.
fn extent(audience: &Audience, incident: &IncidentLine, here: usize) -> String {
    let all = incident.cards;
    match audience {
        Audience::Admins { .. } if here < all => format!("{here} of its {}", cards(all)),
        Audience::Admins { .. } => extent::in_words(all, incident.pages, incident.owners),
        Audience::Owner { .. } if here < all => format!("{here} of your cards, part of an incident of {}", cards(all)),
        Audience::Owner { .. } => format!("{here} of your cards"),
    }
}

fn foot(report: &Report, incident: &IncidentLine, is_reminder: bool) -> String {
    let class = incident.class().name().to_lowercase();
    let since = words::time_beside(incident.opened_at, report.swept_at, report.timezone);
    let age = if is_reminder { words::for_so_long(incident.opened_at, report.swept_at) } else { String::new() };
    format!("{class}, since {since}{age}")
}

/// 'incident 12'.
pub(super) fn name(id: IncidentId) -> String {
    format!("incident {id}")
}

/// Where the status page tells of one incident.
fn address(link_base: &Url, id: IncidentId) -> String {
    let mut url = link_base.clone();
    url.query_pairs_mut().append_pair("incident", &id.to_string());
    url.into()
}

fn evidence(report: &Report, incident: &IncidentLine) -> Vec<String> {
    let time = |at: Timestamp| words::time_beside(at, report.swept_at, report.timezone);
    let told = incident.upstream.iter().filter_map(|(name, evidence)| {
        let findings = Findings::of(None, Some(evidence), incident.opened_at)?;
        Some(format!("Dataset {}: {}", words::name(name), findings.written(time)))
    });
    let mut told: Vec<String> = told.collect();
    let more = told.len().saturating_sub(MOST_DATASETS);
    told.truncate(MOST_DATASETS);
    if more > 0 {
        told.push(format!("and {}", extent::many(more, "more dataset", "more datasets")));
    }
    told
}
