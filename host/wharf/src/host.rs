//! The host: answers requests by route. What the server wraps in HTTP and applications embed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::{Answered, OpenStream, attempt};
use wharf_runtime::{EngineError, Runtime};
use wharf_types::{Capabilities, Error, ErrorKind, HealthStatus, Request, Response};

use crate::client::{AiClient, ClientFactory};
use crate::config::Config;
use crate::discover::{self, Plugins};
use crate::snapshot::{DeploymentState, ModelEntry, Route, Snapshot};
use crate::{assemble, config};

/// How many known models an error names.
const NAMED: usize = 50;
/// How long asking about a model or a deployment may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// A host that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No plugins.
    #[error("the plugin directory {} cannot be read: {source}; create it, or set `plugins:`", .path.display())]
    Plugins {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One interface to every AI provider.
pub struct Host {
    runtime: Arc<Runtime>,
    plugins: Arc<Plugins>,
    /// What is in force. Read without a lock on every request.
    snapshot: ArcSwap<Snapshot>,
    closed: AtomicBool,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Starts the engine, loads the plugin directory, makes the deployments. A plugin or deployment that
    /// fails is logged with its remedy and left out; the host starts with the others.
    ///
    /// # Errors
    /// When the engine cannot start or the plugin directory cannot be read.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let runtime = Arc::new(Runtime::new(&assemble::engine(&config))?);
        let unreadable = |source| StartError::Plugins {
            path: config.plugins.clone(),
            source,
        };
        let plugins = Arc::new(discover::load(&runtime, &config.plugins).await.map_err(unreadable)?);
        let snapshot = assemble::snapshot(&runtime, &config, &plugins);
        Ok(Self {
            runtime,
            plugins,
            snapshot: ArcSwap::from_pointee(snapshot),
            closed: AtomicBool::new(false),
        })
    }

    /// Answers a request whole. `request.model` is a route, or `deployment/model`.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, naming the known ones; otherwise the last attempt's error with the
    /// history of attempts.
    pub async fn generate(&self, request: &Request) -> Result<Answered<Response>, Error> {
        let route = self.route(&request.model)?;
        attempt::generate(&route.upstreams, &route.balance, request, None).await
    }

    /// Answers a request in pieces, from its first content on.
    ///
    /// # Errors
    /// As [`Host::generate`].
    pub async fn stream(&self, request: &Request) -> Result<Answered<OpenStream>, Error> {
        let route = self.route(&request.model)?;
        attempt::stream(&route.upstreams, &route.balance, request, None).await
    }

    /// The models that clients can ask for, in the order of the configuration.
    #[must_use]
    pub fn models(&self) -> Vec<ModelEntry> {
        self.snapshot.load().models.clone()
    }

    /// Whether requests can be served: not closed, and at least one deployment is available.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.closed.load(Ordering::Relaxed) && self.snapshot.load().deployments.iter().any(|d| d.deployment.is_ok())
    }

    /// The deployments that are not available, with the reason.
    #[must_use]
    pub fn unavailable(&self) -> Vec<(String, String)> {
        let snapshot = self.snapshot.load();
        let failed = |state: &DeploymentState| {
            state
                .deployment
                .as_ref()
                .err()
                .cloned()
                .map(|e| (state.name.clone(), e))
        };
        snapshot.deployments.iter().filter_map(failed).collect()
    }

    /// What was found in the plugin directory.
    #[must_use]
    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// Makes clients of single deployments out of the loaded providers.
    #[must_use]
    pub fn client_factory(&self) -> ClientFactory {
        ClientFactory::new(Arc::clone(&self.runtime), Arc::clone(&self.plugins))
    }

    /// Takes no more requests; those that run go on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn route(&self, model: &str) -> Result<Arc<Route>, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "the host is shutting down"));
        }
        let snapshot = self.snapshot.load();
        let Some(route) = snapshot.routes.get(model) else {
            return Err(unknown(model, &snapshot));
        };
        if route.upstreams.is_empty() {
            let error = Error::new(
                ErrorKind::NoDeployment,
                format!("no deployment of `{model}` is available"),
            );
            return Err(error.with_detail(route.missing.join("; ")));
        }
        Ok(Arc::clone(route))
    }
}

fn unknown(model: &str, snapshot: &Snapshot) -> Error {
    let known: Vec<&str> = snapshot.models.iter().map(|model| model.id.as_str()).collect();
    let more = known.len().saturating_sub(NAMED);
    let mut list = known[..known.len().min(NAMED)].join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    let shown: String = model.chars().take(128).collect();
    let near = config::nearest(&shown, known.iter().copied())
        .map(|n| format!(" Did you mean `{n}`?"))
        .unwrap_or_default();
    let message = format!("The model `{shown}` does not exist.{near} Known models: {list}.");
    Error::new(ErrorKind::NotFound, message).with_param("model")
}

impl AiClient for Host {
    fn generate<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Error>> {
        async move { Ok(self.generate(request).await?.value) }.boxed()
    }

    fn stream<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<OpenStream, Error>> {
        async move { Ok(self.stream(request).await?.value) }.boxed()
    }

    /// What the first available deployment of the route says.
    fn capabilities<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<Capabilities, Error>> {
        async move {
            let route = self.route(model)?;
            let none = || {
                Error::new(
                    ErrorKind::NoDeployment,
                    format!("no deployment of `{model}` is available"),
                )
            };
            let (deployment, model) = route.targets.first().ok_or_else(none)?;
            deployment.capabilities(Some(model), Instant::now() + ASK_TIMEOUT).await
        }
        .boxed()
    }

    /// Healthy if any deployment is.
    fn health_check(&self) -> BoxFuture<'_, Result<HealthStatus, Error>> {
        async move {
            let snapshot = self.snapshot.load_full();
            let mut last = Error::new(ErrorKind::NoDeployment, "no deployment is available");
            for deployment in snapshot.deployments.iter().filter_map(|d| d.deployment.as_ref().ok()) {
                match deployment.health_check(Instant::now() + ASK_TIMEOUT).await {
                    Ok(status) => return Ok(status),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        .boxed()
    }

    fn close(&self) {
        Host::close(self);
    }
}
