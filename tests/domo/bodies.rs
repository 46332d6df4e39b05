//! Whatever comes as a body is told apart: Domo's JSON, other JSON, nothing, and what is not Domo's.

use cardwatch::domain::verdict::{Body, Envelope, REASON_LIMIT, SummaryStatus};
use cardwatch::domo::body::of_render;

fn envelope(body: &str) -> Envelope {
    match of_render(body.as_bytes(), false) {
        Body::Object(envelope) => envelope,
        other => panic!("{body} is {other:?}"),
    }
}

fn foreign(body: &str) -> String {
    match of_render(body.as_bytes(), false) {
        Body::Foreign(what) => what,
        other => panic!("{body} is {other:?}"),
    }
}

#[test]
fn the_fields_of_an_envelope_are_taken() {
    let body = r#"{"status":400,"statusReason":"Bad Request","path":"/x","message":"No","toe":"D2R-1",
        "details":{"error":"Invalid column(s) referenced: a","columns":["a","b"]},"summary":{"status":"error"}}"#;
    let expected = Envelope {
        status: Some(400),
        status_reason: Some("Bad Request".to_owned()),
        message: Some("No".to_owned()),
        error: Some("Invalid column(s) referenced: a".to_owned()),
        columns: vec!["a".to_owned(), "b".to_owned()],
        summary: Some(SummaryStatus::Error),
        trace: Some("D2R-1".to_owned()),
    };
    assert_eq!(envelope(body), expected);
}

#[test]
fn an_error_that_is_not_text_is_none() {
    for error in ["null", "4100", "-1", "1.5", "true", "{}", r#"{"error":"x"}"#, "[]", r#"["x"]"#, r#"" ""#] {
        let body = format!(r#"{{"message":"m","details":{{"error":{error}}}}}"#);
        let read = envelope(&body);
        assert_eq!((read.error, read.message.as_deref()), (None, Some("m")), "{error}");
    }
}

#[test]
fn details_of_any_type_are_taken_calmly() {
    for details in ["null", "17", r#""text""#, "[]", r#"[{"error":"x"}]"#, "{}", r#"{"columns":"a"}"#, "true"] {
        let read = envelope(&format!(r#"{{"details":{details},"message":"m"}}"#));
        assert_eq!((read.error, read.columns, read.message.as_deref()), (None, vec![], Some("m")), "{details}");
    }
}

#[test]
fn columns_that_are_not_text_are_left_out() {
    let read = envelope(r#"{"details":{"columns":["a",null,7,{"b":1},"c",""]}}"#);
    assert_eq!(read.columns, ["a", "c"]);
}

#[test]
fn a_status_is_a_number_or_the_text_of_one() {
    let table = [
        ("400", Some(400)),
        (r#""400""#, Some(400)),
        (r#""error""#, None),
        ("null", None),
        ("-1", None),
        ("70000", None),
        ("18446744073709551615", None),
        ("4e2", None),
    ];
    for (status, expected) in table {
        assert_eq!(envelope(&format!(r#"{{"status":{status}}}"#)).status, expected, "{status}");
    }
}

#[test]
fn a_summary_is_known_by_its_status() {
    let table = [
        (r#"{"status":"success"}"#, Some(SummaryStatus::Success)),
        (r#"{"status":"not_ran"}"#, Some(SummaryStatus::NotRan)),
        (r#"{"status":"ERROR"}"#, Some(SummaryStatus::Error)),
        (r#"{"status":"odd"}"#, Some(SummaryStatus::Unknown)),
        (r#"{"status":7}"#, None),
        ("{}", None),
        ("null", None),
        (r#""error""#, None),
        (r#"["error"]"#, None),
    ];
    for (summary, expected) in table {
        assert_eq!(envelope(&format!(r#"{{"summary":{summary}}}"#)).summary, expected, "{summary}");
    }
}

#[test]
fn a_long_text_is_clipped() {
    let read = envelope(&format!(r#"{{"message":"{}"}}"#, "ß".repeat(REASON_LIMIT + 1)));
    assert_eq!(read.message.unwrap().chars().count(), REASON_LIMIT);
}

#[test]
fn nothing_and_white_space_are_empty() {
    for body in ["", " \r\n\t"] {
        assert_eq!(of_render(body.as_bytes(), true), Body::Empty);
    }
}

#[test]
fn json_that_is_no_object_is_said_to_be_so() {
    for body in ["[]", r#"[{"status":400}]"#, "null", "7", "-7", "1.5", "true", r#""text""#] {
        assert_eq!(of_render(body.as_bytes(), false), Body::OtherJson, "{body}");
    }
}

#[test]
fn a_page_of_html_is_named_by_its_title() {
    let page = "\n <!DOCTYPE html><HTML><Head><TITLE lang='en'>\n Domo -\n  Login </TITLE></Head>";
    assert_eq!(foreign(page), "a page of HTML titled 'Domo - Login'");
    assert_eq!(foreign("<p>no title"), "a page of HTML");
    assert_eq!(foreign("<title></title>"), "a page of HTML");
}

#[test]
fn what_is_sent_as_html_is_html_without_a_bracket() {
    assert_eq!(of_render(b"Access denied", true), Body::Foreign("a page of HTML".to_owned()));
}

#[test]
fn cut_json_is_not_taken_for_an_answer() {
    for body in ["{", r#"{"status":400"#, r#"{"message":"Bad Req"#, r#"{"a":[1,2"#] {
        assert_eq!(foreign(body), "JSON that ends early", "{body}");
    }
}

#[test]
fn what_is_no_json_is_not_taken_for_an_answer() {
    for body in ["Bad gateway", "{status: 400}", r#"{"a":1} and more"#, "{}{}"] {
        assert_eq!(foreign(body), "text that is not JSON", "{body}");
    }
}

#[test]
fn letters_that_are_not_utf8_do_not_make_an_answer_foreign() {
    let body = b"\xef\xbb\xbf{\"status\":400,\"details\":{\"error\":\"gr\xf6\xdfe\"}}";
    let Body::Object(envelope) = of_render(body, false) else { panic!("foreign") };
    assert_eq!(envelope.error.unwrap(), "gr\u{fffd}\u{fffd}e");
}

#[test]
fn half_a_character_does_not_make_an_answer_foreign() {
    // What is left of an emoji when a text is cut by units of UTF-16, as Java does.
    let body = r#"{"status":400,"details":{"error":"Column \ud83d\ude00 \ud83d","columns":["\ude00a","\\ud83d","\"\ud83d\u0041"]}}"#;
    let read = envelope(body);
    assert_eq!(read.error.unwrap(), "Column 😀 \u{fffd}");
    assert_eq!(read.columns, ["\u{fffd}a", "\\ud83d", "\"\u{fffd}A"]);
}

#[test]
fn an_escape_that_is_none_makes_an_answer_foreign() {
    for body in [r#"{"a":"\u12"}"#, r#"{"a":"\ud83"}"#, r#"{"a":"\udxyz"}"#, r#"{"a":"\q"}"#, r#"{"a":"\"#] {
        assert!(foreign(body).starts_with("text that is not JSON") || foreign(body).ends_with("ends early"), "{body}");
    }
}
