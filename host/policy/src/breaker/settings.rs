//! When a breaker trips and how it comes back.

use std::time::Duration;

/// When a breaker trips and how it comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// Consecutive failures that trip the breaker; 1 to 1000. Default 5.
    pub failure_threshold: u32,
    /// Share of failures among the requests of the window that trips the breaker too, and among the probes of a
    /// half-open one; 0.01 to 1. Default 0.5: more requests are then lost than served.
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
    /// trip that follows a recovery too soon, and with every round of probes of which none is answered, up to this. Default 10 min, or `reset_timeout` where that is longer.
    pub max_reset_timeout: Duration,
    /// Probes admitted at once while half open, and successes needed to recover; 1 to 100. Default 3.
    pub half_open_max_calls: u32,
    /// Time over which a recovered deployment gets back its share of the requests; 0 to 10 min. Default 30 s: what has
    /// just come back is not given all at once.
    pub slow_start: Duration,
}

impl Default for BreakerSettings {
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
