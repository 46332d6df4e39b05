//! Which file is read.

use std::path::Path;

use cardwatch::config::{LoadRequest, Loaded, Problems, load};

use crate::house::{House, acme};

/// The pages of acme, which tell the files of a house apart.
fn watching(page: u32) -> String {
    acme(&format!("pages = [{page}]"))
}

fn refused(result: Result<Loaded, Problems>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_file_that_is_asked_for_goes_before_all() {
    let house = House::with(&watching(1)).file("asked.toml", watching(2)).file("environment.toml", watching(3));
    let house = house.variable("CARDWATCH_CONFIG", "environment.toml");
    let request = LoadRequest { file: Some("asked.toml".into()), ..house.request() };
    assert_eq!(load(&request).unwrap().path, house.path("asked.toml"));
}

#[test]
fn the_file_of_the_environment_goes_before_the_own() {
    let house = House::with(&watching(1)).file("environment.toml", watching(3));
    let house = house.variable("CARDWATCH_CONFIG", "environment.toml");
    assert_eq!(house.load().unwrap().path, house.path("environment.toml"));
}

#[test]
fn an_empty_variable_names_no_file() {
    let house = House::with(&watching(1)).variable("CARDWATCH_CONFIG", "");
    assert_eq!(house.load().unwrap().path, house.path("config.toml"));
}

#[test]
fn the_file_of_the_system_comes_last() {
    let house = House::empty();
    std::fs::create_dir(house.path("etc")).unwrap();
    let house = house.file("etc/config.toml", watching(1));
    assert_eq!(house.load().unwrap().path, house.path("etc/config.toml"));
}

#[test]
fn without_a_file_every_place_is_named_and_the_way_out() {
    assert_eq!(
        House::empty().mistakes(),
        "no configuration: --config and $CARDWATCH_CONFIG name no file, and there is neither ./config.toml nor \
         etc/config.toml; copy config.toml.example to one of these and fill it in"
    );
}

#[test]
fn a_file_that_is_asked_for_and_missing_is_not_replaced_by_another() {
    let house = House::with(&watching(1));
    let request = LoadRequest { file: Some("mine.toml".into()), ..house.request() };
    assert_eq!(
        refused(load(&request)),
        "mine.toml: cannot read the configuration: No such file or directory; name a file that is there \
         and readable, or copy config.toml.example to it"
    );
}

#[test]
fn a_directory_is_no_configuration() {
    let house = House::empty();
    std::fs::create_dir(house.path("config.toml")).unwrap();
    assert!(house.mistakes().starts_with("config.toml: cannot read the configuration: "));
}

#[test]
fn a_file_that_cannot_even_be_looked_at_is_not_passed_over() {
    let house = House::empty();
    std::os::unix::fs::symlink("config.toml", house.path("config.toml")).unwrap();
    assert!(house.mistakes().starts_with("config.toml: cannot read the configuration: "));
}

#[test]
fn relative_paths_are_relative_to_the_working_directory() {
    let house = House::with(&crate::house::also("storage", "path = 'data/cards.db'"));
    assert_eq!(house.config().storage.path, house.path("data/cards.db"));
}

#[test]
fn the_database_lies_in_the_first_state_directory_of_systemd() {
    let house = House::with(&acme("")).variable("STATE_DIRECTORY", "/var/lib/cardwatch:/var/lib/more");
    assert_eq!(house.config().storage.path, Path::new("/var/lib/cardwatch/cardwatch.db"));
}

#[test]
fn without_a_state_directory_the_database_lies_in_the_working_directory() {
    let house = House::with(&acme("")).variable("STATE_DIRECTORY", "");
    assert_eq!(house.config().storage.path, house.path("cardwatch.db"));
}
