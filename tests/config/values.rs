//! What values mean that are accepted, and what is warned about.

use std::time::Duration;

use cardwatch::config::valid::{Credential, Pages, SmtpServer, SmtpTls};
use cardwatch::config::{LoadRequest, load};
use cardwatch::domain::owners::OwnerPolicy;

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
fn a_newly_failing_card_is_given_a_while_unless_it_is_believed_at_once() {
    let given = |lines: &str| House::with(&also("alerts", lines)).config().alerts.confirmed_after();
    assert_eq!(given(""), Some(Duration::from_secs(30)));
    assert_eq!(given("confirm_delay = '1m'\nconfirmations = 3"), Some(Duration::from_mins(1)));
    assert_eq!(given("confirm_delay = '1m'\nconfirmations = 0"), None);
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
        ["email: there is no such section, so nobody is mailed when a card breaks; add it, or watch the metrics alone"]
    );
}

#[test]
fn a_password_that_may_travel_in_clear_text_is_warned_about() {
    let login = |smtp: &str| House::with(&email(&format!("smtp = '{smtp}'\nusername = 'a'\npassword = 'b'")));
    assert_eq!(
        login("smtp://mail.example.com").warnings(),
        ["email.smtp: the password goes in clear text where the server offers no STARTTLS; write ?tls=required"]
    );
    for safe in [
        "smtp://mail.example.com?tls=required",
        "smtps://mail.example.com",
        "smtp://LocalHost",
        "smtp://[::1]",
        "smtp://[::ffff:127.0.0.1]",
    ] {
        assert_eq!(login(safe).warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_render_part_that_domo_does_not_document_is_warned_about() {
    let warnings = House::with(&acme("render_parts = ['sumary']")).warnings();
    assert_eq!(
        warnings[1],
        "instances.acme.render_parts: Domo documents no part 'sumary'; see that it is spelt as Domo spells it"
    );
}

/// The heartbeat address of the only instance.
fn heartbeat(house: &House) -> Option<String> {
    house.config().instances.remove(0).heartbeat.map(|url| url.expose().to_string())
}

#[test]
fn an_instance_has_no_heartbeat_unless_it_is_given_one() {
    assert_eq!(heartbeat(&House::with(&acme(""))), None);
}

#[test]
fn a_heartbeat_may_have_a_path_a_query_and_on_loopback_no_tls() {
    for url in ["https://hc-ping.com/5bf66975/acme", "https://push.example/api?status=up", "http://[::1]:8000/ping"] {
        assert_eq!(heartbeat(&House::with(&acme(&format!("heartbeat_url = '{url}'")))).as_deref(), Some(url));
    }
}

#[test]
fn a_heartbeat_may_be_wherever_a_secret_may_be() {
    let url = "https://hc-ping.com/5bf66975";
    let in_file = House::with(&acme("heartbeat_url = { file = 'ping' }")).file("ping", format!("{url}\n"));
    assert_eq!(heartbeat(&in_file).as_deref(), Some(url));
    let in_variable = House::with(&acme("")).variable("CARDWATCH_INSTANCES__ACME__HEARTBEAT_URL", url);
    assert_eq!(heartbeat(&in_variable).as_deref(), Some(url));
    let left_there = LoadRequest { fetch_secrets: false, ..in_file.request() };
    assert_eq!(load(&left_there).unwrap().config.instances[0].heartbeat, None, "nobody is going to use it");
}

/// The maintenance windows of the only instance, as start, zone and duration.
fn windows(lines: &str) -> Vec<(String, Duration)> {
    let maintenance = House::with(&acme(lines)).config().instances.remove(0).maintenance;
    maintenance.windows.into_iter().map(|window| (format!("{:?}", window.start), window.duration)).collect()
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn an_instance_without_maintenance_windows_has_none() {
    assert_eq!(windows(""), []);
    assert_eq!(windows("maintenance = []"), []);
}

#[test]
fn maintenance_windows_open_in_the_zone_of_the_instance() {
    let lines = "timezone = 'Europe/Berlin'\nmaintenance = [{ start = '0 22 * * SAT', duration = '6h' }]";
    assert_eq!(windows(lines), [("0 22 * * SAT (Europe/Berlin)".to_owned(), 6 * HOUR)]);
}

#[test]
fn maintenance_windows_may_be_sections_too() {
    let text = acme("")
        + "[[instances.acme.maintenance]]\nstart = '0 22 * * SAT'\nduration = '6h'\n"
        + "[[instances.acme.maintenance]]\nstart = '@monthly'\nduration = '7d'\n";
    let windows = House::with(&text).config().instances.remove(0).maintenance.windows;
    assert_eq!(windows.iter().map(|window| window.duration).collect::<Vec<_>>(), [6 * HOUR, 7 * 24 * HOUR]);
}

#[test]
fn maintenance_windows_may_overlap_touch_and_be_due_rarely_as_long_as_they_leave_time_for_mails() {
    for lines in [
        "maintenance = [{ start = '0 22 * * *', duration = '23h59m' }]",
        "maintenance = [{ start = '0 22 * * *', duration = '6h' }, { start = '0 4 * * *', duration = '17h' }]",
        "maintenance = [{ start = '0 0 29 2 *', duration = '7d' }]",
        "maintenance = [{ start = '0 0 1 8 *', duration = '7d' }, { start = '0 0 8 8 *', duration = '7d' }]",
        "maintenance = [{ start = '0 0 * 8 *', duration = '1d' }]",
        "maintenance = [{ start = '* * * * SAT', duration = '6h' }]",
    ] {
        assert!(!windows(lines).is_empty(), "{lines}");
    }
}

#[test]
fn maintenance_windows_are_followed_from_where_they_are_due_however_densely_they_open() {
    for window in [
        "{ start = '* * * * * *', duration = '7d' }",
        "{ start = '* * * * *', duration = '1m' }",
        "{ start = '0 0 * 7-8 *', duration = '1d' }",
        "{ start = '0 0 * * MON', duration = '7d' }",
    ] {
        let told = House::with(&acme(&format!("maintenance = [{window}]"))).mistakes();
        assert!(told.contains("the windows leave no time between them"), "{window}: {told}");
    }
}

#[test]
fn owners_are_mailed_where_that_is_said_and_in_those_domains_alone() {
    let alerts = |lines: &str| House::with(&also("alerts", lines)).config().alerts;
    assert_eq!(alerts("").owners, None);
    assert_eq!(
        alerts("notify_owners = true\nowner_domains = ['Example.COM', 'localhost', 'bücher.example']").owners,
        Some(OwnerPolicy {
            domains: ["xn--bcher-kva.example", "example.com", "localhost"].map(str::to_owned).into(),
            most_mails: 20
        })
    );
    let few = "notify_owners = true\nowner_domains = ['example.com']\nmax_owner_mails = 1000";
    assert_eq!(alerts(few).owners.unwrap().most_mails, 1_000);
}

#[test]
fn domains_of_owners_that_are_not_mailed_are_warned_about() {
    let text = also("alerts", "owner_domains = ['example.com']") + &email("").replace(&acme(""), "");
    let house = House::with(&text);
    assert_eq!(house.config().alerts.owners, None);
    assert_eq!(
        house.warnings(),
        [
            "alerts.owner_domains: it does nothing, since alerts.notify_owners is false; set that to true, or remove the domains"
        ]
    );
}

#[test]
fn owners_that_are_to_be_mailed_without_a_way_to_mail_are_warned_about() {
    let warnings = House::with(&also("alerts", "notify_owners = true\nowner_domains = ['example.com']")).warnings();
    assert_eq!(
        warnings[1],
        "alerts.notify_owners: there is no [email] section, so no owner is mailed; add it, or set this to false"
    );
}
