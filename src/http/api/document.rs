//! The description of the API (`OpenAPI` 3.1), and the table that it and the router are made from, so that neither has an
//! address that the other has not. Owns what holds for every answer; what one address answers is said where its handler
//! is.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Description, Ref, RefOr, Schema};
use utoipa::{Modify, OpenApi};

use super::answer;
use super::asked::{Nothing, Params};
use super::problem::Problem;
use super::{cards, document, incidents, instances, past, sweeps};
use crate::http::Board;

pub(super) const PATH: &str = "/api/v1/openapi.json";

const ABOUT: &str = "Which cards of Domo render, which do not and why, as cardwatch knows it. Read-only: any method but \
    GET and HEAD is answered with 405. Ids are numbers, instants RFC 3339 in UTC; a field that says nothing is null and \
    never left out. Further fields may come. Lists are given in parts: `next` is the cursor of the part that follows. \
    Every answer has an ETag, and the same answer the same one: ask with If-None-Match.";

macro_rules! addresses {
    ($($module:ident::$handler:ident),+ $(,)?) => {
        /// Every address that is described.
        pub(super) fn routes() -> Router<Board> {
            Router::new()$(.route($module::PATH, get($module::$handler)))+
        }

        #[derive(OpenApi)]
        #[openapi(
            info(title = "cardwatch", description = ABOUT),
            paths($($module::$handler),+),
            components(schemas(Problem)),
            modifiers(&Common)
        )]
        struct Document;
    };
}

addresses!(instances::list, incidents::list, cards::list, past::one, sweeps::list, document::describe);

/// This description.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "openapi",
    tag = "description",
    responses((status = 200, description = "The description of the API.", body = Object))
)]
pub(super) async fn describe(_: State<Board>, _: Params<Nothing>) -> Result<Response, Problem> {
    answer::json(&Document::openapi())
}

/// What holds for every address.
struct Common;

impl Modify for Common {
    fn modify(&self, description: &mut Description) {
        for path in description.paths.paths.values_mut() {
            if let Some(operation) = &mut path.get {
                describe_common(operation);
            }
        }
        description.security = Some(vec![SecurityRequirement::default(), requirement()]);
        if let Some(components) = &mut description.components {
            components.schemas.values_mut().for_each(require_all);
            let login = Http::builder().scheme(HttpAuthScheme::Basic);
            let login = login.description(Some("Where the operator set a login (http.basic_auth)."));
            components.add_security_scheme(LOGIN, SecurityScheme::Http(login.build()));
        }
    }
}

const LOGIN: &str = "login";

fn requirement() -> SecurityRequirement {
    SecurityRequirement::new(LOGIN, Vec::<String>::new())
}

/// The answers that every address may give, and the tag of the one that is wanted.
fn describe_common(operation: &mut Operation) {
    let answers = &mut operation.responses.responses;
    if let Some(RefOr::T(found)) = answers.get_mut("200") {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let tag = HeaderBuilder::new().schema(Some(text)).description(Some("The tag of this answer: a strong one."));
        found.headers.insert("ETag".to_owned(), RefOr::T(tag.build()));
    }
    let text = |description: &str| {
        let content = ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        ResponseBuilder::new().description(description).content("text/plain; charset=utf-8", content.build())
    };
    let problem = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        ResponseBuilder::new().description(description).content("application/problem+json", content.build())
    };
    let unchanged = ResponseBuilder::new().description("The answer is the one that If-None-Match names.");
    for (status, answer) in [
        ("304", unchanged),
        ("400", problem("A parameter is unknown, or is not what it may be; the detail says which and what.")),
        ("401", text("The login is missing or wrong.")),
        ("403", text("No login is configured, and the address is open to the network.")),
        ("500", problem("The answer cannot be given now; the log says why.")),
    ] {
        answers.insert(status.to_owned(), RefOr::T(answer.build()));
    }
}

/// Every field is always there.
fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required = object.properties.keys().cloned().collect(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(require_all),
        RefOr::T(Schema::Array(_) | Schema::OneOf(_) | Schema::AnyOf(_) | _) | RefOr::Ref(_) => {}
    }
}
