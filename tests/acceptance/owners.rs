//! Owners are mailed about their own cards, where that is wanted, to addresses that Domo gives; the admins are told
//! everything.

use fake_domo::{Owner, Trouble};
use fake_smtp::{FakeSmtp, Fault, Mail};

use crate::house::{EACH_SECOND, House, NEVER, PATIENCE};
use crate::orders::{BY_REGION, DANA, KIM, ORDERS, STOCK, orders, person, subjects, sweep, text};

const ADMINS: &str = "bi-admins@example.com";
const OF_DANA: &str = "dana@example.com";
const OF_KIM: &str = "kim@example.com";

/// Owners at example.com are mailed.
async fn house() -> (House, FakeSmtp) {
    let (mut house, smtp) = orders().await;
    house.set("alerts", "notify_owners = true\nowner_domains = [\"example.com\"]");
    (house, smtp)
}

/// Who each mail went to, in order.
fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().flat_map(|mail| &mail.to).map(String::as_str).collect()
}

/// The only mail to this address.
fn mail_to<'a>(mails: &'a [Mail], address: &str) -> &'a Mail {
    let mut to = mails.iter().filter(|mail| mail.to == [address]);
    let mail = to.next().unwrap_or_else(|| panic!("nothing came to {address}"));
    assert!(to.next().is_none(), "more than one came to {address}");
    mail
}

/// The ids of the cards that a mail links to, in their order.
fn cards_in(mail: &Mail) -> Vec<i64> {
    let text = text(mail);
    let links = text.split("/kpis/details/").skip(1);
    let mut cards: Vec<i64> = links.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect();
    cards.sort_unstable();
    cards
}

#[tokio::test(flavor = "multi_thread")]
async fn each_owner_gets_one_mail_with_just_their_cards_and_the_admins_get_all() {
    let (house, smtp) = house().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    let mails = smtp.mails();
    assert_eq!(recipients(&mails), [ADMINS, OF_KIM, OF_DANA], "the admins first, then who has most cards");
    let [admins, dana, kim] = [ADMINS, OF_DANA, OF_KIM].map(|address| mail_to(&mails, address));
    assert_eq!(cards_in(admins), [101, 102, 103, 104, 201, 202]);
    assert_eq!((cards_in(dana), cards_in(kim)), (vec![101, 102], vec![103, 104, 201, 202]));
    assert_eq!(dana.header("Subject").unwrap(), "[cardwatch] acme: 2 of your cards broke");
    assert_eq!(dana.header("To").unwrap(), OF_DANA);
    assert!(text(dana).contains("You own these cards as Dana Reyes in Domo."), "{}", text(dana));
    for others in ["Stock", "Margin by region", "Kim Lee"] {
        assert!(!dana.raw.contains(others), "{}", dana.raw);
    }
    let told = text(admins);
    assert!(told.contains("Mailed about their own cards: Kim Lee, Dana Reyes."), "{told}");

    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    let mails = &smtp.mails()[3..];
    let again = mail_to(mails, OF_DANA);
    assert_eq!(again.header("Subject").unwrap(), "[cardwatch] acme: 2 of your cards recovered");
    assert_eq!(again.header("In-Reply-To"), dana.header("Message-ID"), "it threads under their own mail");
    assert_eq!(cards_in(mail_to(mails, OF_KIM)), [103, 104]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notify_owners_nobody_but_the_admins_is_mailed_and_no_address_is_asked_for() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(recipients(&smtp.mails()), [ADMINS]);
    assert_eq!(house.domo.calls("user"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_or_may_not_be_mailed_is_left_out_and_the_admins_are_told_so() {
    let (house, smtp) = house().await;
    let group = Owner { id: 9_001, name: "Sales BI".to_owned(), group: true };
    let owners = [
        (101, group, None),
        (102, person(8_001, "Max Elsewhere"), Some("max@example.org")),
        (103, person(8_002, "Pat Postless"), None),
        (104, person(8_003, "Eve"), Some("eve@example.com\r\nBcc: all@example.com")),
    ];
    for (card, owner, address) in owners {
        if !owner.group {
            house.domo.add_user(owner.id, &owner.name, address);
        }
        house.domo.describe_card(card, &[owner], &[]);
        house.domo.feed(ORDERS, &[card]);
    }
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.drop_column(ORDERS, "amount");
    assert_eq!(sweep(&house), 1);
    let mails = smtp.mails();
    assert_eq!(recipients(&mails), [ADMINS, OF_DANA]);
    let told = text(&mails[0]);
    for words in [
        "Mailed about their own cards: Dana Reyes.",
        "Sales BI (a group)",
        "Pat Postless, Eve (no address known)",
        "Max Elsewhere (address outside owner_domains)",
    ] {
        assert!(told.contains(words), "'{words}' is missing in: {told}");
    }
    for mail in &mails {
        assert!(!mail.raw.contains("Bcc") && !mail.raw.contains("all@example.com"), "{}", mail.raw);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_owners_are_mailed_after_one_sweep_than_may_be_those_with_most_cards_first() {
    let (mut house, smtp) = house().await;
    house.set("alerts", "max_owner_mails = 1");
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    let mails = smtp.mails();
    assert_eq!(recipients(&mails), [ADMINS, OF_KIM]);
    assert_eq!(cards_in(&mails[0]).len(), 6, "the admins are told of all cards");
    assert!(text(&mails[0]).contains("Dana Reyes (more than max_owner_mails)"), "{}", text(&mails[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_of_a_page_answer_for_its_cards_that_nobody_owns() {
    let (house, smtp) = house().await;
    for card in BY_REGION {
        house.domo.describe_card(card, &[], &[]);
        house.domo.feed(ORDERS, &[card]);
    }
    for (page, owner) in [(10, person(DANA, "Dana Reyes")), (20, person(KIM, "Kim Lee")), (30, person(KIM, "Kim Lee"))]
    {
        house.domo.describe_page(page, &[owner]);
    }
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    let mails = smtp.mails();
    assert_eq!(cards_in(mail_to(&mails, OF_DANA)), [101, 102]);
    assert_eq!(cards_in(mail_to(&mails, OF_KIM)), [101, 103, 104]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_asked_for_once_a_day_and_serves_while_domo_does_not_say() {
    let (house, smtp) = house().await;
    house.domo.set_email(KIM, None);
    assert_eq!(sweep(&house), 0);
    assert_eq!(house.domo.calls("user"), 0, "nothing is broken");
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("user"), 2);
    assert_eq!(sweep(&house), 1);
    house.domo.delete_dataset(STOCK);
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("user"), 2, "that there is none is known as well");
    assert_eq!(recipients(&smtp.mails()), [ADMINS, OF_DANA, ADMINS, OF_DANA]);

    house.write("UPDATE domo_user SET looked_up_at = looked_up_at - 25 * 3600000").await;
    house.domo.set_trouble("user", Some(Trouble::Status(500)));
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("user"), 4);
    assert_eq!(recipients(&smtp.mails()[4..]), [ADMINS, OF_DANA], "the old one serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_addresses_cannot_be_asked_for_the_admins_are_told_all_the_same() {
    let (house, smtp) = house().await;
    assert_eq!(sweep(&house), 0);
    house.domo.set_trouble("user", Some(Trouble::Status(403)));
    house.domo.drop_column(ORDERS, "region_name");
    let broke = house.run(&["--log-level", "debug", "sweep", "--alert"]);
    let log = broke.stderr();
    assert!(log.contains("not learnt from Domo: user 700"), "{log}");
    let mails = smtp.mails();
    assert_eq!(recipients(&mails), [ADMINS]);
    assert!(text(&mails[0]).contains("Not mailed: Dana Reyes, Kim Lee (no address known)."), "{}", text(&mails[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_domo_tells_no_address_at_all_it_is_not_asked_for_each() {
    let (house, smtp) = house().await;
    for id in 0..20 {
        let card = 300 + id;
        house.domo.add_card(card, &format!("Card {card}"), &[10]);
        house.domo.describe_card(card, &[person(9_000 + id, "Somebody")], &[]);
        house.domo.feed(STOCK, &[card]);
    }
    assert_eq!(sweep(&house), 0);
    house.domo.set_trouble("user", Some(Trouble::Status(403)));
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    let asked = house.domo.calls("user");
    assert!((5..=10).contains(&asked), "{asked} calls");
    assert_eq!(recipients(&smtp.mails()), [ADMINS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_mailbox_is_full_keeps_no_mail_from_anybody_else() {
    let (mut house, smtp) = house().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    smtp.set_fault(Fault::DeferRecipient(OF_DANA.to_owned()));
    house.domo.drop_column(ORDERS, "region_name");
    let mails = smtp.wait_for(2, PATIENCE).await.unwrap();
    assert_eq!(recipients(&mails), [ADMINS, OF_KIM]);
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.restore_column(ORDERS, "region_name");
    let mails = smtp.wait_for(4, PATIENCE).await.unwrap();
    assert_eq!(recipients(&mails[2..]), [ADMINS, OF_KIM]);
    daemon.wait_until_mails_wait(2).await;
    assert_eq!(house.run(&["status", "--format", "json"]).json()["mails_waiting"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_sweep_and_the_mail_server_loses_no_mail_to_an_owner_and_doubles_none() {
    let (mut house, smtp) = house().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    // The first one comes, and nobody knows that it did.
    smtp.set_fault(Fault::LoseReply);
    house.domo.drop_column(ORDERS, "region_name");
    smtp.wait_for(1, PATIENCE).await.unwrap();
    daemon.kill();
    smtp.set_fault(Fault::None);
    house.instance("schedule", &format!("\"{NEVER}\""));
    let daemon = house.daemon().await;
    let mails = smtp.wait_for(4, PATIENCE).await.unwrap();
    assert_eq!(recipients(&mails), [ADMINS, ADMINS, OF_DANA, OF_KIM]);
    let ids: Vec<String> = mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids[0], ids[1], "a mail store drops the repeat");
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), 3, "{ids:?}");
    daemon.wait_until_mails_wait(0).await;
    assert_eq!(sweep(&house), 1);
    assert_eq!(smtp.mails().len(), 4, "{:?}", subjects(&smtp));
}
