//! How cardwatch signs in, to Domo and elsewhere. Owns which keys make a login, and that an instance has
//! exactly one kind of credential; fetching a secret belongs to [`super::secret_source`].

use super::problems::{Mistake, quote};
use super::secret::Secret;
use super::secret_source;
use super::section::{Entry, Section, optional};
use super::valid::{Credential, Login};

const REMEDY: &str =
    "give it an access_token (Domo: Admin > Authentication > Access tokens), or a username and a password";

/// The credential of an instance: an access token, or a user name and a password.
pub(super) fn of_instance(section: &mut Section<'_>) -> Option<Credential> {
    let both = section.has("access_token") && (section.has("username") || section.has("password"));
    if both {
        section.mistake(
            "there are two credentials, an access_token and a username or password",
            "keep one, and remove the other",
        );
    }
    let token = optional(section.take("access_token"), access_token);
    let login = login(section);
    match (token?, login?) {
        (Some(token), None) => Some(Credential::AccessToken(token)),
        (None, Some(login)) => Some(Credential::Password(login)),
        (Some(_), Some(_)) => None,
        (None, None) => {
            section.mistake("there is no credential", REMEDY);
            None
        }
    }
}

/// A user name and its password; `Some(None)` where there is neither.
pub(super) fn login(section: &mut Section<'_>) -> Option<Option<Login>> {
    let (username, password) = (section.take("username"), section.take("password"));
    let half = match (&username, &password) {
        (Some(username), None) => Some((username, "there is no password to it", "add the password")),
        (None, Some(password)) => Some((password, "there is no username to it", "add the username")),
        (Some(_), Some(_)) | (None, None) => None,
    };
    if let Some((entry, what, remedy)) = half {
        entry.mistake(what, remedy);
    }
    let is_half = half.is_some();
    let username = optional(username, |entry| entry.parse(user_name));
    let password = optional(password, secret_source::read);
    match (username?, password?) {
        (Some(username), Some(password)) => Some(Some(Login { username, password })),
        _ if is_half => None,
        _ => Some(None),
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
fn access_token(entry: Entry<'_>) -> Option<Secret> {
    let secret = secret_source::read(entry.clone())?;
    if secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(secret);
    }
    entry.mistake("the token holds a blank, a line break or a letter beyond ASCII", "copy the token anew, as one line");
    None
}
