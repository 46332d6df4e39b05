//! The sentences of a letter. Owns their words; which of them stand where is [`super::outline`]'s.

use super::outline::{MOST_CARDS, Mood, REASON_LIMIT, cards_in};
use super::words;
use crate::domain::foreign::one_line;
use crate::domain::report::{Report, cards, count};
use crate::domain::sight::SightNews;

/// What a section says of its cards.
#[derive(Clone, Copy)]
pub(super) enum Said {
    Broke,
    FirstSeen,
    Flapping,
    Recovered,
    StillBroken,
}

impl Said {
    /// 'broken since 14:05'.
    pub(super) fn since(self, time: &str) -> String {
        match self {
            Self::Broke | Self::StillBroken => format!("broken since {time}"),
            Self::FirstSeen => format!("broken since {time} or before"),
            Self::Flapping => format!("as it is now since {time}"),
            Self::Recovered => format!("works again since {time}"),
        }
    }

    /// '2 cards recovered'.
    pub(super) fn title(self, count: usize) -> String {
        format!("{} {}", cards(count), self.happened(count))
    }

    fn happened(self, count: usize) -> String {
        match self {
            Self::Broke => "broke".to_owned(),
            Self::FirstSeen => format!("{} broken when first seen", if count == 1 { "was" } else { "were" }),
            Self::Flapping => format!("{} flapping", words::be(count)),
            Self::Recovered => "recovered".to_owned(),
            Self::StillBroken => format!("{} still broken", words::be(count)),
        }
    }

    pub(super) fn mood(self) -> Mood {
        match self {
            Self::Broke | Self::FirstSeen | Self::StillBroken => Mood::Broken,
            Self::Flapping => Mood::Plain,
            Self::Recovered => Mood::Well,
        }
    }
}

/// What there is to say, and of how many cards.
pub(super) fn said(report: &Report) -> Vec<(Said, usize)> {
    [
        (Said::Broke, count(&report.broke)),
        (Said::FirstSeen, count(&report.first_seen)),
        (Said::Flapping, report.flapping.len()),
        (Said::Recovered, report.recovered.len()),
        (Said::StillBroken, count(&report.still_broken)),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

pub(super) fn headline(report: &Report, said: &[(Said, usize)]) -> String {
    let phrases = said.iter().enumerate().map(|(place, (said, count))| match place {
        0 => said.title(*count),
        _ => format!("{count} {}", said.happened(*count)),
    });
    let phrases: Vec<String> = phrases.collect();
    match &report.sight {
        _ if !phrases.is_empty() => format!("{} at {}", phrases.join(", "), report.instance),
        Some(SightNews::Regained { .. }) => format!("cardwatch checks cards at {} again", report.instance),
        Some(SightNews::Lost { again: true, .. }) => {
            format!("cardwatch still cannot check cards at {}", report.instance)
        }
        Some(SightNews::Lost { again: false, .. }) | None => {
            format!("cardwatch cannot check cards at {}", report.instance)
        }
    }
}

/// Never green while we cannot see.
pub(super) fn mood(report: &Report) -> Mood {
    let totals = report.totals;
    if !(report.broke.is_empty() && report.first_seen.is_empty() && report.still_broken.is_empty()) {
        Mood::Broken
    } else if totals.broken == 0 && totals.unchecked == 0 && report.trouble.is_none() {
        Mood::Well
    } else {
        Mood::Plain
    }
}

fn swept(report: &Report) -> String {
    format!("Sweep of {} ({}).", words::day_and_time(report.swept_at, report.timezone), report.timezone)
}

fn standing(report: &Report) -> String {
    let totals = report.totals;
    let broken = match totals.broken {
        0 => format!("None of {} is broken now", cards(totals.cards)),
        broken => format!("{broken} of {} {} broken now", cards(totals.cards), words::be(broken)),
    };
    let standing = match totals.unchecked {
        0 => format!("{broken}."),
        unchecked => format!("{broken}; {unchecked} could not be checked."),
    };
    match report.sight {
        Some(SightNews::Lost { .. }) => format!("That is as of the sweeps before: {standing}"),
        Some(SightNews::Regained { .. }) | None => standing,
    }
}

fn attached(report: &Report) -> Option<String> {
    let all = cards_in(report);
    (all > MOST_CARDS).then(|| {
        format!("The first {MOST_CARDS} of {all} cards are shown here; the attached list, cards.csv, is complete.")
    })
}

fn confirmation(report: &Report) -> Option<String> {
    let again = words::span(report.confirmed_after?);
    let newly = count(&report.broke) + count(&report.first_seen);
    let which = match newly {
        0 => return None,
        _ if newly < cards_in(report) => "Each newly broken card",
        1 => "It",
        _ => "Each",
    };
    Some(format!("{which} was rendered again {again} later before this was sent."))
}

pub(super) fn link(broken: usize) -> String {
    match broken {
        0 => "Status page".to_owned(),
        1 => "The broken card".to_owned(),
        broken => format!("All {broken} broken cards"),
    }
}

/// The sentences below the headline.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let sentences = [storm(report), sight(report), Some(swept(report)), Some(standing(report)), attached(report)];
    sentences.into_iter().flatten().collect()
}

/// Where so much broke at once, that comes first: no single card is to blame.
fn storm(report: &Report) -> Option<String> {
    let storm = report.storm?;
    Some(format!(
        "{} of {} that worked broke in one sweep. That is likely Domo itself, or what the cardwatch user may see: look there before looking at cards.",
        storm.broke,
        cards(storm.of)
    ))
}

fn sight(report: &Report) -> Option<String> {
    let time = |at| words::day_and_time(at, report.timezone);
    match report.sight.as_ref()? {
        SightNews::Lost { since, sweeps, .. } => {
            let sweeps = if *sweeps == 1 { "One sweep".to_owned() } else { format!("{sweeps} sweeps in a row") };
            Some(format!("{sweeps} decided nothing, since {}.", time(*since)))
        }
        SightNews::Regained { since } => Some(format!("It could not since {}.", time(*since))),
    }
}

/// What kept the sweep from its whole view, or from any.
pub(super) fn trouble(report: &Report) -> Option<String> {
    let (lead, trouble) = match (&report.sight, &report.trouble) {
        (Some(SightNews::Lost { why, .. }), _) => ("Why: ", why),
        (_, Some(trouble)) => ("This sweep did not see everything: ", trouble),
        (_, None) => return None,
    };
    let mut sentence = format!("{lead}{}", one_line(trouble, REASON_LIMIT));
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    Some(sentence)
}

/// Sentences at the foot.
pub(super) fn footer(report: &Report) -> Vec<String> {
    let flapping = (!report.flapping.is_empty()).then(|| {
        "Of a flapping card nothing more is said until it has stayed as it is for alerts.flap_window.".to_owned()
    });
    confirmation(report).into_iter().chain(flapping).collect()
}
