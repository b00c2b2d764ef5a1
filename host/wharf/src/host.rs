//! The host: answers requests by route. What the server wraps in HTTP and applications embed.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::{Answered, Call, CallOptions, KeyPick, OpenStream, ask};
use wharf_runtime::{CallOptions as RuntimeOptions, EngineError, Runtime};
use wharf_types::{
    Capabilities, DeploymentName, EmbedRequest, EmbedResponse, Error, ErrorKind, HealthStatus, Json, Request, Response,
    TokenCount,
};

use crate::capabilities::Questions;
use crate::client::{AiClient, ClientFactory};
use crate::config::Config;
use crate::discover::{self, Plugins};
use crate::health::HealthChecks;
use crate::seeds::Seeds;
use crate::snapshot::{DeploymentState, ModelEntry, RouteState, Snapshot};
use crate::state::{self, HostState, Reset};
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
    pub(crate) snapshot: ArcSwap<Snapshot>,
    seeds: Seeds,
    pub(crate) closed: AtomicBool,
    _health: HealthChecks,
    _questions: Questions,
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
        let seeds = Seeds::new();
        let snapshot = assemble::snapshot(&runtime, &config, &plugins, &seeds);
        Ok(Self {
            runtime,
            plugins,
            _health: HealthChecks::begin(&snapshot, &config.load_balancer, &seeds),
            _questions: Questions::begin(&snapshot, &seeds),
            snapshot: ArcSwap::from_pointee(snapshot),
            seeds,
            closed: AtomicBool::new(false),
        })
    }

    /// Answers a request whole. `request.model` is a route, or `deployment/model`. Dropping the future cancels the
    /// request in whatever it is doing.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, naming the known ones; otherwise the last attempt's error with the
    /// history of attempts.
    pub async fn generate(&self, request: &Request, options: &CallOptions) -> Result<Answered<Response>, Error> {
        let state = self.route(&request.model, options)?;
        let (request, options) = wishes(request, options)?;
        let call = Call::new(&options, Instant::now(), self.seeds.rng());
        let answered = ask::generate(&state.route, &request, call).await;
        answered.map_err(|error| explain(error, &state))
    }

    /// Answers a request in pieces, from its first content on.
    ///
    /// # Errors
    /// As [`Host::generate`].
    pub async fn stream(&self, request: &Request, options: &CallOptions) -> Result<Answered<OpenStream>, Error> {
        let state = self.route(&request.model, options)?;
        let (request, options) = wishes(request, options)?;
        let call = Call::new(&options, Instant::now(), self.seeds.rng());
        let answered = ask::stream(&state.route, &request, call).await;
        answered.map_err(|error| explain(error, &state))
    }

    /// Embeds texts.
    ///
    /// # Errors
    /// As [`Host::generate`]; `Unsupported` when no deployment of the route has embeddings.
    pub async fn embed(&self, request: &EmbedRequest, options: &CallOptions) -> Result<Answered<EmbedResponse>, Error> {
        let state = self.route(&request.model, options)?;
        let (mut request, mut options) = (Cow::Borrowed(request), Cow::Borrowed(options));
        if let Some(drop_unsupported) = does_without(&request.options)? {
            request.to_mut().options.retain(|(name, _)| name != DROP_UNSUPPORTED);
            options.to_mut().drop_unsupported = drop_unsupported;
        }
        let call = Call::new(&options, Instant::now(), self.seeds.rng());
        let answered = ask::embed(&state.route, &request, call).await;
        answered.map_err(|error| explain(error, &state))
    }

    /// The input tokens that a request would cost, as the vendor counts.
    ///
    /// # Errors
    /// As [`Host::generate`]; `Unsupported` when no deployment of the route counts tokens.
    pub async fn count_tokens(&self, request: &Request, options: &CallOptions) -> Result<Answered<TokenCount>, Error> {
        let state = self.route(&request.model, options)?;
        let (request, options) = wishes(request, options)?;
        let call = Call::new(&options, Instant::now(), self.seeds.rng());
        let answered = ask::count_tokens(&state.route, &request, call).await;
        answered.map_err(|error| explain(error, &state))
    }

    /// How routes and deployments fare.
    #[must_use]
    pub fn state(&self) -> HostState {
        state::of(&self.snapshot.load(), Instant::now())
    }

    /// Resets breakers, and says which.
    ///
    /// # Errors
    /// `NotFound` for an unknown deployment or model, naming the known ones; then nothing was reset.
    pub fn reset(&self, which: &Reset) -> Result<Vec<(DeploymentName, String)>, Error> {
        state::reset(&self.snapshot.load(), which)
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

    fn route(&self, model: &str, options: &CallOptions) -> Result<Arc<RouteState>, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "the host is shutting down"));
        }
        let snapshot = self.snapshot.load();
        // A caller that may not use a route does not learn that there is one.
        match snapshot.routes.get(model) {
            Some(route) if options.access.permits(model) => Ok(Arc::clone(route)),
            _ => Err(unknown(model, &snapshot, options)),
        }
    }
}

/// The field of a request, in whichever API's words, with which a caller says that it does without what no deployment
/// can do. It is for the host; no vendor gets to see it.
const DROP_UNSUPPORTED: &str = "drop_unsupported";

/// Whether a caller does without, if it says so.
fn does_without(options: &[(String, Json)]) -> Result<Option<bool>, Error> {
    let said = options.iter().find(|(name, _)| name == DROP_UNSUPPORTED);
    match said.map(|(_, value)| value.0.trim()) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            let message = "`drop_unsupported` has to be true or false";
            Err(Error::new(ErrorKind::InvalidRequest, message).with_param(DROP_UNSUPPORTED))
        }
    }
}

/// The request without what is for the host alone, and the options with it.
fn wishes<'a>(
    request: &'a Request,
    options: &'a CallOptions,
) -> Result<(Cow<'a, Request>, Cow<'a, CallOptions>), Error> {
    let (mut request, mut options) = (Cow::Borrowed(request), Cow::Borrowed(options));
    if let Some(drop_unsupported) = does_without(&request.options)? {
        request.to_mut().options.retain(|(name, _)| name != DROP_UNSUPPORTED);
        options.to_mut().drop_unsupported = drop_unsupported;
    }
    Ok((request, options))
}

/// Adds why deployments are missing, for the log.
fn explain(error: Error, state: &RouteState) -> Error {
    if error.kind() != ErrorKind::NoDeployment || state.missing.is_empty() {
        return error;
    }
    error.with_detail(state.missing.join("; "))
}

fn unknown(model: &str, snapshot: &Snapshot, options: &CallOptions) -> Error {
    let ids = snapshot.models.iter().map(|model| model.id.as_str());
    let known: Vec<&str> = ids.filter(|id| options.access.permits(id)).collect();
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
        async move { Ok(self.generate(request, &CallOptions::default()).await?.value) }.boxed()
    }

    fn stream<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<OpenStream, Error>> {
        async move { Ok(self.stream(request, &CallOptions::default()).await?.value) }.boxed()
    }

    /// What the first deployment of the route says.
    fn capabilities<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<Capabilities, Error>> {
        async move {
            let state = self.route(model, &CallOptions::default())?;
            let none = || {
                let message = format!("no deployment of `{model}` is available");
                Error::new(ErrorKind::NoDeployment, message)
            };
            let member = state.route.balancer().members().first().ok_or_else(none)?;
            let name = member.target.deployment().as_str();
            let snapshot = self.snapshot.load_full();
            let deployment = snapshot.deployments.iter().find(|d| d.name == name);
            let deployment = deployment.and_then(|d| d.deployment.as_ref().ok()).ok_or_else(none)?;
            let options = RuntimeOptions::until(Instant::now() + ASK_TIMEOUT);
            deployment.capabilities(Some(member.target.model()), options).await
        }
        .boxed()
    }

    /// Healthy if any deployment is.
    fn health_check(&self) -> BoxFuture<'_, Result<HealthStatus, Error>> {
        async move {
            let snapshot = self.snapshot.load_full();
            let mut last = Error::new(ErrorKind::NoDeployment, "no deployment is available");
            for state in &snapshot.deployments {
                let (Ok(deployment), KeyPick::Use(key)) = (&state.deployment, state.standing.peek_key(Instant::now()))
                else {
                    continue;
                };
                let options = RuntimeOptions {
                    key,
                    ..RuntimeOptions::until(Instant::now() + ASK_TIMEOUT)
                };
                match deployment.health_check(options).await {
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
