//! What cardwatch may say when something is wrong, read from its sources: warnings and errors of the log, errors by
//! type, reasons for which a command gives up, mistakes of a configuration, and why nothing can be checked.

use std::path::Path;

use crate::tokens::{Token, tokens};

/// A message as its reader sees it: `…` stands for what differs from one time to the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) words: String,
    pub(crate) file: String,
}

/// Every message, each once.
pub(crate) fn all() -> Vec<Message> {
    let mut found = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
                found.extend(of_file(&file, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.words == b.words);
    found
}

fn of_file(file: &str, source: &str) -> Vec<Message> {
    let tokens = tokens(source);
    let said = (0..tokens.len()).flat_map(|at| said_at(file, &tokens, at));
    let words = said.map(|template| seen(&template)).filter(|words| has_words_of_its_own(words));
    words.map(|words| Message { words, file: file.to_owned() }).collect()
}

/// The templates of the messages that the call, attribute or field which begins here brings.
#[expect(clippy::match_same_arms, reason = "each arm is one way in which a message is made")]
fn said_at(file: &str, tokens: &[Token], at: usize) -> Vec<String> {
    let Token::Word(name) = &tokens[at] else { return Vec::new() };
    let before = |back: usize| at.checked_sub(back).map(|at| &tokens[at]);
    let after = |sign: char| tokens.get(at + 1).is_some_and(|token| token.is(sign));
    let is_macro = after('!') && tokens.get(at + 2).is_some_and(|token| token.is('('));
    let is_method = before(1).is_some_and(|token| token.is('.')) && after('(');
    let is_config = file.starts_with("config/");
    let arguments = || arguments(tokens, at);
    match name.as_str() {
        "warn" | "error" if is_macro && before(3).is_some_and(|token| token.is_word("tracing")) => {
            let said = arguments().iter().find_map(|argument| only_text(argument));
            said.map(|said| put_together(tokens, at, &said)).into_iter().collect()
        }
        "bail" | "anyhow" if is_macro => first_text(arguments().first()),
        "error" if before(1).is_some_and(|token| token.is('[')) && after('(') => first_text(arguments().first()),
        "context" | "with_context" if is_method => first_text(arguments().first()),
        "brief" if before(1).is_some_and(|token| token.is_word("fn")) => texts(body(tokens, at)),
        // Beside what is told in full, in the same struct.
        "brief" if after(':') => tokens.get(at + 2).and_then(of_text).into_iter().collect(),
        "fmt" if file == "store/trouble.rs" && before(1).is_some_and(|token| token.is_word("fn")) => {
            texts(body(tokens, at))
        }
        "why" if file == "domo/words.rs" && after(':') => first_text(arguments().first()),
        "warn" if is_config && is_method => first_text(arguments().first()),
        "push" if is_config && before(2).is_some_and(|token| token.is_word("warnings")) => {
            first_text(arguments().first())
        }
        "mistake" if is_config && is_method => first_text(arguments().first()),
        "mistake_of" | "one" if is_config && after('(') => first_text(arguments().get(1)),
        "is_not" if is_method => prefixed("{} is not ", first_text(arguments().first())),
        "wrong" if is_config && after('(') => prefixed(shown_first(tokens), first_text(arguments().first())),
        "new" if is_config && before(3).is_some_and(|token| token.is_word("Mistake")) => {
            first_text(arguments().first())
        }
        // What a mistake says is often put together before it is made.
        "what" if is_config && before(1).is_some_and(|token| token.is_word("let")) => statement(tokens, at),
        "what" if is_config && after(':') => tokens.get(at + 2).and_then(of_text).into_iter().collect(),
        "BRIEF" if before(1).is_some_and(|token| token.is_word("const")) => statement(tokens, at),
        "UNKNOWN" if is_config && before(1).is_some_and(|token| token.is_word("const")) => statement(tokens, at),
        _ => Vec::new(),
    }
}

/// The arguments of the call whose name stands here, each with its tokens.
fn arguments(tokens: &[Token], at: usize) -> Vec<Vec<Token>> {
    let Some(open) = tokens[at..].iter().position(|token| token.is('(')) else { return Vec::new() };
    let mut arguments = vec![Vec::new()];
    let mut depth = 0;
    for token in &tokens[at + open + 1..] {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => return arguments,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(',') if depth == 0 => {
                arguments.push(Vec::new());
                continue;
            }
            _ => {}
        }
        arguments.last_mut().unwrap().push(token.clone());
    }
    arguments
}

/// The tokens between the braces of the function whose name stands here.
fn body(tokens: &[Token], at: usize) -> &[Token] {
    let from = at + tokens[at..].iter().position(|token| token.is('{')).unwrap();
    let mut depth = 0;
    let length = tokens[from..].iter().position(|token| {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &tokens[from..from + length.unwrap()]
}

fn statement(tokens: &[Token], at: usize) -> Vec<String> {
    tokens[at..].iter().take_while(|token| !token.is(';')).find_map(of_text).into_iter().collect()
}

/// A text that was put together before, under the name that is all that it says.
fn put_together(tokens: &[Token], at: usize, said: &str) -> String {
    let Some(name) = said.strip_prefix('{').map(|rest| rest.split('}').next().unwrap()) else { return said.to_owned() };
    let bound = (0..at).rev().find(|at| tokens[*at].is_word("let") && tokens[at + 1].is_word(name));
    let Some(bound) = bound else { return said.to_owned() };
    let template = statement(tokens, bound).pop().unwrap_or_default();
    said.replacen(&format!("{{{name}}}"), &put_together(tokens, bound, &template), 1)
}

fn of_text(token: &Token) -> Option<String> {
    match token {
        Token::Text(text) => Some(text.clone()),
        Token::Word(_) | Token::Sign(_) => None,
    }
}

fn only_text(argument: &[Token]) -> Option<String> {
    argument.first().and_then(of_text)
}

fn texts(tokens: &[Token]) -> Vec<String> {
    tokens.iter().filter_map(of_text).collect()
}

fn first_text(argument: Option<&Vec<Token>>) -> Vec<String> {
    texts(argument.map_or(&[], Vec::as_slice)).into_iter().take(1).collect()
}

/// Some of those who say what is wrong with a value begin with the value.
fn shown_first(tokens: &[Token]) -> &'static str {
    if tokens.contains(&Token::Text("{} {what}".to_owned())) { "{} " } else { "" }
}

fn prefixed(prefix: &str, texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| format!("{prefix}{text}")).collect()
}

/// A template as its reader sees it.
fn seen(template: &str) -> String {
    let mut words = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        words.push_str(&rest[..open]);
        let close = open + rest[open..].find('}').expect("a placeholder ends");
        words.push('…');
        rest = &rest[close + 1..];
    }
    words.push_str(rest);
    plain(&words)
}

/// Without what only marks a part of the text: the quotes around a value, and the signs of Markdown.
pub(crate) fn plain(text: &str) -> String {
    text.replace('`', "").replace("'…'", "…").replace("\\|", "|").trim().to_owned()
}

/// Not so where all is said by others, whose messages are others here.
fn has_words_of_its_own(words: &str) -> bool {
    words != FRAME && words.contains(char::is_alphabetic)
}

/// How each mistake of a type is put: the type follows.
const FRAME: &str = "… is not …";
