//! What systemd is told: readiness once HTTP answers, the watchdog while all tasks move, and the stop.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use fake_domo::{FakeDomo, Spec};

use crate::house::{House, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn readiness_the_watchdog_and_the_stop_reach_systemd() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(10))).await;
    let socket = house.folder().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = house.command(&["run"]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "600000");
    let daemon = house.daemon_from(command).await;
    let began = Instant::now();
    let mut told = Vec::new();
    while told.iter().filter(|state| *state == "WATCHDOG=1").count() < 4 {
        told.push(receive(&systemd));
    }
    assert!(began.elapsed() > Duration::from_millis(300), "it is fed at a pace, not in a burst");
    assert!(told.contains(&"READY=1".to_owned()), "{told:?}");
    let pid = daemon.pid();
    assert_eq!(daemon.stop("-TERM").0, Some(0), "{pid}");
    while receive(&systemd) != "STOPPING=1" {}
}

fn receive(systemd: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let length = systemd.recv(&mut buffer).expect("systemd is told nothing");
    String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
}
