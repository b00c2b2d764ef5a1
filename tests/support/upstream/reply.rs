//! What a script answers, step by step.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::watch;

/// A point in an answer that waits until the test opens it. Clones are the same gate; it stays open.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Lets through whoever waits, and everyone after.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        // It cannot fail: the sender lives at least as long as this borrow.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// One step of an answer.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Bytes),
    Wait(Gate),
    Pause(Duration),
}

/// What comes after the last step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// The regular end.
    Complete,
    /// The connection breaks.
    Cut,
    /// Nothing, for ever.
    Hang,
}

/// An answer: steps before its head, the head, steps of its body, and how it ends.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) before: Vec<Step>,
    pub(super) body: Vec<Step>,
    pub(super) ending: Ending,
}

impl Reply {
    /// An answer with this status and nothing in it.
    ///
    /// # Panics
    /// When there is no such status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status has three digits"),
            headers: HeaderMap::new(),
            before: Vec::new(),
            body: Vec::new(),
            ending: Ending::Complete,
        }
    }

    /// A success with this body.
    #[must_use]
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::new(200).send(text)
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When it is not one.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("the script's header value must be one");
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Lets this much time pass before the head: what a slow vendor does, not a way to wait for something.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.before.push(Step::Pause(time));
        self
    }

    /// Holds the head back until the gate is open.
    #[must_use]
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.before.push(Step::Wait(gate.clone()));
        self
    }

    /// Sends a piece of the body.
    #[must_use]
    pub fn send(mut self, piece: impl Into<Bytes>) -> Self {
        self.body.push(Step::Send(piece.into()));
        self
    }

    /// Goes on with the body once the gate is open.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.body.push(Step::Wait(gate.clone()));
        self
    }

    /// Breaks the connection instead of ending the body.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.ending = Ending::Cut;
        self
    }

    /// Never ends the body.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.ending = Ending::Hang;
        self
    }
}
