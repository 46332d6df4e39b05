//! Living with breakage: incidents in `status`, mutes, and maintenance windows, as an operator meets them.

use fake_domo::{Behaviour, FakeDomo};
use serde_json::json;

use crate::house::House;

const REASON: &str = "Invalid column(s) referenced: region_name";

/// A house with three cards, two of which break for one reason and one for another.
async fn broken_house() -> House {
    let house = House::beside(
        FakeDomo::empty()
            .page(10, "Sales overview")
            .page(20, "Board pack")
            .card(101, "Revenue by region", &[10, 20])
            .card(102, "Top regions", &[10])
            .card(103, "Margin", &[20])
            .card(104, "Returns", &[20]),
    )
    .await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    house.domo.set(101, Behaviour::broken(REASON));
    house.domo.set(102, Behaviour::broken(REASON));
    house.domo.set(103, Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    house
}

/// The only instance, as `status` tells it.
fn acme(house: &House) -> serde_json::Value {
    house.run(&["status", "--format", "json"]).json()["instances"][0].take()
}

/// What a command refuses to do, as one line.
fn refusal(house: &House, arguments: &[&str]) -> String {
    let ended = house.run(arguments);
    assert_eq!((ended.code(), ended.stdout().as_str()), (2, ""), "{arguments:?}");
    ended.errors()
}

#[tokio::test(flavor = "multi_thread")]
async fn status_groups_what_is_broken_by_its_incident_the_largest_first() {
    let house = broken_house().await;
    let acme = acme(&house);
    let incidents = acme["incidents"].as_array().unwrap();
    let cards: Vec<_> = incidents.iter().map(|incident| incident["card_ids"].clone()).collect();
    assert_eq!(cards, [json!([101, 102]), json!([103])]);
    assert_eq!((&incidents[0]["class"], &incidents[0]["reason"]), (&json!("Misconfigured card"), &json!(REASON)));
    let of_card: Vec<_> =
        acme["broken_cards"].as_array().unwrap().iter().map(|card| (&card["card_id"], &card["incident"])).collect();
    let [first, second] = [&incidents[0]["id"], &incidents[1]["id"]];
    for (card, incident) in of_card {
        assert_eq!(incident, if *card == 103 { second } else { first }, "{card}");
    }
    let table = house.run(&["status"]).stdout();
    let place = |text: &str| table.find(text).unwrap_or_else(|| panic!("'{text}' is missing in:\n{table}"));
    assert!(
        place(&format!("#{first} ")) < place("Top regions") && place("Top regions") < place(&format!("#{second} "))
    );
    assert!(place("Revenue by region") < place("Top regions"), "by id, as in a mail:\n{table}");
    assert_eq!(table.matches(REASON).count(), 1, "the cards of an incident do not repeat its reason:\n{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muted_card_stays_broken_and_says_until_when_by_whom_and_why() {
    let house = broken_house().await;
    let mut mute = house.command(&["mute", "101", "--for", "3d", "--reason", "owner on\nleave"]);
    mute.env("SUDO_USER", "ann").env("USER", "root");
    let muted = crate::house::Ended::of(mute);
    assert_eq!(muted.code(), 0, "{}", muted.stderr());
    let said = muted.stdout();
    assert!(said.starts_with("card 101 of acme (Revenue by region) is muted by ann until 20"), "{said}");
    assert!(said.ends_with(" UTC: owner on leave\n"), "{said}");
    assert_eq!(said.lines().count(), 1);

    let acme = acme(&house);
    assert_eq!((&acme["broken"], &acme["muted"]), (&json!(3), &json!(1)));
    let cards = acme["broken_cards"].as_array().unwrap();
    let mute = &cards.iter().find(|card| card["card_id"] == 101).unwrap()["mute"];
    assert_eq!((&mute["by"], &mute["reason"]), (&json!("ann"), &json!("owner on leave")));
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("acme: 3 of 4 cards broken (1 muted)"), "{table}");
    assert!(table.contains("muted by ann until 20") && table.contains(" UTC: owner on leave"), "{table}");
    assert!(table.contains(", 1 muted, since "), "one of two:\n{table}");
    house.run(&["mute", "102", "--reason", "known"]);
    house.run(&["mute", "103", "--reason", "known"]);
    let table = house.run(&["status"]).stdout();
    assert!(table.contains(", all muted, since ") && table.contains("  1 card, muted, since "), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_without_a_time_holds_until_the_card_works_again() {
    let house = broken_house().await;
    let said = house.run(&["mute", "101", "--reason", "known"]).stdout();
    assert!(said.starts_with("card 101 of acme (Revenue by region) is muted by uid "), "{said}");
    assert!(said.ends_with(" until it works again: known\n"), "{said}");
    house.domo.heal(101);
    house.run(&["sweep"]);
    assert_eq!(house.run(&["mutes"]).stdout(), "No card is muted.\n");
    let all = house.run(&["mutes", "--all", "--format", "json"]).json();
    assert_eq!(all["mutes"][0]["ended"]["how"], "recovered");
}

#[tokio::test(flavor = "multi_thread")]
async fn mutes_lists_those_that_hold_and_with_all_those_that_are_over() {
    let house = broken_house().await;
    assert_eq!(house.run(&["mutes"]).stdout(), "No card is muted.\n");
    assert_eq!(house.run(&["mutes", "--all"]).stdout(), "No card was ever muted.\n");
    house.run(&["mute", "101", "--reason", "known"]);
    house.run(&["mute", "103", "--for", "1h", "--reason", "\u{1b}[31mbeing repaired"]);
    let unmuted = house.run(&["unmute", "101"]);
    assert_eq!(
        unmuted.stdout(),
        "card 101 of acme (Revenue by region) is muted no more: what is due is mailed after the next sweep\n"
    );
    let held = house.run(&["mutes", "--format", "json"]).json();
    assert_eq!(held["mutes"].as_array().unwrap().len(), 1);
    let mute = &held["mutes"][0];
    assert_eq!((&mute["instance"], &mute["card_id"], &mute["ended"]), (&json!("acme"), &json!(103), &json!(null)));
    assert_eq!(mute["url"], format!("{}/kpis/details/103", house.domo.url()));
    let all = house.run(&["mutes", "--all"]).stdout();
    assert!(all.contains("unmuted 20") && all.contains("being repaired") && !all.contains('\u{1b}'), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_muted_is_refused_in_one_line_with_a_remedy() {
    let house = broken_house().await;
    let mute = |card| refusal(&house, &["mute", card, "--reason", "known"]);
    assert_eq!(
        mute("999"),
        "error: no sweep has seen card 999; its id is the number at the end of its address in Domo"
    );
    assert_eq!(
        mute("104"),
        "error: card 104 is working: there is nothing to acknowledge; for planned work set a maintenance window \
         (instances.NAME.maintenance)"
    );
    assert_eq!(
        refusal(&house, &["unmute", "101"]),
        "error: card 101 is not muted; 'cardwatch mutes' lists the mutes that hold"
    );
    assert_eq!(
        refusal(&house, &["mute", "101", "--instance", "globex", "--reason", "known"]),
        "error: --instance: there is no instance 'globex'; known are: acme"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_two_instances_have_is_muted_in_the_one_that_is_named() {
    let mut house = broken_house().await;
    let second = FakeDomo::empty().page(10, "Sales").card(101, "Revenue", &[10]).start().await;
    let lines = format!("url = \"{}\"\naccess_token = \"{}\"\npages = [10]", second.url(), second.token());
    house.set("instances.globex", &lines);
    second.set(101, Behaviour::broken(REASON));
    assert_eq!(house.run(&["sweep", "--instance", "globex"]).code(), 1);
    assert_eq!(
        refusal(&house, &["mute", "101", "--reason", "known"]),
        "error: card 101 is in several instances; say which one with --instance: acme, globex"
    );
    let said = house.run(&["mute", "101", "--instance", "globex", "--reason", "known"]).stdout();
    assert!(said.starts_with("card 101 of globex (Revenue) is muted "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_needs_a_reason_and_a_time_that_can_be() {
    let house = broken_house().await;
    let long = "x".repeat(501);
    for (options, words) in [
        (vec![], "--reason <TEXT>"),
        (vec!["--reason", " \n"], "say why, for those who ask later"),
        (vec!["--reason", &long], "say it in 500 characters at most"),
        (vec!["--reason", "known", "--for", "0s"], "write a time with its unit, such as 12h or 3d, of at most 10y"),
        (vec!["--reason", "known", "--for", "11y"], "write a time with its unit"),
        (vec!["--reason", "known", "--for", "soon"], "write a time with its unit"),
    ] {
        let ended = house.run(&[vec!["mute", "101"], options.clone()].concat());
        assert!(ended.code() == 2 && ended.stderr().contains(words), "{options:?}: {}", ended.stderr());
    }
    assert_eq!(house.run(&["mute", "101", "--reason", &"ü".repeat(500), "--for", "10y"]).code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_who_muted_a_card_when_why_and_how_it_ended_and_its_incidents() {
    let house = broken_house().await;
    house.run(&["mute", "101", "--reason", "known"]);
    house.run(&["unmute", "101"]);
    house.run(&["mute", "101", "--for", "1h", "--reason", "known after all"]);
    let history = house.run(&["history", "101", "--format", "json"]).json();
    let mutes = history["mutes"].as_array().unwrap();
    let told: Vec<_> = mutes.iter().map(|mute| (&mute["reason"], &mute["ended"]["how"])).collect();
    assert_eq!(told, [(&json!("known after all"), &json!(null)), (&json!("known"), &json!("unmuted"))]);
    assert_eq!(history["incidents"][0]["left_at"], json!(null));
    let table = house.run(&["history", "101"]).stdout();
    assert!(table.contains("known after all") && table.contains("unmuted 20"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_maintenance_window_is_told_with_its_end() {
    let mut house = broken_house().await;
    assert_eq!(acme(&house)["maintenance_until"], json!(null));
    house.instance("maintenance", "[{ start = \"0 * * * *\", duration = \"59m59s\" }]");
    // In the last second of an hour it is closed.
    while acme(&house)["maintenance_until"].is_null() {}
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("in maintenance until 20") && table.contains(": mails wait"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_and_an_incident_show_on_the_gauges_of_a_running_daemon() {
    let house = broken_house().await;
    let daemon = house.daemon().await;
    let misconfigured = "cardwatch_incidents_open{class=\"Misconfigured card\",domo_instance=\"acme\"}";
    assert_eq!(daemon.series(misconfigured).await, Some(2.0));
    assert_eq!(daemon.series("cardwatch_muted_cards{domo_instance=\"acme\"}").await, Some(0.0));
    assert_eq!(house.run(&["mute", "101", "--reason", "known"]).code(), 0);
    daemon.wait_for("cardwatch_muted_cards{domo_instance=\"acme\"}", 1.0).await;
    assert_eq!(daemon.series("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}").await, Some(3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_is_known_of_the_datasets_of_an_incident() {
    let house = broken_house().await;
    house.write(
        "INSERT INTO dataset (instance_id, dataset_id, name, looked_at, gone, run_at, run_outcome, run_message)
              VALUES (1, 'a', 'Orders', 1700000000000, 0, 1700000000000, 'failed', 'connection\u{1b}[2J refused'),
                     (1, 'b', 'Returns', 1700000000000, 1, NULL, NULL, NULL),
                     (1, 'c', '', 1700000000000, 0, 1700000000000, 'succeeded', NULL);
         INSERT INTO dataset (instance_id, dataset_id, name, looked_at, gone, columns, changed_after, changed_before, lost, gained)
              VALUES (1, 'd', 'Targets', 1700000000000, 0, '[]', 1699996400000, 1700000000000, '[\"a\",\"b\"]', '[]');
         INSERT INTO dataset (instance_id, dataset_id, name, state) VALUES (1, 'e', 'Cohorts', 'SUCCESS');
         UPDATE incident SET datasets = '[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]', opened_at = 1700000000000
          WHERE title LIKE '%column%'",
    )
    .await;
    let table = house.run(&["status"]).stdout();
    let known: Vec<&str> =
        table.lines().filter(|line| line.starts_with("  dataset ") || line.starts_with("  and ")).collect();
    assert_eq!(
        known,
        [
            "  dataset Orders: last run failed 2023-11-14 22:13 UTC: connection\u{fffd}[2J refused",
            "  dataset Returns: gone, or not shown to the service user",
            "  dataset c: last run succeeded 2023-11-14 22:13 UTC",
            "  dataset Targets: lost columns a, b between 2023-11-14 21:13 UTC and 2023-11-14 22:13 UTC",
            "  dataset Cohorts: state SUCCESS",
            "  and 1 more",
        ]
    );
    let incidents = acme(&house)["incidents"].take();
    let datasets = &incidents[0]["datasets"];
    assert_eq!(datasets.as_array().unwrap().len(), 6, "the data has all of them");
    assert_eq!(datasets[0]["last_run"]["outcome"], "failed");
    assert_eq!((&datasets[1]["gone"], &datasets[3]["schema_change"]["lost"]), (&json!(true), &json!(["a", "b"])));
    assert_eq!((&datasets[5]["name"], &datasets[5]["gone"]), (&json!("f"), &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_slow_and_empty_cards_and_invalid_beast_modes() {
    let house = broken_house().await;
    let quiet = house.run(&["status"]).stdout();
    assert!(!quiet.contains("Slow") && !quiet.contains("Without data") && !quiet.contains("beast mode"), "{quiet}");
    house.write(
        "UPDATE card_state SET latency_ms = 12400, slow_against_ms = 800, no_data_since = unixepoch() * 1000 - 172800000
          WHERE state = 'working';
         UPDATE instance SET invalid_functions = 3, functions_counted_at = 1700000000000",
    )
    .await;
    let acme = acme(&house);
    let slow = &acme["slow_cards"][0];
    assert_eq!((&slow["card_id"], &slow["latency_ms"], &slow["usual_ms"]), (&json!(104), &json!(12_400), &json!(800)));
    assert_eq!((&acme["no_data_cards"][0]["card_id"], &acme["invalid_functions"]), (&json!(104), &json!(3)));
    let table = house.run(&["status"]).stdout();
    for words in ["12.4 s", "0.8 s", "Without data since", "  3 beast modes are invalid, as Domo counts them"] {
        assert!(table.contains(words), "'{words}' is missing in:\n{table}");
    }
    let history = house.run(&["history", "104"]).stdout();
    assert!(history.contains("slow: it took 12.4 s, where 0.8 s was usual"), "{history}");
    assert!(history.contains("renders without data since "), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_without_data_since_yesterday_is_in_the_data_and_not_in_the_table() {
    let house = broken_house().await;
    house.write("UPDATE card_state SET no_data_since = unixepoch() * 1000 - 86400000 WHERE state = 'working'").await;
    assert_eq!(acme(&house)["no_data_cards"][0]["card_id"], 104);
    assert!(!house.run(&["status"]).stdout().contains("Without data"));
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_of_cards_and_pages_are_told() {
    let house = broken_house().await;
    house
        .write(
            "UPDATE card SET owners = '[\"Dana Reyes\"]', owner_users = '[]' WHERE card_id = 101;
             UPDATE card SET owners = '[]', owner_users = '[]' WHERE card_id = 102;
             UPDATE page SET owners = '[\"Finance BI\"]', owner_users = '[]'",
        )
        .await;
    let acme = acme(&house);
    let card = acme["broken_cards"].as_array().unwrap().iter().find(|card| card["card_id"] == 101).unwrap();
    assert_eq!((&card["owners"], &card["page_owners"]), (&json!(["Dana Reyes"]), &json!(["Finance BI"])));
    let table = house.run(&["status"]).stdout();
    let below = |title: &str| -> String {
        let lines: Vec<&str> = table.lines().skip_while(|line| !line.contains(title)).take(2).collect();
        lines.join(" ")
    };
    let [own, of_page] = [below("Revenue by region"), below("Top regions")];
    assert!(own.contains("owned by Dana Reyes") && !own.contains("page owned by"), "{table}");
    assert!(of_page.contains("page owned by Finance BI"), "only where a card has no owner of its own:\n{table}");
    assert!(house.run(&["history", "101"]).stdout().contains("owned by Dana Reyes"));
}
