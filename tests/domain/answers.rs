//! The contract's verdict table: what one render, after all its attempts, tells about its card.

use std::time::Duration;

use cardwatch::domain::verdict::{
    Answer, Body, Class, Envelope, Finding, NO_DATA, REASON_LIMIT, Reason, Rendered, SummaryStatus, Verdict, judge,
};
use proptest::prelude::*;

fn answer(status: u16, body: Body) -> Finding {
    judge(&Rendered::Answered(Answer { status, body }))
}

fn object(status: u16, envelope: Envelope) -> Finding {
    answer(status, Body::Object(envelope))
}

/// An HTTP 200 whose body carries another status.
fn inner(status: u16) -> Finding {
    object(200, Envelope { status: Some(status), ..says("Oh no") })
}

fn says(message: &str) -> Envelope {
    Envelope { message: Some(message.to_owned()), ..Envelope::default() }
}

fn summary(status: SummaryStatus) -> Envelope {
    Envelope { summary: Some(status), ..Envelope::default() }
}

fn html() -> Body {
    Body::Foreign("a page of HTML ('Domo - Blocked')".to_owned())
}

fn cut() -> Body {
    Body::Foreign("a cut text".to_owned())
}

fn misconfigured(text: &str) -> Finding {
    Finding::Broken(Reason { class: Class::Misconfigured, text: text.to_owned() })
}

fn doubtful(text: &str) -> Finding {
    Finding::Doubtful(Reason { class: Class::Other, text: text.to_owned() })
}

fn hindered(why: &str) -> Finding {
    Finding::Hindered(why.to_owned())
}

fn not_domo(what: &str) -> Finding {
    Finding::Foreign(format!("not an answer of Domo's: {what}"))
}

const WORKS: Finding = Finding::Working { no_data: false };

/// Names a row of the table, what was answered, and what that tells.
macro_rules! rows {
    ($($name:ident: $finding:expr => $told:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($finding, $told);
        })*
    };
}

rows! {
    an_object_without_a_summary_works: object(200, Envelope::default()) => WORKS;
    a_summary_of_success_works: object(200, summary(SummaryStatus::Success)) => WORKS;
    a_summary_in_an_unknown_word_works: object(200, summary(SummaryStatus::Unknown)) => WORKS;
    a_summary_that_did_not_run_works_without_data:
        object(200, summary(SummaryStatus::NotRan)) => Finding::Working { no_data: true };
    a_summary_of_error_is_broken:
        object(200, Envelope { message: Some("No such column".into()), ..summary(SummaryStatus::Error) })
            => misconfigured("No such column");
    a_summary_of_error_without_words_is_broken_in_ours:
        object(200, summary(SummaryStatus::Error)) => misconfigured("the card's summary has the status 'error'");

    status_400_is_broken: object(400, says("Oh no")) => misconfigured("Oh no");
    status_422_is_broken: object(422, says("Oh no")) => misconfigured("Oh no");
    status_400_without_a_body_is_broken_by_the_reason_of_http: answer(400, Body::Empty) => misconfigured("Bad Request");
    status_422_without_a_body_is_broken_by_the_reason_of_http:
        answer(422, Body::Empty) => misconfigured("Unprocessable Entity");
    status_400_with_json_that_is_no_object_is_broken: answer(400, Body::OtherJson) => misconfigured("Bad Request");

    status_500_is_doubtful: object(500, says("Oh no")) => doubtful("500: Oh no");
    status_500_without_a_body_is_doubtful: answer(500, Body::Empty) => doubtful("500 Internal Server Error");
    status_500_does_not_say_its_name_twice:
        object(500, says("Internal Server Error")) => doubtful("500 Internal Server Error");

    status_401_is_signed_out: object(401, says("Full authentication is required")) => Finding::SignedOut;
    status_401_without_a_body_is_signed_out: answer(401, Body::Empty) => Finding::SignedOut;
    status_401_in_html_is_signed_out: answer(401, html()) => Finding::SignedOut;

    status_403_is_no_access: object(403, says("Forbidden")) => hindered("no access (403): Forbidden");
    status_403_without_a_body_is_no_access: answer(403, Body::Empty) => hindered("no access (403)");
    status_404_is_gone: answer(404, Body::Empty) => hindered("no such card (404)");
    status_409_is_a_conflict: answer(409, Body::Empty) => hindered("conflict (409)");
    status_429_is_a_plea_to_slow_down: answer(429, Body::Empty) => hindered("Domo asked to slow down (429)");
    status_429_in_html_is_one_too: answer(429, html()) => hindered("Domo asked to slow down (429)");
    status_502_is_unavailable: answer(502, html()) => hindered("Domo is unavailable (502)");
    status_503_is_unavailable: answer(503, Body::Empty) => hindered("Domo is unavailable (503)");
    status_504_is_unavailable: answer(504, Body::Empty) => hindered("Domo is unavailable (504)");
    status_501_is_not_known: answer(501, Body::Empty) => hindered("an answer that is not known of Domo (501)");
    status_418_is_not_known: object(418, says("tea")) => hindered("an answer that is not known of Domo (418): tea");
    status_204_is_not_known: answer(204, Body::Empty) => hindered("an answer that is not known of Domo (204)");

    inside_a_200_status_400_is_broken: inner(400) => misconfigured("Oh no");
    inside_a_200_status_422_is_broken: inner(422) => misconfigured("Oh no");
    inside_a_200_status_500_is_doubtful: inner(500) => doubtful("500: Oh no");
    inside_a_200_status_401_is_signed_out: inner(401) => Finding::SignedOut;
    inside_a_200_status_403_is_no_access: inner(403) => hindered("no access (403): Oh no");
    inside_a_200_status_404_is_gone: inner(404) => hindered("no such card (404): Oh no");
    inside_a_200_status_409_is_a_conflict: inner(409) => hindered("conflict (409): Oh no");
    inside_a_200_status_429_is_a_plea: inner(429) => hindered("Domo asked to slow down (429): Oh no");
    inside_a_200_status_503_is_unavailable: inner(503) => hindered("Domo is unavailable (503): Oh no");
    inside_a_200_status_200_works: inner(200) => WORKS;
    inside_a_200_a_status_below_400_works: inner(302) => WORKS;
    inside_a_403_another_status_is_not_looked_at:
        object(403, Envelope { status: Some(400), ..Envelope::default() }) => hindered("no access (403)");
    inside_a_200_a_status_outweighs_a_summary_of_success:
        object(200, Envelope { status: Some(400), message: Some("Oh no".into()), ..summary(SummaryStatus::Success) })
            => misconfigured("Oh no");

    html_is_not_domo: answer(200, html()) => not_domo("a page of HTML ('Domo - Blocked')");
    cut_json_is_not_domo: answer(200, cut()) => not_domo("a cut text");
    an_empty_body_is_not_domo: answer(200, Body::Empty) => not_domo("an empty body");
    json_that_is_no_object_is_not_domo: answer(200, Body::OtherJson) => not_domo("JSON, but no object");
    status_400_in_html_is_not_domo: answer(400, html()) => not_domo("a page of HTML ('Domo - Blocked')");
    status_500_in_html_is_not_domo: answer(500, html()) => not_domo("a page of HTML ('Domo - Blocked')");
    a_redirect_is_not_domo: answer(303, Body::Empty) => not_domo("a redirect");
    a_redirect_with_an_object_is_not_domo: object(302, says("moved")) => not_domo("a redirect");

    no_answer_is_doubtful:
        judge(&Rendered::TimedOut { after: Duration::from_secs(90), attempts: 3 })
            => Finding::Doubtful(Reason { class: Class::QueryTimeout, text: "no answer within 90 s, 3 times".into() });
    no_answer_to_a_single_attempt_is_doubtful:
        judge(&Rendered::TimedOut { after: Duration::from_secs(75), attempts: 1 })
            => Finding::Doubtful(Reason { class: Class::QueryTimeout, text: "no answer within 75 s".into() });
    no_connection_is_no_verdict_on_the_card:
        judge(&Rendered::Disconnected("connection refused".into())) => hindered("no connection: connection refused");
}

/// A 400 in which every field that may explain it has something to say.
fn talkative() -> Envelope {
    Envelope {
        error: Some("the error".into()),
        columns: vec!["region".into(), "größe".into()],
        status_reason: Some("the status reason".into()),
        ..says("the message")
    }
}

rows! {
    the_error_explains_first: object(400, talkative()) => misconfigured("the error");
    the_columns_explain_next:
        object(400, Envelope { error: None, ..talkative() }) => misconfigured("region, größe");
    the_message_explains_next:
        object(400, Envelope { error: Some(" ".into()), columns: vec![], ..talkative() }) => misconfigured("the message");
    the_status_reason_explains_next:
        object(400, Envelope { error: None, columns: vec![], message: Some("\n".into()), ..talkative() })
            => misconfigured("the status reason");
    columns_without_names_explain_nothing:
        object(400, Envelope { error: None, columns: vec![String::new(), " ".into()], ..talkative() })
            => misconfigured("the message");
    columns_without_names_are_left_out:
        object(400, Envelope { error: None, columns: vec![" ".into(), "region".into()], ..talkative() })
            => misconfigured("region");
    a_reason_has_no_blanks_around_it: object(400, says("  Oh no \r\n")) => misconfigured("Oh no");
}

#[test]
fn a_reason_is_cut_at_its_limit_and_not_within_a_character() {
    let Finding::Broken(reason) = object(400, says(&"é".repeat(REASON_LIMIT + 1))) else { panic!("not broken") };
    assert_eq!(reason.text, "é".repeat(REASON_LIMIT));
}

#[test]
fn what_keeps_a_card_from_being_checked_is_cut_at_the_limit_too() {
    let Finding::Hindered(why) = object(403, says(&"x".repeat(REASON_LIMIT))) else { panic!("not hindered") };
    assert_eq!(why.chars().count(), REASON_LIMIT);
}

#[test]
fn a_verdict_tells_its_name_and_why() {
    let broken = Verdict::Broken(Reason { class: Class::Other, text: "Oh no".into() });
    let told = |verdict: &Verdict| (verdict.shown().name(), verdict.reason().map(str::to_owned), verdict.is_decided());
    assert_eq!(told(&Verdict::Working { no_data: false }), ("working", None, true));
    assert_eq!(told(&Verdict::Working { no_data: true }), ("working", Some(NO_DATA.into()), true));
    assert_eq!(told(&broken), ("broken", Some("Oh no".into()), true));
    assert_eq!(told(&Verdict::Unchecked("no access".into())), ("unchecked", Some("no access".into()), false));
    assert_eq!(told(&Verdict::Unsupported), ("unsupported", None, false));
}

#[test]
fn classes_have_the_names_of_domo() {
    assert_eq!(Class::ALL.map(Class::name), ["Misconfigured card", "Query timeout", "Other error"]);
}

fn texts() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[ \\n\u{0}a-zé=<]{0,6}")
}

prop_compose! {
    fn envelopes()(
        status in prop::option::of(any::<u16>()),
        (status_reason, message, error) in (texts(), texts(), texts()),
        columns in prop::collection::vec("[ a]{0,2}", 0..3),
        summary in prop::option::of(prop::sample::select(vec![
            SummaryStatus::Success, SummaryStatus::NotRan, SummaryStatus::Error, SummaryStatus::Unknown,
        ])),
    ) -> Envelope {
        Envelope { status, status_reason, message, error, columns, summary, trace: None }
    }
}

fn bodies() -> impl Strategy<Value = Body> {
    prop_oneof![Just(Body::Empty), Just(Body::OtherJson), Just(html()), envelopes().prop_map(Body::Object)]
}

proptest! {
    #[test]
    fn whatever_is_answered_a_reason_has_words(status in any::<u16>(), body in bodies()) {
        match answer(status, body) {
            Finding::Broken(reason) | Finding::Doubtful(reason) => prop_assert!(!reason.text.trim().is_empty()),
            Finding::Hindered(why) | Finding::Foreign(why) => prop_assert!(!why.trim().is_empty()),
            Finding::Working { .. } | Finding::SignedOut => {}
        }
    }

    #[test]
    fn only_an_object_in_a_200_works(status in any::<u16>(), body in bodies()) {
        let object = matches!(body, Body::Object(_));
        if let Finding::Working { .. } = answer(status, body) {
            prop_assert!(status == 200 && object);
        }
    }
}
