//! The two ways in which a vendor is asked, whole and in pieces: one attempt up to its commit point.

use tokio::time::{Instant, timeout_at};
use wharf_types::{DeploymentName, Error, Request, Response};

use crate::deadline::{Deadline, RequestTimeouts};
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
    running: Running,
    request: &Request,
    (callers, ends): (RequestTimeouts, Option<Instant>),
) -> Result<(X::Answer, DeploymentName), (Running, Error)> {
    let deadline = Deadline::new(running.started(), running.target().timeouts(), &callers, ends);
    let options = AttemptOptions {
        deadline: deadline.at,
        key: running.key(),
        connect: callers.connect,
    };
    match X::ask(&running, request, options, deadline).await {
        Ok(answer) => {
            let deployment = running.target().deployment().clone();
            let answering = running.answered(X::FORM, Instant::now());
            Ok((X::keep(answer, answering), deployment))
        }
        Err(error) => Err((running, error)),
    }
}
