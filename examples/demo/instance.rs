//! What the fake Domo instance holds: which datasets feed its cards, by which column, who owns them, and which cards
//! have a part in the play. Owns the making of it; what happens to it later is `script`'s.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;
use cardwatch::domain::Timestamp;
use fake_domo::{CardInfo, Dataset, Domo, FakeDomo, Owner, PageKind, Spec};

/// The same seed makes the same instance, so that every viewer sees the same play.
const SEED: u64 = 131;

/// The cards of the fake instance.
const CARDS: usize = 300;

/// Its pages; the last one that the fake makes has no cards, and is not counted here.
const PAGES: usize = 25;

/// Loses a column.
pub(crate) const ORDERS: Source = Source {
    id: "3f0c1a52-8a0f-4b1e-9d3c-6b1f0e7a2c11",
    name: "Orders (Snowflake)",
    provider: "snowflake",
    columns: &["order_id", "order_date", "amount", "region_name", "channel", "product_line", "customer_name"],
    owners: &[DANA, DANA, JONAS],
};

/// Is deleted.
pub(crate) const HEADCOUNT: Source = Source {
    id: "b7d2c6de-51f4-4c58-8a77-0f3d9be4a902",
    name: "Headcount (Workday)",
    provider: "workday",
    columns: &["employee_id", "hired_at", "headcount", "region_name", "channel", "product_line"],
    owners: &[PEOPLE_ANALYTICS],
};

/// Its runs fail before anybody looks.
pub(crate) const TARGETS: Source = Source {
    id: "5e88c674-d499-4a97-a834-60797d0d17d4",
    name: "Sales targets (Excel)",
    provider: "file-upload",
    columns: &["month", "target", "region_name"],
    // Cards without owners: their pages' owners answer for them.
    owners: &[],
};

/// Feeds the card that gets slow.
pub(crate) const SESSIONS: Source = Source {
    id: "0a9f4d1b-7c36-4d0e-b5a2-913f6a3e58cc",
    name: "Web sessions (Google Analytics)",
    provider: "google-analytics",
    columns: &["session_id", "started_at", "pageviews", "region_name", "channel", "product_line"],
    owners: &[JONAS],
};

/// Feeds the card that Domo fails on.
const TICKETS: Source = Source {
    id: "d41c2f6e-0b8a-4f37-a6cf-2d9e51c7b034",
    name: "Tickets (Zendesk)",
    provider: "zendesk",
    columns: &["ticket_id", "opened_at", "tickets", "region_name", "channel", "product_line"],
    owners: &[MEI],
};

/// Feeds everything else.
const FINANCE: Source = Source {
    id: "91be7a08-6e2d-4c9b-8f14-c7d05ba3f620",
    name: "GL entries (NetSuite)",
    provider: "netsuite",
    columns: &["entry_id", "booked_at", "balance", "region_name", "channel", "product_line", "customer_name"],
    owners: &[FINANCE_BI, MEI],
};

const SOURCES: [Source; 6] = [ORDERS, HEADCOUNT, TARGETS, SESSIONS, TICKETS, FINANCE];

/// Which dataset feeds a card, by how its title begins and ends; the first line that fits is right.
const FEEDS: [(&str, &str, &Source); 14] = [
    ("Forecast accuracy", "vs target", &TARGETS),
    ("Budget vs actual", "vs target", &TARGETS),
    ("Headcount by", "", &HEADCOUNT),
    ("Revenue", "", &ORDERS),
    ("Gross margin", "", &ORDERS),
    ("Orders", "", &ORDERS),
    ("Average order value", "", &ORDERS),
    ("Return rate", "", &ORDERS),
    ("Late shipments", "", &ORDERS),
    ("Active users", "", &SESSIONS),
    ("Conversion rate", "", &SESSIONS),
    ("Open tickets", "", &TICKETS),
    ("First response time", "", &TICKETS),
    ("", "", &FINANCE),
];

/// The column that a card cannot do without, by the end of its title; for all others it is the third of its dataset.
const CUTS: [(&str, &str); 4] = [
    ("by region", REGION),
    ("by channel", "channel"),
    ("by product line", "product_line"),
    ("top 10 customers", "customer_name"),
];

/// The column that Orders loses.
pub(crate) const REGION: &str = "region_name";

/// The one owner whose address may be mailed.
pub(crate) const DANA: Person =
    Person { id: 1_300_000_001, name: "Dana Reyes", email: Some("dana.reyes@example.com"), group: false };

/// Has an address, of another domain.
const JONAS: Person =
    Person { id: 1_300_000_002, name: "Jonas Weiß", email: Some("jonas.weiss@agency.example"), group: false };

const MEI: Person = Person { id: 1_300_000_003, name: "Mei Tanaka", email: None, group: false };

const PEOPLE_ANALYTICS: Person = Person { id: 1_300_000_004, name: "People analytics", email: None, group: true };

const FINANCE_BI: Person = Person { id: 1_300_000_005, name: "Finance BI", email: None, group: true };

/// So long the card renders that gets slow, before it does.
pub(crate) const UNHURRIED: Duration = Duration::from_millis(200);

/// A dataset of the instance.
pub(crate) struct Source {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    provider: &'static str,
    columns: &'static [&'static str],
    /// Whose its cards are, in turn.
    owners: &'static [Person],
}

/// Somebody who owns cards or pages.
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) email: Option<&'static str>,
    group: bool,
}

/// The cards that have a part.
pub(crate) struct Cast {
    /// Those on [`TARGETS`].
    pub(crate) targets: Vec<CardInfo>,
    /// One on [`ORDERS`] that does without [`REGION`].
    pub(crate) margin: CardInfo,
    /// Those on [`ORDERS`] that cannot do without [`REGION`].
    pub(crate) by_region: Vec<CardInfo>,
    /// Those on [`HEADCOUNT`].
    pub(crate) headcount: Vec<CardInfo>,
    /// The one that gets slow.
    pub(crate) slow: CardInfo,
    /// The one that Domo fails on.
    pub(crate) failing: CardInfo,
}

/// Starts the instance, in which everything renders and each dataset was filled half an hour ago.
pub(crate) async fn start(now: Timestamp) -> anyhow::Result<(Domo, Cast)> {
    let spec = Spec::new(SEED).pages(PAGES + 1).apps(0).cards(CARDS);
    let domo = FakeDomo::new(spec.latency(Duration::from_millis(10), Duration::from_millis(20))).start().await;
    for person in [DANA, JONAS, MEI] {
        domo.add_user(person.id, person.name, person.email);
    }
    for page in domo.pages().iter().filter(|page| page.kind == PageKind::Page) {
        domo.describe_page(page.id, &[MEI.owner()]);
    }
    for source in SOURCES {
        domo.add_dataset(source.id, source.name, source.columns);
    }
    for (place, card) in domo.cards().iter().filter(|card| card.kind == "kpi").enumerate() {
        describe(&domo, place, card);
    }
    for source in SOURCES {
        domo.succeed_run(source.id, (now - HALF_AN_HOUR).timestamp_millis());
    }
    let cast = Cast::of(&domo)?;
    domo.set_card_latency(cast.slow.id, UNHURRIED);
    Ok((domo, cast))
}

const HALF_AN_HOUR: chrono::TimeDelta = chrono::TimeDelta::minutes(30);

/// Puts a card on its dataset.
fn describe(domo: &Domo, place: usize, card: &CardInfo) {
    let fits = |(start, end, _): &&(&str, &str, _)| card.title.starts_with(start) && card.title.ends_with(end);
    let Some((_, _, source)) = FEEDS.iter().find(fits) else { return };
    let owners = source.owners.iter().cycle().nth(place).map(Person::owner);
    let dataset =
        Dataset { id: source.id.to_owned(), name: source.name.to_owned(), provider: source.provider.to_owned() };
    domo.describe_card(card.id, owners.as_slice(), &[dataset]);
    let cut = CUTS.iter().find(|(end, _)| card.title.ends_with(end)).map(|(_, column)| *column);
    domo.use_columns(card.id, &[cut.unwrap_or(source.columns[2])]);
}

impl Person {
    fn owner(&self) -> Owner {
        Owner { id: self.id, name: self.name.to_owned(), group: self.group }
    }

    /// Those of these cards that are theirs.
    pub(crate) fn cards(&self, cards: &[CardInfo]) -> BTreeSet<i64> {
        let own = |card: &&CardInfo| card.owners.iter().any(|owner| owner.id == self.id);
        cards.iter().filter(own).map(|card| card.id).collect()
    }
}

impl Cast {
    fn of(domo: &Domo) -> anyhow::Result<Self> {
        let cards = domo.cards();
        let on = |source: &Source, fits: &dyn Fn(&CardInfo) -> bool| -> anyhow::Result<Vec<CardInfo>> {
            let feeds = |card: &&CardInfo| card.datasets.iter().any(|dataset| dataset.id == source.id) && fits(card);
            let found: Vec<CardInfo> = cards.iter().filter(feeds).cloned().collect();
            ensure!(!found.is_empty(), "the fake instance has no such card on {}", source.name);
            Ok(found)
        };
        let by_region = |card: &CardInfo| card.columns == [REGION];
        let any = |_: &CardInfo| true;
        let titled = |start: &'static str| move |card: &CardInfo| card.title.starts_with(start) && !by_region(card);
        Ok(Self {
            targets: on(&TARGETS, &any)?,
            margin: on(&ORDERS, &titled("Gross margin"))?.swap_remove(0),
            by_region: on(&ORDERS, &by_region)?,
            headcount: on(&HEADCOUNT, &any)?,
            slow: on(&SESSIONS, &titled("Conversion rate"))?.swap_remove(0),
            failing: on(&TICKETS, &titled("Open tickets"))?.swap_remove(0),
        })
    }
}
