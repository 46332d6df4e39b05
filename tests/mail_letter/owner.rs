//! An owner's mail: their own cards, and nothing that is the admins' alone.

use cardwatch::domain::owners::{Address, NotMailed};
use cardwatch::domain::report::{Audience, IncidentLine, Report, Storm, Totals};
use cardwatch::mail::message::recipient;
use proptest::prelude::*;

use crate::paper::{broke, card, cards, grouped, letter, page, report, seen, told_in_both};

fn jo() -> Audience {
    Audience::Owner { name: "Jo Doe".to_owned() }
}

/// Two of Jo's twelve cards broke, in an incident of 30.
fn owners() -> Report {
    let why = "Invalid column(s) referenced: region_name";
    let mut lines = vec![card(101_681_077, "Revenue by region", why), card(101_681_078, "Top regions", why)];
    for line in &mut lines {
        line.owners = vec!["Jo Doe".to_owned()];
    }
    let mut groups = grouped(lines);
    let title = "Dataset Orders lost column region_name".to_owned();
    groups[0].incident = IncidentLine { title, cards: 30, ..groups[0].incident.clone() };
    Report { broke: groups, totals: Totals { cards: 12, broken: 3, unchecked: 0 }, audience: jo(), ..report() }
}

#[test]
fn an_owners_mail_reads_like_this() {
    let letter = letter(&owners());
    assert_eq!(letter.subject, "[cardwatch] acme: 2 of your cards broke");
    let expected = "\
2 of your cards broke at acme
You own these cards as Jo Doe in Domo.
Sweep of 24 November, 14:05 (Europe/Amsterdam).
3 of your 12 cards are broken now.

Dataset Orders lost column region_name: 2 of your cards, part of an incident
of 30 cards
  Invalid column(s) referenced: region_name
  incident 1, misconfigured card, since 14:05
  https://cardwatch.example.com/?incident=1

  - Revenue by region
    Sales overview; owner Jo Doe; broken since 14:05
    https://acme.domo.com/kpis/details/101681077
  - Top regions
    Sales overview; owner Jo Doe; broken since 14:05
    https://acme.domo.com/kpis/details/101681078

Each was rendered again 30 s later before this was sent.
The admins of cardwatch are told too.
Status page: https://cardwatch.example.com/
";
    assert_eq!(letter.text, expected);
}

#[test]
fn both_parts_of_it_state_the_same_facts() {
    let report = Report { recovered: cards(5..=5, "gone"), ..owners() };
    told_in_both(
        &letter(&report),
        &[
            "2 of your cards broke, 1 recovered at acme",
            "You own these cards as Jo Doe in Domo.",
            "3 of your 12 cards are broken now.",
            "2 of your cards, part of an incident of 30 cards",
            "1 of your cards recovered",
            "The admins of cardwatch are told too.",
        ],
    );
}

#[test]
fn an_owner_is_not_told_to_mute_what_only_an_admin_can() {
    let letter = letter(&owners());
    assert!(!letter.text.contains("cardwatch mute") && !letter.html.contains("cardwatch mute"));
}

#[test]
fn where_all_cards_of_an_incident_are_theirs_no_others_are_hinted_at() {
    let mut report = owners();
    report.broke[0].incident.cards = 2;
    let text = letter(&report).text;
    assert!(text.contains("lost column region_name: 2 of your cards\n"), "{text}");
}

#[test]
fn the_owner_of_a_page_is_told_why_the_mail_comes() {
    let mut report = owners();
    let line = &mut report.broke[0].cards[1];
    line.owners.clear();
    line.pages = vec![page("Board pack")];
    line.pages[0].owners = vec!["Jo Doe".to_owned()];
    let letter = letter(&report);
    told_in_both(&letter, &["You own these cards, or pages that hold them, as Jo Doe in Domo."]);
    told_in_both(&letter, &["page owner Jo Doe"]);
}

#[test]
fn when_much_broke_at_once_an_owner_is_told_of_their_own_cards_first() {
    let report = Report { storm: Some(Storm { broke: 400, of: 420 }), ..owners() };
    let letter = letter(&report);
    assert!(letter.text.starts_with("2 of your cards broke at acme\n400 of 420 working cards broke at once: "));
    told_in_both(&letter, &["that is likely Domo itself, or what the service user may see, and not your cards."]);
}

#[test]
fn a_recovery_of_all_is_green() {
    let totals = Totals { cards: 12, broken: 0, unchecked: 0 };
    let report = Report { recovered: cards(1..=1, "x"), totals, audience: jo(), ..report() };
    let letter = letter(&report);
    assert!(letter.html.contains("color:#2e7d4f"));
    told_in_both(&letter, &["1 of your cards recovered at acme", "None of your 12 cards is broken now."]);
}

#[test]
fn the_name_of_an_owner_is_foreign_text() {
    let name = "Jo\r\nBcc: all@example.com\0<script>\u{202e}".to_owned();
    let letter = letter(&Report { audience: Audience::Owner { name }, ..owners() });
    for part in [&letter.text, &letter.html, &letter.subject] {
        assert!(!part.contains("\nBcc"), "{part}");
        assert!(!part.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{part}");
    }
    assert!(!letter.html.contains("<script"));
}

#[test]
fn the_admins_are_told_who_was_mailed_and_who_was_not_and_why() {
    let untold = [
        ("Sales BI", NotMailed::Group),
        ("Max", NotMailed::NoAddress),
        ("Kim", NotMailed::OtherDomain),
        ("Lee", NotMailed::NoAddress),
        ("Ada", NotMailed::TooMany),
    ];
    let audience = Audience::Admins {
        told_owners: vec!["Jo Doe".to_owned(), "Pat".to_owned()],
        untold_owners: untold.map(|(name, why)| (name.to_owned(), why)).to_vec(),
    };
    let letter = letter(&Report { audience, ..broke(cards(1..=1, "x")) });
    told_in_both(
        &letter,
        &[
            "Mailed about their own cards: Jo Doe, Pat.",
            "Not mailed: Sales BI (a group); Max, Lee (no address known); Kim (address outside \
             owner_domains); Ada (more than max_owner_mails).",
        ],
    );
}

#[test]
fn many_owners_are_a_number() {
    let names = |what: &str| (1..=300).map(|n| format!("{what} {n}")).collect::<Vec<_>>();
    let untold = names("Group").into_iter().map(|name| (name, NotMailed::Group)).collect();
    let audience = Audience::Admins { told_owners: names("Owner"), untold_owners: untold };
    let letter = letter(&Report { audience, ..broke(cards(1..=1, "x")) });
    told_in_both(
        &letter,
        &[
            "Mailed about their own cards: Owner 1, Owner 2, Owner 3, Owner 4, Owner 5 and 295 more.",
            "Not mailed: Group 1, Group 2, Group 3, Group 4, Group 5 and 295 more (groups).",
        ],
    );
}

#[test]
fn where_no_owner_is_concerned_none_is_mentioned() {
    let html = seen(&letter(&broke(cards(1..=1, "x"))).html);
    assert!(!html.contains("ailed"), "{html}");
}

#[test]
fn an_owner_is_addressed_by_the_bare_address() {
    let to = recipient(&Address::new("jo.doe@example.com").unwrap()).unwrap();
    assert_eq!(to.to_string(), "jo.doe@example.com");
}

proptest! {
    #[test]
    fn whatever_is_an_address_is_one_to_the_mailer(text in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,70}@([a-z0-9-]{1,20}|xn--[a-z0-9]{0,8})(\\.[a-z0-9-]{1,64}){0,3}") {
        if let Some(address) = Address::new(&text) {
            prop_assert_eq!(recipient(&address).map(|to| to.to_string()), Some(text));
        }
    }
}
