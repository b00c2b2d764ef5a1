//! The seed's client interface: something that can be asked, whatever is behind it. `docs/interfaces.md` has
//! the table from the seed's names to these.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::OpenStream;
use wharf_runtime::Deployment;
use wharf_types::{Capabilities, Error, ErrorKind, HealthStatus, Request, Response};

use crate::assemble;
use crate::config::DeploymentConfig;
use crate::discover::Plugins;
use wharf_runtime::Runtime;

/// Something that answers requests: the whole host (by route), or one deployment.
///
/// Dropping a returned future cancels the call, connection to the vendor included.
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

/// Makes clients of single deployments out of loaded providers.
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
            timeout: config.timeouts.total,
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
    timeout: Duration,
    closed: AtomicBool,
}

impl DeploymentClient {
    /// When a call that begins now must end; none begins on a closed client.
    fn deadline(&self) -> Result<Instant, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "this client is closed"));
        }
        Ok(Instant::now() + self.timeout)
    }
}

impl AiClient for DeploymentClient {
    fn generate<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Error>> {
        async move {
            self.deployment
                .generate(request, &request.model, self.deadline()?)
                .await
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<OpenStream, Error>> {
        async move {
            let stream = self
                .deployment
                .stream(request, &request.model, self.deadline()?)
                .await?;
            Ok(OpenStream::new(Box::new(assemble::Source(stream))))
        }
        .boxed()
    }

    fn capabilities<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<Capabilities, Error>> {
        async move { self.deployment.capabilities(Some(model), self.deadline()?).await }.boxed()
    }

    fn health_check(&self) -> BoxFuture<'_, Result<HealthStatus, Error>> {
        async move { self.deployment.health_check(self.deadline()?).await }.boxed()
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
