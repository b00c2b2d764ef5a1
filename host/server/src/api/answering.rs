//! From what the host answered to the response of a front door, whichever API it speaks: the log and the headers say who
//! answered, and a stream is written event by event.

use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use wharf::{Answered, Degraded, DeploymentName, Error, ErrorKind, Event, OpenStream, Phase};

use super::request_log::RequestLog;
use super::{headers, sse};

/// How an API writes the events of a stream.
pub(super) trait EventWriter: Send + 'static {
    /// Writes one event.
    ///
    /// # Errors
    /// When it makes no sense after those before it; that ends the stream.
    fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error>;

    /// Writes what stands at the regular end.
    fn end(&mut self, out: &mut String);

    /// The error that ends a stream, without an end mark, so that nobody takes it for a whole answer.
    fn failure(&mut self, error: &Error) -> String;

    /// The same where nobody knows any more how far the stream had come.
    fn expired(error: &Error) -> String;
}

/// An answer that comes at once.
pub(super) fn whole<T>(
    answered: Result<Answered<T>, Error>,
    log: &mut RequestLog,
    id: &str,
    render: impl FnOnce(&Answered<T>) -> String,
) -> Result<Response, Error> {
    let answered = answered.inspect_err(|error| log.failed(error))?;
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    log.answered(deployment, answered.attempts, degraded);
    let mut response = headers::json(StatusCode::OK, render(&answered));
    headers::story(response.headers_mut(), deployment, answered.attempts, degraded);
    Ok(headers::with_id(response, id))
}

/// An answer that comes in pieces.
pub(super) fn streamed<W: EventWriter>(
    answered: Result<Answered<OpenStream>, Error>,
    mut log: RequestLog,
    id: &str,
    writer: W,
) -> Result<Response, Error> {
    let answered = answered.inspect_err(|error| log.failed(error))?;
    let mut story = HeaderMap::new();
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    headers::story(&mut story, deployment, answered.attempts, degraded);
    let running = Running {
        stream: answered.value,
        writer,
        log,
        deployment: answered.deployment,
        attempts: answered.attempts,
        degraded: answered.degraded,
    };
    let mut response = sse::response(running);
    response.headers_mut().extend(story);
    Ok(headers::with_id(response, id))
}

/// A stream on its way to the client.
struct Running<W> {
    stream: OpenStream,
    writer: W,
    log: RequestLog,
    /// Who answers; nobody when the answer was kept from earlier or is a fixed text.
    deployment: Option<DeploymentName>,
    attempts: u32,
    degraded: Option<Degraded>,
}

impl<W: EventWriter> sse::Pieces for Running<W> {
    fn deadline(&self) -> Instant {
        self.stream.deadline()
    }

    fn expired() -> String {
        let error = Error::new(ErrorKind::Timeout(Phase::Total), "the stream was not read in time");
        W::expired(&error)
    }

    /// Events that arrived together go out together.
    fn next(mut self) -> BoxFuture<'static, (String, Option<Self>)> {
        async move {
            let mut out = String::new();
            let written = match self.stream.next().await {
                Ok(events) if events.is_empty() => {
                    self.writer.end(&mut out);
                    let (deployment, degraded) = (self.deployment.as_ref(), self.degraded.as_ref());
                    self.log.answered(deployment, self.attempts, degraded);
                    return (out, None);
                }
                Ok(events) => events.iter().try_for_each(|event| self.writer.event(event, &mut out)),
                Err(error) => Err(error),
            };
            match written {
                Ok(()) => (out, Some(self)),
                Err(error) => {
                    self.log.failed(&error);
                    out.push_str(&self.writer.failure(&error));
                    (out, None)
                }
            }
        }
        .boxed()
    }
}
