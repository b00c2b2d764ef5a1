//! The body of an answer on its way to the guest: capped, timed, scrubbed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error as WasiError;
use wharf_types::Phase;

use super::scrub::Scrubber;
use super::seen::{Failure, Seen};

/// Dropping it closes the connection, unless everything was read.
pub(super) struct AnswerBody {
    inner: Incoming,
    left: u64,
    cap: u64,
    idle: Duration,
    /// Armed when a read has to wait, so that a body that is all there needs no timer.
    timer: Pin<Box<Sleep>>,
    armed: bool,
    scrubber: Option<Arc<Scrubber>>,
    held: BytesMut,
    seen: Arc<Seen>,
}

impl AnswerBody {
    pub(super) fn new(
        inner: Incoming,
        cap: u64,
        idle: Duration,
        scrubber: Option<Arc<Scrubber>>,
        seen: Arc<Seen>,
    ) -> Self {
        let timer = Box::pin(tokio::time::sleep(idle));
        Self {
            inner,
            left: cap,
            cap,
            idle,
            timer,
            armed: false,
            scrubber,
            held: BytesMut::new(),
            seen,
        }
    }

    fn fail(&self, failure: Failure, error: WasiError) -> Poll<Option<Result<Frame<Bytes>, WasiError>>> {
        self.seen.failed(failure);
        Poll::Ready(Some(Err(error)))
    }

    fn scrub(&mut self, data: Bytes) -> Bytes {
        match &self.scrubber {
            Some(scrubber) => scrubber.chunk(&mut self.held, data),
            None => data,
        }
    }

    /// What was held back, at the end.
    fn rest(&mut self) -> Bytes {
        match &self.scrubber {
            Some(scrubber) => scrubber.rest(&mut self.held),
            None => self.held.split().freeze(),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = WasiError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, WasiError>>> {
        let this = &mut *self;
        loop {
            let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
                if !this.armed {
                    this.armed = true;
                    this.timer.as_mut().reset(Instant::now() + this.idle);
                }
                ready!(this.timer.as_mut().poll(cx));
                return this.fail(Failure::Timeout(Phase::Idle), WasiError::ConnectionReadTimeout);
            };
            this.armed = false;
            match frame {
                None if this.held.is_empty() => return Poll::Ready(None),
                None => return Poll::Ready(Some(Ok(Frame::data(this.rest())))),
                Some(Err(error)) => return this.fail(Failure::Unavailable, WasiError::Hyper(error)),
                Some(Ok(frame)) => {
                    // Trailers say nothing that a provider of a model needs.
                    let Ok(data) = frame.into_data() else { continue };
                    let size = data.len() as u64;
                    if size > this.left {
                        return this.fail(Failure::TooLarge, WasiError::HttpResponseBodySize(Some(this.cap)));
                    }
                    this.left -= size;
                    let data = this.scrub(data);
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
