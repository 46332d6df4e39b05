//! What values mean that are accepted, and what is warned about.

use cardwatch::config::valid::{Credential, Pages, SmtpServer, SmtpTls};

use crate::house::{House, acme, acme_without, also, email};

fn server(smtp: &str) -> SmtpServer {
    House::with(&email(&format!("smtp = '{smtp}'"))).config().email.unwrap().server
}

fn smtp(host: &str, port: u16, tls: SmtpTls) -> SmtpServer {
    SmtpServer { host: host.to_owned(), port, tls }
}

#[test]
fn smtp_is_port_25_with_starttls_where_it_is_offered() {
    assert_eq!(server("smtp://mail.example.com"), smtp("mail.example.com", 25, SmtpTls::Offered));
}

#[test]
fn smtp_may_insist_on_tls() {
    assert_eq!(server("smtp://mail.example.com:587/?tls=required"), smtp("mail.example.com", 587, SmtpTls::Required));
}

#[test]
fn smtps_is_port_465_with_tls_from_the_first_byte() {
    assert_eq!(server("smtps://mail.example.com"), smtp("mail.example.com", 465, SmtpTls::Wrapped));
}

#[test]
fn a_mail_server_may_be_an_address_of_either_family() {
    assert_eq!(server("smtp://[::1]:2525"), smtp("::1", 2525, SmtpTls::Offered));
    assert_eq!(server("smtp://127.0.0.1:2525"), smtp("127.0.0.1", 2525, SmtpTls::Offered));
}

#[test]
fn http_is_good_enough_for_loopback() {
    for url in ["http://localhost:8080", "http://127.0.0.1", "http://127.8.9.1:80/", "http://[::1]:8080"] {
        House::with(&acme(&format!("url = '{url}'"))).config();
    }
}

#[test]
fn everybody_may_read_where_a_login_is_needed_or_it_is_allowed() {
    for lines in [
        "listen = '0.0.0.0:9917'\nbasic_auth = { username = 'a', password = 'b' }",
        "listen = '[::]:9917'\npublic_without_auth = true",
    ] {
        House::with(&also("http", lines)).config();
    }
}

#[test]
fn loopback_of_either_family_needs_no_login() {
    for listen in ["127.0.0.1:9917", "127.8.9.1:1", "[::1]:9917", "[::ffff:127.0.0.1]:9917"] {
        let http = House::with(&also("http", &format!("listen = '{listen}'"))).config().http;
        assert!(!http.public_without_auth && http.basic_auth.is_none());
    }
}

#[test]
fn the_status_page_may_lie_below_a_path() {
    let config = House::with(&email("link_base = 'https://example.com/cardwatch'")).config();
    assert_eq!(config.email.unwrap().link_base.unwrap().as_str(), "https://example.com/cardwatch");
}

#[test]
fn pages_may_be_all() {
    assert_eq!(House::with(&acme("pages = 'all'")).config().instances[0].pages, Pages::All);
}

#[test]
fn an_instance_may_sign_in_with_a_user_and_a_password() {
    let text = acme_without("access_token") + "username = 'svc@acme.com'\npassword = 'pass word'";
    let Credential::Password(login) = House::with(&text).config().instances.remove(0).credential else {
        panic!("a login")
    };
    assert_eq!((login.username.as_str(), login.password.expose()), ("svc@acme.com", "pass word"));
}

#[test]
fn zero_stands_for_no_limit_and_for_never() {
    let text = also("alerts", "remind_every = '0s'") + "requests_per_second = 0";
    let config = House::with(&text).config();
    assert_eq!(config.alerts.policy.remind_every, None);
    assert_eq!(config.instances[0].requests_per_second, None);
}

#[test]
fn a_schedule_is_read_in_its_zone() {
    let text = acme("schedule = '0 7 * * MON-FRI'\ntimezone = 'Europe/Berlin'");
    let schedule = House::with(&text).config().instances.remove(0).schedule;
    assert_eq!(format!("{schedule:?}"), "0 7 * * MON-FRI (Europe/Berlin)");
}

#[test]
fn a_schedule_may_have_seconds_or_a_nickname() {
    for schedule in ["*/10 * * * * *", "@hourly"] {
        House::with(&acme(&format!("schedule = '{schedule}'"))).config();
    }
}

#[test]
fn several_instances_are_in_the_order_of_their_names() {
    let text = acme("").replace("acme]", "b-2]") + &acme("").replace("acme]", "a_1]");
    let names: Vec<String> =
        House::with(&text).config().instances.iter().map(|instance| instance.name.to_string()).collect();
    assert_eq!(names, ["a_1", "b-2"]);
}

#[test]
fn a_configuration_without_mail_is_warned_about() {
    let house = House::with(&acme(""));
    assert!(house.config().email.is_none());
    assert_eq!(
        house.warnings(),
        ["there is no [email] section, so nobody is mailed when a card breaks: add it, or watch the metrics alone"]
    );
}

#[test]
fn a_password_that_may_travel_in_clear_text_is_warned_about() {
    let login = |smtp: &str| House::with(&email(&format!("smtp = '{smtp}'\nusername = 'a'\npassword = 'b'")));
    assert_eq!(
        login("smtp://mail.example.com").warnings(),
        ["email.smtp lets the password go in clear text where the server offers no STARTTLS: write ?tls=required"]
    );
    for safe in ["smtp://mail.example.com?tls=required", "smtps://mail.example.com", "smtp://localhost", "smtp://[::1]"]
    {
        assert_eq!(login(safe).warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_render_part_that_domo_does_not_document_is_warned_about() {
    let warnings = House::with(&acme("render_parts = ['sumary']")).warnings();
    assert_eq!(warnings[1], "instances.acme.render_parts: Domo documents no part 'sumary'");
}
