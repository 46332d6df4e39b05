//! Holds a value against a schema of an `OpenAPI` document, as far as the API's schemas go. A word of a schema that is
//! not known here fails the test: nothing passes because nobody looked.

use chrono::DateTime;
use serde_json::{Map, Value};

/// What is said of a value and does not limit it.
const REMARKS: [&str; 4] = ["description", "example", "format", "pattern"];

/// What is wrong with a value, each with its place; nothing where it fits.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = schema.as_object().unwrap_or_else(|| panic!("{place}: a schema is an object, not {schema}"));
    let mut faults = Vec::new();
    for (word, limit) in schema {
        match word.as_str() {
            "$ref" => faults.extend(self::faults(document, referred(document, limit), value, place)),
            "allOf" => {
                faults.extend(
                    limit.as_array().unwrap().iter().flat_map(|part| self::faults(document, part, value, place)),
                );
            }
            "oneOf" => {
                let fits = |part: &&Value| self::faults(document, part, value, place).is_empty();
                let fitting = limit.as_array().unwrap().iter().filter(fits).count();
                faults.extend((fitting != 1).then(|| format!("{place}: {fitting} of its kinds fit {value}")));
            }
            "type" => faults.extend((!is_of(limit, value)).then(|| format!("{place}: {value} is not {limit}"))),
            "enum" => {
                let named = limit.as_array().unwrap().contains(value);
                faults.extend((!named).then(|| format!("{place}: {value} is none of {limit}")));
            }
            "required" => faults.extend(missing(limit, value, place)),
            "properties" => faults.extend(fields(document, limit.as_object().unwrap(), value, place)),
            "items" => {
                let rows = value.as_array().into_iter().flatten().enumerate();
                faults.extend(rows.flat_map(|(at, row)| self::faults(document, limit, row, &format!("{place}[{at}]"))));
            }
            "minimum" | "maximum" | "minItems" | "maxItems" => {
                faults.extend((!within(word, limit, value)).then(|| format!("{place}: {value} breaks {word} {limit}")));
            }
            remark => assert!(REMARKS.contains(&remark), "{place}: nobody looks at '{remark}'"),
        }
    }
    if schema.get("format").is_some_and(|format| format == "date-time") && !is_instant(value) {
        faults.push(format!("{place}: {value} is no instant in UTC"));
    }
    faults
}

/// Every field that a value has and no schema names: what is not described should not be there.
pub(crate) fn undescribed(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let described = described(document, schema);
            let each = object.iter().map(|(name, value)| match described.iter().find(|(of, _)| *of == name) {
                Some((_, schema)) => undescribed(document, schema, value, &format!("{place}.{name}")),
                None => vec![format!("{place}.{name}")],
            });
            each.flatten().collect()
        }
        Value::Array(rows) => {
            let items = items(document, schema);
            rows.iter().flat_map(|row| undescribed(document, items, row, &format!("{place}[]"))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// What a reference leads to.
pub(crate) fn referred<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().unwrap().strip_prefix('#').unwrap();
    document.pointer(path).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// The schemas that a schema is made of, itself among them.
fn made_of<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let referred = schema.get("$ref").map(|reference| referred(document, reference));
    let parts = ["allOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
    let mut all: Vec<&Value> = parts.chain(referred).flat_map(|part| made_of(document, part)).collect();
    all.push(schema);
    all
}

fn described<'a>(document: &'a Value, schema: &'a Value) -> Vec<(&'a String, &'a Value)> {
    let properties = made_of(document, schema).into_iter().filter_map(|part| part.get("properties")?.as_object());
    properties.flatten().collect()
}

fn items<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    made_of(document, schema).into_iter().find_map(|part| part.get("items")).unwrap_or(&Value::Null)
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let kinds = kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice);
    kinds.iter().any(|kind| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("nobody looks at the type '{other}'"),
    })
}

fn missing(names: &Value, value: &Value, place: &str) -> Vec<String> {
    let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    names.filter(|name| value.get(name).is_none()).map(|name| format!("{place}.{name} is missing")).collect()
}

fn fields(document: &Value, properties: &Map<String, Value>, value: &Value, place: &str) -> Vec<String> {
    let there = properties.iter().filter_map(|(name, schema)| Some((name, schema, value.get(name)?)));
    there.flat_map(|(name, schema, value)| faults(document, schema, value, &format!("{place}.{name}"))).collect()
}

fn within(word: &str, limit: &Value, value: &Value) -> bool {
    let limit = limit.as_f64().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "no list of a test is so long")]
    let length = value.as_array().map(|rows| rows.len() as f64);
    match word {
        "minimum" => value.as_f64().is_none_or(|number| number >= limit),
        "maximum" => value.as_f64().is_none_or(|number| number <= limit),
        "minItems" => length.is_none_or(|length| length >= limit),
        _ => length.is_none_or(|length| length <= limit),
    }
}

fn is_instant(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok())
}
