//! Who watches cardwatch from outside: the database for sweeps, the mail server for mails. Owns waiting
//! for what the script promises, printing what is seen, and keeping each mail; a mail that nobody promised
//! is an error, but for the digest, which comes when its time has come.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use cardwatch::clock::{SharedClock, within};
use cardwatch::config::Config;
use cardwatch::domain::ids::InstanceName;
use cardwatch::domain::shown::Counts;
use cardwatch::domain::snapshot::LastSweep;
use cardwatch::domain::sweep::Outcome;
use cardwatch::store::Store;
use fake_domo::Domo;
use fake_smtp::Mail;
use tokio::sync::broadcast;

use crate::desk::Desk;
use crate::narrator::Narrator;

/// What is promised comes within this, or never.
const PATIENCE: Duration = Duration::from_mins(1);

/// A digest comes within this: it is due each minute, and waits for the end of a sweep.
const DIGEST_PATIENCE: Duration = Duration::from_secs(90);

/// The database is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A scene changes many cards at once: it leaves so much time before the next sweep begins.
const GAP: Duration = Duration::from_millis(300);

/// Watches one instance.
pub(crate) struct Audience {
    /// Prints what is seen.
    pub(crate) narrator: Narrator,
    clock: SharedClock,
    store: Store,
    instance: InstanceName,
    stale_after: Duration,
    mails: broadcast::Receiver<Mail>,
    /// One that came and is told after the sweep that brought it.
    next_mail: Option<Mail>,
    mails_folder: PathBuf,
    mails_kept: u32,
    /// The latest sweep that was seen, and what was true after it.
    seen: Option<(LastSweep, Counts)>,
    /// How many sweeps were seen that decided every card.
    completed: usize,
    /// The digests that came and were not asked for.
    digests: Vec<Mail>,
    remind_every: Duration,
    /// From when on the time to the next digest counts, since the start of the clock.
    reminded_at: Duration,
}

/// A mail that has to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Its only recipient.
    pub(crate) to: &'static str,
    /// Its subject.
    pub(crate) subject: String,
}

/// What is seen.
enum Event {
    /// A sweep ended so.
    Swept(Outcome),
    /// A digest came.
    Digest,
    /// Any other mail came.
    Mail(Mail),
}

impl Audience {
    /// Watches the first instance of the configuration, whose daemon has made the database.
    pub(crate) async fn new(
        narrator: Narrator,
        clock: SharedClock,
        config: &Config,
        mails: broadcast::Receiver<Mail>,
        mails_folder: PathBuf,
    ) -> anyhow::Result<Self> {
        let instance = config.instances.first().context("the demo's configuration has no instance")?;
        Ok(Self {
            narrator,
            clock,
            store: Store::open_existing(&config.storage.path).await?,
            instance: instance.name.clone(),
            stale_after: config.alerts.policy.stale_after,
            mails,
            next_mail: None,
            mails_folder,
            mails_kept: 0,
            seen: None,
            completed: 0,
            digests: Vec::new(),
            remind_every: config.alerts.policy.remind_every.context("the demo's configuration asks for no digest")?,
            reminded_at: Duration::ZERO,
        })
    }

    /// Waits for these mails, which may come in any order.
    pub(crate) async fn await_mails(&mut self, promises: &[Promise]) -> anyhow::Result<Vec<Mail>> {
        let mut came: Vec<Option<Mail>> = vec![None; promises.len()];
        let clock = self.clock.clone();
        let awaited = async {
            while came.iter().any(Option::is_none) {
                let Event::Mail(mail) = self.event().await? else { continue };
                let kept = promises.iter().zip(&mut came).find(|(promise, came)| came.is_none() && promise.is(&mail));
                let Some((_, came)) = kept else { bail!("{promises:?} was promised, and '{}' came", subject(&mail)) };
                *came = Some(mail);
            }
            Ok(())
        };
        match within(&*clock, PATIENCE, awaited).await {
            Some(ended) => ended?,
            None => bail!("{promises:?} did not come within {} s", PATIENCE.as_secs()),
        }
        Ok(came.into_iter().flatten().collect())
    }

    /// Waits for a digest that has come since [`Audience::forget_digests`], or comes, and is such.
    pub(crate) async fn await_digest(&mut self, is_such: impl Fn(&Mail) -> bool) -> anyhow::Result<Mail> {
        let clock = self.clock.clone();
        let awaited = async {
            loop {
                if let Some(place) = self.digests.iter().position(&is_such) {
                    return Ok(self.digests.swap_remove(place));
                }
                self.quiet_event().await?;
            }
        };
        let came = within(&*clock, DIGEST_PATIENCE, awaited).await;
        came.unwrap_or_else(|| bail!("no such digest came within {} s", DIGEST_PATIENCE.as_secs()))
    }

    /// What is told just now begins the time to the next digest, as each digest does.
    pub(crate) fn count_to_digest(&mut self) {
        self.reminded_at = self.clock.elapsed();
    }

    /// The time until a digest is due; `None` where one that is such has come.
    pub(crate) fn time_to_digest(&self, is_such: impl Fn(&Mail) -> bool) -> Option<Duration> {
        let due = self.reminded_at + self.remind_every;
        (!self.digests.iter().any(is_such)).then(|| due.saturating_sub(self.clock.elapsed()))
    }

    /// The digests that came so far are none of those that are waited for.
    pub(crate) fn forget_digests(&mut self) {
        self.digests.clear();
    }

    /// Waits until so many sweeps have decided every card. No mail may come.
    pub(crate) async fn await_completed(&mut self, sweeps: usize) -> anyhow::Result<()> {
        while self.completed < sweeps {
            self.await_sweep(|_| true).await?;
        }
        Ok(())
    }

    /// Waits for a sweep that ends so. No mail may come.
    pub(crate) async fn await_sweep(&mut self, wanted: impl Fn(Outcome) -> bool) -> anyhow::Result<()> {
        let clock = self.clock.clone();
        let awaited = async {
            while !self.quiet_event().await?.is_some_and(&wanted) {}
            Ok(())
        };
        let ended = within(&*clock, PATIENCE, awaited).await;
        ended.unwrap_or_else(|| bail!("no such sweep ended within {} s", PATIENCE.as_secs()))
    }

    /// Waits until no sweep runs nor is about to begin, so that the next one sees a scene as a whole. No mail may come.
    pub(crate) async fn await_gap(&mut self, desk: &Desk, domo: &Domo) -> anyhow::Result<()> {
        let clock = self.clock.clone();
        let awaited = async {
            loop {
                let calls = domo.counts();
                self.linger(LOOK_EVERY).await?;
                // A sweep that only lists as yet is known to Domo alone.
                if desk.is_quiet_until(clock.now() + GAP).await? && domo.counts() == calls {
                    return Ok(());
                }
            }
        };
        let gap = within(&*clock, PATIENCE, awaited).await;
        gap.unwrap_or_else(|| bail!("no pause between two sweeps within {} s", PATIENCE.as_secs()))
    }

    /// Gives people time to read. No mail may come.
    pub(crate) async fn linger(&mut self, pause: Duration) -> anyhow::Result<()> {
        let clock = self.clock.clone();
        let quiet = async {
            loop {
                self.quiet_event().await?;
            }
        };
        within(&*clock, pause, quiet).await.unwrap_or(Ok(()))
    }

    /// How many cards are broken by the latest sweep.
    pub(crate) fn broken(&self) -> usize {
        self.seen.as_ref().map_or(0, |(_, counts)| counts.broken)
    }

    /// How many sweeps have decided every card.
    pub(crate) fn completed(&self) -> usize {
        self.completed
    }

    async fn quiet_event(&mut self) -> anyhow::Result<Option<Outcome>> {
        match self.event().await? {
            Event::Swept(outcome) => Ok(Some(outcome)),
            Event::Digest => Ok(None),
            Event::Mail(came) => bail!("no mail was promised, and '{}' came", subject(&came)),
        }
    }

    /// Waits for the next thing to see, and prints it.
    async fn event(&mut self) -> anyhow::Result<Event> {
        loop {
            // A mail waits until the sweep that brought it has been seen: it is taken before that look, which may take
            // longer than a mail does.
            if self.next_mail.is_none() {
                self.next_mail = match self.mails.try_recv() {
                    Ok(mail) => Some(mail),
                    Err(broadcast::error::TryRecvError::Empty) => None,
                    Err(error) => return Err(error).context("the fake mail server"),
                };
            }
            if let Some(outcome) = self.look().await? {
                return Ok(Event::Swept(outcome));
            }
            match self.next_mail.take() {
                Some(mail) => return self.receive(mail),
                None => self.clock.sleep(LOOK_EVERY).await,
            }
        }
    }

    fn receive(&mut self, mail: Mail) -> anyhow::Result<Event> {
        self.keep(&mail)?;
        if subject(&mail).ends_with(" still broken") {
            self.digests.push(mail);
            self.count_to_digest();
            return Ok(Event::Digest);
        }
        Ok(Event::Mail(mail))
    }

    /// How a sweep ended that was not seen before.
    async fn look(&mut self) -> anyhow::Result<Option<Outcome>> {
        let snapshot = self.store.snapshot(&self.instance).await?;
        let Some(sweep) = snapshot.last_sweep.clone() else { return Ok(None) };
        if self.seen.as_ref().is_some_and(|(seen, _)| *seen == sweep) {
            return Ok(None);
        }
        let counts = snapshot.counts(self.clock.now(), self.stale_after);
        let outcome = sweep.outcome;
        self.completed += usize::from(outcome == Outcome::Completed);
        self.tell(&sweep, counts)?;
        self.seen = Some((sweep, counts));
        Ok(Some(outcome))
    }

    /// A sweep like the one before is not worth a line.
    fn tell(&self, sweep: &LastSweep, counts: Counts) -> std::io::Result<()> {
        if sweep.outcome != Outcome::Completed {
            let why = sweep.trouble.as_deref().unwrap_or("some cards could not be checked");
            return self.narrator.cardwatch(&format!("{}: {why}", sweep.outcome.name()));
        }
        let as_before = |(seen, before): &(LastSweep, Counts)| seen.outcome == sweep.outcome && *before == counts;
        if self.seen.as_ref().is_some_and(as_before) {
            return Ok(());
        }
        let took = sweep.finished_at - sweep.started_at;
        let took = took.to_std().unwrap_or_default().as_secs_f64();
        let checked = counts.working + counts.broken;
        self.narrator.cardwatch(&format!("checked {checked} cards in {took:.1} s: {} broken", counts.broken))
    }

    /// Keeps a mail as a file that a mail program opens, and as one for a browser.
    fn keep(&mut self, mail: &Mail) -> anyhow::Result<()> {
        self.mails_kept += 1;
        let name = format!("{:03}", self.mails_kept);
        let (page, whole) = (format!("{name}.html"), format!("{name}.eml"));
        let html = mail.html().with_context(|| format!("the mail '{}' has no HTML part", subject(mail)))?;
        for (file, content) in [(&page, &html), (&whole, &mail.raw)] {
            fs::write(self.mails_folder.join(file), content).context("a mail could not be kept")?;
        }
        Ok(self.narrator.mail(mail, &format!("{page}, {whole}"))?)
    }
}

impl Promise {
    fn is(&self, mail: &Mail) -> bool {
        mail.to == [self.to] && subject(mail) == self.subject
    }
}

fn subject(mail: &Mail) -> String {
    mail.header("Subject").unwrap_or_default()
}
