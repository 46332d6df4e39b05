//! The sentences of a letter. Owns their words; which of them stand where is [`outline`](super::outline)'s.

use super::outline::{MOST_CARDS, Mood, TITLE_LIMIT, cards_in};
use super::words;
use crate::domain::Timestamp;
use crate::domain::extent::many;
use crate::domain::foreign::{capitalised, one_line};
use crate::domain::report::{Audience, CardLine, Report, Storm, Totals, cards, count};
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

    /// '2 cards recovered', '2 of your cards recovered'.
    pub(super) fn title(self, report: &Report, count: usize) -> String {
        format!("{} {}", report.audience.cards(count), self.happened(count))
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

    /// Whether it was said before.
    pub(super) fn is_reminder(self) -> bool {
        match self {
            Self::StillBroken => true,
            Self::Broke | Self::FirstSeen | Self::Flapping { .. } | Self::Recovered => false,
        }
    }

    /// Whether it is good news.
    pub(super) fn is_recovery(self) -> bool {
        match self {
            Self::Recovered => true,
            Self::Broke | Self::FirstSeen | Self::Flapping { .. } | Self::StillBroken => false,
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
        0 => said.title(report, *count),
        _ => format!("{count} {}", said.happened(*count)),
    });
    let phrases: Vec<String> = phrases.collect();
    let instance = &report.instance;
    match (&report.sight, storm(report)) {
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

/// The storm, where it is the first thing to tell: an owner is told of their own cards first.
pub(super) fn storm(report: &Report) -> Option<Storm> {
    match report.audience {
        Audience::Admins { .. } => report.storm,
        Audience::Owner { .. } => None,
    }
}

/// Where so much broke at once, no single card is to blame.
pub(super) fn lead(report: &Report) -> Option<String> {
    let Storm { broke, of } = report.storm?;
    Some(match report.audience {
        Audience::Admins { .. } => {
            "That is likely Domo itself, or what the service user may see: look there before you look at cards."
                .to_owned()
        }
        Audience::Owner { .. } => format!(
            "{broke} of {of} working cards broke at once: that is likely Domo itself, or what the service user may \
             see, and not your cards."
        ),
    })
}

/// The sentences below the headline.
pub(super) fn summary(report: &Report, said: &[(Said, usize)]) -> Vec<String> {
    let sentences = [
        sight(report, said.is_empty()),
        owned(report),
        Some(swept(report)),
        maintenance(report),
        Some(standing(report)),
        muted(report),
    ];
    sentences.into_iter().flatten().chain(over(report)).chain(attached(report)).collect()
}

/// Why an owner gets the mail.
fn owned(report: &Report) -> Option<String> {
    let Audience::Owner { name } = &report.audience else { return None };
    let by_page = lines(report).any(|line| line.owners.is_empty());
    let what = if by_page { "these cards, or pages that hold them," } else { "these cards" };
    Some(format!("You own {what} as {} in Domo.", words::name(name)))
}

/// Every card of which something is said.
fn lines(report: &Report) -> impl Iterator<Item = &CardLine> {
    let groups = [&report.broke, &report.first_seen, &report.still_broken].into_iter().flatten();
    let flapping = report.flapping.iter().map(|card| &card.line);
    groups.flat_map(|group| &group.cards).chain(flapping).chain(&report.recovered)
}

fn maintenance(report: &Report) -> Option<String> {
    let span = report.after_maintenance?;
    let time = |at: Timestamp| words::time_beside(at, report.swept_at, report.timezone);
    Some(format!("Mails waited for maintenance from {} to {}.", time(span.from), time(span.until)))
}

fn muted(report: &Report) -> Option<String> {
    let muted = report.digest.as_ref()?.muted;
    let are = words::be(muted);
    (muted > 0).then(|| format!("{} {are} muted.", many(muted, "more broken card", "more broken cards")))
}

/// More incidents than this that are over are counted.
const MOST_OVER: usize = 5;

fn over(report: &Report) -> Vec<String> {
    let over: Vec<_> = report.left.iter().filter(|incident| incident.is_over).collect();
    let told = over.iter().take(MOST_OVER);
    let told = told.map(|over| format!("Incident {} ({}) is over.", over.id, one_line(&over.title, TITLE_LIMIT)));
    let more = over.len().saturating_sub(MOST_OVER);
    let more = (more > 0).then(|| format!("{} over.", many(more, "more incident is", "more incidents are")));
    told.chain(more).collect()
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

fn swept(report: &Report) -> String {
    format!("Sweep of {} ({}).", words::day_and_time(report.swept_at, report.timezone), report.timezone)
}

fn standing(report: &Report) -> String {
    let totals = report.totals;
    if let Some(SightNews::Lost { .. }) = report.sight {
        return last_known(totals);
    }
    let all = match report.audience {
        Audience::Admins { .. } => cards(totals.cards),
        Audience::Owner { .. } => format!("your {}", cards(totals.cards)),
    };
    let broken = match totals.broken {
        0 => format!("None of {all} is broken now"),
        broken => format!("{broken} of {all} {} broken now", words::be(broken)),
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
        (_, 0) if totals.cards == 0 => "No card is monitored.".to_owned(),
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
