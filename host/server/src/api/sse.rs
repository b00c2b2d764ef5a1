//! The body of a streamed answer. Pulls: the next piece is asked for when the client has taken the last, so
//! a slow client slows the vendor down instead of filling memory, and a client that leaves drops the whole
//! chain down to the vendor's connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use http_body::Frame;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Something that writes a stream piece by piece.
pub(super) trait Pieces: Send + Sized + 'static {
    /// The next piece, and itself unless that was the last.
    fn next(self) -> BoxFuture<'static, (String, Option<Self>)>;

    /// When the stream ends at the latest, whether or not the client takes what there is.
    fn deadline(&self) -> Instant;

    /// What a client gets to read that came back after that.
    fn expired() -> String;
}

/// How long after its deadline a stream is left to end by itself, which gives the client a better story.
const GRACE: Duration = Duration::from_secs(1);

/// An answer with such a body.
pub(super) fn response<P: Pieces>(pieces: P) -> Response {
    let deadline = pieces.deadline() + GRACE;
    let running: Shared<P> = Arc::new(Mutex::new(Slot::Running(pieces.next())));
    let reaped = Arc::clone(&running);
    // A client that stops reading stops asking for the next piece, and with it every timer of the stream: this
    // one goes on, and lets go of the instance and the connection to the vendor.
    let reaper = tokio::spawn(async move {
        tokio::time::sleep_until(deadline).await;
        let mut slot = lock(&reaped);
        if matches!(*slot, Slot::Running(_)) {
            *slot = Slot::Expired;
        }
    });
    let reaper = reaper.abort_handle();
    let mut response = Response::new(Body::new(SseBody { running, reaper }));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Tells nginx not to collect the stream before passing it on.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// Locked by the body while it is polled, and once by the reaper: they meet only when time is up anyway.
type Shared<P> = Arc<Mutex<Slot<P>>>;

enum Slot<P> {
    Running(BoxFuture<'static, (String, Option<P>)>),
    Ended,
    Expired,
}

fn lock<P>(shared: &Shared<P>) -> MutexGuard<'_, Slot<P>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct SseBody<P> {
    running: Shared<P>,
    reaper: AbortHandle,
}

impl<P> Drop for SseBody<P> {
    fn drop(&mut self) {
        self.reaper.abort();
        // The reaper's own handle on the stream may outlive this one by a moment; the stream must not.
        *lock(&self.running) = Slot::Ended;
    }
}

impl<P: Pieces> http_body::Body for SseBody<P> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut slot = lock(&self.running);
        loop {
            let (piece, rest) = match &mut *slot {
                Slot::Running(waiting) => ready!(waiting.as_mut().poll(cx)),
                Slot::Ended => return Poll::Ready(None),
                Slot::Expired => (P::expired(), None),
            };
            *slot = rest.map_or(Slot::Ended, |rest| Slot::Running(rest.next()));
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))));
            }
        }
    }
}
