//! `/runbook`: what each alert and message means and what to do about it, at hand where they are seen. Owns making the
//! page out of `docs/runbook.md`; what it says is written there.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use super::scene::Scene;
use super::shell::unchanging;
use crate::http::Board;

/// Compiled in: the page tells of the version that serves it.
const TEXT: &str = include_str!("../../../docs/runbook.md");

static CONTENT: LazyLock<Markup> = LazyLock::new(|| {
    let (title, rest) = TEXT.split_once("\n\n").unwrap_or_default();
    html! {
        article.book {
            (PreEscaped(rendered(title)))
            (chapters(rest))
            (PreEscaped(rendered(rest)))
        }
    }
});

pub(in super::super) async fn runbook(State(board): State<Board>) -> Response {
    unchanging(&Scene::of(&board), "Runbook", &CONTENT)
}

/// Markdown as HTML: each heading can be linked to, what is HTML already is shown as text, and tables stand in a box that
/// scrolls by itself.
fn rendered(markdown: &str) -> String {
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(as_text).collect();
    let mut shaped = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let id = Some(anchor(&events[at + 1..]).into());
                let (level, classes, attrs) = (*level, classes.clone(), attrs.clone());
                shaped.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Event::Start(Tag::Table(_)) => {
                shaped.extend([Event::Html(CowStr::Borrowed("<div class=\"sheet rows\">")), event.clone()]);
            }
            Event::End(TagEnd::Table) => shaped.extend([event.clone(), Event::Html(CowStr::Borrowed("</div>"))]),
            _ => shaped.push(event.clone()),
        }
    }
    let mut html = String::with_capacity(2 * markdown.len());
    push_html(&mut html, shaped.into_iter());
    html
}

/// Where the chapters begin, of several on one subject the first.
fn chapters(markdown: &str) -> Markup {
    let titles = markdown.lines().filter_map(|line| line.strip_prefix("## ")).filter(|title| !title.contains(':'));
    html! {
        nav aria-label="Chapters" {
            ul.sets { @for title in titles { li { a href=(format!("#{}", slug(title))) { (title) } } } }
        }
    }
}

fn as_text(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        event => event,
    }
}

/// The address of the heading that begins here, as GitHub makes it of its words: a link into the file holds on the page.
fn anchor(from: &[Event<'_>]) -> String {
    let words = from.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let words = words.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    slug(&words.collect::<String>())
}

fn slug(words: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    words.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::rendered;

    #[test]
    fn html_within_the_text_is_shown_and_not_obeyed() {
        let html = rendered("a <b>word</b>\n\n<script>alert(1)</script>\n\n[here](javascript:alert(1))");
        assert!(!html.contains("<b>") && !html.contains("<script>"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn a_heading_has_the_address_that_github_gives_it() {
        let html = rendered("### storage.path: cannot use … as `the` database\n");
        let id = "id=\"storagepath-cannot-use--as-the-database\"";
        assert!(html.contains(id), "{html}");
    }
}
