//! The sections `load_balancer`, `retry` and `circuit_breaker` of the file.
//!
//! Decides the keys of the resilience policies and their ranges.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::quantity::DURATION;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLoadBalancer {
    /// How a deployment is picked among those of a tier.
    pub(crate) strategy: Option<RawStrategy>,
    /// Time between two health checks of a deployment.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "1h"]))]
    pub(crate) health_check_interval: Option<String>,
    /// Longest time for one health check; not above health_check_interval.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "5m"]))]
    pub(crate) health_check_timeout: Option<String>,
    /// Failed checks in a row that eject a deployment.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) unhealthy_threshold: Option<u32>,
    /// Good checks in a row that restore it.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) healthy_threshold: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawStrategy {
    RoundRobin,
    Weighted,
    LeastConnections,
    Latency,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetry {
    /// Attempts of one request, the first included; 1 disables retries.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) max_attempts: Option<u32>,
    /// Wait before the first retry.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "60s"]))]
    pub(crate) base_delay: Option<String>,
    /// Longest wait between two attempts; not below base_delay.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "10m"]))]
    pub(crate) max_delay: Option<String>,
    /// Factor from one wait to the next.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) backoff_multiplier: Option<f64>,
    /// Whether the wait is drawn at random between zero and its full length.
    pub(crate) jitter: Option<bool>,
    /// Longest wait that a vendor's retry-after is honoured for; a longer one is cut to this.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "1h"]))]
    pub(crate) max_retry_after: Option<String>,
    /// Retries beyond this share of the requests of the last window, plus the floor, are not made, so that an outage is
    /// not multiplied.
    pub(crate) budget: Option<RawRetryBudget>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetryBudget {
    /// Retries that each request of the window pays for.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) ratio: Option<f64>,
    /// The floor: retries a second that are allowed whatever the requests pay for.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) min_per_second: Option<u32>,
    /// Time over which requests and retries are counted.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "60s"]))]
    pub(crate) window: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCircuitBreaker {
    /// Consecutive failures that trip the breaker.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) failure_threshold: Option<u32>,
    /// Share of failures among the requests of the window that trips the breaker too, and among its probes.
    #[schemars(range(min = 0.01, max = 1))]
    pub(crate) failure_ratio: Option<f64>,
    /// Requests in the window below which failure_ratio is not looked at.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) minimum_requests: Option<u32>,
    /// Time over which requests and failures are counted for failure_ratio.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "10m"]))]
    pub(crate) window: Option<String>,
    /// How long a tripped breaker rejects before it probes.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["100ms", "1h"]))]
    pub(crate) reset_timeout: Option<String>,
    /// Longest time that a tripped breaker rejects: the time doubles with every trip that follows a recovery too soon and every round of probes without a success.
    /// Not below reset_timeout; where only that is written and longer, as long.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["100ms", "24h"]))]
    pub(crate) max_reset_timeout: Option<String>,
    /// Probes admitted at once while half open, and successes needed to recover.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) half_open_max_calls: Option<u32>,
    /// Time over which a recovered deployment gets back its share of the requests.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["0s", "10m"]))]
    pub(crate) slow_start: Option<String>,
}
