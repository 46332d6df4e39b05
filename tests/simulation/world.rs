//! What happens outside cardwatch: the cards and pages of the fake Domo, and the moods of Domo and of the
//! mail server. Owns what is really so; the model reads it, cardwatch only sees it through HTTP.

use std::collections::{BTreeMap, BTreeSet};

use fake_domo::{Behaviour, Condition, Domo, FakeDomo, Login, PageAnswer};
use fake_smtp::{FakeSmtp, Fault};
use fastrand::Rng;

/// How a card really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It renders.
    Works,
    /// It renders, with nothing to show.
    Empty,
    /// It fails once at first try and never at the second attempt.
    Hiccup,
    /// It fails one whole render, and renders after that.
    FailsOnce,
    /// It does not render.
    Broken,
    /// Domo answers 500, or nothing at all.
    Doubtful,
    /// Nobody can tell.
    Hindered,
    /// Domo has no such card any more, although lists may lag.
    Gone,
}

/// How Domo as a whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// No list is to be had.
    Foul,
    /// The password is wrong, and the session is gone.
    LockedOut,
}

pub(crate) struct World {
    pub(crate) domo: Domo,
    pub(crate) smtp: FakeSmtp,
    pub(crate) cards: BTreeMap<i64, Health>,
    answers: BTreeMap<i64, PageAnswer>,
    pub(crate) weather: Weather,
    next_card: i64,
    flapping: Option<i64>,
}

pub(crate) const PAGES: [i64; 4] = [10, 20, 30, 40];

impl World {
    pub(crate) async fn new(rng: &mut Rng) -> Self {
        let domo = PAGES.iter().fold(FakeDomo::empty(), |fake, page| fake.page(*page, &format!("Page {page}")));
        let mut world = Self {
            domo: domo.start().await,
            smtp: FakeSmtp::start().await,
            cards: BTreeMap::new(),
            answers: BTreeMap::new(),
            weather: Weather::Fine,
            next_card: 1_000,
            flapping: None,
        };
        for _ in 0..rng.usize(6..30) {
            world.add_card(rng);
        }
        for card in world.card_ids() {
            if rng.u8(..10) == 0 {
                world.set(card, Health::Broken, rng);
            }
        }
        world
    }

    fn card_ids(&self) -> Vec<i64> {
        self.cards.keys().copied().collect()
    }

    fn any_card(&self, rng: &mut Rng) -> Option<i64> {
        rng.choice(self.cards.keys().copied().collect::<Vec<_>>())
    }

    fn add_card(&mut self, rng: &mut Rng) {
        let id = self.next_card;
        self.next_card += 1;
        let pages = some_pages(rng);
        self.domo.add_card(id, &format!("Card {id}"), &pages);
        self.cards.insert(id, Health::Works);
    }

    /// How a card really is; one that Domo does not have any more may still be remembered by its page.
    pub(crate) fn health(&self, card: i64) -> Health {
        self.cards.get(&card).copied().unwrap_or(Health::Gone)
    }

    /// What each page lists; `None` where it cannot be listed.
    pub(crate) fn listings(&self) -> BTreeMap<i64, Option<BTreeSet<i64>>> {
        let pages = self.domo.pages().into_iter().filter(|page| PAGES.contains(&page.id));
        pages
            .map(|page| match self.answers.get(&page.id) {
                None | Some(PageAnswer::Cards) => (page.id, Some(page.cards.into_iter().collect())),
                Some(PageAnswer::NoCards) => (page.id, Some(BTreeSet::new())),
                Some(PageAnswer::Status(_)) => (page.id, None),
            })
            .collect()
    }

    fn answer(&mut self, page: i64, answer: PageAnswer) {
        self.domo.set_page_answer(page, answer);
        self.answers.insert(page, answer);
    }

    fn set(&mut self, card: i64, health: Health, rng: &mut Rng) {
        self.cards.insert(card, health);
        // Large answers are judged on a thread of their own, of which the clock knows nothing.
        let small = |shape: &Behaviour| !matches!(shape, Behaviour::Large { .. });
        let shapes = || Behaviour::every_broken_shape().into_iter().map(|(shape, _)| shape).filter(small);
        let broken = || shapes().collect::<Vec<_>>();
        let behaviour = match health {
            Health::Works => Behaviour::Renders,
            Health::Empty => Behaviour::NoData,
            Health::Hiccup => match rng.u8(..3) {
                0 => Behaviour::ServerErrorTimes(1),
                1 => Behaviour::Throttled { retry_after: Some(2), times: Some(1) },
                _ => Behaviour::Sequence(vec![Behaviour::Disconnects, Behaviour::Renders]),
            },
            Health::FailsOnce => Behaviour::Sequence(vec![Behaviour::broken("in passing"), Behaviour::Renders]),
            Health::Broken => rng.choice(broken()).unwrap(),
            Health::Doubtful => rng.choice([Behaviour::ServerError, Behaviour::Hangs]).unwrap(),
            Health::Hindered => rng
                .choice([Behaviour::Status(403), Behaviour::Status(409), Behaviour::Status(503), Behaviour::CutJson])
                .unwrap(),
            Health::Gone => Behaviour::Status(404),
        };
        self.domo.set(card, behaviour);
    }

    /// What a sweep leaves behind: what happens once has happened.
    pub(crate) fn settle(&mut self, rng: &mut Rng) {
        for card in self.card_ids() {
            if matches!(self.cards[&card], Health::Hiccup | Health::FailsOnce) {
                self.set(card, Health::Works, rng);
            }
        }
    }

    /// One thing happens.
    pub(crate) fn event(&mut self, rng: &mut Rng) -> String {
        let Some(card) = self.any_card(rng) else {
            self.add_card(rng);
            return "a card is made".to_owned();
        };
        match rng.u8(..22) {
            0..=4 => self.change(card, Health::Broken, rng),
            5..=8 => self.change(card, Health::Works, rng),
            9 => self.change(card, Health::Empty, rng),
            10 => self.change(card, Health::Hiccup, rng),
            11 => self.change(card, Health::FailsOnce, rng),
            12 => self.change(card, Health::Doubtful, rng),
            13 => self.change(card, Health::Hindered, rng),
            14 => {
                let pages = some_pages(rng);
                self.domo.move_card(card, &pages);
                format!("card {card} moves to {pages:?}")
            }
            15 => {
                self.remove(card);
                format!("card {card} is deleted")
            }
            16 => {
                self.add_card(rng);
                "a card is made".to_owned()
            }
            17 => self.change_page(rng),
            18 => self.mend_pages(),
            19 => {
                self.flapping = self.flapping.is_none().then_some(card);
                format!("flapping: {:?}", self.flapping)
            }
            20 => self.storm(rng),
            _ => {
                for card in self.card_ids() {
                    self.set(card, Health::Works, rng);
                }
                "all cards are mended".to_owned()
            }
        }
    }

    /// A flapping card changes each time.
    pub(crate) fn flap(&mut self, rng: &mut Rng) {
        if let Some(card) = self.flapping.filter(|card| self.cards.contains_key(card)) {
            let other = if self.cards[&card] == Health::Broken { Health::Works } else { Health::Broken };
            self.set(card, other, rng);
        }
    }

    fn change(&mut self, card: i64, health: Health, rng: &mut Rng) -> String {
        self.set(card, health, rng);
        format!("card {card}: {health:?}")
    }

    fn storm(&mut self, rng: &mut Rng) -> String {
        for card in self.card_ids() {
            if rng.u8(..10) < 8 {
                self.set(card, Health::Broken, rng);
            }
        }
        "a storm".to_owned()
    }

    fn remove(&mut self, card: i64) {
        self.domo.remove_card(card);
        self.cards.remove(&card);
    }

    fn change_page(&mut self, rng: &mut Rng) -> String {
        let page = rng.choice(PAGES).unwrap();
        match rng.u8(..3) {
            0 => {
                self.answer(page, PageAnswer::NoCards);
                format!("page {page} lists nothing")
            }
            1 => {
                self.answer(page, PageAnswer::Status(rng.choice([403, 404]).unwrap()));
                format!("page {page} cannot be listed")
            }
            _ => self.mend_pages(),
        }
    }

    pub(crate) fn mend_pages(&mut self) -> String {
        for page in PAGES {
            self.answer(page, PageAnswer::Cards);
        }
        "all pages are mended".to_owned()
    }

    /// Domo's mood until the next sweep.
    pub(crate) fn set_weather(&mut self, weather: Weather, rng: &mut Rng) {
        self.weather = weather;
        let foul = [
            Condition::Throttled { retry_after: Some(3) },
            Condition::Failing(503),
            Condition::Failing(500),
            Condition::LoginPage,
            Condition::Down,
        ];
        let condition = if weather == Weather::Foul { rng.choice(foul).unwrap() } else { Condition::Healthy };
        self.domo.set_condition(condition);
        self.domo.set_login(if weather == Weather::LockedOut { Login::WrongPassword } else { Login::Normal });
        if weather == Weather::LockedOut || rng.u8(..8) == 0 {
            self.domo.drop_sessions();
        }
    }

    /// The mail server's mood until it is set again.
    pub(crate) fn set_mail(&mut self, rng: &mut Rng) -> Fault {
        let fault = match rng.u8(..20) {
            0 => Fault::RefuseConnections,
            1 => Fault::Greeting421,
            2 => Fault::DeferMail,
            3 => Fault::RejectData,
            4 => Fault::Hang,
            5 => Fault::CloseInData,
            6 | 7 => Fault::LoseReply,
            _ => Fault::None,
        };
        self.smtp.set_fault(fault.clone());
        fault
    }
}

fn some_pages(rng: &mut Rng) -> Vec<i64> {
    let mut pages: Vec<i64> = PAGES.into_iter().filter(|_| rng.u8(..3) == 0).collect();
    if pages.is_empty() {
        pages.push(rng.choice(PAGES).unwrap());
    }
    pages
}
