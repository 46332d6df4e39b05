//! Secrets that come back. Domo, or a proxy before it, may repeat in an error what it was sent, and its words reach
//! logs, mails and the database. Owns cutting them out of every text that is passed on; it does not own how long such
//! a text may be.

use reqwest::header::HeaderValue;

use super::body::{Content, Shape};
use crate::config::secret::Secret;
use crate::config::valid::Credential;
use crate::domain::verdict::Envelope;

/// What must not be repeated.
#[derive(Debug, Clone)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Those of a credential.
    pub(super) fn of(credential: &Credential) -> Self {
        match credential {
            Credential::AccessToken(token) => Self(vec![token.clone()]),
            Credential::Password(login) => Self(vec![login.password.clone()]),
        }
    }

    /// With the session of one request.
    pub(super) fn with(&self, session: Option<&HeaderValue>) -> Self {
        let session = session.and_then(|value| value.to_str().ok()).map(Secret::new);
        Self(self.0.iter().cloned().chain(session).collect())
    }

    /// Cuts them out of one text.
    pub(super) fn cut(&self, words: &mut String) {
        for secret in &self.0 {
            secret.conceal(words);
        }
    }
}

/// Cuts the secrets out of whatever an answer says in words.
pub(super) fn conceal<T: Shape>(content: &mut Content<T>, secrets: &Secrets) {
    match content {
        Content::Wanted(wanted) => wanted.conceal(secrets),
        Content::Envelope(envelope) => in_envelope(envelope, secrets),
        Content::Redirect(words) | Content::Html(Some(words)) => secrets.cut(words),
        Content::Html(None) | Content::Empty | Content::OtherJson | Content::NotJson(_) => {}
    }
}

fn in_envelope(envelope: &mut Envelope, secrets: &Secrets) {
    let Envelope { status: _, status_reason, message, error, columns, summary: _, trace } = envelope;
    let texts = [status_reason, message, error, trace].into_iter().flatten().chain(columns);
    texts.for_each(|words| secrets.cut(words));
}
