//! Which owners are mailed about their own cards. Owns what the keys of `[alerts]` on owners may be; who owns what,
//! Domo says.

use std::collections::BTreeSet;

use url::Host;

use super::problems::{Mistake, quote};
use super::section::{Entry, Read, Section};
use crate::domain::owners::{OwnerPolicy, domain_of_hosts};

const DOMAINS_REMEDY: &str = "name the domains whose owners may be mailed, like [\"example.com\"]";

/// Whether owners are mailed, and which.
pub(super) fn read(section: &mut Section<'_>) -> Read<Option<OwnerPolicy>> {
    let notify = section.boolean("notify_owners");
    let entry = section.set("owner_domains");
    let domains = entry.as_ref().map_err(|told| *told).and_then(domains);
    let most_mails = section.integer("max_owner_mails", 1..=1_000);
    let (notify, entry, domains, most_mails) = (notify?, entry?, domains?, most_mails?);
    match (notify, domains.is_empty()) {
        (true, true) => Err(entry.mistake("the list is empty, so notify_owners would mail nobody", DOMAINS_REMEDY)),
        (true, false) => Ok(Some(OwnerPolicy { domains, most_mails })),
        (false, true) => Ok(None),
        (false, false) => {
            entry.reading.warn(
                "alerts.owner_domains: it does nothing, since alerts.notify_owners is false; set that to true, or remove the domains",
            );
            Ok(None)
        }
    }
}

fn domains(entry: &Entry<'_>) -> Read<BTreeSet<String>> {
    let domains: Vec<Read<String>> = entry.list(DOMAINS_REMEDY)?.iter().map(|item| item.parse(domain)).collect();
    Ok(entry.each_once(domains.into_iter().collect::<Read<_>>()?))
}

/// A domain as addresses have it, in lower case and in ASCII.
fn domain(text: &str) -> Result<String, Mistake> {
    let ascii = Host::parse(text).ok().and_then(|host| domain_of_hosts(&host.to_string()));
    if let Some(domain) = ascii.filter(|domain| domain.contains('.') || domain == "localhost") {
        return Ok(domain);
    }
    let what = format!("{} is not a domain", quote(text));
    Err(Mistake::new(what, "write what follows the '@' in their addresses, like \"example.com\""))
}
