//! What is asked for in an address: an instance, and a page or a card of it by id. Owns reading that, and what a reader is
//! told who asks for something that is not there, or when the database cannot be read.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::scene::Scene;
use super::shell::apology;
use crate::domain::counted::Counted;
use crate::domain::foreign::one_line;
use crate::domain::snapshot::InstanceSnapshot;
use crate::http::Board;
use crate::store::StoreError;

/// What a reader wrote is repeated up to so many characters.
const REPEATED: usize = 60;

/// The parts of an address below `/instances`.
pub(super) type Asked<T> = Result<Path<T>, PathRejection>;

/// Why there is no page to show.
pub(super) enum Missing {
    /// The address cannot be read.
    Unreadable,
    /// No such instance is configured.
    Instance(String),
    /// What should be the id of such a thing is no number.
    Id(&'static str, String),
    /// What the address gives for this key is no number.
    Number(&'static str, String),
    /// The instance has no such thing.
    Nothing(String),
    /// The database cannot be read.
    Database(StoreError),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Database(error)
    }
}

/// Any address at which there is nothing.
pub(in super::super) async fn nowhere(State(board): State<Board>) -> Response {
    apology(StatusCode::NOT_FOUND, &Scene::of(&board), "There is nothing at this address")
}

/// The instance of that name.
pub(super) fn instance<'a>(scene: &'a Scene, name: &str) -> Result<&'a InstanceSnapshot, Missing> {
    counted(scene, name).map(|(instance, _)| instance)
}

/// The instance of that name, with what is counted of it.
pub(super) fn counted<'a>(scene: &'a Scene, name: &str) -> Result<(&'a InstanceSnapshot, &'a Counted), Missing> {
    scene.counted_of(name).ok_or_else(|| Missing::Instance(one_line(name, REPEATED)))
}

/// The id that an address holds, of a thing that is called so.
pub(super) fn id(what: &'static str, text: &str) -> Result<i64, Missing> {
    text.parse().map_err(|_| Missing::Id(what, one_line(text, REPEATED)))
}

/// What was asked for, where the address can be read.
pub(super) fn asked<T>(asked: Asked<T>) -> Result<T, Missing> {
    asked.map(|Path(asked)| asked).map_err(|_| Missing::Unreadable)
}

impl Missing {
    /// A page that says so.
    pub(super) fn answer(&self, scene: &Scene) -> Response {
        let (status, what) = match self {
            Self::Unreadable => (StatusCode::BAD_REQUEST, "This address cannot be read".to_owned()),
            Self::Instance(name) => (StatusCode::NOT_FOUND, format!("No instance is called '{name}'")),
            Self::Id(what, text) => {
                (StatusCode::BAD_REQUEST, format!("'{text}' is not the id of a {what}, which is a number"))
            }
            Self::Number(key, text) => {
                (StatusCode::BAD_REQUEST, format!("'{text}' cannot stand for '{key}' in an address: it is no number"))
            }
            Self::Nothing(what) => (StatusCode::NOT_FOUND, what.clone()),
            Self::Database(error) => {
                // The log says more than the page does: the reader may be anybody.
                tracing::error!("a page could not be made: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "The database cannot be read now; the log says why".to_owned())
            }
        };
        apology(status, scene, &what)
    }
}

/// The number that a query gives for a key, where it gives any.
pub(super) fn number<N: std::str::FromStr>(query: Option<&str>, key: &'static str) -> Result<Option<N>, Missing> {
    let written = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let value = written.into_iter().find(|(found, value)| found == key && !value.trim().is_empty());
    let Some((_, value)) = value else { return Ok(None) };
    let not_one = |_| Missing::Number(key, one_line(&value, REPEATED));
    value.trim().parse().map(Some).map_err(not_one)
}
