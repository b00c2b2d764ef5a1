//! The HTTP body of an answer: plays a recorded stream in time, or hands out a whole answer at once.
//!
//! Decides when each event leaves and when the connection breaks. One event is one frame, and the body is pending
//! once between two frames that have no delay: hyper then flushes, so each event is its own write, as it is with a
//! real upstream. The request's guard lives here, because the end of the body is the end of the request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::stats::RequestGuard;
use super::tape::Tape;

/// The connection is broken because the request or the command line said so.
#[derive(Debug, thiserror::Error)]
#[error("connection broken to order")]
pub(super) struct Broken;

/// What an answer consists of.
#[derive(Debug)]
pub(super) enum Payload {
    /// Everything at once.
    Whole(Bytes),
    /// Announces these bytes, sends half of them and breaks.
    Torn(Bytes),
    /// Event by event.
    Stream {
        /// The events.
        tape: Tape,
        /// Wait before each paced event.
        delay: Duration,
    },
}

/// The body given to hyper.
#[derive(Debug)]
pub(super) struct MockBody {
    source: Source,
    /// Announced length; none for a stream.
    length: Option<u64>,
    guard: Option<RequestGuard>,
}

#[derive(Debug)]
enum Source {
    Whole(Bytes),
    Player(Player),
    Over,
}

/// What a source has next.
enum Step {
    More(Bytes),
    Last(Bytes),
    Break,
}

impl MockBody {
    /// A body; the guard, if any, ends with it.
    pub(super) fn new(payload: Payload, guard: Option<RequestGuard>) -> Self {
        let (source, length) = match payload {
            Payload::Whole(bytes) => {
                let length = bytes.len() as u64;
                (Source::Whole(bytes), Some(length))
            }
            Payload::Torn(bytes) => {
                let length = bytes.len() as u64;
                let half = bytes.slice(..bytes.len() / 2);
                (
                    Source::Player(Player::new(Tape::single(half, true), Duration::ZERO)),
                    Some(length),
                )
            }
            Payload::Stream { tape, delay } => (Source::Player(Player::new(tape, delay)), None),
        };
        Self { source, length, guard }
    }

    /// Nothing comes after this. What the client does from here on is no cancellation.
    fn end(&mut self) {
        self.source = Source::Over;
        if let Some(guard) = &mut self.guard {
            guard.finish();
        }
    }
}

impl Body for MockBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        let step = match &mut this.source {
            Source::Over => return Poll::Ready(None),
            Source::Whole(bytes) => Step::Last(std::mem::take(bytes)),
            Source::Player(player) => ready!(player.poll(cx)),
        };
        Poll::Ready(Some(match step {
            Step::More(bytes) => Ok(Frame::data(bytes)),
            Step::Last(bytes) => {
                this.end();
                Ok(Frame::data(bytes))
            }
            Step::Break => {
                this.end();
                Err(Broken)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.source, self.length) {
            (Source::Over, _) => SizeHint::with_exact(0),
            (_, Some(length)) => SizeHint::with_exact(length),
            (_, None) => SizeHint::default(),
        }
    }
}

/// Plays a tape.
#[derive(Debug)]
struct Player {
    tape: Tape,
    /// Index of the next event.
    next: usize,
    /// Offset of the next event.
    start: usize,
    delay: Duration,
    /// The wait before the next event, once begun.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether hyper may still hold the event before this one in its buffer.
    unflushed: bool,
}

impl Player {
    fn new(tape: Tape, delay: Duration) -> Self {
        Self {
            tape,
            next: 0,
            start: 0,
            delay,
            pause: None,
            unflushed: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let Some(event) = self.tape.events.get(self.next).copied() else {
            if !self.tape.cut {
                return Poll::Ready(Step::Last(Bytes::new()));
            }
            // The client gets all events before the break.
            ready!(self.poll_flush(cx));
            return Poll::Ready(Step::Break);
        };
        if event.paced && !self.delay.is_zero() {
            ready!(self.poll_pause(cx));
        } else {
            ready!(self.poll_flush(cx));
        }
        let bytes = self.tape.bytes.slice(self.start..event.end);
        self.start = event.end;
        self.next += 1;
        self.unflushed = true;
        if self.next == self.tape.events.len() && !self.tape.cut {
            return Poll::Ready(Step::Last(bytes));
        }
        Poll::Ready(Step::More(bytes))
    }

    /// Pending once after each event, which makes hyper write what it has.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.unflushed {
            return Poll::Ready(());
        }
        self.unflushed = false;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let delay = self.delay;
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(delay)));
        ready!(pause.as_mut().poll(cx));
        self.pause = None;
        Poll::Ready(())
    }
}
