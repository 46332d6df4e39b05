//! The gate that renders go through.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cardwatch::domo::gate::{Gate, Place};

/// The place, if there is one at once.
fn enter(gate: &Gate) -> Option<Place<'_>> {
    match pin!(gate.enter()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(place) => Some(place),
        Poll::Pending => None,
    }
}

fn enter_all(gate: &Gate) -> Vec<Place<'_>> {
    std::iter::from_fn(|| enter(gate)).collect()
}

#[test]
fn there_are_as_many_places_as_the_gate_has() {
    let gate = Gate::new(3);
    assert_eq!(enter_all(&gate).len(), 3);
    assert_eq!(enter_all(&gate).len(), 3, "those that were left can be taken again");
}

#[test]
fn a_larger_gate_has_more_places_at_once() {
    let gate = Gate::new(2);
    let _taken = enter_all(&gate);
    gate.resize(5);
    assert_eq!((enter_all(&gate).len(), gate.size()), (3, 5));
}

#[test]
fn of_a_smaller_gate_places_that_are_taken_vanish_when_they_are_left() {
    let gate = Gate::new(5);
    let mut taken = enter_all(&gate);
    gate.resize(2);
    for left in (2..5).rev() {
        assert!(taken.iter().all(Place::is_owed), "one of {} is too many", left + 1);
        taken.pop();
        assert!(enter(&gate).is_none(), "{left} are taken");
    }
    assert!(!taken.iter().any(Place::is_owed));
    taken.pop();
    assert_eq!(enter_all(&gate).len(), 1);
}

#[test]
fn of_a_smaller_gate_places_that_are_free_vanish_first() {
    let gate = Gate::new(5);
    let taken = enter(&gate);
    gate.resize(2);
    assert!(taken.as_ref().is_some_and(|place| !place.is_owed()));
    assert_eq!(enter_all(&gate).len(), 1);
}

#[test]
fn what_is_owed_is_kept_when_the_gate_grows_again() {
    let gate = Gate::new(5);
    let taken = enter_all(&gate);
    gate.resize(1);
    gate.resize(6);
    assert!(!taken.iter().any(Place::is_owed));
    assert_eq!(enter_all(&gate).len(), 1);
    drop(taken);
    assert_eq!(enter_all(&gate).len(), 6);
}

#[tokio::test]
async fn who_came_first_gets_a_place_first() {
    let gate = Arc::new(Gate::new(1));
    let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
    let taken = enter(&gate);
    for number in 0..20 {
        let (gate, told) = (Arc::clone(&gate), told.clone());
        tokio::spawn(async move {
            let _place = gate.enter().await;
            told.send(number).unwrap();
        });
        // On one thread each comes to the gate before the next.
        tokio::task::yield_now().await;
    }
    drop((taken, told));
    gate.resize(3);
    let mut came = Vec::new();
    while let Some(number) = order.recv().await {
        came.push(number);
    }
    assert_eq!(came, (0..20).collect::<Vec<_>>());
}
