//! What one client may cost: connections, time, and the size of a request.

use std::time::Duration;

use crate::house::{Client, House, open};

const SECOND: Duration = Duration::from_secs(1);

/// Connections at a time.
const MOST: usize = 256;

#[tokio::test]
async fn a_client_that_sends_a_byte_a_second_is_hung_up_on() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    client.send(b"GET /healthz HTTP/1.1\r\nX: ").await.unwrap();
    let mut sent = 0;
    // A connection that is closed takes no bytes.
    while client.send(b"x").await.is_ok() {
        sent += 1;
        assert!(sent < 100, "it is still listened to");
        house.clock.advance(SECOND);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_hung_up_on() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    let waiting = async {
        loop {
            house.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = client.hung_up() => {}
        () = waiting => {}
    }
}

#[tokio::test]
async fn a_client_that_is_slow_within_reason_is_answered() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    client.send(b"GET /healthz HT").await.unwrap();
    house.clock.advance(9 * SECOND);
    client.send(b"TP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(client.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_that_is_kept_open_serves_one_request_after_another() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    for _ in 0..3 {
        client.request("GET", "/healthz", &[]).await;
        assert_eq!(client.answer().await.unwrap().status, 200);
        house.clock.advance(5 * SECOND);
    }
}

#[tokio::test]
async fn no_connection_lasts_longer_than_two_minutes_and_some_seconds() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    let mut asked = 0;
    loop {
        if client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.is_err() || client.answer().await.is_none() {
            break;
        }
        asked += 1;
        assert!(asked < 100, "it is still kept open");
        house.clock.advance(5 * SECOND);
        tokio::task::yield_now().await;
    }
    assert!(asked >= 24, "it was closed after {asked} requests");
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_hung_up_on() {
    let house = House::with(open()).await;
    house.grow();
    let mut client = house.narrow_client().await;
    client.request("GET", "/metrics", &[]).await;
    // The answer has begun, and cannot end as long as nobody reads it.
    client.0.readable().await.unwrap();
    let mut seconds = 0;
    while is_established(house.address.port()) {
        seconds += 1;
        assert!(seconds < 1_000, "it is still waited for");
        house.clock.advance(SECOND);
        tokio::task::yield_now().await;
    }
    assert!(seconds > 120, "it was hung up on after {seconds} s");
    assert!(client.answer().await.is_none(), "it got its whole answer");
}

/// Whether the kernel knows a connection of the listener at this port that neither side has closed.
fn is_established(port: u16) -> bool {
    const ESTABLISHED: &str = "01";
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).any(|fields| {
        let [_, local, _, state, ..] = fields[..] else { return false };
        local.ends_with(&port) && state == ESTABLISHED
    })
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let house = House::with(open()).await;
    let mut client = house.client().await;
    client.request("GET", "/healthz", &[("X", &"x".repeat(15_000))]).await;
    assert_eq!(client.answer().await.unwrap().status, 200);
    for head in [format!("GET /{}", "x".repeat(20_000)), format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000))] {
        let mut client = house.client().await;
        // It may be refused before it is sent to its end.
        let _ = client.send(head.as_bytes()).await;
        assert!([414, 431].contains(&client.answer().await.unwrap().status));
        client.hung_up().await;
    }
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let house = House::with(open()).await;
    assert_eq!(house.status("/healthz", &vec![("X", "1"); 60]).await, 200);
    assert_eq!(house.status("/healthz", &vec![("X", "1"); 100]).await, 431);
}

#[tokio::test]
async fn the_body_of_a_request_is_not_waited_for() {
    let house = House::with(open()).await;
    for (method, status) in [("GET", 200), ("POST", 405)] {
        let mut client = house.client().await;
        client.request(method, "/healthz", &[("Content-Length", "1000000000000")]).await;
        assert_eq!(client.answer().await.unwrap().status, status);
        client.hung_up().await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let house = House::with(open()).await;
    for nonsense in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\0\r\n\r\n", b"HELO there\r\n\r\n"] {
        let mut client = house.client().await;
        client.send(nonsense).await.unwrap();
        if let Some(answer) = client.answer().await {
            assert_eq!(answer.status, 400);
        }
        client.hung_up().await;
    }
}

async fn settled(house: &House) -> Client {
    let mut client = house.client().await;
    client.request("GET", "/healthz", &[]).await;
    assert_eq!(client.answer().await.unwrap().status, 200);
    client
}

#[tokio::test]
async fn those_beyond_the_most_connections_wait_until_one_is_free() {
    let house = House::with(open()).await;
    let mut inside = Vec::new();
    for _ in 0..MOST {
        inside.push(settled(&house).await);
    }
    let mut outside = house.client().await;
    outside.request("GET", "/healthz", &[]).await;
    for client in &mut inside[..50] {
        client.request("GET", "/healthz", &[]).await;
        client.answer().await.unwrap();
    }
    assert!(outside.0.try_read(&mut [0]).is_err(), "there was room for one more");
    drop(inside.pop());
    assert_eq!(outside.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn clients_that_do_nothing_cannot_keep_others_out() {
    let house = House::with(open()).await;
    let mut idle = Vec::new();
    for _ in 0..MOST {
        idle.push(house.client().await);
    }
    let mut outside = house.client().await;
    outside.request("GET", "/healthz", &[]).await;
    let waiting = async {
        loop {
            house.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = outside.answer() => assert_eq!(answer.unwrap().status, 200),
        () = waiting => {}
    }
}
