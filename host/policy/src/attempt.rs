//! The loop around a call: pick → call → classify → answer or give up. One attempt for now; what is decided
//! between attempts has its place here and nowhere else.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;
use wharf_types::{Attempt, DeploymentName, Error, ErrorKind, Event, Request, Response};

use crate::balance::RoundRobin;
use crate::upstream::{EventSource, Upstream};

/// A successful outcome and how it came about.
#[derive(Debug)]
pub struct Answered<T> {
    /// The outcome.
    pub value: T,
    /// Who answered.
    pub deployment: DeploymentName,
    /// How many attempts it took, from 1.
    pub attempts: u32,
}

/// A stream past its commit point.
pub struct OpenStream {
    /// What came before the first content, and the first content itself.
    opening: VecDeque<Event>,
    /// None once the stream has ended.
    rest: Option<Box<dyn EventSource>>,
    deadline: Instant,
}

impl std::fmt::Debug for OpenStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenStream")
            .field("ended", &self.rest.is_none())
            .finish_non_exhaustive()
    }
}

impl OpenStream {
    /// A stream that nobody holds back.
    #[must_use]
    pub fn new(source: Box<dyn EventSource>) -> Self {
        Self {
            opening: VecDeque::new(),
            deadline: source.deadline(),
            rest: Some(source),
        }
    }

    /// When it ends at the latest. Whoever holds a stream without asking for more has to let go of it then: it
    /// keeps an instance and a connection to the vendor.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The next events; empty at the regular end and ever after. Dropping the future loses the stream.
    ///
    /// # Errors
    /// Whatever ends the stream. It is final: nothing is retried after the first content.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        if !self.opening.is_empty() {
            return Ok(self.opening.drain(..).collect());
        }
        let Some(mut source) = self.rest.take() else {
            return Ok(Vec::new());
        };
        let events = source.next().await?;
        if !events.is_empty() {
            self.rest = Some(source);
        }
        Ok(events)
    }
}

/// Answers a request whole.
///
/// # Errors
/// The attempt's error with the history of attempts; `NoDeployment` when there is nothing to try.
pub async fn generate(
    upstreams: &[Arc<dyn Upstream>],
    balance: &RoundRobin,
    request: &Request,
    deadline: Option<Instant>,
) -> Result<Answered<Response>, Error> {
    let upstream = pick(upstreams, balance)?;
    let started = Instant::now();
    let outcome = upstream.generate(request, deadline).await;
    conclude(upstream.as_ref(), outcome, started)
}

/// Opens a streamed answer, up to its commit point.
///
/// # Errors
/// As [`generate`], also for an error that comes after the vendor's 200 but before any content.
pub async fn stream(
    upstreams: &[Arc<dyn Upstream>],
    balance: &RoundRobin,
    request: &Request,
    deadline: Option<Instant>,
) -> Result<Answered<OpenStream>, Error> {
    let upstream = pick(upstreams, balance)?;
    let started = Instant::now();
    let outcome = open(upstream.as_ref(), request, deadline).await;
    conclude(upstream.as_ref(), outcome, started)
}

fn pick<'a>(upstreams: &'a [Arc<dyn Upstream>], balance: &RoundRobin) -> Result<&'a Arc<dyn Upstream>, Error> {
    let none = || Error::new(ErrorKind::NoDeployment, "no deployment can serve this model now");
    balance
        .pick(upstreams.len())
        .and_then(|at| upstreams.get(at))
        .ok_or_else(none)
}

/// How much may come before the first content and be held back, in bytes. Vendors send less than 4 KiB; a
/// stream that goes on without saying anything is handed out, so that it cannot fill memory.
const MAX_HELD: usize = 1 << 20;

/// Roughly what an event without content takes, in bytes.
fn weight(event: &Event) -> usize {
    let extra = match event {
        Event::Start(start) => start.extra.as_ref(),
        Event::Usage(usage) => usage.extra.as_ref(),
        Event::Extension(extension) => Some(extension),
        Event::Text(_)
        | Event::Reasoning(_)
        | Event::ToolCall(_)
        | Event::Refusal(_)
        | Event::Part(_)
        | Event::Finish(_) => None,
    };
    size_of::<Event>() + extra.map_or(0, |extension| extension.kind.len() + extension.value.0.len())
}

async fn open(upstream: &dyn Upstream, request: &Request, deadline: Option<Instant>) -> Result<OpenStream, Error> {
    let mut source = upstream.stream(request, deadline).await?;
    let deadline = source.deadline();
    let mut opening = VecDeque::new();
    let mut held = 0;
    loop {
        let events = source.next().await?;
        let ended = events.is_empty();
        held += events.iter().map(weight).sum::<usize>();
        let committed = held > MAX_HELD || events.iter().any(Event::is_content);
        opening.extend(events);
        if ended {
            return Ok(OpenStream {
                opening,
                rest: None,
                deadline,
            });
        }
        if committed {
            return Ok(OpenStream {
                opening,
                rest: Some(source),
                deadline,
            });
        }
    }
}

fn conclude<T>(upstream: &dyn Upstream, outcome: Result<T, Error>, started: Instant) -> Result<Answered<T>, Error> {
    let deployment = upstream.deployment().clone();
    match outcome {
        Ok(value) => Ok(Answered {
            value,
            deployment,
            attempts: 1,
        }),
        Err(error) => {
            let took = Instant::now().saturating_duration_since(started);
            let attempt = Attempt {
                deployment,
                kind: error.kind(),
                took,
            };
            Err(error.exhausted(vec![attempt]))
        }
    }
}

#[cfg(test)]
#[path = "attempt_tests.rs"]
mod tests;
