//! From a card to somebody who is called: the real Prometheus scrapes the daemon, and the real Alertmanager calls.

use fake_domo::{Behaviour, FakeDomo, Spec};

use crate::house::{Daemon, EACH_SECOND, House};
use crate::watchers::Watchers;

pub(crate) async fn watched() -> (House, Daemon, Watchers) {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(2).cards(8))).await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    let watchers = Watchers::of(daemon.address()).await;
    watchers.wait_for_target("up").await;
    (house, daemon, watchers)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_is_up_and_every_rule_is_evaluated_without_an_error() {
    let (_house, _daemon, watchers) = watched().await;
    let rules = watchers.rules().await;
    assert!(rules.len() > 12, "{rules:?}");
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_breaks_fires_its_alert_and_its_recovery_resolves_it() {
    let (house, daemon, watchers) = watched().await;
    let card = house.domo.kpi_cards()[0];
    house.domo.set(card, Behaviour::broken("Invalid column(s) referenced: region_name"));
    let told = watchers.wait_for_call("CardwatchCardsBroken", "firing").await;
    assert_eq!(told["labels"]["domo_instance"], "acme");
    assert_eq!(told["labels"]["severity"], "warning");
    assert_eq!(told["annotations"]["summary"], "1 card(s) of acme do not render.");
    let runbook = format!("http://{}/runbook#cardwatchcardsbroken", daemon.address());
    assert_eq!(told["annotations"]["runbook_url"], runbook);
    assert_eq!(daemon.get("/runbook").await.0, 200, "the link leads somewhere");
    assert!(watchers.held().await.to_string().contains("CardwatchCardsBroken"));
    house.domo.heal(card);
    watchers.wait_for_call("CardwatchCardsBroken", "resolved").await;
    watchers.wait_for_alert("CardwatchCardsBroken", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domo_that_lets_nobody_in_fires_cannot_check_and_no_broken_card() {
    let (house, _daemon, watchers) = watched().await;
    house.domo.expire_token();
    watchers.wait_for_alert("CardwatchCannotCheck", true).await;
    watchers.wait_for_alert("CardwatchCardsBroken", false).await;
    house.domo.renew_token();
    watchers.wait_for_alert("CardwatchCannotCheck", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_that_decide_nothing_are_overdue_until_one_decides_something() {
    let (house, _daemon, watchers) = watched().await;
    watchers.wait_for_alert("CardwatchSweepsOverdue", false).await;
    house.domo.expire_token();
    watchers.wait_for_alert("CardwatchSweepsOverdue", true).await;
    house.domo.renew_token();
    watchers.wait_for_alert("CardwatchSweepsOverdue", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_gone_fires_down() {
    let (_house, daemon, watchers) = watched().await;
    daemon.kill();
    let told = watchers.wait_for_call("CardwatchDown", "firing").await;
    assert_eq!(told["labels"]["severity"], "critical");
}
