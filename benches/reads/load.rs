//! Asking and taking the time. Owns a client that costs next to nothing, since it runs on the machine that it measures:
//! a request is one line, and of an answer no more is read than its status and its length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::addresses::Address;

/// What was measured of one kind of address.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// How long each answer took, to its last byte; the shortest first.
    pub(crate) times: Vec<Duration>,
    /// Answers with another status than 200: of how many, and the first of them.
    pub(crate) refused: Option<(usize, u16)>,
    /// The bytes of all bodies.
    pub(crate) bytes: usize,
    /// How long all of it took.
    pub(crate) lasted: Duration,
}

/// Asks for `time`, on so many connections at once, each of which asks again as soon as it has its answer.
pub(crate) async fn ask(host: &str, address: &Address, connections: usize, time: Duration) -> anyhow::Result<Taken> {
    let (began, turn) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let paths: Arc<[String]> = address.paths.clone().into();
    let askers: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(ask_on_one(host.to_owned(), Arc::clone(&paths), Arc::clone(&turn), began + time)))
        .collect();
    let mut all = Taken::default();
    for asker in askers {
        let taken = asker.await.context("an asker")??;
        all.times.extend(taken.times);
        all.bytes += taken.bytes;
        all.refused = match (all.refused, taken.refused) {
            (Some((some, status)), Some((more, _))) => Some((some + more, status)),
            (one, other) => one.or(other),
        };
    }
    all.lasted = began.elapsed();
    all.times.sort_unstable();
    Ok(all)
}

async fn ask_on_one(
    host: String,
    paths: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    until: Instant,
) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    let mut connection = Connection::open(&host).await?;
    while Instant::now() < until {
        let path = &paths[turn.fetch_add(1, Ordering::Relaxed) % paths.len()];
        let began = Instant::now();
        let Some(answer) = connection.get(path).await? else {
            // The daemon ends every connection after a while; that is no answer, and a browser would ask again.
            connection = Connection::open(&host).await?;
            continue;
        };
        taken.times.push(began.elapsed());
        taken.bytes += answer.length;
        if answer.status != 200 {
            let (count, first) = taken.refused.unwrap_or((0, answer.status));
            taken.refused = Some((count + 1, first));
        }
        if answer.is_last {
            connection = Connection::open(&host).await?;
        }
    }
    Ok(taken)
}

/// A connection that is kept open.
struct Connection {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
    host: String,
}

struct Answer {
    status: u16,
    length: usize,
    /// The daemon closes the connection behind it.
    is_last: bool,
}

impl Connection {
    async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await.with_context(|| format!("the daemon at {host}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream), body: Vec::new(), host: host.to_owned() })
    }

    /// `None` where the daemon has ended the connection.
    async fn get(&mut self, path: &str) -> anyhow::Result<Option<Answer>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        if self.stream.get_mut().write_all(request.as_bytes()).await.is_err() {
            return Ok(None);
        }
        let mut line = String::new();
        if self.stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return Ok(None);
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status line")?;
        let mut answer = Answer { status, length: 0, is_last: false };
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("{path}: the head of the answer breaks off");
            }
            let header = line.trim_end().to_ascii_lowercase();
            match header.split_once(": ") {
                Some(("content-length", length)) => answer.length = length.parse().context("a length")?,
                Some(("connection", "close")) => answer.is_last = true,
                Some(("transfer-encoding", _)) => bail!("{path}: the answer comes in pieces"),
                Some(_) => {}
                None => break,
            }
        }
        self.body.resize(answer.length, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok(Some(answer))
    }
}
