//! Rust read as words, texts and signs: as much of it as finding messages takes. Comments are gone, and a text is what
//! it says, its escapes undone.

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

impl Token {
    pub(crate) fn is(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found == word)
    }
}

/// The tokens of a source.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut rest = source;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        found.extend(token);
        rest = &rest[length..];
    }
    found
}

fn next(rest: &str, first: char) -> (Option<Token>, usize) {
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(raw) = raw_text(rest) {
        return raw;
    }
    match first {
        '"' => text(rest),
        '\'' => (None, quoted(rest)),
        c if c.is_alphanumeric() || c == '_' => {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Some(Token::Word(rest[..length].to_owned())), length)
        }
        c if c.is_whitespace() => (None, c.len_utf8()),
        c => (Some(Token::Sign(c)), c.len_utf8()),
    }
}

/// `r"…"` and `r#"…"#`.
fn raw_text(rest: &str) -> Option<(Option<Token>, usize)> {
    let hashes = rest.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let start = 1 + hashes + 1;
    rest.get(1 + hashes..start).filter(|quote| *quote == "\"")?;
    let end = rest[start..].find(&format!("\"{}", "#".repeat(hashes))).expect("the raw text ends");
    Some((Some(Token::Text(rest[start..start + end].to_owned())), start + end + 1 + hashes))
}

fn text(rest: &str) -> (Option<Token>, usize) {
    let mut said = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Some(Token::Text(said)), at + 1),
            '\\' => match chars.next().expect("an escape goes on").1 {
                // A line that is continued begins after its indent.
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' => said.push('\n'),
                other => said.push(other),
            },
            c => said.push(c),
        }
    }
    panic!("a text does not end: {}", &rest[..rest.len().min(80)]);
}

/// The length of a character in quotes, or of the quote that begins the name of a lifetime.
fn quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next().expect("something follows a quote");
    if first == '\\' {
        return rest[3..].find('\'').expect("the character ends") + 4;
    }
    match chars.next() {
        Some((at, '\'')) => at + 1,
        _ => 1,
    }
}
