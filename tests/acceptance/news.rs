//! A storm is one mail that opens by saying so; a card that flaps is said once.

use fake_domo::{Behaviour, FakeDomo};
use fake_smtp::FakeSmtp;

use crate::house::House;

const REASON: &str = "Invalid column(s) referenced: region_name";

/// A page with so many cards, swept once, and a server that takes mails.
async fn house(cards: i64) -> (House, FakeSmtp) {
    let page = FakeDomo::empty().page(10, "Sales overview");
    let fake = (1..=cards).fold(page, |fake, card| fake.card(card, &format!("Card {card}"), &[10]));
    let mut house = House::beside(fake).await;
    let smtp = FakeSmtp::start().await;
    house.mail_through(&smtp.url());
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 0);
    (house, smtp)
}

fn subjects(smtp: &FakeSmtp) -> Vec<String> {
    smtp.mails().iter().map(|mail| mail.header("Subject").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_cards_breaking_at_once_is_one_mail_that_opens_by_saying_so() {
    let (house, smtp) = house(40).await;
    for card in 1..=25 {
        house.domo.set(card, Behaviour::broken(if card <= 20 { REASON } else { "No indexed schema found" }));
    }
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    assert_eq!(subjects(&smtp), ["[cardwatch] acme: 25 cards broke (25 broken now)"]);
    let text = smtp.mails()[0].text().unwrap().replace("\r\n", "\n");
    let opens = "25 of 40 working cards broke at once at acme\n\
                 That is likely Domo itself, or what the service user may see: look there\nbefore you look at cards.\n";
    assert!(text.starts_with(opens), "{text}");
    let causes = text.find("A dataset is gone or not indexed: 5 cards").unwrap();
    assert!(causes < text.find("  - Card 1\n").unwrap(), "the causes first, the list after:\n{text}");
    assert_eq!(text.matches("/kpis/details/").count(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_than_twenty_are_no_storm() {
    let (house, smtp) = house(19).await;
    for card in 1..=19 {
        house.domo.set(card, Behaviour::broken(REASON));
    }
    house.run(&["sweep", "--alert"]);
    assert!(smtp.mails()[0].text().unwrap().starts_with("19 cards broke at acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_flaps_is_said_once_and_then_it_is_quiet() {
    let (house, smtp) = house(3).await;
    for _ in 0..4 {
        house.domo.set(1, Behaviour::broken(REASON));
        assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
        house.domo.heal(1);
        assert_eq!(house.run(&["sweep", "--alert"]).code(), 0);
    }
    let expected = [
        "[cardwatch] acme: 1 card broke (1 broken now)",
        "[cardwatch] acme: 1 card recovered (0 broken now)",
        "[cardwatch] acme: 1 card broke (1 broken now)",
        "[cardwatch] acme: 1 card flapping (0 broken now)",
    ];
    assert_eq!(subjects(&smtp), expected);
    let mails = smtp.mails();
    let text = mails[3].text().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("changed 4 times in 24 h; works since "), "{text}");
    assert!(text.contains("Nothing more is said of it until it stays as it is for 24 h."), "{text}");
    assert_eq!(mails[3].header("In-Reply-To"), mails[2].header("Message-ID"));
}
