//! HTTP to one instance. Owns the connections, TLS, what every request says of us, and unpacking an answer that comes
//! compressed; what a call asks, how long it may take and what its answer means is not its.
//!
//! It is hyper's own client. reqwest, which stands on it, parses the address of each request three times on its way, and
//! so takes half as long again for a render as hyper alone (docs/performance.md).

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_compression::tokio::bufread::GzipDecoder;
use futures::TryStreamExt as _;
use futures::stream::MapErr;
use http_body_util::{BodyDataStream, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::http::response::Parts;
use hyper::http::uri::{self, Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio_util::bytes::BytesMut;
use tokio_util::io::StreamReader;
use url::Url;

use super::call::Call;
use super::client::Key;

/// No more of an answer is read at once, in bytes, the lines of its head among them: each render in flight may hold so
/// much that is not looked at yet.
const LARGEST_READ: usize = 64 * 1024;

/// An idle connection is closed after this, before servers and firewalls forget it in silence.
const IDLE: Duration = Duration::from_secs(50);

/// The kernel asks a silent peer so often whether it is still there, and gives up after [`PROBES`].
const KEEPALIVE: Duration = Duration::from_secs(15);

/// So many unanswered questions end a connection.
const PROBES: u32 = 3;

/// A request has no more headers than these; hyper adds the length of its body.
const HEADERS: usize = 7;

/// Who asks.
const CARDWATCH: HeaderValue = HeaderValue::from_static(concat!("cardwatch/", env!("CARGO_PKG_VERSION")));

/// Whatever comes as an answer is looked at.
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// An answer may be compressed so.
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// What is sent is JSON.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Unpacked, an answer is handed on in pieces of at most so many bytes, however well it was compressed.
const PIECE: usize = 16 * 1024;

/// No answer, or none to its end: whoever noticed says why.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Unanswered(Box<dyn Error + Send + Sync>);

impl Unanswered {
    fn because(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The way to one instance.
#[derive(Debug)]
pub(super) struct Transport {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
    /// The same, as every request names it.
    host: HeaderValue,
}

impl Transport {
    /// A way that follows no redirect, asks no proxy, trusts what the system trusts, and keeps so many idle connections.
    ///
    /// Fails where TLS cannot be set up.
    #[expect(clippy::disallowed_methods, reason = "this is where the client of Domo is built")]
    pub(super) fn new(url: &Url, connections: usize) -> io::Result<Self> {
        let origin: Uri = url.as_str().parse().map_err(io::Error::other)?;
        let origin = origin.into_parts();
        let (scheme, authority) =
            origin.scheme.zip(origin.authority).ok_or_else(|| io::Error::other("the address names no host"))?;
        let connector = connector(scheme == Scheme::HTTPS)?;
        let http = Client::builder(TokioExecutor::new())
            .http1_max_buf_size(LARGEST_READ)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(connections)
            .build(connector);
        let host = HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
        Ok(Self { http, scheme, authority, host })
    }

    /// Sends a call once, and waits for the head of the answer.
    pub(super) async fn send(&self, call: &Call, key: Option<&Key>) -> Result<Answer, Unanswered> {
        let mut request = Request::new(Full::new(call.body.clone().unwrap_or_default()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = self.address(call).map_err(Unanswered::because)?;
        *request.headers_mut() = self.headers(call, key);
        Ok(Answer::new(self.http.request(request).await.map_err(Unanswered::because)?))
    }

    fn headers(&self, call: &Call, key: Option<&Key>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, CARDWATCH);
        headers.insert(ACCEPT, ANYTHING);
        headers.insert(ACCEPT_ENCODING, GZIP);
        if let Some(key) = key {
            headers.insert(key.header.clone(), key.value.clone());
        }
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        headers
    }

    fn address(&self, call: &Call) -> Result<Uri, Box<dyn Error + Send + Sync>> {
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(call.target.clone())?);
        Ok(Uri::from_parts(parts)?)
    }
}

/// What connects; without TLS, which is for loopback alone, a machine may do without certificates.
fn connector(tls: bool) -> io::Result<HttpsConnector<HttpConnector>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = if tls {
        HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider)?
    } else {
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(config)
    };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(PROBES));
    Ok(builder.https_or_http().enable_http1().wrap_connector(tcp))
}

/// An answer whose head has come.
#[derive(Debug)]
pub(super) struct Answer {
    head: Parts,
    body: Packing,
}

/// The bytes of an answer as they come.
type Raw = BodyDataStream<Incoming>;

/// The same for a reader, which knows no errors but those of I/O.
type Readable = MapErr<Raw, fn(hyper::Error) -> io::Error>;

/// The body of an answer.
#[derive(Debug)]
enum Packing {
    /// As it is.
    Plain(Raw),
    /// Compressed.
    Gzip(Box<GzipDecoder<StreamReader<Readable, Bytes>>>),
}

impl Answer {
    fn new(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let gzip =
            head.headers.get(CONTENT_ENCODING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"gzip"));
        // An answer without a body may say that what it has not is compressed.
        let packed = gzip && !body.is_end_stream();
        let raw = BodyDataStream::new(body);
        let body = if packed {
            let mut unpacked = GzipDecoder::new(StreamReader::new(raw.map_err(io::Error::other as fn(_) -> _)));
            unpacked.multiple_members(true);
            Packing::Gzip(Box::new(unpacked))
        } else {
            Packing::Plain(raw)
        };
        Self { head, body }
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The text of a header, where there is such a one.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The next piece of the body; none at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Unanswered> {
        match &mut self.body {
            Packing::Plain(raw) => raw.try_next().await.map_err(Unanswered::because),
            Packing::Gzip(unpacked) => {
                let mut piece = BytesMut::with_capacity(PIECE);
                unpacked.read_buf(&mut piece).await.map_err(Unanswered::because)?;
                Ok((!piece.is_empty()).then(|| piece.freeze()))
            }
        }
    }
}
