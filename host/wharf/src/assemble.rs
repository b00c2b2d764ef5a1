//! The single place where configuration, runtime and policy meet: makes deployments out of configuration
//! entries and loaded providers, targets out of deployments and their models, and routes out of targets.

mod adapter;
mod deployment;
mod reduce;
mod route;
mod target;

use std::path::PathBuf;
use std::sync::Arc;

use wharf_runtime::{EngineConfig, Runtime};

use crate::config::Config;
use crate::discover::Plugins;
use crate::seeds::Seeds;
use crate::snapshot::Snapshot;

pub(crate) use adapter::{Adapter, Source};
pub(crate) use deployment::deploy;
pub(crate) use target::timeouts;

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

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Makes the snapshot. Deployments that cannot be made are in it with the reason.
pub(crate) fn snapshot(runtime: &Runtime, config: &Config, plugins: &Plugins, seeds: &Seeds) -> Snapshot {
    let mut deployments = Vec::with_capacity(config.deployments.len());
    for entry in &config.deployments {
        let made =
            deployment::provider_of(entry, plugins).and_then(|provider| deployment::deploy(runtime, entry, &provider));
        if let Err(reason) = &made {
            tracing::error!("deployment `{}` is not available: {reason}", entry.name);
        }
        deployments.push(target::state(entry, made.map(Arc::new), config, seeds));
    }
    let (routes, models) = route::routes(config, &deployments);
    Snapshot {
        routes,
        models,
        deployments,
    }
}
