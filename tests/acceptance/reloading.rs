//! SIGHUP: a good configuration is taken up without losing a sweep or a state, a bad one is refused.

use std::process::Command;

use fake_domo::{Behaviour, Domo, FakeDomo, Spec};

use crate::house::{Daemon, EACH_SECOND, House, NEVER};
use crate::mailing::watched_house;

const SUCCESSFUL: &str = "cardwatch_config_last_reload_successful";

fn hang_up(house: &House, daemon: &Daemon) {
    house.write_config();
    assert!(Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
}

async fn globex() -> Domo {
    FakeDomo::new(Spec::new(6).pages(3).cards(20)).start().await
}

fn add_globex(house: &mut House, domo: &Domo) {
    let (url, token) = (domo.url(), domo.token());
    let lines = format!("url = \"{url}\"\naccess_token = \"{token}\"\nschedule = \"{EACH_SECOND}\"\npages = \"all\"");
    house.set("instances.globex", &lines);
}

/// A daemon that sweeps globex too, and is in the midst of that: one card takes its time.
async fn daemon_that_sweeps_globex(house: &mut House, domo: &Domo) -> Daemon {
    domo.set(domo.kpi_cards()[0], Behaviour::Slow { millis: 5_000 });
    add_globex(house, domo);
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_renders_total{domo_instance=\"globex\",verdict=\"working\"}", 1.0).await;
    daemon
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_refused_with_its_errors_and_the_old_configuration_goes_on() {
    let (mut house, _sink) = watched_house().await;
    let mut daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    house.instance("timezone", "\"Europe/Amsterdm\"");
    house.instance("concurency", "4");
    hang_up(&house, &daemon);
    daemon.wait_for_log("instances.acme.concurency").await;
    let log = daemon.log();
    assert!(log.contains("instances.acme.timezone") && log.contains("refused, and the old one goes on"), "{log}");
    assert_eq!(daemon.series(SUCCESSFUL).await, Some(0.0));
    daemon.wait_for_whole_sweeps(1).await;

    house.instance("timezone", "\"Europe/Amsterdam\"");
    house.forget("concurency");
    hang_up(&house, &daemon);
    daemon.wait_for(SUCCESSFUL, 1.0).await;
    daemon.wait_for_whole_sweeps(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_fails_promises_nothing_for_the_next_start() {
    let (mut house, _sink) = watched_house().await;
    let mut daemon = house.daemon().await;
    let authority = house.folder().join("ca.pem");
    std::fs::write(&authority, "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n").unwrap();
    house.set("email", &format!("ca_file = \"{}\"", authority.display()));
    house.keep_database_in(&house.folder().join("elsewhere"));
    hang_up(&house, &daemon);
    daemon.wait_for_log("the configuration was refused, and the old one goes on: ").await;
    assert!(daemon.log().contains("ca.pem' holds a certificate that cannot be read; "), "{}", daemon.log());
    assert!(!daemon.log().contains("at the next start only"), "{}", daemon.log());

    std::fs::write(&authority, include_str!("../tls/ca.pem")).unwrap();
    hang_up(&house, &daemon);
    daemon.wait_for_log("storage.path is taken up at the next start only").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_comes_is_swept_and_one_that_goes_leaves_no_series() {
    let (mut house, _sink) = watched_house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let globex = globex().await;
    add_globex(&mut house, &globex);
    hang_up(&house, &daemon);
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"globex\",outcome=\"completed\"}", 1.0).await;
    assert_eq!(daemon.series("cardwatch_cards{domo_instance=\"globex\",state=\"broken\"}").await, Some(0.0));
    daemon.wait_for_whole_sweeps(1).await;

    house.forget_section("instances.globex");
    hang_up(&house, &daemon);
    daemon.wait_until_gone("domo_instance=\"globex\"").await;
    daemon.wait_for_whole_sweeps(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_back_before_its_last_sweep_has_ended_keeps_its_series() {
    let (mut house, _sink) = watched_house().await;
    let globex = globex().await;
    let daemon = daemon_that_sweeps_globex(&mut house, &globex).await;
    house.forget_section("instances.globex");
    hang_up(&house, &daemon);
    daemon.wait_until_gone("cardwatch_cards{domo_instance=\"globex\"").await;
    add_globex(&mut house, &globex);
    hang_up(&house, &daemon);
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"globex\",outcome=\"completed\"}", 2.0).await;
    let failed = daemon.series("cardwatch_sweeps_total{domo_instance=\"globex\",outcome=\"failed\"}").await;
    assert_eq!(failed, Some(0.0));
    for series in ["cardwatch_render_concurrency", "cardwatch_render_duration_seconds_count"] {
        let shown = daemon.series(&format!("{series}{{domo_instance=\"globex\"}}")).await;
        assert!(shown.is_some_and(|shown| shown > 0.0), "{series}: {shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_changes_and_goes_during_one_sweep_leaves_no_series() {
    let (mut house, _sink) = watched_house().await;
    let globex = globex().await;
    let mut daemon = daemon_that_sweeps_globex(&mut house, &globex).await;
    house.set("instances.globex", "concurrency = 4");
    hang_up(&house, &daemon);
    daemon.wait_for_line("the configuration was read again").await;
    house.forget_section("instances.globex");
    hang_up(&house, &daemon);
    daemon.wait_for_line("sweep{domo_instance=globex ").await;
    daemon.wait_until_gone("domo_instance=\"globex\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_sweep_goes_on_to_its_end_under_the_new_schedule() {
    let (mut house, _sink) = watched_house().await;
    house.instance("request_timeout", "\"20s\"");
    let card = house.domo.kpi_cards()[0];
    house.instance("schedule", &format!("\"{NEVER}\""));
    house.domo.set(card, Behaviour::Slow { millis: 3_000 });
    let mut daemon = house.daemon().await;
    daemon.wait_for("cardwatch_renders_total{domo_instance=\"acme\",verdict=\"working\"}", 20.0).await;
    house.instance("concurrency", "4");
    hang_up(&house, &daemon);
    daemon.wait_for_log("the configuration was read again").await;
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"completed\"}", 1.0).await;
    assert_eq!(house.domo.renders_of(card), 1, "it was not begun anew");
    let skipped = "cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"skipped\"}";
    assert_eq!(daemon.series(skipped).await, Some(0.0), "the new schedule does not ask for it again");
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE outcome = 'interrupted'").await, 0);
}
