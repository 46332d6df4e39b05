//! That a page stays what it is, whatever titles and reasons hold, and brings nothing from elsewhere.

use cardwatch::domain::snapshot::InstanceSnapshot;

use crate::scenes::{
    blind, broken, failed_run, muted, of, orders, owned, page, paged, showing, swept, undecided, with_dataset,
    with_incident,
};

#[tokio::test]
async fn text_that_others_wrote_is_never_taken_for_markup() {
    const EVIL: &str = "<script>alert(1)</script>\" onload=\"x";
    let cards = [of(12, owned(&[EVIL], muted(EVIL, None, broken(EVIL, EVIL, 15)))), undecided(EVIL, EVIL)];
    let mut acme = with_incident(swept("acme", cards), 12, EVIL, EVIL, &["d-1"]);
    acme = paged(with_dataset(acme, "d-1", EVIL, Some(failed_run(2, EVIL))), 7, EVIL, &[1, 2]);
    acme.last_sweep.as_mut().unwrap().trouble = Some(EVIL.to_owned());
    let house = showing([acme]).await;
    for path in ["/", "/?incident=12", "/?state=unchecked", "/?page=7", "/?q=%3Cscript%3E%22%20onload%3D%22x"] {
        let body = house.ask("GET", path, &[]).await.body;
        assert!(!body.contains("<script>") && !body.contains("\" onload"), "{path}: {body}");
        assert!(body.contains("&lt;script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn text_that_others_wrote_is_cut_and_cannot_turn_the_line_round() {
    let long = format!("Revenue\u{202e}{}", "x".repeat(5_000));
    let house = showing([swept("acme", [broken(&long, &long, 15)])]).await;
    let body = house.ask("GET", "/?state=broken", &[]).await.body;
    assert!(!body.contains('\u{202e}') && !body.contains(&"x".repeat(300)));
}

#[tokio::test]
async fn a_browser_may_load_nothing_but_what_the_page_brings() {
    let house = showing([orders()]).await;
    let answer = page(&house).await;
    let policy = answer.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick"));
}

#[tokio::test]
async fn what_the_page_brings_is_there_and_may_be_kept() {
    let house = showing([orders()]).await;
    let body = page(&house).await.body;
    let assets: Vec<&str> = body.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(assets.len(), 2, "{body}");
    for asset in assets {
        let answer = house.ask("GET", asset, &[]).await;
        assert_eq!(answer.status, 200, "{asset}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"), "{asset}");
    }
    assert_eq!(house.status("/assets/other.css", &[]).await, 404);
}

#[tokio::test]
async fn headings_follow_each_other_without_a_gap() {
    for instances in [vec![orders(), blind("globex")], vec![InstanceSnapshot::empty("acme".parse().unwrap())]] {
        let house = showing(instances).await;
        for path in ["/", "/?state=broken", "/?incident=12"] {
            let body = house.ask("GET", path, &[]).await.body;
            let levels: Vec<u32> = body
                .match_indices("<h")
                .filter_map(|(place, _)| body[place + 2..].chars().next()?.to_digit(10))
                .collect();
            assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{path}: {levels:?}");
            assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{path}: {levels:?}");
        }
    }
}
