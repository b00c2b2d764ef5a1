//! The body of a streamed answer. Pulls: the next piece is asked for when the client has taken the last, so
//! a slow client slows the vendor down instead of filling memory, and a client that leaves drops the whole
//! chain down to the vendor's connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use http_body::Frame;

/// Something that writes a stream piece by piece.
pub(super) trait Pieces: Send + Sized + 'static {
    /// The next piece, and itself unless that was the last.
    fn next(self) -> BoxFuture<'static, (String, Option<Self>)>;
}

/// An answer with such a body.
pub(super) fn response<P: Pieces>(pieces: P) -> Response {
    let mut response = Response::new(Body::new(SseBody {
        waiting: Some(pieces.next()),
    }));
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

struct SseBody<P> {
    waiting: Option<BoxFuture<'static, (String, Option<P>)>>,
}

impl<P: Pieces> http_body::Body for SseBody<P> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let Some(waiting) = self.waiting.as_mut() else {
                return Poll::Ready(None);
            };
            let (piece, rest) = ready!(waiting.as_mut().poll(cx));
            self.waiting = rest.map(Pieces::next);
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))));
            }
        }
    }
}
