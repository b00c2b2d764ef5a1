//! The adapter from a runtime deployment to what the attempt loop calls: policy and runtime do not see each other.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use wharf_policy::{AttemptOptions, EventSource, Upstream};
use wharf_runtime::{CallOptions, Deployment, EventStream};
use wharf_types::{DeploymentName, Error, Event, Request, Response};

/// One deployment with one of its models, as the attempt loop calls it.
pub(super) struct Adapter {
    pub(super) deployment: Arc<Deployment>,
    pub(super) model: String,
}

fn call(options: AttemptOptions) -> CallOptions {
    CallOptions {
        deadline: options.deadline,
        key: options.key,
        connect: options.connect,
        place: options.place,
    }
}

impl Upstream for Adapter {
    fn deployment(&self) -> &DeploymentName {
        self.deployment.name()
    }

    fn places(&self) -> Option<&Arc<Semaphore>> {
        Some(self.deployment.places())
    }

    fn generate<'a>(&'a self, request: &'a Request, options: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>> {
        self.deployment.generate(request, &self.model, call(options)).boxed()
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        async move {
            let stream = self.deployment.stream(request, &self.model, call(options)).await?;
            Ok(Box::new(Source(stream)) as Box<dyn EventSource>)
        }
        .boxed()
    }
}

/// A runtime's stream as the attempt loop reads it.
pub(crate) struct Source(pub(crate) EventStream);

impl EventSource for Source {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        self.0.next().boxed()
    }
}
