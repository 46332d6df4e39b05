//! What every answer says about itself, and what no answer says.

use crate::house::{House, locked, open};

#[tokio::test]
async fn every_answer_may_be_neither_kept_nor_framed_nor_taken_for_another_type() {
    let (open, locked) = (House::with(open()).await, House::with(locked("admin", "s3cret")).await);
    let mut statuses = Vec::new();
    for (house, method, path) in [
        (&open, "GET", "/"),
        (&open, "GET", "/metrics"),
        (&open, "GET", "/readyz"),
        (&open, "GET", "/healthz"),
        (&open, "GET", "/nowhere"),
        (&open, "POST", "/metrics"),
        (&locked, "GET", "/metrics"),
    ] {
        let answer = house.ask(method, path, &[]).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{method} {path}: {policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'"), "{method} {path}: {policy}");
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200, 404, 405, 401]);
}

#[tokio::test]
async fn what_is_no_page_may_bring_nothing_along() {
    let house = House::with(open()).await;
    for path in ["/metrics", "/readyz", "/healthz"] {
        let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        assert_eq!(house.ask("GET", path, &[]).await.header("content-security-policy"), Some(policy), "{path}");
    }
}

#[tokio::test]
async fn no_method_changes_anything() {
    let house = House::with(open()).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        for path in ["/", "/metrics", "/readyz", "/healthz"] {
            assert_eq!(house.ask(method, path, &[]).await.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_answer_does_not_name_the_program_that_gives_it() {
    let house = House::with(open()).await;
    assert_eq!(house.ask("GET", "/nowhere", &[]).await.header("server"), None);
}
