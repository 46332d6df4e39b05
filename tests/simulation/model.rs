//! What is true and which mails are due, said once more in plain lines, without a look at how cardwatch does
//! it: no types of `domain` but the policy are used here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use chrono::{DateTime, Datelike as _, Days, TimeDelta, TimeZone as _, Utc, Weekday};
use chrono_tz::Europe::Berlin;

use crate::world::Health;

type Time = DateTime<Utc>;

/// A mail that is due: its subject, as far as it is not about why, and the cards that it speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) subject: String,
    pub(crate) cards: BTreeSet<i64>,
    /// Cards that it may speak of or not: they have been without data for two days to the minute, and the model does
    /// not know when within its sweep a card was rendered.
    pub(crate) perhaps: BTreeSet<i64>,
}

impl Mail {
    /// The cards that it must speak of, given what another leaves open.
    pub(crate) fn surely(&self, other: &Self) -> BTreeSet<i64> {
        self.cards
            .iter()
            .filter(|card| !self.perhaps.contains(card) && !other.perhaps.contains(card))
            .copied()
            .collect()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Card {
    /// `Some(true)` = broken.
    pub(crate) broken: Option<bool>,
    /// It was broken when it was first decided.
    first_seen: bool,
    pub(crate) decided_at: Option<Time>,
    changes: Vec<Time>,
    told: Told,
    /// Since when it renders without data.
    empty_since: Option<Time>,
    mute: Mute,
}

/// Whether somebody wants no mail of a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mute {
    #[default]
    None,
    Until(Time),
    UntilItRecovers,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    Broken(Time),
    Quiet,
    Flapping,
}

impl Card {
    fn is_muted(&self, now: Time) -> bool {
        let holds = match self.mute {
            Mute::None => false,
            Mute::Until(until) => now < until,
            Mute::UntilItRecovers => true,
        };
        holds && self.broken == Some(true)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) cards: BTreeMap<i64, Card>,
    /// What each page holds, as far as is believed.
    held: BTreeMap<i64, BTreeSet<i64>>,
    doubted: BTreeSet<i64>,
    last_digest: Option<Time>,
    blind: u32,
    blind_told: Option<Time>,
    /// When mails wait, if ever.
    window: Option<Nightly>,
    /// Every mail that was due so far.
    pub(crate) mails: Vec<Mail>,
}

/// A window that opens at an hour in Berlin, on each day or on Saturdays alone, for so many hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nightly {
    pub(crate) hour: u32,
    pub(crate) saturdays: bool,
    pub(crate) hours: i64,
}

impl Nightly {
    fn holds(self, now: Time) -> bool {
        let today = now.with_timezone(&Berlin).date_naive();
        let days = (0..9).filter_map(|back| today.checked_sub_days(Days::new(back)));
        let days = days.filter(|day| !self.saturdays || day.weekday() == Weekday::Sat);
        let starts = days.filter_map(|day| Berlin.from_local_datetime(&day.and_hms_opt(self.hour, 0, 0)?).earliest());
        starts.map(|start| start.to_utc()).any(|start| start <= now && now < start + TimeDelta::hours(self.hours))
    }
}

/// What one sweep met.
pub(crate) struct Met<'a> {
    pub(crate) listings: BTreeMap<i64, Option<BTreeSet<i64>>>,
    pub(crate) health: &'a dyn Fn(i64) -> Health,
    pub(crate) confirmations: u32,
    pub(crate) ended: Time,
}

/// Two days less, and more, than any sweep takes.
const PERHAPS_LONG: Duration = Duration::from_mins(48 * 60 - 10);
const SURELY_LONG: Duration = Duration::from_mins(48 * 60 + 10);

fn long_ago(at: Time, span: Duration, now: Time) -> bool {
    (now - at).to_std().unwrap_or_default() >= span
}

impl Model {
    pub(crate) fn with_window(window: Option<Nightly>) -> Self {
        Self { window, ..Self::default() }
    }

    /// The cards that are monitored.
    pub(crate) fn present(&self) -> BTreeSet<i64> {
        self.held.values().flatten().copied().collect()
    }

    /// 'broken', 'working' or 'unchecked', as it is to be shown.
    pub(crate) fn shown(&self, card: i64, policy: &Policy, now: Time) -> &'static str {
        let card = &self.cards[&card];
        match (card.broken, card.decided_at) {
            (Some(broken), Some(at)) if !long_ago(at, policy.stale_after, now) => {
                if broken {
                    "broken"
                } else {
                    "working"
                }
            }
            _ => "unchecked",
        }
    }

    /// Somebody mutes a card, for so long or until it recovers; `false` where it is not broken.
    pub(crate) fn mute(&mut self, card: i64, until: Option<Time>) -> bool {
        let present = self.present().contains(&card);
        let Some(card) = self.cards.get_mut(&card).filter(|card| present && card.broken == Some(true)) else {
            return false;
        };
        card.mute = until.map_or(Mute::UntilItRecovers, Mute::Until);
        true
    }

    /// Somebody ends the mute of a card; `false` where there is none.
    pub(crate) fn unmute(&mut self, card: i64, now: Time) -> bool {
        let muted = self.muted(card, now) && self.present().contains(&card);
        if muted && let Some(card) = self.cards.get_mut(&card) {
            card.mute = Mute::None;
        }
        muted
    }

    pub(crate) fn muted(&self, card: i64, now: Time) -> bool {
        self.cards.get(&card).is_some_and(|card| card.is_muted(now))
    }

    fn mails_wait(&self, now: Time) -> bool {
        self.window.is_some_and(|window| window.holds(now))
    }

    /// A sweep that could not sign in or list.
    pub(crate) fn failed(&mut self, policy: &Policy, now: Time) {
        self.blind += 1;
        if self.mails_wait(now) {
            return;
        }
        if let Some(subject) = self.sight(policy, now) {
            self.mails.push(Mail { subject: format!("[cardwatch] acme: {subject}"), ..Mail::default() });
        }
    }

    /// A sweep that listed and rendered.
    pub(crate) fn swept(&mut self, met: &Met<'_>, policy: &Policy) {
        let before = self.present();
        self.list(&met.listings);
        let present = self.present();
        let verdicts = self.verdicts(met, &before, &present);
        for id in &present {
            let card = self.cards.entry(*id).or_default();
            let Some(broken) = verdicts[id] else { continue };
            if card.broken.is_some_and(|before| before != broken) {
                card.changes.push(met.ended);
                card.first_seen = false;
            } else if card.broken.is_none() {
                card.first_seen = broken;
            }
            (card.broken, card.decided_at) = (Some(broken), Some(met.ended));
            if !broken {
                card.mute = Mute::None;
            }
            let empty = (met.health)(*id) == Health::Empty;
            card.empty_since = empty.then(|| card.empty_since.unwrap_or(met.ended));
        }
        self.blind = if verdicts.values().any(Option::is_some) { 0 } else { self.blind + 1 };
        if !self.mails_wait(met.ended) {
            self.tell(&present, policy, met.ended);
        }
    }

    /// A page that fails keeps what it held; one that lists none for the first time is not believed.
    fn list(&mut self, listings: &BTreeMap<i64, Option<BTreeSet<i64>>>) {
        for (page, listed) in listings {
            let Some(listed) = listed else { continue };
            let held = self.held.entry(*page).or_default();
            if listed.is_empty() && !held.is_empty() && self.doubted.insert(*page) {
                continue;
            }
            self.doubted.remove(page);
            held.clone_from(listed);
        }
    }

    /// Whether each card is broken; `None` = nobody could tell.
    fn verdicts(&self, met: &Met<'_>, before: &BTreeSet<i64>, present: &BTreeSet<i64>) -> BTreeMap<i64, Option<bool>> {
        let health = |card: &i64| (met.health)(*card);
        let surely = |card: &i64| {
            matches!(health(card), Health::Works | Health::Empty | Health::Hiccup | Health::FailsOnce | Health::Broken)
        };
        let decided = present.iter().filter(|card| surely(card)).count();
        let vouched = present.len() > 1 && decided * 5 >= (present.len() - 1) * 4;
        // What was away for a while is looked at twice like what is new.
        let was_broken = |card: &i64| self.cards.get(card).is_some_and(|card| card.broken == Some(true));
        let known = |card: &i64| before.contains(card) && was_broken(card);
        // A failure is confirmed beside cards that just worked.
        let worked = present.iter().any(|card| match health(card) {
            Health::Works | Health::Empty | Health::Hiccup => true,
            Health::FailsOnce | Health::Broken | Health::Doubtful | Health::Hindered | Health::Gone => false,
        });
        let verdict = |card: &i64| match health(card) {
            Health::Works | Health::Empty | Health::Hiccup => Some(false),
            Health::FailsOnce => Some(known(card) || met.confirmations == 0),
            Health::Broken => Some(true),
            Health::Doubtful if vouched && (known(card) || met.confirmations == 0 || worked) => Some(true),
            Health::Doubtful | Health::Hindered | Health::Gone => None,
        };
        present.iter().map(|card| (*card, verdict(card))).collect()
    }

    fn tell(&mut self, present: &BTreeSet<i64>, policy: &Policy, now: Time) {
        let mut news: [(Vec<i64>, &str); 4] =
            [(vec![], "broke"), (vec![], "broken when first seen"), (vec![], "flapping"), (vec![], "recovered")];
        let mut still = Vec::new();
        let flapped = self.cards.iter().filter(|(_, card)| card.told == Told::Flapping).map(|(id, _)| *id).collect();
        for id in present {
            if self.shown(*id, policy, now) == "unchecked" {
                continue;
            }
            let Some(card) = self.cards.get_mut(id) else { continue };
            if card.is_muted(now) {
                continue;
            }
            let broken = card.broken == Some(true);
            let changes = card.changes.iter().filter(|at| !long_ago(**at, policy.flap_window, now)).count();
            // Time in which nobody could look does not settle a card.
            let seen = card.decided_at.zip(card.changes.last());
            let settled = seen.is_none_or(|(decided, change)| long_ago(*change, policy.flap_window, decided));
            card.told = match &card.told {
                Told::Flapping if changes >= policy.flap_transitions || !settled => continue,
                Told::Flapping if broken => {
                    news[0].0.push(*id);
                    Told::Broken(now)
                }
                told if *told != Told::Flapping && changes >= policy.flap_transitions => {
                    news[2].0.push(*id);
                    Told::Flapping
                }
                Told::Nothing if broken && card.first_seen && !policy.report_first_seen => Told::Quiet,
                Told::Nothing if broken => {
                    news[usize::from(card.first_seen)].0.push(*id);
                    Told::Broken(now)
                }
                Told::Broken(at) if broken => {
                    still.push((*id, *at));
                    continue;
                }
                Told::Broken(_) | Told::Flapping => {
                    if policy.recoveries {
                        news[3].0.push(*id);
                    }
                    Told::Nothing
                }
                Told::Quiet if broken => Told::Quiet,
                Told::Quiet | Told::Nothing => Told::Nothing,
            };
        }
        let digest = self.digest(&still, policy, now);
        let sight = self.sight(policy, now);
        let broken = present.iter().filter(|card| self.shown(**card, policy, now) == "broken").count();
        let said: Vec<(usize, &str)> =
            news.iter().filter(|(cards, _)| !cards.is_empty()).map(|(cards, what)| (cards.len(), *what)).collect();
        let changes: Vec<String> = said
            .iter()
            .enumerate()
            .map(
                |(place, (count, what))| {
                    if place == 0 { format!("{} {what}", cards(*count)) } else { format!("{count} {what}") }
                },
            )
            .collect();
        let subject = match (changes.is_empty(), sight) {
            (false, _) => format!("{} ({broken} broken now)", changes.join(", ")),
            (true, Some(sight)) => sight.replace("(N broken now)", &format!("({broken} broken now)")),
            (true, None) if digest => format!("{} still broken", cards(still.len())),
            (true, None) => return,
        };
        let mut perhaps = BTreeSet::new();
        let mut told: BTreeSet<i64> = news.into_iter().flat_map(|(cards, _)| cards).collect();
        if digest {
            told.extend(still.iter().map(|(card, _)| *card));
            let (also, may) = self.also_in_a_digest(&flapped, present, policy, now);
            told.extend(also);
            perhaps = may;
        }
        self.mails.push(Mail { subject: format!("[cardwatch] acme: {subject}"), cards: told, perhaps });
    }

    /// The first ten cards that were told as flapping before and have not settled, and of those that are empty for long;
    /// beside them those that may be or not.
    fn also_in_a_digest(
        &self,
        flapped: &BTreeSet<i64>,
        present: &BTreeSet<i64>,
        policy: &Policy,
        now: Time,
    ) -> (Vec<i64>, BTreeSet<i64>) {
        let shown = |card: &&i64, state| self.shown(**card, policy, now) == state;
        let flapping = present.iter().filter(|card| flapped.contains(card) && self.cards[card].told == Told::Flapping);
        let flapping = flapping.filter(|card| !shown(card, "unchecked") && !self.muted(**card, now));
        let working = present.iter().filter(|card| shown(card, "working"));
        let mut empty: Vec<(Time, i64)> =
            working.filter_map(|card| Some((self.cards[card].empty_since?, *card))).collect();
        empty.retain(|(since, _)| long_ago(*since, PERHAPS_LONG, now));
        empty.sort_unstable();
        let perhaps = empty.iter().filter(|(since, _)| !long_ago(*since, SURELY_LONG, now));
        let perhaps = perhaps.map(|(_, card)| *card).collect();
        (flapping.copied().take(10).chain(empty.into_iter().map(|(_, card)| card).take(10)).collect(), perhaps)
    }

    fn digest(&mut self, still: &[(i64, Time)], policy: &Policy, now: Time) -> bool {
        let (Some(every), Some(oldest)) = (policy.remind_every, still.iter().map(|(_, at)| *at).min()) else {
            return false;
        };
        // What lies further ahead than the next digest was written by a wrong clock.
        let said = [Some(oldest), self.last_digest].into_iter().flatten();
        let said = said.filter(|at| (*at - now).to_std().unwrap_or_default() <= every).max();
        let due = said.is_none_or(|said| long_ago(said, every, now));
        if due {
            self.last_digest = Some(now);
        }
        due
    }

    /// What is to be said of an instance that cannot be checked, or can again.
    fn sight(&mut self, policy: &Policy, now: Time) -> Option<String> {
        match (self.blind, self.blind_told) {
            (0, None) => None,
            (0, Some(_)) => {
                self.blind_told = None;
                Some("checking again (N broken now)".to_owned())
            }
            (sweeps, None) => (sweeps >= policy.blind_after).then(|| {
                self.blind_told = Some(now);
                "cannot check cards".to_owned()
            }),
            // Who was told under another policy waits for this one's number of sweeps.
            (sweeps, Some(_)) if sweeps < policy.blind_after => None,
            (_, Some(at)) => {
                let every = policy.remind_every?;
                let due = long_ago(at, every, now) || (at - now).to_std().unwrap_or_default() > every;
                due.then(|| {
                    self.blind_told = Some(now);
                    "still cannot check cards".to_owned()
                })
            }
        }
    }
}

fn cards(count: usize) -> String {
    if count == 1 { "1 card".to_owned() } else { format!("{count} cards") }
}
