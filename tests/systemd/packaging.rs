//! What is handed out: that it is whole, and what happens to a machine when the package comes, changes and goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::machine::Machine;
use crate::service::{CONFIG, HASTY, Service, archives, bring, pack};

const DATABASE: &str = "/var/lib/cardwatch/cardwatch.db";

#[test]
fn lintian_has_nothing_to_say_about_the_package() {
    let package = &archives().package;
    let judged = Command::new("lintian").args(["--allow-root", "--fail-on", "error,warning"]).arg(package).output();
    let judged = judged.expect("lintian: install Debian's package lintian");
    let said = format!("{}{}", String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr));
    assert!(judged.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_same_binary_makes_the_same_archives() {
    let (first, second) = (archives(), pack("package-again"));
    assert!(fs::read(&first.package).unwrap() == fs::read(second.package).unwrap(), "the packages differ");
    assert!(fs::read(&first.tarball).unwrap() == fs::read(second.tarball).unwrap(), "the tarballs differ");
}

/// The files in an archive, by their paths on a machine.
fn files(mut listing: Command) -> BTreeSet<String> {
    let listed = listing.output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files = listed.lines().filter(|line| line.starts_with('-'));
    // The last column, without what stands before the first folder.
    files.map(|line| line.rsplit(' ').next().unwrap().split_once('/').unwrap().1.to_owned()).collect()
}

#[test]
fn the_tarball_holds_what_the_package_holds_and_the_licences() {
    let mut package = Command::new("dpkg-deb");
    package.arg("--contents").arg(&archives().package);
    let mut tarball = Command::new("tar");
    tarball.args(["--list", "--verbose", "--file"]).arg(&archives().tarball);
    let (package, tarball) = (files(package), files(tarball));
    let only = |some: &BTreeSet<String>, others| some.difference(others).cloned().collect::<Vec<_>>();
    let doc = "usr/share/doc/cardwatch";
    assert_eq!(only(&package, &tarball), [format!("{doc}/changelog.Debian.gz"), format!("{doc}/copyright")]);
    assert_eq!(only(&tarball, &package), [format!("{doc}/LICENSE-APACHE"), format!("{doc}/LICENSE-MIT")]);
}

#[test]
fn installing_starts_nothing_and_says_what_is_next() {
    let machine = Machine::boot();
    bring(&machine);
    let said = machine.must("dpkg --install /srv/cardwatch.deb");
    assert!(said.contains("nothing is started"), "{said}");
    assert!(said.contains("systemctl enable --now cardwatch"), "{said}");
    assert_eq!(machine.run("systemctl is-enabled cardwatch").stdout, "disabled");
    assert_eq!(machine.run("systemctl is-active cardwatch").stdout, "inactive");
    assert_eq!(machine.must("journalctl --unit=cardwatch --no-pager --quiet"), "");
    assert_eq!(machine.must("stat --format '%a %U' /etc/cardwatch/secrets"), "700 root");
}

#[test]
fn each_file_of_the_package_lies_where_debian_looks_for_it() {
    let machine = Machine::boot();
    bring(&machine);
    machine.must("dpkg --install /srv/cardwatch.deb");
    for file in [
        "/etc/cardwatch/config.toml.example",
        "/usr/lib/systemd/system/cardwatch.service",
        "/usr/lib/sysusers.d/cardwatch.conf",
        "/usr/share/bash-completion/completions/cardwatch",
        "/usr/share/zsh/vendor-completions/_cardwatch",
        "/usr/share/fish/vendor_completions.d/cardwatch.fish",
        "/usr/share/man/man1/cardwatch.1.gz",
        "/usr/share/man/man1/cardwatch-sweep.1.gz",
        "/usr/share/man/man1/cardwatch-send-test-email.1.gz",
        "/usr/share/doc/cardwatch/README.md",
        "/usr/share/doc/cardwatch/SECURITY.md",
        "/usr/share/doc/cardwatch/THIRD-PARTY.gz",
        "/usr/share/doc/cardwatch/copyright",
        "/usr/share/doc/cardwatch/deploy/README.md",
    ] {
        machine.must(&format!("test -s {file}"));
    }
    let conffiles = machine.must("dpkg-query --show --showformat '${Conffiles}' cardwatch");
    assert!(conffiles.starts_with("/etc/cardwatch/config.toml.example ") && conffiles.lines().count() == 1);
}

#[test]
fn the_example_is_a_configuration_as_soon_as_its_secret_is_there() {
    let machine = Machine::boot();
    bring(&machine);
    machine.must("dpkg --install /srv/cardwatch.deb");
    machine.must("install -m 644 /etc/cardwatch/config.toml.example /etc/cardwatch/config.toml");
    machine.write("/etc/cardwatch/secrets/acme-token", "600", b"a-token");
    machine.must("CREDENTIALS_DIRECTORY=/etc/cardwatch/secrets cardwatch check-config");
}

/// The files below a folder of the sources, by their paths from there.
fn sources(folder: &str) -> Vec<String> {
    let mut find = Command::new("find");
    find.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).args([".", "-type", "f", "-printf", "%P\\n"]);
    let found = String::from_utf8(find.output().unwrap().stdout).unwrap();
    assert!(!found.is_empty(), "{folder} is empty");
    found.lines().map(str::to_owned).collect()
}

#[test]
fn documents_rules_and_dashboard_are_in_the_package_as_they_are_in_the_sources() {
    let mut package = Command::new("dpkg-deb");
    package.arg("--contents").arg(&archives().package);
    let packed = files(package);
    for folder in ["docs", "deploy/prometheus", "deploy/grafana"] {
        for file in sources(folder) {
            let place = match folder.strip_prefix("deploy/") {
                Some(name) if file != "README.md" => format!("usr/share/cardwatch/{name}/{file}"),
                _ => format!("usr/share/doc/cardwatch/{folder}/{file}"),
            };
            assert!(packed.contains(&place), "{place} is missing");
        }
    }
}

/// Where a link of a document leads, each by its path from the folder of the documents.
fn led_to(document: &Path, link: &str) -> PathBuf {
    let mut place = document.parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(place.pop(), "{link} leaves the folder"),
            other => place.push(other),
        }
    }
    place
}

#[test]
fn each_link_of_a_document_of_the_package_leads_to_a_file_that_it_brings() {
    let mut package = Command::new("dpkg-deb");
    package.arg("--contents").arg(&archives().package);
    let packed = files(package);
    let brought: BTreeSet<&Path> =
        packed.iter().filter_map(|file| file.strip_prefix("usr/share/doc/cardwatch/")).map(Path::new).collect();
    let mut astray = Vec::new();
    for document in brought.iter().filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
        // Documents lie as in the sources.
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
        let links = text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
        let files = links.filter(|link| !link.is_empty() && !link.contains("://"));
        let missing = files.filter(|link| !brought.contains(&*led_to(document, link)));
        astray.extend(missing.map(|link| format!("{}: {link}", document.display())));
    }
    assert!(astray.is_empty(), "{astray:?}");
}

#[test]
fn what_is_linked_into_the_binary_is_named_with_its_licence() {
    let listing = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/third-party")).output().unwrap();
    assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
    let listed = String::from_utf8(listing.stdout).unwrap();
    for package in ["axum", "libsqlite3-sys", "ring", "rustls", "tokio"] {
        let named = listed.lines().skip_while(|line| !line.starts_with(&format!("{package} "))).collect::<Vec<_>>();
        let text = named.get(2).is_some_and(|line| line.starts_with("LICENSE"));
        assert!(text, "{package}: {:?}", named.iter().take(4).collect::<Vec<_>>());
    }
    assert!(!listed.contains("proptest"), "what only tests use is not in the binary");
}

/// A package of the next version: another example, and everything else as it is.
fn next_version(machine: &Machine) {
    machine.must(
        "cd /srv && dpkg-deb --raw-extract cardwatch.deb next \
         && sed -i 's/^Version: .*/Version: 99.0-1/' next/DEBIAN/control \
         && echo '# It is the next one.' >>next/etc/cardwatch/config.toml.example \
         && dpkg-deb -Znone --build next next.deb",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_keeps_configuration_and_database_and_goes_on_with_what_ran() {
    let service = Service::running().await;
    service.wait_for_a_sweep().await;
    let (before, pid) = (service.results(), service.property("MainPID"));
    next_version(&service.machine);
    service.machine.must("dpkg --install /srv/next.deb");
    assert_ne!(service.property("MainPID"), pid);
    assert_eq!(service.get("/readyz").await.0, 200);
    assert_eq!(service.machine.must(&format!("cat {CONFIG}")), service.configuration().trim());
    service.machine.must("grep --quiet 'the next one' /etc/cardwatch/config.toml.example");
    assert!(service.results() >= before && before >= 12, "{before}");
    assert_eq!(service.machine.run("systemctl is-enabled cardwatch").stdout, "enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_lets_the_old_version_run_where_the_new_one_refuses_the_configuration() {
    let service = Service::running().await;
    let pid = service.property("MainPID");
    service.rewrite(&format!("{}\nno_longer_known = 1\n", service.configuration()));
    next_version(&service.machine);
    let upgraded = service.machine.run("dpkg --install /srv/next.deb");
    assert_eq!(upgraded.code, Some(0), "{upgraded:?}");
    assert!(upgraded.stderr.contains("no_longer_known"), "{upgraded:?}");
    assert!(upgraded.stderr.contains("the old one still runs"), "{upgraded:?}");
    assert_eq!(service.property("MainPID"), pid);
    assert_eq!(service.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_cannot_be_started_says_so() {
    let service = Service::running_with(HASTY).await;
    service.machine.must(&format!("mv {DATABASE} {DATABASE}.old && install -d {DATABASE}"));
    next_version(&service.machine);
    let upgraded = service.machine.run("dpkg --install /srv/next.deb");
    assert_eq!(upgraded.code, Some(0), "{upgraded:?}");
    assert!(upgraded.stderr.contains("the new version does not start"), "{upgraded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_starts_nothing_that_was_stopped() {
    let service = Service::running().await;
    service.machine.must("systemctl stop cardwatch");
    next_version(&service.machine);
    service.machine.must("dpkg --install /srv/next.deb");
    assert_eq!(service.machine.run("systemctl is-active cardwatch").stdout, "inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_stops_it_and_keeps_what_was_configured_and_saved() {
    let service = Service::running().await;
    service.wait_for_a_sweep().await;
    service.machine.must("dpkg --remove cardwatch");
    assert_eq!(service.machine.run("pgrep --exact cardwatch").stdout, "");
    service.machine.must(&format!("ls {CONFIG} /etc/cardwatch/secrets/acme-token {DATABASE}"));
    service.machine.must("dpkg --install /srv/cardwatch.deb && systemctl start cardwatch");
    assert!(service.results() >= 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_leaves_nothing_but_the_user_and_the_drop_in() {
    let service = Service::running().await;
    service.machine.must("dpkg --purge cardwatch");
    let left = service.machine.must("find /etc /usr /var -xdev -path '*cardwatch*' ! -path '/var/log/journal/*'");
    assert_eq!(left, "/etc/systemd/system/cardwatch.service.d\n/etc/systemd/system/cardwatch.service.d/override.conf");
    service.machine.must("id cardwatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_from_the_tarball_too() {
    let service = Service::beside(Machine::boot()).await;
    service.machine.write("/srv/cardwatch.tar.gz", "644", &fs::read(&archives().tarball).unwrap());
    service.machine.must(
        "cd /srv && tar -xzf cardwatch.tar.gz && cp -r cardwatch-*/usr cardwatch-*/etc / \
         && systemd-sysusers && install -d -m 700 /etc/cardwatch/secrets && systemctl daemon-reload",
    );
    service.configure("");
    service.machine.must("systemctl enable --now cardwatch");
    assert_eq!(service.get("/readyz").await.0, 200);
}
