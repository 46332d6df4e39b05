//! The tree is the architecture: imports go one way, the core is pure, and files stay short enough to read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

/// Each room with those that it may see beside itself.
const LAW: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("clock", &[]),
    ("config", &["domain"]),
    ("domo", &["domain", "config", "clock"]),
    ("store", &["domain"]),
    ("mail", &["domain", "config", "clock"]),
    ("heartbeat", &["domain", "config", "clock"]),
    ("http", &["domain", "config", "clock", "store"]),
    ("daemon", &["domain", "config", "clock", "domo", "store", "mail", "heartbeat", "http"]),
    ("cli", &["domain", "config", "clock", "domo", "store", "mail", "heartbeat", "http", "daemon"]),
];

/// What the core does without.
const IMPURE: [&str; 8] = ["async", "await", "tokio", "sqlx", "reqwest", "hyper", "tracing", "prometheus"];

/// What would have to be named to speak TLS without verifying it.
const UNVERIFIED: [&str; 5] = ["danger", "accept_invalid", "ServerCertVerifier", "SSL_VERIFY", "verify_mode"];

const MOST_LINES: usize = 400;

const MOST_LINES_OF_A_FUNCTION: usize = 80;

/// A file of `src/`, its path beginning there.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The program.
    fn all() -> Vec<Self> {
        Self::below("src")
    }

    /// The program and all that is written beside it.
    fn whole_tree() -> Vec<Self> {
        ["src", "tests", "benches", "examples"].into_iter().flat_map(Self::below).collect()
    }

    fn below(folder: &str) -> Vec<Self> {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut found = Vec::new();
        let mut folders = vec![src.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    found.push(Self::read(&src, &path));
                }
            }
        }
        found
    }

    fn read(src: &Path, path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self { path: path.strip_prefix(src).unwrap().to_str().unwrap().replace('\\', "/"), text }
    }

    /// `domain` of `domain/card.rs`, `clock` of `clock.rs`; `None` for the roots of the crates.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next()?.trim_end_matches(".rs");
        (first != "lib" && first != "main").then_some(first)
    }

    /// The text without its comments, line by line as before.
    fn code(&self) -> String {
        let without = |line: &str| line.split_once("//").map_or(line, |(code, _)| code).to_owned();
        self.text.lines().map(without).collect::<Vec<_>>().join("\n")
    }

    /// Where the word stands, by line.
    fn word(&self, word: &str) -> Vec<usize> {
        let code = self.code();
        let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
        let alone = |at: &usize| {
            let (before, after) = (&code[..*at], &code[at + word.len()..]);
            !before.ends_with(part_of_a_name) && !after.starts_with(part_of_a_name)
        };
        code.match_indices(word).map(|(at, _)| at).filter(alone).map(|at| line_of(&code, at)).collect()
    }

    /// The rooms that the file names, with the line of each.
    fn seen(&self) -> Vec<(usize, String)> {
        let code = self.code();
        let from_root = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(['$', '_']));
        let named = from_root.flat_map(|(at, root)| {
            let from = at + root.len();
            rooms(&code[from..]).into_iter().map(move |(offset, room)| (from + offset, room))
        });
        named.map(|(at, room)| (line_of(&code, at), room)).collect()
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The rooms that follow `crate::`, one or several in braces, with where each stands.
fn rooms(path: &str) -> Vec<(usize, String)> {
    let Some(inside) = path.strip_prefix('{') else { return vec![(0, name(path))] };
    let mut depth = 0;
    let mut starts = vec![1];
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 2),
            _ => {}
        }
    }
    let trimmed = |at: usize| at + path[at..].len() - path[at..].trim_start().len();
    starts.into_iter().map(trimmed).map(|at| (at, name(&path[at..]))).filter(|(_, name)| !name.is_empty()).collect()
}

fn name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Imports against the law, each as a file, a line and what is wrong.
fn forbidden_imports(source: &Source) -> Vec<String> {
    let Some(room) = source.room() else { return Vec::new() };
    let Some((_, may_see)) = LAW.iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "src/{}:1: the room `{room}` is not in the import law of tests/architecture.rs",
            source.path
        )];
    };
    let breaks = |seen: &str| seen != room && !may_see.contains(&seen);
    let seen = source.seen().into_iter().filter(|(_, seen)| breaks(seen));
    let told = |(line, seen): (usize, String)| {
        format!("src/{}:{line}: `{room}` may not see `{seen}`; it may see {may_see:?}", source.path)
    };
    let climbs =
        source.code().match_indices("super::super::").map(|(at, _)| line_of(&source.code(), at)).collect::<Vec<_>>();
    let climbing = climbs.into_iter().map(|line| {
        format!("src/{}:{line}: `super::super::` may lead out of `{room}` unseen; write `crate::`", source.path)
    });
    seen.map(told).chain(climbing).collect()
}

fn impure_words(source: &Source) -> Vec<String> {
    if source.room() != Some("domain") {
        return Vec::new();
    }
    let told = |word: &str| {
        let lines = source.word(word);
        lines
            .into_iter()
            .map(|line| format!("src/{}:{line}: `{word}` in the pure core", source.path))
            .collect::<Vec<_>>()
    };
    IMPURE.iter().flat_map(|word| told(word)).collect()
}

fn unverified(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let named = lines.filter(|(_, line)| UNVERIFIED.iter().any(|word| line.contains(word)));
    named.map(|(at, line)| format!("src/{}:{}: TLS is always verified: {}", source.path, at + 1, line.trim())).collect()
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let told = format!("{}:{MOST_LINES}: {lines} lines; split it, {MOST_LINES} are the most", source.path);
    if lines > MOST_LINES { vec![told] } else { Vec::new() }
}

/// The functions of which nobody sees the beginning and the end at once; rustfmt sees to it that each ends where it began.
fn too_long_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let begins = |line: &str| {
        line.trim_start().split_once("fn ").is_some_and(|(before, _)| {
            before.split_whitespace().all(|word| word == "async" || word == "const" || word.starts_with("pub"))
        })
    };
    let length = |at: usize| {
        let indent = &lines[at][..lines[at].len() - lines[at].trim_start().len()];
        lines[at..].iter().position(|line| line.starts_with(&format!("{indent}}}"))).map_or(0, |last| last + 1)
    };
    let functions = (0..lines.len()).filter(|at| begins(lines[*at])).map(|at| (at, length(at)));
    let long = functions.filter(|(_, length)| *length > MOST_LINES_OF_A_FUNCTION);
    long.map(|(at, length)| format!("{}:{}: {length} lines; split it", source.path, at + 1)).collect()
}

/// Holds every file of the program against a rule.
fn hold(rule: fn(&Source) -> Vec<String>) {
    hold_all(&Source::all(), rule);
}

fn hold_all(sources: &[Source], rule: fn(&Source) -> Vec<String>) {
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    let breaches: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn imports_go_one_way() {
    hold(forbidden_imports);
}

#[test]
fn the_core_is_pure() {
    hold(impure_words);
}

#[test]
fn tls_is_always_verified() {
    hold(unverified);
}

#[test]
fn files_are_short_enough_to_read() {
    hold_all(&Source::whole_tree(), too_long);
}

#[test]
fn functions_are_short_enough_to_read() {
    hold_all(&Source::whole_tree(), too_long_functions);
}

#[test]
fn every_room_of_the_law_is_there() {
    for (room, _) in LAW {
        assert!(Source::all().iter().any(|source| source.room() == Some(room)), "{room}");
    }
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn an_import_against_the_law_is_caught_with_its_file_and_line() {
    let store = source("store/open.rs", "use std::fmt;\nuse crate::http::Live;\n");
    assert_eq!(
        forbidden_imports(&store),
        [r#"src/store/open.rs:2: `store` may not see `http`; it may see ["domain"]"#]
    );
}

#[test]
fn rooms_in_braces_are_caught_each_in_its_line() {
    let text = "use crate::{\n    domain::{card, ids},\n    mail::Mailer,\n    clock, daemon,\n};\n";
    let caught = forbidden_imports(&source("domo/client.rs", text));
    assert_eq!(caught.len(), 2);
    assert!(caught[0].starts_with("src/domo/client.rs:3: `domo` may not see `mail`"), "{}", caught[0]);
    assert!(caught[1].starts_with("src/domo/client.rs:4: `domo` may not see `daemon`"), "{}", caught[1]);
}

#[test]
fn a_path_within_an_expression_is_caught_too() {
    let text = "fn now() -> u8 {\n    crate::clock::now()\n}\n";
    assert_eq!(forbidden_imports(&source("domain/card.rs", text)).len(), 1);
    assert!(forbidden_imports(&source("mail/text.rs", text)).is_empty());
}

#[test]
fn a_way_out_over_the_roof_is_caught() {
    let text = "use super::super::cli;\n";
    assert!(forbidden_imports(&source("http/health.rs", text))[0].contains(":1: `super::super::`"));
}

#[test]
fn what_is_allowed_or_only_spoken_of_is_not_caught() {
    let text = "//! See [`crate::cli`].\nuse crate::domain::card; // not crate::http\nuse crate::store::rows;\n";
    assert!(forbidden_imports(&source("store/open.rs", text)).is_empty());
}

#[test]
fn a_room_without_a_law_is_caught() {
    let caught = forbidden_imports(&source("utils/mod.rs", ""));
    assert_eq!(caught, ["src/utils/mod.rs:1: the room `utils` is not in the import law of tests/architecture.rs"]);
}

#[test]
fn impure_words_are_caught_in_the_core_alone() {
    let text = "/// No async here.\nfn tokio_like() {}\nasync fn ask() {}\nuse tracing::info;\n";
    let caught = impure_words(&source("domain/card.rs", text));
    assert_eq!(
        caught,
        ["src/domain/card.rs:3: `async` in the pure core", "src/domain/card.rs:4: `tracing` in the pure core"]
    );
    assert!(impure_words(&source("store/open.rs", text)).is_empty());
}

#[test]
fn tls_that_is_not_verified_is_caught() {
    for line in
        ["builder.danger_accept_invalid_certs(true)", "config.dangerous()", "impl ServerCertVerifier for All {}"]
    {
        assert_eq!(unverified(&source("domo/client.rs", &format!("//! x\n{line}\n"))).len(), 1, "{line}");
    }
}

#[test]
fn a_function_that_is_too_long_is_caught() {
    let function =
        |lines: usize| format!("mod x {{\n    pub(super) async fn f(\n    ) {{\n{}    }}\n}}\n", "\n".repeat(lines));
    assert!(too_long_functions(&source("cli/run.rs", &function(77))).is_empty());
    assert_eq!(too_long_functions(&source("cli/run.rs", &function(78))), ["cli/run.rs:2: 81 lines; split it"]);
}

#[test]
fn a_file_that_is_too_long_is_caught() {
    assert!(too_long(&source("cli/run.rs", &"\n".repeat(400))).is_empty());
    assert_eq!(
        too_long(&source("cli/run.rs", &"\n".repeat(401))),
        ["cli/run.rs:400: 401 lines; split it, 400 are the most"]
    );
}
