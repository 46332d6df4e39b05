//! Looking for secrets in whatever a program leaves behind, in each form that a secret may take.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// So many characters of a secret, at its beginning or end, give it away as well.
const PIECE: usize = 12;

/// What is looked for, each form with the name of its secret.
#[derive(Default)]
pub(crate) struct Search(Vec<(String, String)>);

impl Search {
    /// Looks for a secret, too.
    pub(crate) fn secret(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= PIECE, "{name} is too short to be told from other text");
        let pieces = [&secret[..PIECE], &secret[secret.len() - PIECE..]].map(str::to_owned);
        let whole = [STANDARD.encode(secret), secret.replace('%', "%25")];
        self.0.extend(pieces.into_iter().chain(whole).map(|form| (name.to_owned(), form)));
    }

    /// Looks for a password, also as it travels together with the user name in HTTP and SMTP.
    pub(crate) fn login(&mut self, name: &str, user: &str, password: &str) {
        self.secret(name, password);
        for pair in [format!("{user}:{password}"), format!("\0{user}\0{password}")] {
            self.0.push((name.to_owned(), STANDARD.encode(pair)));
        }
    }

    /// The names of those that are in there.
    fn found(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(bytes);
        self.0.iter().filter(|(_, form)| text.contains(form)).map(|(name, _)| name.as_str()).collect()
    }

    /// Checks that none of them is in there.
    pub(crate) fn spares(&self, place: &str, bytes: impl AsRef<[u8]>) {
        let found = self.found(bytes.as_ref());
        assert!(found.is_empty(), "{found:?} in {place}:\n{}", String::from_utf8_lossy(bytes.as_ref()));
    }

    /// Checks every file below a folder but the configuration, which must hold them; returns the names.
    pub(crate) fn spares_files(&self, folder: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                names.extend(self.spares_files(&path));
            } else if name == "config.toml" {
                assert!(!self.found(&std::fs::read(&path).unwrap()).is_empty(), "nothing was at stake");
            } else {
                self.spares(&name, std::fs::read(&path).unwrap());
                names.push(name);
            }
        }
        names
    }
}

#[test]
fn each_form_of_a_secret_is_found() {
    let mut search = Search::default();
    search.login("password", "svc", "correct-horse-battery");
    for form in [
        "correct-horse-battery",
        "a correct-hors!",
        "norse-battery!",
        "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5",
        "c3ZjOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==",
        "AHN2YwBjb3JyZWN0LWhvcnNlLWJhdHRlcnk=",
    ] {
        assert!(!search.found(format!("\0\u{fffd}{form}").as_bytes()).is_empty(), "{form}");
    }
    assert!(search.found(b"correct horse battery").is_empty());
}
