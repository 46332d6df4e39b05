//! Where secrets come from, and what is wrong with the places.

use cardwatch::config::valid::Credential;
use cardwatch::config::{LoadRequest, load};

use crate::house::{House, acme, acme_without, email};

/// The token that acme signs in with.
fn token(house: &House) -> String {
    match house.config().instances.remove(0).credential {
        Credential::AccessToken(token) => token.expose().to_owned(),
        Credential::Password(login) => panic!("a login: {login:?}"),
    }
}

fn from_file() -> String {
    acme("access_token = { file = 'token' }")
}

fn from_variable() -> String {
    acme("access_token = { env = 'ACME_TOKEN' }")
}

fn from_credential() -> String {
    acme("access_token = { credential = 'acme-token' }")
}

#[test]
fn a_secret_may_be_a_text() {
    assert_eq!(token(&House::with(&acme("access_token = 'abc'"))), "abc");
}

#[test]
fn a_secret_may_be_in_a_file() {
    assert_eq!(token(&House::with(&from_file()).file("token", "abc")), "abc");
}

#[test]
fn a_secret_may_be_in_a_variable() {
    assert_eq!(token(&House::with(&from_variable()).variable("ACME_TOKEN", "abc")), "abc");
}

#[test]
fn a_secret_may_be_a_credential_of_systemd() {
    assert_eq!(token(&House::with(&from_credential()).file("acme-token", "abc").credentials()), "abc");
}

#[test]
fn the_environment_may_say_where_a_secret_is() {
    let house = House::with(&acme_without("access_token"))
        .file("token", "abc")
        .variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN__FILE", "token");
    assert_eq!(token(&house), "abc");
}

#[test]
fn the_environment_may_move_a_secret_that_the_file_puts_elsewhere() {
    let house = House::with(&from_credential())
        .file("token", "abc")
        .variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN__FILE", "token");
    assert_eq!(token(&house), "abc");
}

#[test]
fn a_variable_that_holds_a_secret_is_no_key_whatever_its_name() {
    for name in ["CARDWATCH_ACME_TOKEN", "CARDWATCH_TOKENS__ACME"] {
        let text = acme(&format!("access_token = {{ env = '{name}' }}"));
        assert_eq!(token(&House::with(&text).variable(name, "abc")), "abc");
    }
}

#[test]
fn a_secret_that_nobody_uses_is_left_where_it_is() {
    for text in [from_file(), from_variable(), from_credential()] {
        let house = House::with(&text);
        let request = LoadRequest { fetch_secrets: false, ..house.request() };
        assert!(load(&request).is_ok(), "{text}");
    }
}

#[test]
fn one_trailing_newline_is_cut_and_no_more() {
    let password = |contents: &str| {
        let house = House::with(&email("username = 'a'\npassword = { file = 'password' }")).file("password", contents);
        house.config().email.unwrap().login.unwrap().password.expose().to_owned()
    };
    assert_eq!(password("abc\n"), "abc");
    assert_eq!(password("abc\r\n"), "abc");
    assert_eq!(password("abc\n\n"), "abc\n");
    assert_eq!(password(" abc "), " abc ");
}

#[test]
fn a_secret_file_that_is_missing_is_a_mistake() {
    assert_eq!(
        House::with(&from_file()).mistakes(),
        "config.toml: instances.acme.access_token.file: cannot read the secret file 'HOUSE/token': No such file or \
         directory; put the secret there, readable by the user that runs cardwatch alone"
    );
}

#[test]
fn a_secret_file_that_others_may_read_is_a_mistake() {
    for (mode, shown) in [(0o640, "0640"), (0o604, "0604"), (0o610, "0610")] {
        assert_eq!(
            House::with(&from_file()).file("token", "abc").mode("token", mode).mistakes(),
            format!(
                "config.toml: instances.acme.access_token.file: the secret file 'HOUSE/token' may be read by others \
                 (its mode is {shown}); run: chmod 600 HOUSE/token"
            )
        );
    }
}

#[test]
fn a_credential_of_systemd_may_have_whatever_mode() {
    let house = House::with(&from_credential()).file("acme-token", "abc").mode("acme-token", 0o444).credentials();
    assert_eq!(token(&house), "abc");
}

#[test]
fn a_directory_is_no_secret_file() {
    let house = House::with(&from_file());
    std::fs::create_dir(house.path("token")).unwrap();
    assert_eq!(
        house.mistakes(),
        "config.toml: instances.acme.access_token.file: the secret file 'HOUSE/token' is not a regular file; name the \
         file that holds the secret"
    );
}

#[test]
fn a_secret_file_that_is_no_text_is_a_mistake() {
    assert_eq!(
        House::with(&from_file()).file("token", [0xff, 0xfe]).mistakes(),
        "config.toml: instances.acme.access_token.file: the secret file 'HOUSE/token' is not UTF-8; name the file \
         that holds the secret alone"
    );
}

#[test]
fn a_secret_file_that_is_huge_is_a_mistake() {
    assert_eq!(token(&House::with(&from_file()).file("token", vec![b'a'; 65_536])).len(), 65_536);
    let told = House::with(&from_file()).file("token", vec![b'a'; 65_537]).mistakes();
    assert!(told.contains("is longer than 65536 bytes; name the file"), "{told}");
}

#[test]
fn an_empty_secret_is_a_mistake_that_says_which_one_is_empty() {
    let houses = [
        (House::with(&acme("access_token = ''")), "the secret"),
        (House::with(&from_file()).file("token", "\n"), "the secret file 'HOUSE/token'"),
        (House::with(&from_variable()).variable("ACME_TOKEN", ""), "the environment variable 'ACME_TOKEN'"),
        (House::with(&from_credential()).file("acme-token", "").credentials(), "the secret file 'HOUSE/acme-token'"),
        (House::with(&acme("")).variable("CARDWATCH_INSTANCES__ACME__ACCESS_TOKEN", ""), "the secret"),
    ];
    for (house, holder) in houses {
        let told = house.mistakes();
        assert!(told.ends_with(&format!(": {holder} is empty; put the secret there")), "{told}");
    }
}

#[test]
fn a_place_without_a_name_is_a_mistake() {
    let told = |place: &str| House::with(&acme(&format!("access_token = {{ {place} = '' }}"))).mistakes();
    assert_eq!(told("env"), "config.toml: instances.acme.access_token.env: the name is empty; name the variable");
    assert_eq!(told("file"), "config.toml: instances.acme.access_token.file: the name is empty; name the file");
}

#[test]
fn a_table_that_names_no_place_is_a_mistake() {
    let told = House::with(&acme("access_token = {}")).mistakes();
    assert!(told.starts_with("config.toml: instances.acme.access_token: the table does not say where the secret is; "));
}

#[test]
fn a_variable_that_is_not_set_is_a_mistake() {
    assert_eq!(
        House::with(&from_variable()).mistakes(),
        "config.toml: instances.acme.access_token.env: the environment variable 'ACME_TOKEN' is not set; set it"
    );
}

#[test]
fn credentials_without_systemd_are_a_mistake_that_says_what_to_do() {
    assert_eq!(
        House::with(&from_credential()).mistakes(),
        "config.toml: instances.acme.access_token.credential: there are no credentials to read 'acme-token' from; \
         start cardwatch by systemd with LoadCredential=acme-token:PATH, or set CREDENTIALS_DIRECTORY to a folder that \
         holds a file of that name"
    );
}

#[test]
fn a_credential_that_systemd_was_not_given_is_a_mistake() {
    assert_eq!(
        House::with(&from_credential()).credentials().mistakes(),
        "config.toml: instances.acme.access_token.credential: cannot read the secret file 'HOUSE/acme-token': No such \
         file or directory; add it to the unit by LoadCredential="
    );
}

#[test]
fn a_credential_cannot_be_a_path() {
    for name in ["../token", "a/b", "/etc/passwd", "..", ""] {
        let told = House::with(&acme(&format!("access_token = {{ credential = '{name}' }}"))).credentials().mistakes();
        assert_eq!(
            told,
            format!(
                "config.toml: instances.acme.access_token.credential: '{name}' is not the name of a credential; write \
                 the name that LoadCredential= gives it, without a path"
            )
        );
    }
}

#[test]
fn a_secret_in_several_places_is_a_mistake() {
    assert_eq!(
        House::with(&acme("access_token = { file = 'token', env = 'ACME_TOKEN' }")).mistakes(),
        "config.toml: instances.acme.access_token: the table names several places for one secret; name one place"
    );
}

#[test]
fn a_secret_in_an_unknown_place_is_a_mistake() {
    let told = House::with(&acme("access_token = { fil = 'token' }")).mistakes();
    assert_eq!(
        told.lines().next(),
        Some(
            "config.toml: instances.acme.access_token.fil: unknown key; the nearest known key is \
             instances.acme.access_token.file"
        )
    );
}

#[test]
fn a_token_that_fits_no_header_is_a_mistake() {
    for token in ["a b", "tökén", "a\\nb"] {
        assert_eq!(
            House::with(&acme(&format!("access_token = \"{token}\""))).mistakes(),
            "config.toml: instances.acme.access_token: the token holds a blank, a line break or a letter beyond \
             ASCII; copy the token anew, as one line"
        );
    }
    assert_eq!(
        House::with(&from_file()).file("token", "a b").mistakes(),
        "config.toml: instances.acme.access_token: the token in the secret file 'HOUSE/token' holds a blank, a line \
         break or a letter beyond ASCII; copy the token anew, as one line"
    );
}
