//! Whatever stands in the file, the environment or on the command line: it is read, or each mistake in it names its
//! place and a remedy.

use std::path::Path;

use cardwatch::config::{Environment, LoadRequest, load_text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::house::acme;

/// A value of TOML: of any kind, or one that some key takes, or one that it nearly takes.
fn value() -> impl Strategy<Value = String> {
    let near = [
        "'90d'",
        "'0s'",
        "'999999999999y'",
        "'-1s'",
        "'* * * * *'",
        "'*/0 * * * *'",
        "'UTC'",
        "'https://acme.domo.com'",
        "'http://[::1'",
        "'smtp://localhost:99999'",
        "'a@b.c'",
        "'A <a@b.c>'",
        "['a@b.c', 'A@B.C']",
        "'all'",
        "'auto'",
        "[1, -100000]",
        "[1, 1]",
        "['dynamic']",
        "true",
        "0",
        "-1",
        "1e400",
        "nan",
        "9223372036854775807",
        "'0.0.0.0:80'",
        "'/dev/zero'",
        "{ env = 'HOME' }",
        "{ file = 'x', env = 'y' }",
        "{ credential = '../x' }",
        "{}",
        "[[]]",
        "1979-05-27T07:32:00Z",
    ];
    prop_oneof![
        select(near.map(str::to_owned).to_vec()),
        "\\PC{0,12}".prop_map(|text| format!("{text:?}")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}").to_lowercase()),
    ]
}

/// The path of a key: a known one, or nearly.
fn path() -> impl Strategy<Value = String> {
    let known: Vec<String> = cardwatch::config::known_keys().iter().map(|key| key.path.replace('*', "acme")).collect();
    prop_oneof![
        6 => select(known.clone()),
        1 => select(known).prop_map(|path| path[..path.len() - 1].trim_end_matches('.').to_owned()),
        1 => "[a-z_]{1,8}(\\.[a-z_]{1,8}){0,3}",
    ]
}

fn request(variables: Vec<(String, String)>, flags: Vec<(String, String)>) -> LoadRequest {
    LoadRequest {
        overrides: flags,
        directory: "nowhere".into(),
        fetch_secrets: false,
        ..LoadRequest::new(Environment::from_iter(variables))
    }
}

/// Loads it all; every mistake says where it is and what to do.
fn assert_told(text: &str, request: &LoadRequest) -> Result<(), TestCaseError> {
    let Err(problems) = load_text(request, Path::new("config.toml"), text) else { return Ok(()) };
    prop_assert!(!problems.0.is_empty());
    for problem in &problems.0 {
        let told = problem.to_string();
        let placed = problem.source == "config.toml" || problem.key.is_some();
        prop_assert!(placed && !problem.source.is_empty(), "no place: {told}");
        prop_assert!(!problem.what.is_empty() && !problem.remedy.is_empty(), "no remedy: {told}");
        prop_assert!(!told.contains(char::is_control), "{told:?}");
        prop_assert!(told.chars().count() < 2_000, "{told}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in prop_oneof!["\\PC{0,80}", "[a-z\\[\\]{}=.,'\"\n #0-9-]{0,80}", any::<String>()]) {
        assert_told(&text, &request(Vec::new(), Vec::new()))?;
    }

    #[test]
    fn any_keys_with_any_values(lines in vec((path(), value()), 0..6), whole in any::<bool>()) {
        let lines: Vec<String> = lines.into_iter().map(|(path, value)| format!("{path} = {value}")).collect();
        let rest = if whole { acme("") } else { String::new() };
        assert_told(&format!("{}\n{rest}", lines.join("\n")), &request(Vec::new(), Vec::new()))?;
    }

    #[test]
    fn any_environment(variables in vec((path(), "\\PC{0,12}|[0-9]{1,4}[smhdy]?|\\[[0-9,']{0,9}\\]?|true"), 0..6)) {
        let variables = variables.into_iter().map(|(path, value)| {
            (format!("CARDWATCH_{}", path.to_uppercase().replace('.', "__")), value)
        });
        assert_told(&acme(""), &request(variables.collect(), Vec::new()))?;
    }

    #[test]
    fn any_variable_of_our_prefix(name in "[A-Z_a-z0-9.=ß]{0,20}", value in "\\PC{0,12}") {
        assert_told(&acme(""), &request(vec![(format!("CARDWATCH_{name}"), value)], Vec::new()))?;
    }

    #[test]
    fn any_flags(flags in vec((prop_oneof![path(), "\\PC{0,12}"], "\\PC{0,12}"), 0..4)) {
        assert_told(&acme(""), &request(Vec::new(), flags))?;
    }
}

#[test]
fn a_device_is_no_file_of_certificates() {
    let text = crate::house::email("ca_file = '/dev/zero'");
    let told = crate::house::House::with(&text).mistakes();
    assert_eq!(
        told,
        "config.toml: email.ca_file: '/dev/zero' holds no certificate; name a file of certificates in PEM, or remove the key"
    );
}
