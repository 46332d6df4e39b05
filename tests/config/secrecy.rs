//! A secret is in no configuration, problem or warning that anybody prints.

use cardwatch::config::Environment;
use cardwatch::config::secret::Secret;

use crate::house::{House, acme, acme_without, also, email};

const SECRET: &str = "hunter2";

/// All that can be printed of what a house says.
fn printed(house: &House) -> String {
    match house.load() {
        Ok(loaded) => format!("{loaded:?}\n{loaded:#?}\n{:?}\n{}", loaded.config, loaded.warnings.join("\n")),
        Err(problems) => format!("{problems}\n{problems:?}\n{problems:#?}\n{:?}", anyhow::anyhow!(problems.clone())),
    }
}

fn assert_kept(house: &House) {
    let printed = printed(house);
    assert!(!printed.contains(SECRET), "the secret is in:\n{printed}");
}

#[test]
fn no_configuration_prints_its_secrets() {
    let login = "username = 'a'\npassword = 'hunter2'";
    assert_kept(&House::with(&acme("access_token = 'hunter2'")).mode("config.toml", 0o644));
    assert_kept(&House::with(&(acme_without("access_token") + login)));
    assert_kept(&House::with(&email(login)));
    assert_kept(&House::with(&acme("heartbeat_url = 'https://hunter2.example/hunter2?key=hunter2'")));
    assert_kept(&House::with(&also("http", "basic_auth = { username = 'a', password = 'hunter2' }")));
    assert_kept(&House::with(&acme("access_token = { file = 'token' }")).file("token", SECRET));
    assert_kept(&House::with(&acme("access_token = { env = 'TOKEN' }")).variable("TOKEN", SECRET));
    assert_kept(&House::with(&acme("access_token = { credential = 'token' }")).file("token", SECRET).credentials());
}

#[test]
fn no_problem_prints_a_secret() {
    let lines = [
        "access_token = 'hunter2",
        "access_token = hunter2",
        "access_token = 'hunter2' oops",
        "access_token = ['hunter2']",
        "access_token = [['hunter2']]",
        "access_token = 'hunter2 with a blank'",
        "access_token = { text = 'hunter2' }",
        "acces_token = 'hunter2'",
        "access_token = 'hunter2'\nusername = 'a'",
        "access_token = { file = 'token' }\nattempts = 99",
        "password = 'hunter2'",
        "passwort = { text = 'hunter2' }",
        "url = 'https://a:hunter2@acme.domo.com'",
        "url = 'https:a:hunter2@acme.domo.com'",
        "url = 'https://acme.domo.com?token=hunter2'",
        "heartbeat_url = 'hunter2'",
        "heartbeat_url = 'http://hunter2.example/hunter2'",
        "heartbeat_url = 'https://a:hunter2@hc-ping.com/hunter2'",
        "heartbeat_url = 'https://hc-ping.com:hunter2/'",
        "heartbeat_url = 'https://hc-ping.com/x#hunter2'",
    ];
    for line in lines {
        let house = House::with(&acme(line)).file("token", SECRET);
        house.load().expect_err(line);
        assert_kept(&house);
    }
}

#[test]
fn no_problem_of_another_section_prints_a_secret() {
    let texts = [
        email("smtp = 'smtp://a:hunter2@localhost'"),
        email("smtp = 'smtp:a:hunter2@localhost'"),
        email("smtp = 'a:hunter2@localhost'"),
        email("smtp = 'smtp://a:hunter2'"),
        email("smtp = 'smtp://localhost?password=hunter2'"),
        email("link_base = 'https://a:hunter2@localhost'"),
        email("login = 'hunter2'"),
        email("password = 'hunter2'"),
        also("http", "basic_auth = 'admin:hunter2'"),
        also("http", "basic_auth = ['admin', 'hunter2']"),
        also("http", "basic_auth = { password = 'hunter2' }"),
        also("http", "basic_auth = { username = 'a:b', password = 'hunter2' }"),
    ];
    for text in texts {
        let house = House::with(&text);
        house.load().expect_err(&text);
        assert_kept(&house);
    }
}

#[test]
fn no_problem_of_a_variable_or_flag_prints_a_secret() {
    let house = House::with(&acme("attempts = 99"))
        .variable("CARDWATCH_EMAIL__PASSWORD", SECRET)
        .variable("CARDWATCH_EMAIL__PASSWORT", SECRET)
        .variable("CARDWATCH_EMAIL", SECRET)
        .variable("CARDWATCH_HTTP__BASIC_AUTH", SECRET)
        .variable("CARDWATCH_INSTANCES__ACME", SECRET)
        .flag("instances.acme.acces_token", SECRET)
        .flag("http.basic_auth", SECRET);
    house.load().unwrap_err();
    assert_kept(&house);
}

#[test]
fn words_that_repeat_a_secret_lose_it_in_each_form() {
    for (said, kept) in [
        ("no user hunter2, hunter2", "no user [secret], [secret]"),
        ("unknown command AUTH aHVudGVyMg==", "unknown command AUTH [secret]"),
        ("HUNTER2 hunter", "HUNTER2 hunter"),
    ] {
        let mut words = said.to_owned();
        Secret::new(SECRET).conceal(&mut words);
        assert_eq!(words, kept);
    }
}

#[test]
fn a_secret_that_is_hardly_one_does_not_cut_words_to_pieces() {
    let mut words = "wrong password".to_owned();
    Secret::new("").conceal(&mut words);
    Secret::new("o").conceal(&mut words);
    Secret::new("pas").conceal(&mut words);
    assert_eq!(words, "wrong password");
    Secret::new("pass").conceal(&mut words);
    assert_eq!(words, "wrong [secret]word");
}

#[test]
fn an_environment_prints_names_alone() {
    let environment = Environment::from_iter([("ACME_TOKEN", SECRET)]);
    assert_eq!(format!("{environment:?}"), "{\"ACME_TOKEN\"}");
}

#[test]
fn a_file_with_a_secret_that_others_may_read_is_warned_about() {
    let house = House::with(&email("")).mode("config.toml", 0o644);
    assert_eq!(
        house.warnings(),
        ["config.toml: it holds a secret and may be read by others; run: chmod 600 config.toml"]
    );
}

#[test]
fn a_file_that_only_says_where_the_secret_is_may_be_read_by_all() {
    let text = email("").replace("'token'", "{ env = 'TOKEN' }");
    let house = House::with(&text).variable("TOKEN", SECRET).mode("config.toml", 0o644);
    assert_eq!(house.warnings(), Vec::<String>::new());
}
