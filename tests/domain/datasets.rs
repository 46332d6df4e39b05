//! Datasets as a closing knows them: what they are called, and what was found out about them.

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::closing::Closing;
use cardwatch::domain::dataset::{Dataset, Evidence, Feeding, KnownDataset};
use cardwatch::domain::ids::DatasetId;
use cardwatch::domain::sweep::{Listing, Scope};

use crate::nouns::{at, fails, listing, page};
use crate::story::{Story, report};

fn orders() -> DatasetId {
    DatasetId::new("orders").unwrap()
}

fn called(name: &str) -> Dataset {
    Dataset { name: name.to_owned(), state: None, updated_at: None }
}

/// What a look at a minute found: the dataset has this one column.
fn look(minute: i64, column: &str) -> Evidence {
    Evidence {
        looked_at: at(minute),
        gone: false,
        state: None,
        updated_at: None,
        last_run: None,
        columns: Some(BTreeSet::from([column.to_owned()])),
        schema_change: None,
    }
}

/// Page 10 with card 1, which is fed by the dataset; the list tells its name where there is one.
fn fed(name: Option<&str>) -> Listing {
    let mut listing = listing(Scope::Pages, vec![page(10, &[1])]);
    listing.cards.values_mut().for_each(|card| card.datasets = Some([orders()].into()));
    listing.datasets.extend(name.map(|name| (orders(), called(name))));
    listing
}

/// A sweep in which the card is found to lack a column.
fn breaks(story: &mut Story, minute: i64, listed: Option<&str>) -> Closing {
    story.sweep_listing(minute, fed(listed), &[(1, fails("Invalid column(s) referenced: region"))])
}

/// The title of the incident that opens, where the dataset is called so in the list, by what was asked, and before.
fn title(listed: Option<&str>, asked: Option<&str>, before: Option<&str>) -> String {
    let mut story = Story::new();
    story.asked.datasets.extend(asked.map(|name| (orders(), called(name))));
    story.memory.datasets.extend(before.map(|name| (orders(), KnownDataset { dataset: called(name), evidence: None })));
    report(&breaks(&mut story, 0, listed)).first_seen[0].incident.title.clone()
}

#[test]
fn a_dataset_is_called_what_was_told_last_of_it() {
    assert_eq!(title(Some("Orders"), Some("Old"), Some("Older")), "Dataset Orders lost column region");
    assert_eq!(title(None, Some("Orders"), Some("Old")), "Dataset Orders lost column region");
    assert_eq!(title(None, None, Some("Orders")), "Dataset Orders lost column region");
}

#[test]
fn a_dataset_without_a_name_is_called_nothing() {
    assert_eq!(title(None, None, None), "Column region is missing");
    assert_eq!(title(Some(""), None, None), "Column region is missing");
}

#[test]
fn what_was_found_out_is_held_against_what_was_found_before() {
    let mut story = Story::new();
    story
        .memory
        .datasets
        .insert(orders(), KnownDataset { dataset: called("Orders"), evidence: Some(look(-30, "region")) });
    story.asked.evidence.insert(orders(), look(0, "area"));
    let closing = breaks(&mut story, 0, None);
    let expected = look(0, "area").compared_with(Some(&look(-30, "region")));
    assert!(expected.schema_change.is_some());
    assert_eq!(closing.evidence, BTreeMap::from([(orders(), expected.clone())]));
    assert_eq!(report(&closing).first_seen[0].incident.upstream, [("Orders".to_owned(), expected)]);
}

#[test]
fn what_was_found_out_since_an_incident_opened_explains_it_though_nobody_asks_again() {
    let mut story = Story::new();
    story.reporting = false;
    breaks(&mut story, 0, None);
    story.reporting = true;
    story.memory.datasets.insert(orders(), KnownDataset { dataset: called(""), evidence: Some(look(0, "area")) });
    let closing = breaks(&mut story, 15, None);
    assert_eq!(closing.evidence, BTreeMap::new());
    assert_eq!(report(&closing).first_seen[0].incident.upstream, [("orders".to_owned(), look(0, "area"))]);
}

#[test]
fn the_datasets_of_a_card_come_ascending_and_each_once() {
    let id = |text| DatasetId::new(text).unwrap();
    let feeding = Feeding::from([id("b"), id("a"), id("b")]);
    assert_eq!(feeding.into_iter().collect::<Vec<_>>(), [&id("a"), &id("b")]);
}
