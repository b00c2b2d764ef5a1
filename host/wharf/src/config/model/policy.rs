//! The numbers of the resilience policies.
//!
//! Decides nothing about how a policy works, only its settings. Where the example configuration of the project has a
//! key, its value is the default, so that leaving a section out and copying it from the example are the same.

use std::time::Duration;

use wharf_policy::HealthSettings;

// What a policy needs as it is, it defines itself, defaults and all.
pub use wharf_policy::{BreakerSettings as CircuitBreakerConfig, BudgetSettings as RetryBudgetConfig, Strategy};

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
        let health = HealthSettings::default();
        Self {
            strategy: Strategy::default(),
            health_check_interval: Duration::from_secs(30),
            health_check_timeout: Duration::from_secs(5),
            unhealthy_threshold: health.unhealthy_threshold,
            healthy_threshold: health.healthy_threshold,
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
