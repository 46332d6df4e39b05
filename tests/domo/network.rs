//! What stands between: names without address, closed ports, TLS that does not come about, silence.

use cardwatch::config::valid::Instance;
use fake_domo::{Condition, FakeDomo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use crate::desk::{Desk, TIMEOUT, instance_at, token};

async fn told(instance: &Instance) -> String {
    Desk::new(instance).domo.sign_in().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_name_without_address_is_told() {
    let text = told(&Instance { attempts: 1, ..instance_at("https://nobody.invalid", token("t")) }).await;
    assert!(text.starts_with("cannot sign in: nobody.invalid has no address ("), "{text}");
    assert!(text.ends_with("); correct url, or see to this machine's DNS"), "{text}");
}

#[tokio::test]
async fn a_closed_port_is_told() {
    // Bound to it, so that no other test gets it, and listening to nobody.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let text = told(&instance_at(&url, token("t"))).await;
    assert_eq!(
        text,
        format!(
            "cannot sign in: {} refuses connections; correct url, or see to the network between",
            url.trim_start_matches("http://")
        )
    );
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let fake = FakeDomo::empty().start().await;
    let url = fake.url().replace("http://", "https://");
    let text = told(&instance_at(&url, token("t"))).await;
    assert!(text.starts_with("cannot sign in: no TLS with 127.0.0.1 (it does not speak TLS); see to "), "{text}");
}

#[tokio::test]
async fn a_connection_that_is_closed_is_told_after_all_attempts() {
    let fake = FakeDomo::empty().start().await;
    fake.set_condition(Condition::Down);
    let text = Desk::at(&fake).domo.sign_in().await.unwrap_err().to_string();
    assert!(
        text.starts_with(
            "cannot sign in: no connection to 127.0.0.1 (the connection closed before the answer was whole); "
        ),
        "{text}"
    );
    assert_eq!(fake.calls("me"), 3);
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_given_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let desk = Desk::new(&Instance { attempts: 1, ..instance_at(&url, token("t")) });
    let (domo, clock) = (desk.domo.clone(), desk.clock.clone());
    let login = tokio::spawn(async move { domo.sign_in().await });
    let _connection = listener.accept().await.unwrap();
    clock.advance(TIMEOUT);
    let text = login.await.unwrap().unwrap_err().to_string();
    assert_eq!(
        text,
        "cannot sign in: 127.0.0.1 did not answer within 3600 s; see to the network between; \
         the next sweep tries again"
    );
}

#[tokio::test]
async fn an_answer_whose_head_does_not_end_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let line = format!("X-Padding: {}\r\n", "x".repeat(1000));
        assert!(connection.read(&mut [0; 1024]).await.unwrap() > 0);
        connection.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        // Until nobody reads on.
        while connection.write_all(line.as_bytes()).await.is_ok() {}
    });
    let text = told(&Instance { attempts: 1, ..instance_at(&url, token("t")) }).await;
    assert_eq!(
        text,
        "cannot sign in: no connection to 127.0.0.1 (message head is too large); see to the network between; \
         the next sweep tries again"
    );
}
