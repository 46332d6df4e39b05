//! What a command says when it cannot do what it was asked, and that the exit code tells no other story.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use fake_domo::{FakeDomo, Spec};

use crate::house::{Ended, House};

async fn small_house() -> House {
    House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(6))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_folder_says_that_it_is_no_file() {
    let mut house = small_house().await;
    let folder = house.folder().to_owned();
    house.set("storage", &format!("path = \"{}\"", folder.display()));
    let said = house.run(&["backup", "copy.db"]).errors();
    assert!(said.contains("cannot be opened; see that it is a file"), "{said}");
}

/// Anybody but who runs the tests: root may look into every folder.
const NOBODY: u32 = 65534;

/// Runs a command as somebody else, who has to find the binary and the configuration; as the same user where nobody may
/// become another, to whom the folder is closed just as well.
fn run_as_nobody(house: &House, arguments: &[&str]) -> Ended {
    let command = house.command(arguments);
    if chown(house.folder().join("config.toml"), Some(NOBODY), None).is_err() {
        return Ended::of(command);
    }
    let binary = house.folder().join("cardwatch");
    if !binary.exists() {
        std::fs::copy(command.get_program(), &binary).unwrap();
    }
    let nobody = NOBODY.to_string();
    let mut other = Command::new("setpriv");
    other.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]).arg(binary).args(arguments);
    other.current_dir(house.folder()).env_clear();
    Ended::of(other)
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_a_folder_that_is_closed_to_the_user_is_not_told_as_missing() {
    let mut house = small_house().await;
    let closed = house.folder().join("closed");
    std::fs::create_dir(&closed).unwrap();
    house.keep_database_in(&closed);
    assert_eq!(house.run(&["sweep"]).code(), 0);
    allow(house.folder(), 0o755);
    allow(&closed, 0o000);
    let says = format!(
        "storage.path: this user may not look into {}; run the command as the user that runs cardwatch, or as root",
        closed.display()
    );
    for arguments in [&["status"][..], &["export"], &["history", "1"], &["sweep"], &["backup", "copy.db"]] {
        let ended = run_as_nobody(&house, arguments);
        assert_eq!((ended.code(), ended.errors()), (2, format!("error: {says}")), "{arguments:?}");
    }
    allow(&closed, 0o700);
}
