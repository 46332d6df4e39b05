//! The runbook as the daemon serves it.

use crate::house::{Answer, House, locked, open};
use crate::scenes::{blind, page, read, showing};

async fn runbook(house: &House) -> Answer {
    house.ask("GET", "/runbook", &[]).await
}

#[tokio::test]
async fn each_heading_of_the_file_is_on_the_page_with_an_address_of_its_own() {
    let body = runbook(&House::with(open()).await).await.body;
    let file = include_str!("../../docs/runbook.md");
    let headings: Vec<&str> = file.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(headings.len() > 50, "{headings:?}");
    let sections: Vec<&str> = body.split("<h3 id=\"").skip(1).collect();
    let shown: Vec<String> =
        sections.iter().map(|part| read(part.split_once('>').unwrap().1.split("</h3>").next().unwrap())).collect();
    assert_eq!(shown, headings);
    let mut addresses: Vec<&str> = sections.iter().map(|part| part.split('"').next().unwrap()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), headings.len());
}

#[tokio::test]
async fn each_link_within_the_runbook_leads_to_a_heading() {
    let body = runbook(&House::with(open()).await).await.body;
    let main = body.split("<article").nth(1).unwrap().split("</article>").next().unwrap();
    let links: Vec<&str> = main.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        let id = link.strip_prefix('#').unwrap();
        assert!(main.contains(&format!("id=\"{id}\"")), "{link}");
    }
}

#[tokio::test]
async fn the_tables_of_the_runbook_are_tables() {
    let body = runbook(&House::with(open()).await).await.body;
    assert!(body.contains("<th>message</th>"), "{body}");
    assert!(!read(&body).contains("| ---"), "{body}");
}

#[tokio::test]
async fn the_runbook_is_a_page_like_the_others() {
    let house = House::with(open()).await;
    let (book, home) = (runbook(&house).await, house.ask("GET", "/", &[]).await);
    assert_eq!(book.status, 200);
    for name in ["content-type", "content-security-policy", "x-frame-options", "referrer-policy"] {
        assert_eq!(book.header(name), home.header(name), "{name}");
    }
    assert!(book.body.contains("<title>Runbook · cardwatch</title>"));
    assert!(home.body.contains("<a href=\"/runbook\">runbook</a>"), "{}", home.body);
}

#[tokio::test]
async fn the_runbook_needs_the_login_where_other_pages_do() {
    let house = House::with(locked("admin", "s3cret")).await;
    assert_eq!(house.status("/runbook", &[]).await, 401);
}

#[tokio::test]
async fn who_has_the_runbook_is_told_that_it_still_holds() {
    let house = House::with(open()).await;
    let tag = runbook(&house).await.header("etag").unwrap().to_owned();
    assert_eq!(house.status("/runbook", &[("If-None-Match", &tag)]).await, 304);
}

#[tokio::test]
async fn an_instance_that_cannot_be_checked_leads_to_its_section() {
    let house = showing([blind("acme")]).await;
    let body = page(&house).await.body;
    let section = body.split("href=\"/runbook#").nth(1).unwrap().split('"').next().unwrap();
    assert!(
        runbook(&house).await.body.contains(&format!("<h3 id=\"{section}\">CardwatchCannotCheck</h3>")),
        "{section}"
    );
}
