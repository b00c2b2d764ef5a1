//! Routes, and the numbers of the resilience policies.
//!
//! Decides nothing about how a policy works, only its settings. The defaults are those of the example configuration of
//! the project, so that leaving a section out and copying it from the example are the same.

use std::time::Duration;

use indexmap::IndexMap;

/// A model name that clients ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// The public name. Of a route written in the file at most 128 of `A-Z a-z 0-9 . _ : -`.
    pub name: String,
    /// What may answer; never empty.
    pub targets: Vec<RouteTarget>,
    /// Error class (as in [`crate::config::ERROR_CLASSES`]) → the route that is asked next. Without a loop.
    pub fallbacks: IndexMap<String, String>,
    /// Written in the file; false for a route that exists because deployments list a model of its name.
    pub explicit: bool,
}

/// One deployment and model of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTarget {
    /// Name of the deployment.
    pub deployment: String,
    /// Model name, one of the deployment's.
    pub model: String,
    /// Tier within this route; `None`: the deployment's.
    pub priority: Option<u32>,
    /// Weight within this route; `None`: the deployment's.
    pub weight: Option<u32>,
}

/// How a deployment is picked among those of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// In turn. The default.
    RoundRobin,
    /// In turn, in proportion to the weights.
    Weighted,
    /// The one with the fewest requests in flight; a stream counts to its end.
    LeastConnections,
    /// The better of two random ones by time to first token and requests in flight.
    Latency,
}

impl Strategy {
    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
            Self::LeastConnections => "least_connections",
            Self::Latency => "latency",
        }
    }
}

/// How deployments are picked and looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerConfig {
    /// Default `round_robin`.
    pub strategy: Strategy,
    /// Time between two health checks of a deployment; 1 s to 1 h. Default 30 s.
    pub health_check_interval: Duration,
}

impl Default for LoadBalancerConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::RoundRobin,
            health_check_interval: Duration::from_secs(30),
        }
    }
}

/// When and how often a failed attempt is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Attempts of one request, the first included; 1 to 10. Default 3.
    pub max_attempts: u32,
    /// Wait before the first retry; 1 ms to 1 min. Default 1 s.
    pub base_delay: Duration,
    /// Longest wait between two attempts, not below `base_delay`; 1 ms to 10 min. Default 30 s.
    pub max_delay: Duration,
    /// Factor from one wait to the next; 1 to 10. Default 2.
    pub backoff_multiplier: f64,
    /// Whether the wait is drawn at random between zero and its full length. Default true: clients that failed
    /// together must not return together.
    pub jitter: bool,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            backoff_multiplier: 2.0,
            jitter: true,
        }
    }
}

/// When a deployment stops being asked, and how it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    /// Consecutive failures that trip the breaker; 1 to 1000. Default 5.
    pub failure_threshold: u32,
    /// How long a tripped breaker rejects before it probes; 100 ms to 1 h. Default 60 s.
    pub reset_timeout: Duration,
    /// Probes that must succeed for it to recover; 1 to 100. Default 3.
    pub half_open_max_calls: u32,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            reset_timeout: Duration::from_secs(60),
            half_open_max_calls: 3,
        }
    }
}
