//! The single place where configuration, runtime and policy meet: makes deployments out of configuration
//! entries and loaded providers, and routes out of deployments.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::{EventSource, RoundRobin, Upstream};
use wharf_runtime::{
    AllowEntry, Deployment, DeploymentOptions, EngineConfig, EventStream, Limits, OutboundOptions, OutboundTimeouts,
    Provider, Runtime,
};
use wharf_types::{CredentialScheme, DeploymentName, Error, Event, Request, Response};

use crate::config::{Config, CredentialOverride, DeploymentConfig, RouteConfig};
use crate::discover::Plugins;
use crate::settings_check;
use crate::snapshot::{DeploymentState, ModelEntry, Route, Snapshot};

/// The engine that a configuration needs.
pub(crate) fn engine(config: &Config) -> EngineConfig {
    let largest = config
        .deployments
        .iter()
        .map(|d| usize_of(d.limits.memory))
        .max()
        .unwrap_or(0);
    let defaults = EngineConfig::default();
    let cache_dir = if config.cache.enabled {
        config.cache.dir.clone().or_else(default_cache_dir)
    } else {
        None
    };
    EngineConfig {
        max_memory: largest.max(defaults.max_memory),
        cache_dir,
        ..defaults
    }
}

/// The user's cache directory, by the XDG rules; none where there is no home.
fn default_cache_dir() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("wharf").join("components"))
}

/// Makes the snapshot. Deployments that cannot be made are in it with the reason.
pub(crate) fn snapshot(runtime: &Runtime, config: &Config, plugins: &Plugins) -> Snapshot {
    let mut deployments = Vec::with_capacity(config.deployments.len());
    for entry in &config.deployments {
        let made = provider_of(entry, plugins).and_then(|provider| deploy(runtime, entry, &provider));
        if let Err(reason) = &made {
            tracing::error!("deployment `{}` is not available: {reason}", entry.name);
        }
        deployments.push(DeploymentState {
            name: entry.name.clone(),
            deployment: made.map(Arc::new),
        });
    }
    let mut routes = HashMap::new();
    let mut models = Vec::new();
    let entries: HashMap<&str, (&DeploymentConfig, &DeploymentState)> = config
        .deployments
        .iter()
        .zip(&deployments)
        .map(|(entry, state)| (entry.name.as_str(), (entry, state)))
        .collect();
    // Pins first: a route of the same name is what the operator wrote, and wins.
    for (entry, state) in entries.values() {
        for model in &entry.models {
            let pin = format!("{}/{model}", entry.name);
            routes.insert(pin, Arc::new(route([(*entry, *state, model.as_str())])));
        }
    }
    for declared in &config.routes {
        models.push(model_entry(declared, &entries));
        let targets = declared.targets.iter().filter_map(|target| {
            let (entry, state) = entries.get(target.deployment.as_str())?;
            Some((*entry, *state, target.model.as_str()))
        });
        routes.insert(declared.name.clone(), Arc::new(route(targets)));
    }
    Snapshot {
        routes,
        models,
        deployments,
    }
}

fn provider_of(entry: &DeploymentConfig, plugins: &Plugins) -> Result<Arc<Provider>, String> {
    if let Some(provider) = plugins.providers.get(&entry.component) {
        return Ok(Arc::clone(provider));
    }
    if let Some(failure) = plugins.failures.get(&entry.component) {
        return Err(format!(
            "its component `{}` could not be loaded: {}",
            entry.component, failure.problem
        ));
    }
    let known: Vec<&str> = plugins.providers.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "it holds none".to_owned()
    } else {
        format!("it holds {}", known.join(", "))
    };
    Err(format!(
        "the plugin directory has no component `{}` ({known}); set `component:`, or add {}.wasm",
        entry.component, entry.component
    ))
}

/// Makes one deployment.
pub(crate) fn deploy(
    runtime: &Runtime,
    entry: &DeploymentConfig,
    provider: &Arc<Provider>,
) -> Result<Deployment, String> {
    let mistakes = settings_check::mistakes(&entry.settings, &provider.manifest.config_schema.0);
    if !mistakes.is_empty() {
        return Err(mistakes.join("; "));
    }
    let name = DeploymentName::new(&entry.name).map_err(|e| e.to_string())?;
    let allow: Result<Vec<AllowEntry>, String> = entry.allow_hosts.iter().map(|host| AllowEntry::parse(host)).collect();
    let ca_pem = match &entry.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|e| format!("ca_file {}: {e}", path.display()))?),
        None => None,
    };
    let timeouts = &entry.timeouts;
    let outbound = OutboundOptions {
        base_url: entry.base_url.clone(),
        allow: allow?,
        private: entry.private,
        scheme: CredentialScheme::None,
        secret: entry.api_keys.first().cloned(),
        timeouts: OutboundTimeouts {
            connect: timeouts.connect.min(timeouts.total),
            first_byte: timeouts.first_token.unwrap_or(timeouts.total),
            idle: timeouts.idle,
        },
        ca_pem,
        proxy: entry.proxy,
    };
    let limits = &entry.limits;
    let options = DeploymentOptions {
        name,
        settings: entry.settings.clone(),
        limits: Limits {
            memory: usize_of(limits.memory),
            cpu: limits.cpu,
            table_elements: limits.tables as usize,
            handles: limits.handles as usize,
            headers: usize_of(limits.headers),
            transfer: usize_of(limits.request),
            response: limits.response,
            stream: limits.stream,
        },
        outbound,
        scheme: entry.credential.as_ref().map(scheme),
    };
    runtime.deploy(provider, options).map_err(|e| e.to_string())
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn scheme(credential: &CredentialOverride) -> CredentialScheme {
    match credential {
        CredentialOverride::None => CredentialScheme::None,
        CredentialOverride::Bearer => CredentialScheme::Bearer,
        CredentialOverride::Header(name) => CredentialScheme::Header(name.clone()),
        CredentialOverride::Query(name) => CredentialScheme::Query(name.clone()),
    }
}

fn route<'a>(targets: impl IntoIterator<Item = (&'a DeploymentConfig, &'a DeploymentState, &'a str)>) -> Route {
    let mut route = Route {
        upstreams: Vec::new(),
        targets: Vec::new(),
        balance: RoundRobin::default(),
        missing: Vec::new(),
    };
    for (entry, state, model) in targets {
        match &state.deployment {
            Ok(deployment) => {
                route.targets.push((Arc::clone(deployment), model.to_owned()));
                route.upstreams.push(Arc::new(Target {
                    deployment: Arc::clone(deployment),
                    model: model.to_owned(),
                    timeout: entry.timeouts.total,
                }));
            }
            Err(reason) => route.missing.push(format!("`{}`: {reason}", state.name)),
        }
    }
    route
}

fn model_entry(route: &RouteConfig, entries: &HashMap<&str, (&DeploymentConfig, &DeploymentState)>) -> ModelEntry {
    let mut vendors = BTreeSet::new();
    let mut deployments = Vec::new();
    for target in &route.targets {
        deployments.push(target.deployment.clone());
        if let Some((
            _,
            DeploymentState {
                deployment: Ok(deployment),
                ..
            },
        )) = entries.get(target.deployment.as_str())
        {
            vendors.insert(deployment.provider().manifest.vendor.clone());
        }
    }
    let owned_by = if vendors.is_empty() {
        "wharf".to_owned()
    } else {
        Vec::from_iter(vendors).join("+")
    };
    ModelEntry {
        id: route.name.clone(),
        owned_by,
        deployments,
    }
}

/// One deployment with one model, as the attempt loop calls it.
struct Target {
    deployment: Arc<Deployment>,
    model: String,
    /// The deployment's time for one attempt.
    timeout: Duration,
}

impl Target {
    fn deadline(&self, of_request: Option<Instant>) -> Instant {
        let own = Instant::now() + self.timeout;
        of_request.map_or(own, |deadline| deadline.min(own))
    }
}

impl Upstream for Target {
    fn deployment(&self) -> &DeploymentName {
        self.deployment.name()
    }

    fn generate<'a>(
        &'a self,
        request: &'a Request,
        deadline: Option<Instant>,
    ) -> BoxFuture<'a, Result<Response, Error>> {
        self.deployment
            .generate(request, &self.model, self.deadline(deadline))
            .boxed()
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
        deadline: Option<Instant>,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        async move {
            let stream = self
                .deployment
                .stream(request, &self.model, self.deadline(deadline))
                .await?;
            Ok(Box::new(Source(stream)) as Box<dyn EventSource>)
        }
        .boxed()
    }
}

pub(crate) struct Source(pub(crate) EventStream);

impl EventSource for Source {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        self.0.next().boxed()
    }

    fn deadline(&self) -> Instant {
        self.0.deadline()
    }
}
