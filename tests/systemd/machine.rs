//! A machine with Debian and a systemd of its own, in a container. Owns how it is made, booted, asked and ended;
//! knows nothing of cardwatch. What it writes stays in memory and ends with it. It shares the network of the host, so
//! that it reaches what a test listens with.

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Nothing here takes as long; what does has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A booted machine; it ends with this value, and nothing of it is left.
pub(crate) struct Machine {
    container: Child,
    /// Its first process, by the id that the host knows.
    leader: u32,
    /// What systemd-nspawn complains of.
    complaints: fs::File,
}

impl Machine {
    /// Boots one, as new as the one before.
    pub(crate) fn boot() -> Self {
        let complaints = tempfile::tempfile().unwrap();
        // Should the tests be killed, the container dies with them.
        let container = as_root("setpriv")
            .args(["--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit"])
            .args(["--console=pipe", "--volatile=overlay", "--boot"])
            .arg(format!("--machine={}", name()))
            .arg(format!("--directory={}", debian().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(complaints.try_clone().unwrap())
            .spawn()
            .expect("setpriv");
        let mut machine = Self { container, leader: 0, complaints };
        machine.leader = wait_for("first process of a container", || machine.first_process());
        wait_for("end of the boot", || {
            let state = machine.run("systemctl is-system-running").stdout;
            matches!(state.as_str(), "running" | "degraded").then_some(())
        });
        machine
    }

    fn first_process(&mut self) -> Option<u32> {
        if let Some(status) = self.container.try_wait().unwrap() {
            let mut said = String::new();
            self.complaints.rewind().unwrap();
            self.complaints.read_to_string(&mut said).unwrap();
            panic!("no container, {status}; it takes root and Debian's package systemd-container: {said}");
        }
        systemd_below(self.container.id())
    }

    /// Runs a line of shell in it, as root.
    pub(crate) fn run(&self, line: &str) -> Ended {
        let output = as_root("timeout")
            .args(["60", "nsenter", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd", "--target"])
            .arg(self.leader.to_string())
            .args([
                "env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
            ])
            .args(["sh", "-c", line])
            .stdin(Stdio::null())
            .output();
        Ended::from(output.expect("timeout and nsenter"))
    }

    /// Runs a line of shell that has to succeed, and tells what it printed.
    pub(crate) fn must(&self, line: &str) -> String {
        let ended = self.run(line);
        let journal = || self.run("journalctl --no-pager --lines=50").stdout;
        assert_eq!(ended.code, Some(0), "{line}\n{}\n{}\n{}", ended.stdout, ended.stderr, journal());
        ended.stdout
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, path: &str, mode: &str, content: &[u8]) {
        let inside = format!("/proc/{}/root{path}", self.leader);
        let mut install = as_root("install");
        install.args(["-D", "--mode", mode, "/dev/stdin", &inside]).stdin(Stdio::piped());
        let mut installing = install.spawn().unwrap();
        installing.stdin.take().unwrap().write_all(content).unwrap();
        assert!(installing.wait().unwrap().success(), "{path} could not be written");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The first process takes the others with it; before there is one, there is the container alone.
        if self.leader != 0 {
            let _ = as_root("kill").args(["-KILL", &self.leader.to_string()]).status();
        } else {
            let _ = self.container.kill();
        }
        let _ = self.container.wait();
    }
}

/// A command that ran to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "there was no {what} for {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Containers are root's; whoever is not root has to have sudo.
fn as_root(program: &str) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

/// The Debian under every machine, made once.
fn debian() -> &'static Path {
    static DEBIAN: OnceLock<PathBuf> = OnceLock::new();
    DEBIAN.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian");
        let making = as_root(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systemd/root")).arg(&folder).output();
        let made = Ended::from(making.unwrap());
        assert_eq!(made.code, Some(0), "it takes Debian's package debootstrap: {}\n{}", made.stdout, made.stderr);
        folder
    })
}

fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("cardwatch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The systemd that is a child of this process, or of its children.
fn systemd_below(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().filter_map(|id| id.parse().ok()).find_map(|id: u32| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
        if name.trim() == "systemd" { Some(id) } else { systemd_below(id) }
    })
}
