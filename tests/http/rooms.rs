//! A house whose rooms are looked at: what it shows of one instance, and how a reader reads it.

use std::time::Duration;

use cardwatch::domain::maintenance::Window;
use cardwatch::domain::snapshot::InstanceSnapshot;

use crate::facts::set_for;
use crate::house::{House, open};

/// A house that shows this instance, which has an address.
pub(crate) async fn showing(instance: InstanceSnapshot) -> House {
    showing_with(instance, Vec::new()).await
}

/// The same with maintenance windows.
pub(crate) async fn showing_with(instance: InstanceSnapshot, windows: Vec<Window>) -> House {
    let mut settings = open();
    let set = set_for(instance.name.as_str(), windows);
    let url = set.url.clone();
    settings.instances = [(instance.name.clone(), set)].into();
    let house = House::with(settings).await;
    house.store.know_instance(&instance.name, &url, Duration::from_hours(24)).await.unwrap();
    house.show(instance);
    house
}

/// What stands within a page's frame, as one reads it: no tags, references to characters resolved, and a space where
/// one element ends and another begins that stand apart.
pub(crate) fn words(page: &str) -> String {
    const WITHIN_A_LINE: [&str; 8] = ["a", "span", "strong", "b", "i", "code", "time", "small"];
    let main = page.split("<main").nth(1).and_then(|main| main.split_once('>')).map_or(page, |(_, main)| main);
    let mut text = String::new();
    for piece in main.split("</main>").next().unwrap().split('<') {
        let (tag, after) = piece.split_once('>').unwrap_or(("a", piece));
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        if !WITHIN_A_LINE.contains(&name) {
            text.push(' ');
        }
        text.push_str(after);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
