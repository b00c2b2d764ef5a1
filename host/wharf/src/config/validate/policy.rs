//! Load balancing, retries and the breaker.
//!
//! Decides only what goes together: a limit is not below what it limits. Where the limit is the one that was not
//! written, it follows what was, as far as nobody would be surprised; where both were written, only the person who did
//! it knows which of them is wrong.

use std::time::Duration;

use super::{Context, duration};
use crate::config::model::{CircuitBreakerConfig, LoadBalancerConfig, RetryBudgetConfig, RetryConfig, Strategy};
use crate::config::pointer::Pointer;
use crate::config::quantity::duration_text;
use crate::config::raw::{RawCircuitBreaker, RawLoadBalancer, RawRetry, RawRetryBudget, RawStrategy};

pub(super) fn load_balancer(raw: &RawLoadBalancer, context: &mut Context<'_>) -> LoadBalancerConfig {
    let defaults = LoadBalancerConfig::default();
    let strategy = match raw.strategy {
        Some(RawStrategy::RoundRobin) => Strategy::RoundRobin,
        Some(RawStrategy::Weighted) => Strategy::Weighted,
        Some(RawStrategy::LeastConnections) => Strategy::LeastConnections,
        Some(RawStrategy::Latency) => Strategy::Latency,
        None => defaults.strategy,
    };
    let interval = duration(raw.health_check_interval.as_deref(), defaults.health_check_interval);
    // Whoever asks more often than the default time limit did not mean two checks at once.
    let timeout = duration(
        raw.health_check_timeout.as_deref(),
        defaults.health_check_timeout.min(interval),
    );
    let shorter = ("health_check_timeout", timeout);
    in_order("load_balancer", shorter, ("health_check_interval", interval), context);
    LoadBalancerConfig {
        strategy,
        health_check_interval: interval,
        health_check_timeout: timeout,
        unhealthy_threshold: raw.unhealthy_threshold.unwrap_or(defaults.unhealthy_threshold),
        healthy_threshold: raw.healthy_threshold.unwrap_or(defaults.healthy_threshold),
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
        max_retry_after: duration(raw.max_retry_after.as_deref(), defaults.max_retry_after),
        budget: raw.budget.as_ref().map_or(defaults.budget, budget),
    };
    let shorter = ("base_delay", retry.base_delay);
    in_order("retry", shorter, ("max_delay", retry.max_delay), context);
    retry
}

fn budget(raw: &RawRetryBudget) -> RetryBudgetConfig {
    let defaults = RetryBudgetConfig::default();
    RetryBudgetConfig {
        ratio: raw.ratio.unwrap_or(defaults.ratio),
        min_per_second: raw.min_per_second.unwrap_or(defaults.min_per_second),
        window: duration(raw.window.as_deref(), defaults.window),
    }
}

pub(super) fn circuit_breaker(raw: &RawCircuitBreaker, context: &mut Context<'_>) -> CircuitBreakerConfig {
    let defaults = CircuitBreakerConfig::default();
    let reset_timeout = duration(raw.reset_timeout.as_deref(), defaults.reset_timeout);
    // Whoever lets it rest longer than the default limit means that time, and no doubling.
    let max_reset_timeout = duration(
        raw.max_reset_timeout.as_deref(),
        defaults.max_reset_timeout.max(reset_timeout),
    );
    let shorter = ("reset_timeout", reset_timeout);
    in_order(
        "circuit_breaker",
        shorter,
        ("max_reset_timeout", max_reset_timeout),
        context,
    );
    CircuitBreakerConfig {
        failure_threshold: raw.failure_threshold.unwrap_or(defaults.failure_threshold),
        failure_ratio: raw.failure_ratio.unwrap_or(defaults.failure_ratio),
        minimum_requests: raw.minimum_requests.unwrap_or(defaults.minimum_requests),
        window: duration(raw.window.as_deref(), defaults.window),
        reset_timeout,
        max_reset_timeout,
        half_open_max_calls: raw.half_open_max_calls.unwrap_or(defaults.half_open_max_calls),
        slow_start: duration(raw.slow_start.as_deref(), defaults.slow_start),
    }
}

/// Reports that one setting of a section is longer than another that limits it: at the first, unless only the second
/// was written.
fn in_order(section: &str, shorter: (&str, Duration), longer: (&str, Duration), context: &mut Context<'_>) {
    let section_at = Pointer::of(&["ai_services", section]);
    let ((short, low), (long, high)) = (shorter, longer);
    let (short_at, long_at) = (section_at.child(short), section_at.child(long));
    if low <= high || !context.clean(&short_at) || !context.clean(&long_at) {
        return;
    }
    let at = if context.keys(&section_at).contains(&short) {
        &short_at
    } else {
        &long_at
    };
    let (low, high) = (duration_text(low), duration_text(high));
    context.problem(
        at,
        format!("{short} ({low}) is longer than {long} ({high})"),
        format!("write a {short} of at most {high}, or raise {long}"),
    );
}
