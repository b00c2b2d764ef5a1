//! A deployment: a provider with its upstream, credentials, settings and limits. What calls are made to.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;
use wharf_types::{Capabilities, CredentialScheme, DeploymentName, Error, HealthStatus, Request, Response};

use crate::call::CallOptions;
use crate::engine::Engine;
use crate::instance::{Instance, Parts};
use crate::limits::Limits;
use crate::outbound::{Outbound, OutboundError, OutboundOptions, TrustedRoots};
use crate::provider::Provider;
use crate::settings::Settings;
use crate::stream::EventStream;

mod optional;

/// How a deployment is set up.
#[derive(Debug, Clone)]
pub struct DeploymentOptions {
    /// Its name, for logs.
    pub name: DeploymentName,
    /// The provider's own settings.
    pub settings: Map<String, Value>,
    /// Caps on every call.
    pub limits: Limits,
    /// Its way out. Without `base_url` the manifest's applies.
    pub outbound: OutboundOptions,
    /// How the credential is attached, if not as the manifest says.
    pub scheme: Option<CredentialScheme>,
}

/// A deployment that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// Its way out makes no sense.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The provider needs a credential.
    #[error("provider `{0}` needs an api_key; set one, or `credential: none` if the server wants none")]
    NoCredential(String),
    /// The manifest's address is none.
    #[error("the provider's own address `{0}` is not a URL; set `base_url`")]
    ManifestUrl(String),
}

/// A provider, ready to be called. Cheap to share, immutable.
pub struct Deployment {
    engine: Arc<Engine>,
    provider: Arc<Provider>,
    name: DeploymentName,
    settings: Arc<Settings>,
    limits: Limits,
    outbound: Arc<Outbound>,
}

impl std::fmt::Debug for Deployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deployment")
            .field("name", &self.name)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Deployment {
    pub(crate) fn new(
        engine: Arc<Engine>,
        provider: Arc<Provider>,
        options: DeploymentOptions,
        roots: &TrustedRoots,
    ) -> Result<Self, DeploymentError> {
        let manifest = &provider.manifest;
        let mut outbound = options.outbound;
        if outbound.base_url.is_none() {
            let parse = |text: &String| Url::parse(text).map_err(|_| DeploymentError::ManifestUrl(text.clone()));
            outbound.base_url = manifest.base_url.as_ref().map(parse).transpose()?;
        }
        let overridden = options.scheme.is_some();
        outbound.scheme = options.scheme.unwrap_or_else(|| manifest.credential.clone());
        if manifest.credential_required && outbound.secrets.is_empty() && !overridden {
            return Err(DeploymentError::NoCredential(manifest.name.clone()));
        }
        let settings = Settings::new(options.settings, outbound.base_url.as_ref().map(Url::as_str));
        Ok(Self {
            outbound: Arc::new(Outbound::new(&outbound, roots)?),
            settings: Arc::new(settings),
            limits: options.limits,
            name: options.name,
            engine,
            provider,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &DeploymentName {
        &self.name
    }

    /// The provider it runs.
    #[must_use]
    pub fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// How many keys its calls can choose from; 0 when it attaches none.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.outbound.keys()
    }

    /// The places for instances, of which the engine has so many for all deployments together. Whoever takes one before
    /// the call begins does not have the wait counted into the call's time.
    #[must_use]
    pub fn places(&self) -> &Arc<Semaphore> {
        self.engine.slots()
    }

    async fn start(&self, cap: u64, options: CallOptions) -> Result<Instance, Error> {
        let parts = Parts {
            limits: &self.limits,
            settings: &self.settings,
            outbound: &self.outbound,
        };
        Instance::start(
            &self.engine,
            &self.provider.exports,
            self.name.as_str(),
            parts,
            cap,
            options,
        )
        .await
    }

    /// One exchange, answered whole. `model` is the vendor's name. Dropping the future cancels it.
    ///
    /// # Errors
    /// What the provider reported, corrected by what the host saw; a trap; a limit; the deadline.
    pub async fn generate(&self, request: &Request, model: &str, options: CallOptions) -> Result<Response, Error> {
        let deadline = options.deadline;
        let mut instance = self.start(self.limits.response, options).await?;
        let response = instance.generate(request, model, deadline).await?;
        instance.close(None, deadline).await;
        Ok(response)
    }

    /// One exchange, answered in pieces. Dropping the future or the stream cancels it.
    ///
    /// # Errors
    /// As [`Deployment::generate`], for everything before the first byte of the answer.
    pub async fn stream(&self, request: &Request, model: &str, options: CallOptions) -> Result<EventStream, Error> {
        let deadline = options.deadline;
        let mut instance = self.start(self.limits.stream, options).await?;
        let stream = instance.stream(request, model, deadline).await?;
        Ok(EventStream::new(instance, stream, deadline))
    }

    /// What a model can do.
    ///
    /// # Errors
    /// As [`Deployment::generate`].
    pub async fn capabilities(&self, model: Option<&str>, options: CallOptions) -> Result<Capabilities, Error> {
        let deadline = options.deadline;
        let mut instance = self.start(self.limits.response, options).await?;
        let capabilities = instance.capabilities(model, deadline).await?;
        instance.close(None, deadline).await;
        Ok(capabilities)
    }

    /// Whether the vendor is there.
    ///
    /// # Errors
    /// As [`Deployment::generate`].
    pub async fn health_check(&self, options: CallOptions) -> Result<HealthStatus, Error> {
        let deadline = options.deadline;
        let mut instance = self.start(self.limits.response, options).await?;
        let status = instance.health_check(deadline).await?;
        instance.close(None, deadline).await;
        Ok(status)
    }
}
