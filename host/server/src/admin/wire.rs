//! The shapes of the admin API. The server writes them and the command line reads them, so that the two cannot
//! drift apart. Times are whole milliseconds, measured from the moment the state was read.

pub(crate) mod models;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// All that can be told about a running host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// When it was read, RFC 3339.
    pub(crate) at: String,
    /// The routes, in the order of the configuration.
    pub(crate) routes: Vec<Route>,
    /// The deployments, in the order of the configuration.
    pub(crate) deployments: Vec<Deployment>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    /// The public model name.
    pub(crate) name: String,
    /// How it picks.
    pub(crate) strategy: String,
    /// Whom it picks from, lowest tier first.
    pub(crate) members: Vec<Member>,
    /// Error class → route that is asked next.
    pub(crate) fallbacks: IndexMap<String, String>,
    /// Retries that the budget would allow now.
    pub(crate) retry_budget: u32,
    /// How requests ended.
    pub(crate) counts: Counts,
}

/// A member of a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The deployment.
    pub(crate) deployment: String,
    /// The vendor's model name.
    pub(crate) model: String,
    /// Its tier.
    pub(crate) priority: u32,
    /// Its share within the tier.
    pub(crate) weight: u32,
}

/// How requests of a route ended so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Requests begun, those that came by a fallback included.
    pub(crate) requests: u64,
    /// Those that were answered.
    pub(crate) succeeded: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// Those that nobody waited for any more.
    pub(crate) cancelled: u64,
    /// Retries made.
    pub(crate) retries: u64,
    /// Retries that the budget did not allow.
    pub(crate) retries_denied: u64,
    /// Second attempts made because the first was slow.
    pub(crate) hedges: u64,
    /// Requests passed on to another route.
    pub(crate) fallbacks: u64,
    /// Requests answered in a degraded way.
    pub(crate) degraded: u64,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployment {
    /// Its name.
    pub(crate) name: String,
    /// The provider component.
    pub(crate) component: String,
    /// Whether it was made.
    pub(crate) available: bool,
    /// Why not.
    pub(crate) reason: Option<String>,
    /// What active health checks found; null when there are none.
    pub(crate) health: Option<Health>,
    /// Its keys in their order; empty when it has none.
    pub(crate) keys: Vec<Key>,
    /// It with each of its models.
    pub(crate) targets: Vec<Target>,
}

/// What active health checks found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Whether it may be picked as far as health checks go.
    pub(crate) healthy: bool,
    /// Since how long; null before the first change.
    pub(crate) since_ms: Option<u64>,
    /// How long ago it was checked last.
    pub(crate) checked_ms_ago: Option<u64>,
    /// Checks in a row that ended as the last one did.
    pub(crate) streak: u32,
}

/// A key of a deployment, by its place. The key itself is nowhere in this API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Its place in `api_keys`, from 1.
    pub(crate) key: usize,
    /// `usable`, `resting` or `retired`.
    pub(crate) state: String,
    /// A resting one: until it is usable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) for_ms: Option<u64>,
    /// A retired one: since how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since_ms: Option<u64>,
    /// A retired one: as what it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// A retired one: with which HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
}

/// A deployment with one of its models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The vendor's model name.
    pub(crate) model: String,
    /// Its breaker.
    pub(crate) breaker: Breaker,
    /// Attempts running; a stream counts until its end.
    pub(crate) in_flight: u64,
    /// Average time to the first token of a stream.
    pub(crate) first_token_ms: Option<u64>,
    /// Average time to a whole answer.
    pub(crate) answer_ms: Option<u64>,
    /// The share of its turns it gets after a recovery, 0 to 1.
    pub(crate) ramp: f64,
    /// The last thing that went wrong.
    pub(crate) last_error: Option<LastError>,
    /// How attempts ended.
    pub(crate) attempts: Attempts,
}

/// A breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Breaker {
    /// `closed`, `open` or `half_open`.
    pub(crate) state: String,
    /// How long it has been in this state.
    pub(crate) for_ms: u64,
    /// Until it probes; null unless it is open.
    pub(crate) next_probe_ms: Option<u64>,
    /// Probes running.
    pub(crate) probes: u32,
    /// Failures in a row.
    pub(crate) consecutive_failures: u32,
    /// Requests counted in the window.
    pub(crate) window_requests: u32,
    /// Failures among them.
    pub(crate) window_failures: u32,
    /// How often it has tripped.
    pub(crate) trips: u64,
    /// The last changes, oldest first.
    pub(crate) history: Vec<Change>,
}

/// One change of a breaker's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// How long ago.
    pub(crate) ms_ago: u64,
    /// From where.
    pub(crate) from: String,
    /// To where.
    pub(crate) to: String,
    /// Why.
    pub(crate) cause: String,
}

/// The last thing that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastError {
    /// What.
    pub(crate) kind: String,
    /// The vendor's HTTP status, if it answered.
    pub(crate) status: Option<u16>,
    /// How long ago.
    pub(crate) ms_ago: u64,
}

/// How attempts ended so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// Attempts begun.
    pub(crate) started: u64,
    /// Those that were answered.
    pub(crate) succeeded: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// Those that nobody waited for any more.
    pub(crate) cancelled: u64,
}

/// Which breakers to reset: all, those of a deployment, or that of one of its models.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// Only this deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployment: Option<String>,
    /// Only this model of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// Also bring back keys and forget failed health checks.
    #[serde(default)]
    pub(crate) keys: bool,
}

/// What was reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResetAnswer {
    /// Each breaker.
    pub(crate) reset: Vec<ResetTarget>,
}

/// A breaker that was reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResetTarget {
    /// Its deployment.
    pub(crate) deployment: String,
    /// Its model.
    pub(crate) model: String,
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// What went wrong.
    pub(crate) error: FailureText,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailureText {
    /// In words.
    pub(crate) message: String,
}
