//! What happens at three instances within three weeks, so that every kind of card, incident and trouble is on the pages
//! at its end. Owns the made-up events and which cards stand for what.

use chrono::TimeDelta;
use fake_domo::{Behaviour, CardInfo, Condition, Dataset, Domo, FakeDomo, Owner, Spec, nasty_text};
use serde_json::{Value, json};

use crate::past::Past;

/// What a careless page would run, or let overflow.
const HOSTILE_TITLE: &str = "<script>document.title='owned'</script><img src=x onerror=alert(1)> \u{202e}txt.exe & \"quoted\" \
                             'single' größe 日本語 العربية";
const HOSTILE_NAME: &str = "</td></table><a href=\"https://evil.example/\">O'Brien & Söhne</a>";

/// The column that a dataset loses.
const COLUMN: &str = "region_name";

/// What a mail says of it.
pub(crate) const CAUSE: &str = "lost column region_name";

/// The instances, as Domo has them.
pub(crate) struct World {
    pub(crate) acme: Domo,
    pub(crate) globex: Domo,
    /// It lets nobody in at the end.
    pub(crate) initech: Domo,
    manners: Manners,
}

/// How people name things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// As people do.
    Good,
    /// As only somebody does who wants to see a page break.
    Hostile,
}

/// The cards of acme that stand for what the pages must be able to show.
pub(crate) struct Cast {
    flapping: i64,
    muted: [i64; 2],
    hostile: i64,
    endless: i64,
    removed: i64,
    silent: i64,
    refused: [i64; 2],
    empty: [i64; 3],
    working: i64,
    /// Datasets: one loses a column, one is deleted, one is not filled.
    cut: String,
    deleted: String,
    stale: String,
}

impl World {
    pub(crate) async fn new(manners: Manners) -> Self {
        Self {
            manners,
            acme: FakeDomo::new(Spec::new(131).pages(26).cards(300)).start().await,
            globex: FakeDomo::new(Spec::new(17).pages(8).cards(60)).start().await,
            initech: FakeDomo::new(Spec::new(5).pages(3).cards(20)).start().await,
        }
    }
}

impl Cast {
    pub(crate) fn of(domo: &Domo) -> Self {
        let mut datasets = domo.datasets();
        datasets.sort_by_key(|dataset| dataset.cards.len());
        let mut fallen = || datasets.pop().unwrap();
        let (cut, deleted, stale) = (fallen(), fallen(), fallen());
        let busy = |card: &CardInfo| [&cut, &deleted, &stale].iter().any(|dataset| dataset.cards.contains(&card.id));
        let cards: Vec<CardInfo> = domo.cards();
        let mut idle = cards.iter().filter(|card| card.kind == "kpi" && !busy(card)).map(|card| card.id);
        let mut one = || idle.next().unwrap();
        Self {
            flapping: one(),
            muted: [one(), one()],
            hostile: one(),
            endless: one(),
            removed: one(),
            silent: one(),
            refused: [one(), one()],
            empty: [one(), one(), one()],
            working: one(),
            cut: cut.id,
            deleted: deleted.id,
            stale: stale.id,
        }
    }

    /// Titles and names that a page must bear.
    fn name_badly(&self, domo: &Domo) {
        domo.rename_card(self.hostile, HOSTILE_TITLE);
        domo.rename_card(self.endless, &"Umsatzsteuervoranmeldung".repeat(15));
        let owner = Owner { id: 1_300_000_001, name: HOSTILE_NAME.to_owned(), group: false };
        let dataset = Dataset {
            id: "91be7a08-6e2d-4c9b-8f14-c7d05ba3f620".to_owned(),
            name: format!("{HOSTILE_NAME} {}", "long_dataset_name_".repeat(12)),
            provider: "snowflake".to_owned(),
        };
        domo.describe_card(self.hostile, std::slice::from_ref(&owner), std::slice::from_ref(&dataset));
        domo.describe_card(self.endless, &[owner], &[dataset]);
        domo.add_page(77, &format!("{HOSTILE_TITLE}{}", "x".repeat(200)));
        domo.move_card(self.hostile, &[77]);
        domo.move_card(self.endless, &[77]);
    }

    /// What the script has to know of acme: which address shows what.
    pub(crate) fn facts(&self) -> Value {
        let card = |id: i64| format!("/instances/acme/cards/{id}");
        json!({
            "pages": {
                "broken card": card(self.silent), "hostile card": card(self.hostile), "card with an endless title": card(self.endless),
                "muted card": card(self.muted[0]), "removed card": card(self.removed), "unchecked card": card(self.refused[0]),
                "empty card": card(self.empty[0]), "slow card": card(self.working), "flapping card": card(self.flapping),
                "hostile page": "/instances/acme/pages/77",
            },
        })
    }
}

/// Three weeks, until now.
pub(crate) async fn tell(past: &Past, world: &World, cast: &Cast) {
    let World { acme, globex, initech, manners } = world;
    if *manners == Manners::Hostile {
        cast.name_badly(acme);
    }
    acme.set(cast.muted[0], Behaviour::broken("Beast mode 'Margin' cannot be evaluated"));
    acme.set(cast.muted[1], Behaviour::broken("Card is not configured"));
    acme.set(cast.empty[0], Behaviour::NoData);
    for day in (2..=21).rev() {
        for hour in [18, 6] {
            let now = past.go_to(TimeDelta::days(day) + TimeDelta::hours(hour));
            for domo in [acme, globex, initech] {
                fill(domo, now);
            }
            event(day, world, cast, now);
            past.sweep().await;
            acme.set_condition(Condition::Healthy);
            if day == 20 && hour == 18 {
                past.mute(cast.muted[0], "Waiting for Finance, see <b>TICKET-1</b>", None).await;
            }
        }
    }
    past.mute(cast.muted[1], &format!("Known: {}", "https://wiki.example.com/".repeat(8)), Some(TimeDelta::days(9)))
        .await;
    the_last_day(past, acme, initech, cast).await;
}

/// Each dataset is filled, half an hour before now.
fn fill(domo: &Domo, now: i64) {
    const HALF_AN_HOUR_MS: i64 = 1_800_000;
    for dataset in domo.datasets().iter().filter(|dataset| dataset.state == "SUCCESS") {
        domo.succeed_run(&dataset.id, now - HALF_AN_HOUR_MS);
    }
}

/// What happens on a day, so many days ago.
fn event(day: i64, world: &World, cast: &Cast, now: i64) {
    let World { acme, globex, manners, .. } = world;
    match day {
        17 => drop(acme.drop_column(&cast.cut, "status")),
        15 => acme.restore_column(&cast.cut, "status"),
        12 => acme.set(cast.working, Behaviour::ServerError),
        11 => acme.set(cast.working, Behaviour::Renders),
        9 => acme.set_condition(Condition::Throttled { retry_after: None }),
        6 => {
            let nasty = *manners == Manners::Hostile;
            let said = if nasty { nasty_text() } else { "The workbook 'Stock 2026.xlsx' was not found" };
            acme.fail_run(&cast.stale, said, now);
            let fed = acme.datasets().into_iter().find(|dataset| dataset.id == cast.stale).unwrap().cards;
            for card in fed {
                acme.set(card, Behaviour::broken("No indexed schema found"));
            }
            let said = Behaviour::broken("Unable to parse SQL: SELECT `Umsatz` FROM WHERE (line 1, column 22)");
            globex.set(globex.kpi_cards()[3], said);
        }
        4 => {
            if *manners == Manners::Hostile {
                acme.set(cast.hostile, Behaviour::broken(nasty_text()));
                acme.set(cast.endless, Behaviour::broken(&"NoSpaceInThisReason".repeat(20)));
            }
            cast.refused.iter().for_each(|card| acme.set(*card, Behaviour::Status(403)));
            cast.empty.iter().for_each(|card| acme.set(*card, Behaviour::NoData));
        }
        3 => {
            acme.delete_dataset(&cast.deleted);
            acme.remove_card(cast.removed);
        }
        _ => {}
    }
}

/// A card goes back and forth, a column is gone, a query hangs, and one instance lets nobody in.
async fn the_last_day(past: &Past, acme: &Domo, initech: &Domo, cast: &Cast) {
    for hours in (0..=20).rev().step_by(2) {
        let now = past.go_to(TimeDelta::hours(hours) + TimeDelta::minutes(4));
        let flips = if hours % 4 == 0 { Behaviour::broken("Query timed out after 300 s") } else { Behaviour::Renders };
        acme.set(cast.flapping, flips);
        match hours {
            12 => initech.expire_token(),
            8 => {
                acme.succeed_run(&cast.cut, now);
                acme.drop_column(&cast.cut, COLUMN);
            }
            2 => acme.set(cast.silent, Behaviour::Hangs),
            _ => {}
        }
        past.sweep().await;
    }
}

impl Cast {
    /// Makes a card slow by its own history, which takes seconds for each render that nobody wants to wait for.
    pub(crate) fn slowness(&self) -> String {
        format!(
            "UPDATE card_state SET latency_ms = 18400, slow_against_ms = 2100 WHERE card_key IN \
             (SELECT card_key FROM card WHERE card_id = {})",
            self.working
        )
    }
}
