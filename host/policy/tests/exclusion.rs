//! Who is not asked: whoever is ejected, tripped, resting or refused is never picked while another admits, however
//! picks are made; and what becomes of a request when nobody admits.

mod scripted;

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::any;
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use proptest::{collection, option, prop_assert};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use tokio::time::{Instant, advance};
use wharf_policy::{Availability, Form, Pass, Route, Running, Strategy};
use wharf_types::{DeploymentName, ErrorKind};

use scripted::{OPEN, SECOND, Vendor, ask, breaker, fail, limited, member, refused, route, target, trip};

/// What a member is put through before anybody is picked.
#[derive(Debug, Clone)]
struct Condition {
    tier: u32,
    healthy: bool,
    /// 0: closed, 1: open, 2: half open, 3: half open, and being probed.
    breaker: u32,
    /// 0: usable, 1: resting, 2: refused.
    key: u32,
    in_flight: u32,
    /// In milliseconds.
    latency: Option<u64>,
}

fn condition() -> impl proptest::strategy::Strategy<Value = Condition> {
    let latency = option::of(1_u64..5000);
    (0_u32..2, any::<bool>(), 0_u32..4, 0_u32..3, 0_u32..4, latency).prop_map(
        |(tier, healthy, breaker, key, in_flight, latency)| Condition {
            tier,
            healthy,
            breaker,
            key,
            in_flight,
            latency,
        },
    )
}

/// Puts a member into its condition. What comes back keeps it there.
fn put(route: &Route, deployment: &str, condition: &Condition) -> (Vec<Running>, Option<Pass>) {
    let (target, now) = (target(route, deployment), Instant::now());
    if let Some(latency) = condition.latency {
        let running = target.begin(false, Form::Streamed, now).expect("it is fresh");
        let answered = now + Duration::from_millis(latency);
        running.answered(answered).ended();
    }
    let in_flight = (0..condition.in_flight)
        .filter_map(|_| target.begin(false, Form::Streamed, now))
        .collect();
    let mut probe = None;
    if condition.breaker >= 1 {
        trip(route, deployment);
    }
    if condition.breaker >= 2 {
        // As if the time had passed; only this breaker is told so.
        let _ = target.breaker().readiness(now + OPEN);
    }
    if condition.breaker >= 3 {
        probe = target.breaker().enter(now).ok();
    }
    match condition.key {
        1 => target.standing().on_error(0, &limited(SECOND * 60), now),
        2 => target.standing().on_error(0, &refused(401), now),
        _ => {}
    }
    let name = DeploymentName::new(deployment).expect("members have good names");
    for _ in 0..3 {
        route.balancer().update_health(&name, condition.healthy);
    }
    (in_flight, probe)
}

/// Picks 200 times, with up to five picks in flight.
fn check(strategy: Strategy, conditions: &[Condition], seed: u64) -> Result<(), TestCaseError> {
    let names: Vec<String> = (0..conditions.len()).map(|at| format!("m{at}")).collect();
    let mut plan = route("chat").strategy(strategy);
    for (name, condition) in names.iter().zip(conditions) {
        let vendor = Vendor::new(name);
        plan = plan.with(member(&vendor).tier(condition.tier).trips_after(1));
    }
    let chat = plan.build();
    let pairs = names.iter().zip(conditions);
    let _kept: Vec<_> = pairs.map(|(name, condition)| put(&chat, name, condition)).collect();
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut picked: Vec<Running> = Vec::new();
    for _ in 0..200 {
        let now = Instant::now();
        let before: BTreeMap<String, Availability> = names
            .iter()
            .map(|name| (name.clone(), target(&chat, name).availability(now)))
            .collect();
        let admits =
            |availability: &Availability| matches!(availability, Availability::Ready { .. } | Availability::Probe);
        let anybody = before.values().any(admits);
        let Ok(running) = chat.balancer().select(Form::Streamed, &mut rng) else {
            prop_assert!(!anybody, "somebody must be picked of {before:?}");
            continue;
        };
        let one = before[running.target().deployment().as_str()];
        prop_assert!(admits(&one) || !anybody, "{one:?} was picked of {before:?}");
        // Not even where nobody admits: the vendor says no, or when, or the breaker has all its probes.
        let never = matches!(
            one,
            Availability::Resting { .. } | Availability::Refused { .. } | Availability::Tripped { until: None }
        );
        prop_assert!(!never, "{one:?} was picked, whoever else there is");
        picked.push(running);
        if picked.len() > 5 {
            drop(picked.remove(0));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whoever_is_ejected_or_tripped_is_not_picked_while_another_admits() {
    let strategies = [
        Strategy::RoundRobin,
        Strategy::Weighted,
        Strategy::LeastConnections,
        Strategy::Latency,
    ];
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (collection::vec(condition(), 1..=6), any::<u64>());
    let result = runner.run(&cases, |(conditions, seed)| {
        strategies
            .into_iter()
            .try_for_each(|strategy| check(strategy, &conditions, seed))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_everybody_tripped_somebody_is_asked_all_the_same() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(member(&b).trips_after(1))
        .build();
    trip(&chat, "a");
    trip(&chat, "b");
    ask(&chat).await.unwrap();
    assert_eq!(a.calls() + b.calls(), 1, "the fault may be the host's own");

    a.change(fail(ErrorKind::Overloaded));
    b.change(fail(ErrorKind::Overloaded));
    ask(&chat).await.unwrap_err();
    assert_eq!(a.calls() + b.calls(), 4, "and it has its attempts");
    assert_eq!(
        (breaker(&chat, "a").trips, breaker(&chat, "b").trips),
        (1, 1),
        "that tells the breakers nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_tripped_deployment_is_not_asked() {
    let a = Vendor::new("a");
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    trip(&chat, "a");
    let error = ask(&chat).await.unwrap_err();
    assert_eq!((error.kind(), a.calls()), (ErrorKind::NoDeployment, 0));
    let wait = error.retry_after().unwrap();
    assert!(
        wait >= SECOND * 60 && wait <= SECOND * 66,
        "until it is probed: {wait:?}"
    );
    advance(wait).await;
    ask(&chat).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tripped_deployment_is_believed_while_another_is_well() {
    let (a, b) = (
        Vendor::new("a"),
        Vendor::new("b").otherwise(fail(ErrorKind::Overloaded)),
    );
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(member(&b).max_retries(0))
        .build();
    trip(&chat, "a");
    ask(&chat).await.unwrap_err();
    assert_eq!(
        (a.calls(), b.calls()),
        (0, 1),
        "b may not be asked again, and is well for all that"
    );
}

#[tokio::test(start_paused = true)]
async fn an_ejected_deployment_whose_breaker_is_open_too_is_no_better_than_a_tripped_one() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(member(&b).trips_after(1))
        .build();
    trip(&chat, "b");
    advance(SECOND).await;
    trip(&chat, "a");
    let name = DeploymentName::new("a").unwrap();
    for _ in 0..3 {
        chat.balancer().update_health(&name, false);
    }
    ask(&chat).await.unwrap();
    assert_eq!((a.calls(), b.calls()), (0, 1), "b is back sooner, and healthy");
}
