//! Who learns a secret, and what the service may touch.

use crate::service::{SECRET, Service};

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_reaches_the_daemon_and_nobody_else() {
    let service = Service::running().await;
    // This Domo answers nobody who does not know the token.
    service.wait_for_a_sweep().await;
    let (machine, token) = (&service.machine, service.domo.token());
    let pid = service.property("MainPID");
    let given = "/run/credentials/cardwatch.service/acme-token";
    assert_eq!(machine.must(&format!("cat {given}")), token, "root may read it, so this is where it is");
    for (user, file) in [("nobody", given), ("nobody", SECRET), ("cardwatch", SECRET)] {
        let refused = machine.run(&format!("runuser -u {user} -- cat {file}"));
        assert!(refused.code != Some(0) && refused.stderr.contains("Permission denied"), "{user}, {file}: {refused:?}");
    }
    for place in [
        format!("tr '\\0' '\\n' </proc/{pid}/environ"),
        format!("tr '\\0' '\\n' </proc/{pid}/cmdline"),
        "systemctl show cardwatch".to_owned(),
        "systemctl cat cardwatch".to_owned(),
        "systemctl status --full --lines=1000 cardwatch".to_owned(),
        "journalctl --no-pager --output=verbose".to_owned(),
        "cat /var/lib/cardwatch/*".to_owned(),
    ] {
        let told = machine.must(&place);
        assert!(!told.is_empty() && !told.contains(&token), "{place} tells the token");
    }
    assert!(!service.get("/metrics").await.1.contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_whose_source_is_missing_keeps_it_from_starting_and_says_so() {
    let service = Service::installed().await;
    service.configure("");
    service.machine.must(&format!("rm {SECRET}"));
    assert_eq!(service.machine.run("systemctl start cardwatch").code, Some(1));
    service.wait_for_journal("Failed to set up credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_finds_nothing_wrong_with_the_unit_where_it_is_installed() {
    let service = Service::running().await;
    let verified = service.machine.run("systemd-analyze verify cardwatch.service");
    assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""));
    let judged = service.machine.must("systemd-analyze security --threshold=15 --no-pager cardwatch");
    assert!(judged.contains("Overall exposure level for cardwatch.service"), "{judged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_saves_is_for_its_own_user_alone() {
    let service = Service::running().await;
    service.wait_for_a_sweep().await;
    assert_eq!(service.machine.must("stat --format '%a %U' /var/lib/cardwatch"), "700 cardwatch");
    let modes = service.machine.must("stat --format '%a %U' /var/lib/cardwatch/*");
    assert!(modes.lines().count() >= 3 && modes.lines().all(|mode| mode == "600 cardwatch"), "{modes}");
}
