//! The server behind an [`Upstream`](super::Upstream): accepts, records, plays the script, counts.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec;

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::reply::{Ending, Reply, Step};
use super::{Counts, Recorded};

pub(super) type Script = Box<dyn Fn(&Recorded) -> Reply + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What the server shares with the test.
pub(super) struct State {
    script: Script,
    counts: watch::Sender<Counts>,
    /// Held for a push or a copy, never across an await.
    requests: Mutex<Vec<Recorded>>,
}

impl State {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            counts: watch::Sender::new(Counts::default()),
            requests: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    pub(super) async fn wait(&self, condition: impl Fn(&Counts) -> bool) {
        // It cannot fail: the sender is in `self`.
        let _ = self.counts.subscribe().wait_for(condition).await;
    }

    /// The request is there for the test before the count says so.
    fn record(&self, request: Recorded) {
        self.lock().push(request);
        self.count(|counts| counts.requests += 1);
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request being answered. Dropped before the script is done with it, it means that the client has left.
struct Exchange {
    state: Arc<State>,
    done: bool,
}

impl Exchange {
    fn new(state: Arc<State>) -> Self {
        state.count(|counts| counts.in_flight += 1);
        Self { state, done: false }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let left = usize::from(!self.done);
        self.state.count(|counts| {
            counts.in_flight -= 1;
            counts.disconnects += left;
        });
    }
}

pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.count(|counts| counts.connections += 1);
        connections.spawn(connection(stream, tls.clone(), Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    // Only slower without it.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(TokioIo::new(stream), state).await,
        Some(tls) => {
            // A client that does not trust the certificate ends here.
            if let Ok(stream) = tls.accept(stream).await {
                serve(TokioIo::new(stream), state).await;
            }
        }
    }
}

async fn serve<I>(io: I, state: Arc<State>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    let server = auto::Builder::new(TokioExecutor::new());
    // Its error is a client that left or a script that cut: both are counted elsewhere.
    let _ = server.serve_connection(io, service).await;
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Infallible> {
    let exchange = Exchange::new(Arc::clone(&state));
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // The client left while it was sending; nobody reads this answer.
        Err(_) => Bytes::new(),
    };
    let path = head
        .uri
        .path_and_query()
        .map_or_else(|| head.uri.to_string(), ToString::to_string);
    let recorded = Recorded {
        method: head.method,
        path,
        version: head.version,
        headers: head.headers,
        body,
    };
    let reply = (state.script)(&recorded);
    state.record(recorded);
    for step in reply.before {
        take(step).await;
    }
    let sending = Sending {
        steps: reply.body.into_iter(),
        ending: reply.ending,
        exchange,
    };
    let body = StreamBody::new(stream::unfold(sending, Sending::next)).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    Ok(response)
}

/// Waits as a step says. What it would send is the caller's.
async fn take(step: Step) -> Option<Bytes> {
    match step {
        Step::Send(piece) => return Some(piece),
        Step::Wait(gate) => gate.passed().await,
        Step::Pause(time) => tokio::time::sleep(time).await,
    }
    None
}

/// A body on its way out.
struct Sending {
    steps: vec::IntoIter<Step>,
    ending: Ending,
    exchange: Exchange,
}

impl Sending {
    async fn next(mut self) -> Option<(Result<Frame<Bytes>, io::Error>, Self)> {
        while let Some(step) = self.steps.next() {
            if let Some(piece) = take(step).await {
                return Some((Ok(Frame::data(piece)), self));
            }
        }
        match self.ending {
            Ending::Complete => {
                self.exchange.done = true;
                None
            }
            Ending::Cut => {
                self.exchange.done = true;
                Some((Err(io::Error::other("the script cuts the connection")), self))
            }
            Ending::Hang => std::future::pending().await,
        }
    }
}
