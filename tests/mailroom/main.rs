//! The mailroom under every fault of a mail server: nothing is lost, order is kept, and what is refused for
//! good holds nobody up. The real mailroom and database, on a clock that the test moves.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/port.rs"]
mod port;
mod room;
#[path = "../support/scripted_smtp.rs"]
mod scripted_smtp;
#[path = "../support/steps.rs"]
mod steps;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use cardwatch::config::valid::SmtpTls;
use cardwatch::daemon::mailroom::{Errand, pause_after};
use chrono::TimeDelta;
use fake_smtp::{FakeSmtp, Fault};
use port::free_port;
use room::{HOUR, LONGEST_PAUSE, Room, arrived, email, offers, scripted, through, with_login};
use scripted_smtp::{LATER, Scripted, Tls};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_server_that_is_down_for_a_day_gets_every_letter_once_and_in_order_when_it_is_back() {
    let address = (Ipv4Addr::LOCALHOST, free_port()).into();
    let smtp = FakeSmtp::start_on(address).await.unwrap();
    smtp.shutdown().await;
    let room = Room::with_letters(3, &through(&smtp)).await;
    room.clock.pass(24 * HOUR).await;
    let tries = room.attempts(1).await;
    assert!((90..=105).contains(&tries), "{tries} tries in a day");
    assert_eq!((room.attempts(2).await, room.attempts(3).await), (0, 0), "order is kept");
    let (waiting, why) = room.waiting().await;
    assert!(waiting == 3 && why.as_ref().unwrap().contains("cannot connect to 127.0.0.1:"), "{why:?}");
    assert!(room.refused().await.is_empty());

    let smtp = FakeSmtp::start_on(address).await.unwrap();
    room.clock.pass(LONGEST_PAUSE).await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>", "<3@x>"]);
    assert_eq!((room.count("sent"), room.count("rejected")), (3, 0));
    assert_eq!(room.count("retried"), tries.unsigned_abs());
}

#[test]
fn pauses_between_tries_grow_to_a_quarter_of_an_hour() {
    let pauses: Vec<u64> = (1..=7).map(|attempts| pause_after(attempts).as_secs()).collect();
    assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
    assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_order_is_kept() {
    for fault in [Fault::RefuseConnections, Fault::Greeting421, Fault::DeferMail, Fault::CloseInData] {
        let smtp = FakeSmtp::start().await;
        smtp.set_fault(fault.clone());
        let room = Room::with_letters(2, &through(&smtp)).await;
        room.clock.when_idle().await;
        assert_eq!((room.attempts(1).await, room.attempts(2).await), (1, 0), "{fault:?}");
        smtp.set_fault(Fault::None);
        room.clock.pass(pause_after(1)).await;
        assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"], "{fault:?}");
        assert_eq!((room.count("retried"), room.count("sent")), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn a_reply_that_was_lost_brings_the_same_message_again_under_the_same_id() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::LoseReply);
    let room = Room::with_letters(2, &through(&smtp)).await;
    room.clock.when_idle().await;
    smtp.set_fault(Fault::None);
    room.clock.pass(pause_after(1)).await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<1@x>", "<2@x>"]);
    let mails = smtp.mails();
    assert_eq!(mails[0].header("Date"), mails[1].header("Date"), "it is the same message in all");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_after_a_minute_and_tried_again() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::Hang);
    let room = Room::with_letters(2, &through(&smtp)).await;
    let limit = room.clock.when_waiting(2).await;
    assert_eq!(limit, Duration::from_mins(1));
    room.clock.advance(limit);
    room.clock.when_idle().await;
    assert!(room.waiting().await.1.unwrap().contains("did not answer at the greeting within 60 s"));
    smtp.set_fault(Fault::None);
    room.clock.pass(pause_after(1)).await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
}

#[tokio::test]
async fn one_recipient_that_is_refused_for_good_is_told_of_and_the_others_get_the_letter() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectRecipient("b@example.com".to_owned()));
    let room = Room::with_letters(2, &through(&smtp)).await;
    room.clock.when_idle().await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
    let server = smtp.url().replace("smtp://", "");
    let why = format!("{server} refused the recipient b@example.com: 550 no such user: b@example.com");
    assert_eq!(room.refused().await, [("letter 2".to_owned(), why.clone()), ("letter 1".to_owned(), why)]);
    assert_eq!((room.count("sent"), room.count("rejected"), room.count("retried")), (2, 2, 0));
    assert_eq!(room.waiting().await, (0, None));
}

#[tokio::test]
async fn a_letter_that_is_refused_for_good_is_counted_kept_and_in_nobodys_way() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<gone@", "550 no such user");
    let mut room = Room::new().await;
    room.queue(1, &["gone@example.com"]).await;
    room.queue(2, &["a@example.com"]).await;
    room.open(&scripted(&smtp));
    room.clock.pass(24 * HOUR).await;
    let why = format!(
        "127.0.0.1:{} refused the recipient gone@example.com: 550 no such user; correct email.to or instances.NAME.to",
        smtp.port
    );
    assert_eq!(room.refused().await, [("letter 1".to_owned(), why)]);
    assert_eq!((room.count("rejected"), room.count("sent"), room.count("retried")), (1, 1, 0));
    assert_eq!(offers(&smtp, "gone@example.com"), 1, "it is not tried again");
    assert_eq!(room.number("SELECT count(*) FROM outbox WHERE body_text = 'text'").await, 2, "it is kept");
}

#[tokio::test]
async fn what_the_operator_can_mend_waits_until_it_is_mended_and_is_told_of() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", "another");
    let room = Room::with_letters(2, &with_login(through(&smtp))).await;
    room.clock.pass(3 * HOUR).await;
    assert!(room.attempts(1).await > 10, "it is tried again");
    let (waiting, why) = room.waiting().await;
    let why = why.unwrap();
    assert!(waiting == 2 && why.contains("check email.username and email.password"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
    assert_eq!(room.count("rejected"), 0);
    smtp.require_login("watch", "hunter2");
    room.clock.pass(LONGEST_PAUSE).await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
}

#[tokio::test]
async fn a_mistake_about_tls_loses_no_letter_and_names_its_remedy() {
    let other_authority = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/other-ca.pem"));
    for (server, tls, authority, remedy) in [
        (Tls::Never, SmtpTls::Required, None, "leave '?tls=required' out"),
        (Tls::Never, SmtpTls::Wrapped, None, "smtps:// (TLS at once) or smtp:// (STARTTLS)"),
        (Tls::OnDemand, SmtpTls::Offered, Some(other_authority.clone()), "set email.ca_file"),
        (Tls::AtOnce, SmtpTls::Wrapped, Some(other_authority), "set email.ca_file"),
    ] {
        let smtp = Scripted::start(server);
        let mut email = email("localhost", smtp.port, tls);
        email.ca_file = authority.or(email.ca_file);
        let room = Room::with_letters(2, &email).await;
        room.clock.pass(HOUR).await;
        let (waiting, why) = room.waiting().await;
        assert!(waiting == 2 && why.as_ref().unwrap().contains(remedy), "{why:?}");
        assert_eq!((room.count("rejected"), room.attempts(2).await), (0, 0));
        assert!(!smtp.heard().iter().any(|line| line.starts_with("MAIL")), "{remedy}");
    }
}

#[tokio::test]
async fn a_server_that_insists_on_starttls_gets_it() {
    let smtp = Scripted::start(Tls::OnDemand);
    let room = Room::with_letters(1, &email("localhost", smtp.port, SmtpTls::Offered)).await;
    room.clock.when_idle().await;
    assert_eq!((room.count("sent"), room.waiting().await.0), (1, 0));
    assert!(smtp.heard().contains(&"STARTTLS".to_owned()));
}

#[tokio::test]
async fn a_full_mailbox_is_tried_again_by_itself_while_everybody_else_gets_their_mail() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<b@", "452 mailbox full");
    let room = Room::with_letters(3, &scripted(&smtp)).await;
    room.clock.when_idle().await;
    assert_eq!(offers(&smtp, "a@example.com"), 3, "nobody waits for b");
    room.clock.pass(HOUR).await;
    assert_eq!(offers(&smtp, "a@example.com"), 3, "whoever was served is not served again");
    let (waiting, why) = room.waiting().await;
    let said = format!("127.0.0.1:{} refused the recipient b@example.com: 452 mailbox full", smtp.port);
    assert_eq!((waiting, why), (3, Some(said)));
    smtp.say("RCPT TO:<b@", "250 ok");
    room.clock.pass(LONGEST_PAUSE).await;
    assert_eq!((room.waiting().await.0, room.count("sent")), (0, 3));
}

#[tokio::test]
async fn a_letter_that_nobody_may_have_yet_holds_back_no_letter_to_other_people() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<b@", "452 mailbox full");
    let mut room = Room::new().await;
    for (letter, to) in [(1, "b@example.com"), (2, "a@example.com"), (3, "b@example.com"), (4, "a@example.com")] {
        room.queue(letter, &[to]).await;
    }
    room.open(&scripted(&smtp));
    room.clock.when_idle().await;
    assert_eq!((offers(&smtp, "a@example.com"), room.waiting().await.0), (2, 2));
    assert_eq!((room.attempts(1).await, room.attempts(3).await), (1, 0), "order is kept for each");
    room.clock.pass(HOUR).await;
    assert_eq!(room.attempts(3).await, 0);
    smtp.say("RCPT TO:<b@", "250 ok");
    room.clock.pass(LONGEST_PAUSE).await;
    assert_eq!((room.waiting().await.0, room.count("sent")), (0, 4));
}

#[tokio::test]
async fn a_letter_that_nobody_may_have_yet_gives_way_to_all_after_a_day() {
    let smtp = Scripted::start(Tls::Never);
    // As Postfix says it of a domain that is not there.
    smtp.say("RCPT TO:<b@", "450 4.1.2 domain not found");
    let mut room = Room::new().await;
    room.queue(1, &["b@exmaple.com"]).await;
    room.queue(2, &["a@example.com", "b@exmaple.com"]).await;
    room.open(&scripted(&smtp));
    room.clock.pass(23 * HOUR).await;
    assert_eq!(offers(&smtp, "a@example.com"), 0, "order is kept");
    room.clock.pass(2 * HOUR).await;
    assert_eq!(offers(&smtp, "a@example.com"), 1);
    let tries = room.attempts(1).await;
    room.queue(3, &["a@example.com"]).await;
    room.clock.pass(LONGEST_PAUSE).await;
    assert_eq!((offers(&smtp, "a@example.com"), room.waiting().await.0), (2, 2));
    assert_eq!(room.attempts(1).await, tries + 1, "it is never dropped");
}

#[tokio::test]
async fn a_clock_that_is_set_back_or_forward_by_hours_holds_no_letter_up() {
    for hours in [-6, 6, -48] {
        let smtp = FakeSmtp::start().await;
        smtp.set_fault(Fault::DeferMail);
        let room = Room::with_letters(2, &through(&smtp)).await;
        room.clock.pass(10 * Duration::from_mins(1)).await;
        smtp.set_fault(Fault::None);
        room.clock.jump(TimeDelta::hours(hours));
        room.clock.pass(LONGEST_PAUSE).await;
        assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"], "{hours} hours");
        room.queue(3, &["a@example.com"]).await;
        room.clock.jump(TimeDelta::hours(-hours));
        room.clock.pass(Duration::from_mins(1)).await;
        assert_eq!(arrived(&smtp).len(), 3, "{hours} hours");
    }
}

#[tokio::test]
async fn a_letter_that_was_sent_and_could_not_be_marked_is_not_sent_again() {
    let smtp = FakeSmtp::start().await;
    let mut room = Room::new().await;
    room.execute("CREATE TRIGGER full BEFORE UPDATE ON outbox WHEN NEW.sent_at IS NOT NULL BEGIN SELECT RAISE(ROLLBACK, 'no room'); END").await;
    room.queue(1, &["a@example.com"]).await;
    room.queue(2, &["a@example.com"]).await;
    room.open(&through(&smtp));
    room.clock.pass(HOUR).await;
    assert_eq!(arrived(&smtp), ["<1@x>"], "nothing else is tried before that is written down");
    room.execute("DROP TRIGGER full").await;
    room.clock.pass(Duration::from_secs(10)).await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
    assert_eq!(room.waiting().await.0, 0);
}

#[tokio::test]
async fn a_letter_that_waited_is_tried_at_once_by_the_next_daemon() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::DeferMail);
    let mut room = Room::with_letters(2, &through(&smtp)).await;
    room.clock.pass(HOUR).await;
    room.shut().await;
    smtp.set_fault(Fault::None);
    room.open(&through(&smtp));
    room.clock.when_idle().await;
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
}

#[tokio::test]
async fn a_stop_waits_a_moment_for_the_servers_last_answer() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say(".", LATER);
    let mut room = Room::with_letters(2, &scripted(&smtp)).await;
    while !smtp.heard().contains(&".".to_owned()) {
        tokio::task::yield_now().await;
    }
    room.stop.cancel();
    room.clock.when_waiting(2).await;
    smtp.say(".", "250 taken");
    room.shut().await;
    assert_eq!((room.attempts(1).await, room.attempts(2).await), (1, 0));
    assert_eq!(room.waiting().await.0, 1, "what it took is not sent again");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_server_that_says_nothing() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say(".", "");
    let mut room = Room::with_letters(1, &scripted(&smtp)).await;
    while !smtp.heard().contains(&".".to_owned()) {
        tokio::task::yield_now().await;
    }
    room.stop.cancel();
    let patience = room.clock.when_waiting(2).await;
    assert!(patience <= Duration::from_secs(3), "{patience:?}");
    room.clock.advance(patience);
    room.shut().await;
    assert_eq!(room.waiting().await.0, 1);
}

#[tokio::test]
async fn of_two_mailrooms_on_one_outbox_one_sends() {
    let smtp = FakeSmtp::start().await;
    let mut room = Room::new().await;
    room.open(&through(&smtp));
    room.clock.when_idle().await;
    let second = room.mailroom(&through(&smtp));
    let stay = CancellationToken::new();
    room.queue(1, &["a@example.com"]).await;
    assert_eq!(second.send_what_is_due(&stay).await.unwrap(), Errand::DaemonDoesIt);
    room.clock.when_idle().await;
    room.shut().await;
    room.queue(2, &["a@example.com"]).await;
    assert_eq!(second.send_what_is_due(&stay).await.unwrap(), Errand::Done);
    assert_eq!(arrived(&smtp), ["<1@x>", "<2@x>"]);
}
