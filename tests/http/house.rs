//! A listener with a board to show, the clock that it goes by, and clients that speak plain bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::secret::Secret;
use cardwatch::config::valid::Login;
use cardwatch::domain::ids::PageId;
use cardwatch::domain::snapshot::{InstanceSnapshot, PageNow, Snapshot};
use cardwatch::domain::sweep::PageKind;
use cardwatch::http::live::LiveBoard;
use cardwatch::http::{self, Board, Kept, Settings};
use cardwatch::store::Store;
use prometheus::Registry;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::TestClock;

/// Every pause of the listener's lasts until the test moves the clock.
const PATIENCE: Duration = Duration::from_millis(100);

const DATABASE: &str = "cardwatch.db";

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) settings: watch::Sender<Settings>,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
    pub(crate) live: LiveBoard,
    /// What the daemon says of itself; `Err` = why it is not ready.
    pub(crate) readiness: watch::Sender<Result<(), String>>,
    pub(crate) store: Store,
    /// What its pages are made from.
    pub(crate) board: Board,
    snapshot: watch::Sender<Snapshot>,
    folder: TempDir,
}

/// What an operator sets who says nothing.
pub(crate) fn open() -> Settings {
    Settings {
        stale_after: Duration::from_hours(24),
        max_broken_card_series: 500,
        basic_auth: None,
        public_without_auth: false,
        instances: BTreeMap::new(),
    }
}

/// What an operator sets who wants a login.
pub(crate) fn locked(username: &str, password: &str) -> Settings {
    let login = Login { username: username.to_owned(), password: Secret::new(password) };
    Settings { basic_auth: Some(login), ..open() }
}

impl House {
    /// That only this machine reaches.
    pub(crate) async fn with(settings: Settings) -> Self {
        Self::at("127.0.0.1:0", settings).await
    }

    /// That listens there.
    pub(crate) async fn at(listen: &str, settings: Settings) -> Self {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
        let clock = TestClock::new(PATIENCE);
        let (settings, told) = watch::channel(settings);
        let (snapshot, shown) = watch::channel(Snapshot::new());
        let (readiness, ready) = watch::channel(Err("the mailroom has not moved for 601 s".to_owned()));
        let live = LiveBoard::default();
        let store = Store::open(&folder.path().join(DATABASE)).await.unwrap();
        let board = Board {
            registry: Registry::new(),
            snapshot: shown,
            kept: Kept::default(),
            live: live.clone(),
            store: store.clone(),
            clock: clock.clone(),
            settings: told,
            readiness: Arc::new(move || ready.borrow().clone()),
        };
        let stop = CancellationToken::new();
        let served = tokio::spawn(http::serve(listener, board.clone(), stop.clone().cancelled_owned()));
        Self { address, clock, settings, stop, served, live, readiness, store, board, snapshot, folder }
    }

    /// The file that its pages read the past from.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// The scrape is larger from now on than what the kernel holds for a client who does not read.
    pub(crate) fn grow(&self) {
        let title = "a long title ".repeat(20);
        let title = |id| format!("{title}{id}");
        let page = |id| PageNow { title: title(id), kind: PageKind::Page, owners: [].into(), cards: Vec::new() };
        let mut instance = InstanceSnapshot::empty("acme".parse().unwrap());
        instance.pages = (0..25_000).map(|id| (PageId(id), page(id))).collect();
        self.show(instance);
    }

    /// This is what is true from now on.
    pub(crate) fn show(&self, instance: InstanceSnapshot) {
        self.show_all([instance]);
    }

    /// These instances are what is true from now on.
    pub(crate) fn show_all(&self, instances: impl IntoIterator<Item = InstanceSnapshot>) {
        self.snapshot.send_replace(instances.into_iter().map(Arc::new).collect());
    }

    /// What one series of the scrape says; `None` where there is none.
    pub(crate) async fn series(&self, name: &str) -> Option<i64> {
        let scrape = self.ask("GET", "/metrics", &[]).await.body;
        let value = scrape.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }

    pub(crate) async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// A client for whom the kernel keeps little.
    pub(crate) async fn narrow_client(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Client(socket.connect(self.address).await.unwrap())
    }

    /// What one request is answered with.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut client = self.client().await;
        client.request(method, path, headers).await;
        client.answer().await.unwrap()
    }

    pub(crate) async fn status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.ask("GET", path, headers).await.status
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    /// Sends as much of this as is taken.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    pub(crate) async fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let first = format!("{method} {path} HTTP/1.1\r\nHost: x");
        let more = headers.iter().map(|(name, value)| format!("{name}: {value}"));
        let head: Vec<String> = std::iter::once(first).chain(more).collect();
        self.send(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes()).await.unwrap();
    }

    /// One answer, whole; `None` when the connection ends first.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = Answer::of(&bytes) {
                return Some(answer);
            }
            let mut buffer = vec![0; 64 * 1024];
            match self.0.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            }
        }
    }

    /// Waits until the other side has hung up.
    pub(crate) async fn hung_up(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        while self.0.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The answer that these bytes are, where they are a whole one.
    fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap_or("0").parse().unwrap();
        let body = bytes.get(end..end + length)?;
        Some(Self { status, head, body: String::from_utf8(body.to_vec()).unwrap() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }
}
