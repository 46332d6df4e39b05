//! What a daemon writes about its sweeps: little, and always of which sweep.

use std::collections::BTreeMap;

use fake_domo::{Condition, FakeDomo, Spec, Trouble};

use crate::house::{EACH_SECOND, House};
use crate::orders::{ORDERS, orders};

const SWEPT: &str = "cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"completed\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_writes_one_line_whatever_a_service_user_may_not_ask() {
    let (mut house, _smtp) = orders().await;
    house.set("alerts", "notify_owners = true\nowner_domains = [\"example.com\"]");
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    for endpoint in ["functions", "user"] {
        house.domo.set_trouble(endpoint, Some(Trouble::Status(403)));
    }
    house.domo.drop_column(ORDERS, "region_name");
    let daemon = house.daemon().await;
    daemon.wait_for(SWEPT, 2.0).await;
    assert!(house.domo.calls("functions") > 0 && house.domo.calls("user") > 0);
    let log = daemon.log();
    let mut lines = BTreeMap::<&str, Vec<&str>>::new();
    for (line, sweep) in log.lines().filter_map(|line| Some((line, line.split_once(" sweep=")?.1.split_once('}')?.0))) {
        lines.entry(sweep).or_default().push(line);
    }
    let one_line = |lines: &Vec<&str>| lines.len() == 1 && lines[0].contains("sweep completed in ");
    assert!(lines.len() >= 2 && lines.values().all(one_line), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_about_a_render_says_of_which_sweep() {
    let house = House::beside(FakeDomo::new(Spec::new(5).pages(3).cards(60))).await;
    house.domo.set_condition(Condition::Capacity { renders_per_second: 20, retry_after: Some(1) });
    let mut daemon = house.daemon().await;
    let line = daemon.wait_for_line("Domo asks to slow down (429)").await;
    assert!(line.contains("sweep{domo_instance=acme sweep=1}"), "{line}");
}
