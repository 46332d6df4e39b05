//! Bad configurations: every mistake is told at once, and the exit code is 2.

use fake_domo::{FakeDomo, Spec};

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn all_mistakes_of_a_file_are_told_at_once() {
    let mut house = House::beside(FakeDomo::new(Spec::new(3).pages(1).cards(1))).await;
    house.instance("schedule", "\"every day\"");
    house.instance("timezone", "\"Europe/Amsterdm\"");
    house.instance("concurency", "4");
    for arguments in [&["check-config"][..], &["run"], &["sweep"]] {
        let ended = house.run(arguments);
        assert_eq!(ended.code(), 2);
        let said = ended.stderr();
        assert_eq!(said.lines().count(), 3, "{said}");
        assert!(said.lines().all(|line| line.starts_with("error: config.toml: instances.acme.")), "{said}");
        assert!(said.contains("concurrency"), "the nearest known key is named: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_none_is_one_clear_error() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(1).cards(1))).await;
    std::fs::write(house.database(), "this is no database, and long enough to be looked at as one: ".repeat(20))
        .unwrap();
    let ended = house.run(&["run"]);
    assert_eq!(ended.code(), 2);
    assert!(ended.stderr().contains("error: storage.path: cannot use"), "{}", ended.stderr());
}
