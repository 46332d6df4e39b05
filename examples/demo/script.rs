//! What happens in the fake Domo, scene by scene, and what cardwatch promises to make of each: which mails come and
//! what they say, and what `cardwatch status` and the metrics show. Owns the order and the words; it is played on the
//! `stage`, `news` tells whether the right mails came, and `truth` whether the rest is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use anyhow::ensure;
use cardwatch::domain::Timestamp;
use cardwatch::domain::rendering::LEAST_SAMPLES;
use cardwatch::domain::report::cards as count_cards;
use cardwatch::domain::sweep::Outcome;
use cardwatch::domain::verdict::Class;
use fake_domo::{Behaviour, CardInfo, Condition, Domo};
use fake_smtp::Mail;

use crate::instance::{Cast, DANA, HEADCOUNT, ORDERS, REGION, SESSIONS, TARGETS};
use crate::narrator::Narrator;
use crate::news::{await_breakage, await_recovery, cards_in, must_say};
use crate::stage::{ADMINS, Stage};
use crate::truth::{Incident, Truth};

/// Time to read between two scenes of the first round.
const READING: Duration = Duration::from_secs(4);

/// Time between two scenes once everything has been shown.
const CALM: Duration = Duration::from_secs(20);

/// How much longer than others the slow card takes: enough to be slow, and less than a request may take.
const CRAWL: Duration = Duration::from_millis(5_700);

/// Why the muted card is muted.
const REASON: &str = "Margin is being rebuilt, see BI-142";

/// The play.
pub(crate) struct Script {
    cast: Cast,
    /// What is true by now.
    pub(crate) truth: Truth,
    /// The Message-ID of the mail that told that a card is broken.
    pub(crate) told_in: BTreeMap<i64, String>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Scene {
    /// A dataset loses a column that cards use.
    LoseColumn,
    /// Another dataset is deleted.
    DeleteDataset,
    /// Somebody mutes a card that they know of.
    Mute,
    /// A card gets slow.
    SlowDown,
    /// The digest comes.
    Digest,
    /// Two cards of which Domo says nothing that would explain it; one is the slow one.
    Fail,
    /// The column is back.
    RestoreColumn,
    /// Domo turns every call away, until cardwatch has noticed.
    Throttle,
    /// Everything is repaired.
    Repair,
}

impl Scene {
    const ALL: [Self; 9] = [
        Self::LoseColumn,
        Self::DeleteDataset,
        Self::Mute,
        Self::SlowDown,
        Self::Digest,
        Self::Fail,
        Self::RestoreColumn,
        Self::Throttle,
        Self::Repair,
    ];

    /// Whether it changes something in Domo, which the next sweep has to see as a whole.
    fn strikes_domo(self) -> bool {
        match self {
            Self::Mute | Self::Digest => false,
            Self::LoseColumn
            | Self::DeleteDataset
            | Self::SlowDown
            | Self::Fail
            | Self::RestoreColumn
            | Self::Throttle
            | Self::Repair => true,
        }
    }
}

/// Plays the script once, or again and again until nobody watches any more.
pub(crate) async fn play(stage: &mut Stage, once: bool) -> anyhow::Result<()> {
    let told = format!("{} broken when first seen", count_cards(stage.script.truth.broken()));
    let opening = stage.script.opening();
    await_breakage(stage, &told, &opening).await?;
    stage.audience.count_to_digest();
    let mut pause = if once { Duration::ZERO } else { READING };
    loop {
        for scene in Scene::ALL {
            stage.audience.linger(pause).await?;
            if scene.strikes_domo() {
                stage.audience.await_gap(&stage.desk, &stage.domo).await?;
            }
            perform(stage, scene).await?;
            stage.script.truth.must_show(&stage.desk, &stage.clock).await?;
        }
        show(stage, &["status"]).await?;
        if once {
            return Ok(());
        }
        let narrator = &stage.audience.narrator;
        narrator.domo("That was all. It goes on like this, with longer pauses; Ctrl-C ends it.")?;
        narrator.cardwatch("Your own Domo: README.md, 'From nothing to the first mail'.")?;
        stage.domo.reset_counts();
        pause = CALM;
        stage.audience.linger(pause).await?;
        stage.audience.await_gap(&stage.desk, &stage.domo).await?;
        let now = stage.clock.now();
        stage.script.raise_curtain("A", &stage.domo, &stage.audience.narrator, now)?;
        let opening = stage.script.opening();
        await_breakage(stage, &format!("{} broke", count_cards(opening.len())), &opening).await?;
        stage.audience.count_to_digest();
    }
}

async fn perform(stage: &mut Stage, scene: Scene) -> anyhow::Result<()> {
    match scene {
        Scene::LoseColumn => lose_column(stage).await,
        Scene::DeleteDataset => delete_dataset(stage).await,
        Scene::Mute => mute(stage).await,
        Scene::SlowDown => slow_down(stage).await,
        Scene::Digest => digest(stage).await,
        Scene::Fail => fail(stage).await,
        Scene::RestoreColumn => restore_column(stage).await,
        Scene::Throttle => throttle(stage).await,
        Scene::Repair => repair(stage).await,
    }
}

async fn lose_column(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, clock, .. } = &mut *stage;
    let cards = script.cast.by_region.clone();
    audience.narrator.domo(&format!(
        "The latest run of {} brings a table without the column {REGION}: {} break.",
        ORDERS.name,
        on_pages(&cards)
    ))?;
    domo.drop_column(ORDERS.id, REGION);
    domo.succeed_run(ORDERS.id, clock.now().timestamp_millis());
    let title = lost_column();
    script.truth.breaks(&title, Class::Misconfigured, &cards);
    let mail = await_breakage(stage, &format!("{} broke", count_cards(cards.len())), &cards).await?;
    must_say(
        &mail,
        &[
            &title,
            &format!("Invalid column(s) referenced: {REGION}"),
            "last run succeeded",
            &format!("Dataset {}: lost column {REGION} ", ORDERS.name),
            "Mailed about their own cards: Dana Reyes.",
            "Jonas Weiß (address outside owner_domains)",
        ],
    )
}

async fn delete_dataset(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, .. } = &mut *stage;
    let cards = script.cast.headcount.clone();
    let told = format!("Someone deletes the dataset {}: {} break.", HEADCOUNT.name, on_pages(&cards));
    audience.narrator.domo(&told)?;
    domo.delete_dataset(HEADCOUNT.id);
    let title = gone(HEADCOUNT.name);
    script.truth.breaks(&title, Class::Misconfigured, &cards);
    let mail = await_breakage(stage, &format!("{} broke", count_cards(cards.len())), &cards).await?;
    must_say(&mail, &[&title, &format!("Dataset {}: gone, or not shown", HEADCOUNT.name), "People analytics (a group)"])
}

async fn mute(stage: &mut Stage) -> anyhow::Result<()> {
    let card = stage.script.cast.margin.id;
    let card_id = card.to_string();
    let command = ["mute", &card_id, "--for", "2h", "--reason", REASON];
    stage.audience.narrator.command(&command)?;
    let said = stage.desk.run(&command).await?;
    Narrator::printed(&said)?;
    ensure!(said.contains("is muted") && said.contains(REASON), "'cardwatch mute' says: {said}");
    let said = show(stage, &["mutes"]).await?;
    ensure!(said.contains(&card_id) && said.contains(REASON), "'cardwatch mutes' says: {said}");
    stage.script.truth.muted.insert(card, REASON.to_owned());
    stage.audience.forget_digests();
    Ok(())
}

async fn slow_down(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, clock, desk, .. } = &mut *stage;
    if audience.completed() <= LEAST_SAMPLES {
        let enough = LEAST_SAMPLES + 1;
        audience.narrator.apart(&format!("learns how long each card usually takes, in its first {enough} sweeps"))?;
        for sweep in audience.completed() + 1..=enough {
            audience.await_completed(sweep).await?;
            audience.narrator.cardwatch(&format!("sweep {sweep} of {enough}"))?;
        }
        audience.await_gap(desk, domo).await?;
    }
    let card = &script.cast.slow;
    audience.narrator.domo(&format!(
        "'{}' still renders, but takes 5 s longer than it used to. It works: nobody is mailed.",
        card.title
    ))?;
    domo.set_card_latency(card.id, CRAWL);
    script.truth.slow.insert(card.id);
    let sweeps = audience.completed() + 1;
    audience.await_completed(sweeps).await?;
    script.truth.must_show(desk, clock).await?;
    let said = show(stage, &["status"]).await?;
    let Script { cast, truth, .. } = &stage.script;
    for told in truth.incidents.keys().map(String::as_str).chain([REASON, "Slow: took", DANA.name, &cast.slow.title]) {
        ensure!(said.contains(told), "'cardwatch status' does not say '{told}'");
    }
    Ok(())
}

async fn digest(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { script, audience, .. } = &mut *stage;
    let slow = script.cast.slow.id;
    let is_such = |mail: &Mail| cards_in(mail).contains(&slow);
    let when = match audience.time_to_digest(is_such) {
        Some(wait) => format!("due in about {} s, at the end of a sweep", wait.as_secs().next_multiple_of(5).max(5)),
        None => "as just now".to_owned(),
    };
    audience
        .narrator
        .apart(&format!("here once a minute (once a day by default) it mails what is still broken: {when}"))?;
    let mail = audience.await_digest(is_such).await?;
    let (broken, muted) = (script.truth.broken(), script.truth.muted.len());
    let subject = format!("[cardwatch] acme: {} still broken", count_cards(broken - muted));
    ensure!(mail.header("Subject").as_deref() == Some(&subject), "the digest has to be '{subject}'");
    ensure!(mail.to == [ADMINS], "the digest goes to {:?}", mail.to);
    must_say(&mail, &["1 more broken card is muted.", "1 card is slow", &lost_column(), &gone(HEADCOUNT.name)])?;
    let told = cards_in(&mail);
    let muted = script.truth.muted.keys().find(|card| told.contains(card));
    ensure!(muted.is_none(), "the digest speaks of a muted card: {muted:?}");
    Ok(())
}

async fn fail(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, .. } = &mut *stage;
    let (failing, hanging) = (script.cast.failing.clone(), script.cast.slow.clone());
    audience.narrator.domo(&format!(
        "Now the query of the slow card hangs: Domo gives no answer. And to '{}' it answers 500, and will for ever.",
        failing.title
    ))?;
    audience.narrator.cardwatch("waits 8 s for an answer, then asks once more before it says anything")?;
    domo.set(failing.id, Behaviour::ServerError);
    domo.set(hanging.id, Behaviour::Hangs);
    let late = format!("Dataset {} is too slow", SESSIONS.name);
    script.truth.slow.clear();
    script.truth.breaks("Domo answers with a server error", Class::Other, std::slice::from_ref(&failing));
    script.truth.breaks(&late, Class::QueryTimeout, std::slice::from_ref(&hanging));
    let mail = await_breakage(stage, "2 cards broke", &[failing, hanging]).await?;
    must_say(&mail, &[&late, "no answer within 8 s", "usually "])
}

async fn restore_column(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, clock, .. } = &mut *stage;
    audience.narrator.domo(&format!("The next run of {} brings the column back.", ORDERS.name))?;
    domo.restore_column(ORDERS.id, REGION);
    domo.succeed_run(ORDERS.id, clock.now().timestamp_millis());
    let cards = script.cast.by_region.clone();
    script.truth.heals(&lost_column());
    let mail = await_recovery(stage, &cards).await?;
    must_say(&mail, &[&format!("({}) is over.", lost_column())])
}

/// What a naive monitor takes for 'everything is broken', or for 'all is well'.
async fn throttle(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, desk, .. } = stage;
    audience.narrator.domo("For a moment Domo answers 429 to everything: too many requests.")?;
    domo.set_condition(Condition::Throttled { retry_after: Some(1) });
    audience.await_sweep(|outcome| outcome != Outcome::Completed).await?;
    audience.narrator.cardwatch(&format!(
        "nothing is concluded from that and nobody is mailed: {} stay broken, all others working",
        audience.broken()
    ))?;
    audience.await_gap(desk, domo).await?;
    audience.narrator.domo("Domo answers again.")?;
    domo.set_condition(Condition::Healthy);
    audience.await_sweep(|outcome| outcome == Outcome::Completed).await?;
    ensure!(audience.broken() == script.truth.broken(), "throttling changed which cards count as broken");
    Ok(())
}

async fn repair(stage: &mut Stage) -> anyhow::Result<()> {
    let Stage { domo, script, audience, clock, .. } = &mut *stage;
    let Cast { targets, margin, headcount, slow, failing, .. } = &script.cast;
    let cards: Vec<CardInfo> =
        [targets, headcount].into_iter().flatten().chain([margin, slow, failing]).cloned().collect();
    audience.narrator.domo(&format!("The admins repair everything: {} render again.", count_cards(cards.len())))?;
    domo.heal_all();
    domo.set_card_latency(slow.id, crate::instance::UNHURRIED);
    domo.succeed_run(TARGETS.id, clock.now().timestamp_millis());
    let over: Vec<String> = script.truth.incidents.keys().map(|title| format!("({title}) is over.")).collect();
    script.truth = Truth::default();
    let mail = await_recovery(stage, &cards).await?;
    must_say(&mail, &over.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Shows what a command prints that changes nothing, and gives it as well.
async fn show(stage: &Stage, words: &[&str]) -> anyhow::Result<String> {
    stage.audience.narrator.command(words)?;
    stage.desk.show(words).await?;
    stage.desk.run(words).await
}

impl Script {
    /// The play with these cards.
    pub(crate) fn new(cast: Cast) -> Self {
        Self { cast, truth: Truth::default(), told_in: BTreeMap::new() }
    }

    /// The cards that are broken before cardwatch looks.
    fn opening(&self) -> Vec<CardInfo> {
        self.cast.targets.iter().chain([&self.cast.margin]).cloned().collect()
    }

    /// Breaks what is broken before cardwatch looks, and with it begins each round.
    pub(crate) fn raise_curtain(
        &mut self,
        when: &str,
        domo: &Domo,
        narrator: &Narrator,
        now: Timestamp,
    ) -> io::Result<()> {
        let Self { cast: Cast { targets, margin, .. }, truth, .. } = self;
        narrator.domo(&format!(
            "{when} run of {} fails and leaves {} without data, and '{}' has a broken beast mode.",
            TARGETS.name,
            count_cards(targets.len()),
            margin.title
        ))?;
        domo.fail_run(TARGETS.id, "The workbook 'Sales targets 2026.xlsx' was not found", now.timestamp_millis());
        for card in targets.iter() {
            domo.set(card.id, Behaviour::broken("No indexed schema found"));
        }
        domo.set(margin.id, Behaviour::broken("Beast mode 'Margin' cannot be evaluated"));
        truth.breaks(&not_indexed(TARGETS.name), Class::Misconfigured, targets);
        let formula = format!("Beast mode Margin on dataset {} cannot be read", ORDERS.name);
        truth.breaks(&formula, Class::Misconfigured, std::slice::from_ref(margin));
        Ok(())
    }
}

impl Truth {
    fn breaks(&mut self, title: &str, class: Class, cards: &[CardInfo]) {
        let cards = cards.iter().map(|card| card.id).collect();
        self.incidents.insert(title.to_owned(), Incident { class, cards });
    }

    fn heals(&mut self, title: &str) {
        self.incidents.remove(title);
    }
}

fn lost_column() -> String {
    format!("Dataset {} lost column {REGION}", ORDERS.name)
}

fn gone(dataset: &str) -> String {
    format!("Dataset {dataset} is gone")
}

fn not_indexed(dataset: &str) -> String {
    format!("Dataset {dataset} is not indexed")
}

fn on_pages(cards: &[CardInfo]) -> String {
    let pages: BTreeSet<i64> = cards.iter().flat_map(|card| card.pages.iter().copied()).collect();
    let pages = if pages.len() == 1 { "1 page".to_owned() } else { format!("{} pages", pages.len()) };
    format!("{} on {pages}", count_cards(cards.len()))
}
