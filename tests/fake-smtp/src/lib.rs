//! A fake SMTP server for tests and the demo: it listens on loopback, takes mails, keeps them, and
//! fails in the ways that a test asks for. Owns the handle and the faults; the protocol is
//! `session`'s, reading a mail `mail`'s and `decode`'s. It has no TLS and relays nothing.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! let smtp = fake_smtp::FakeSmtp::start().await;
//! // … point cardwatch at smtp.url() …
//! let mails = smtp.wait_for(1, Duration::from_secs(5)).await?;
//! assert_eq!(mails[0].header("Subject").as_deref(), Some("[cardwatch] acme: 3 cards broke"));
//! # Ok(())
//! # }
//! ```

mod decode;
mod mail;
mod session;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
};

pub use mail::{Attachment, Mail};

/// What goes wrong from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every new connection is closed at once.
    RefuseConnections,
    /// The greeting is `421`, and the connection is closed.
    Greeting421,
    /// `MAIL` is answered with `451`: try again later.
    DeferMail,
    /// `RCPT` for this address is answered with `550`; others are taken.
    RejectRecipient(String),
    /// `RCPT` for this address is answered with `452`: try again later; others are taken.
    DeferRecipient(String),
    /// The end of the data is answered with `554`.
    RejectData,
    /// No command is answered, nor is a new connection greeted.
    Hang,
    /// The connection is closed in the middle of the data.
    CloseInData,
    /// The mail is taken and kept, and the connection is closed before the `250`: the client
    /// cannot know that it came.
    LoseReply,
}

/// A running fake. Clones are handles on the same one; it runs until [`FakeSmtp::shutdown`] or
/// until its runtime ends.
#[derive(Clone, Debug)]
pub struct FakeSmtp {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

/// Fewer mails or connections than waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    /// How many were waited for.
    pub wanted: usize,
    /// How many came.
    pub came: usize,
}

/// What the handles and the sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    seen: watch::Sender<Seen>,
    stop: watch::Sender<bool>,
    mails: broadcast::Sender<Mail>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    mails: Vec<Mail>,
    pub(crate) fault: Fault,
    pub(crate) login: Option<(String, String)>,
}

/// How many of each came since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    mails: usize,
    connections: usize,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked with the lock has failed already; the others may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, mail: Mail) {
        self.state().mails.push(mail.clone());
        // Nobody need listen.
        let _ = self.mails.send(mail);
        self.seen.send_modify(|seen| seen.mails += 1);
    }
}

impl FakeSmtp {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When the machine has no free port: no test could go on.
    pub async fn start() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let smtp = Self::start_on(any_port).await;
        smtp.expect("a free port on 127.0.0.1")
    }

    /// Listens on this address.
    pub async fn start_on(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            seen: watch::Sender::default(),
            stop: watch::Sender::new(false),
            mails: broadcast::channel(1024).0,
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { addr, shared })
    }

    /// Its address, such as `smtp://127.0.0.1:40025`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// From now on only this user may send, and must say so by `AUTH PLAIN` or `AUTH LOGIN`.
    pub fn require_login(&self, user: &str, password: &str) {
        self.shared.state().login = Some((user.to_owned(), password.to_owned()));
    }

    /// Sets what goes wrong from now on, also in connections that are open.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.state().fault = fault;
    }

    /// The mails taken so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.state().mails.clone()
    }

    /// How many connections came, refused ones included.
    pub fn connections(&self) -> usize {
        self.shared.seen.borrow().connections
    }

    /// Each mail that comes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Mail> {
        self.shared.mails.subscribe()
    }

    /// Waits until this many mails have come since the start; all that have come.
    pub async fn wait_for(&self, mails: usize, timeout: Duration) -> Result<Vec<Mail>, TimedOut> {
        self.wait(mails, timeout, |seen| seen.mails).await?;
        Ok(self.mails())
    }

    /// Waits until this many connections have come since the start.
    pub async fn wait_for_connections(&self, connections: usize, timeout: Duration) -> Result<(), TimedOut> {
        self.wait(connections, timeout, |seen| seen.connections).await
    }

    /// Closes every connection and stops listening.
    pub async fn shutdown(&self) {
        self.shared.stop.send_replace(true);
        // Each task holds a receiver and drops it when it has closed what it had open.
        self.shared.stop.closed().await;
    }

    async fn wait(&self, wanted: usize, timeout: Duration, count: impl Fn(&Seen) -> usize) -> Result<(), TimedOut> {
        let mut seen = self.shared.seen.subscribe();
        let enough = seen.wait_for(|seen| count(seen) >= wanted);
        if let Ok(Ok(_)) = tokio::time::timeout(timeout, enough).await {
            return Ok(());
        }
        let came = count(&self.shared.seen.borrow());
        Err(TimedOut { wanted, came })
    }
}

/// Takes connections until the fake is stopped.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    loop {
        let stream = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The client went away before it was taken.
                Err(_) => continue,
            },
        };
        shared.seen.send_modify(|seen| seen.connections += 1);
        if shared.state().fault == Fault::RefuseConnections {
            continue;
        }
        let shared = Arc::clone(&shared);
        let mut stop = shared.stop.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                // A connection that breaks is the client's affair.
                _ = session::serve(stream, &shared) => {}
            }
        });
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited for {}, but {} came", self.wanted, self.came)
    }
}

impl std::error::Error for TimedOut {}
