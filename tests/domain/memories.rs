//! Memories of cards: each comes out as it went in, however it is held.

use std::time::Duration;

use cardwatch::domain::card::{CardMemory, CardState, Told};
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId};
use cardwatch::domain::memories::Memories;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::rendering::Rendering;
use cardwatch::domain::strip::Strip;

use crate::nouns::{at, reason};

/// A card that works, with all that a card may be remembered by without anything to be told of it.
fn working() -> CardMemory {
    CardMemory {
        rendering: Rendering { latency: Some(Duration::from_millis(1_250)), ..Rendering::default() },
        datasets: [DatasetId::new("orders").unwrap(), DatasetId::new("targets").unwrap()].into(),
        recent: Strip::from_bits(0b01_01_10),
        ..CardMemory::of(CardState::Working { since: at(0), decided_at: at(15) }, Told::Nothing)
    }
}

/// Cards of which there is more to remember, each for one reason.
fn others() -> Vec<CardMemory> {
    let mute = Mute { reason: "being rebuilt".to_owned(), by: "jo".to_owned(), at: at(1), until: None };
    let broken = CardState::Broken { since: at(0), decided_at: at(15), reason: reason("x"), first_seen: true };
    let told = Told::Broken { at: at(15), message_id: "1@example.com".to_owned() };
    vec![
        CardMemory::new(),
        CardMemory { state: CardState::Unsupported, ..working() },
        CardMemory { state: broken, ..working() },
        CardMemory { told, ..working() },
        CardMemory { told: Told::Withheld, ..working() },
        CardMemory { changes: vec![at(3), at(5)], ..working() },
        CardMemory { rendering: Rendering { slow_against: Some(Duration::ZERO), ..working().rendering }, ..working() },
        CardMemory { rendering: Rendering { no_data_since: Some(at(2)), ..working().rendering }, ..working() },
        CardMemory { rendering: Rendering::default(), ..working() },
        CardMemory { mute: Some(Box::new(mute)), ..working() },
        CardMemory { incident: Some(IncidentId(4)), ..working() },
    ]
}

#[test]
fn a_memory_comes_out_as_it_went_in() {
    for memory in others().into_iter().chain([working()]) {
        let memories = Memories::from_iter([(CardId(1), memory.clone())]);
        assert_eq!(memories.get(&CardId(1)), Some(memory));
    }
}

#[test]
fn what_changes_is_remembered_whether_more_is_known_of_the_card_then_or_less() {
    for memory in others() {
        let mut memories = Memories::from_iter([(CardId(1), working())]);
        memories.update(&CardId(1), |held| held.clone_from(&memory));
        assert_eq!(memories.get(&CardId(1)), Some(memory));
        memories.update(&CardId(1), |held| *held = working());
        assert_eq!(memories.get(&CardId(1)), Some(working()));
    }
}

#[test]
fn a_card_that_nobody_remembers_is_not_made_up() {
    let mut memories = Memories::from_iter([(CardId(1), working())]);
    memories.update(&CardId(2), |held| *held = CardMemory::new());
    assert_eq!((memories.get(&CardId(2)), memories.len()), (None, 1));
}

#[test]
fn cards_are_remembered_once_in_their_order_whatever_order_they_come_in() {
    let mut memories = Memories::with_capacity(3);
    assert!(memories.is_empty());
    memories.extend([(CardId(3), working()), (CardId(-1), CardMemory::new()), (CardId(3), CardMemory::new())]);
    assert_eq!((memories.len(), memories.is_empty()), (2, false));
    assert_eq!(memories.iter().collect::<Vec<_>>(), [(CardId(-1), CardMemory::new()), (CardId(3), CardMemory::new())]);
}
