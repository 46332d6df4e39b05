//! Who may read what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::house::{House, locked, open};

const GUARDED: [&str; 4] = ["/", "/metrics", "/readyz", "/nowhere"];

fn basic(login: &str) -> String {
    format!("Basic {}", STANDARD.encode(login))
}

async fn with(house: &House, authorization: &str) -> u16 {
    house.status("/metrics", &[("Authorization", authorization)]).await
}

#[tokio::test]
async fn on_loopback_without_a_login_everybody_reads() {
    let house = House::with(open()).await;
    for (path, status) in [("/", 200), ("/metrics", 200), ("/readyz", 503), ("/healthz", 200), ("/nowhere", 404)] {
        assert_eq!(house.status(path, &[]).await, status, "{path}");
    }
}

#[tokio::test]
async fn everything_but_healthz_needs_the_login() {
    let house = House::with(locked("admin", "s3cret")).await;
    for path in GUARDED {
        let answer = house.ask("GET", path, &[]).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("basic realm=\"cardwatch\", charset=\"utf-8\""), "{path}");
        assert_eq!(answer.body, "a user name and password are needed (http.basic_auth)\n");
    }
    assert_eq!(house.status("/healthz", &[]).await, 200);
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_round_the_login() {
    let house = House::with(locked("admin", "s3cret")).await;
    for path in ["//metrics", "/metrics/", "/%6detrics", "/healthz/../metrics", "/healthz/metrics", "/healthz//", "*"] {
        assert!([400, 401].contains(&house.status(path, &[]).await), "{path}");
    }
}

#[tokio::test]
async fn no_method_leads_round_the_login() {
    let house = House::with(locked("admin", "s3cret")).await;
    for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "METRICS"] {
        let mut client = house.client().await;
        client.request(method, "/metrics", &[]).await;
        // The length of an answer to HEAD is that of a body that does not come.
        let mut head = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut client.0, &mut head).await.unwrap();
        let head = String::from_utf8(head.to_vec()).unwrap();
        assert!(["HTTP/1.1 401", "HTTP/1.1 400"].contains(&head.as_str()), "{method}: {head}");
    }
}

#[tokio::test]
async fn the_right_login_is_let_in_however_its_scheme_is_written() {
    let house = House::with(locked("admin", "pass:wörd ")).await;
    let login = STANDARD.encode("admin:pass:wörd ");
    for scheme in ["Basic", "basic", "BASIC"] {
        assert_eq!(with(&house, &format!("{scheme} {login}")).await, 200, "{scheme}");
    }
}

#[tokio::test]
async fn a_login_that_is_wrong_in_any_place_is_not_let_in() {
    let house = House::with(locked("admin", "s3cret")).await;
    let right = STANDARD.encode("admin:s3cret");
    for wrong in [
        basic("admin:s3crets"),
        basic("admin:s3cre"),
        basic("admin:s3creT"),
        basic("bdmin:s3cret"),
        basic("admin:"),
        basic(":s3cret"),
        basic("s3cret"),
        basic(""),
        basic("admin:s3cret\0"),
        basic(&"x".repeat(2_000)),
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        format!("Bearer {right}"),
        format!("Basic{right}"),
        format!("Basic {right}{right}"),
        format!("Basic {}", right.to_lowercase()),
        format!("Basic {}", &right[..right.len() - 1]),
        right.clone(),
        "admin:s3cret".to_owned(),
    ] {
        assert_eq!(with(&house, &wrong).await, 401, "{wrong}");
    }
    assert_eq!(with(&house, &format!("Basic {right}")).await, 200);
}

#[tokio::test]
async fn of_two_logins_the_first_one_counts() {
    let house = House::with(locked("admin", "s3cret")).await;
    let (right, wrong) = (basic("admin:s3cret"), basic("admin:guess"));
    let status = house.status("/metrics", &[("Authorization", &wrong), ("Authorization", &right)]).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn another_login_counts_from_the_moment_that_it_is_set() {
    let house = House::with(locked("admin", "old")).await;
    house.settings.send_replace(locked("admin", "new"));
    assert_eq!((with(&house, &basic("admin:old")).await, with(&house, &basic("admin:new")).await), (401, 200));
}

#[tokio::test]
async fn a_listener_that_others_reach_stays_closed_when_its_login_is_taken_away() {
    let house = House::at("0.0.0.0:0", locked("admin", "s3cret")).await;
    assert_eq!(with(&house, &basic("admin:s3cret")).await, 200);
    house.settings.send_replace(open());
    for path in GUARDED {
        assert_eq!(house.status(path, &[]).await, 403, "{path}");
    }
    assert_eq!(house.status("/healthz", &[]).await, 200);
}

#[tokio::test]
async fn a_listener_that_others_reach_is_open_where_that_is_said() {
    let house = House::at("0.0.0.0:0", open()).await;
    house.settings.send_modify(|settings| settings.public_without_auth = true);
    assert_eq!(house.status("/metrics", &[]).await, 200);
}

#[tokio::test]
async fn a_daemon_that_works_is_ready() {
    let house = House::with(open()).await;
    house.readiness.send_modify(|says| *says = Ok(()));
    assert_eq!(house.status("/readyz", &[]).await, 200);
}
