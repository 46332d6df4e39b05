//! Domo is spoken to over TLS that is verified, or not at all.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake_domo::FakeDomo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::house::{Ended, House};

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");

/// A server whose certificate is made out to `localhost`, by an authority that no machine trusts by itself.
struct TlsServer {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let config = Arc::new(config());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                // A client that goes away is what most of these tests are about.
                let _ = answer(tls, &counted);
            }
        });
        Self { port, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn config() -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(format!("{CERTIFICATES}/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{CERTIFICATES}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()
}

/// Answers one request as Domo answers a token that it does not know.
fn answer(mut tls: StreamOwned<ServerConnection, std::net::TcpStream>, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new(&mut tls);
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    requests.fetch_add(1, Ordering::SeqCst);
    tls.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")?;
    tls.conn.send_close_notify();
    tls.flush()
}

/// Signs in at `https://HOST:PORT`, trusting the authorities of this file alone.
async fn sign_in(host: &str, port: u16, trusted: &str) -> Ended {
    let mut house = House::beside(FakeDomo::empty()).await;
    house.instance("url", &format!("\"https://{host}:{port}\""));
    let mut command = house.command(&["check-config", "--online"]);
    command.env("SSL_CERT_FILE", format!("{CERTIFICATES}/{trusted}"));
    Ended::of(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_trusted_authority_for_the_right_name_is_good() {
    let server = TlsServer::start();
    let told = sign_in("localhost", server.port, "ca.pem").await.stderr();
    assert!(told.contains("acme: failed: cannot sign in: Domo rejects the access token"), "{told}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_is_refused_and_nothing_is_sent() {
    let server = TlsServer::start();
    let told = sign_in("localhost", server.port, "other-ca.pem").await.stderr();
    // The two authorities have the same name and not the same key.
    let why = "no TLS with localhost (invalid peer certificate: BadSignature); see to this machine's clock and trusted \
               certificates, or to a proxy between";
    assert!(told.contains(&format!("acme: failed: cannot sign in: {why}")), "{told}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused_and_nothing_is_sent() {
    let server = TlsServer::start();
    let told = sign_in("127.0.0.1", server.port, "ca.pem").await.stderr();
    assert!(told.contains("acme: failed: cannot sign in: no TLS with 127.0.0.1 (invalid peer certificate: "), "{told}");
    assert!(told.contains("not valid for name") && told.contains("localhost"), "{told}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_turns_the_verification_off() {
    let server = TlsServer::start();
    let mut house = House::beside(FakeDomo::empty()).await;
    house.instance("url", &format!("\"https://localhost:{}\"", server.port));
    let mut command = house.command(&["check-config", "--online"]);
    for variable in ["NODE_TLS_REJECT_UNAUTHORIZED", "GIT_SSL_NO_VERIFY", "PYTHONHTTPSVERIFY", "CURL_INSECURE"] {
        command.env(variable, "0");
    }
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        command.env(proxy, house.domo.url());
    }
    let told = Ended::of(command).stderr();
    assert!(told.contains("no TLS with localhost (invalid peer certificate: UnknownIssuer)"), "{told}");
    assert_eq!((server.requests(), house.domo.counts().values().sum::<u64>()), (0, 0));
}
