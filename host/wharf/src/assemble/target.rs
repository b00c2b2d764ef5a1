//! Targets: each deployment with each of its models, with breaker, load and standing.

use std::sync::Arc;

use wharf_policy::{CircuitBreaker, HealthSettings, Standing, Target, Timeouts, Upstream};
use wharf_runtime::Deployment;

use super::adapter::Adapter;
use crate::config::{self, Config, DeploymentConfig};
use crate::seeds::Seeds;
use crate::snapshot::DeploymentState;

/// The state of one deployment of the configuration.
pub(super) fn state(
    entry: &DeploymentConfig,
    deployment: Result<Arc<Deployment>, String>,
    config: &Config,
    seeds: &Seeds,
) -> DeploymentState {
    let health = HealthSettings {
        unhealthy_threshold: config.load_balancer.unhealthy_threshold,
        healthy_threshold: config.load_balancer.healthy_threshold,
    };
    let keys = deployment.as_ref().map_or(0, |deployment| deployment.keys());
    let standing = Arc::new(Standing::new(keys, config.retry.max_retry_after, health, seeds.rng()));
    let adapters: Vec<Arc<Adapter>> = match &deployment {
        Ok(deployment) => entry
            .models
            .iter()
            .map(|model| Arc::new(Adapter::new(deployment, model)))
            .collect(),
        Err(_) => Vec::new(),
    };
    let target = |adapter: &Arc<Adapter>| {
        let upstream: Arc<dyn Upstream> = adapter.clone();
        Arc::new(Target::new(
            upstream,
            &adapter.model,
            timeouts(&entry.timeouts),
            entry.max_retries,
            Arc::clone(&standing),
            CircuitBreaker::new(config.circuit_breaker, seeds.rng()),
        ))
    };
    let targets = adapters.iter().map(target).collect();
    DeploymentState {
        name: entry.name.clone(),
        component: entry.component.clone(),
        deployment,
        keys,
        health_check: entry.health_check,
        timeouts: timeouts(&entry.timeouts),
        standing,
        targets,
        adapters,
        models_changed: Arc::default(),
    }
}

/// The time limits of an attempt, as the policy wants them.
pub(crate) fn timeouts(timeouts: &config::Timeouts) -> Timeouts {
    Timeouts {
        total: timeouts.total,
        connect: timeouts.connect,
        first_token: timeouts.first_token,
        idle: timeouts.idle,
    }
}
