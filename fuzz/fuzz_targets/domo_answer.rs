//! The answer to a render or a login: judged calmly, and for the same whether it is held whole or walked through in
//! pieces. The first two bytes give the HTTP status, the third where the rest is cut.
#![no_main]

use cardwatch::domain::verdict::{Answer, Body, Finding, REASON_LIMIT, Rendered, judge};
use cardwatch::domo::body::{of_large_render, of_render};
use cardwatch::domo::login_answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [high, low, place, body @ ..] = data else { return };
    let status = u16::from_be_bytes([*high, *low]) % 1000;
    for html in [false, true] {
        let finding = judge(&Rendered::Answered(Answer { status, body: of_render(body, html) }));
        if let Finding::Broken(reason) | Finding::Doubtful(reason) = finding {
            assert!(!reason.text.trim().is_empty() && reason.text.chars().count() <= REASON_LIMIT);
        }
        // Whoever is not signed in is told why, and what to do.
        if let Err(problem) = login_answered("acme.domo.com", status, body, html) {
            assert!(problem.to_string().contains(": "));
        }
    }
    let cut = usize::from(*place) % (body.len() + 1);
    let (head, tail) = body.split_at(cut);
    let in_pieces = of_large_render([head, tail]);
    assert_eq!(in_pieces, of_large_render([body]));
    if let whole @ (Body::Object(_) | Body::OtherJson) = of_render(body, false) {
        // A byte order mark is cut before the walk begins.
        if !body.starts_with(b"\xef\xbb\xbf") {
            assert_eq!(in_pieces, whole);
        }
    }
});
