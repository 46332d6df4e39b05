//! What stands around every page: the head, the navigation, the footer, and the headers that let a browser do no more
//! than show it. Owns the frame and the two assets; what stands within is each page's own.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::scene::Scene;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// The names of the assets hold a mark of their content: a browser may keep them for ever, and asks anew when a new
/// version has others.
static STYLE_NAME: LazyLock<String> = LazyLock::new(|| format!("style-{}.css", mark(STYLE)));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| format!("page-{}.js", mark(SCRIPT)));

/// Pages bring their own style sheet and script and nothing else; forms lead back here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// What tells one page from another.
pub(super) struct Head {
    /// What the window is called, before ' · cardwatch'.
    pub(super) title: String,
    /// The address that the page has, with its query, for the link that refreshes it without script.
    pub(super) here: String,
}

/// A page as an answer.
pub(super) fn page(status: StatusCode, scene: &Scene, head: &Head, main: &Markup) -> Response {
    let now = html! {
        p.now { "as of " (scene.time(scene.now)) " · " a href=(head.here) data-refresh { "refresh" } }
    };
    let lost = html! {
        p.lost.notice role="status" hidden {
            strong { "cardwatch does not answer." } " What stands here may no longer be true."
        }
    };
    let script = html! { script src=(format!("/assets/{}", *SCRIPT_NAME)) defer {} };
    let frame = Frame { title: &head.title, script, now, lost };
    (status, as_html(), document(scene, &frame, main).into_string()).into_response()
}

/// A page that stays as it is while this version runs: nothing of it is read anew.
pub(super) fn unchanging(scene: &Scene, title: &str, main: &Markup) -> Response {
    let frame = Frame { title, script: html! {}, now: html! {}, lost: html! {} };
    (as_html(), document(scene, &frame, main).into_string()).into_response()
}

/// What stands around the content of a page, where it is not on every page.
struct Frame<'a> {
    title: &'a str,
    script: Markup,
    now: Markup,
    lost: Markup,
}

fn document(scene: &Scene, frame: &Frame<'_>, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · cardwatch" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(format!("/assets/{}", *STYLE_NAME));
                (frame.script)
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { "cardwatch" }
                    nav aria-label="Instances" {
                        @for instance in &scene.snapshot {
                            a href=(format!("/instances/{}", instance.name)) { (instance.name) }
                        }
                    }
                    (frame.now)
                }
                (frame.lost)
                main #main { (main) }
                footer {
                    p {
                        "cardwatch " (env!("CARGO_PKG_VERSION")) " · " a href="/runbook" { "runbook" } " · "
                        a href="/metrics" { "metrics" } " · " a href="/api/v1/openapi.json" { "API" }
                    }
                }
            }
        }
    }
}

fn as_html() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ]
}

/// A page that says what is not there, or went wrong, and where to go from here.
pub(super) fn apology(status: StatusCode, scene: &Scene, what: &str) -> Response {
    let head = Head { title: what.to_owned(), here: "/".to_owned() };
    page(status, scene, &head, &html! { h1 { (what) } p { a href="/" { "To the status page" } } })
}

/// `/assets/{name}`
pub(in super::super) async fn asset(Path(name): Path<String>) -> Response {
    let (content_type, body) = match name {
        name if name == *STYLE_NAME => ("text/css; charset=utf-8", STYLE),
        name if name == *SCRIPT_NAME => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, body).into_response()
}

/// FNV-1a: enough to tell one version of a file from another.
fn mark(content: &str) -> String {
    let mark = content
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut text = String::new();
    // Writing to a text never fails.
    let _ = write!(text, "{mark:016x}");
    text
}
