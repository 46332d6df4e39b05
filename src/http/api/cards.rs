//! `/api/v1/cards`: the cards that a query matches. Owns the list; what is said of each card is
//! [`card`](super::card)'s.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::asked::{Ask, Asked, Params};
use super::card::Card;
use super::cursor::{self, AfterCard};
use super::data::sets;
use super::problem::{MISSING, Problem};
use super::seen::Seen;
use crate::domain::ids::{InstanceName, PageId};
use crate::domain::search::{self, Query, Which};
use crate::http::Board;

pub(super) const PATH: &str = "/api/v1/cards";

/// Which cards are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CardsAsked {
    /// Cards of this instance alone.
    #[param(value_type = Option<String>)]
    instance: Option<InstanceName>,
    /// Cards on the page of this id alone.
    #[param(value_type = Option<i64>)]
    page: Option<PageId>,
    /// Cards of this set alone: those in a state, or `muted` (of the broken ones), `flapping`, `slow` and `no_data` (of
    /// the working ones).
    #[param(schema_with = sets, required = false)]
    state: Option<Which>,
    /// Words, each of which has to be in the id, the title, a page's title, an owner's name, a dataset's name or the
    /// reason, in whatever case.
    #[param(value_type = Option<String>)]
    q: String,
    /// So many cards at most; 100 where it is left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: usize,
    /// Where to go on: `next` of the answer before.
    #[param(value_type = Option<String>)]
    cursor: Option<AfterCard>,
}

impl Ask for CardsAsked {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        let sets = Which::ALL.map(Which::name).join(", ");
        Ok(Self {
            instance: asked.instance()?,
            page: asked.parsed("page", "the id of a page, a whole number", |id| id.parse().ok().map(PageId))?,
            state: asked.parsed("state", &format!("one of {sets}"), Which::named)?,
            q: asked.text("q").unwrap_or_default().to_owned(),
            limit: asked.limit()?,
            cursor: asked.cursor()?,
        })
    }
}

/// A part of the cards that match.
#[derive(Serialize, ToSchema)]
pub(super) struct Cards {
    /// By instance in the order of the configuration, and by id.
    cards: Vec<Card>,
    /// The cursor of the part that follows; null = this is the last.
    next: Option<String>,
}

/// The cards that match, by instance and id.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "cards",
    params(CardsAsked),
    responses(
        (
            status = 200,
            description = "A part of the cards that match.",
            body = Cards,
            headers(("Link" = String, description = "Where a part follows: its address, as `rel=\"next\"`."))
        ),
        (status = 404, description = MISSING, body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn list(
    State(board): State<Board>,
    Params(query, asked): Params<CardsAsked>,
) -> Result<Response, Problem> {
    let seen = Seen::of(&board);
    let (cards, next) = query.part(&seen)?;
    answer::list(&Cards { cards, next: next.clone() }, PATH, &asked, next.as_deref())
}

impl CardsAsked {
    /// The cards that follow the cursor, and the cursor of those after them.
    fn part(self, seen: &Seen) -> Result<(Vec<Card>, Option<String>), Problem> {
        let Self { instance, page, state, q, limit, cursor } = self;
        let asked = seen.asked(instance.as_ref())?;
        if let Some(page) = page {
            Seen::must_have(asked, page)?;
        }
        let from = Seen::from(asked, cursor.as_ref().map(|AfterCard(instance, _)| instance))?;
        let query = Query { instance: None, page, which: state, text: q };
        let found = search::search(from, &query, seen.now, seen.stale_after(), |instance| seen.kept.texts(instance));
        let given = |found: &search::Match<'_>| {
            cursor.as_ref().is_some_and(|AfterCard(name, last)| found.instance.name == *name && found.id <= *last)
        };
        let (found, more) = answer::part(found.skip_while(given), limit);
        let last = found.last().filter(|_| more);
        let next = last.map(|last| cursor::write(&AfterCard(last.instance.name.clone(), last.id)));
        Ok((found.iter().map(|found| Card::of(seen, found)).collect(), next))
    }
}
