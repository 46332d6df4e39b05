//! The answer to a list of pages, of cards, or of the cards of a page: whatever is read has a title, and pages hold
//! only cards that were read.
#![no_main]

use cardwatch::domo::listed_by;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (pages, cards) = listed_by(data);
    for page in &pages {
        assert!(!page.title.trim().is_empty());
        assert!(page.cards.iter().all(|id| cards.iter().any(|card| card.id == *id)));
    }
    assert!(cards.iter().all(|card| !card.title.trim().is_empty() && !card.kind.0.trim().is_empty()));
});
