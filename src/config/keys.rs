//! The table of keys. Owns which keys there are and what they default to: readers can take nothing else,
//! what is left over is an unknown key, and `config.toml.example` is held against it. It does not own what
//! a value may be: that stands where the key is read.

use figment::value::{Dict, Value};

/// Stands in a path for the name of an instance.
pub(super) const ANY: &str = "*";

/// One key that an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its dotted path; `*` stands for the name of an instance.
    pub path: &'static str,
    /// Its default, written as an environment variable would say it; `None` where it has none, or one that
    /// depends on the surroundings.
    pub default: Option<&'static str>,
}

const fn key(path: &'static str) -> Key {
    Key { path, default: None }
}

const fn with(path: &'static str, default: &'static str) -> Key {
    Key { path, default: Some(default) }
}

const KEYS: &[Key] = &[
    key("storage.path"),
    with("storage.keep_results", "90d"),
    with("storage.keep_transitions", "2y"),
    with("http.listen", "127.0.0.1:9917"),
    key("http.basic_auth.username"),
    key("http.basic_auth.password"),
    with("http.public_without_auth", "false"),
    key("email.smtp"),
    key("email.username"),
    key("email.password"),
    key("email.ca_file"),
    key("email.from"),
    key("email.to"),
    key("email.link_base"),
    with("alerts.confirm_delay", "30s"),
    with("alerts.confirmations", "1"),
    with("alerts.recoveries", "true"),
    with("alerts.remind_every", "24h"),
    with("alerts.report_first_seen", "true"),
    with("alerts.stale_after", "24h"),
    with("alerts.flap_transitions", "4"),
    with("alerts.flap_window", "24h"),
    with("alerts.blind_after", "2"),
    with("alerts.notify_owners", "false"),
    with("alerts.owner_domains", ""),
    with("alerts.max_owner_mails", "20"),
    with("metrics.max_broken_card_series", "500"),
    key("instances.*.url"),
    with("instances.*.schedule", "*/15 * * * *"),
    with("instances.*.timezone", "UTC"),
    key("instances.*.access_token"),
    key("instances.*.username"),
    key("instances.*.password"),
    key("instances.*.pages"),
    with("instances.*.include_subpages", "true"),
    with("instances.*.exclude_pages", ""),
    with("instances.*.exclude_cards", ""),
    with("instances.*.render_parts", "dynamic,summary"),
    with("instances.*.concurrency", "auto"),
    with("instances.*.requests_per_second", "0"),
    with("instances.*.request_timeout", "90s"),
    with("instances.*.attempts", "3"),
    with("instances.*.sweep_timeout", "1h"),
    key("instances.*.heartbeat_url"),
    key("instances.*.to"),
    with("instances.*.maintenance", ""),
];

/// Every key there is, in the order in which they are documented.
pub fn known_keys() -> &'static [Key] {
    KEYS
}

/// The names right below a path of the table; the empty path is its root.
pub(super) fn below(path: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = KEYS.iter().filter_map(|key| first(strip(key.path, path)?)).collect();
    names.dedup();
    names
}

fn strip<'a>(path: &'a str, parent: &str) -> Option<&'a str> {
    if parent.is_empty() { Some(path) } else { path.strip_prefix(parent)?.strip_prefix('.') }
}

fn first(path: &str) -> Option<&str> {
    path.split('.').next()
}

/// The defaults of the sections that are always there, and of these instances.
pub(super) fn defaults(instances: &[String]) -> Dict {
    let mut defaults = Dict::new();
    for (key, value) in KEYS.iter().filter_map(|key| Some((key, key.default?))) {
        let names = if key.path.contains(ANY) { instances } else { &[String::new()][..] };
        for name in names {
            let path: Vec<&str> = key.path.split('.').map(|part| if part == ANY { name } else { part }).collect();
            // Two defaults never stand in each other's way: the table has no key below a key.
            let _ = insert(&mut defaults, &path, value);
        }
    }
    defaults
}

/// Puts a text at a path; `Err` when something else stands there, or on the way to it.
pub(super) fn insert<P: AsRef<str>>(dict: &mut Dict, path: &[P], text: &str) -> Result<(), InTheWay> {
    match path {
        [] => Err(InTheWay),
        [last] if dict.contains_key(last.as_ref()) => Err(InTheWay),
        [last] => {
            dict.insert(last.as_ref().to_owned(), Value::from(text));
            Ok(())
        }
        [parent, rest @ ..] => {
            match dict.entry(parent.as_ref().to_owned()).or_insert_with(|| Value::from(Dict::new())) {
                Value::Dict(_, below) => insert(below, rest, text),
                _ => Err(InTheWay),
            }
        }
    }
}

/// Something else stands at a path, or on the way to it.
#[derive(Debug)]
pub(super) struct InTheWay;

/// The known path that is most like an unknown one: a key, or a section.
pub(super) fn nearest(unknown: &str) -> Option<String> {
    most_like(unknown, paths_for(unknown).iter().flat_map(|path| prefixes(path)))
}

/// The known key that is most like an unknown one.
pub(super) fn nearest_key(unknown: &str) -> Option<String> {
    most_like(unknown, paths_for(unknown).into_iter())
}

/// The candidate that is most like a text.
pub(super) fn most_like(text: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    candidates.max_by(|a, b| likeness(text, a).total_cmp(&likeness(text, b)))
}

/// Every path of the table, in the instance that an unknown path is about.
fn paths_for(unknown: &str) -> Vec<String> {
    let instance = unknown.strip_prefix("instances.").and_then(first).unwrap_or("NAME");
    KEYS.iter().map(|key| key.path.replace(ANY, instance)).collect()
}

fn prefixes(path: &str) -> Vec<String> {
    let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
    ends.map(|end| path[..end].to_owned()).collect()
}

/// Fewer letters than these are the beginning of too many keys.
const SHORTEST_BEGINNING: usize = 3;

/// A key is most often mistyped in its own section, sometimes cut short or put into the wrong one, and sometimes
/// written with one `_` too few in the environment.
fn likeness(unknown: &str, known: &str) -> f64 {
    let split = |path: &str| {
        let (parent, leaf) = path.rsplit_once('.').unwrap_or(("", path));
        (parent.to_owned(), leaf.to_owned())
    };
    let ((unknown_parent, unknown_leaf), (known_parent, known_leaf)) = (split(unknown), split(known));
    let home = if unknown_parent == known_parent { 0.3 } else { 0.0 };
    let begun = unknown_leaf.len() >= SHORTEST_BEGINNING && known_leaf.starts_with(&unknown_leaf);
    // It counts more at home, where whole paths are alike already for what they have in common.
    let begun = if begun { 0.2 + home } else { 0.0 };
    let leaf = strsim::normalized_damerau_levenshtein(&unknown_leaf, &known_leaf) + home + begun;
    let whole = strsim::normalized_damerau_levenshtein(&unknown.replace('.', "_"), &known.replace('.', "_"));
    leaf.max(whole)
}
