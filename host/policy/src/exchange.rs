//! The ways in which a vendor is asked, each as one attempt up to its commit point: for an answer, whole or in pieces,
//! for vectors, for a number of tokens.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use wharf_types::{
    DeploymentName, EmbedRequest, EmbedResponse, Error, ErrorKind, Phase, Request, Response, TokenCount,
};

use crate::call::Terms;
use crate::deadline::Deadline;
use crate::instant::after;
use crate::load::Form;
use crate::needs::{self, Lack};
use crate::stream::OpenStream;
use crate::target::{Answering, Running};
use crate::upstream::{AttemptOptions, Upstream};

/// One of the ways in which a vendor is asked.
pub(crate) trait Exchange {
    /// What is asked.
    type Request: Sync;
    /// What comes back.
    type Answer: Send;
    /// How it comes.
    const FORM: Form;

    /// Everything that a deployment lacks for this request, as far as that is known.
    fn lacks(request: &Self::Request, upstream: &dyn Upstream) -> Vec<Lack>;

    /// Makes one attempt up to its commit point.
    fn ask(
        running: &Running,
        request: &Self::Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send;

    /// The answer, with what ends when the answer does.
    fn keep(answer: Self::Answer, attempt: Answering) -> Self::Answer {
        attempt.ended();
        answer
    }
}

fn of_model(request: &Request, upstream: &dyn Upstream) -> Vec<Lack> {
    upstream
        .capabilities()
        .map_or_else(Vec::new, |model| needs::lacks(request, &model).collect())
}

/// The answer comes at once.
pub(crate) struct Whole;

impl Exchange for Whole {
    type Request = Request;
    type Answer = Response;
    const FORM: Form = Form::Whole;

    fn lacks(request: &Request, upstream: &dyn Upstream) -> Vec<Lack> {
        of_model(request, upstream)
    }

    async fn ask(
        running: &Running,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        within(deadline, running.target().upstream().generate(request, options)).await
    }
}

async fn within<T>(deadline: Deadline, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match timeout_at(deadline.at, call).await {
        Ok(answer) => answer.map_err(|error| deadline.name(error)),
        Err(_) => Err(deadline.passed()),
    }
}

/// Texts become vectors.
pub(crate) struct Embedded;

impl Exchange for Embedded {
    type Request = EmbedRequest;
    type Answer = EmbedResponse;
    const FORM: Form = Form::Whole;

    fn lacks(_: &EmbedRequest, upstream: &dyn Upstream) -> Vec<Lack> {
        needs::lack_of_embeddings(upstream.features()).into_iter().collect()
    }

    async fn ask(
        running: &Running,
        request: &EmbedRequest,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<EmbedResponse, Error> {
        within(deadline, running.target().upstream().embed(request, options)).await
    }
}

/// The tokens of a request are counted.
pub(crate) struct Counted;

impl Exchange for Counted {
    type Request = Request;
    type Answer = TokenCount;
    const FORM: Form = Form::Counted;

    /// How long a prompt is that does not fit is what somebody may want to know.
    fn lacks(_: &Request, upstream: &dyn Upstream) -> Vec<Lack> {
        needs::lack_of_counting(upstream.features()).into_iter().collect()
    }

    async fn ask(
        running: &Running,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<TokenCount, Error> {
        within(deadline, running.target().upstream().count_tokens(request, options)).await
    }
}

/// The answer comes in pieces.
pub(crate) struct Streamed;

impl Exchange for Streamed {
    type Request = Request;
    type Answer = OpenStream;
    const FORM: Form = Form::Streamed;

    fn lacks(request: &Request, upstream: &dyn Upstream) -> Vec<Lack> {
        of_model(request, upstream)
    }

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
    request: &X::Request,
    Terms {
        callers,
        ends,
        drop_unsupported,
    }: Terms,
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
        drop_unsupported,
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
