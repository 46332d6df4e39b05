//! What a sweep asks beside the renders, so that its report can say why cards are broken and whose they are: Domo
//! about datasets, users and beast modes, the store about the past. Owns what is asked and how much of it at most; each
//! question may fail, and the report goes out without its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use litemap::LiteMap;
use tokio_util::sync::CancellationToken;

use super::sweeper::Sweeper;
use crate::clock::within;
use crate::domain::closing::{Asked, Judged};
use crate::domain::dataset::Feeding;
use crate::domain::ids::{CardId, DatasetId, InstanceName, UserId};
use crate::domain::owners::{Addresses, OwnerPolicy};
use crate::domain::rendering::Usual;
use crate::domain::sweep::Plan;
use crate::domain::verdict::{Class, Reason, Verdict};
use crate::domo::{CARDS_A_CALL, Untold};
use crate::store::StoreError;

/// All questions to Domo together may take so long: the report waits for them.
const PATIENCE: Duration = Duration::from_secs(30);

/// Domo is asked about so many datasets, those that feed the most newly broken cards.
const MOST_DATASETS: usize = 5;

/// So many newly broken cards are asked for their datasets, where the list did not tell.
const MOST_CARDS: usize = 2 * CARDS_A_CALL;

/// The past of so many cards is read: the slowest.
const MOST_PASTS: usize = 200;

/// So far back reaches what is usual for a card, in days.
const PAST: Duration = Duration::from_hours(14 * 24);

/// So many questions are asked at once.
const AT_ONCE: usize = 4;

/// After so many questions in a row for addresses that were not answered no more are asked.
const MOST_UNTOLD: usize = 5;

/// An address is looked up again after this.
const ADDRESS_HOLDS: Duration = Duration::from_hours(24);

/// An address that cannot be looked up again is used for so long.
const ADDRESS_SERVES: Duration = Duration::from_hours(30 * 24);

/// Beast modes are counted again after this.
const COUNT_HOLDS: Duration = Duration::from_hours(24);

/// What the questions are about.
struct Asking<'a> {
    sweeper: &'a Sweeper,
    plan: &'a Plan,
    verdicts: &'a LiteMap<CardId, Judged>,
    /// The cards that were broken before the sweep.
    known_broken: &'a BTreeSet<CardId>,
    /// The datasets of newly broken cards, where the list did not tell them.
    known_datasets: BTreeMap<CardId, Feeding>,
}

/// Asks what the verdicts call for. Fails only where the database does.
pub(super) async fn ask(
    sweeper: &Sweeper,
    plan: &Plan,
    verdicts: &LiteMap<CardId, Judged>,
    known_broken: &BTreeSet<CardId>,
    stop: &CancellationToken,
) -> Result<Asked, StoreError> {
    let mut asking = Asking { sweeper, plan, verdicts, known_broken, known_datasets: BTreeMap::new() };
    asking.known_datasets = asking.remembered_datasets().await?;
    let mut asked = Asked { usual: asking.usual().await?, ..Asked::default() };
    let users = asking.users_without_address(&mut asked.addresses).await?;
    let count = asking.count_is_old().await?;
    let mut addresses = std::mem::take(&mut asked.addresses);
    let mut invalid_functions = None;
    // Side by side, so that none of them has to do with what time the others leave.
    let questions = Box::pin(async {
        let functions = async {
            if count {
                invalid_functions = asking.told(sweeper.domo.invalid_functions().await);
            }
        };
        let look_up = asking.look_up(&users, &mut addresses);
        let ((), looked_up, ()) = tokio::join!(asking.upstream(&mut asked), look_up, functions);
        looked_up
    });
    let answered = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        answered = within(&*sweeper.clock, PATIENCE, sweeper.beat_along(questions)) => answered,
    };
    answered.unwrap_or(Ok(()))?;
    Ok(Asked { addresses, invalid_functions, ..asked })
}

impl Asking<'_> {
    /// The cards that newly fail, with their reasons.
    fn newly_broken(&self) -> impl Iterator<Item = (CardId, &Reason)> {
        self.verdicts.iter().filter_map(|(card, judged)| match &judged.verdict {
            Verdict::Broken(reason) if !self.was_broken(*card) => Some((*card, reason)),
            Verdict::Broken(_) | Verdict::Working { .. } | Verdict::Unchecked(_) | Verdict::Unsupported => None,
        })
    }

    fn was_broken(&self, card: CardId) -> bool {
        self.known_broken.contains(&card)
    }

    /// What is usual for the cards that may have left it, and for those that do not answer in time any more.
    async fn usual(&self) -> Result<BTreeMap<CardId, Usual>, StoreError> {
        let mut slow: Vec<(Duration, CardId)> = self
            .verdicts
            .iter()
            .filter(|(_, judged)| matches!(judged.verdict, Verdict::Working { .. }))
            .map(|(card, judged)| (judged.latency, *card))
            .filter(|(latency, _)| *latency >= Usual::LEAST_SLOW)
            .collect();
        slow.sort_unstable_by(|a, b| b.cmp(a));
        let late = self.newly_broken().filter(|(_, reason)| reason.class == Class::QueryTimeout).map(|(card, _)| card);
        let cards: BTreeSet<CardId> = late.chain(slow.into_iter().map(|(_, card)| card)).take(MOST_PASTS).collect();
        if cards.is_empty() {
            return Ok(BTreeMap::new());
        }
        let since = self.sweeper.clock.now() - PAST;
        let pasts = self.sweeper.store.latencies(self.name(), &cards, since).await?;
        Ok(pasts.into_iter().filter_map(|(card, past)| Some((card, Usual::of(past)?))).collect())
    }

    /// Domo's word on the datasets of the newly broken cards.
    async fn upstream(&self, asked: &mut Asked) {
        let untold: Vec<CardId> =
            self.newly_broken().map(|(card, _)| card).filter(|card| self.known_datasets(*card).is_empty()).collect();
        for cards in untold.chunks(CARDS_A_CALL).take(MOST_CARDS / CARDS_A_CALL) {
            let cards = cards.iter().copied().collect();
            if let Some((fed_by, datasets)) = self.told(self.sweeper.domo.card_datasets(&cards).await) {
                asked.card_datasets.extend(fed_by);
                asked.datasets.extend(datasets);
            }
        }
        let mut evidence = stream::iter(self.datasets_to_blame(asked))
            .map(async |dataset| (dataset.clone(), self.sweeper.domo.evidence(&dataset).await))
            .buffer_unordered(AT_ONCE);
        // Each is kept as it comes: the time may be up before the last one has.
        while let Some((dataset, found)) = evidence.next().await {
            asked.evidence.extend(self.told(found).map(|found| (dataset, found)));
        }
    }

    fn known_datasets(&self, card: CardId) -> Feeding {
        let listed = self.plan.cards.get(&card).and_then(|planned| planned.card.datasets.clone());
        listed.or_else(|| self.known_datasets.get(&card).cloned()).unwrap_or_default()
    }

    async fn remembered_datasets(&self) -> Result<BTreeMap<CardId, Feeding>, StoreError> {
        let listed = |card: &CardId| self.plan.cards.get(card).is_some_and(|planned| planned.card.datasets.is_some());
        let cards: Vec<CardId> = self.newly_broken().map(|(card, _)| card).filter(|card| !listed(card)).collect();
        if cards.is_empty() { Ok(BTreeMap::new()) } else { self.sweeper.store.datasets_of(self.name(), &cards).await }
    }

    fn name(&self) -> &InstanceName {
        &self.sweeper.instance.name
    }

    /// Those that feed the most newly broken cards.
    fn datasets_to_blame(&self, asked: &Asked) -> Vec<DatasetId> {
        let mut blamed: BTreeMap<DatasetId, usize> = BTreeMap::new();
        for (card, _) in self.newly_broken() {
            let datasets = asked.card_datasets.get(&card).cloned().unwrap_or_else(|| self.known_datasets(card));
            for dataset in &datasets {
                *blamed.entry(dataset.clone()).or_default() += 1;
            }
        }
        let mut blamed: Vec<(DatasetId, usize)> = blamed.into_iter().collect();
        blamed.sort_by_key(|(_, cards)| std::cmp::Reverse(*cards));
        blamed.into_iter().take(MOST_DATASETS).map(|(dataset, _)| dataset).collect()
    }

    /// The owners to be mailed, as far as anybody is, whose addresses have to be looked up; those that are known go
    /// into `addresses`.
    async fn users_without_address(&self, addresses: &mut Addresses) -> Result<Vec<UserId>, StoreError> {
        let Some(OwnerPolicy { most_mails, .. }) = self.sweeper.mailed_owners() else { return Ok(Vec::new()) };
        let owners = self.owners();
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let (store, name, now) = (&self.sweeper.store, self.name(), self.sweeper.clock.now());
        *addresses = store.addresses(name, now - ADDRESS_SERVES).await?;
        let fresh = store.addresses(name, now - ADDRESS_HOLDS).await?;
        Ok(owners.into_iter().filter(|user| !fresh.contains_key(user)).take(2 * most_mails).collect())
    }

    /// The owners of the cards of which there may be news.
    fn owners(&self) -> BTreeSet<UserId> {
        let broken = |card: &CardId| {
            let now = self.verdicts.get(card).is_some_and(|judged| matches!(judged.verdict, Verdict::Broken(_)));
            now || self.was_broken(*card)
        };
        let cards = self.plan.cards.iter().filter(|(card, _)| broken(card)).map(|(_, planned)| planned);
        cards.flat_map(|planned| self.plan.owners_of(planned)).filter_map(|owner| owner.user).collect()
    }

    async fn look_up(&self, users: &[UserId], addresses: &mut Addresses) -> Result<(), StoreError> {
        let mut answers = stream::iter(users.iter().copied())
            .map(async |user| (user, self.sweeper.domo.address(user).await))
            .buffer_unordered(AT_ONCE);
        let (mut told, mut untold) = (Addresses::new(), 0);
        while untold < MOST_UNTOLD
            && let Some((user, answer)) = answers.next().await
        {
            let answer = self.told(answer);
            untold = if answer.is_some() { 0 } else { untold + 1 };
            told.extend(answer.map(|address| (user, address)));
        }
        if !told.is_empty() {
            self.sweeper.store.keep_addresses(self.name(), &told, self.sweeper.clock.now()).await?;
        }
        addresses.extend(told);
        Ok(())
    }

    /// Whether it is time to count the invalid beast modes again: only digests tell of them.
    async fn count_is_old(&self) -> Result<bool, StoreError> {
        if self.sweeper.letters.is_none() || self.sweeper.alerts.policy.remind_every.is_none() {
            return Ok(false);
        }
        let counted = self.sweeper.store.functions_counted_at(self.name()).await?;
        let now = self.sweeper.clock.now();
        Ok(counted.is_none_or(|at| at > now || (now - at).to_std().is_ok_and(|age| age >= COUNT_HOLDS)))
    }

    /// What was told; where nothing was, the log says why to who looks for it: a right that is lacking is lacking at
    /// each sweep.
    fn told<T>(&self, answer: Result<T, Untold>) -> Option<T> {
        let untold = |why: &Untold| tracing::debug!(domo_instance = %self.name(), "not learnt from Domo: {why}");
        answer.inspect_err(untold).ok()
    }
}
