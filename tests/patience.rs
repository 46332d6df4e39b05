//! A report waits for what Domo says of datasets and addresses, half a minute at most, and for each apart from the others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/quick.rs"]
mod quick;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::{Config, Environment, LoadRequest, load_text};
use cardwatch::daemon::run::{self, Daemon};
use fake_domo::{Domo, FakeDomo, Trouble};
use fake_smtp::{FakeSmtp, Mail};
use quick::Quick;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Nothing here takes as long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

const ORDERS: &str = "3f1c2d4e-0a1b-4c2d-a3e4-5f6071829304";

/// With these, more datasets are asked about than can be while each hangs.
const OTHERS: [&str; 4] = ["another-1", "another-2", "another-3", "another-4"];

/// A daemon that sweeps each second, while its clock moves on by a minute; requests may take ten of these minutes.
struct House {
    domo: Domo,
    smtp: FakeSmtp,
    _daemon: Daemon,
    stop: CancellationToken,
    _folder: TempDir,
}

fn configuration(folder: &TempDir, domo: &Domo, smtp: &FakeSmtp) -> Config {
    let text = format!(
        "[storage]\npath = \"{}\"\n[email]\nsmtp = \"{}\"\nfrom = \"cardwatch@example.com\"
         to = [\"bi-admins@example.com\"]\n[alerts]\nnotify_owners = true\nowner_domains = [\"example.com\"]
         [instances.acme]\nurl = \"{}\"\naccess_token = \"{}\"\nschedule = \"* * * * * *\"
         pages = [10]\nrequest_timeout = \"10m\"\n",
        folder.path().join("cardwatch.db").display(),
        smtp.url(),
        domo.url(),
        domo.token()
    );
    load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap().config
}

impl House {
    async fn new() -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fake = FakeDomo::empty().page(10, "Sales").card(101, "Revenue", &[10]).card(102, "Regions", &[10]);
        let domo = fake.dataset(ORDERS, "Orders", &["region_name"], &[101, 102]).start().await;
        for other in OTHERS {
            domo.add_dataset(other, "Another", &["amount"]);
            domo.feed(other, &[101]);
        }
        let (folder, smtp) = (TempDir::new().unwrap(), FakeSmtp::start().await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (config, stop) = (configuration(&folder, &domo, &smtp), CancellationToken::new());
        let daemon = run::start(config, listener, Arc::new(Quick::start()), stop.clone()).await.unwrap();
        let house = Self { domo, smtp, _daemon: daemon, stop, _folder: folder };
        house.when_rendered().await;
        house
    }

    /// Waits until a sweep has seen each card, twice.
    #[expect(clippy::disallowed_methods, reason = "the daemon's clock is the machine's, only quicker")]
    async fn when_rendered(&self) {
        let rendered = async {
            while [101, 102].into_iter().any(|card| self.domo.renders_of(card) < 2) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, rendered).await.unwrap();
    }

    /// Drops the column that every card uses, while these calls hang; returns the first mails.
    async fn break_while_hanging(&self, endpoints: &[&str], mails: usize) -> Vec<Mail> {
        for endpoint in endpoints {
            self.domo.set_trouble(endpoint, Some(Trouble::Hangs));
        }
        self.domo.drop_column(ORDERS, "region_name");
        self.smtp.wait_for(mails, PATIENCE).await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().flat_map(|mail| &mail.to).map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_that_is_asked_hangs_the_report_goes_out_without_it() {
    let house = House::new().await;
    let all = ["dataset", "stream", "schema", "user", "functions"];
    let mails = house.break_while_hanging(&all, 1).await;
    assert_eq!(recipients(&mails), ["bi-admins@example.com"]);
    let text = mails[0].text().unwrap();
    assert!(text.starts_with("2 cards broke at acme") && text.contains("Dana Reyes (no address known)"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_datasets_hang_the_owners_are_mailed_all_the_same() {
    let house = House::new().await;
    let mails = house.break_while_hanging(&["dataset", "stream", "schema"], 2).await;
    assert_eq!(recipients(&mails), ["bi-admins@example.com", "dana@example.com"]);
}
