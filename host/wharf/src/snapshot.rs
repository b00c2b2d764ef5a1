//! What is in force: routes to deployments, as one immutable value. A reload makes a new one.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use wharf_policy::{Route, Standing, Target, Timeouts};
use wharf_runtime::Deployment;

use crate::assemble::Adapter;

/// A model name that clients can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The name.
    pub id: String,
    /// Who runs the models behind it: the vendors of its deployments.
    pub owned_by: String,
    /// The deployments that serve it.
    pub deployments: Vec<String>,
}

/// One deployment, usable or not.
pub(crate) struct DeploymentState {
    /// Its name.
    pub(crate) name: String,
    /// The component it runs.
    pub(crate) component: String,
    /// The deployment, or why there is none.
    pub(crate) deployment: Result<Arc<Deployment>, String>,
    /// How many keys it has.
    pub(crate) keys: usize,
    /// Whether it is checked periodically.
    pub(crate) health_check: bool,
    /// The time limits of an attempt.
    pub(crate) timeouts: Timeouts,
    /// What its models share.
    pub(crate) standing: Arc<Standing>,
    /// Its models, in the order of the configuration; none where there is no deployment.
    pub(crate) targets: Vec<Arc<Target>>,
    /// What is called behind each of the targets.
    pub(crate) adapters: Vec<Arc<Adapter>>,
    /// Told when a model was pulled or deleted: others may be there, or the same can do other things.
    pub(crate) models_changed: Arc<Notify>,
}

/// Where a model name leads.
#[derive(Debug)]
pub(crate) struct RouteState {
    pub(crate) route: Arc<Route>,
    /// Why deployments are missing, for the error when none is left.
    pub(crate) missing: Vec<String>,
}

/// Everything in force.
pub(crate) struct Snapshot {
    /// Routes by name, and `deployment/model` for each deployment's own models.
    pub(crate) routes: HashMap<String, Arc<RouteState>>,
    /// What `GET /v1/models` lists, in the order of the configuration.
    pub(crate) models: Vec<ModelEntry>,
    /// All deployments, in the order of the configuration.
    pub(crate) deployments: Vec<DeploymentState>,
}

impl Snapshot {
    /// The names of all deployments, in the order of the configuration.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.deployments.iter().map(|state| state.name.as_str()).collect()
    }
}
