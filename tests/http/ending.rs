//! The end of the listener: running answers are finished, and nobody holds it up.

use std::time::Duration;

use crate::house::{House, open};

#[tokio::test]
async fn it_ends_at_once_when_nobody_is_there() {
    let house = House::with(open()).await;
    house.stop.cancel();
    house.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_is_kept_open_does_not_hold_it_up() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    client.request("GET", "/healthz", &[]).await;
    client.answer().await.unwrap();
    house.stop.cancel();
    house.served.await.unwrap().unwrap();
    client.hung_up().await;
}

#[tokio::test]
async fn an_answer_that_has_begun_is_finished() {
    let house = House::with(open()).await;
    house.grow();
    let mut client = house.narrow_client().await;
    client.request("GET", "/metrics", &[]).await;
    client.0.readable().await.unwrap();
    house.stop.cancel();
    tokio::task::yield_now().await;
    assert!(!house.served.is_finished());
    let answer = client.answer().await.unwrap();
    assert!(answer.status == 200 && answer.body.len() > 10_000_000, "{}", answer.body.len());
    house.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_holds_it_up_for_five_seconds_at_most() {
    let house = House::with(open()).await;
    house.grow();
    let mut client = house.narrow_client().await;
    client.request("GET", "/metrics", &[]).await;
    client.0.readable().await.unwrap();
    house.stop.cancel();
    let waiting = async {
        loop {
            tokio::task::yield_now().await;
            house.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        served = house.served => served.unwrap().unwrap(),
        () = waiting => {}
    }
}

#[tokio::test]
async fn nobody_is_let_in_any_more() {
    let house = House::with(open()).await;
    house.stop.cancel();
    house.served.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(house.address).await.is_err());
}
