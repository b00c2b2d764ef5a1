//! The state of a host as text in columns: what an operator looks at first when something is wrong. Pure.

use crate::admin::wire::{Breaker, Deployment, Health, Key, LastError, Route, State, Target};
use crate::cli::span::{average, span};
use crate::cli::table::Table;

/// A cell that has nothing to say.
const NOTHING: &str = "-";

/// The whole screen.
pub(super) fn render(state: &State) -> String {
    let mut parts = Vec::new();
    if !state.routes.is_empty() {
        parts.push(routes(&state.routes));
    }
    if state.deployments.is_empty() {
        parts.push("no deployments\n".to_owned());
    } else {
        parts.push(deployments(&state.deployments));
    }
    parts.join("\n")
}

fn nothing() -> String {
    NOTHING.to_owned()
}

fn routes(routes: &[Route]) -> String {
    let mut table = Table::new(&[
        "ROUTE",
        "STRATEGY",
        "REQUESTS",
        "OK",
        "FAILED",
        "RETRIES",
        "BUDGET",
        "FALLBACKS",
    ]);
    for route in routes {
        let fallbacks: Vec<String> = route
            .fallbacks
            .iter()
            .map(|(class, next)| format!("{class}→{next}"))
            .collect();
        table.row([
            route.name.clone(),
            route.strategy.clone(),
            route.counts.requests.to_string(),
            route.counts.succeeded.to_string(),
            route.counts.failed.to_string(),
            route.counts.retries.to_string(),
            route.retry_budget.to_string(),
            if fallbacks.is_empty() {
                nothing()
            } else {
                fallbacks.join(", ")
            },
        ]);
    }
    table.render()
}

fn deployments(deployments: &[Deployment]) -> String {
    let mut table = Table::new(&[
        "DEPLOYMENT",
        "MODEL",
        "BREAKER",
        "IN FLIGHT",
        "FIRST TOKEN",
        "ANSWER",
        "LAST ERROR",
        "HEALTH",
        "KEYS",
    ]);
    for deployment in deployments {
        if !deployment.available {
            let reason = deployment.reason.as_deref().unwrap_or("the host did not say why");
            let cells = [deployment.name.clone(), nothing()];
            table.note(cells, &format!("not available: {reason}"));
            continue;
        }
        if deployment.targets.is_empty() {
            table.note([deployment.name.clone(), nothing()], "no route uses it");
        }
        for target in &deployment.targets {
            table.row(cells(deployment, target));
        }
    }
    table.render()
}

fn cells(deployment: &Deployment, target: &Target) -> [String; 9] {
    [
        deployment.name.clone(),
        target.model.clone(),
        breaker(&target.breaker, target.ramp),
        target.in_flight.to_string(),
        target.first_token_ms.map_or_else(nothing, average),
        target.answer_ms.map_or_else(nothing, average),
        target.last_error.as_ref().map_or_else(nothing, last_error),
        deployment.health.as_ref().map_or_else(nothing, health),
        keys(&deployment.keys),
    ]
}

fn breaker(breaker: &Breaker, ramp: f64) -> String {
    match breaker.state.as_str() {
        "closed" if ramp < 1.0 => {
            format!("closed for {}, at {:.0}%", span(breaker.for_ms), ramp * 100.0)
        }
        "closed" => format!("closed for {}", span(breaker.for_ms)),
        "open" => match breaker.next_probe_ms {
            Some(wait) if wait > 0 => format!("open, probe in {}", span(wait)),
            Some(_) | None => "open, probe due".to_owned(),
        },
        "half_open" => format!("half open, {} probing", breaker.probes),
        // A newer host may know more of them.
        other => other.to_owned(),
    }
}

fn last_error(error: &LastError) -> String {
    let status = error.status.map(|status| format!(" ({status})")).unwrap_or_default();
    format!("{}{status} {} ago", error.kind, span(error.ms_ago))
}

fn health(health: &Health) -> String {
    if health.healthy {
        return "ok".to_owned();
    }
    health
        .since_ms
        .map_or_else(|| "ejected".to_owned(), |since| format!("ejected {} ago", span(since)))
}

fn keys(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "no keys".to_owned();
    }
    let count = |state: &str| keys.iter().filter(|key| key.state == state).count();
    let (usable, resting, retired) = (count("usable"), count("resting"), count("retired"));
    let mut told = vec![format!("{usable} usable")];
    if resting > 0 {
        // Of several, the one that is back first.
        let wait = keys.iter().filter_map(|key| key.for_ms).min().unwrap_or_default();
        told.push(format!("{resting} resting for {}", span(wait)));
    }
    if retired > 0 {
        told.push(format!("{retired} retired"));
    }
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn closed(for_ms: u64) -> Value {
        json!({
            "state": "closed", "for_ms": for_ms, "next_probe_ms": null, "probes": 0, "consecutive_failures": 0,
            "window_requests": 0, "window_failures": 0, "trips": 0, "history": [],
        })
    }

    fn with(mut base: Value, changes: Value) -> Value {
        let changes = changes.as_object().cloned().unwrap();
        base.as_object_mut().unwrap().extend(changes);
        base
    }

    fn target(model: &str, changes: Value) -> Value {
        let base = json!({
            "model": model, "breaker": closed(723_000), "in_flight": 0, "first_token_ms": null, "answer_ms": null,
            "ramp": 1.0, "last_error": null,
            "attempts": {"started": 0, "succeeded": 0, "failed": 0, "cancelled": 0},
        });
        with(base, changes)
    }

    fn deployment(name: &str, changes: Value) -> Value {
        let base = json!({
            "name": name, "component": "openai", "available": true, "reason": null, "health": null, "keys": [],
            "targets": [],
        });
        with(base, changes)
    }

    fn route(name: &str, changes: Value) -> Value {
        let base = json!({
            "name": name, "strategy": "round_robin", "members": [], "fallbacks": {}, "retry_budget": 100,
            "counts": {
                "requests": 0, "succeeded": 0, "failed": 0, "cancelled": 0, "retries": 0, "retries_denied": 0,
                "hedges": 0, "fallbacks": 0, "degraded": 0,
            },
        });
        with(base, changes)
    }

    fn screen(routes: &[Value], deployments: &[Value]) -> String {
        let state = json!({"at": "2023-11-14T22:13:20.123Z", "routes": routes, "deployments": deployments});
        render(&serde_json::from_value(state).unwrap())
    }

    #[test]
    fn the_screen_shows_who_answers_and_who_does_not() {
        let counts = json!({
            "requests": 1200, "succeeded": 1199, "failed": 1, "cancelled": 0, "retries": 31, "retries_denied": 0,
            "hedges": 0, "fallbacks": 1, "degraded": 0,
        });
        let busy = json!({"counts": counts, "retry_budget": 87, "fallbacks": {"any": "cheap", "timeout": "b"}});
        let routes = [route("gpt-4", busy), route("cheap", json!({"strategy": "latency"}))];
        let a = target(
            "gpt-4",
            json!({
                "in_flight": 4, "first_token_ms": 210, "answer_ms": 1432,
                "last_error": {"kind": "overloaded", "status": 529, "ms_ago": 3000},
            }),
        );
        let open = with(closed(19_000), json!({"state": "open", "next_probe_ms": 41_000}));
        let late = json!({"kind": "timeout", "status": null, "ms_ago": 19_000});
        let b = target("gpt-4", json!({"breaker": open, "last_error": late}));
        let probing = with(closed(100), json!({"state": "half_open", "probes": 2}));
        let deployments = [
            deployment(
                "a",
                json!({
                    "health": {"healthy": true, "since_ms": null, "checked_ms_ago": 10, "streak": 7},
                    "keys": [
                        {"key": 1, "state": "usable"},
                        {"key": 2, "state": "resting", "for_ms": 12_000},
                        {"key": 3, "state": "usable"},
                    ],
                    "targets": [a, target("o1", json!({"breaker": closed(5000), "ramp": 0.42}))],
                }),
            ),
            deployment(
                "b",
                json!({
                    "health": {"healthy": false, "since_ms": 120_000, "checked_ms_ago": 10, "streak": 4},
                    "targets": [b],
                }),
            ),
            deployment(
                "c",
                json!({"available": false, "reason": "the plugin directory has no component `x`;\nit has `openai`"}),
            ),
            deployment(
                "d",
                json!({
                    "keys": [
                        {"key": 1, "state": "retired", "since_ms": 9000, "kind": "unauthenticated", "status": 401},
                        {"key": 2, "state": "resting", "for_ms": 500},
                        {"key": 3, "state": "resting", "for_ms": 90_000},
                    ],
                    "targets": [target("m", json!({"breaker": probing}))],
                }),
            ),
        ];
        let expected = "\
ROUTE  STRATEGY     REQUESTS  OK    FAILED  RETRIES  BUDGET  FALLBACKS
gpt-4  round_robin  1200      1199  1       31       87      any→cheap, timeout→b
cheap  latency      0         0     0       0        100     -

DEPLOYMENT  MODEL  BREAKER                IN FLIGHT  FIRST TOKEN  ANSWER  LAST ERROR               HEALTH          KEYS
a           gpt-4  closed for 12m 3s      4          210ms        1.4s    overloaded (529) 3s ago  ok              2 usable, 1 resting for 12s
a           o1     closed for 5s, at 42%  0          -            -       -                        ok              2 usable, 1 resting for 12s
b           gpt-4  open, probe in 41s     0          -            -       timeout 19s ago          ejected 2m ago  no keys
c           -      not available: the plugin directory has no component `x`; it has `openai`
d           m      half open, 2 probing   0          -            -       -                        -               0 usable, 2 resting for 500ms, 1 retired
";
        assert_eq!(screen(&routes, &deployments), expected);
    }

    #[test]
    fn a_host_with_nothing_says_so() {
        assert_eq!(screen(&[], &[]), "no deployments\n");
    }

    #[test]
    fn a_deployment_without_a_route_is_not_left_out() {
        let unused = screen(&[], &[deployment("spare", json!({}))]);
        assert!(unused.contains("\nspare       -      no route uses it\n"), "{unused}");
    }

    #[test]
    fn a_probe_that_is_due_is_not_counted_down() {
        let told = |next: Option<u64>| {
            let value = with(closed(0), json!({"state": "open", "next_probe_ms": next}));
            breaker(&serde_json::from_value(value).unwrap(), 1.0)
        };
        assert_eq!(told(Some(0)), "open, probe due");
        assert_eq!(told(None), "open, probe due");
        assert_eq!(told(Some(1500)), "open, probe in 1s");
    }
}
