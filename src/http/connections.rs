//! Connections. Owns what readers may cost: how many connections there are at a time, how long one may last, how
//! long and how large the head of a request may be. It does not own what is answered.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::timer::ClockTimer;
use crate::clock::{SharedClock, within};
use crate::domain::foreign::without_number;

/// Connections at a time; further ones wait in the kernel's queue. Each costs a file descriptor, of which a
/// process commonly has 1,024, and the database and Domo need theirs.
const MOST: usize = 256;

/// A client has so long to send the head of a request, also of the next one on a connection that is kept open.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// So long may the head of a request be, in bytes: more than browsers send with all their cookies.
const HEAD_BYTES: usize = 16 * 1024;

/// So many headers may a request have.
const HEADERS: usize = 64;

/// A connection lasts no longer than this, even if its client takes its answers a byte at a time.
const LIFETIME: Duration = Duration::from_mins(2);

/// A connection that is to end may finish what it is at within this.
const GRACE: Duration = Duration::from_secs(5);

/// How long nobody is let in when the machine is out of file descriptors.
const BREATH: Duration = Duration::from_secs(1);

/// Serves until `shutdown` ends, and then as long as running answers take, but no longer than [`GRACE`].
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    clock: SharedClock,
    shutdown: impl Future<Output = ()>,
) {
    let stop = CancellationToken::new();
    let places = Arc::new(Semaphore::new(MOST));
    let host = Host { router, clock, stop: stop.clone() };
    tokio::select! {
        () = shutdown => {}
        () = host.receive(&listener, &places) => {}
    }
    drop(listener);
    stop.cancel();
    // Every place is free again when every guest has left.
    let _all = places.acquire_many(u32::try_from(MOST).unwrap_or(u32::MAX)).await;
}

/// What every connection is given.
#[derive(Clone)]
struct Host {
    router: Router,
    clock: SharedClock,
    stop: CancellationToken,
}

impl Host {
    /// Takes connections for ever, while there are places.
    async fn receive(&self, listener: &TcpListener, places: &Arc<Semaphore>) {
        // The semaphore is closed by nobody.
        while let Ok(place) = Arc::clone(places).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().attend(stream, place))),
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    let why = without_number(&error.to_string());
                    tracing::error!("HTTP connections cannot be taken, which is tried again: {why}");
                    self.clock.sleep(BREATH).await;
                }
            }
        }
    }

    /// Answers what comes on one connection, until it ends, its time is up, or all is to stop.
    async fn attend(self, stream: TcpStream, _place: OwnedSemaphorePermit) {
        // Where this fails, small answers only come later.
        let _ = stream.set_nodelay(true);
        let mut http = http1::Builder::new();
        http.timer(ClockTimer::new(Arc::clone(&self.clock)))
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS);
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router));
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            // How it ended is the client's affair.
            _ = connection.as_mut() => return,
            () = self.clock.sleep(LIFETIME) => {}
            () = self.stop.cancelled() => {}
        }
        connection.as_mut().graceful_shutdown();
        within(&*self.clock, GRACE, connection).await;
    }
}

/// Whether a connection was gone before it was taken.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
