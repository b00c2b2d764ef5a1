//! Routes: those of the configuration, and one for each deployment's own models.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use wharf_policy::{
    Backoff, Balancer, FallbackClass, HedgeSettings, LastAnswerSettings, Member, RetryPolicy, Route, RouteSettings,
};

use super::usize_of;
use crate::config::{self, Config, DeploymentConfig, RetryConfig, RouteConfig};
use crate::snapshot::{DeploymentState, ModelEntry, RouteState};

type Entries<'a> = HashMap<&'a str, (&'a DeploymentConfig, &'a DeploymentState)>;
type Routes = HashMap<String, Arc<RouteState>>;

/// Every route by name, and the models that clients can ask for in the order of the configuration.
pub(super) fn routes(config: &Config, deployments: &[DeploymentState]) -> (Routes, Vec<ModelEntry>) {
    let entries: Entries<'_> = config
        .deployments
        .iter()
        .zip(deployments)
        .map(|(entry, state)| (entry.name.as_str(), (entry, state)))
        .collect();
    let mut routes = HashMap::new();
    // Pins first: a route of the same name is what the operator wrote, and wins.
    for (entry, _) in entries.values() {
        for model in &entry.models {
            let pin = pin(entry, model);
            let state = build(&pin, config, &entries, &HashMap::new());
            routes.insert(pin.name, Arc::new(state));
        }
    }
    let mut built: Routes = HashMap::new();
    // A route comes after those that it leads to. The configuration has no loops, so every round builds some.
    let mut left: Vec<&RouteConfig> = config.routes.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|route| {
            let ready = leads_to(route).all(|next| built.contains_key(next));
            if ready {
                let state = build(route, config, &entries, &built);
                built.insert(route.name.clone(), Arc::new(state));
            }
            !ready
        });
        if left.len() == before {
            tracing::error!("routes that fall back to each other are left out; `wharf check` names them");
            break;
        }
    }
    routes.extend(built);
    let models = config.routes.iter().map(|route| model_entry(route, &entries)).collect();
    (routes, models)
}

fn leads_to(route: &RouteConfig) -> impl Iterator<Item = &String> {
    let degraded = route.degraded.iter().filter_map(|degraded| degraded.route.as_ref());
    route.fallbacks.values().chain(degraded)
}

/// The route to one deployment's model alone.
fn pin(entry: &DeploymentConfig, model: &str) -> RouteConfig {
    RouteConfig {
        name: format!("{}/{model}", entry.name),
        targets: vec![config::RouteTarget {
            deployment: entry.name.clone(),
            model: model.to_owned(),
            priority: None,
            weight: None,
        }],
        fallbacks: indexmap::IndexMap::new(),
        degraded: None,
        hedge: None,
        explicit: false,
    }
}

fn build(route: &RouteConfig, config: &Config, entries: &Entries<'_>, built: &Routes) -> RouteState {
    let mut members = Vec::new();
    let mut missing = Vec::new();
    for target in &route.targets {
        let Some((entry, state)) = entries.get(target.deployment.as_str()) else {
            continue;
        };
        if let Err(reason) = &state.deployment {
            missing.push(format!("`{}`: {reason}", state.name));
        }
        members.extend(
            state
                .targets
                .iter()
                .find(|t| t.model() == target.model)
                .map(|found| Member {
                    target: Arc::clone(found),
                    tier: target.priority.unwrap_or(entry.priority),
                    weight: target.weight.unwrap_or(entry.weight),
                }),
        );
    }
    let named = |name: &String| built.get(name).map(|state| Arc::clone(&state.route));
    let class = |class: &String| match class.as_str() {
        "any" => FallbackClass::Any,
        kind => FallbackClass::Kind(kind.to_owned()),
    };
    let degraded = route.degraded.as_ref();
    let settings = RouteSettings {
        name: route.name.clone(),
        retry: retry(&config.retry),
        budget: config.retry.budget,
        hedge: route.hedge.map(|hedge| HedgeSettings { after: hedge.after }),
        fallbacks: route
            .fallbacks
            .iter()
            .filter_map(|(kind, next)| Some((class(kind), named(next)?)))
            .collect(),
        last_answers: degraded.and_then(|d| d.last_answer).map(|last| LastAnswerSettings {
            max_entries: usize_of(u64::from(last.max_entries)),
            max_size: last.max_size,
            max_age: last.max_age,
        }),
        degraded_route: degraded.and_then(|d| d.route.as_ref()).and_then(named),
        degraded_text: degraded.and_then(|d| d.text.clone()),
    };
    let balancer = Balancer::new(config.load_balancer.strategy, members);
    RouteState {
        route: Arc::new(Route::new(settings, balancer)),
        missing,
    }
}

fn retry(config: &RetryConfig) -> RetryPolicy {
    let (base, max) = (config.base_delay, config.max_delay);
    let backoff = Backoff::try_new(base, max, config.backoff_multiplier, config.jitter);
    RetryPolicy {
        max_attempts: config.max_attempts,
        backoff: backoff.expect("a checked configuration has base_delay ≤ max_delay and a multiplier of at least 1"),
        max_retry_after: config.max_retry_after,
    }
}

fn model_entry(route: &RouteConfig, entries: &Entries<'_>) -> ModelEntry {
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
