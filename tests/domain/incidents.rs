//! The life of an incident: it opens, grows, shrinks, splits, merges and closes.

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::dataset::Evidence;
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId};
use cardwatch::domain::incident::{self, Closed, Incident, Incidents, Known, KnownIncident, Suspect};
use cardwatch::domain::verdict::{Class, Reason};
use proptest::prelude::*;

use crate::cause::{Ill, any_ill, ill};
use crate::nouns::at;

const DAY: i64 = 24 * 60;

/// An instance over several sweeps, with what is remembered between them.
#[derive(Default)]
pub(crate) struct Ward {
    known: Known,
    /// The incident that each card is in.
    cards: BTreeMap<CardId, IncidentId>,
    /// What was found out about datasets.
    evidence: BTreeMap<DatasetId, Evidence>,
}

impl Ward {
    /// A sweep after which just these cards are broken.
    pub(crate) fn sweep(&mut self, broken: &[Ill]) -> Incidents {
        let remembered = |card: &Ill| Ill { incident: self.cards.get(&CardId(card.card)).copied(), ..card.clone() };
        let broken: Vec<Ill> = broken.iter().map(remembered).collect();
        let lent: Vec<_> = broken.iter().map(Ill::lent).collect();
        let incidents = incident::follow(&self.known, &lent, |dataset| self.suspect(dataset));
        let open = incidents.open.values();
        self.cards = open.clone().flat_map(|open| open.cards.iter().map(|card| (*card, open.id))).collect();
        self.known.open = open.map(|open| (open.id, open.known())).collect();
        let last = incidents.open.keys().next_back().map_or(0, |id| id.0);
        self.known.next.0 = self.known.next.0.max(last + 1);
        incidents
    }

    /// Domo was asked for a dataset at a minute.
    pub(crate) fn look(&mut self, dataset: &str, minute: i64, gone: bool) {
        let evidence = Evidence { gone, ..Evidence::nothing(at(minute)) };
        self.evidence.insert(DatasetId::new(dataset).unwrap(), evidence);
    }

    fn suspect(&self, dataset: &DatasetId) -> Suspect<'_> {
        Suspect { evidence: self.evidence.get(dataset), ..named(dataset) }
    }
}

/// A dataset of which the name is known at most.
fn named(dataset: &DatasetId) -> Suspect<'static> {
    Suspect { name: name(dataset), evidence: None }
}

/// What datasets are called: `orders` is Orders, and of 'nameless' nothing is known.
fn name(dataset: &DatasetId) -> Option<&'static str> {
    match dataset.as_str() {
        "orders" => Some("Orders"),
        "dates" => Some("Dates"),
        "long" => Some("A dataset of a name that nobody ever reads to its end since it goes on and on and on"),
        "nasty" => Some("=\"größe\"\r\n\u{202E}\u{1b}[2J😀\u{0}"),
        _ => None,
    }
}

/// The cards of each open incident.
fn open(incidents: &Incidents) -> Vec<(i64, Vec<i64>)> {
    let cards = |incident: &Incident| incident.cards.iter().map(|card| card.0).collect();
    incidents.open.iter().map(|(id, incident)| (id.0, cards(incident))).collect()
}

/// Which closed, and what each was merged into.
fn closed(incidents: &Incidents) -> Vec<(i64, Option<i64>)> {
    incidents.closed.iter().map(|closed| (closed.id.0, closed.merged_into.map(|id| id.0))).collect()
}

pub(crate) fn lost(card: i64, column: &str) -> Ill {
    ill(card, &format!("Invalid column(s) referenced: {column}"), &["orders"])
}

pub(crate) fn slow(card: i64, datasets: &[&str]) -> Ill {
    let reason = Reason { class: Class::QueryTimeout, text: "no answer within 90 s, 3 times".to_owned() };
    Ill { reason, ..ill(card, "", datasets) }
}

fn id(dataset: &str) -> DatasetId {
    DatasetId::new(dataset).unwrap()
}

/// The one open incident of a first sweep.
pub(crate) fn only(cards: &[Ill]) -> Incident {
    let incidents = Ward::default().sweep(cards);
    assert_eq!(incidents.open.len(), 1, "{:?}", open(&incidents));
    incidents.open.into_values().next().unwrap()
}

#[test]
fn an_incident_opens_when_its_first_card_broke() {
    let incident = only(&[lost(2, "region").at(7), lost(1, "region").at(9)]);
    assert_eq!(incident.opened_at, at(7));
    assert_eq!(incident.class(), Class::Misconfigured);
    assert_eq!(incident.datasets, BTreeSet::from([id("orders")]));
}

#[test]
fn an_incident_grows_and_shrinks_under_one_id() {
    let mut ward = Ward::default();
    assert_eq!(open(&ward.sweep(&[lost(1, "region")])), [(1, vec![1])]);
    assert_eq!(open(&ward.sweep(&[lost(1, "region"), lost(2, "region").at(DAY)])), [(1, vec![1, 2])]);
    let shrunk = ward.sweep(&[lost(2, "region").at(DAY)]);
    assert_eq!(open(&shrunk), [(1, vec![2])]);
    assert_eq!(shrunk.open[&IncidentId(1)].opened_at, at(0), "what was known of its opening stays");
    assert_eq!(closed(&shrunk), []);
}

#[test]
fn an_incident_closes_with_its_last_card_and_its_id_is_not_given_again() {
    let mut ward = Ward::default();
    ward.sweep(&[lost(1, "region")]);
    let over = ward.sweep(&[]);
    let title = "Dataset Orders lost column region".to_owned();
    assert_eq!(over.closed, [Closed { id: IncidentId(1), title, merged_into: None }]);
    assert_eq!(open(&over), []);
    assert_eq!(open(&ward.sweep(&[lost(1, "region").at(DAY)])), [(2, vec![1])]);
}

#[test]
fn incidents_that_turn_out_to_be_one_go_on_under_the_oldest_id() {
    let mut ward = Ward::default();
    let (orders, dates) = (slow(7, &["orders"]), slow(3, &["dates"]));
    ward.sweep(std::slice::from_ref(&orders));
    assert_eq!(open(&ward.sweep(&[orders.clone(), dates.clone()])), [(1, vec![7]), (2, vec![3])]);
    let merged = ward.sweep(&[orders.clone(), dates.clone(), slow(5, &["orders", "dates"]).at(DAY)]);
    assert_eq!(open(&merged), [(1, vec![3, 5, 7])]);
    assert_eq!(closed(&merged), [(2, Some(1))]);
    assert_eq!(open(&ward.sweep(&[orders, dates])), [(1, vec![3, 7])], "they stay one without what joined them");
}

#[test]
fn the_larger_part_keeps_the_id_when_the_cause_of_a_part_changes() {
    let mut ward = Ward::default();
    ward.sweep(&[lost(1, "region"), lost(2, "region"), lost(3, "region")]);
    let split = ward.sweep(&[slow(1, &["orders"]), lost(2, "region"), lost(3, "region")]);
    assert_eq!(open(&split), [(1, vec![2, 3]), (2, vec![1])]);
    assert_eq!(closed(&split), []);
}

#[test]
fn a_change_of_all_reasons_alike_leaves_the_incident_as_it_is() {
    let mut ward = Ward::default();
    ward.sweep(&[lost(1, "region"), lost(2, "region")]);
    let changed = ward.sweep(&[slow(1, &["orders"]), slow(2, &["orders"])]);
    assert_eq!(open(&changed), [(1, vec![1, 2])]);
    assert_eq!(changed.open[&IncidentId(1)].title, "Dataset Orders is too slow");
}

#[test]
fn a_card_that_recovers_in_the_middle_of_a_chain_splits_nothing() {
    let mut ward = Ward::default();
    let chain = [lost(1, "a"), lost(2, "b").at(50), lost(3, "c").at(100)];
    assert_eq!(open(&ward.sweep(&chain)), [(1, vec![1, 2, 3])]);
    let [first, _, last] = chain;
    assert_eq!(open(&ward.sweep(&[first, last])), [(1, vec![1, 3])]);
}

#[test]
fn a_bare_refusal_that_recovers_in_the_middle_splits_nothing() {
    let mut ward = Ward::default();
    let formula = ill(3, "Beast mode 'Margin' cannot be evaluated", &["orders"]).at(90);
    let bare = ill(2, "Bad Request", &["orders"]).at(45);
    assert_eq!(open(&ward.sweep(&[lost(1, "a"), bare, formula.clone()])), [(1, vec![1, 2, 3])]);
    assert_eq!(open(&ward.sweep(&[lost(1, "a"), formula])), [(1, vec![1, 3])]);
}

#[test]
fn a_card_that_comes_back_with_the_id_of_a_closed_incident_gets_a_new_one() {
    let known = Known { open: BTreeMap::new(), next: IncidentId(5) };
    let back = Ill { incident: Some(IncidentId(2)), ..lost(1, "region") };
    let incidents = incident::follow(&known, &[back.lent()], named);
    assert_eq!(open(&incidents), [(5, vec![1])]);
    assert_eq!(closed(&incidents), []);
}

#[test]
fn the_id_of_an_open_incident_is_not_given_however_wrong_the_next_one_is() {
    let held = KnownIncident { opened_at: at(0), title: String::new() };
    let known = Known { open: BTreeMap::from([(IncidentId(3), held)]), next: IncidentId(3) };
    let old = Ill { incident: Some(IncidentId(3)), ..slow(9, &["orders"]) };
    let incidents = incident::follow(&known, &[lost(1, "region").lent(), old.lent()], named);
    assert_eq!(open(&incidents), [(3, vec![9]), (4, vec![1])]);
}

#[test]
fn the_most_telling_reason_stands_for_all() {
    let incident = only(&[ill(1, "Bad Request", &["orders"]), lost(2, "region").at(5)]);
    assert_eq!(incident.reason.text, "Invalid column(s) referenced: region");
    assert_eq!(incident.opened_at, at(0));
}

#[test]
fn the_class_follows_from_what_the_reason_says() {
    let reason = Reason { class: Class::Other, text: "500: Query timed out".to_owned() };
    assert_eq!(only(&[Ill { reason, ..lost(1, "") }]).class(), Class::QueryTimeout);
}

#[test]
fn the_datasets_are_those_that_all_cards_share_of_which_any_are_known() {
    let of = |cards: &[Ill]| only(cards).datasets;
    let region =
        |card, datasets: &[&str]| Ill { datasets: datasets.iter().copied().map(id).collect(), ..lost(card, "region") };
    assert_eq!(
        of(&[region(1, &["orders", "dates"]), region(2, &["orders"]), region(3, &[])]),
        BTreeSet::from([id("orders")])
    );
    assert_eq!(
        of(&[region(1, &["orders"]), region(2, &["orders", "dates"]), region(3, &["dates"])]),
        BTreeSet::from([id("orders"), id("dates")])
    );
    assert_eq!(of(&[region(1, &[])]), BTreeSet::new());
}

/// A story: after each sweep these cards are broken. Each has its reason and time anew where it was not broken before.
fn any_story() -> impl Strategy<Value = Vec<Vec<Ill>>> {
    let sweep = (1..8_i64).map(|card| proptest::option::of(any_ill(card))).collect::<Vec<_>>();
    proptest::collection::vec(sweep.prop_map(|cards| cards.into_iter().flatten().collect()), 1..12)
}

/// One sweep's cards, and those among them that are still broken after the next.
fn any_recovery() -> impl Strategy<Value = (Vec<Ill>, Vec<bool>)> {
    (1..10_i64).prop_flat_map(|cards| {
        let ill = (0..cards).map(any_ill).collect::<Vec<_>>();
        (ill, proptest::collection::vec(any::<bool>(), usize::try_from(cards).unwrap()))
    })
}

proptest! {
    #[test]
    fn each_broken_card_is_in_exactly_one_incident(story in any_story()) {
        let mut ward = Ward::default();
        for cards in story {
            let incidents = ward.sweep(&cards);
            let held: Vec<CardId> = incidents.open.values().flat_map(|incident| incident.cards.iter().copied()).collect();
            prop_assert_eq!(held.len(), cards.len());
            prop_assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), cards.iter().map(|card| CardId(card.card)).collect());
            prop_assert!(incidents.open.values().all(|incident| !incident.cards.is_empty()));
        }
    }

    #[test]
    fn the_order_of_cards_does_not_matter_to_ids_either(story in any_story()) {
        let (mut ward, mut other) = (Ward::default(), Ward::default());
        for mut cards in story {
            let incidents = ward.sweep(&cards);
            cards.reverse();
            prop_assert_eq!(incidents, other.sweep(&cards));
        }
    }

    #[test]
    fn no_id_is_given_twice_and_each_incident_opens_and_closes_once(story in any_story()) {
        let mut ward = Ward::default();
        let (mut open, mut ever) = (BTreeSet::new(), BTreeSet::new());
        for cards in story {
            let incidents = ward.sweep(&cards);
            let now: BTreeSet<IncidentId> = incidents.open.keys().copied().collect();
            let closed: BTreeSet<IncidentId> = incidents.closed.iter().map(|closed| closed.id).collect();
            prop_assert_eq!(closed.len(), incidents.closed.len());
            prop_assert_eq!(&closed, &open.difference(&now).copied().collect::<BTreeSet<_>>());
            for new in now.difference(&open) {
                prop_assert!(ever.insert(*new), "{} was given before", new);
            }
            let merged = incidents.closed.iter().filter_map(|closed| closed.merged_into.map(|into| (closed.id, into)));
            for (id, into) in merged {
                prop_assert!(into < id && now.contains(&into), "{} into {}", id, into);
            }
            open = now;
        }
    }

    #[test]
    fn a_sweep_in_which_nothing_changed_changes_nothing(story in any_story()) {
        let mut ward = Ward::default();
        for cards in story {
            let incidents = ward.sweep(&cards);
            let again = ward.sweep(&cards);
            prop_assert_eq!(&again.open, &incidents.open);
            prop_assert_eq!(again.closed, vec![]);
        }
    }

    #[test]
    fn further_cards_never_split_an_incident((cards, _) in any_recovery(), further in any_ill(99)) {
        let mut ward = Ward::default();
        let before = ward.sweep(&cards);
        let mut more = cards;
        more.push(further);
        let after = ward.sweep(&more);
        for incident in before.open.values() {
            prop_assert!(after.open.values().any(|whole| incident.cards.is_subset(&whole.cards)));
            let gone = after.closed.iter().find(|closed| closed.id == incident.id);
            let goes_on = gone.map_or(Some(incident.id), |closed| closed.merged_into);
            prop_assert!(goes_on.is_some_and(|id| incident.cards.is_subset(&after.open[&id].cards)));
        }
    }

    #[test]
    fn recoveries_neither_merge_nor_split_and_close_what_recovered_whole((cards, stays) in any_recovery()) {
        let mut ward = Ward::default();
        let before = ward.sweep(&cards);
        let left: Vec<Ill> = cards.into_iter().zip(stays).filter_map(|(card, stays)| stays.then_some(card)).collect();
        let after = ward.sweep(&left);
        let left: BTreeSet<CardId> = left.iter().map(|card| CardId(card.card)).collect();
        for incident in before.open.values() {
            let rest: BTreeSet<CardId> = incident.cards.intersection(&left).copied().collect();
            let goes_on = after.open.get(&incident.id);
            prop_assert_eq!(goes_on.map(|incident| incident.cards.clone()).unwrap_or_default(), rest.clone());
            prop_assert_eq!(goes_on.map_or(incident.opened_at, |incident| incident.opened_at), incident.opened_at);
            prop_assert_eq!(after.closed.iter().any(|closed| closed.id == incident.id), rest.is_empty());
        }
        prop_assert!(after.closed.iter().all(|closed| closed.merged_into.is_none()));
    }

    #[test]
    fn all_that_recovers_closes(story in any_story()) {
        let mut ward = Ward::default();
        for cards in story {
            ward.sweep(&cards);
        }
        let open: Vec<IncidentId> = ward.known.open.keys().copied().collect();
        let over = ward.sweep(&[]);
        prop_assert_eq!(over.open.len(), 0);
        prop_assert_eq!(over.closed.into_iter().map(|closed| closed.id).collect::<Vec<_>>(), open);
    }
}
