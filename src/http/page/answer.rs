//! The answer that the status page begins with: how it stands with all instances, in one sentence that is never good
//! news while something cannot be seen. Owns that sentence and the counts below it.

use maud::{Markup, html};

use super::parts::{address, many, number};
use super::scene::Scene;
use crate::domain::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::ids::{CardId, IncidentId};
use crate::domain::search::Which;
use crate::domain::shown::Counts;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{IncidentNow, InstanceSnapshot};
use crate::domain::sweep::Outcome;

/// How well an instance can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View<'a> {
    /// No sweep of it ever ran to an end.
    NeverSwept,
    /// Its latest sweeps decided nothing.
    CannotCheck {
        since: Timestamp,
        sweeps: u32,
        /// Why, with the remedy.
        why: Option<&'a str>,
    },
    /// No sweep ended for so long that what was known counts no more.
    NotLately { last: Timestamp },
    /// The latest sweep did not see everything.
    Partly { why: &'a str },
    /// Nothing stands in the way.
    Clear,
}

impl<'a> View<'a> {
    fn of(scene: &Scene, instance: &'a InstanceSnapshot) -> Self {
        let Some(last) = &instance.last_sweep else { return Self::NeverSwept };
        let why = last.trouble.as_deref();
        let age = (scene.now - last.finished_at).to_std().unwrap_or_default();
        match (instance.blind, why) {
            // An instant that lies ahead was written down by a clock that was wrong.
            (Some(blind), _) => Self::CannotCheck { since: blind.since.min(scene.now), sweeps: blind.sweeps, why },
            (None, _) if last.outcome == Outcome::Failed => {
                Self::CannotCheck { since: last.started_at.min(scene.now), sweeps: 1, why }
            }
            (None, _) if age >= scene.stale_after() => Self::NotLately { last: last.finished_at },
            (None, Some(why)) => Self::Partly { why },
            (None, None) => Self::Clear,
        }
    }
}

/// An instance as the status page sees it.
pub(super) struct Seen<'a> {
    pub(super) instance: &'a InstanceSnapshot,
    pub(super) counted: &'a Counted,
    pub(super) counts: Counts,
    pub(super) view: View<'a>,
}

/// An open incident with the broken cards that are in it.
pub(super) struct Open<'a> {
    pub(super) instance: &'a InstanceSnapshot,
    pub(super) id: IncidentId,
    pub(super) incident: &'a IncidentNow,
    pub(super) cards: &'a [CardId],
}

/// All instances, counted.
pub(super) struct Overview<'a> {
    pub(super) instances: Vec<Seen<'a>>,
    /// The largest first, of equal ones the oldest.
    pub(super) incidents: Vec<Open<'a>>,
    pub(super) counts: Counts,
    pages: usize,
    /// How many cards are in each set that is worth a word, where it is not empty.
    sets: Vec<(Which, usize)>,
    /// Whether schedule, sweepers and mailroom run as they should.
    ready: bool,
}

/// Good news, bad news, or that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    Bad,
    Unsure,
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unsure => "unsure",
        }
    }
}

impl<'a> Overview<'a> {
    pub(super) fn of(scene: &'a Scene, ready: bool) -> Self {
        let instances: Vec<Seen<'a>> =
            scene.counted().map(|(instance, counted)| seen(scene, instance, counted)).collect();
        Self {
            incidents: incidents(scene),
            counts: instances.iter().map(|seen| seen.counts).sum(),
            pages: scene.snapshot.iter().map(|instance| instance.pages.len()).sum(),
            sets: sets(scene),
            ready,
            instances,
        }
    }

    /// The first sentence, as text: '7 cards do not render'.
    pub(super) fn title(&self) -> String {
        let (_, first, also) = self.sentence();
        also.map_or_else(|| first.clone(), |also| format!("{first}, and {also}"))
    }

    /// The first sentence and what it is counted from.
    pub(super) fn answer(&self, scene: &Scene) -> Markup {
        let (mood, first, also) = self.sentence();
        html! {
            h1 { span class=(mood.class()) { (first) } @if let Some(also) = also { ", and " span.unsure { (also) } } }
            p { (self.extent(scene)) }
            @if !self.sets.is_empty() {
                ul.sets aria-label="Cards worth a look" {
                    @for (which, count) in &self.sets {
                        li { a href=(address("/", &[("state", which.name())])) { (number(*count)) " " (called(*which)) } }
                    }
                }
            }
        }
    }

    /// How it stands, in words; beside it what cannot be seen, where something else comes first.
    fn sentence(&self) -> (Mood, String, Option<String>) {
        let blind = self.named(|view| matches!(view, View::CannotCheck { .. }));
        let not_lately = self.named(|view| matches!(view, View::NotLately { .. }));
        let never = self.named(|view| matches!(view, View::NeverSwept));
        let cannot_see = blind
            .map(|(names, _)| format!("cardwatch cannot check {names}"))
            .or_else(|| not_lately.map(|(names, were)| format!("{names} {were} not checked lately")));
        if self.counts.broken > 0 {
            let do_not = if self.counts.broken == 1 { "does not" } else { "do not" };
            let broken = format!("{} {do_not} render", many(self.counts.broken, "card", "cards"));
            return (Mood::Bad, broken, cannot_see);
        }
        if let Some(cannot_see) = cannot_see {
            return (Mood::Unsure, cannot_see, None);
        }
        let (mood, words) = match never {
            _ if self.instances.is_empty() => (Mood::Unsure, "No instance is configured".to_owned()),
            Some(_) if self.instances.iter().all(|seen| seen.view == View::NeverSwept) => {
                (Mood::Unsure, "Nothing was checked yet".to_owned())
            }
            Some((names, were)) => (Mood::Unsure, format!("{names} {were} not checked yet")),
            None if self.is_whole() => (Mood::Good, "Every card renders".to_owned()),
            None => (Mood::Unsure, "No card is known to be broken".to_owned()),
        };
        (mood, words, None)
    }

    /// Whether everything was seen lately and nothing is about to change.
    fn is_whole(&self) -> bool {
        let clear = self.instances.iter().all(|seen| seen.view == View::Clear);
        let settled = self.sets.iter().all(|(which, _)| *which != Which::Flapping);
        self.ready && clear && settled && self.counts.unchecked == 0 && self.counts.working > 0
    }

    /// 'acme', 'acme and globex', '3 of 5 instances', and the verb that goes with it; `None` where none is seen so.
    fn named(&self, is: impl Fn(&View<'_>) -> bool) -> Option<(String, &'static str)> {
        let names: Vec<String> =
            self.instances.iter().filter(|seen| is(&seen.view)).map(|seen| seen.instance.name.to_string()).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some((one.clone(), "was")),
            [one, other] => Some((format!("{one} and {other}"), "were")),
            more => Some((format!("{} of {} instances", more.len(), self.instances.len()), "were")),
        }
    }

    /// 'from 3 causes, out of 1,284 cards on 96 pages of 2 instances'.
    fn extent(&self, scene: &Scene) -> Markup {
        let cards = many(self.counts.all(), "card", "cards");
        let on = format!("{cards} on {} of {}", many(self.pages, "page", "pages"), self.instances_in_words());
        match (self.counts.all(), self.counts.broken, self.incidents.len()) {
            (0, ..) if self.instances.is_empty() => html! {
                "Name one in the configuration, as " code.plain { "[instances.NAME]" } ", and send the daemon SIGHUP."
            },
            (0, ..) => self.first_sweep(scene),
            (_, 0, _) => html! { (on) },
            (_, _, 0) => html! { "out of " (on) },
            (_, _, causes) => html! { "from " (many(causes, "cause", "causes")) ", out of " (on) },
        }
    }

    /// What is to be expected where no card is known yet.
    fn first_sweep(&self, scene: &Scene) -> Markup {
        let live = self.instances.iter().map(|seen| scene.live.of_instance(&seen.instance.name));
        let (running, due): (Vec<bool>, Vec<_>) = live.map(|live| (live.progress().1 > 0, live.next_sweep())).unzip();
        let what_it_does = "It lists the cards, renders each of them, and what does not render is told here.";
        match due.into_iter().flatten().min() {
            _ if running.contains(&true) => html! { "The first sweep runs. " (what_it_does) },
            Some(due) if due > scene.now => html! { "The next sweep is due at " (scene.time(due)) ". " (what_it_does) },
            Some(_) | None => html! { "No card is known yet: a sweep finds them. " (what_it_does) },
        }
    }

    fn instances_in_words(&self) -> String {
        match self.instances.as_slice() {
            [one] => one.instance.name.to_string(),
            more => many(more.len(), "instance", "instances"),
        }
    }
}

pub(super) fn seen<'a>(scene: &Scene, instance: &'a InstanceSnapshot, counted: &'a Counted) -> Seen<'a> {
    Seen { instance, counted, counts: counted.counts, view: View::of(scene, instance) }
}

/// The open incidents of all instances.
pub(super) fn incidents(scene: &Scene) -> Vec<Open<'_>> {
    let of_each = scene.counted().flat_map(|(instance, counted)| {
        let open = counted.incidents.iter();
        open.filter_map(|(id, cards)| Some(Open { instance, id: *id, incident: instance.incidents.get(id)?, cards }))
    });
    let mut all: Vec<Open<'_>> = of_each.collect();
    all.sort_by_key(|open| (std::cmp::Reverse(open.cards.len()), open.incident.opened_at, open.id));
    all
}

fn sets(scene: &Scene) -> Vec<(Which, usize)> {
    let worth_a_word = Which::ALL.into_iter().filter(|which| match which {
        Which::State(Shown::Broken | Shown::Working) => false,
        Which::State(Shown::Unchecked | Shown::Unsupported)
        | Which::Muted
        | Which::Flapping
        | Which::Slow
        | Which::NoData => true,
    });
    let counted = worth_a_word.map(|which| (which, scene.counted().map(|(_, counted)| counted.in_set(which)).sum()));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// What cards of a set are called after their number.
pub(super) fn called(which: Which) -> &'static str {
    match which {
        Which::State(shown) => shown.name(),
        Which::Muted => "muted",
        Which::Flapping => "flapping",
        Which::Slow => "slow",
        Which::NoData => "without data",
    }
}
