//! An SMTP server that says what a test tells it to, with TLS where asked: for answers that the fake
//! server does not know.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// When the server begins to speak TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    Never,
    OnDemand,
    AtOnce,
}

/// A running server; it runs until the test ends.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    tls: Tls,
    replies: Mutex<BTreeMap<String, String>>,
    changed: Condvar,
    heard: Mutex<Vec<String>>,
}

/// Said to a command, it is answered when it is told what to say instead.
pub(crate) const LATER: &str = "later";

/// What a helpful server says; the longest beginning of a command counts, `.` ends a message.
const HELPFUL: [(&str, &str); 9] = [
    ("greeting", "220 scripted.example ESMTP"),
    ("EHLO", "250-scripted.example\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250 STARTTLS"),
    ("AUTH", "235 welcome"),
    ("STARTTLS", "220 go ahead"),
    ("DATA", "354 go on"),
    (".", "250 taken"),
    ("QUIT", "221 bye"),
    ("", "250 ok"),
    ("NOOP", "250 still here"),
];

impl Scripted {
    /// Listens on a free port of 127.0.0.1 and of the addresses that lead there.
    pub(crate) fn start(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let replies = HELPFUL.map(|(command, reply)| (command.to_owned(), reply.to_owned()));
        let shared = Arc::new(Shared {
            tls,
            replies: Mutex::new(replies.into()),
            changed: Condvar::new(),
            heard: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no failure of the server's.
                let _ = serve(stream, &serving);
            }
        });
        let server = Self { port, shared };
        if tls != Tls::OnDemand {
            server.say("EHLO", "250-scripted.example\r\n250 AUTH PLAIN");
        }
        server
    }

    /// From now on it answers commands that begin so with `reply`; with nothing, if that is empty.
    pub(crate) fn say(&self, command: &str, reply: &str) {
        self.shared.replies.lock().unwrap().insert(command.to_owned(), reply.to_owned());
        self.shared.changed.notify_all();
    }

    /// Every command since the start, and `greeting` for each connection.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Shared {
    /// What is answered to this command; `None` = nothing, for ever.
    fn reply(&self, command: &str) -> Option<String> {
        self.heard.lock().unwrap().push(command.to_owned());
        let matching = |replies: &BTreeMap<String, String>| {
            let matching = replies.iter().filter(|(start, _)| command.starts_with(start.as_str()));
            matching.max_by_key(|(start, _)| start.len()).unwrap().1.clone()
        };
        let replies = self.replies.lock().unwrap();
        let replies = self.changed.wait_while(replies, |replies| matching(replies) == LATER).unwrap();
        let reply = matching(&replies);
        (!reply.is_empty()).then(|| format!("{reply}\r\n"))
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    if shared.tls == Tls::AtOnce {
        return converse(encrypted(stream), shared, true).map(|_| ());
    }
    match converse(stream, shared, true)? {
        Some(stream) => converse(encrypted(stream), shared, false).map(|_| ()),
        None => Ok(()),
    }
}

/// Talks until the client leaves; gives the stream back when TLS is to begin.
fn converse<S: Read + Write>(stream: S, shared: &Shared, greets: bool) -> io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        answer(&mut stream, shared, "greeting")?;
    }
    let mut in_message = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if in_message && line != "." {
            continue;
        }
        let reply = answer(&mut stream, shared, line)?;
        in_message = line == "DATA" && reply.starts_with("354");
        if line == "STARTTLS" && reply.starts_with("220") {
            return Ok(Some(stream.into_inner()));
        }
    }
}

fn answer<S: Read + Write>(stream: &mut BufReader<S>, shared: &Shared, command: &str) -> io::Result<String> {
    if let Some(reply) = shared.reply(command) {
        stream.get_mut().write_all(reply.as_bytes())?;
        return Ok(reply);
    }
    io::copy(stream, &mut io::sink())?;
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Speaks TLS with the certificate for `localhost` that `tests/tls/ca.pem` vouches for.
fn encrypted(stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    let certificate = CertificateDer::from_pem_file(format!("{directory}/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{directory}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream)
}
