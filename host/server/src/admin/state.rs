//! From the host's state to its shape on the wire. Pure: what "now" is, is in the state; the wall time only labels
//! it.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use wharf::status::{BreakerStatus, HealthState, KeyState, LastError, RouteStatus, TargetStatus};
use wharf::{DeploymentReport, HostState};

use super::wire;

/// What there is, in the order in which it is given.
pub(super) fn render(host: &HostState, wall: SystemTime) -> wire::State {
    let clock = Clock(host.at);
    wire::State {
        at: humantime::format_rfc3339_millis(wall).to_string(),
        routes: host.routes.iter().map(route).collect(),
        deployments: host
            .deployments
            .iter()
            .map(|report| deployment(report, clock))
            .collect(),
    }
}

/// The moment from which everything is measured.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    /// How long ago an instant was.
    fn ago(self, past: Instant) -> u64 {
        milliseconds(self.0.saturating_duration_since(past))
    }

    /// How long until an instant; zero when it is past.
    fn until(self, future: Instant) -> u64 {
        milliseconds(future.saturating_duration_since(self.0))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn route(route: &RouteStatus) -> wire::Route {
    let members = route.members.iter().map(|member| wire::Member {
        deployment: member.deployment.as_str().to_owned(),
        model: member.model.clone(),
        priority: member.priority,
        weight: member.weight,
    });
    let counts = &route.counts;
    wire::Route {
        name: route.name.clone(),
        strategy: route.strategy.to_owned(),
        members: members.collect(),
        fallbacks: route.fallbacks.iter().cloned().collect(),
        retry_budget: route.budget,
        counts: wire::Counts {
            requests: counts.requests,
            succeeded: counts.succeeded,
            failed: counts.failed,
            cancelled: counts.cancelled,
            retries: counts.retries,
            retries_denied: counts.retries_denied,
            hedges: counts.hedges,
            fallbacks: counts.fallbacks,
            degraded: counts.degraded,
        },
    }
}

fn deployment(report: &DeploymentReport, clock: Clock) -> wire::Deployment {
    let keys = report.keys.iter().enumerate();
    wire::Deployment {
        name: report.name.clone(),
        component: report.component.clone(),
        available: report.unavailable.is_none(),
        reason: report.unavailable.clone(),
        health: report.health.as_ref().map(|state| health(state, clock)),
        keys: keys.map(|(at, state)| key(at + 1, state, clock)).collect(),
        targets: report.targets.iter().map(|status| target(status, clock)).collect(),
    }
}

fn health(state: &HealthState, clock: Clock) -> wire::Health {
    wire::Health {
        healthy: state.healthy,
        since_ms: state.since.map(|since| clock.ago(since)),
        checked_ms_ago: state.checked.map(|checked| clock.ago(checked)),
        streak: state.streak,
    }
}

fn key(key: usize, state: &KeyState, clock: Clock) -> wire::Key {
    let plain = |state: &str| wire::Key {
        key,
        state: state.to_owned(),
        for_ms: None,
        since_ms: None,
        kind: None,
        status: None,
    };
    match state {
        KeyState::Usable => plain("usable"),
        KeyState::Resting { until } => wire::Key {
            for_ms: Some(clock.until(*until)),
            ..plain("resting")
        },
        KeyState::Retired { since, kind, status } => wire::Key {
            since_ms: Some(clock.ago(*since)),
            kind: Some(kind.as_str().to_owned()),
            status: *status,
            ..plain("retired")
        },
    }
}

fn target(status: &TargetStatus, clock: Clock) -> wire::Target {
    let attempts = &status.attempts;
    wire::Target {
        model: status.model.clone(),
        breaker: breaker(&status.breaker, clock),
        in_flight: status.in_flight,
        first_token_ms: status.first_token.map(milliseconds),
        answer_ms: status.answer.map(milliseconds),
        ramp: status.ramp,
        last_error: status.last_error.as_ref().map(|error| last_error(error, clock)),
        attempts: wire::Attempts {
            started: attempts.started,
            succeeded: attempts.succeeded,
            failed: attempts.failed,
            cancelled: attempts.cancelled,
        },
    }
}

fn breaker(breaker: &BreakerStatus, clock: Clock) -> wire::Breaker {
    let history = breaker.history.iter().map(|change| wire::Change {
        ms_ago: clock.ago(change.at),
        from: change.from.as_str().to_owned(),
        to: change.to.as_str().to_owned(),
        cause: change.cause.as_str().to_owned(),
    });
    wire::Breaker {
        state: breaker.state.as_str().to_owned(),
        for_ms: clock.ago(breaker.since),
        next_probe_ms: breaker.next_probe.map(|at| clock.until(at)),
        probes: breaker.probes,
        consecutive_failures: breaker.consecutive_failures,
        window_requests: breaker.window_requests,
        window_failures: breaker.window_failures,
        trips: breaker.trips,
        history: history.collect(),
    }
}

fn last_error(error: &LastError, clock: Clock) -> wire::LastError {
    wire::LastError {
        kind: error.kind.as_str().to_owned(),
        status: error.status,
        ms_ago: clock.ago(error.at),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wharf::status::{AttemptCounts, BreakerState, Cause, MemberStatus, RouteCounts, Transition};
    use wharf::{DeploymentName, ErrorKind, Phase};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn name() -> DeploymentName {
        DeploymentName::new("a").unwrap()
    }

    fn open_target(now: Instant) -> TargetStatus {
        TargetStatus {
            deployment: name(),
            model: "m".to_owned(),
            breaker: BreakerStatus {
                state: BreakerState::Open,
                since: now - 19 * SECOND,
                next_probe: Some(now + 41 * SECOND),
                probes: 0,
                consecutive_failures: 5,
                window_requests: 9,
                window_failures: 6,
                trips: 1,
                history: vec![Transition {
                    at: now - 19 * SECOND,
                    from: BreakerState::Closed,
                    to: BreakerState::Open,
                    cause: Cause::ConsecutiveFailures,
                }],
            },
            in_flight: 2,
            first_token: Some(Duration::from_micros(210_900)),
            answer: None,
            ramp: 0.5,
            last_error: Some(LastError {
                kind: ErrorKind::Timeout(Phase::FirstToken),
                status: None,
                at: now - 3 * SECOND,
            }),
            attempts: AttemptCounts {
                started: 12,
                succeeded: 4,
                failed: 6,
                cancelled: 0,
            },
        }
    }

    fn whole(now: Instant) -> HostState {
        HostState {
            at: now,
            routes: vec![RouteStatus {
                name: "gpt-4".to_owned(),
                strategy: "round_robin",
                members: vec![MemberStatus {
                    deployment: name(),
                    model: "m".to_owned(),
                    priority: 0,
                    weight: 1,
                }],
                fallbacks: vec![("any".to_owned(), "cheap".to_owned())],
                budget: 100,
                counts: RouteCounts {
                    requests: 1,
                    succeeded: 2,
                    failed: 3,
                    cancelled: 4,
                    retries: 5,
                    retries_denied: 6,
                    hedges: 7,
                    fallbacks: 8,
                    degraded: 9,
                },
            }],
            deployments: vec![
                DeploymentReport {
                    name: "a".to_owned(),
                    component: "openai".to_owned(),
                    unavailable: None,
                    health: Some(HealthState {
                        healthy: false,
                        since: Some(now - 2 * SECOND),
                        checked: Some(now - SECOND),
                        streak: 3,
                    }),
                    keys: vec![
                        KeyState::Usable,
                        KeyState::Resting {
                            until: now + 12 * SECOND,
                        },
                        KeyState::Retired {
                            since: now - 60 * SECOND,
                            kind: ErrorKind::Unauthenticated,
                            status: Some(401),
                        },
                    ],
                    targets: vec![open_target(now)],
                },
                DeploymentReport {
                    name: "c".to_owned(),
                    component: "x".to_owned(),
                    unavailable: Some("no component `x`".to_owned()),
                    health: None,
                    keys: Vec::new(),
                    targets: Vec::new(),
                },
            ],
        }
    }

    #[test]
    fn instants_become_milliseconds_from_the_moment_of_the_state() {
        let now = Instant::now() + 3600 * SECOND;
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let rendered = serde_json::to_value(render(&whole(now), wall)).unwrap();
        assert_eq!(
            rendered,
            json!({
                "at": "2023-11-14T22:13:20.123Z",
                "routes": [{
                    "name": "gpt-4", "strategy": "round_robin",
                    "members": [{"deployment": "a", "model": "m", "priority": 0, "weight": 1}],
                    "fallbacks": {"any": "cheap"}, "retry_budget": 100,
                    "counts": {
                        "requests": 1, "succeeded": 2, "failed": 3, "cancelled": 4, "retries": 5,
                        "retries_denied": 6, "hedges": 7, "fallbacks": 8, "degraded": 9,
                    },
                }],
                "deployments": [
                    {
                        "name": "a", "component": "openai", "available": true, "reason": null,
                        "health": {"healthy": false, "since_ms": 2000, "checked_ms_ago": 1000, "streak": 3},
                        "keys": [
                            {"key": 1, "state": "usable"},
                            {"key": 2, "state": "resting", "for_ms": 12000},
                            {"key": 3, "state": "retired", "since_ms": 60000, "kind": "unauthenticated", "status": 401},
                        ],
                        "targets": [{
                            "model": "m",
                            "breaker": {
                                "state": "open", "for_ms": 19000, "next_probe_ms": 41000, "probes": 0,
                                "consecutive_failures": 5, "window_requests": 9, "window_failures": 6, "trips": 1,
                                "history": [{
                                    "ms_ago": 19000, "from": "closed", "to": "open", "cause": "consecutive_failures",
                                }],
                            },
                            "in_flight": 2, "first_token_ms": 210, "answer_ms": null, "ramp": 0.5,
                            "last_error": {"kind": "timeout", "status": null, "ms_ago": 3000},
                            "attempts": {"started": 12, "succeeded": 4, "failed": 6, "cancelled": 0},
                        }],
                    },
                    {
                        "name": "c", "component": "x", "available": false, "reason": "no component `x`",
                        "health": null, "keys": [], "targets": [],
                    },
                ],
            })
        );
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        let now = Instant::now() + 3600 * SECOND;
        let state = render(&whole(now), SystemTime::UNIX_EPOCH);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<wire::State>(&text).unwrap(), state);
    }

    #[test]
    fn a_moment_on_the_wrong_side_is_now() {
        let now = Instant::now() + 3600 * SECOND;
        let clock = Clock(now);
        assert_eq!((clock.ago(now + SECOND), clock.until(now - SECOND)), (0, 0));
    }
}
