//! The nouns that the tests of letters speak in.

use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::ids::{CardId, IncidentId};
use cardwatch::domain::report::{
    Audience, CardLine, Group, IncidentLine, Letter, OwnerCount, PageLine, Report, Totals,
};
use cardwatch::domain::verdict::{Class, Reason};
use cardwatch::mail::message::{Envelope, compose};
use lettre::message::Mailbox;
use url::Url;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason { class: Class::Misconfigured, text: text.to_owned() }
}

pub(crate) fn card(id: i64, title: &str, why: &str) -> CardLine {
    CardLine {
        id: CardId(id),
        title: title.to_owned(),
        pages: vec![page("Sales overview")],
        owners: vec!["Sales BI".to_owned()],
        since: at("2026-11-24T13:05:40Z"),
        reason: Some(reason(why)),
        incident: None,
        usual: None,
        url: format!("https://acme.domo.com/kpis/details/{id}"),
    }
}

/// A page without an owner.
pub(crate) fn page(title: &str) -> PageLine {
    PageLine { title: title.to_owned(), owners: Vec::new() }
}

/// An incident of these cards alone, which are on one page of one person.
pub(crate) fn incident(id: i64, title: &str, cards: &[CardLine]) -> IncidentLine {
    IncidentLine {
        id: IncidentId(id),
        title: title.to_owned(),
        reason: cards[0].reason.clone().unwrap(),
        opened_at: cards[0].since,
        cards: cards.len(),
        pages: Some(1),
        owners: Some(OwnerCount { people: 1, groups: 0 }),
        upstream: Vec::new(),
    }
}

/// Cards by their reasons, those with the most cards first: each reason is an incident, 'Trouble 1' and so on.
pub(crate) fn grouped(lines: Vec<CardLine>) -> Vec<Group> {
    let mut groups: Vec<(Reason, Vec<CardLine>)> = Vec::new();
    for line in lines {
        let reason = line.reason.clone().unwrap();
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, cards)) => cards.push(line),
            None => groups.push((reason, vec![line])),
        }
    }
    groups.sort_by_key(|(_, cards)| std::cmp::Reverse(cards.len()));
    let groups = (1..).zip(groups).map(|(id, (_, mut cards))| {
        for card in &mut cards {
            card.incident = Some(IncidentId(id));
        }
        Group { incident: incident(id, &format!("Trouble {id}"), &cards), cards }
    });
    groups.collect()
}

pub(crate) fn cards(ids: std::ops::RangeInclusive<i64>, why: &str) -> Vec<CardLine> {
    ids.map(|id| card(id, &format!("Card {id}"), why)).collect()
}

/// A report on nothing yet, of a sweep at 14:05 in Amsterdam.
pub(crate) fn report() -> Report {
    Report {
        instance: "acme".parse().unwrap(),
        swept_at: at("2026-11-24T13:05:00Z"),
        timezone: chrono_tz::Europe::Amsterdam,
        confirmed_after: Some(Duration::from_secs(30)),
        broke: Vec::new(),
        first_seen: Vec::new(),
        flapping: Vec::new(),
        flap_window: Duration::from_hours(24),
        recovered: Vec::new(),
        sight: None,
        storm: None,
        still_broken: Vec::new(),
        totals: Totals { cards: 942, broken: 7, unchecked: 2 },
        trouble: None,
        left: Vec::new(),
        audience: Audience::ADMINS,
        after_maintenance: None,
        digest: None,
    }
}

pub(crate) fn broke(lines: Vec<CardLine>) -> Report {
    Report { broke: grouped(lines), ..report() }
}

pub(crate) fn recovered(lines: Vec<CardLine>) -> Report {
    Report { recovered: lines, totals: Totals { cards: 942, broken: 0, unchecked: 0 }, ..report() }
}

pub(crate) fn letter(report: &Report) -> Letter {
    let base = Url::parse("https://cardwatch.example.com/").unwrap();
    let to: [Mailbox; 1] = ["BI Admins <bi-admins@example.com>".parse().unwrap()];
    let references = vec!["first@cardwatch".to_owned()];
    compose(report, Envelope { message_id: "1@cardwatch".to_owned(), references, to: &to, link_base: Some(&base) })
}

/// What a reader of the HTML sees, roughly: the tags gone, the entities back.
pub(crate) fn seen(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let mut text = String::new();
    let mut inside = true;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks that both parts of a letter say each of these.
pub(crate) fn told_in_both(letter: &Letter, facts: &[&str]) {
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = seen(&letter.html).replace(" · ", "; ").replace(" : ", ": ").replace(" , ", ", ");
    for fact in facts {
        assert!(text.contains(fact), "text lacks '{fact}':\n{text}");
        assert!(html.contains(fact), "HTML lacks '{fact}':\n{html}");
    }
}

pub(crate) fn records(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}
