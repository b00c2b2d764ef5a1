//! What is in force: routes to deployments, as one immutable value. A reload makes a new one.

use std::collections::HashMap;
use std::sync::Arc;

use wharf_policy::{RoundRobin, Upstream};
use wharf_runtime::Deployment;

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
#[derive(Debug)]
pub struct DeploymentState {
    /// Its name.
    pub name: String,
    /// The deployment, or why there is none.
    pub deployment: Result<Arc<Deployment>, String>,
}

/// Where a model name leads.
pub(crate) struct Route {
    pub(crate) upstreams: Vec<Arc<dyn Upstream>>,
    /// The same, for questions that are not attempts: each deployment with the vendor's model name.
    pub(crate) targets: Vec<(Arc<Deployment>, String)>,
    pub(crate) balance: RoundRobin,
    /// Why deployments are missing, for the error when none is left.
    pub(crate) missing: Vec<String>,
}

/// Everything in force.
pub(crate) struct Snapshot {
    /// Routes by name, and `deployment/model` for each deployment's own models.
    pub(crate) routes: HashMap<String, Arc<Route>>,
    /// What `GET /v1/models` lists, in the order of the configuration.
    pub(crate) models: Vec<ModelEntry>,
    /// All deployments, in the order of the configuration.
    pub(crate) deployments: Vec<DeploymentState>,
}
