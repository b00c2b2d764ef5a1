//! The seed's client interface: something that can be asked, whatever is behind it. `docs/interfaces.md` has
//! the table from the seed's names to these.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::{Deadline, OpenStream, RequestTimeouts, Timeouts};
use wharf_runtime::{CallOptions, Deployment};
use wharf_types::{Capabilities, Error, ErrorKind, HealthStatus, Request, Response};

use crate::assemble;
use crate::config::DeploymentConfig;
use crate::discover::Plugins;
use wharf_runtime::Runtime;

/// Something that answers requests: the whole host (by route), or one deployment.
///
/// Dropping a returned future cancels the call, connection to the vendor included.
///
/// ```no_run
/// use wharf::{AiClient, Host, Message, Request, Role, config};
///
/// async fn greet(client: &dyn AiClient) -> Result<String, wharf::Error> {
///     let request = Request {
///         model: "gpt-4".into(),
///         messages: vec![Message::text(Role::User, "hello")],
///         ..Request::default()
///     };
///     Ok(client.generate(&request).await?.text())
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = config::load("wharf.yaml".as_ref(), &config::ProcessEnv)?;
/// let host = Host::start(config).await?;
/// println!("{}", greet(&host).await?);
/// # Ok(()) }
/// ```
pub trait AiClient: Send + Sync {
    /// Answers a request whole.
    fn generate<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Error>>;

    /// Answers a request in pieces.
    fn stream<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<OpenStream, Error>>;

    /// What a model can do.
    fn capabilities<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<Capabilities, Error>>;

    /// Whether what is behind it can be reached.
    fn health_check(&self) -> BoxFuture<'_, Result<HealthStatus, Error>>;

    /// Takes no more requests. Those that run go on.
    fn close(&self);
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing of that name is loaded.
    #[error("there is no provider `{name}`; loaded are: {known}")]
    UnknownProvider {
        /// The name asked for.
        name: String,
        /// What is loaded.
        known: String,
    },
    /// The configuration does not fit the provider.
    #[error("{0}")]
    Config(String),
}

/// Makes clients of single deployments out of loaded providers. Such a client makes one attempt for each call, with
/// the deployment's first key; what routes do when an attempt fails is the host's.
///
/// ```no_run
/// use wharf::config::{self, DeploymentConfig};
/// use wharf::{AiClient, Host, Message, Request, Role};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let host = Host::start(config::load("wharf.yaml".as_ref(), &config::ProcessEnv)?).await?;
/// let factory = host.client_factory();
/// println!("loaded: {}", factory.supported_providers().join(", "));
///
/// let mut deployment = DeploymentConfig::named("echo");
/// deployment.models = vec!["echo".to_owned()];
/// let client = factory.create_client("echo", &deployment)?;
/// let request = Request {
///     model: "echo".into(),
///     messages: vec![Message::text(Role::User, "is anybody there?")],
///     ..Request::default()
/// };
/// println!("{}", client.generate(&request).await?.text());
/// # Ok(()) }
/// ```
pub struct ClientFactory {
    runtime: Arc<Runtime>,
    plugins: Arc<Plugins>,
}

impl std::fmt::Debug for ClientFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientFactory")
            .field("providers", &self.supported_providers())
            .finish()
    }
}

impl ClientFactory {
    pub(crate) fn new(runtime: Arc<Runtime>, plugins: Arc<Plugins>) -> Self {
        Self { runtime, plugins }
    }

    /// A client of one deployment, outside every route.
    ///
    /// # Errors
    /// When the provider is not loaded, or the configuration does not fit it.
    pub fn create_client(&self, provider: &str, config: &DeploymentConfig) -> Result<Arc<dyn AiClient>, ClientError> {
        let found = self
            .plugins
            .providers
            .get(provider)
            .ok_or_else(|| ClientError::UnknownProvider {
                name: provider.to_owned(),
                known: self.supported_providers().join(", "),
            })?;
        let deployment = assemble::deploy(&self.runtime, config, found).map_err(ClientError::Config)?;
        let closed = AtomicBool::new(false);
        Ok(Arc::new(DeploymentClient {
            deployment,
            timeouts: assemble::timeouts(&config.timeouts),
            closed,
        }))
    }

    /// The names of the loaded providers.
    #[must_use]
    pub fn supported_providers(&self) -> Vec<String> {
        self.plugins.providers.keys().cloned().collect()
    }
}

/// A client of one deployment.
struct DeploymentClient {
    deployment: Deployment,
    timeouts: Timeouts,
    closed: AtomicBool,
}

impl DeploymentClient {
    /// When a call that begins now must end; none begins on a closed client.
    fn deadline(&self) -> Result<Deadline, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "this client is closed"));
        }
        let callers = RequestTimeouts::default();
        Ok(Deadline::new(Instant::now(), &self.timeouts, &callers, None))
    }

    /// How a call that begins now is made.
    fn options(&self) -> Result<CallOptions, Error> {
        Ok(CallOptions::until(self.deadline()?.at))
    }
}

impl AiClient for DeploymentClient {
    fn generate<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Error>> {
        async move { self.deployment.generate(request, &request.model, self.options()?).await }.boxed()
    }

    fn stream<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<OpenStream, Error>> {
        async move {
            let deadline = self.deadline()?;
            let options = CallOptions::until(deadline.at);
            let stream = self.deployment.stream(request, &request.model, options).await?;
            Ok(OpenStream::new(Box::new(assemble::Source(stream)), deadline))
        }
        .boxed()
    }

    fn capabilities<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<Capabilities, Error>> {
        async move { self.deployment.capabilities(Some(model), self.options()?).await }.boxed()
    }

    fn health_check(&self) -> BoxFuture<'_, Result<HealthStatus, Error>> {
        async move { self.deployment.health_check(self.options()?).await }.boxed()
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
