//! A configuration: the text of the file, then after each NUL a variable and its value. It is read, or each mistake
//! names its place and a remedy.
#![no_main]

use std::path::Path;

use cardwatch::config::{Environment, LoadRequest, load_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let mut parts = data.split('\0');
    let text = parts.next().unwrap_or_default();
    let variables =
        parts.filter_map(|part| part.split_once('=')).map(|(name, value)| (format!("CARDWATCH_{name}"), value));
    let request = LoadRequest {
        directory: "nowhere".into(),
        fetch_secrets: false,
        ..LoadRequest::new(Environment::from_iter(variables))
    };
    if let Err(problems) = load_text(&request, Path::new("config.toml"), text) {
        assert!(!problems.0.is_empty());
        for problem in &problems.0 {
            assert!(problem.source == "config.toml" || problem.key.is_some(), "{problem}");
            assert!(!problem.what.is_empty() && !problem.remedy.is_empty(), "{problem}");
            assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
        }
    }
});
