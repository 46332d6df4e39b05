//! A disk that is full or may not be written: one clear error with its remedy, nothing lost, and when there is
//! room again the daemon goes on without a restart.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use fake_domo::{Behaviour, FakeDomo, Spec};
use tempfile::TempDir;

use crate::house::{Daemon, Ended, House};
use crate::mailing::watched_house;

const FULL: &str = "the disk is full; free some space; nothing was lost";

/// A file system of its own, as small as a database needs.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount one, as in most containers.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|mounted| mounted.status.success());
        mounted.then_some(Self(folder))
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.path().join("ballast")).unwrap();
        for size in [4096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the daemon may still be about to end.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_one_clear_error_a_sweep_and_the_daemon_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("not tried: this user may not mount a file system");
        return;
    };
    let (mut house, sink) = watched_house().await;
    house.keep_database_in(disk.folder());
    let mut daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;

    disk.fill();
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    daemon.wait_for_log(FULL).await;
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"failed\"}", 3.0).await;
    let log = daemon.log();
    let mut errors = log.lines().filter(|line| line.contains("ERROR"));
    assert!(errors.all(|line| line.contains("sweep") && line.matches(FULL).count() == 1), "{log}");
    assert_eq!(daemon.get("/healthz").await.0, 200);
    assert_eq!(house.run(&["status"]).code(), 0, "what is known can be asked");
    let swept = house.run(&["sweep"]);
    assert_eq!((swept.code(), swept.stderr().matches(FULL).count()), (2, 1), "{}", swept.stderr());
    assert_eq!(swept.stderr().lines().count(), 1, "{}", swept.stderr());

    disk.make_room();
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 1 card broke (1 broken now)"));
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(house.ask::<String>("PRAGMA integrity_check").await, "ok");
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_for_which_there_is_no_room_is_one_clear_error_and_leaves_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("not tried: this user may not mount a file system");
        return;
    };
    let (house, _sink) = watched_house().await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    disk.fill();
    let copy = disk.folder().join("copy.db");
    let ended = house.run(&["backup", copy.to_str().unwrap()]);
    assert_eq!(
        (ended.code(), ended.stderr()),
        (2, format!("error: cannot write the backup {}: {FULL}\n", copy.display()))
    );
    let left: Vec<_> = std::fs::read_dir(disk.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ballast"]);
    disk.make_room();
    assert_eq!(house.run(&["backup", copy.to_str().unwrap()]).code(), 0);
}

/// Limits how large a file the daemon may write, in bytes; a write beyond fails as on a broken disk.
fn limit_files(daemon: &Daemon, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &daemon.pid().to_string(), &limit]);
    assert!(prlimit.status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_is_one_clear_error_a_sweep_and_the_daemon_goes_on_when_it_works_again() {
    const FAILED: &str = "the disk failed (disk I/O error, code 778); see the system's log for its cause";
    let (house, sink) = watched_house().await;
    // A write beyond the limit ends a process that does not ignore the signal.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" run"]).arg(house.command(&[]).get_program());
    shell.current_dir(house.folder()).env_clear();
    let mut daemon = house.daemon_from(shell).await;
    daemon.wait_for_whole_sweeps(1).await;
    limit_files(&daemon, "65536");
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    daemon.wait_for_log(FAILED).await;
    daemon.wait_for("cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"failed\"}", 3.0).await;
    let log = daemon.log();
    assert!(log.lines().filter(|line| line.contains("ERROR")).all(|line| line.matches(FAILED).count() == 1), "{log}");

    limit_files(&daemon, "unlimited");
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 1 card broke (1 broken now)"));
    daemon.wait_for_whole_sweeps(1).await;
    assert_eq!(house.ask::<String>("PRAGMA integrity_check").await, "ok");
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition").await, 1);
}

/// Anybody but the owner of what the test makes: root may write whatever stands on the file.
const NOBODY: u32 = 65534;

/// Runs a command as somebody who may read everything in the house.
fn run_as_reader(house: &House, arguments: &[&str]) -> Ended {
    let command = house.command(arguments);
    let config = house.folder().join("config.toml");
    if chown(&config, Some(NOBODY), None).is_err() {
        return Ended::of(command);
    }
    let binary = house.folder().join("cardwatch");
    if !binary.exists() {
        std::fs::copy(command.get_program(), &binary).unwrap();
    }
    let mut reader = Command::new("setpriv");
    let nobody = NOBODY.to_string();
    reader.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]).arg(binary).args(arguments);
    reader.current_dir(house.folder()).env_clear();
    Ended::of(reader)
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn assert_one_error(ended: &Ended, parts: &[&str]) {
    let said = ended.errors();
    assert_eq!((ended.code(), said.lines().count()), (2, 1), "{said}");
    assert!(parts.iter().all(|part| said.matches(part).count() == 1), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_not_be_written_is_one_clear_error() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(1).cards(3))).await;
    house.run(&["sweep"]);
    allow(&house.database(), 0o444);
    allow(house.folder(), 0o555);
    for arguments in [&["run"][..], &["sweep"], &["status"], &["export"], &["history", "1"], &["backup", "copy.db"]] {
        let ended = run_as_reader(&house, arguments);
        assert_one_error(&ended, &["cardwatch.db", "write", "and its folder"]);
    }
    allow(house.folder(), 0o755);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_be_written_is_one_clear_error() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(1).cards(3))).await;
    house.run(&["sweep"]);
    allow(house.folder(), 0o777);
    allow(&house.database(), 0o444);
    for arguments in [&["run"][..], &["sweep"]] {
        let ended = run_as_reader(&house, arguments);
        assert_one_error(&ended, &["cardwatch.db", "it may not be written; give the user", "and its folder"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_root_makes_beside_the_database_is_its_owners() {
    let (mut house, _sink) = watched_house().await;
    house.instance("schedule", "\"@daily\"");
    house.run(&["sweep"]);
    if chown(house.database(), Some(NOBODY), Some(NOBODY)).is_err() {
        return;
    }
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    house.daemon().await.kill();
    let files: Vec<_> = std::fs::read_dir(house.folder()).unwrap().map(Result::unwrap).collect();
    let beside = files.iter().filter(|file| file.file_name().to_string_lossy().starts_with("cardwatch.db"));
    let owners: Vec<_> = beside.map(|file| (file.file_name(), file.metadata().unwrap().uid())).collect();
    assert!(owners.len() >= 4 && owners.iter().all(|(_, owner)| *owner == NOBODY), "{owners:?}");
}
