//! `cardwatch run`: one mail for what breaks, none for what stays, one for what recovers, and metrics that
//! Prometheus' own tool accepts.

use fake_domo::{Behaviour, FakeDomo, Spec};

use crate::house::{EACH_SECOND, House, NEVER, client, promtool_accepts};
use crate::mailing::watched_house;

const REASON: &str = "Invalid column(s) referenced: region_name";

#[tokio::test(flavor = "multi_thread")]
async fn three_cards_that_break_are_one_mail_then_none_then_one_when_they_recover() {
    let (house, sink) = watched_house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    assert!(sink.mails().is_empty(), "all is well");

    let cards = &house.domo.kpi_cards()[..3];
    house.domo.set_condition(fake_domo::Condition::Failing(503));
    for card in cards {
        house.domo.set(*card, Behaviour::broken(REASON));
    }
    house.domo.set_condition(fake_domo::Condition::Healthy);
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 3 cards broke (3 broken now)"));
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(sink.mails().len(), 1, "nothing new is no mail");

    house.domo.set_condition(fake_domo::Condition::Failing(503));
    for card in cards {
        house.domo.heal(*card);
    }
    house.domo.set_condition(fake_domo::Condition::Healthy);
    let mails = sink.wait_for(2).await;
    assert_eq!(mails[1].header("Subject"), Some("[cardwatch] acme: 3 cards recovered (0 broken now)"));
    assert_eq!(mails[1].header("In-Reply-To"), mails[0].header("Message-ID"), "it threads under its breakage");
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(sink.mails().len(), 2);
    assert_eq!(daemon.series("cardwatch_emails_total{result=\"sent\"}").await, Some(2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_accepts_the_scrape() {
    let (house, _sink) = watched_house().await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken(REASON));
    house.domo.rename_card(house.domo.kpi_cards()[0], "quote \" backslash \\ newline \n end");
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let (_, scrape) = daemon.get("/metrics").await;
    promtool_accepts(&scrape);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_contract_is_there_from_the_start() {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(2).cards(5))).await;
    house.instance("pages", "[1]");
    let daemon = house.daemon().await;
    let (_, scrape) = daemon.get("/metrics").await;
    let of_nothing_yet = [
        "cardwatch_page_cards",
        "cardwatch_page_broken_cards",
        "cardwatch_card_broken",
        "cardwatch_domo_requests_total",
    ];
    for name in CONTRACT.split_whitespace().filter(|name| !of_nothing_yet.contains(name)) {
        assert!(scrape.lines().any(|line| line.starts_with(name) && !line.starts_with('#')), "{name} is missing");
    }
}

const CONTRACT: &str = "cardwatch_cards cardwatch_page_cards cardwatch_page_broken_cards cardwatch_card_broken
    cardwatch_card_broken_series_dropped cardwatch_incidents_open cardwatch_muted_cards cardwatch_slow_cards
    cardwatch_no_data_cards cardwatch_maintenance cardwatch_sweeps_overdue cardwatch_domo_up cardwatch_sweeps_total
    cardwatch_sweep_last_completed_timestamp_seconds cardwatch_sweep_next_timestamp_seconds
    cardwatch_sweep_last_duration_seconds cardwatch_sweep_cards_remaining cardwatch_renders_total
    cardwatch_render_duration_seconds cardwatch_domo_requests_total cardwatch_render_concurrency
    cardwatch_card_transitions_total
    cardwatch_emails_total cardwatch_email_queue_length cardwatch_email_queue_oldest_timestamp_seconds
    cardwatch_store_size_bytes cardwatch_config_last_reload_successful
    cardwatch_config_last_reload_success_timestamp_seconds cardwatch_build_info process_cpu_seconds_total";

#[tokio::test(flavor = "multi_thread")]
async fn gauges_follow_the_cards_and_their_pages() {
    let (house, _sink) = watched_house().await;
    let page = house.domo.pages().into_iter().find(|page| page.id > 0 && page.cards.len() > 3).unwrap();
    let card = page.cards.iter().copied().find(|card| house.domo.kpi_cards().contains(card)).unwrap();
    house.domo.set(card, Behaviour::broken(REASON));
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}", 1.0).await;
    let scrape = daemon.scrape().await;
    let of_card = format!("card_id=\"{card}\"");
    assert!(scrape.iter().any(|line| line.starts_with("cardwatch_card_broken{") && line.contains(&of_card)));
    let of_page = format!("page_id=\"{}\"", page.id);
    let broken = scrape.iter().find(|line| line.starts_with("cardwatch_page_broken_cards") && line.contains(&of_page));
    assert!(broken.unwrap().ends_with(" 1"), "{broken:?}");

    house.domo.remove_card(card);
    daemon.wait_for_whole_sweeps(2).await;
    let scrape = daemon.scrape().await;
    assert!(!scrape.iter().any(|line| line.contains(&of_card)), "series of what is gone vanish");
    assert_eq!(daemon.series("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_by_command_shows_on_the_gauges_of_a_running_daemon() {
    let (mut house, _sink) = watched_house().await;
    house.instance("schedule", &format!("\"{NEVER}\""));
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"completed\"}", 1.0).await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken(REASON));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    daemon.wait_for("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}", 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_due_while_the_one_before_runs_is_skipped_and_counted() {
    let (mut house, _sink) = watched_house().await;
    house.instance("request_timeout", "\"20s\"");
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::Slow { millis: 4_000 });
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"skipped\"}", 2.0).await;
    assert!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE outcome = 'skipped'").await >= 2);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE finished_at IS NULL").await, 1, "one at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_are_swept_side_by_side() {
    let (mut house, _sink) = watched_house().await;
    let second = FakeDomo::new(Spec::new(6).pages(3).cards(20)).start().await;
    house.set(
        "instances.globex",
        &format!(
            "url = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\nschedule = \"{EACH_SECOND}\"\npages = \"all\"",
            second.url(),
            second.user(),
            second.password()
        ),
    );
    let daemon = house.daemon().await;
    for instance in ["acme", "globex"] {
        daemon
            .wait_for(&format!("cardwatch_sweeps_total{{domo_instance=\"{instance}\",outcome=\"completed\"}}"), 2.0)
            .await;
    }
    assert_eq!(second.calls("login"), 1, "the sign-in is kept between sweeps");
}

#[tokio::test(flavor = "multi_thread")]
async fn http_is_read_only_and_guarded_where_configured() {
    let (mut house, _sink) = watched_house().await;
    house.set("http", "basic_auth = { username = \"admin\", password = \"s3cret\" }");
    let daemon = house.daemon().await;
    assert_eq!(daemon.get("/metrics").await.0, 401);
    assert_eq!(daemon.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(daemon.get("/readyz").await.0, 401);
    let client = client();
    let metrics = format!("http://{}/metrics", daemon.address());
    let wrong = client.get(&metrics).basic_auth("admin", Some("s3cre")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let right = client.get(&metrics).basic_auth("admin", Some("s3cret")).send().await.unwrap();
    assert_eq!(right.status(), 200);
    let nowhere = client.get(format!("http://{}/nowhere", daemon.address())).basic_auth("admin", Some("s3cret"));
    assert_eq!(nowhere.send().await.unwrap().status(), 404);
    let posted = client.post(format!("http://{}/healthz", daemon.address())).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}
