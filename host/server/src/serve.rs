//! Accepting connections, and ending: drain, then stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::api::{self, App};

/// How long a client may take for its request's head. Longer than any honest client on a bad line.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Wait after an accept error such as "too many open files", so that it does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound listener with what it serves.
pub(crate) struct Server {
    listener: TcpListener,
    app: Arc<App>,
    max_connections: usize,
    drain_timeout: Duration,
}

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every request that was running has been answered.
    Drained,
    /// The drain timeout ended these many connections.
    CutOff(usize),
}

impl Server {
    /// Binds the address.
    pub(crate) async fn bind(
        address: SocketAddr,
        app: App,
        max_connections: usize,
        drain_timeout: Duration,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            listener,
            app: Arc::new(app),
            max_connections,
            drain_timeout,
        })
    }

    /// The address that was bound, with its real port.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` resolves, then drains: takes no more connections and requests, lets those that
    /// run finish, and after the drain timeout ends the rest.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) -> Ended {
        let service = TowerToHyperService::new(api::router(Arc::clone(&self.app)));
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(self.max_connections));
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            // A full house lets the kernel's queue hold those who knock.
            let accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (self.listener.accept().await, place)
            };
            let (stream, place) = tokio::select! {
                () = &mut shutdown => break,
                accepted = accepted => match accepted {
                    (Ok((stream, _)), place) => (stream, place),
                    (Err(error), _) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            while connections.try_join_next().is_some() {}
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%error, "a connection could not be set up");
                continue;
            }
            let connection = builder
                .serve_connection(TokioIo::new(stream), service.clone())
                .into_owned();
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
            });
        }
        drop(self.listener);
        self.app.draining.store(true, Ordering::Relaxed);
        self.app.host.close();
        tracing::info!(limit = ?self.drain_timeout, "draining");
        if tokio::time::timeout(self.drain_timeout, graceful.shutdown())
            .await
            .is_ok()
        {
            return Ended::Drained;
        }
        while connections.try_join_next().is_some() {}
        let left = connections.len();
        connections.shutdown().await;
        Ended::CutOff(left)
    }
}

/// Small writes go out at once: a stream's event must not wait for the acknowledgement of the one before.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
