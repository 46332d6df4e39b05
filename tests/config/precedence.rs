//! defaults < file < environment < flags, and what texts of the environment become.

use std::num::NonZeroUsize;
use std::time::Duration;

use cardwatch::config::Environment;
use cardwatch::config::valid::{Concurrency, Credential, Instance, Pages};
use cardwatch::domain::ids::{CardId, PageId};

use crate::house::{House, acme, acme_without, also, email};

fn only_instance(house: &House) -> Instance {
    let mut instances = house.config().instances;
    assert_eq!(instances.len(), 1, "{instances:?}");
    instances.remove(0)
}

fn fixed(renders: usize) -> Concurrency {
    Concurrency::Fixed(NonZeroUsize::new(renders).unwrap())
}

#[test]
fn a_key_that_nobody_sets_has_its_default() {
    assert_eq!(only_instance(&House::with(&acme(""))).concurrency, Concurrency::Auto);
}

#[test]
fn the_number_of_renders_in_flight_may_be_left_to_cardwatch() {
    for text in ["concurrency = \"auto\"", "concurrency = 'auto'"] {
        assert_eq!(only_instance(&House::with(&acme(text))).concurrency, Concurrency::Auto);
    }
    let house = House::with(&acme("concurrency = 2")).variable("CARDWATCH_INSTANCES__ACME__CONCURRENCY", "auto");
    assert_eq!(only_instance(&house).concurrency, Concurrency::Auto);
    let house = House::with(&acme("concurrency = 'auto'")).variable("CARDWATCH_INSTANCES__ACME__CONCURRENCY", "256");
    assert_eq!(only_instance(&house).concurrency, fixed(256));
}

#[test]
fn the_file_goes_before_the_default() {
    assert_eq!(only_instance(&House::with(&acme("concurrency = 2"))).concurrency, fixed(2));
}

#[test]
fn the_environment_goes_before_the_file() {
    let house = House::with(&acme("concurrency = 2")).variable("CARDWATCH_INSTANCES__ACME__CONCURRENCY", "3");
    assert_eq!(only_instance(&house).concurrency, fixed(3));
}

#[test]
fn a_flag_goes_before_the_environment() {
    let house = House::with(&acme("concurrency = 2"))
        .variable("CARDWATCH_INSTANCES__ACME__CONCURRENCY", "3")
        .flag("instances.acme.concurrency", "4");
    assert_eq!(only_instance(&house).concurrency, fixed(4));
}

#[test]
fn a_higher_source_replaces_one_key_and_leaves_its_neighbours() {
    let house =
        House::with(&acme("concurrency = 2\nattempts = 5")).variable("CARDWATCH_INSTANCES__ACME__CONCURRENCY", "3");
    assert_eq!(only_instance(&house).attempts, 5);
}

#[test]
fn a_list_is_replaced_as_a_whole() {
    let house = House::with(&email("")).variable("CARDWATCH_EMAIL__TO", "b@example.com, c@example.com");
    let to: Vec<String> = house.config().email.unwrap().to.iter().map(|to| to.email.to_string()).collect();
    assert_eq!(to, ["b@example.com", "c@example.com"]);
}

#[test]
fn a_credential_may_come_from_the_environment_alone() {
    let house = House::with(&acme_without("access_token")).variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN", "t");
    assert!(matches!(only_instance(&house).credential, Credential::AccessToken(_)));
}

#[test]
fn a_secret_of_the_environment_is_text_whatever_it_looks_like() {
    for text in ["0123", "true", "1e3", "[1]", "{a}", "\"x\""] {
        let house = House::with(&acme("")).variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN", text);
        let Credential::AccessToken(token) = only_instance(&house).credential else { panic!("a token") };
        assert_eq!(token.expose(), text);
    }
}

#[test]
fn an_instance_may_come_from_the_environment_alone() {
    let house = House::with("")
        .variable("CARDWATCH_INSTANCES__ACME__URL", "https://acme.domo.com")
        .variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN", "token")
        .variable("CARDWATCH_INSTANCES__ACME__PAGES", "all");
    let instance = only_instance(&house);
    assert_eq!((instance.name.as_str(), instance.pages), ("acme", Pages::All));
}

#[test]
fn what_an_instance_of_the_environment_lacks_is_told_as_a_variable() {
    let house = House::with(&acme("")).variable("CARDWATCH_INSTANCES__ACMEE__ACCESS_TOKEN", "token");
    let told = house.mistakes();
    assert!(told.starts_with("CARDWATCH_INSTANCES__ACMEE__URL: instances.acmee.url: is missing; "), "{told}");
}

#[test]
fn texts_of_the_environment_become_what_their_keys_want() {
    let house = House::with(&acme(""))
        .variable("CARDWATCH_ALERTS__RECOVERIES", "false")
        .variable("CARDWATCH_ALERTS__CONFIRM_DELAY", "5s")
        .variable("CARDWATCH_INSTANCES__ACME__PAGES", "[1, -100000]")
        .variable("CARDWATCH_INSTANCES__ACME__EXCLUDE_CARDS", "3,4")
        .variable("CARDWATCH_INSTANCES__ACME__REQUESTS_PER_SECOND", "0.5")
        .variable("CARDWATCH_INSTANCES__ACME__RENDER_PARTS", "[\"summary\"]");
    let config = house.config();
    let acme = &config.instances[0];

    assert!(!config.alerts.policy.recoveries);
    assert_eq!(config.alerts.confirm_delay, Duration::from_secs(5));
    assert_eq!(acme.pages, Pages::Some { ids: [PageId(1), PageId(-100_000)].into(), subpages: true });
    assert_eq!(acme.exclusions.cards, [CardId(3), CardId(4)].into());
    assert_eq!(acme.requests_per_second, Some(0.5));
    assert_eq!(acme.render_parts, ["summary"]);
}

#[test]
fn an_empty_text_of_the_environment_is_an_empty_list() {
    let house = House::with(&acme("exclude_pages = [9]")).variable("CARDWATCH_INSTANCES__ACME__EXCLUDE_PAGES", "");
    assert!(only_instance(&house).exclusions.pages.is_empty());
}

#[test]
fn a_text_of_the_environment_that_does_not_fit_is_told_by_its_variable() {
    let house = House::with(&acme(""))
        .variable("CARDWATCH_INSTANCES__ACME__PAGES", "[1, x")
        .variable("CARDWATCH_INSTANCES__ACME__ATTEMPTS", "many");
    assert_eq!(
        house.mistakes(),
        "CARDWATCH_INSTANCES__ACME__PAGES: instances.acme.pages: '[1, x' is not a list; write a list of page ids, \
         like [1234, 5678], or \"all\"\n\
         CARDWATCH_INSTANCES__ACME__ATTEMPTS: instances.acme.attempts: 'many' is not a whole number; write a whole \
         number from 1 to 10"
    );
}

#[test]
fn maintenance_windows_of_the_environment_are_a_list_in_toml() {
    let house = House::with(&acme("maintenance = [{ start = '0 22 * * SAT', duration = '6h' }]")).variable(
        "CARDWATCH_INSTANCES__ACME__MAINTENANCE",
        "[{ start = '0 3 * * *', duration = '1h' }, { start = '0 12 * * *', duration = '2h' }]",
    );
    let windows = only_instance(&house).maintenance.windows;
    let starts: Vec<String> = windows.iter().map(|window| window.start.to_string()).collect();
    assert_eq!(starts, ["0 3 * * *", "0 12 * * *"]);
    let none = house.variable("CARDWATCH_INSTANCES__ACME__MAINTENANCE", "");
    assert_eq!(only_instance(&none).maintenance.windows, []);
}

#[test]
fn a_maintenance_window_of_the_environment_that_does_not_fit_is_told_by_its_variable() {
    let told = |text: &str| {
        let house = House::with(&acme("")).variable("CARDWATCH_INSTANCES__ACME__MAINTENANCE", text);
        house.mistakes().split("; ").next().unwrap().to_owned()
    };
    let variable = "CARDWATCH_INSTANCES__ACME__MAINTENANCE: instances.acme.maintenance";
    assert_eq!(told("0 3 * * *"), format!("{variable}: '0 3 * * *' is not a list"));
    assert_eq!(told("[]\nlist2 = []"), format!("{variable}: '[]\\nlist2 = []' is not a list"));
    assert_eq!(told("[3]"), format!("{variable}#1: 3 is not a table"));
    assert_eq!(told("[{ start = '0 3 * * *' }]"), format!("{variable}#1.duration: is missing"));
    assert_eq!(
        told("[{ start = '0 3 * * *', duration = '0s' }]"),
        format!("{variable}#1.duration: '0s' is out of range")
    );
    assert_eq!(
        told("[{ start = '0 3 * * *', duration = '1h', until = '' }]"),
        format!("{variable}#1.until: unknown key")
    );
}

#[test]
fn an_unknown_variable_is_told_with_the_variable_that_was_meant() {
    let house =
        House::with(&acme("")).variable("CARDWATCH_EMAIL_SMTP", "x").variable("CARDWATCH_ALERT__BLIND_AFTER", "2");
    assert_eq!(
        house.mistakes(),
        "CARDWATCH_ALERT__BLIND_AFTER: alert.blind_after: unknown key; the nearest known key is \
         CARDWATCH_ALERTS__BLIND_AFTER\n\
         CARDWATCH_EMAIL_SMTP: email_smtp: unknown key; the nearest known key is CARDWATCH_EMAIL__SMTP"
    );
}

#[test]
fn a_key_and_a_key_below_it_cannot_both_be_set() {
    let house = House::with(&email(""))
        .variable("CARDWATCH_EMAIL__PASSWORD", "x")
        .variable("CARDWATCH_EMAIL__PASSWORD__FILE", "y")
        .variable("CARDWATCH_EMAIL__USERNAME", "z");
    assert_eq!(
        house.mistakes(),
        "CARDWATCH_EMAIL__PASSWORD__FILE: email.password.file: is set twice, or as a whole and in parts; set it once"
    );
}

#[test]
fn a_key_cannot_be_set_by_two_variables() {
    let house = House::with(&email(""))
        .variable("CARDWATCH_EMAIL__SMTP", "smtp://one.example")
        .variable("CARDWATCH_email__smtp", "smtp://another.example");
    assert_eq!(
        house.mistakes(),
        "CARDWATCH_email__smtp: email.smtp: is set twice, or as a whole and in parts; set it once"
    );
}

#[test]
fn variables_that_are_no_keys_are_left_alone() {
    let house = House::with(&also("metrics", ""))
        .variable("CARDWATCH_SERVICE_HOST", "10.0.0.1")
        .variable("CARDWATCH_PORT", "tcp://10.0.0.1:9917")
        .variable("CARDWATCH_PORT_9917_TCP_ADDR", "10.0.0.1")
        .variable("PATH", "/bin");
    assert_eq!(only_instance(&house), only_instance(&House::with(&acme(""))));
}

#[test]
fn a_variable_for_an_option_of_the_command_line_is_warned_about() {
    let house = House::with(&email(""))
        .variable("CARDWATCH_LOG_LEVEL", "debug")
        .variable("CARDWATCH_LOG_FORMAT", "json")
        .variable("CARDWATCH_CONFIG", "config.toml");
    assert_eq!(
        house.warnings(),
        [
            "CARDWATCH_LOG_FORMAT: the environment does not set this; use --log-format",
            "CARDWATCH_LOG_LEVEL: the environment does not set this; use --log-level",
        ]
    );
}

#[test]
fn whoever_called_sudo_goes_before_whom_it_runs_as() {
    for ([sudo, user, login], who) in [
        (["dana", "root", "login"], Some("dana")),
        (["", "root", "login"], Some("root")),
        (["", "", "login"], Some("login")),
        (["", "", ""], None),
    ] {
        let environment = Environment::from_iter([("LOGNAME", login), ("SUDO_USER", sudo), ("USER", user)]);
        assert_eq!(environment.user(), who);
    }
}
