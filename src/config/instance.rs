//! `[instances.NAME]`. Owns what the values of an instance may be; its credential has a file of its own.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::address;
use super::credential;
use super::cron;
use super::email::recipients;
use super::heartbeat;
use super::house::{DAY, MINUTE, SECOND};
use super::maintenance;
use super::problems::{Mistake, quote};
use super::section::{Entry, Read, Section};
use super::valid::{Concurrency, Instance, Pages};
use crate::domain::ids::{CardId, InstanceName, PageId};
use crate::domain::schedule::Schedule;
use crate::domain::sweep::Exclusions;

const PAGES_REMEDY: &str = "write a list of page ids, like [1234, 5678], or \"all\"";
const IDS_REMEDY: &str = "write a list of ids, like [1234, 5678]";
const PARTS_REMEDY: &str = "write a list of parts, like [\"dynamic\", \"summary\"]";

/// The parts that Domo documents for its render call.
const PARTS: [&str; 15] = [
    "title",
    "chartType",
    "queryResult",
    "data",
    "image",
    "imagePDF",
    "graph",
    "dynamic",
    "summary",
    "summaryImage",
    "dataSource",
    "pdp",
    "annotations",
    "extendedDateInfo",
    "table",
];

/// Every instance, at least one, by name.
pub(super) fn read_all(root: &mut Section<'_>) -> Read<Vec<Instance>> {
    let sections = root.sections("instances")?;
    if sections.is_empty() {
        return Err(root.mistake_of(
            "instances",
            "there is no instance to monitor",
            "add a section [instances.NAME] with its url, its credential and its pages",
        ));
    }
    let instances: Vec<Read<Instance>> =
        sections.into_iter().map(|(name, section)| section.and_then(|section| instance(&name, section))).collect();
    instances.into_iter().collect()
}

fn instance(name: &str, mut section: Section<'_>) -> Read<Instance> {
    let name = instance_name(name, &section);
    let url = section.require("url", address::DOMO_REMEDY).and_then(|entry| entry.parse(address::domo));
    let zone = section.set("timezone").and_then(|entry| entry.parse(zone));
    let schedule = schedule(&mut section, zone);
    let credential = credential::of_instance(&mut section);
    let (pages, exclusions) = scope(&mut section);
    let render_parts = section.set("render_parts").and_then(|entry| render_parts(&entry));
    let concurrency = section.set("concurrency").and_then(|entry| concurrency(&entry));
    let requests_per_second = section.set("requests_per_second").and_then(|entry| rate(&entry));
    let request_timeout = section.duration("request_timeout", &(SECOND..=10 * MINUTE));
    let attempts = section.integer("attempts", 1..=10);
    let sweep_timeout = section.duration("sweep_timeout", &(10 * SECOND..=DAY));
    let heartbeat = section.take("heartbeat_url").map(heartbeat::read).transpose();
    let to = section.take("to").map(|entry| recipients(&entry)).transpose();
    let maintenance = maintenance::read(&mut section, zone);
    section.finish();
    Ok(Instance {
        name: name?,
        url: url?,
        schedule: schedule?,
        credential: credential?,
        pages: pages?,
        exclusions: exclusions?,
        render_parts: render_parts?,
        concurrency: concurrency?,
        requests_per_second: requests_per_second?,
        request_timeout: request_timeout?,
        attempts: attempts?,
        sweep_timeout: sweep_timeout?,
        heartbeat: heartbeat?.flatten(),
        to: to?,
        maintenance: maintenance?,
    })
}

fn instance_name(name: &str, section: &Section<'_>) -> Read<InstanceName> {
    name.parse().map_err(|_| {
        let what = format!("{} is not a name of an instance", quote(name));
        section.mistake(&what, "use 1 to 63 of a-z, 0-9, '_' and '-'")
    })
}

fn schedule(section: &mut Section<'_>, zone: Read<Tz>) -> Read<Schedule> {
    // A bad zone does not keep a bad expression from being told.
    let schedule =
        section.set("schedule").and_then(|entry| entry.parse(|text| cron::parse(text, zone.unwrap_or(Tz::UTC))));
    zone.and(schedule)
}

fn zone(text: &str) -> Result<Tz, Mistake> {
    text.parse().map_err(|_| {
        let nearest = TZ_VARIANTS.into_iter().max_by(|a, b| likeness(text, *a).total_cmp(&likeness(text, *b)));
        let nearest = nearest.filter(|zone| likeness(text, *zone) >= ALIKE).unwrap_or(Tz::Europe__Berlin);
        let what = format!("{} is not a time zone", quote(text));
        Mistake::new(what, format!("write an IANA name, like \"{}\"", nearest.name()))
    })
}

/// What is less like the name of a zone than this is no slip of the pen.
const ALIKE: f64 = 0.85;

/// How like a text is to the name of a zone, as a whole or without its continent: 0 to 1.
fn likeness(text: &str, zone: Tz) -> f64 {
    let (text, name) = (text.to_lowercase().replace(' ', "_"), zone.name().to_lowercase());
    let place = name.rsplit('/').next().unwrap_or(&name);
    strsim::jaro_winkler(&name, &text).max(strsim::jaro_winkler(place, &text))
}

/// What is looked at, and what is not.
fn scope(section: &mut Section<'_>) -> (Read<Pages>, Read<Exclusions>) {
    let entry = section.require("pages", PAGES_REMEDY);
    let subpages = section.boolean("include_subpages");
    let pages = entry.as_ref().map_err(|told| *told).and_then(|entry| pages(entry, subpages.unwrap_or(true)));
    let excluded_pages = section.set("exclude_pages").and_then(|entry| ids(&entry, IDS_REMEDY));
    let excluded_cards = section.set("exclude_cards").and_then(|entry| ids(&entry, IDS_REMEDY));
    if let (Ok(entry), Ok(Pages::Some { ids, .. }), Ok(excluded)) = (&entry, &pages, &excluded_pages) {
        for id in ids.iter().filter(|id| excluded.contains(&id.0)) {
            entry.mistake(format!("{id} is also in exclude_pages"), "remove it from one of them");
        }
    }
    (subpages.and(pages), exclusions(excluded_pages, excluded_cards))
}

fn exclusions(pages: Read<BTreeSet<i64>>, cards: Read<BTreeSet<i64>>) -> Read<Exclusions> {
    Ok(Exclusions { pages: pages?.into_iter().map(PageId).collect(), cards: cards?.into_iter().map(CardId).collect() })
}

fn pages(entry: &Entry<'_>, subpages: bool) -> Read<Pages> {
    match entry.value.as_str() {
        Some("all") => return Ok(Pages::All),
        Some(text) if !entry.origin.is_loose() => {
            return Err(entry.mistake(format!("{} is neither a list nor \"all\"", quote(text)), PAGES_REMEDY));
        }
        _ => {}
    }
    let ids = ids(entry, PAGES_REMEDY)?;
    if ids.is_empty() {
        return Err(entry.mistake("the list is empty", PAGES_REMEDY));
    }
    Ok(Pages::Some { ids: ids.into_iter().map(PageId).collect(), subpages })
}

/// A list of ids, each once.
fn ids(entry: &Entry<'_>, remedy: &str) -> Read<BTreeSet<i64>> {
    let numbers: Vec<Read<i64>> = entry.list(remedy)?.iter().map(|item| item.whole_number(remedy)).collect();
    Ok(entry.each_once(numbers.into_iter().collect::<Read<_>>()?))
}

fn render_parts(entry: &Entry<'_>) -> Read<Vec<String>> {
    let parts: Vec<Read<String>> = entry.list(PARTS_REMEDY)?.iter().map(|item| item.parse(render_part)).collect();
    let parts: Vec<String> = parts.into_iter().collect::<Read<_>>()?;
    if parts.is_empty() {
        return Err(entry.mistake("the list is empty", PARTS_REMEDY));
    }
    for part in parts.iter().filter(|part| !PARTS.contains(&part.as_str())) {
        let known = "see that it is spelt as Domo spells it";
        entry.reading.warn(format!("{}: Domo documents no part {}; {known}", entry.path, quote(part)));
    }
    entry.each_once(parts.clone());
    Ok(parts)
}

/// Domo answers 400 to `parts=image` on table cards that are well (seen), which would read as broken.
fn render_part(text: &str) -> Result<String, Mistake> {
    if text == "image" {
        return Err(Mistake::new("'image' fails on table cards that are well", "remove it from the list"));
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Mistake::new(format!("{} is not a part of a card", quote(text)), PARTS_REMEDY));
    }
    Ok(text.to_owned())
}

/// How many renders may be in flight.
fn concurrency(entry: &Entry<'_>) -> Read<Concurrency> {
    let remedy = "write a whole number from 1 to 256, or \"auto\"";
    if entry.value.as_str() == Some("auto") {
        return Ok(Concurrency::Auto);
    }
    let number = entry.whole_number(remedy)?;
    let fitting = usize::try_from(number).ok().filter(|number| *number <= 256).and_then(NonZeroUsize::new);
    fitting.map(Concurrency::Fixed).ok_or_else(|| entry.mistake(format!("{number} is out of range"), remedy))
}

/// Requests a second; zero is no limit. Fewer than one in 100 seconds would be no sweep at all.
fn rate(entry: &Entry<'_>) -> Read<Option<f64>> {
    let remedy = "write a number from 0.01 to 1000, or 0 for no limit but the server's own";
    match entry.number(remedy)? {
        0.0 => Ok(None),
        rate if (0.01..=1_000.0).contains(&rate) => Ok(Some(rate)),
        rate => Err(entry.mistake(format!("{rate} is out of range"), remedy)),
    }
}
