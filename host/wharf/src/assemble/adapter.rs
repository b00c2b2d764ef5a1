//! The adapter from a runtime deployment to what the attempt loop calls: policy and runtime do not see each other.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wharf_policy::{AttemptOptions, EventSource, Upstream};
use wharf_runtime::{CallOptions, Deployment, EventStream};
use wharf_types::{
    Capabilities, DeploymentName, EmbedRequest, EmbedResponse, Error, ErrorKind, Event, Features, Request, Response,
    TokenCount,
};

use super::reduce;

/// One deployment with one of its models, as the attempt loop calls it.
pub(crate) struct Adapter {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) model: String,
    /// What the model can do, once the provider has said so.
    pub(crate) capabilities: ArcSwapOption<Capabilities>,
}

impl Adapter {
    pub(super) fn new(deployment: &Arc<Deployment>, model: &str) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            model: model.to_owned(),
            capabilities: ArcSwapOption::empty(),
        }
    }

    /// The attempt as it is made first: for a caller who does without, without what the model is known to lack.
    fn begin<'r>(&self, request: &'r Request, options: AttemptOptions) -> Making<'r, Request> {
        let known = self.capabilities.load_full().filter(|_| options.drop_unsupported);
        let fitting = known.and_then(|model| reduce::to_fit(request, &model));
        Making {
            request: fitting.map_or(Cow::Borrowed(request), Cow::Owned),
            left: if options.drop_unsupported { reduce::MOST } else { 0 },
            options,
        }
    }
}

/// An attempt, made again without each field that is refused by name before anything was sent, where the caller does
/// without.
struct Making<'r, R: Clone> {
    request: Cow<'r, R>,
    /// How often.
    left: usize,
    options: AttemptOptions,
}

impl<R: Clone> Making<'_, R> {
    fn options(&mut self) -> CallOptions {
        CallOptions {
            deadline: self.options.deadline,
            key: self.options.key,
            connect: self.options.connect,
            place: self.options.place.take(),
        }
    }

    /// Leaves out what was refused.
    ///
    /// # Errors
    /// The same error, when that is not possible.
    fn without(&mut self, error: Error, leave_out: impl FnOnce(&mut R, &str) -> bool) -> Result<(), Error> {
        let refused = self.left > 0 && error.kind() == ErrorKind::Unsupported && !error.sent();
        let field = error
            .param()
            .filter(|_| refused && Instant::now() < self.options.deadline);
        let left_out = field.is_some_and(|field| leave_out(self.request.to_mut(), field));
        if !left_out {
            return Err(error);
        }
        tracing::debug!(%error, "left out, as the caller asked for");
        self.left -= 1;
        Ok(())
    }
}

impl Upstream for Adapter {
    fn deployment(&self) -> &DeploymentName {
        self.deployment.name()
    }

    fn places(&self) -> Option<&Arc<Semaphore>> {
        Some(self.deployment.places())
    }

    fn capabilities(&self) -> Option<Arc<Capabilities>> {
        self.capabilities.load_full()
    }

    fn features(&self) -> Features {
        self.deployment.features()
    }

    fn embed<'a>(
        &'a self,
        request: &'a EmbedRequest,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<EmbedResponse, Error>> {
        async move {
            let mut making = Making {
                request: Cow::Borrowed(request),
                left: if options.drop_unsupported {
                    request.options.len()
                } else {
                    0
                },
                options,
            };
            loop {
                let options = making.options();
                match self.deployment.embed(&making.request, &self.model, options).await {
                    Ok(vectors) => return Ok(vectors),
                    Err(error) => making.without(error, reduce::leave_out_option)?,
                }
            }
        }
        .boxed()
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a Request,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<TokenCount, Error>> {
        async move {
            let mut making = self.begin(request, options);
            loop {
                let options = making.options();
                match self
                    .deployment
                    .count_tokens(&making.request, &self.model, options)
                    .await
                {
                    Ok(tokens) => return Ok(tokens),
                    Err(error) => making.without(error, reduce::leave_out)?,
                }
            }
        }
        .boxed()
    }

    fn generate<'a>(&'a self, request: &'a Request, options: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>> {
        async move {
            let mut making = self.begin(request, options);
            loop {
                let options = making.options();
                match self.deployment.generate(&making.request, &self.model, options).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => making.without(error, reduce::leave_out)?,
                }
            }
        }
        .boxed()
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        async move {
            let mut making = self.begin(request, options);
            loop {
                let options = making.options();
                match self.deployment.stream(&making.request, &self.model, options).await {
                    Ok(stream) => return Ok(Box::new(Source(stream)) as Box<dyn EventSource>),
                    Err(error) => making.without(error, reduce::leave_out)?,
                }
            }
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
