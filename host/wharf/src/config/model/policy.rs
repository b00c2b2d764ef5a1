//! The numbers of the resilience policies.
//!
//! Decides nothing about how a policy works, only its settings. Where the example configuration of the project has a
//! key, its value is the default, so that leaving a section out and copying it from the example are the same.

use std::time::Duration;

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
    /// Longest time for one health check, not above the interval; 10 ms to 5 min. Default 5 s: longer than any upstream
    /// that can serve takes to say so. Where only a shorter interval is written, as long as that.
    pub health_check_timeout: Duration,
    /// Failed checks in a row that eject a deployment; 1 to 100. Default 3: a lost packet ejects nothing, and at the
    /// default interval an upstream that is gone is ejected within two minutes.
    pub unhealthy_threshold: u32,
    /// Good checks in a row that restore it; 1 to 100. Default 2: one may be luck.
    pub healthy_threshold: u32,
}

impl Default for LoadBalancerConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::RoundRobin,
            health_check_interval: Duration::from_secs(30),
            health_check_timeout: Duration::from_secs(5),
            unhealthy_threshold: 3,
            healthy_threshold: 2,
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
    /// Longest wait that a vendor's `retry-after` is honoured for; 1 ms to 1 h. A longer one is cut to this. Default
    /// 60 s: the vendors count their rate limits by the minute.
    pub max_retry_after: Duration,
    /// How many retries are made in all.
    pub budget: RetryBudgetConfig,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            backoff_multiplier: 2.0,
            jitter: true,
            max_retry_after: Duration::from_secs(60),
            budget: RetryBudgetConfig::default(),
        }
    }
}

/// How many retries are made in all, so that an outage is not multiplied: a share of the requests of the last window,
/// plus a floor. The defaults are those of Finagle and Linkerd.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudgetConfig {
    /// Retries that each request of the window pays for; 0 to 1. Default 0.2: an outage adds a fifth to the load.
    pub ratio: f64,
    /// The floor: retries a second that are allowed whatever the requests pay for; 0 to 1000. Default 10: a host with
    /// few requests retries as if there were no budget.
    pub min_per_second: u32,
    /// Time over which requests and retries are counted; 1 s to 60 s. Default 10 s.
    pub window: Duration,
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            min_per_second: 10,
            window: Duration::from_secs(10),
        }
    }
}

/// When a deployment stops being asked, and how it comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct CircuitBreakerConfig {
    /// Consecutive failures that trip the breaker; 1 to 1000. Default 5.
    pub failure_threshold: u32,
    /// Share of failures among the requests of the window that trips the breaker too; 0.01 to 1. Default 0.5: more
    /// requests are then lost than served.
    pub failure_ratio: f64,
    /// Requests in the window below which the share is not looked at; 1 to 10,000. Default 20: of fewer, half may fail
    /// by chance.
    pub minimum_requests: u32,
    /// Time over which requests and failures are counted for the share; 1 s to 10 min. Default 60 s: answers take
    /// seconds, and a shorter window would seldom hold enough of them.
    pub window: Duration,
    /// How long a tripped breaker rejects before it probes; 100 ms to 1 h. Default 60 s.
    pub reset_timeout: Duration,
    /// Longest time that a tripped breaker rejects, not below `reset_timeout`; 100 ms to 24 h. The time doubles with every
    /// trip that follows a recovery too soon, up to this. Default 10 min, or `reset_timeout` where that is longer.
    pub max_reset_timeout: Duration,
    /// Probes admitted at once while half open, and successes needed to recover; 1 to 100. Default 3.
    pub half_open_max_calls: u32,
    /// Time over which a recovered deployment gets back its share of the requests; 0 to 10 min. Default 30 s: what has
    /// just come back is not given all at once.
    pub slow_start: Duration,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            failure_ratio: 0.5,
            minimum_requests: 20,
            window: Duration::from_secs(60),
            reset_timeout: Duration::from_secs(60),
            max_reset_timeout: Duration::from_secs(600),
            half_open_max_calls: 3,
            slow_start: Duration::from_secs(30),
        }
    }
}
