//! cardwatch as a service: the package that is handed out, with the binary that these tests were built with,
//! installed on a machine beside a fake Domo. Owns how it is packaged, configured and asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fake_domo::{Domo, FakeDomo};

use crate::machine::{Machine, wait_for};
use crate::port::free_port;

/// Each file that an admin makes lies where the package says.
pub(crate) const CONFIG: &str = "/etc/cardwatch/config.toml";
pub(crate) const SECRET: &str = "/etc/cardwatch/secrets/acme-token";
const DROP_IN: &str = "/etc/systemd/system/cardwatch.service.d/override.conf";

/// A restart for people in a hurry.
pub(crate) const HASTY: &str = "RestartSec=100ms\n";

/// A machine on which cardwatch is installed, and the Domo that it is to watch.
pub(crate) struct Service {
    pub(crate) machine: Machine,
    pub(crate) domo: Domo,
    port: u16,
}

impl Service {
    /// On a machine without it.
    pub(crate) async fn beside(machine: Machine) -> Self {
        let domo = (1..=12).fold(FakeDomo::empty().page(10, "Sales overview"), |domo, card| {
            domo.card(card, &format!("Card {card}"), &[10])
        });
        let port = free_port();
        Self { machine, domo: domo.start().await, port }
    }

    /// Installed, as `apt install` leaves it.
    pub(crate) async fn installed() -> Self {
        let machine = Machine::boot();
        bring(&machine);
        machine.must("dpkg --install /srv/cardwatch.deb");
        Self::beside(machine).await
    }

    /// Configured as deploy/README.md says, and started.
    pub(crate) async fn running() -> Self {
        Self::running_with("").await
    }

    /// As [`Service::running`], with more in its drop-in.
    pub(crate) async fn running_with(drop_in: &str) -> Self {
        let service = Self::installed().await;
        service.configure(drop_in);
        service.machine.must("systemctl enable --now cardwatch");
        service
    }

    /// Writes what an admin writes: configuration, secret and drop-in, which may say more.
    pub(crate) fn configure(&self, drop_in: &str) {
        self.rewrite(&self.configuration());
        self.machine.write(SECRET, "600", self.domo.token().as_bytes());
        let drop_in = format!("[Service]\nLoadCredential=acme-token:{SECRET}\n{drop_in}");
        self.machine.write(DROP_IN, "644", drop_in.as_bytes());
        self.machine.must("systemctl daemon-reload");
    }

    /// Another configuration is in the file from now on.
    pub(crate) fn rewrite(&self, configuration: &str) {
        self.machine.write(CONFIG, "644", configuration.as_bytes());
    }

    pub(crate) fn configuration(&self) -> String {
        let (port, url) = (self.port, self.domo.url());
        format!(
            "[storage]\npath = \"/var/lib/cardwatch/cardwatch.db\"\n\n[http]\nlisten = \"127.0.0.1:{port}\"\n\n\
             [instances.acme]\nurl = \"{url}\"\nschedule = \"* * * * * *\"\npages = \"all\"\n\
             access_token = {{ credential = \"acme-token\" }}\n"
        )
    }

    /// The status with which HTTP answers, and what it says.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answer = reqwest::get(format!("http://127.0.0.1:{}{path}", self.port)).await.expect("HTTP answers");
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) fn takes_the_port(&self) -> std::net::TcpListener {
        std::net::TcpListener::bind(("127.0.0.1", self.port)).unwrap()
    }

    /// What systemd knows of it, such as `MainPID`.
    pub(crate) fn property(&self, name: &str) -> String {
        self.machine.must(&format!("systemctl show --property={name} --value cardwatch"))
    }

    /// Waits until another process than this runs, and is ready.
    pub(crate) fn wait_for_another(&self, pid: &str) -> String {
        wait_for("new process that is ready", || {
            let ready = self.property("SubState") == "running";
            let now = self.property("MainPID");
            (ready && now != "0" && now != pid).then_some(now)
        })
    }

    /// What the journal has of it.
    pub(crate) fn journal(&self) -> String {
        self.machine.must("journalctl --unit=cardwatch --no-pager --output=cat")
    }

    /// Waits until the journal of cardwatch says this.
    pub(crate) fn wait_for_journal(&self, text: &str) {
        wait_for(&format!("'{text}' in the journal"), || self.journal().contains(text).then_some(()));
    }

    /// Waits until a sweep was completed and saved.
    pub(crate) async fn wait_for_a_sweep(&self) {
        self.wait_for_journal("sweep completed");
        assert!(self.get("/api/v1/sweeps").await.1.contains("\"completed\""));
    }

    /// How many results are saved, as the command tells while the service runs or does not.
    pub(crate) fn results(&self) -> usize {
        self.machine.must("cardwatch export --format jsonl | wc -l").parse().unwrap()
    }
}

/// Brings the package to a machine, as `/srv/cardwatch.deb`.
pub(crate) fn bring(machine: &Machine) {
    machine.write("/srv/cardwatch.deb", "644", &fs::read(&archives().package).unwrap());
}

/// What is handed out.
pub(crate) struct Archives {
    pub(crate) package: PathBuf,
    pub(crate) tarball: PathBuf,
}

/// Made once, of the binary that these tests were built with.
pub(crate) fn archives() -> &'static Archives {
    static ARCHIVES: OnceLock<Archives> = OnceLock::new();
    ARCHIVES.get_or_init(|| pack("package"))
}

/// Packs the binary; two at a time would meet in the folder where the files are laid out.
pub(crate) fn pack(into: &str) -> Archives {
    let packing = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/package"))
        .args(["--binary", env!("CARGO_BIN_EXE_cardwatch"), "--into"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(into))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&packing.stdout);
    let complained = String::from_utf8_lossy(&packing.stderr);
    assert!(packing.status.success(), "it takes cargo-deb, and Debian's packages binutils and dpkg-dev: {complained}");
    let made = |end: &str| said.lines().find(|line| line.ends_with(end)).expect("the path of an archive").into();
    Archives { package: made(".deb"), tarball: made(".tar.gz") }
}
