//! The renders of one sweep: a first round over every card, then a round for each confirmation of what
//! newly fails. Owns asking in parallel, saving as it goes, and when to stop early; what the answers mean
//! is decided in `domain`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use litemap::LiteMap;
use tokio_util::sync::CancellationToken;

use super::renderers::Renderers;
use super::sweeper::Sweeper;
use crate::domain::Timestamp;
use crate::domain::closing::Judged;
use crate::domain::ids::CardId;
use crate::domain::sweep::Plan;
use crate::domain::verdict::{self, Finding, Neighbours, Verdict};
use crate::store::{OpenSweep, SavedResult, StoreError};

/// How the renders of a sweep ended.
pub(super) enum Ended {
    /// They were made, or as many as the sweep had time for.
    Looked {
        /// What they said; a card that is missing was not reached.
        verdicts: LiteMap<CardId, Judged>,
        /// What ended them early.
        trouble: Option<String>,
    },
    /// Domo said 401 to the end.
    SignedOut,
    /// The process is to end.
    Stopped,
}

/// Results wait for each other until there are so many, or until [`FLUSH_AFTER`].
const FLUSH_AT: usize = 512;

/// See [`FLUSH_AT`].
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// So many answers in a row that are not Domo's end the sweep.
const MOST_FOREIGN: u32 = 10;

/// So many cards that just worked are rendered again beside a doubtful one.
const CONTROLS: usize = 5;

/// Renders every card of the plan, and again what newly fails.
pub(super) async fn look(
    sweeper: &Sweeper,
    sweep: &mut OpenSweep,
    plan: &Plan,
    known_broken: &BTreeSet<CardId>,
    stop: &CancellationToken,
) -> Result<Ended, StoreError> {
    let deadline = sweeper.clock.elapsed() + sweeper.instance.sweep_timeout;
    let mut rounds = Rounds { sweeper, sweep, stop, deadline, round: 0, end: None };
    let cards: Vec<CardId> = plan.to_render().collect();
    sweeper.live.begin(cards.len());
    let round = rounds.ask(&cards).await?;
    let doubtful: BTreeSet<CardId> = round.doubtful.keys().copied().collect();
    let others = round.neighbours(|_| true).without_a_doubtful_one();
    let mut verdicts = rounds.conclude(round, others).await?;
    let suspects = suspects(&verdicts, known_broken);
    let controls = if suspects.is_disjoint(&doubtful) { Vec::new() } else { controls(&verdicts) };
    rounds.confirm(&mut verdicts, suspects, &controls).await?;
    Ok(match rounds.end {
        Some(EarlyEnd::SignedOut) => Ended::SignedOut,
        Some(EarlyEnd::Stopped) => Ended::Stopped,
        Some(EarlyEnd::Foreign(what)) => Ended::Looked { verdicts, trouble: Some(foreign_trouble(&what)) },
        Some(EarlyEnd::OutOfTime) => {
            let limit = humantime::format_duration(sweeper.instance.sweep_timeout);
            let trouble = format!("the sweep ran longer than sweep_timeout ({limit}); {}", sweeper.more_time());
            Ended::Looked { verdicts, trouble: Some(trouble) }
        }
        None => Ended::Looked { verdicts, trouble: None },
    })
}

fn foreign_trouble(what: &str) -> String {
    format!(
        "{MOST_FOREIGN} answers in a row were not Domo's, so the sweep ended early; the last was {what}; see whether url is \
         right, or a proxy stands between"
    )
}

/// Why the rounds end before all is done.
enum EarlyEnd {
    SignedOut,
    Stopped,
    OutOfTime,
    Foreign(String),
}

/// What a round of renders found.
#[derive(Default)]
struct Round {
    /// The cards that were judged by themselves.
    verdicts: LiteMap<CardId, Judged>,
    /// The cards of which only their neighbours tell.
    doubtful: BTreeMap<CardId, Doubtful>,
}

impl Round {
    fn len(&self) -> usize {
        self.verdicts.len() + self.doubtful.len()
    }

    /// How the renders went of those cards for which `of` holds.
    fn neighbours(&self, of: impl Fn(&CardId) -> bool) -> Neighbours {
        let judged = self.verdicts.iter().filter(|(card, _)| of(card)).map(|(_, judged)| judged.verdict.is_decided());
        let doubtful = self.doubtful.keys().filter(|card| of(card)).map(|_| false);
        Neighbours::of(judged.chain(doubtful))
    }
}

/// A card that waits to be settled against its neighbours.
struct Doubtful {
    finding: Finding,
    at: Timestamp,
    latency: Duration,
}

struct Rounds<'a> {
    sweeper: &'a Sweeper,
    sweep: &'a mut OpenSweep,
    stop: &'a CancellationToken,
    /// On the clock's `elapsed`.
    deadline: Duration,
    round: u32,
    end: Option<EarlyEnd>,
}

impl Rounds<'_> {
    /// Renders cards in parallel and saves each decided result soon; a doubtful one is saved when it is
    /// settled. Returns what was found before the end, early or not.
    async fn ask(&mut self, cards: &[CardId]) -> Result<Round, StoreError> {
        let mut found = Round { verdicts: LiteMap::with_capacity(cards.len()), ..Round::default() };
        let mut unsaved = Vec::new();
        let mut foreign_in_a_row = 0;
        let mut renderers = Renderers::begin(&self.sweeper.domo, cards.to_vec());
        let out_of_time = self.sweeper.clock.sleep(self.deadline.saturating_sub(self.sweeper.clock.elapsed()));
        let mut flush = self.sweeper.clock.sleep(FLUSH_AFTER);
        tokio::pin!(out_of_time);
        while self.end.is_none() {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => self.end = Some(EarlyEnd::Stopped),
                () = &mut out_of_time => self.end = Some(EarlyEnd::OutOfTime),
                answer = renderers.next() => {
                    let Some((card, render)) = answer else { break };
                    let (finding, at, latency) = (verdict::judge(&render.rendered), render.at, render.latency);
                    self.watch_for_end(&finding, &mut foreign_in_a_row);
                    if finding.is_doubtful() {
                        found.doubtful.insert(card, Doubtful { finding, at, latency });
                    } else {
                        let judged = Judged { verdict: verdict::settle(finding, Neighbours::NONE), at, latency };
                        unsaved.push(self.result(card, &judged));
                        found.verdicts.insert(card, judged);
                    }
                    self.sweeper.live.set_remaining(cards.len() - found.len());
                }
                () = &mut flush => {
                    flush = self.sweeper.clock.sleep(FLUSH_AFTER);
                    self.save(&mut unsaved).await?;
                }
            }
            if unsaved.len() >= FLUSH_AT {
                self.save(&mut unsaved).await?;
            }
        }
        self.save(&mut unsaved).await?;
        Ok(found)
    }

    fn watch_for_end(&mut self, finding: &Finding, foreign_in_a_row: &mut u32) {
        match finding {
            Finding::SignedOut => self.end = Some(EarlyEnd::SignedOut),
            Finding::Foreign(what) => {
                *foreign_in_a_row += 1;
                if *foreign_in_a_row == MOST_FOREIGN {
                    self.end = Some(EarlyEnd::Foreign(what.clone()));
                }
            }
            Finding::Working { .. } | Finding::Broken(_) | Finding::Doubtful(_) | Finding::Hindered(_) => {
                *foreign_in_a_row = 0;
            }
        }
    }

    async fn save(&mut self, results: &mut Vec<SavedResult>) -> Result<(), StoreError> {
        self.sweeper.pulse.beat(self.sweeper.clock.elapsed());
        if results.is_empty() {
            return Ok(());
        }
        self.sweeper.store.append_results(self.sweep, results).await?;
        for result in results.drain(..) {
            self.sweeper.metrics.rendered(&self.sweeper.instance.name, &result.verdict);
        }
        Ok(())
    }

    fn result(&self, card: CardId, judged: &Judged) -> SavedResult {
        let Judged { verdict, at, latency } = judged.clone();
        SavedResult { card, round: self.round, verdict, at, latency }
    }

    /// Settles the doubtful cards of a round against their neighbours, and saves them.
    async fn conclude(&mut self, round: Round, neighbours: Neighbours) -> Result<LiteMap<CardId, Judged>, StoreError> {
        let Round { mut verdicts, doubtful } = round;
        let mut unsaved = Vec::with_capacity(doubtful.len());
        for (card, Doubtful { finding, at, latency }) in doubtful {
            let judged = Judged { verdict: verdict::settle(finding, neighbours), at, latency };
            unsaved.push(self.result(card, &judged));
            verdicts.insert(card, judged);
        }
        self.save(&mut unsaved).await?;
        Ok(verdicts)
    }

    /// Renders the suspects again, after the delay and as often as configured; what does not fail each time
    /// is not believed to be broken. If the controls fail too, nothing is concluded from a doubtful answer.
    async fn confirm(
        &mut self,
        verdicts: &mut LiteMap<CardId, Judged>,
        mut suspects: BTreeSet<CardId>,
        controls: &[CardId],
    ) -> Result<(), StoreError> {
        for round in 1..=self.sweeper.alerts.confirmations {
            if suspects.is_empty() {
                break;
            }
            self.round = round;
            self.pause().await;
            let cards: Vec<CardId> = suspects.iter().chain(controls).copied().collect();
            let found = if self.end.is_none() { self.ask(&cards).await? } else { Round::default() };
            let neighbours = found.neighbours(|card| controls.contains(card));
            let mut again = self.conclude(found, neighbours).await?;
            for card in &suspects {
                if let Some(judged) = verdicts.get_mut(card) {
                    *judged = again.remove(card).unwrap_or_else(|| unconfirmed(judged));
                }
            }
            suspects.retain(|card| verdicts.get(card).is_some_and(is_broken));
        }
        Ok(())
    }

    /// Waits for the next round, where there will be one.
    async fn pause(&mut self) {
        if self.end.is_some() {
            return;
        }
        let left = self.deadline.saturating_sub(self.sweeper.clock.elapsed());
        let delay = self.sweeper.alerts.confirm_delay;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => self.end = Some(EarlyEnd::Stopped),
            () = self.sweeper.beat_along(self.sweeper.clock.sleep(delay.min(left))) => {
                if delay >= left {
                    self.end = Some(EarlyEnd::OutOfTime);
                }
            }
        }
    }
}

/// The cards that newly fail.
fn suspects(verdicts: &LiteMap<CardId, Judged>, known_broken: &BTreeSet<CardId>) -> BTreeSet<CardId> {
    verdicts
        .iter()
        .filter(|(card, judged)| is_broken(judged) && !known_broken.contains(card))
        .map(|(card, _)| *card)
        .collect()
}

/// A few cards that just worked, spread over all of them.
fn controls(verdicts: &LiteMap<CardId, Judged>) -> Vec<CardId> {
    let working: Vec<CardId> =
        verdicts.iter().filter(|(_, judged)| is_working(judged)).map(|(card, _)| *card).collect();
    let step = (working.len() / CONTROLS).max(1);
    working.into_iter().step_by(step).take(CONTROLS).collect()
}

fn is_broken(judged: &Judged) -> bool {
    matches!(judged.verdict, Verdict::Broken(_))
}

fn is_working(judged: &Judged) -> bool {
    matches!(judged.verdict, Verdict::Working { .. })
}

/// A card that failed once and that nobody could render again before the sweep ended.
fn unconfirmed(first: &Judged) -> Judged {
    let said = first.verdict.reason().unwrap_or_default();
    let verdict =
        Verdict::Unchecked(format!("failed once, and the sweep ended before it could be rendered again: {said}"));
    Judged { verdict, ..first.clone() }
}
