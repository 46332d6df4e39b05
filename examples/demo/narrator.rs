//! What is printed. Owns the layout of lines and their timestamps; it decides nothing.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use cardwatch::clock::SharedClock;
use cardwatch::domain::foreign;
use console::Style;
use fake_smtp::Mail;

/// So many lines of a mail's text are shown from its beginning …
const FIRST_LINES: usize = 20;

/// … and so many from its end.
const LAST_LINES: usize = 9;

/// Prints to stdout, each line with the time since the start.
#[derive(Debug)]
pub(crate) struct Narrator {
    clock: SharedClock,
}

/// Who a line is about.
#[derive(Debug, Clone, Copy)]
enum Speaker {
    /// The script: what happens in Domo.
    Domo,
    /// The daemon.
    Cardwatch,
    /// The mail server.
    Mail,
    /// Somebody at a terminal.
    Admin,
}

impl Speaker {
    /// The name in a column of its own, in colour on a terminal.
    fn column(self) -> String {
        let (name, style) = match self {
            Self::Domo => ("Domo", Style::new().yellow()),
            Self::Cardwatch => ("cardwatch", Style::new().cyan()),
            Self::Mail => ("mail", Style::new().green()),
            Self::Admin => ("admin", Style::new().magenta()),
        };
        style.apply_to(format!("{name:<9}")).to_string()
    }
}

impl Narrator {
    /// A narrator whose time begins with the clock's.
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self { clock }
    }

    /// What happens in Domo.
    pub(crate) fn domo(&self, line: &str) -> io::Result<()> {
        println_blank()?;
        self.say(Speaker::Domo, line)
    }

    /// What cardwatch did.
    pub(crate) fn cardwatch(&self, line: &str) -> io::Result<()> {
        self.say(Speaker::Cardwatch, line)
    }

    /// A mail that came: its subject, who got it, in which files it is, and how its text begins.
    pub(crate) fn mail(&self, mail: &Mail, files: &str) -> io::Result<()> {
        let subject = foreign::one_line(&mail.header("Subject").unwrap_or_default(), 200);
        self.say(Speaker::Mail, &format!("{subject}  (to {}, {files})", mail.to.join(", ")))?;
        indented(&mail.text().unwrap_or_default())
    }

    /// A command that somebody runs; what it prints comes below.
    pub(crate) fn command(&self, words: &[&str]) -> io::Result<()> {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        println_blank()?;
        self.say(Speaker::Admin, &format!("$ cardwatch {}", words.join(" ")))
    }

    /// What a command printed.
    pub(crate) fn printed(text: &str) -> io::Result<()> {
        write!(io::stdout().lock(), "{text}")
    }

    /// What cardwatch does, apart from what stands above.
    pub(crate) fn apart(&self, line: &str) -> io::Result<()> {
        println_blank()?;
        self.say(Speaker::Cardwatch, line)
    }

    fn say(&self, speaker: Speaker, line: &str) -> io::Result<()> {
        let seconds = self.clock.elapsed().as_secs_f64();
        writeln!(io::stdout().lock(), "{seconds:>8.1} s  {}  {line}", speaker.column())
    }
}

/// What this is, and where to look.
pub(crate) fn introduce(cards: usize, pages: usize, url: &str, folder: &Path, listen: SocketAddr) -> io::Result<()> {
    let in_folder = |name: &str| quote(&folder.join(name).to_string_lossy());
    let (database, log, mails) = (in_folder("cardwatch.db"), in_folder("cardwatch.log"), in_folder("mails"));
    let config = in_folder("config.toml");
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "This is cardwatch at work, on this machine alone: a fake Domo instance with {cards} cards on {pages} pages\n\
         at {url}, a fake mail server, and the real daemon, which sweeps every 4 seconds.\n\
         A script breaks and heals cards; see what cardwatch makes of it. Ctrl-C ends it and removes its folder.\n\
         \n\
         Meanwhile, in a browser and in another terminal:\n\
         \x20 page      http://{listen}/   open this; it follows by itself\n\
         \x20 metrics   curl -s http://{listen}/metrics | grep -E '^cardwatch_(cards|incidents_open|muted_cards|slow_cards)\\{{'\n\
         \x20 database  sqlite3 -readonly -box {database} 'SELECT * FROM broken_now'\n\
         \x20 command   cargo run -q -- status --config {config}\n\
         \x20 mails     ls {mails}   # each as .html for a browser and as .eml for a mail program\n\
         \x20 log       tail -f {log}"
    )
}

/// A mail's text under the words of whoever speaks.
fn indented(text: &str) -> io::Result<()> {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let left_out = FIRST_LINES..lines.len().saturating_sub(LAST_LINES);
    let mut out = io::stdout().lock();
    for (place, line) in lines.iter().enumerate() {
        if place == left_out.start && !left_out.is_empty() {
            writeln!(out, "{:24}│ … (+{})", "", left_out.len())?;
        }
        if !left_out.contains(&place) {
            writeln!(out, "{}", format!("{:24}│ {line}", "").trim_end())?;
        }
    }
    Ok(())
}

fn println_blank() -> io::Result<()> {
    writeln!(io::stdout().lock())
}

/// A word that a shell takes as it stands.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
