//! How well cards are grouped by root cause, measured on a set that was labelled by hand.

mod fresh;
mod stories;

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::cause::{self, Broken};
use cardwatch::domain::ids::{CardId, DatasetId};
use cardwatch::domain::verdict::Reason;

use self::stories::{Card, Story};
use crate::nouns::at;

struct Measure {
    cards: usize,
    precision: f64,
    recall: f64,
}

/// Pairs of cards that were told to have one cause, and pairs that have one.
fn measure(stories: &[Story]) -> Measure {
    let cards: Vec<(&str, &Card)> =
        stories.iter().flat_map(|Story(label, cards)| cards.iter().map(move |card| (*label, card))).collect();
    let reasons: Vec<Reason> =
        cards.iter().map(|(_, Card(class, text, ..))| Reason { class: *class, text: (*text).to_owned() }).collect();
    let datasets: Vec<Vec<DatasetId>> = cards
        .iter()
        .map(|(_, Card(_, _, names, _))| names.iter().filter_map(|name| DatasetId::new(name)).collect())
        .collect();
    let broken: Vec<Broken<'_>> = (0..cards.len())
        .map(|place| Broken {
            card: CardId(i64::try_from(place).unwrap()),
            since: at(cards[place].1.3),
            reason: &reasons[place],
            datasets: &datasets[place],
            incident: None,
        })
        .collect();
    let groups = cause::groups(&broken);
    let label = |card: &CardId| cards[usize::try_from(card.0).unwrap()].0;
    print_mistakes(&groups, &cards);
    let told: usize = groups.iter().map(|group| pairs(group.len())).sum();
    let right: usize = groups.iter().flat_map(|group| sizes(group.iter().map(label))).map(pairs).sum();
    let truly: usize = sizes(cards.iter().map(|(label, _)| *label)).into_iter().map(pairs).sum();
    Measure { cards: cards.len(), precision: share(right, told), recall: share(right, truly) }
}

fn pairs(cards: usize) -> usize {
    cards * cards.saturating_sub(1) / 2
}

fn sizes<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    labels.for_each(|label| *sizes.entry(label).or_default() += 1);
    sizes.into_values().collect()
}

#[expect(clippy::cast_precision_loss, reason = "there are a few thousand pairs")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Names the groups that hold more than one cause and the causes that are in more than one group.
fn print_mistakes(groups: &[BTreeSet<CardId>], cards: &[(&str, &Card)]) {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        let labels: BTreeSet<&str> = group.iter().map(|card| cards[usize::try_from(card.0).unwrap()].0).collect();
        if labels.len() > 1 {
            println!("taken for one cause: {labels:?}");
        }
        for label in labels {
            *found.entry(label).or_default() += 1;
        }
    }
    for (label, groups) in found.into_iter().filter(|(_, groups)| *groups > 1) {
        println!("taken for {groups} causes: {label:?}");
    }
}

#[test]
fn cards_are_grouped_by_cause_nearly_as_an_admin_would() {
    let stories: Vec<Story> = stories::all().into_iter().chain(fresh::all()).collect();
    let Measure { cards, precision, recall } = measure(&stories);
    println!("{cards} cards, {} causes: precision {precision:.3}, recall {recall:.3}", stories.len());
    assert!(cards >= 90, "{cards} cards are too few to tell");
    assert!(precision >= 0.97, "precision {precision:.3}");
    assert!(recall >= 0.93, "recall {recall:.3}");
}
