//! How routes and deployments fare: what `wharf status` and the administrative API show.

use tokio::time::Instant;
use wharf_policy::status::{HealthState, KeyState, RouteStatus, TargetStatus};
use wharf_types::{DeploymentName, Error, ErrorKind};

use crate::config::nearest;
use crate::snapshot::{DeploymentState, Snapshot};

/// The state of the host.
#[derive(Debug, Clone)]
pub struct HostState {
    /// When it was read.
    pub at: Instant,
    /// The routes that clients can ask for, in the order of the configuration.
    pub routes: Vec<RouteStatus>,
    /// The deployments, in the order of the configuration.
    pub deployments: Vec<DeploymentReport>,
}

/// The state of one deployment.
#[derive(Debug, Clone)]
pub struct DeploymentReport {
    /// Its name.
    pub name: String,
    /// The component it runs.
    pub component: String,
    /// Why it is not available, if it is not.
    pub unavailable: Option<String>,
    /// What health checks found; none where it is not checked.
    pub health: Option<HealthState>,
    /// The state of each key; empty where it has none.
    pub keys: Vec<KeyState>,
    /// Its models.
    pub targets: Vec<TargetStatus>,
}

/// Which breakers to reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reset {
    /// Those of this deployment; none: of all.
    pub deployment: Option<String>,
    /// Those of this model; none: of all models.
    pub model: Option<String>,
    /// Whether to bring back the deployment's keys and forget failed health checks too.
    pub keys: bool,
}

pub(crate) fn of(snapshot: &Snapshot, now: Instant) -> HostState {
    let route = |id: &String| snapshot.routes.get(id).map(|state| state.route.status(now));
    HostState {
        at: now,
        routes: snapshot.models.iter().filter_map(|model| route(&model.id)).collect(),
        deployments: snapshot.deployments.iter().map(|state| report(state, now)).collect(),
    }
}

fn report(state: &DeploymentState, now: Instant) -> DeploymentReport {
    let checked = state.health_check && state.deployment.is_ok();
    let mut keys = state.standing.key_states(now);
    // What stands for the key of a deployment without keys is worth a word only when it is not usable.
    if state.keys == 0 {
        keys.retain(|key| *key != KeyState::Usable);
    }
    DeploymentReport {
        name: state.name.clone(),
        component: state.component.clone(),
        unavailable: state.deployment.as_ref().err().cloned(),
        health: checked.then(|| state.standing.health_state()),
        keys,
        targets: state.targets.iter().map(|target| target.status(now)).collect(),
    }
}

/// That nothing has this name.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let near = nearest(name, known.iter().copied())
        .map(|near| format!(" Did you mean `{near}`?"))
        .unwrap_or_default();
    let message = format!("There is no {what} `{name}`.{near} Known: {}.", known.join(", "));
    Error::new(ErrorKind::NotFound, message)
}

/// Resets breakers and says which.
pub(crate) fn reset(snapshot: &Snapshot, which: &Reset) -> Result<Vec<(DeploymentName, String)>, Error> {
    let mut states: Vec<&DeploymentState> = snapshot.deployments.iter().collect();
    if let Some(name) = &which.deployment {
        states.retain(|state| state.name == *name);
        if states.is_empty() {
            return Err(unknown("deployment", name, &snapshot.names()));
        }
    }
    if let Some(model) = &which.model {
        let models = || {
            states
                .iter()
                .flat_map(|state| state.targets.iter().map(|target| target.model()))
        };
        if !models().any(|known| known == model) {
            return Err(unknown("model", model, &Vec::from_iter(models())));
        }
    }
    let mut done = Vec::new();
    for state in states {
        for target in &state.targets {
            if which.model.as_deref().is_none_or(|model| model == target.model()) {
                target.breaker().reset();
                done.push((target.deployment().clone(), target.model().to_owned()));
            }
        }
        if which.keys {
            state.standing.reset();
        }
    }
    Ok(done)
}
