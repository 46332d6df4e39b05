//! What was done to the cards, and whether database and mails tell just that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fake_smtp::Mail;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::house::House;
use crate::mailing::SmtpSink;

/// A sweep whose renders lie within so many milliseconds of a change may have seen either.
const BLUR: i64 = 20;

/// The cards as the test knows them.
pub(crate) struct Ledger {
    cards: Vec<i64>,
    /// When each began to change, when it had changed, and to what.
    changes: Vec<Change>,
}

struct Change {
    card: i64,
    broken: bool,
    from: i64,
    to: i64,
}

/// What a check found, for people.
pub(crate) struct Told {
    changes: usize,
    sweeps: usize,
    compared: usize,
    transitions: usize,
    mails: usize,
    repeats: usize,
    interrupted: i64,
}

struct Transition {
    sweep: i64,
    card: i64,
    broken: bool,
}

impl Ledger {
    pub(crate) fn of(cards: Vec<i64>) -> Self {
        Self { cards, changes: Vec::new() }
    }

    /// Begins to change some card: which, and whether it breaks.
    pub(crate) fn change(&mut self, which: usize) -> (i64, bool) {
        let card = self.cards[which % self.cards.len()];
        let broken = !self.broken(card, i64::MAX);
        let now = chrono::Utc::now().timestamp_millis();
        self.changes.push(Change { card, broken, from: now, to: i64::MAX });
        (card, broken)
    }

    /// The change that began is made.
    pub(crate) fn changed(&mut self) {
        self.changes.last_mut().unwrap().to = chrono::Utc::now().timestamp_millis();
    }

    /// Whether the card was broken at that moment.
    fn broken(&self, card: i64, at: i64) -> bool {
        let mut before = self.changes.iter().rev().filter(|change| change.card == card && change.from <= at);
        before.next().is_some_and(|change| change.broken)
    }

    /// Whether the card stayed as it was all that time.
    fn stayed(&self, card: i64, from: i64, to: i64) -> bool {
        let mut changes = self.changes.iter().filter(|change| change.card == card);
        changes.all(|change| change.to < from - BLUR || change.from > to + BLUR)
    }

    /// Holds database and mails against what was done.
    pub(crate) async fn check(&self, house: &House, sink: &SmtpSink) -> Told {
        let mut database = open(house).await;
        let transitions = transitions(&mut database).await;
        let (sweeps, compared) = self.check_sweeps(&mut database, &transitions).await;
        for card in &self.cards {
            let last = transitions.iter().rfind(|transition| transition.card == *card);
            let broken = last.is_some_and(|transition| transition.broken);
            assert_eq!(broken, self.broken(*card, i64::MAX), "card {card} as it is in the end");
        }
        let arrived = arrived(sink);
        let repeats = check_arrivals(&mut database, &arrived).await;
        let mails = check_mails(&transitions, &arrived);
        let interrupted = house.ask("SELECT count(*) FROM sweep WHERE outcome = 'interrupted'").await;
        assert_eq!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE finished_at IS NULL").await, 0);
        assert_eq!(house.ask::<i64>("SELECT count(*) FROM pragma_foreign_key_check()").await, 0);
        let (changes, transitions) = (self.changes.len(), transitions.len());
        assert!(transitions >= 20 && mails >= 15, "too little happened: {transitions} transitions, {mails} mails");
        Told { changes, sweeps, compared, transitions, mails, repeats, interrupted }
    }

    /// After each sweep that completed, a card that had not changed meanwhile is what it was.
    async fn check_sweeps(&self, database: &mut SqliteConnection, transitions: &[Transition]) -> (usize, usize) {
        let completed = "SELECT sweep_id, started_at, finished_at FROM sweep WHERE outcome = 'completed'";
        let sweeps: Vec<(i64, i64, i64)> = sqlx::query_as(completed).fetch_all(database).await.unwrap();
        let mut compared = 0;
        for (sweep, from, to) in &sweeps {
            for card in self.cards.iter().filter(|card| self.stayed(**card, *from, *to)) {
                let mut so_far = transitions.iter().filter(|transition| transition.sweep <= *sweep);
                let last = so_far.rfind(|transition| transition.card == *card);
                let broken = last.is_some_and(|transition| transition.broken);
                assert_eq!(broken, self.broken(*card, *from), "card {card} after sweep {sweep}");
                compared += 1;
            }
        }
        (sweeps.len(), compared)
    }
}

async fn open(house: &House) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(house.database()).read_only(true).connect().await.unwrap()
}

/// How many mails from before that moment wait.
pub(crate) async fn unsent(house: &House, before: i64) -> i64 {
    let unsent = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE created_at < ?1 AND sent_at IS NULL");
    unsent.bind(before).fetch_one(&mut open(house).await).await.unwrap()
}

async fn transitions(database: &mut SqliteConnection) -> Vec<Transition> {
    let all = "SELECT sweep_id, card_id, to_state FROM transition JOIN card USING (card_key) ORDER BY transition_id";
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(all).fetch_all(database).await.unwrap();
    let row = |(sweep, card, to): (i64, i64, String)| Transition { sweep, card, broken: to == "broken" };
    rows.into_iter().map(row).collect()
}

/// What the server took, in order, repeats among them.
fn arrived(sink: &SmtpSink) -> Vec<Mail> {
    let mail = |raw: String| Mail { from: String::new(), to: Vec::new(), raw: raw.replace('\n', "\r\n") };
    sink.mails().into_iter().map(|sunk| mail(sunk.0)).collect()
}

fn id(mail: &Mail) -> String {
    mail.header("Message-ID").unwrap().trim_matches(['<', '>']).to_owned()
}

/// Every mail of the outbox arrived, in order, and none that is not in it; a repeat follows the first at once,
/// with the same words. Returns how many repeats there were.
async fn check_arrivals(database: &mut SqliteConnection, arrived: &[Mail]) -> usize {
    let all = "SELECT message_id FROM outbox ORDER BY outbox_id";
    let outbox: Vec<String> = sqlx::query_scalar(all).fetch_all(database).await.unwrap();
    let mut came: Vec<String> = arrived.iter().map(id).collect();
    for (one, next) in arrived.iter().zip(arrived.iter().skip(1)) {
        assert!(id(one) != id(next) || one.text() == next.text(), "a repeat says something else: {}", next.raw);
    }
    came.dedup();
    assert_eq!(came, outbox, "each mail of the outbox in order, and a repeat only at once");
    arrived.len() - came.len()
}

/// Each change of a card is in the one mail of its sweep, and each mail tells what its sweep found and nothing
/// else. Returns how many mails there were, without repeats.
fn check_mails(transitions: &[Transition], arrived: &[Mail]) -> usize {
    let mut by_sweep: BTreeMap<i64, Vec<&Transition>> = BTreeMap::new();
    for transition in transitions {
        by_sweep.entry(transition.sweep).or_default().push(transition);
    }
    let mails: BTreeMap<i64, &Mail> = arrived.iter().map(|mail| (sweep_of(mail), mail)).collect();
    assert_eq!(mails.keys().collect::<Vec<_>>(), by_sweep.keys().collect::<Vec<_>>(), "one mail for each sweep");
    for (sweep, found) in &by_sweep {
        let mail = mails[sweep];
        let cards: BTreeSet<i64> = found.iter().map(|transition| transition.card).collect();
        assert_eq!(cards_in(mail), cards, "the cards of sweep {sweep}: {}", mail.raw);
        let broke = found.iter().filter(|transition| transition.broken).count();
        assert_eq!(counts(&mail.header("Subject").unwrap()), (broke, found.len() - broke), "sweep {sweep}");
    }
    for card in transitions.iter().map(|transition| transition.card).collect::<BTreeSet<_>>() {
        let mut changes = transitions.iter().filter(|transition| transition.card == card);
        assert!(changes.try_fold(false, |was, now| (was != now.broken).then_some(now.broken)).is_some(), "{card}");
    }
    mails.len()
}

/// A mail is named by its sweep.
fn sweep_of(mail: &Mail) -> i64 {
    id(mail).split('.').nth(1).unwrap().parse().unwrap()
}

/// The cards to which a mail links.
fn cards_in(mail: &Mail) -> BTreeSet<i64> {
    let text = mail.text().unwrap();
    let links = text.split("/kpis/details/").skip(1);
    links.map(|link| link.split_whitespace().next().unwrap().parse().unwrap()).collect()
}

/// How many cards broke and how many recovered, by the subject.
fn counts(subject: &str) -> (usize, usize) {
    let said = subject.split_once("acme: ").unwrap().1.split_once(" (").unwrap().0;
    let (mut broke, mut recovered) = (0, 0);
    for part in said.split(", ") {
        let count = part.split(' ').next().unwrap().parse().unwrap();
        match part.rsplit(' ').next().unwrap() {
            "broke" => broke = count,
            "recovered" => recovered = count,
            other => panic!("{other} in {subject}"),
        }
    }
    (broke, recovered)
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} changes; {} sweeps completed and {} interrupted, {} states compared; {} transitions in {} mails, {} of \
             them repeated",
            self.changes, self.sweeps, self.interrupted, self.compared, self.transitions, self.mails, self.repeats
        )
    }
}
