//! A large answer is taken for what a small one with the same contents would be, in whatever pieces it comes.

use cardwatch::domain::sweep::Listing;
use cardwatch::domain::verdict::{Body, REASON_LIMIT};
use cardwatch::domo::Wanted;
use cardwatch::domo::body::{of_large_render, of_render};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::canned::{Canned, text};
use crate::desk::{Desk, instance_at, pages, password};

/// Longer than any text that is kept, in bytes.
const LONG: usize = 20 * REASON_LIMIT;

fn large(body: &[u8]) -> Body {
    of_large_render([body])
}

fn foreign(body: &str) -> String {
    match large(body.as_bytes()) {
        Body::Foreign(what) => what,
        other => panic!("{body} is {other:?}"),
    }
}

/// Names of fields that count, and of others.
fn name() -> impl Strategy<Value = String> {
    let known = ["status", "statusReason", "message", "details", "error", "columns", "summary", "toe", "title"];
    let other = ["dynamic", "rows", "stat", "statuss", "", "größe", "a\"b", "a\\b", "\u{1}"];
    prop_oneof![
        proptest::sample::select(known.map(str::to_owned).to_vec()),
        proptest::sample::select(other.map(str::to_owned).to_vec())
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        Just(Value::from("error")),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// The same JSON with blanks wherever some may stand.
fn with_blanks(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// The bytes, cut at these places.
fn cut<'b>(bytes: &'b [u8], places: &[Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_is_json_is_read_as_if_it_were_small(value in json(), places in vec(any::<Index>(), 0..8)) {
        for text in [value.to_string(), with_blanks(&value)] {
            prop_assert_eq!(of_large_render(cut(text.as_bytes(), &places)), of_render(text.as_bytes(), false), "{}", text);
        }
    }

    #[test]
    fn an_object_that_ends_early_is_never_taken_for_an_answer(value in json(), place in any::<Index>()) {
        let text = format!("{{\"status\":{value}}}");
        let begun = &text.as_bytes()[..place.index(text.len())];
        prop_assert!(matches!(large(begun), Body::Foreign(_)), "{:?}", String::from_utf8_lossy(begun));
    }

    #[test]
    fn whatever_comes_is_taken_calmly_and_in_any_pieces_for_the_same(
        bytes in prop_oneof![vec(any::<u8>(), 0..60), "[\\[\\]{},:\"\\\\ua-f0-9 .eE+-]{0,60}".prop_map(String::into_bytes)],
        places in vec(any::<Index>(), 0..8),
    ) {
        prop_assert_eq!(of_large_render(cut(&bytes, &places)), large(&bytes));
        // What a parser takes for JSON is never refused for being large.
        if let small @ (Body::Object(_) | Body::OtherJson) = of_render(&bytes, false) {
            prop_assert_eq!(large(&bytes), small);
        }
    }
}

#[test]
fn a_text_beyond_all_measure_is_clipped_like_any_other() {
    for unit in ["x", "ß", "\\\\", "\\\"", "\\u00df", "\\ud83d\\ude00"] {
        for shift in 0..12 {
            let text = format!("{}{}", "y".repeat(shift), unit.repeat(LONG / unit.len()));
            let body = format!(r#"{{"message":"{text}","details":{{"error":"{text}"}},"status":400}}"#);
            assert!(large(body.as_bytes()) == of_render(body.as_bytes(), false), "{unit} after {shift}");
        }
    }
}

#[test]
fn what_nobody_reads_costs_no_memory_however_deep_or_long() {
    let piece = "[\"größe\",1.5e3,null,{\"a\":[]}],".repeat(1000);
    let pieces = std::iter::once(&b"{\"dynamic\":{\"rows\":["[..])
        .chain(std::iter::repeat_n(piece.as_bytes(), 300))
        .chain([&b"0]},\"summary\":{\"status\":\"error\"}}"[..]]);
    let Body::Object(envelope) = of_large_render(pieces) else { panic!("foreign") };
    assert!(envelope.summary.is_some());
}

#[test]
fn a_document_without_end_is_given_up() {
    let endless = std::iter::once(&b"{\"columns\":["[..]).chain(std::iter::repeat(&b"\"a\",\"b\",\"c\","[..]));
    assert_eq!(of_large_render(endless), Body::Foreign("JSON that is too large".to_owned()));
    let abyss = std::iter::once(&b"{\"dynamic\":"[..]).chain(std::iter::repeat(&b"["[..]));
    assert_eq!(of_large_render(abyss), Body::Foreign("JSON that is nested too deeply".to_owned()));
}

#[test]
fn what_is_no_json_is_seen_as_soon_as_it_shows() {
    for body in [
        "Bad gateway",
        "{status: 400}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "[1,]",
        "{]",
        "[}",
        "{\"a\":1]",
        "{}{}",
        "{} more",
        "{,}",
    ] {
        assert_eq!(foreign(body), "text that is not JSON", "{body}");
    }
    for body in ["", "{", "[", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":1", "[1", "\"a"] {
        assert_eq!(foreign(body), "JSON that ends early", "{body}");
    }
}

#[test]
fn json_that_is_no_object_is_said_to_be_so() {
    for body in ["[]", "[1,2]", "null", "7", "true", "\"text\"", "[{\"status\":400}]"] {
        assert_eq!(large(body.as_bytes()), Body::OtherJson, "{body}");
    }
}

/// Each list that there is, every field of every row filled.
fn answer(path: &str) -> Value {
    let cards = json!([{"id": 10, "type": "kpi", "title": "A", "owners": [{"displayName": "Dana"}],
        "pageHierarchy": [{"pageId": 1, "title": "One"}]}]);
    match path {
        "/api/content/v2/authentication" => json!({"sessionToken": "session"}),
        "/api/content/v1/pages/adminsummary" => json!({"pageAdminSummaries": [
            {"pageId": 1, "pageTitle": "One", "parentPageId": null},
            {"pageId": 2, "pageTitle": "Two", "parentPageId": 1},
        ]}),
        "/api/content/v3/stacks/1/cards" => json!({"type": "page", "title": "1", "cards": cards}),
        "/api/content/v3/stacks/2/cards" => json!({"type": "dav", "title": "2", "cards": cards}),
        "/api/content/v3/stacks/3/cards" => json!({"type": "dav", "title": "Three", "cards": []}),
        "/api/content/v2/cards/adminsummary" => json!({"cardAdminSummaries": cards}),
        "/api/content/v1/dataapps/adminsummary" => json!({"dataAppAdminSummaries": [{"dataAppId": 7, "title": "App"}]}),
        "/api/content/v1/dataapps/7" => json!({"views": [{"viewId": 2, "title": "View"}, {"viewId": 3, "title": "3"}]}),
        other => panic!("{other}"),
    }
}

/// Makes each answer large.
fn padded(body: &[u8]) -> Vec<u8> {
    [format!("{{\"padding\":{:?},", "x".repeat(200_000)).as_bytes(), &body[1..]].concat()
}

/// What is listed by a server that sends each answer in this form.
async fn listings(form: fn(&[u8]) -> Vec<u8>) -> Vec<Listing> {
    let server = Canned::serve(move |request, _| {
        text(200, "application/json", form(answer(&request.path).to_string().as_bytes()))
    });
    let desk = Desk::new(&instance_at(&server.await.url, password("dana@acme.com", "secret")));
    desk.domo.sign_in().await.unwrap();
    let mut listings = Vec::new();
    for wanted in [pages(&[1]), Wanted::Instance] {
        listings.push(desk.domo.list(&wanted).await.unwrap());
    }
    listings
}

#[tokio::test]
async fn a_large_list_is_read_as_if_it_were_small() {
    let small = listings(<[u8]>::to_vec).await;
    assert!(small.iter().all(|listing| listing.pages.len() >= 2 && listing.unlisted.is_empty()), "{small:?}");
    assert_eq!(listings(padded).await, small);
}

#[tokio::test]
async fn letters_that_are_not_utf8_do_not_make_a_list_foreign() {
    /// With a title that no encoding makes sense of.
    fn garbled(body: &[u8]) -> Vec<u8> {
        let title = body.windows(3).position(|window| window == b"\"A\"");
        title.map_or(body.to_vec(), |at| [&body[..at], b"\"gr\xf6\xdfe \\ud83d\"", &body[at + 3..]].concat())
    }
    for form in [garbled, |body: &[u8]| padded(&garbled(body))] {
        for listing in listings(form).await {
            assert_eq!(listing.cards.values().next().unwrap().title, "gr\u{fffd}\u{fffd}e \u{fffd}");
        }
    }
}
