//! A large answer keeps the fields of the shapes that it is read into, and no others.

use std::collections::BTreeSet;
use std::path::Path;

/// The sources that hold shapes.
const SHAPES: [&str; 2] = ["wire.rs", "learnt.rs"];

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domo").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// The text between the first double quotes.
fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

fn kept() -> BTreeSet<String> {
    let source = source("wire.rs");
    let list = source.split_once("FIELDS: ").unwrap().1.split_once("];").unwrap().0;
    list.lines().filter_map(quoted).map(str::to_owned).collect()
}

/// The names that serde reads: of each field of each struct that is deserialized, as its attributes have it.
fn read() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in SHAPES.map(source) {
        let structs =
            source.split("#[derive(").skip(1).filter(|rest| rest.split(')').next().unwrap().contains("Deseri"));
        for shape in structs {
            let (head, body) = shape.split_once(" {\n").unwrap();
            let camel = head.contains("rename_all = \"camelCase\"");
            assert!(camel || !head.contains("rename_all"), "the test does not know how these are named: {head}");
            names.extend(fields(body.split_once("\n}").unwrap().0, camel));
        }
    }
    names
}

fn fields(body: &str, camel: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut renamed = None;
    for line in body.lines().map(str::trim) {
        if let Some((_, name)) = line.split_once("rename = ") {
            renamed = quoted(name).map(str::to_owned);
        } else if let Some((field, _)) = line.split_once(": ").filter(|_| !line.starts_with("//")) {
            let field = field.rsplit(' ').next().unwrap();
            names.push(renamed.take().unwrap_or_else(|| if camel { in_camel_case(field) } else { field.to_owned() }));
        }
    }
    names
}

fn in_camel_case(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

#[test]
fn what_a_large_answer_keeps_is_what_the_shapes_read() {
    assert_eq!(kept(), read(), "wire::FIELDS is on the left, the fields of the shapes on the right");
}
