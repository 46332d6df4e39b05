//! Reading the body of an answer. Owns telling Domo's JSON from everything else that may arrive in its
//! place, and doing so in bounded memory, however large the answer is; what the answer means is not its.

use std::borrow::Cow;

use hyper::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::de::{Deserializer, StrRead};
use serde_json::error::Category;

use super::conceal::Secrets;
use super::loose::Top;
use super::sieve::Sieve;
use super::surrogates::mended;
use super::transport::{Answer, Unanswered};
use super::wire::Said;
use crate::domain::foreign::clipped;
use crate::domain::verdict::{Body, Envelope};

/// Answers up to this many bytes are read whole; of larger ones only what is worth it is kept.
const WHOLE: usize = 64 * 1024;

/// The type of a foreign page.
const HTML: &str = "text/html";

/// The longest title of a foreign page that is kept, in characters.
const TITLE: usize = 100;

/// What a call hopes to be answered.
pub(super) trait Shape: DeserializeOwned + Send + 'static {
    /// Whether it is a list instead of an object.
    const LIST: bool = false;

    /// The HTTP status that the body itself claims, where it may claim one.
    fn status(&self) -> Option<u16> {
        None
    }

    /// Cuts secrets out of the words that are passed on, where it has any.
    fn conceal(&mut self, _secrets: Secrets<'_>) {}
}

/// What the body of an answer held.
#[derive(Debug)]
pub(super) enum Content<T> {
    /// What the call hoped for.
    Wanted(T),
    /// A JSON object of another shape: Domo's envelope.
    Envelope(Envelope),
    /// Nothing at all.
    Empty,
    /// JSON, but no object.
    OtherJson,
    /// No body was looked at: the answer redirects to this place.
    Redirect(String),
    /// A page of HTML, and its title.
    Html(Option<String>),
    /// Something else, and what.
    NotJson(&'static str),
}

impl<T> Content<T> {
    /// What it is, where it is nothing that Domo's API says.
    pub(super) fn foreign(&self) -> Option<String> {
        match self {
            Self::Redirect(to) => Some(format!("a redirect to {to}")),
            Self::Html(None) => Some("a page of HTML".to_owned()),
            Self::Html(Some(title)) => Some(format!("a page of HTML titled '{title}'")),
            Self::NotJson(what) => Some((*what).to_owned()),
            Self::Wanted(_) | Self::Envelope(_) | Self::Empty | Self::OtherJson => None,
        }
    }
}

impl From<Content<Said>> for Body {
    fn from(content: Content<Said>) -> Self {
        if let Some(what) = content.foreign() {
            return Self::Foreign(what);
        }
        match content {
            Content::Wanted(said) => Self::Object(said.into()),
            Content::Envelope(envelope) => Self::Object(envelope),
            Content::OtherJson => Self::OtherJson,
            Content::Empty | Content::Redirect(_) | Content::Html(_) | Content::NotJson(_) => Self::Empty,
        }
    }
}

/// What the whole body of a render's answer was; `html` where its type is said to be HTML.
pub fn of_render(body: &[u8], html: bool) -> Body {
    parse_whole::<Said>(body, html, true).into()
}

/// As [`of_render`], of a body that is too large to be held and comes in these pieces.
pub fn of_large_render<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Body {
    let mut sieve = Sieve::new(false);
    let walked = pieces.into_iter().try_for_each(|piece| sieve.push(piece));
    sifted::<Said>(walked.and_then(|()| sieve.finish()), true).into()
}

/// Reads the body of an answer. Fails where the connection breaks first.
pub(super) async fn read<T: Shape>(mut answer: Answer) -> Result<Content<T>, Unanswered> {
    let html = is_html(&answer);
    let success = answer.status().is_success();
    let mut head = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        head.extend_from_slice(&chunk);
        if head.len() > WHOLE {
            return if html || begins_as_html(&head) {
                // Its beginning has all that is told of it; the rest is not worth the time.
                Ok(Content::Html(title(&head)))
            } else {
                read_on(head, answer, success).await
            };
        }
    }
    Ok(parse_whole(&head, html, success))
}

fn is_html(answer: &Answer) -> bool {
    let kind = answer.header(CONTENT_TYPE).map(str::trim_start);
    kind.and_then(|kind| kind.get(..HTML.len())).is_some_and(|kind| kind.eq_ignore_ascii_case(HTML))
}

/// What the whole body of an answer was.
pub(super) fn parse_whole<T: Shape>(body: &[u8], html: bool, success: bool) -> Content<T> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Content::Empty;
    }
    if html || begins_as_html(body) {
        return Content::Html(title(body));
    }
    // Letters that are not UTF-8 make a title ugly, not the answer foreign.
    let text = str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    let text = mended(text.trim_start_matches('\u{feff}'));
    if !success {
        return envelope(&text);
    }
    let parsed = if T::LIST { parse::<T>(&text).map(Top::Object) } else { parse::<Top<T>>(&text) };
    match parsed {
        Ok(Top::Object(wanted)) => Content::Wanted(wanted),
        Ok(Top::Other) => Content::OtherJson,
        Err(error) if error.is_data() => envelope(&text),
        Err(error) => Content::NotJson(what_else(&error)),
    }
}

fn envelope<T>(text: &str) -> Content<T> {
    match parse::<Top<Said>>(text) {
        Ok(Top::Object(said)) => Content::Envelope(said.into()),
        Ok(Top::Other) => Content::OtherJson,
        Err(error) => Content::NotJson(what_else(&error)),
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = Deserializer::new(StrRead::new(text));
    let top = serde::Deserialize::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(top)
}

fn what_else(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "JSON that ends early",
        Category::Data => "JSON of another shape",
        Category::Syntax | Category::Io => "text that is not JSON",
    }
}

/// Reads a large body on, and parses what is worth it.
async fn read_on<T: Shape>(head: Vec<u8>, mut answer: Answer, success: bool) -> Result<Content<T>, Unanswered> {
    let mut sieve = Sieve::new(T::LIST);
    let mut walked = sieve.push(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head));
    drop(head);
    while walked.is_ok()
        && let Some(chunk) = answer.chunk().await?
    {
        walked = sieve.push(&chunk);
    }
    Ok(sifted(walked.and_then(|()| sieve.finish()), success))
}

fn sifted<T: Shape>(kept: Result<Vec<u8>, &'static str>, success: bool) -> Content<T> {
    match kept {
        Ok(kept) => parse_whole(&kept, false, success),
        Err(what) => Content::NotJson(what),
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn begins_as_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The title of a page of HTML, its white space made even.
fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    // Lower case in ASCII alone, so that places in one text are places in the other.
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let length = lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = text.get(start..start + length)?.split_whitespace().collect();
    let title = clipped(&words.join(" "), TITLE);
    (!title.is_empty()).then_some(title)
}
