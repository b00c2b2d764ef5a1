//! What the attempt loop calls. The adapter from a runtime deployment is in `wharf/assemble.rs`, since
//! policy and runtime do not see each other.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wharf_types::{
    Capabilities, DeploymentName, EmbedRequest, EmbedResponse, Error, ErrorKind, Event, Features, Request, Response,
    TokenCount,
};

/// How one attempt is made.
#[derive(Debug)]
pub struct AttemptOptions {
    /// When it ends at the latest.
    pub deadline: Instant,
    /// Which of the deployment's keys it is made with, from 0.
    pub key: usize,
    /// Until the connection to the vendor stands, if the caller limits that.
    pub connect: Option<Duration>,
    /// Whether what it cannot do is left out of the request, see [`CallOptions`](crate::CallOptions).
    pub drop_unsupported: bool,
    /// Its place among the attempts that the host can run at once, where that is limited. To be held while it runs.
    pub place: Option<OwnedSemaphorePermit>,
}

/// One deployment with one of its models: what is picked and called.
pub trait Upstream: Send + Sync {
    /// The deployment's name. Called for every attempt; must be cheap.
    fn deployment(&self) -> &DeploymentName;

    /// The places for attempts, where the host can run only so many at once. An attempt waits for one before its time
    /// begins: the wait is no news about the deployment.
    fn places(&self) -> Option<&Arc<Semaphore>> {
        None
    }

    /// What the model can do, once that is known. A request that needs what it lacks is not sent to it.
    fn capabilities(&self) -> Option<Arc<Capabilities>> {
        None
    }

    /// What it can do besides answering.
    fn features(&self) -> Features {
        Features::default()
    }

    /// One exchange that embeds texts. As [`Upstream::generate`]; without embeddings never called.
    fn embed<'a>(
        &'a self,
        _request: &'a EmbedRequest,
        _options: AttemptOptions,
    ) -> BoxFuture<'a, Result<EmbedResponse, Error>> {
        future::ready(Err(Error::new(ErrorKind::Unsupported, "it has no embeddings"))).boxed()
    }

    /// The input tokens that a request would cost. As [`Upstream::generate`]; without counting never called.
    fn count_tokens<'a>(
        &'a self,
        _request: &'a Request,
        _options: AttemptOptions,
    ) -> BoxFuture<'a, Result<TokenCount, Error>> {
        future::ready(Err(Error::new(ErrorKind::Unsupported, "it cannot count tokens"))).boxed()
    }

    /// One exchange, answered whole. Called once per attempt; must not retry. Dropping the future cancels.
    fn generate<'a>(&'a self, request: &'a Request, options: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>>;

    /// One exchange, answered in pieces. Called once per attempt; must not retry. Dropping cancels.
    fn stream<'a>(
        &'a self,
        request: &'a Request,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>>;
}

/// A streamed answer.
pub trait EventSource: Send {
    /// The next events; empty at the regular end. Not called again after the end or an error.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>>;
}
