//! What the attempt loop calls. The adapter from a runtime deployment is in `wharf/assemble.rs`, since
//! policy and runtime do not see each other.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wharf_types::{DeploymentName, Error, Event, Request, Response};

/// How one attempt is made.
#[derive(Debug)]
pub struct AttemptOptions {
    /// When it ends at the latest.
    pub deadline: Instant,
    /// Which of the deployment's keys it is made with, from 0.
    pub key: usize,
    /// Until the connection to the vendor stands, if the caller limits that.
    pub connect: Option<Duration>,
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
