//! How cardwatch signs in, to Domo and elsewhere. Owns which keys make a login, and that an instance has
//! exactly one kind of credential; fetching a secret belongs to [`secret_source`].

use super::problems::{Mistake, quote};
use super::secret::Secret;
use super::secret_source;
use super::section::{Entry, Read, Section, Told};
use super::valid::{Credential, Login};

const REMEDY: &str =
    "give it an access_token (Domo: Admin > Authentication > Access tokens), or a username and a password";

/// The credential of an instance: an access token, or a user name and a password.
pub(super) fn of_instance(section: &mut Section<'_>) -> Read<Credential> {
    if section.has("access_token") && (section.has("username") || section.has("password")) {
        section.mistake(
            "there are two credentials, an access_token and a username or password",
            "keep one, and remove the other",
        );
    }
    let token = section.take("access_token").map(access_token).transpose();
    let login = login(section);
    match (token?, login?) {
        (Some(token), None) => Ok(Credential::AccessToken(token)),
        (None, Some(login)) => Ok(Credential::Password(login)),
        (Some(_), Some(_)) => Err(Told),
        (None, None) => Err(section.mistake("there is no credential", REMEDY)),
    }
}

/// A user name and its password, where there is either.
pub(super) fn login(section: &mut Section<'_>) -> Read<Option<Login>> {
    match (section.take("username"), section.take("password")) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => {
            let (username, password) = (username.parse(user_name), secret_source::read(password));
            Ok(Some(Login { username: username?, password: password? }))
        }
        (Some(username), None) => Err(username.mistake("there is no password for this user", "add the password")),
        (None, Some(password)) => Err(password.mistake("there is no username for this password", "add the username")),
    }
}

fn user_name(text: &str) -> Result<String, Mistake> {
    if text.is_empty() || text.contains(char::is_control) {
        let what = format!("{} is not a user name", quote(text));
        return Err(Mistake::new(what, "write the name of the user who signs in"));
    }
    Ok(text.to_owned())
}

/// A token travels in a header, which holds visible ASCII alone (RFC 9110, section 5.5).
fn access_token(entry: Entry<'_>) -> Read<Secret> {
    let place = entry.without_value();
    let (secret, holder) = secret_source::read_from(entry)?;
    if secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(secret);
    }
    let within = holder.map(|holder| format!(" in {holder}")).unwrap_or_default();
    let what = format!("the token{within} holds a blank, a line break or a letter beyond ASCII");
    Err(place.mistake(what, "copy the token anew, as one line"))
}
