//! Which owners are mailed, and what counts as an address.

use std::collections::BTreeSet;

use cardwatch::domain::ids::UserId;
use cardwatch::domain::owners::{Address, Addresses, NotMailed, Owner, OwnerPolicy, pick};
use proptest::prelude::*;

use crate::nouns::owner;

fn policy(most_mails: usize) -> OwnerPolicy {
    let domains = ["example.com", "acme.example"];
    OwnerPolicy { domains: domains.into_iter().map(str::to_owned).collect(), most_mails }
}

fn group(name: &str) -> Owner {
    Owner { user: None, name: name.to_owned() }
}

fn addresses(known: &[(i64, &str)]) -> Addresses {
    known.iter().map(|(user, address)| (UserId(*user), Address::new(address))).collect()
}

/// Who is mailed, and who is not and why.
fn picked(
    concerned: &[(Owner, usize)],
    addresses: &Addresses,
    most_mails: usize,
) -> (Vec<i64>, Vec<(String, NotMailed)>) {
    let concerned = concerned.iter().map(|(owner, cards)| (owner, *cards)).collect();
    let picked = pick(concerned, addresses, &policy(most_mails));
    (picked.mailed.iter().map(|owner| owner.user.0).collect(), picked.left_out)
}

#[test]
fn an_owner_with_an_address_in_an_allowed_domain_is_mailed() {
    let jo = owner(7, "Jo");
    let picked = pick(vec![(&jo, 1)], &addresses(&[(7, "jo@acme.example")]), &policy(10));
    let [mailed] = &picked.mailed[..] else { panic!("{picked:?}") };
    assert_eq!((mailed.user, mailed.name.as_str(), mailed.to.as_str()), (UserId(7), "Jo", "jo@acme.example"));
    assert!(picked.left_out.is_empty());
}

#[test]
fn the_domain_is_read_in_any_case_and_must_be_the_whole_of_it() {
    let concerned = [(owner(1, "A"), 1), (owner(2, "B"), 1), (owner(3, "C"), 1)];
    let known = addresses(&[(1, "a@Example.COM"), (2, "b@evil-example.com"), (3, "c@sub.example.com")]);
    let other = |name: &str| (name.to_owned(), NotMailed::OtherDomain);
    assert_eq!(picked(&concerned, &known, 10), (vec![1], vec![other("B"), other("C")]));
}

#[test]
fn groups_and_owners_without_an_address_are_not_mailed() {
    let concerned = [(group("Sales BI"), 3), (owner(1, "A"), 2), (owner(2, "B"), 1)];
    let mut known = addresses(&[]);
    known.insert(UserId(2), None);
    let left_out = [("Sales BI", NotMailed::Group), ("A", NotMailed::NoAddress), ("B", NotMailed::NoAddress)];
    let left_out = left_out.map(|(name, why)| (name.to_owned(), why)).to_vec();
    assert_eq!(picked(&concerned, &known, 10), (vec![], left_out));
}

#[test]
fn beyond_the_cap_those_with_the_most_cards_are_mailed_and_of_equal_ones_the_first_by_id() {
    let concerned = [(owner(1, "A"), 1), (owner(9, "I"), 5), (owner(2, "B"), 2), (owner(3, "C"), 2)];
    let known = addresses(&[(1, "a@example.com"), (9, "i@example.com"), (2, "b@example.com"), (3, "c@example.com")]);
    let too_many = |name: &str| (name.to_owned(), NotMailed::TooMany);
    assert_eq!(picked(&concerned, &known, 2), (vec![9, 2], vec![too_many("C"), too_many("A")]));
    assert_eq!(picked(&concerned, &known, 4), (vec![9, 2, 3, 1], vec![]));
}

#[test]
fn those_who_cannot_be_mailed_take_no_place_under_the_cap() {
    let concerned = [(group("Sales BI"), 9), (owner(1, "A"), 8), (owner(2, "B"), 1)];
    assert_eq!(picked(&concerned, &addresses(&[(2, "b@example.com")]), 1).0, [2]);
}

#[test]
fn an_owner_without_a_name_is_called_by_id() {
    let left_out = picked(&[(owner(5, " \u{202e}"), 2), (group(""), 1)], &addresses(&[]), 9).1;
    assert_eq!(left_out[0].0, "user 5");
    assert_eq!(left_out[1].0, "an owner without a name");
}

/// An address with so long a local part, and a domain of three labels so long.
fn at_hosts(local: usize, labels: [usize; 3]) -> String {
    format!("{}@{}", "x".repeat(local), labels.map(|length| "d".repeat(length)).join("."))
}

#[test]
fn plain_addresses_are_addresses() {
    let longest = at_hosts(64, [63, 63, 61]);
    for address in [&longest[..], "a@example.com", "jo.doe+bi@example.com", "o'neil@example.com", "x@a-b.example"] {
        assert!(Address::new(address).is_some(), "{address}");
    }
}

#[test]
fn what_could_bring_in_a_header_or_a_further_recipient_is_no_address() {
    let long = format!("{}@example.com", "x".repeat(300));
    let long_local = format!("{}@example.com", "x".repeat(65));
    let (long_domain, long_label) = (at_hosts(64, [63, 63, 62]), at_hosts(2, [64, 3, 3]));
    for address in [
        "",
        "jo",
        "@example.com",
        "jo@",
        "jo@example.com, all@example.com",
        "all@evil.example,jo@example.com",
        "all@evil.example@example.com",
        "jo@example.com\r\nBcc: all@evil.example",
        "x\r\nBcc: all@evil.example\r\nX: y@example.com",
        "jo@example.com\n",
        " jo@example.com",
        "Jo <jo@example.com>",
        "\"all@evil.example, x\"@example.com",
        "jo(comment)@example.com",
        "jo@example.com>\r\nDATA",
        "jo..doe@example.com",
        ".jo@example.com",
        "jo@example..com",
        "jo@[127.0.0.1]",
        "jo@-.example.com",
        "jo@example-.com",
        "jö@example.com",
        "jo@exämple.com",
        "jo\0@example.com",
        "jo@example.com\u{202e}",
        &long,
        &long_local,
        &long_domain,
        &long_label,
    ] {
        assert_eq!(Address::new(address), None, "{address:?}");
    }
}

#[test]
fn an_owner_with_a_malformed_address_counts_as_one_without() {
    let known = addresses(&[(1, "all@evil.example,a@example.com")]);
    assert_eq!(picked(&[(owner(1, "A"), 1)], &known, 9), (vec![], vec![("A".to_owned(), NotMailed::NoAddress)]));
}

proptest! {
    #[test]
    fn an_address_has_one_at_sign_and_nothing_that_ends_a_line(text in "(?s)[a-z@.,<>\" \r\n\t\0é]{0,20}@example.com") {
        if Address::new(&text).is_some() {
            prop_assert_eq!(text.matches('@').count(), 1);
            prop_assert!(text.is_ascii() && !text.contains([',', '<', '>', '"', ' ', '\r', '\n', '\t', '\0']));
        }
    }

    #[test]
    fn each_owner_is_either_mailed_or_left_out_and_no_more_are_mailed_than_may_be(
        owners in prop::collection::btree_map(0..30_i64, (0..5_usize, 0..4_u8), 0..20), most in 0..8_usize,
    ) {
        let concerned: Vec<(Owner, usize)> =
            owners.iter().map(|(user, (cards, _))| (owner(*user, &format!("Owner {user}")), *cards)).collect();
        let known: Addresses = owners
            .iter()
            .filter(|(_, (_, kind))| *kind > 0)
            .map(|(user, (_, kind))| {
                let domain = if *kind == 1 { "other.example" } else { "example.com" };
                (UserId(*user), Address::new(&format!("o{user}@{domain}")))
            })
            .collect();
        let (mailed, left_out) = picked(&concerned, &known, most);
        prop_assert!(mailed.len() <= most);
        let reachable = owners.iter().filter(|(_, (_, kind))| *kind > 1).count();
        prop_assert_eq!(mailed.len(), reachable.min(most));
        let names: BTreeSet<String> =
            mailed.iter().map(|user| format!("Owner {user}")).chain(left_out.into_iter().map(|(name, _)| name)).collect();
        prop_assert_eq!(names.len(), owners.len());
    }
}
