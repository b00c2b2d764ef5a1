//! Load balancing, retries and the breaker.
//!
//! Decides only what goes together: the longest wait is not shorter than the first.

use super::{Context, duration};
use crate::config::model::{CircuitBreakerConfig, LoadBalancerConfig, RetryConfig, Strategy};
use crate::config::pointer::Pointer;
use crate::config::quantity::duration_text;
use crate::config::raw::{RawCircuitBreaker, RawLoadBalancer, RawRetry, RawStrategy};

pub(super) fn load_balancer(raw: &RawLoadBalancer) -> LoadBalancerConfig {
    let defaults = LoadBalancerConfig::default();
    let strategy = match raw.strategy {
        Some(RawStrategy::RoundRobin) => Strategy::RoundRobin,
        Some(RawStrategy::Weighted) => Strategy::Weighted,
        Some(RawStrategy::LeastConnections) => Strategy::LeastConnections,
        Some(RawStrategy::Latency) => Strategy::Latency,
        None => defaults.strategy,
    };
    let health_check_interval = duration(raw.health_check_interval.as_deref(), defaults.health_check_interval);
    LoadBalancerConfig {
        strategy,
        health_check_interval,
    }
}

pub(super) fn retry(raw: &RawRetry, context: &mut Context<'_>) -> RetryConfig {
    let defaults = RetryConfig::default();
    let retry = RetryConfig {
        max_attempts: raw.max_attempts.unwrap_or(defaults.max_attempts),
        base_delay: duration(raw.base_delay.as_deref(), defaults.base_delay),
        max_delay: duration(raw.max_delay.as_deref(), defaults.max_delay),
        backoff_multiplier: raw.backoff_multiplier.unwrap_or(defaults.backoff_multiplier),
        jitter: raw.jitter.unwrap_or(defaults.jitter),
    };
    let base_at = Pointer::of(&["ai_services", "retry", "base_delay"]);
    let max_at = Pointer::of(&["ai_services", "retry", "max_delay"]);
    if retry.base_delay > retry.max_delay && context.clean(&base_at) && context.clean(&max_at) {
        let at = if raw.base_delay.is_some() { &base_at } else { &max_at };
        let (base, max) = (duration_text(retry.base_delay), duration_text(retry.max_delay));
        let problem = format!("base_delay ({base}) is longer than max_delay ({max})");
        context.problem(
            at,
            problem,
            format!("write a base_delay of at most {max}, or raise max_delay"),
        );
    }
    retry
}

pub(super) fn circuit_breaker(raw: &RawCircuitBreaker) -> CircuitBreakerConfig {
    let defaults = CircuitBreakerConfig::default();
    CircuitBreakerConfig {
        failure_threshold: raw.failure_threshold.unwrap_or(defaults.failure_threshold),
        reset_timeout: duration(raw.reset_timeout.as_deref(), defaults.reset_timeout),
        half_open_max_calls: raw.half_open_max_calls.unwrap_or(defaults.half_open_max_calls),
    }
}
