//! Reading the body of an answer. Owns telling Domo's JSON from everything else that may arrive in its
//! place, and doing so in bounded memory, however large the answer is; what the answer means is not its.

use std::io::{self, Read};

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::de::{Deserializer, IoRead, StrRead};
use serde_json::error::Category;
use tokio::sync::mpsc;

use super::loose::Top;
use super::wire::Said;
use crate::domain::verdict::{Body, Envelope};

/// Answers up to this many bytes are read whole; larger ones are parsed as they come.
const WHOLE: usize = 64 * 1024;

/// Chunks between the connection and the parser.
const CHUNKS: usize = 4;

/// The longest title of a foreign page that is kept, in characters.
const TITLE: usize = 100;

/// What a call hopes to be answered.
pub(super) trait Shape: DeserializeOwned + Send + 'static {
    /// The HTTP status that the body itself claims, where it may claim one.
    fn status(&self) -> Option<u16> {
        None
    }
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

/// Reads the body of an answer. Fails where the connection breaks first.
pub(super) async fn read<T: Shape>(mut response: Response) -> Result<Content<T>, reqwest::Error> {
    let html = is_html(&response);
    let success = response.status().is_success();
    let mut head = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        head.extend_from_slice(&chunk);
        if head.len() > WHOLE {
            return if html || begins_as_html(&head) {
                // Its beginning has all that is told of it; the rest is not worth the time.
                Ok(Content::Html(title(&head)))
            } else {
                read_on(head, response, success).await
            };
        }
    }
    Ok(parse_whole(&head, html, success))
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn parse_whole<T: Shape>(body: &[u8], html: bool, success: bool) -> Content<T> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Content::Empty;
    }
    if html || begins_as_html(body) {
        return Content::Html(title(body));
    }
    // Letters that are not UTF-8 make a title ugly, not the answer foreign.
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}');
    if !success {
        return envelope(text);
    }
    match parse::<T, _>(Deserializer::new(StrRead::new(text))) {
        Ok(Top::Object(wanted)) => Content::Wanted(wanted),
        Ok(Top::Other) => Content::OtherJson,
        Err(error) if error.is_data() => envelope(text),
        Err(error) => Content::NotJson(what_else(&error)),
    }
}

fn envelope<T>(text: &str) -> Content<T> {
    match parse::<Said, _>(Deserializer::new(StrRead::new(text))) {
        Ok(Top::Object(said)) => Content::Envelope(said.into()),
        Ok(Top::Other) => Content::OtherJson,
        Err(error) => Content::NotJson(what_else(&error)),
    }
}

fn parse<'de, T, R>(mut deserializer: Deserializer<R>) -> serde_json::Result<Top<T>>
where
    T: serde::Deserialize<'de>,
    R: serde_json::de::Read<'de>,
{
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

/// Parses a large body on a thread of its own while it arrives.
///
/// When this future is dropped, the channel closes and the thread ends with what it has.
async fn read_on<T: Shape>(head: Vec<u8>, mut response: Response, success: bool) -> Result<Content<T>, reqwest::Error> {
    let (chunks, body) = mpsc::channel(CHUNKS);
    let parser = tokio::task::spawn_blocking(move || parse_stream(Arriving { head, at: 0, body, now: None }, success));
    while let Some(chunk) = response.chunk().await? {
        if chunks.send(chunk).await.is_err() {
            // The parser has seen enough.
            break;
        }
    }
    drop(chunks);
    Ok(parser.await.unwrap_or(Content::NotJson("JSON that could not be read")))
}

fn parse_stream<T: Shape>(body: impl Read, success: bool) -> Content<T> {
    let deserializer = Deserializer::new(IoRead::new(io::BufReader::new(body)));
    let content = if success {
        parse::<T, _>(deserializer).map(|top| top.object().map(Content::Wanted))
    } else {
        parse::<Said, _>(deserializer).map(|top| top.object().map(|said| Content::Envelope(said.into())))
    };
    match content {
        Ok(object) => object.unwrap_or(Content::OtherJson),
        Err(error) => Content::NotJson(what_else(&error)),
    }
}

/// A body that is still arriving, as a parser reads it.
struct Arriving<B> {
    head: Vec<u8>,
    at: usize,
    body: mpsc::Receiver<B>,
    now: Option<B>,
}

impl<B: AsRef<[u8]>> Read for Arriving<B> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let current = self.now.as_ref().map_or(self.head.as_slice(), AsRef::as_ref);
            let taken = current.get(self.at..).unwrap_or_default().read(into)?;
            if taken > 0 || into.is_empty() {
                self.at += taken;
                return Ok(taken);
            }
            let Some(next) = self.body.blocking_recv() else { return Ok(0) };
            self.now = Some(next);
            self.at = 0;
        }
    }
}

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
    let title: String = words.join(" ").chars().take(TITLE).collect();
    (!title.is_empty()).then_some(title)
}
