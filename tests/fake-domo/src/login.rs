//! Signing in with a password, and who is signed in. Owns every answer of the login call, the ones
//! that look like a success above all.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{Login, answer, server::Incoming, state::User};

/// `POST /api/content/v2/authentication`.
pub(crate) fn answer(request: &Incoming<'_>) -> Response {
    let text = |key: &str| request.body[key].as_str();
    let (Some("password"), Some(email), Some(password)) =
        (text("method"), text("emailAddress"), text("password"))
    else {
        return request.refuse(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let mut world = request.shared.world();
    let known = email == world.user.email && password == world.user.password;
    // A wrong password is an HTTP 200: that is Domo's way, and the point of this fake.
    let ok = |value: &Value| answer::json(StatusCode::OK, value);
    match &world.login {
        Login::EmptyObject => ok(&json!({})),
        Login::Nothing => answer::json_bytes(StatusCode::OK, ""),
        Login::Locked => ok(&failure("ACCOUNT_LOCKED")),
        Login::Refused(reason) => ok(&failure(reason)),
        Login::WrongPassword => ok(&failure("INVALID_CREDENTIALS")),
        _ if !known => ok(&failure("INVALID_CREDENTIALS")),
        Login::TwoFactors => ok(&two_factors(&world.user)),
        Login::EmptyToken => ok(&success(&world.user, "")),
        Login::WithoutTwoFactorInfo => {
            let token = world.open_session();
            let mut value = success(&world.user, &token);
            if let Some(value) = value.as_object_mut() {
                value.remove("twoFactorInfo");
            }
            ok(&value)
        }
        // The last three never come this far: the host refuses them before.
        Login::Normal
        | Login::UnknownInstance
        | Login::AddressNotAllowed
        | Login::NetworkBlocked(_) => {
            let token = world.open_session();
            ok(&success(&world.user, &token))
        }
    }
}

/// `GET /api/content/v2/users/me`.
pub(crate) fn me(request: &Incoming<'_>) -> Response {
    let user = request.shared.world().user.clone();
    let value = json!({
        "id": user.id,
        "displayName": user.name,
        "userName": user.email,
        "emailAddress": user.email,
        "avatarKey": "c605f478-0cd2-4451-9fd4-d82090b71e66",
        "accepted": true,
        "active": true,
    });
    answer::json(StatusCode::OK, &value)
}

fn failure(reason: &str) -> Value {
    json!({"success": false, "reason": reason})
}

fn success(user: &User, token: &str) -> Value {
    json!({
        "userId": user.id,
        "success": true,
        "sessionToken": token,
        "twoFactorInfo": {"token": null, "key": null, "status": "VALID", "phoneMask": null},
    })
}

fn two_factors(user: &User) -> Value {
    json!({
        "userId": user.id,
        "success": false,
        "twoFactorInfo": {
            "token": "b2JzY3VyZQ%3D%3D",
            "key": null,
            "status": "REQUIRED",
            "phoneMask": "******12",
        },
    })
}
