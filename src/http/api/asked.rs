//! The parameters of a request. Owns reading them strictly: what is not understood is said, since a filter that is
//! silently left out gives an answer to another question.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::cursor::{self, Cursor};
use super::problem::{Problem, quoted};
use crate::domain::ids::InstanceName;
use crate::http::Board;

/// So many rows are in an answer where nobody says how many.
const USUAL_LIMIT: usize = 100;

/// So many rows are in an answer at most.
const HIGHEST_LIMIT: usize = 500;

/// The parameters of one address: those that its description names, and no others.
pub(super) trait Ask: IntoParams + Sized {
    /// Reads them.
    fn read(asked: &Asked) -> Result<Self, Problem>;
}

/// The parameters as an argument of a handler, and as they were sent.
pub(super) struct Params<Q>(pub(super) Q, pub(super) Asked);

impl<Q: Ask> FromRequestParts<Board> for Params<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Board) -> Result<Self, Problem> {
        let names = Q::into_params(|| None).into_iter().map(|parameter| parameter.name);
        let asked = Asked::of(parts.uri.query().unwrap_or_default(), &names.collect::<Vec<_>>())?;
        Ok(Self(Q::read(&asked)?, asked))
    }
}

/// The address takes no parameters.
pub(super) struct Nothing;

impl IntoParams for Nothing {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

impl Ask for Nothing {
    fn read(_: &Asked) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// What was sent, by name. A parameter without a value counts as not sent, as forms send it.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    fn of(query: &str, known: &[String]) -> Result<Self, Problem> {
        let mut sent = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.iter().any(|known| *known == name) {
                return Err(unknown(&name, known));
            }
            if !value.is_empty() && sent.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::asked(format!("the parameter {} is there twice; send it once", quoted(&name))));
            }
        }
        Ok(Self(sent))
    }

    /// What a parameter says.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What a parameter says, read by `read`; `may_be` says what it may be.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        may_be: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = || Problem::asked(format!("the parameter '{name}' is {may_be}, not {}", quoted(text)));
        read(text).map(Some).ok_or_else(bad)
    }

    /// The parameter `instance`.
    pub(super) fn instance(&self) -> Result<Option<InstanceName>, Problem> {
        let may_be = "the name of an instance, 1 to 63 of a-z, 0-9, '_' and '-'";
        self.parsed("instance", may_be, |text| text.parse().ok())
    }

    /// The parameter `limit`.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
        Ok(self.parsed("limit", "a number from 1 to 500", read)?.unwrap_or(USUAL_LIMIT))
    }

    /// The parameter `cursor`.
    pub(super) fn cursor<C: Cursor>(&self) -> Result<Option<C>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        let read = cursor::read(text).map(Some);
        read.map_err(|why| {
            let remedy = "take it unchanged from 'next' of the answer before, or leave it out to begin anew";
            Problem::asked(format!("the parameter 'cursor' {why}: {remedy}"))
        })
    }

    /// The query that asks for what follows `cursor`, with what was asked beside it.
    pub(super) fn after(&self, cursor: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| *name != "cursor");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair("cursor", cursor);
        query.finish()
    }
}

fn unknown(name: &str, known: &[String]) -> Problem {
    let quoted = quoted(name);
    if known.is_empty() {
        return Problem::asked(format!("this address takes no parameters, also not {quoted}; leave it out"));
    }
    let near = known.iter().find(|known| strsim::osa_distance(known, name) <= 2 || known.starts_with(name));
    let near = near.filter(|_| !name.is_empty()).map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default();
    Problem::asked(format!("there is no parameter {quoted}{near}; there are: {}", known.join(", ")))
}
