//! `instances.NAME.heartbeat_url`: what is asked after each sweep that decided something. Owns what such an address may
//! be. Whoever knows it can feign that cardwatch lives, so it is read like any secret, and no message repeats it.

use url::Url;

use super::address;
use super::problems::Mistake;
use super::secret::SecretUrl;
use super::secret_source;
use super::section::{Entry, Read};

const REMEDY: &str = "copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";

/// The address; `None` where secrets are not fetched.
pub(super) fn read(entry: Entry<'_>) -> Read<Option<SecretUrl>> {
    let place = entry.without_value();
    let secret = secret_source::read(entry)?;
    if secret.expose().is_empty() {
        return Ok(None);
    }
    let Mistake { what, remedy } = match parse(secret.expose()) {
        Ok(url) => return Ok(Some(SecretUrl::new(url))),
        Err(mistake) => mistake,
    };
    Err(place.mistake(what, remedy))
}

/// `https://`, or `http://` on loopback. A path and a query are the address's own; a login and a fragment are none.
fn parse(text: &str) -> Result<Url, Mistake> {
    let wrong = |what: &str| Err(Mistake::new(what, REMEDY));
    let Ok(url) = Url::parse(text) else { return wrong("what it holds is not an address") };
    if !matches!(url.scheme(), "https" | "http") {
        return wrong("the address begins with neither https:// nor http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("the address holds a login, and a heartbeat takes none");
    }
    if url.fragment().is_some() {
        return wrong("the address has a fragment");
    }
    if url.scheme() == "http" && !url.host().is_some_and(|host| address::is_loopback(&host)) {
        let what = "the address would be sent in clear text, and whoever reads it can feign that cardwatch lives";
        return Err(Mistake::new(what, "write https://, since http:// is for loopback alone"));
    }
    Ok(url)
}
