//! Secrets that come back. Domo, or a proxy before it, may repeat in an error what it was sent, and its words reach
//! logs, mails and the database. Owns cutting them out of every text that is passed on; it does not own how long such
//! a text may be.

use super::body::{Content, Shape};
use crate::config::secret::Secret;
use crate::config::valid::Credential;
use crate::domain::verdict::Envelope;

/// What must not be repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secrets<'a> {
    /// The password or the access token.
    pub(super) own: &'a Secret,
    /// The session of the request, where it has one.
    pub(super) session: Option<&'a Secret>,
}

/// That of a credential.
pub(super) fn secret_of(credential: &Credential) -> &Secret {
    match credential {
        Credential::AccessToken(token) => token,
        Credential::Password(login) => &login.password,
    }
}

impl Secrets<'_> {
    /// Cuts them out of one text.
    pub(super) fn cut(&self, words: &mut String) {
        for secret in [Some(self.own), self.session].into_iter().flatten() {
            secret.conceal(words);
        }
    }
}

/// Cuts the secrets out of whatever an answer says in words.
pub(super) fn conceal<T: Shape>(content: &mut Content<T>, secrets: Secrets<'_>) {
    match content {
        Content::Wanted(wanted) => wanted.conceal(secrets),
        Content::Envelope(envelope) => in_envelope(envelope, secrets),
        Content::Redirect(words) | Content::Html(Some(words)) => secrets.cut(words),
        Content::Html(None) | Content::Empty | Content::OtherJson | Content::NotJson(_) => {}
    }
}

fn in_envelope(envelope: &mut Envelope, secrets: Secrets<'_>) {
    let Envelope { status: _, status_reason, message, error, columns, summary: _, trace } = envelope;
    let texts = [status_reason, message, error, trace].into_iter().flatten().chain(columns);
    texts.for_each(|words| secrets.cut(words));
}
