//! A real SMTP server (aiosmtpd) that keeps each message in a Maildir, and reading what it kept.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_domo::{FakeDomo, Spec};

use crate::house::{EACH_SECOND, House, PATIENCE};
use crate::port::free_port;

/// Debian's Python, whose aiosmtpd `tests/run` installs.
const PYTHON: &str = "/usr/bin/python3";

/// A house of 60 cards that a daemon would sweep each second, mailing into a sink.
pub(crate) async fn watched_house() -> (House, SmtpSink) {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(10).cards(60))).await;
    let sink = SmtpSink::start(house.folder()).await;
    house.mail_through(&sink.url());
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    (house, sink)
}

pub(crate) struct SmtpSink {
    server: Child,
    port: u16,
    maildir: PathBuf,
}

impl SmtpSink {
    /// Starts it; it keeps its mails below `folder`.
    pub(crate) async fn start(folder: &Path) -> Self {
        let port = free_port();
        let mut sink = Self { server: serve(folder, port), port, maildir: folder.join("maildir") };
        sink.wait_until_it_listens().await;
        sink
    }

    async fn wait_until_it_listens(&mut self) {
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.server.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "aiosmtpd does not start: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The messages that it took, in order.
    pub(crate) fn mails(&self) -> Vec<SunkMail> {
        let Ok(files) = std::fs::read_dir(self.maildir.join("new")) else { return Vec::new() };
        let mut files: Vec<_> = files.map(|file| file.unwrap()).collect();
        files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
        files.iter().map(|file| SunkMail(std::fs::read_to_string(file.path()).unwrap())).collect()
    }

    /// How many it took.
    pub(crate) fn count(&self) -> usize {
        std::fs::read_dir(self.maildir.join("new")).map_or(0, Iterator::count)
    }

    /// Waits until it took as many.
    pub(crate) async fn wait_for(&self, mails: usize) -> Vec<SunkMail> {
        let began = Instant::now();
        loop {
            let came = self.count();
            if came >= mails {
                return self.mails();
            }
            assert!(began.elapsed() < PATIENCE, "only {came} of {mails} mails came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the server; its port refuses connections from now on.
    pub(crate) fn close(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again on the same port.
    pub(crate) async fn open_again(&mut self) {
        self.server = serve(self.maildir.parent().unwrap(), self.port);
        self.wait_until_it_listens().await;
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(folder: &Path, port: u16) -> Child {
    let mut command = Command::new(PYTHON);
    command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c", "aiosmtpd.handlers.Mailbox"]);
    command.arg(folder.join("maildir")).stdin(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{PYTHON} with aiosmtpd is needed (tests/run installs it): {error}"))
}

/// A message as it arrived.
#[derive(Debug)]
pub(crate) struct SunkMail(pub(crate) String);

impl SunkMail {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.0.split("\n\n").next().unwrap();
        headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::trim)
    }
}
