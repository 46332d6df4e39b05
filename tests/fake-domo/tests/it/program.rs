//! The program `fake-domo` and the addresses that change it while it runs.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use fake_domo::{Domo, FakeDomo};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{bare, client, json_of, login, render};

async fn control(domo: &Domo, path: &str, body: &Value) -> Value {
    json_of(bare(domo, Method::POST, &format!("/_fake/{path}")).json(body)).await
}

/// Ends the program with the test, also when it fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_card_can_be_broken_and_healed_by_hand() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    control(&domo, "cards/1", &json!({"status": 409})).await;
    assert_eq!(render(&domo, 1).await.status(), 409);
    control(&domo, "cards/1", &json!("renders")).await;
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn the_instance_can_be_changed_by_hand_even_while_it_is_down() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    control(&domo, "condition", &json!("down")).await;
    control(&domo, "condition", &json!("healthy")).await;
    control(&domo, "login", &json!("unknown_instance")).await;
    assert_eq!(login(&domo).await.status(), 403);
}

#[tokio::test]
async fn the_counts_can_be_read_and_reset_by_hand() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    render(&domo, 1).await;
    let counts = json_of(bare(&domo, Method::GET, "/_fake/counts")).await;
    assert_eq!(counts["calls"], json!({"render": 1}));
    let cards = json_of(bare(&domo, Method::GET, "/_fake/cards")).await;
    assert_eq!(cards[0]["renders"], 1);
    let counts = control(&domo, "reset-counts", &Value::Null).await;
    assert_eq!(counts["calls"], json!({}));
}

#[tokio::test]
async fn what_lies_behind_the_cards_can_be_changed_by_hand() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    control(&domo, "datasets", &json!({"id": "d", "name": "Orders", "columns": ["region"], "cards": [1]})).await;
    assert_eq!(control(&domo, "datasets/d", &json!({"drop_column": "region"})).await, json!({"cards": [1]}));
    assert_eq!(render(&domo, 1).await.status(), 400);
    control(&domo, "datasets/d", &json!({"restore_column": "region"})).await;
    control(&domo, "datasets/d", &json!("delete")).await;
    assert_eq!(render(&domo, 1).await.status(), 400);
    control(&domo, "datasets/d", &json!("restore")).await;
    assert_eq!(render(&domo, 1).await.status(), 200);
    control(&domo, "datasets/d", &json!({"fail_run": {"message": "Login failed"}})).await;
    control(&domo, "datasets/d", &json!({"succeed_run": {"at": 5}})).await;
    let datasets = json_of(bare(&domo, Method::GET, "/_fake/datasets")).await;
    assert_eq!(datasets[0]["runs"].as_array().unwrap().len(), 2);
    control(&domo, "cards/1/latency", &json!({"millis": 1})).await;
    control(&domo, "users/1200000002", &json!({"email": null})).await;
    control(&domo, "functions", &json!({"invalid": 2})).await;
    control(&domo, "trouble/render", &json!({"status": 503})).await;
    assert_eq!(render(&domo, 1).await.status(), 503);
    control(&domo, "trouble/render", &Value::Null).await;
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn a_mistake_by_hand_is_told() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    let wrong = [
        ("cards/1", 400),
        ("cards/2", 404),
        ("nothing", 404),
        ("datasets", 400),
        ("datasets/d", 400),
        ("trouble/renders", 404),
    ];
    for (path, status) in wrong {
        let body = match path {
            "trouble/renders" => json!("html"),
            _ if status == 400 => json!("rendrs"),
            _ => json!("renders"),
        };
        let request = bare(&domo, Method::POST, &format!("/_fake/{path}")).json(&body);
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_program_tells_how_to_point_cardwatch_at_it() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fake-domo"))
        .args(["--listen", "127.0.0.1:0", "--cards", "20", "--pages", "5"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let _program = Program(child);
    let lines: Vec<String> =
        BufReader::new(stdout).lines().map(Result::unwrap).take_while(|line| !line.contains("Ctrl-C")).collect();
    let url = lines[0].strip_prefix("url       ").unwrap();
    for wanted in ["[instances.acme]", &format!("url = \"{url}\""), "pages = \"all\""] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted} in {lines:?}");
    }
    let cards = client().get(format!("{url}/_fake/cards")).send().await.unwrap();
    let cards: Value = cards.json().await.unwrap();
    assert_eq!(cards.as_array().unwrap().len(), 20);
}
