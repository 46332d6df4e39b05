//! Secrets as a type that cannot be printed. Owns hiding the text; where it came from is the reader's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

/// A shorter secret is part of too many words for being cut out of them.
const SHORTEST_CONCEALED: usize = 4;

/// Stands where a secret was.
const CONCEALED: &str = "[secret]";

/// A password or token. Its debug form shows nothing of it, and it has no display form.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    /// The text in base64, as a header may carry it.
    encoded: String,
}

impl Secret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { encoded: STANDARD.encode(&text), text }
    }

    /// The text itself, for the request or the login that needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Cuts the secret out of the words of somebody who may repeat what he was sent, as it is and in base64. One of
    /// fewer than 4 characters is left in.
    pub fn conceal(&self, words: &mut String) {
        if self.text.len() >= SHORTEST_CONCEALED {
            cut_out(&[&self.text, &self.encoded], words);
        }
    }
}

fn cut_out(parts: &[&str], words: &mut String) {
    for part in parts {
        if words.contains(part) {
            *words = words.replace(part, CONCEALED);
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An address that is a secret as a whole: whoever knows it may do there what cardwatch does. Its debug form shows
/// nothing of it, and it has no display form.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// Takes an address as a secret.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// The address itself, for the request that goes there.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Cuts the address and what it is made of out of the words of somebody who may repeat it. A part of fewer than 4
    /// characters is left in.
    pub fn conceal(&self, words: &mut String) {
        let url = &self.0;
        let mut parts =
            vec![url.as_str(), url.query().unwrap_or_default(), url.path(), url.host_str().unwrap_or_default()];
        parts.retain(|part| part.len() >= SHORTEST_CONCEALED);
        cut_out(&parts, words);
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretUrl(…)")
    }
}
