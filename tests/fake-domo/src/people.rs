//! The users of an instance: who owns a card, and which mail address that is. Owns the default address of an owner;
//! groups are no users.

use std::collections::BTreeMap;

use crate::instance::{Instance, Owner};

/// What was said of users by hand; all others are known by what they own.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    named: BTreeMap<i64, String>,
    emails: BTreeMap<i64, Option<String>>,
}

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
}

impl Instance {
    pub(crate) fn add_person(&mut self, id: i64, name: &str, email: Option<&str>) {
        self.people.named.insert(id, name.to_owned());
        self.set_email(id, email);
    }

    pub(crate) fn set_email(&mut self, id: i64, email: Option<&str>) {
        self.people.emails.insert(id, email.map(str::to_owned));
    }

    /// The user of this id: named by hand, or the owner of something.
    pub(crate) fn person(&self, id: i64) -> Option<Person> {
        let name = self.people.named.get(&id).or_else(|| Some(&self.owner(id)?.name))?;
        let email = self.people.emails.get(&id).cloned().unwrap_or_else(|| Some(default_email(name)));
        Some(Person { id, name: name.clone(), email })
    }

    fn owner(&self, id: i64) -> Option<&Owner> {
        let of_cards = self.cards.values().flat_map(|card| &card.owners);
        let of_pages = self.pages.values().flat_map(|page| &page.owners);
        let of_apps = self.apps.values().flat_map(|app| &app.owners);
        of_cards.chain(of_pages).chain(of_apps).find(|owner| owner.id == id && !owner.group)
    }
}

/// `dana@example.com` for Dana Reyes.
fn default_email(name: &str) -> String {
    let first = name.split_whitespace().next().unwrap_or("user");
    let local: String = first.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}@example.com", local.to_ascii_lowercase())
}
