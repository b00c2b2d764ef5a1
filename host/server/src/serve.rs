//! Accepting connections, and ending: drain, then stop. What is served on them is the routers' business.
//!
//! The public and the admin listener share this file, so that they cannot differ in how they treat a connection.
//! They end one after the other: while the public one drains, an operator can still look at what holds it up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

/// How long a client may take for its request's head. Longer than any honest client on a bad line.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Wait after an accept error such as "too many open files", so that it does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address with what is served there.
pub(crate) struct Listener {
    socket: TcpListener,
    router: Router,
    max_connections: usize,
}

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every request that was running has been answered.
    Drained,
    /// The drain timeout ended these many connections.
    CutOff(usize),
}

impl Listener {
    /// Binds the address. Clients can connect from now on; they are answered once it runs.
    pub(crate) async fn bind(address: SocketAddr, router: Router, max_connections: usize) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self {
            socket,
            router,
            max_connections,
        })
    }

    /// The address that was bound, with its real port.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Takes connections until `shutdown` resolves, then closes the address. Those that were taken run on.
    async fn accept(self, shutdown: impl Future<Output = ()>) -> Connections {
        let Self {
            socket,
            router,
            max_connections,
        } = self;
        let service = TowerToHyperService::new(router);
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(max_connections));
        let mut tasks = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            // A full house lets the kernel's queue hold those who knock.
            let accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (socket.accept().await, place)
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
            while tasks.try_join_next().is_some() {}
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%error, "a connection could not be set up");
                continue;
            }
            let connection = builder
                .serve_connection(TokioIo::new(stream), service.clone())
                .into_owned();
            let connection = graceful.watch(connection);
            tasks.spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
            });
        }
        Connections { graceful, tasks }
    }
}

/// What a listener that takes no more connections has left.
struct Connections {
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Connections {
    /// Lets the requests that run finish, and after `limit` ends the rest.
    async fn drain(mut self, limit: Duration) -> Ended {
        if tokio::time::timeout(limit, self.graceful.shutdown()).await.is_ok() {
            return Ended::Drained;
        }
        while self.tasks.try_join_next().is_some() {}
        let left = self.tasks.len();
        self.tasks.shutdown().await;
        Ended::CutOff(left)
    }

    /// Ends all of them now.
    async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Serves both until `shutdown` resolves. Then `begin_drain` is called, the public listener takes no more
/// connections and its requests get `drain_timeout` to finish; after them the admin listener stops at once.
pub(crate) async fn run(
    public: Listener,
    admin: Listener,
    shutdown: impl Future<Output = ()>,
    begin_drain: impl FnOnce(),
    drain_timeout: Duration,
) -> Ended {
    let (drained, is_drained) = oneshot::channel::<()>();
    let public = async move {
        let connections = public.accept(shutdown).await;
        begin_drain();
        tracing::info!(limit = ?drain_timeout, "draining");
        let ended = connections.drain(drain_timeout).await;
        drop(drained);
        ended
    };
    let admin = async move {
        // Resolves when the sender is dropped, which is all there is to say.
        let stopped = async move {
            let _ = is_drained.await;
        };
        admin.accept(stopped).await.stop().await;
    };
    let (ended, ()) = tokio::join!(public, admin);
    ended
}

/// Small writes go out at once: a stream's event must not wait for the acknowledgement of the one before.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;

    use super::*;

    async fn bind(router: Router) -> Listener {
        Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), router, 4)
            .await
            .unwrap()
    }

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_admin_listener_answers_until_the_public_one_has_drained() {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
            move || async move {
                entered.notify_one();
                release.notified().await;
                "finished"
            }
        };
        let public = bind(Router::new().route("/", get(handler))).await;
        let admin = bind(Router::new().route("/", get(|| async { "looked" }))).await;
        let (public_at, admin_at) = (public.local_addr().unwrap(), admin.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let (draining, is_draining) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let begin_drain = move || drop(draining);
        let running = tokio::spawn(run(public, admin, shutdown, begin_drain, Duration::from_secs(30)));

        let slow = tokio::spawn(ask(public_at));
        entered.notified().await;
        drop(stop);
        assert!(
            is_draining.await.is_err(),
            "the drain is announced by dropping the sender"
        );
        assert!(
            TcpStream::connect(public_at).await.is_err(),
            "a draining host takes no more connections"
        );
        assert!(
            ask(admin_at).await.ends_with("looked"),
            "the admin listener answers while the public one drains"
        );
        release.notify_one();
        assert!(
            slow.await.unwrap().ends_with("finished"),
            "a request that runs is finished"
        );
        assert_eq!(running.await.unwrap(), Ended::Drained);
        assert!(
            TcpStream::connect(admin_at).await.is_err(),
            "after the drain nothing listens"
        );
    }

    #[tokio::test]
    async fn an_open_admin_connection_does_not_hold_up_the_end() {
        let public = bind(Router::new()).await;
        let admin = bind(Router::new().route("/", get(|| async { "looked" }))).await;
        let admin_at = admin.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let running = tokio::spawn(run(public, admin, shutdown, || (), Duration::from_secs(30)));
        let mut half = TcpStream::connect(admin_at).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        assert!(
            ask(admin_at).await.ends_with("looked"),
            "the half request before this one was accepted"
        );
        drop(stop);
        assert_eq!(running.await.unwrap(), Ended::Drained);
        let mut rest = Vec::new();
        let read = half.read_to_end(&mut rest).await;
        assert!(
            read.is_err() || rest.is_empty(),
            "the connection was ended without an answer"
        );
    }
}
