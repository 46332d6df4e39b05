//! The charts: SVG that needs nothing from elsewhere, with what it shows in words.

use std::time::Duration;

use cardwatch::domain::card::CardState;
use cardwatch::domain::snapshot::CardNow;

use crate::house::{House, open};
use crate::past::Past;
use crate::rooms::words;
use crate::scenes::{ago, broken, swept, working};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// The style sheet's colours of what is drawn.
const BROKEN: &str = "#B3261E";
const UNCHECKED: &str = "#7D5800";
const TIME: &str = "#1A56B0";
const USUAL: &str = "#565E6A";
const WORKING: &str = "#23714A";
const UNKNOWN: &str = "#E3DFD5";

async fn with(card: CardNow) -> (House, Past) {
    let house = House::with(open()).await;
    house.show(swept("acme", [card]));
    let mut past = Past::of(&house).await;
    past.card(1, "Revenue").await;
    (house, past)
}

/// The page of the instance.
async fn instance(house: &House) -> String {
    house.ask("GET", "/instances/acme", &[]).await.body
}

/// The page of the card.
async fn card(house: &House) -> String {
    house.ask("GET", "/instances/acme/cards/1", &[]).await.body
}

/// The drawing that the element of this id names.
fn drawing<'a>(page: &'a str, id: &str) -> &'a str {
    let marked = format!(r#"aria-labelledby="{id}""#);
    let svg = page.split("<svg ").find(|svg| svg.contains(&marked)).unwrap_or_else(|| panic!("no {id} in {page}"));
    svg.split("</svg>").next().unwrap()
}

/// How many shapes of a drawing are of this colour.
fn shapes(drawing: &str, attribute: &str, colour: &str) -> usize {
    drawing.matches(&format!(r#"{attribute}="{colour}""#)).count()
}

#[tokio::test]
async fn the_course_of_broken_cards_is_told_in_words() {
    let (house, mut past) = with(working("Revenue")).await;
    for (minutes, broken) in [(5 * DAY, 0), (4 * DAY, 0), (2 * DAY, 4), (DAY, 4), (HOUR, 7)] {
        past.sweep(minutes, broken, 0).await;
    }
    let text = words(&instance(&house).await);
    let course = "Broken cards over 14 days: 0 until 31 Oct 2026, 08:01 UTC, then 4 until 07:01 UTC, now 7.";
    assert!(text.contains(course), "{text}");
}

#[tokio::test]
async fn a_restless_course_is_summed_up() {
    let (house, mut past) = with(working("Revenue")).await;
    for (hours, broken) in [(9, 1), (8, 12), (7, 3), (6, 0), (5, 2)] {
        past.sweep(hours * HOUR, broken, 0).await;
    }
    let text = words(&instance(&house).await);
    assert!(text.contains("between 0 and 12, most at 00:01 UTC, now 2 since 03:01 UTC."), "{text}");
}

#[tokio::test]
async fn a_course_without_change_is_one_number() {
    let (house, mut past) = with(working("Revenue")).await;
    for hours in [9, 8, 7] {
        past.sweep(hours * HOUR, 0, 0).await;
    }
    let page = instance(&house).await;
    assert!(words(&page).contains("Broken cards over 14 days: 0 throughout."), "{page}");
    assert_eq!(shapes(drawing(&page, "broken-over-time"), "stroke", BROKEN), 1);
}

#[tokio::test]
async fn cards_that_nobody_could_check_have_a_line_of_their_own_where_there_are_any() {
    let (house, mut past) = with(working("Revenue")).await;
    past.sweep(9 * HOUR, 1, 0).await;
    let before = instance(&house).await;
    assert_eq!(shapes(drawing(&before, "broken-over-time"), "stroke", UNCHECKED), 0);
    past.sweep(8 * HOUR, 1, 5).await;
    let page = instance(&house).await;
    assert_eq!(shapes(drawing(&page, "broken-over-time"), "stroke", UNCHECKED), 1);
    let text = words(&page);
    assert!(text.contains("Cards that could not be checked: 0 until 00:01 UTC, now 5."), "{text}");
}

#[tokio::test]
async fn heights_are_labelled_with_round_numbers() {
    for (broken, top, half) in [(0, "2", "1"), (7, "8", "4"), (11, "20", "10"), (800, "800", "400")] {
        let (house, mut past) = with(working("Revenue")).await;
        past.sweep(HOUR, broken, 0).await;
        let page = instance(&house).await;
        assert!(page.contains(&format!("<span>{top}</span><span>{half}</span><span>0</span>")), "{broken}: {page}");
    }
}

#[tokio::test]
async fn where_there_is_nothing_to_draw_words_say_so() {
    let (house, _) = with(working("Revenue")).await;
    let page = instance(&house).await;
    assert!(page.contains("No sweep ended in the last 14 days that decided anything."), "{page}");
    assert!(!page.contains("<svg"), "{page}");
}

#[tokio::test]
async fn a_drawing_stretches_holds_no_text_and_styles_nothing_itself() {
    let mut slow = working("Revenue");
    slow.rendering.latency = Some(Duration::from_secs(30));
    slow.rendering.slow_against = Some(Duration::from_secs(1));
    let (house, mut past) = with(slow).await;
    for hours in [9, 8] {
        let sweep = past.sweep(hours * HOUR, hours, 1).await;
        past.result(sweep, 1, None, 900).await;
    }
    let (instance, card) = (instance(&house).await, card(&house).await);
    for (page, id) in [(&instance, "broken-over-time"), (&card, "timeline"), (&card, "render-time")] {
        let drawing = drawing(page, id);
        let element = drawing.split('>').next().unwrap();
        assert!(element.contains("viewBox=") && element.contains(r#"role="img""#), "{element}");
        assert!(!element.contains("width=") && !element.contains("height="), "{element}");
        for unwanted in ["style", "<text", "<script", "href", "class"] {
            assert!(!drawing.contains(unwanted), "{unwanted} in {drawing}");
        }
        assert_eq!(page.matches(&format!(r#" id="{id}""#)).count(), 1, "{id} names it once in {page}");
    }
}

#[tokio::test]
async fn render_times_are_told_in_words() {
    let (house, mut past) = with(working("Revenue")).await;
    for (hours, millis) in [(5, 200), (4, 240), (3, 9_000), (2, 220), (1, 210)] {
        let sweep = past.sweep(hours * HOUR, 0, 0).await;
        past.result(sweep, 1, None, millis).await;
    }
    let text = words(&card(&house).await);
    let told = "Time to render over 14 days: mostly 0.22 s, at most 9.0 s at 05:00 UTC, last 0.21 s at 07:00 UTC.";
    assert!(text.contains(told), "{text}");
}

#[tokio::test]
async fn what_was_usual_is_drawn_beside_a_slow_card() {
    let mut slow = working("Revenue");
    slow.rendering.latency = Some(Duration::from_secs(30));
    slow.rendering.slow_against = Some(Duration::from_secs(2));
    let (house, mut past) = with(slow).await;
    let sweep = past.sweep(HOUR, 0, 0).await;
    past.result(sweep, 1, None, 30_000).await;
    let page = card(&house).await;
    assert_eq!(shapes(drawing(&page, "render-time"), "stroke", USUAL), 1);
    assert!(words(&page).contains("2.0 s was usual before it became slow."), "{page}");
}

#[tokio::test]
async fn a_render_that_stands_alone_is_seen() {
    let (house, mut past) = with(working("Revenue")).await;
    let sweep = past.sweep(HOUR, 0, 0).await;
    past.result(sweep, 1, None, 300).await;
    assert_eq!(shapes(drawing(&card(&house).await, "render-time"), "stroke", TIME), 1);
}

#[tokio::test]
async fn a_long_time_without_a_render_breaks_the_line() {
    let (house, mut past) = with(working("Revenue")).await;
    for hours in [90, 89, 88, 87, 3, 2, 1] {
        let sweep = past.sweep(hours * HOUR, 0, 0).await;
        past.result(sweep, 1, None, 300).await;
    }
    assert_eq!(shapes(drawing(&card(&house).await, "render-time"), "stroke", TIME), 2);
}

#[tokio::test]
async fn ninety_days_are_ninety_bars_and_a_bad_day_is_seen() {
    let (house, mut past) = with(working("Revenue")).await;
    let first = past.sweep(90 * DAY, 0, 0).await;
    past.result(first, 1, None, 200).await;
    let (broke, worked) = (past.sweep(50 * DAY, 1, 0).await, past.sweep(50 * DAY - 26, 0, 0).await);
    past.broke(broke, 1, 50 * DAY, "gone").await;
    past.recovered(worked, 1, 50 * DAY - 26).await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    assert_eq!((shapes(drawing, "fill", WORKING), shapes(drawing, "fill", BROKEN)), (89, 1), "{drawing}");
    let text = words(&page);
    assert!(text.contains("Broken for 26 min in 1 spell, working for the rest of the last 90 days."), "{text}");
}

#[tokio::test]
async fn states_differ_in_the_height_of_their_bars_too() {
    let (house, mut past) = with(broken("Revenue", "gone", 3 * DAY)).await;
    let sweep = past.sweep(3 * DAY, 1, 0).await;
    past.broken_when_first_seen(sweep, 1, 3 * DAY, "gone").await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    let height = |colour: &str| {
        let bar = drawing.lines().find(|bar| bar.contains(colour)).unwrap();
        bar.split(r#" height=""#).nth(1).unwrap().split('"').next().unwrap().parse::<u32>().unwrap()
    };
    assert!(height(BROKEN) > height(UNKNOWN) * 2, "{drawing}");
}

#[tokio::test]
async fn before_it_was_first_seen_nothing_is_claimed() {
    let (house, mut past) = with(broken("Revenue", "gone", 3 * DAY)).await;
    let sweep = past.sweep(3 * DAY, 1, 0).await;
    past.broken_when_first_seen(sweep, 1, 3 * DAY, "gone").await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    assert_eq!((shapes(drawing, "fill", UNKNOWN), shapes(drawing, "fill", BROKEN)), (87, 3), "{drawing}");
    assert!(words(&page).contains("Broken for 3 days, unknown before."), "{page}");
}

#[tokio::test]
async fn before_the_first_result_of_it_nothing_is_claimed_of_a_card_that_changed_since() {
    let (house, mut past) = with(broken("Revenue", "gone", 3 * DAY)).await;
    // The instance was swept before the card was there.
    past.sweep(20 * DAY, 0, 0).await;
    let (first, broke) = (past.sweep(10 * DAY, 0, 0).await, past.sweep(3 * DAY, 1, 0).await);
    past.result(first, 1, None, 200).await;
    past.broke(broke, 1, 3 * DAY, "gone").await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    let days = [UNKNOWN, WORKING, BROKEN].map(|colour| shapes(drawing, "fill", colour));
    assert_eq!(days, [80, 7, 3], "{drawing}");
    assert!(words(&page).contains("Broken for 3 days in 1 spell, working for 7 days, unknown before."), "{page}");
}

#[tokio::test]
async fn where_no_result_is_kept_nothing_is_claimed_before_the_first_change() {
    let (house, mut past) = with(working("Revenue")).await;
    let worked = past.sweep(5 * DAY, 0, 0).await;
    past.recovered(worked, 1, 5 * DAY).await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    let days = [UNKNOWN, WORKING, BROKEN].map(|colour| shapes(drawing, "fill", colour));
    assert_eq!(days, [85, 5, 0], "{drawing}");
}

#[tokio::test]
async fn where_there_are_more_changes_than_are_told_nothing_is_claimed_before_those() {
    let (house, mut past) = with(broken("Revenue", "gone", DAY)).await;
    let first = past.sweep(80 * DAY, 0, 0).await;
    past.result(first, 1, None, 200).await;
    let sweep = past.sweep(10 * DAY, 1, 0).await;
    for change in (0..201).rev() {
        let at = DAY + change * 60;
        if change % 2 == 0 { past.broke(sweep, 1, at, "gone").await } else { past.recovered(sweep, 1, at).await }
    }
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    let days = [UNKNOWN, WORKING, BROKEN].map(|colour| shapes(drawing, "fill", colour));
    // The earliest of the 200 that are told is nine days and seven hours ago.
    assert_eq!(days, [80, 0, 10], "{drawing}");
}

#[tokio::test]
async fn a_card_whose_state_never_changed_worked_since_it_was_first_decided() {
    let (house, _) = with(working("Revenue")).await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    assert_eq!((shapes(drawing, "fill", WORKING), shapes(drawing, "fill", UNKNOWN)), (7, 83), "{drawing}");
}

#[tokio::test]
async fn what_nobody_could_check_for_too_long_is_unknown_since() {
    let stale = CardState::Working { since: ago(200 * DAY), decided_at: ago(10 * DAY) };
    let (house, _) = with(CardNow { state: stale, ..working("Revenue") }).await;
    let page = card(&house).await;
    let drawing = drawing(&page, "timeline");
    assert_eq!((shapes(drawing, "fill", WORKING), shapes(drawing, "fill", UNKNOWN)), (80, 10), "{drawing}");
}

#[tokio::test]
async fn the_style_sheet_knows_every_colour_that_is_drawn() {
    let (house, _) = with(working("Revenue")).await;
    let page = card(&house).await;
    let sheet = page.split(r#"rel="stylesheet" href=""#).nth(1).unwrap().split('"').next().unwrap();
    let sheet = house.ask("GET", sheet, &[]).await.body;
    for (attribute, colour) in [
        ("stroke", BROKEN),
        ("fill", BROKEN),
        ("stroke", UNCHECKED),
        ("stroke", TIME),
        ("stroke", USUAL),
        ("stroke", "#E3DFD6"),
        ("fill", WORKING),
        ("fill", UNKNOWN),
    ] {
        assert!(sheet.contains(&format!(r#"[{attribute}="{colour}"]"#)), "{attribute} {colour}");
    }
}
