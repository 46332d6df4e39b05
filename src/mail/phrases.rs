//! The sentences of a letter. Owns their words; which of them stand where is [`super::outline`]'s.

use super::outline::{MOST_CARDS, Mood, cards_in};
use super::words;
use crate::domain::Timestamp;
use crate::domain::foreign::one_line;
use crate::domain::report::{Report, Totals, cards, count};
use crate::domain::sight::SightNews;

/// The longest trouble in a letter, in characters. It ends in a remedy, which must not be cut.
const TROUBLE_LIMIT: usize = 1_500;

/// What a section says of its cards.
#[derive(Clone, Copy)]
pub(super) enum Said {
    Broke,
    FirstSeen,
    Flapping {
        /// What the card is as the mail is written.
        broken: bool,
    },
    Recovered,
    StillBroken,
}

impl Said {
    /// 'broken since 14:05'.
    pub(super) fn since(self, time: &str) -> String {
        match self {
            Self::Broke | Self::StillBroken | Self::Flapping { broken: true } => format!("broken since {time}"),
            Self::FirstSeen => format!("broken since {time} or before"),
            Self::Flapping { broken: false } => format!("works since {time}"),
            Self::Recovered => format!("works again since {time}"),
        }
    }

    /// What is or was wrong with a card, where its section does not say so of all of them.
    pub(super) fn note(self, wrong: &str) -> Option<String> {
        match self {
            Self::Broke | Self::FirstSeen | Self::StillBroken => None,
            Self::Flapping { broken: true } => Some(wrong.to_owned()),
            Self::Flapping { broken: false } | Self::Recovered => Some(format!("was: {wrong}")),
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
            Self::Flapping { .. } => format!("{} flapping", words::be(count)),
            Self::Recovered => "recovered".to_owned(),
            Self::StillBroken => format!("{} still broken", words::be(count)),
        }
    }

    pub(super) fn mood(self) -> Mood {
        match self {
            Self::Broke | Self::FirstSeen | Self::StillBroken => Mood::Broken,
            Self::Flapping { .. } => Mood::Plain,
            Self::Recovered => Mood::Well,
        }
    }
}

/// What there is to say, and of how many cards.
pub(super) fn said(report: &Report) -> Vec<(Said, usize)> {
    [
        (Said::Broke, count(&report.broke)),
        (Said::FirstSeen, count(&report.first_seen)),
        (Said::Flapping { broken: report.flapping.iter().any(|card| card.broken) }, report.flapping.len()),
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
    let instance = &report.instance;
    match (&report.sight, report.storm) {
        (_, Some(storm)) => format!("{} of {} working cards broke at once at {instance}", storm.broke, storm.of),
        _ if !phrases.is_empty() => format!("{} at {instance}", phrases.join(", ")),
        (Some(SightNews::Regained { .. }), None) => format!("cardwatch checks cards at {instance} again"),
        (Some(SightNews::Lost { again: true, .. }), None) => {
            format!("cardwatch still cannot check cards at {instance}")
        }
        (Some(SightNews::Lost { again: false, .. }) | None, None) => {
            format!("cardwatch cannot check cards at {instance}")
        }
    }
}

/// Never green while we cannot see, nor while a card may change any minute.
pub(super) fn mood(report: &Report) -> Mood {
    let totals = report.totals;
    let cannot_see = matches!(report.sight, Some(SightNews::Lost { .. }));
    if !(report.broke.is_empty() && report.first_seen.is_empty() && report.still_broken.is_empty()) {
        Mood::Broken
    } else if cannot_see || !report.flapping.is_empty() {
        Mood::Plain
    } else if totals.broken == 0 && totals.unchecked == 0 && report.trouble.is_none() {
        Mood::Well
    } else {
        Mood::Plain
    }
}

/// Where so much broke at once, no single card is to blame.
pub(super) fn lead(report: &Report) -> Option<String> {
    report.storm.map(|_| {
        "That is likely Domo itself, or what the cardwatch user may see: look there before you look at cards."
            .to_owned()
    })
}

/// The sentences below the headline.
pub(super) fn summary(report: &Report, said: &[(Said, usize)]) -> Vec<String> {
    let sentences = [sight(report, said.is_empty()), Some(swept(report)), Some(standing(report)), attached(report)];
    sentences.into_iter().flatten().collect()
}

/// Since when nothing is decided, or was not. The headline says the rest, unless it speaks of cards.
fn sight(report: &Report, in_headline: bool) -> Option<String> {
    let time = |at: Timestamp| words::time_beside(at, report.swept_at, report.timezone);
    let (subject, sentence) = match *report.sight.as_ref()? {
        SightNews::Lost { since, sweeps: 1, .. } => {
            ("Cards cannot be checked: ", format!("the sweep of {} decided nothing.", time(since)))
        }
        SightNews::Lost { since, sweeps, .. } => {
            ("Cards cannot be checked: ", format!("{sweeps} sweeps in a row decided nothing, since {}.", time(since)))
        }
        SightNews::Regained { since } => {
            ("Cards can be checked again: ", format!("since {} no sweep had decided anything.", time(since)))
        }
    };
    Some(if in_headline { capitalised(&sentence) } else { format!("{subject}{sentence}") })
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn swept(report: &Report) -> String {
    format!("Sweep of {} ({}).", words::day_and_time(report.swept_at, report.timezone), report.timezone)
}

fn standing(report: &Report) -> String {
    let totals = report.totals;
    if let Some(SightNews::Lost { .. }) = report.sight {
        return last_known(totals);
    }
    let broken = match totals.broken {
        0 => format!("None of {} is broken now", cards(totals.cards)),
        broken => format!("{broken} of {} {} broken now", cards(totals.cards), words::be(broken)),
    };
    match totals.unchecked {
        0 => format!("{broken}."),
        unchecked => format!("{broken}; {unchecked} could not be checked."),
    }
}

/// How it stood when that was last seen; what is too long ago is not claimed.
fn last_known(totals: Totals) -> String {
    let all = cards(totals.cards);
    match (totals.broken, totals.cards - totals.unchecked.min(totals.cards)) {
        (_, 0) if totals.cards == 0 => "No card is watched.".to_owned(),
        (_, 0) => format!("What became of its {all} is not known: none was decided lately."),
        (0, _) => format!("When they were last decided, none of {all} was broken."),
        (1, _) => format!("When they were last decided, 1 of {all} was broken."),
        (broken, _) => format!("When they were last decided, {broken} of {all} were broken."),
    }
}

fn attached(report: &Report) -> Option<String> {
    let all = cards_in(report);
    (all > MOST_CARDS).then(|| {
        format!("The first {MOST_CARDS} of {all} cards are shown here; the attached list, cards.csv, is complete.")
    })
}

/// What kept the sweep from its whole view, or from any.
pub(super) fn trouble(report: &Report) -> Option<String> {
    let (lead, trouble) = match (&report.sight, &report.trouble) {
        (Some(SightNews::Lost { why, .. }), _) => ("Why: ", &why.full),
        (_, Some(trouble)) => ("This sweep did not see everything: ", trouble),
        (_, None) => return None,
    };
    let mut sentence = format!("{lead}{}", one_line(trouble, TROUBLE_LIMIT));
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    Some(sentence)
}

/// Sentences at the foot.
pub(super) fn footer(report: &Report) -> Vec<String> {
    let goes_on = matches!(report.sight, Some(SightNews::Lost { .. }))
        .then(|| "Each sweep tries again; when one can decide cards, you are told.".to_owned());
    let settling = (!report.flapping.is_empty()).then(|| {
        let window = words::span(report.flap_window);
        let card = if cards_in(report) == 1 { "it" } else { "a flapping card" };
        format!("Nothing more is said of {card} until it stays as it is for {window}.")
    });
    [confirmation(report), settling, goes_on].into_iter().flatten().collect()
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

/// The words of the link to the status page.
pub(super) fn link(report: &Report) -> String {
    match (&report.sight, report.totals.broken) {
        (Some(SightNews::Lost { .. }), _) | (_, 0) => "Status page".to_owned(),
        (_, 1) => "The broken card".to_owned(),
        (_, broken) => format!("All {broken} broken cards"),
    }
}
