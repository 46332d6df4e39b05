//! What happens in the fake Domo, scene by scene, and which mail each scene promises. Owns the choice of
//! cards and the words; it is played on the `stage`, and the `audience` tells whether the promise was kept.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use cardwatch::domain::report::cards as count_cards;
use cardwatch::domain::sweep::Outcome;
use fake_domo::{Behaviour, CardInfo, Condition, Domo};

use crate::narrator::Narrator;
use crate::stage::Stage;

/// Time to read between two scenes of the first round.
const READING: Duration = Duration::from_secs(4);

/// Time between two scenes once everything has been shown.
const CALM: Duration = Duration::from_secs(20);

/// The play.
pub(crate) struct Script {
    /// These are broken before cardwatch sees them for the first time, and stay so.
    from_the_start: Vec<i64>,
    scenes: Vec<Scene>,
}

/// One thing that happens.
struct Scene {
    told: String,
    turn: Turn,
    /// The cards that it strikes.
    cards: Vec<i64>,
}

enum Turn {
    /// The cards do this from now on.
    Break(Behaviour),
    /// The cards render again.
    Heal,
    /// Domo turns every call away, until cardwatch has noticed.
    Throttle,
}

/// Plays the script once, or again and again until nobody watches any more.
pub(crate) async fn play(stage: &mut Stage, once: bool) -> anyhow::Result<()> {
    let mut broken: BTreeSet<i64> = stage.script.from_the_start.iter().copied().collect();
    let seen = count_cards(broken.len());
    let first = format!("[cardwatch] acme: {seen} broken when first seen ({} broken now)", broken.len());
    stage.audience.await_mail(&first).await?;
    let mut pause = if once { Duration::ZERO } else { READING };
    loop {
        for at in 0..stage.script.scenes.len() {
            stage.audience.linger(pause).await?;
            stage.audience.await_gap().await?;
            perform(stage, at, &mut broken).await?;
        }
        if once {
            return Ok(());
        }
        stage.audience.narrator.domo("That was all. It goes on like this, with longer pauses; Ctrl-C ends it.")?;
        stage.domo.reset_counts();
        pause = CALM;
    }
}

async fn perform(stage: &mut Stage, at: usize, broken: &mut BTreeSet<i64>) -> anyhow::Result<()> {
    let Stage { domo, script, audience, .. } = stage;
    let scene = script.scenes.get(at).context("a scene is missing")?;
    audience.narrator.domo(&scene.told)?;
    let struck = count_cards(scene.cards.len());
    let said = match &scene.turn {
        Turn::Throttle => return throttle(stage, broken.len()).await,
        Turn::Break(behaviour) => {
            scene.cards.iter().for_each(|card| domo.set(*card, behaviour.clone()));
            broken.extend(&scene.cards);
            format!("{struck} broke")
        }
        Turn::Heal => {
            scene.cards.iter().for_each(|card| domo.heal(*card));
            broken.retain(|card| !scene.cards.contains(card));
            format!("{struck} recovered")
        }
    };
    audience.await_mail(&format!("[cardwatch] acme: {said} ({} broken now)", broken.len())).await?;
    ensure!(audience.broken() == broken.len(), "the mail and the database do not agree");
    Ok(())
}

/// What a naive monitor takes for 'everything is broken', or for 'all is well'.
async fn throttle(stage: &mut Stage, broken: usize) -> anyhow::Result<()> {
    let Stage { domo, audience, .. } = stage;
    domo.set_condition(Condition::Throttled { retry_after: Some(1) });
    audience.await_sweep(|outcome| outcome != Outcome::Completed).await?;
    audience.narrator.cardwatch(&format!(
        "nothing is concluded from that and nobody is mailed: {} stay broken, all others working",
        audience.broken()
    ))?;
    audience.await_gap().await?;
    audience.narrator.domo("Domo answers again.")?;
    domo.set_condition(Condition::Healthy);
    audience.await_sweep(|outcome| outcome == Outcome::Completed).await?;
    ensure!(audience.broken() == broken, "throttling changed which cards count as broken");
    Ok(())
}

impl Script {
    /// Chooses the cards of the play among those of the instance.
    pub(crate) fn for_instance(domo: &Domo) -> anyhow::Result<Self> {
        let mut casting = Casting { free: domo.cards().into_iter().filter(|card| card.kind == "kpi").collect() };
        let from_the_start = ids(&casting.take("Sales targets (Excel)", 2)?);
        let orders = casting.take("Orders (Snowflake)", 3)?;
        let tickets = casting.take("Tickets (Zendesk)", 4)?;
        let dataset = tickets.first().and_then(|card| card.datasets.first()).context("a card has no dataset")?;
        let deleted = Behaviour::broken(&format!("Dataset {} is not indexed", dataset.id));
        let failing = casting.take("Headcount (Workday)", 1)?;
        let hanging = casting.take("Cohorts | SQL DataFlow", 1)?;
        let repaired: Vec<CardInfo> = [&tickets[..], &failing, &hanging].concat();
        let scene = |told: String, turn, cards: &[CardInfo]| Scene { told, turn, cards: ids(cards) };
        let scenes = vec![
            scene(
                format!("Someone drops the column region_name from Orders (Snowflake): {} break.", on_pages(&orders)),
                Turn::Break(Behaviour::broken("Invalid column(s) referenced: region_name")),
                &orders,
            ),
            scene("The column is back.".to_owned(), Turn::Heal, &orders),
            scene(
                format!("Someone deletes the dataset Tickets (Zendesk): {} break.", on_pages(&tickets)),
                Turn::Break(deleted),
                &tickets,
            ),
            scene(
                format!("Domo answers 500 to {}, and will for ever.", titles(&failing)),
                Turn::Break(Behaviour::ServerError),
                &failing,
            ),
            scene(
                format!("The query of {} hangs: Domo gives no answer.", titles(&hanging)),
                Turn::Break(Behaviour::Hangs),
                &hanging,
            ),
            scene("For a moment Domo answers 429 to everything: too many requests.".to_owned(), Turn::Throttle, &[]),
            scene(format!("The admins repair all {}.", count_cards(repaired.len())), Turn::Heal, &repaired),
        ];
        Ok(Self { from_the_start, scenes })
    }

    /// Breaks what is broken before anybody looks.
    pub(crate) fn raise_curtain(&self, domo: &Domo, narrator: &Narrator) -> io::Result<()> {
        let broken = self.from_the_start.len();
        narrator.domo(&format!("{} broken before cardwatch sees the instance for the first time.", are(broken)))?;
        for card in &self.from_the_start {
            domo.set(*card, Behaviour::broken("No indexed schema found"));
        }
        Ok(())
    }
}

/// The cards that have no part yet.
struct Casting {
    free: Vec<CardInfo>,
}

impl Casting {
    /// So many cards on this dataset; those that speak of regions first.
    fn take(&mut self, dataset: &str, count: usize) -> anyhow::Result<Vec<CardInfo>> {
        let on_dataset = |card: &CardInfo| card.datasets.iter().any(|of_card| of_card.name == dataset);
        let (mut fit, others): (Vec<_>, Vec<_>) = self.free.drain(..).partition(on_dataset);
        self.free = others;
        ensure!(fit.len() >= count, "the fake instance has only {} cards on {dataset}", fit.len());
        fit.sort_by_key(|card| !card.title.contains("region"));
        fit.truncate(count);
        Ok(fit)
    }
}

fn ids(cards: &[CardInfo]) -> Vec<i64> {
    cards.iter().map(|card| card.id).collect()
}

fn titles(cards: &[CardInfo]) -> String {
    let titles: Vec<String> = cards.iter().map(|card| format!("'{}'", card.title)).collect();
    titles.join(", ")
}

fn on_pages(cards: &[CardInfo]) -> String {
    let pages: BTreeSet<i64> = cards.iter().flat_map(|card| card.pages.iter().copied()).collect();
    let pages = if pages.len() == 1 { "1 page".to_owned() } else { format!("{} pages", pages.len()) };
    format!("{} on {pages}", count_cards(cards.len()))
}

fn are(count: usize) -> String {
    if count == 1 { "1 card is".to_owned() } else { format!("{count} cards are") }
}
