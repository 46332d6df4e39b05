//! Every page in a real browser: Debian's Chromium, driven by the scripts beside this file, looks at daemons that
//! serve a filled database, an empty one and a very large one. What a page must hold in it is said in the scripts.
//!
//! Pictures of all pages are in `target/browser/` after a run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "another process runs in real time")]

mod clock;
mod house;
mod large;
mod past;
mod story;

use std::time::Duration;

use fake_domo::{FakeDomo, Spec};
use fake_smtp::{FakeSmtp, Mail};
use serde_json::json;

use house::{House, later_today};
use past::Past;
use story::{Cast, Manners, World};

/// A house at the end of three weeks, with the mails that it sent.
async fn house_with_a_past(manners: Manners) -> (House, World, Cast, Vec<Mail>) {
    let (world, smtp) = (World::new(manners).await, FakeSmtp::start().await);
    let mut house = House::new(Some(&smtp.url()));
    for (name, domo) in [("acme", &world.acme), ("globex", &world.globex), ("initech", &world.initech)] {
        house.watch(name, domo, &later_today());
    }
    let cast = Cast::of(&world.acme);
    let past = Past::of(&house.load()).await;
    story::tell(&past, &world, &cast).await;
    past.end().await;
    house.write(cast.slowness()).await;
    (house, world, cast, smtp.mails())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_of_a_house_with_a_past_holds_in_every_look_and_without_script() {
    let (house, _world, cast, mails) = house_with_a_past(Manners::Hostile).await;
    let mut facts = cast.facts();
    facts["mails"] = mails.iter().map(|mail| mail.html().unwrap()).collect();
    let daemon = house.daemon().await;
    house.show(&daemon, "filled.test", facts);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it makes the pictures of the README, in target/browser/pictures"]
async fn pictures() {
    let (house, _world, _cast, mails) = house_with_a_past(Manners::Good).await;
    let telling = mails.iter().filter_map(Mail::html).find(|html| html.contains(story::CAUSE));
    let daemon = house.daemon().await;
    house.show(&daemon, "pictures", json!({ "mail": telling.unwrap() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_blank_before_and_during_the_first_sweep() {
    let never = FakeDomo::empty().start().await;
    let spec = Spec::new(3).pages(10).cards(2_000).latency(Duration::from_millis(900), Duration::ZERO);
    let begun = FakeDomo::new(spec).start().await;
    let mut house = House::new(None);
    house.watch("begun", &begun, &later_today());
    house.watch("empty", &never, &later_today());
    let daemon = house.daemon().await;
    house.show(&daemon, "young.test", json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_cards_and_eight_hundred_broken_are_still_a_page() {
    let domo = FakeDomo::empty().start().await;
    let mut house = House::new(None);
    house.watch("acme", &domo, &later_today());
    house.know().await;
    house.write(large::FILL.to_owned()).await;
    let daemon = house.daemon().await;
    house.show(&daemon, "large.test", json!({}));
}
