//! What the attempt loop calls. The adapter from a runtime deployment is in `wharf/assemble.rs`, since
//! policy and runtime do not see each other.

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_types::{DeploymentName, Error, Event, Request, Response};

/// One deployment with one of its models: what is picked and called.
pub trait Upstream: Send + Sync {
    /// The deployment's name. Called for every attempt; must be cheap.
    fn deployment(&self) -> &DeploymentName;

    /// One exchange, answered whole. Called once per attempt; must not retry. Dropping the future cancels.
    fn generate<'a>(
        &'a self,
        request: &'a Request,
        deadline: Option<Instant>,
    ) -> BoxFuture<'a, Result<Response, Error>>;

    /// One exchange, answered in pieces. Called once per attempt; must not retry. Dropping cancels.
    fn stream<'a>(
        &'a self,
        request: &'a Request,
        deadline: Option<Instant>,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>>;
}

/// A streamed answer.
pub trait EventSource: Send {
    /// The next events; empty at the regular end. Not called again after the end or an error.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>>;

    /// When it ends at the latest. Whoever holds a stream without asking for more has to let go of it then.
    fn deadline(&self) -> Instant;
}
