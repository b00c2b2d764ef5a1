//! The two ways in which a vendor is asked, whole and in pieces: one attempt up to its commit point.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use wharf_types::{DeploymentName, Error, ErrorKind, Phase, Request, Response};

use crate::deadline::{Deadline, RequestTimeouts};
use crate::instant::after;
use crate::load::Form;
use crate::stream::OpenStream;
use crate::target::{Answering, Running};
use crate::upstream::AttemptOptions;

/// One of the two ways in which a vendor is asked.
pub(crate) trait Exchange {
    /// What comes back.
    type Answer: Send;
    /// Which of the two it is.
    const FORM: Form;

    /// Makes one attempt up to its commit point.
    fn ask(
        running: &Running,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send;

    /// The answer, with what ends when the answer does.
    fn keep(answer: Self::Answer, attempt: Answering) -> Self::Answer;
}

/// The answer comes at once.
pub(crate) struct Whole;

impl Exchange for Whole {
    type Answer = Response;
    const FORM: Form = Form::Whole;

    async fn ask(
        running: &Running,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        match timeout_at(deadline.at, running.target().upstream().generate(request, options)).await {
            Ok(answer) => answer.map_err(|error| deadline.name(error)),
            Err(_) => Err(deadline.passed()),
        }
    }

    fn keep(answer: Response, attempt: Answering) -> Response {
        attempt.ended();
        answer
    }
}

/// The answer comes in pieces.
pub(crate) struct Streamed;

impl Exchange for Streamed {
    type Answer = OpenStream;
    const FORM: Form = Form::Streamed;

    async fn ask(
        running: &Running,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<OpenStream, Error> {
        OpenStream::open(running.target().upstream(), request, options, deadline).await
    }

    fn keep(answer: OpenStream, attempt: Answering) -> OpenStream {
        answer.of_attempt(attempt)
    }
}

/// One attempt. Dropped, it is cancelled: the permit goes back, and the upstream's connection closes.
pub(crate) async fn one<X: Exchange>(
    mut running: Running,
    request: &Request,
    (callers, ends): (RequestTimeouts, Option<Instant>),
) -> Result<(X::Answer, DeploymentName), (Running, Error)> {
    let place = match place(&running, ends).await {
        Ok(place) => place,
        Err(error) => return Err((running, error)),
    };
    running.starts(Instant::now());
    let deadline = Deadline::new(running.started(), running.target().timeouts(), &callers, ends);
    let options = AttemptOptions {
        deadline: deadline.at,
        key: running.key(),
        connect: callers.connect,
        place,
    };
    match X::ask(&running, request, options, deadline).await {
        Ok(answer) => {
            let deployment = running.target().deployment().clone();
            let answering = running.answered(Instant::now());
            Ok((X::keep(answer, answering), deployment))
        }
        Err(error) => Err((running, error)),
    }
}

/// Waits for a place among the attempts that the host can run at once: as long as a connection may take, and as the
/// caller waits.
async fn place(running: &Running, ends: Option<Instant>) -> Result<Option<OwnedSemaphorePermit>, Error> {
    let Some(places) = running.target().upstream().places() else {
        return Ok(None);
    };
    let places = Arc::clone(places);
    if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
        return Ok(Some(place));
    }
    let patience = after(Instant::now(), running.target().timeouts().connect);
    let until = ends.map_or(patience, |ends| ends.min(patience));
    match timeout_at(until, places.acquire_owned()).await {
        Ok(Ok(place)) => Ok(Some(place)),
        Err(_) if ends.is_some_and(|ends| ends <= patience) => Err(Error::new(
            ErrorKind::Timeout(Phase::Request),
            "the time that the caller gave the request was up while the host was busy",
        )
        .with_callers_limit(true)),
        Err(_) | Ok(Err(_)) => Err(Error::new(
            ErrorKind::ResourceExhausted,
            "the host has no free instance; it is at its limit",
        )),
    }
}
