//! Secrets stay where they are needed: whatever happens, they are in no log line at any level, error, metric, mail,
//! answer, database file or memory image.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fake_domo::{Behaviour, FakeDomo, Login, Spec};
use fake_smtp::FakeSmtp;

use crate::dead_mans_switch::{Answer, Switch};
use crate::house::{Daemon, EACH_SECOND, House, PATIENCE, client};
use crate::search::Search;

const HTTP_PASSWORD: &str = "http-8Kd2vQ0pXz-password";
const SMTP_PASSWORD: &str = "smtp-Zr7Lq1mW3t-password";
const HEARTBEAT: &str = "7Hf2kV9sWq-heartbeat";
const HEARTBEAT_KEY: &str = "4Tz8mC1xLd-heartbeat";
const WRONG_PASSWORD: &str = "wrong-0Jx5nB6yHc-password";

/// A house with every kind of secret in its configuration.
struct Safe {
    house: House,
    smtp: FakeSmtp,
    search: Search,
}

impl Safe {
    async fn new() -> Self {
        let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(4).cards(20))).await;
        let smtp = FakeSmtp::start().await;
        smtp.require_login("cardwatch", SMTP_PASSWORD);
        house.mail_through(&smtp.url());
        house.set("email", &format!("username = \"cardwatch\"\npassword = \"{SMTP_PASSWORD}\""));
        house.set("http", &format!("basic_auth = {{ username = \"admin\", password = \"{HTTP_PASSWORD}\" }}"));
        house.instance("schedule", &format!("\"{EACH_SECOND}\""));
        let switch = Switch::start().await;
        let url = switch.url(&format!("/{HEARTBEAT}?key={HEARTBEAT_KEY}"));
        // An error that could repeat it.
        switch.answer([], Answer::Redirect(url.replace("127.0.0.1", "localhost")));
        house.instance("heartbeat_url", &format!("\"{url}\""));
        let mut search = Search::default();
        search.secret("heartbeat", HEARTBEAT);
        search.secret("heartbeat key", HEARTBEAT_KEY);
        search.secret("access token", &house.domo.token());
        search.login("Domo password", &house.domo.user(), &house.domo.password());
        search.login("SMTP password", "cardwatch", SMTP_PASSWORD);
        search.login("HTTP password", "admin", HTTP_PASSWORD);
        search.login("wrong password", &house.domo.user(), WRONG_PASSWORD);
        Self { house, smtp, search }
    }

    /// As [`Safe::new`], with a user and password in place of the access token.
    async fn with_password() -> Self {
        let mut safe = Self::new().await;
        let (user, password) = (safe.house.domo.user(), safe.house.domo.password());
        safe.house.forget("access_token");
        safe.house.instance("username", &format!("\"{user}\""));
        safe.house.instance("password", &format!("\"{password}\""));
        safe
    }

    async fn daemon(&self, log_format: &str) -> Daemon {
        let arguments = ["--log-level", "trace", "--log-format", log_format, "run"];
        self.house.daemon_from(self.house.command(&arguments)).await
    }

    /// Runs a command at the most talkative level, and looks at all that it says.
    fn run(&self, arguments: &[&str]) -> i32 {
        let output = self.house.command(&[&["--log-level", "trace"], arguments].concat()).output().unwrap();
        self.search.spares(&format!("the answer of {arguments:?}"), &output.stdout);
        self.search.spares(&format!("the errors of {arguments:?}"), &output.stderr);
        output.status.code().unwrap()
    }

    /// Looks for the sessions too that Domo has given.
    fn look_for_sessions(&mut self) {
        for session in self.house.domo.sessions() {
            self.search.secret("session", &session);
        }
    }

    async fn read_everything(&self, daemon: &Daemon) {
        for path in ["/", "/metrics", "/readyz", "/healthz", "/nowhere"] {
            for password in [None, Some(HTTP_PASSWORD), Some(WRONG_PASSWORD)] {
                let mut request = client().get(format!("http://{}{path}", daemon.address()));
                if let Some(password) = password {
                    request = request.basic_auth("admin", Some(password));
                }
                let answer = request.send().await.unwrap();
                self.search.spares(path, format!("{:?}", answer.headers()));
                self.search.spares(path, answer.text().await.unwrap());
            }
        }
    }

    fn look_everywhere(&self, daemon: &Daemon) {
        self.search.spares("the log", daemon.log());
        for mail in self.smtp.mails() {
            self.search.spares("a mail", &mail.raw);
            self.search.spares("a mail's text", mail.text().unwrap());
            self.search.spares("a mail's HTML", mail.html().unwrap());
        }
        let files = self.search.spares_files(self.house.folder());
        assert!(files.contains(&"cardwatch.db-wal".to_owned()), "{files:?}");
    }
}

async fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until so many more sweeps have begun.
async fn wait_for_sweeps(house: &House, more: i64) {
    let before = house.ask::<i64>("SELECT count(*) FROM sweep").await;
    let began = std::time::Instant::now();
    while house.ask::<i64>("SELECT count(*) FROM sweep").await < before + more {
        assert!(began.elapsed() < PATIENCE, "no sweep begins");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn hang_up(house: &House, daemon: &Daemon) {
    house.write_config();
    assert!(Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_signs_in_with_a_token_keeps_it() {
    let safe = Safe::new().await;
    let domo = &safe.house.domo;
    let daemon = safe.daemon("text").await;
    // A reason, as of a proxy that repeats what it was sent.
    domo.set(domo.kpi_cards()[0], Behaviour::broken(&format!("no access for {}", domo.token())));
    safe.smtp.wait_for(1, PATIENCE).await.unwrap();
    safe.read_everything(&daemon).await;
    domo.expire_token();
    wait_for_sweeps(&safe.house, 2).await;
    domo.renew_token();
    wait_for_sweeps(&safe.house, 2).await;
    safe.look_everywhere(&daemon);
    assert!(safe.smtp.mails()[0].raw.contains("[secret]"), "the mail says nothing of what was concealed");
    assert_eq!(daemon.stop("-TERM").0, Some(0));
    safe.search.spares_files(safe.house.folder());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_signs_in_with_a_password_keeps_it_and_its_sessions() {
    let mut safe = Safe::with_password().await;
    let domo = safe.house.domo.clone();
    let mut daemon = safe.daemon("json").await;
    wait_until("it signs in", || !domo.sessions().is_empty()).await;
    safe.look_for_sessions();
    domo.set(domo.kpi_cards()[0], Behaviour::broken(&format!("no access for {}", domo.sessions()[0])));
    safe.smtp.wait_for(1, PATIENCE).await.unwrap();
    domo.heal_all();
    wait_for_sweeps(&safe.house, 2).await;
    domo.drop_sessions();
    wait_until("it signs in again", || !domo.sessions().is_empty()).await;
    safe.look_for_sessions();
    // A refusal that repeats what was sent.
    domo.set_login(Login::Refused(format!("the password {} is too old", domo.password())));
    domo.drop_sessions();
    daemon.wait_for_line("is too old").await;
    domo.set_login(Login::Normal);
    safe.smtp.require_login("cardwatch", WRONG_PASSWORD);
    domo.set(domo.kpi_cards()[1], Behaviour::broken("No indexed schema found"));
    daemon.wait_for_line("rejected the login").await;
    safe.look_for_sessions();
    safe.read_everything(&daemon).await;
    safe.look_everywhere(&daemon);
    assert_eq!(daemon.stop("-INT").0, Some(0));
    safe.search.spares_files(safe.house.folder());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_them_whether_it_is_taken_up_or_refused() {
    let mut safe = Safe::with_password().await;
    let mut daemon = safe.daemon("text").await;
    safe.house.instance("password", &format!("\"{WRONG_PASSWORD}\""));
    hang_up(&safe.house, &daemon);
    daemon.wait_for_line("wrong password or unknown user").await;
    safe.house.instance("passwort", &format!("\"{WRONG_PASSWORD}\""));
    safe.house.instance("access_token", &format!("[\"{}\"]", safe.house.domo.token()));
    hang_up(&safe.house, &daemon);
    daemon.wait_for_line("the configuration was refused").await;
    safe.look_everywhere(&daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_says_them() {
    for with_password in [false, true] {
        let mut safe = if with_password { Safe::with_password().await } else { Safe::new().await };
        let domo = safe.house.domo.clone();
        domo.set(domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
        assert_eq!(safe.run(&["check-config"]), 0);
        assert_eq!(safe.run(&["check-config", "--online"]), 0);
        assert_eq!(safe.run(&["--log-format", "json", "sweep", "--alert"]), 1);
        assert_eq!(safe.run(&["sweep", "--format", "json"]), 1);
        assert_eq!(safe.run(&["sweep", "--format", "csv"]), 1);
        assert_eq!(safe.run(&["status"]), 1);
        assert_eq!(safe.run(&["status", "--format", "json"]), 1);
        assert_eq!(safe.run(&["history", &domo.kpi_cards()[0].to_string()]), 0);
        assert_eq!(safe.run(&["export", "--format", "jsonl"]), 0);
        assert_eq!(safe.run(&["send-test-email"]), 0);
        safe.smtp.require_login("cardwatch", WRONG_PASSWORD);
        domo.expire_token();
        domo.set_login(Login::WrongPassword);
        for arguments in [&["sweep"][..], &["check-config", "--online"], &["send-test-email"]] {
            assert_eq!(safe.run(arguments), 2, "{arguments:?}");
        }
        safe.house.instance("acess_token", &format!("\"{WRONG_PASSWORD}\""));
        safe.house.instance("url", &format!("\"https://svc:{}@acme.domo.com\"", domo.password()));
        for arguments in [&["check-config"][..], &["run"], &["sweep"], &["send-test-email"], &["status"]] {
            assert_eq!(safe.run(arguments), 2, "{arguments:?}");
        }
        assert_eq!(safe.smtp.mails().len(), 2);
        safe.search.spares_files(safe.house.folder());
    }
}

/// The shell that lets its children leave memory images of any size, and becomes the command.
fn with_cores(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    shell
}

/// The files in a folder that begin as a memory image does.
fn cores(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.filter(|path| std::fs::read(path).unwrap().starts_with(b"\x7fELF")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_memory_image_and_says_nothing_of_them() {
    let safe = Safe::new().await;
    let mut sleep = Command::new("/bin/sleep");
    sleep.arg("60").current_dir(safe.house.folder());
    let mut sleep = with_cores(&sleep).spawn().unwrap();
    // It must have become what it is to be before it is ended.
    let name = || std::fs::read_to_string(format!("/proc/{}/comm", sleep.id())).unwrap();
    wait_until("sleep begins", || name() == "sleep\n").await;
    assert!(Command::new("kill").args(["-ABRT", &sleep.id().to_string()]).status().unwrap().success());
    sleep.wait().unwrap();
    let left = cores(safe.house.folder());
    eprintln!("a crash leaves {left} memory images in the working directory of this machine");

    let daemon = safe.house.daemon_from(with_cores(&safe.house.command(&["--log-level", "trace", "run"]))).await;
    wait_for_sweeps(&safe.house, 1).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    safe.look_everywhere(&daemon);
    daemon.crash("-ABRT");
    assert_eq!(cores(safe.house.folder()), left, "the crash left a memory image");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_its_users_alone() {
    use std::os::unix::fs::MetadataExt as _;
    let safe = Safe::new().await;
    let open = safe.house.command(&["run"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(open.get_program()).args(open.get_args());
    shell.current_dir(safe.house.folder());
    let daemon = safe.house.daemon_from(shell).await;
    wait_for_sweeps(&safe.house, 1).await;
    for name in ["cardwatch.db", "cardwatch.db-wal", "cardwatch.db-shm"] {
        let mode = safe.house.folder().join(name).metadata().unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name} is {mode:o}");
    }
    drop(daemon);
}
