//! Who is asked: the shares of the strategies, what health checks and recovery change about them, and tiers.

mod scripted;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, advance};
use wharf_policy::status::BreakerState;
use wharf_policy::{Form, HealthChange, Route, Strategy};
use wharf_types::{DeploymentName, ErrorKind};

use scripted::{
    MILLISECOND, OPEN, SECOND, Vendor, answer, ask, breaker, fail, member, open, play, read, rng, route, say, stop,
    target, text, trip,
};

/// How often each is picked. Nobody is kept in flight.
fn shares(route: &Route, picks: u32) -> BTreeMap<String, u32> {
    let mut rng = rng();
    let mut shares: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..picks {
        let running = route.balancer().select(Form::Whole, &mut rng);
        let running = running.expect("somebody admits");
        *shares.entry(running.target().deployment().to_string()).or_default() += 1;
    }
    shares
}

fn share(shares: &BTreeMap<String, u32>, deployment: &str) -> u32 {
    shares.get(deployment).copied().unwrap_or(0)
}

/// Has a member answer after so long.
async fn measure(route: &Route, deployment: &str, took: Duration) {
    let running = target(route, deployment).begin(false, Form::Whole, Instant::now());
    advance(took).await;
    running.expect("it admits").answered(Instant::now()).ended();
}

fn name(deployment: &str) -> DeploymentName {
    DeploymentName::new(deployment).expect("a test names its vendors well")
}

// ---- strategies -----------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn in_turn_everybody_gets_the_same() {
    let vendors = ["a", "b", "c", "d"].map(Vendor::new);
    let chat = vendors
        .iter()
        .fold(route("chat"), |plan, vendor| plan.with(vendor))
        .build();
    let shares = shares(&chat, 10_000);
    assert_eq!(shares.into_values().collect::<Vec<_>>(), [2500; 4]);
}

#[tokio::test(start_paused = true)]
async fn weights_are_kept_within_a_hundredth() {
    let (a, b, c) = (Vendor::new("a"), Vendor::new("b"), Vendor::new("c"));
    let chat = route("chat")
        .strategy(Strategy::Weighted)
        .with(member(&a).weight(70))
        .with(member(&b).weight(29))
        .with(member(&c).weight(1))
        .build();
    let shares = shares(&chat, 10_000);
    for (deployment, due) in [("a", 7000), ("b", 2900), ("c", 100)] {
        let share = share(&shares, deployment);
        assert!(
            share.abs_diff(due) <= 100,
            "{deployment}: {share} instead of {due} of 10000"
        );
    }

    for _ in 0..1000 {
        ask(&chat).await.unwrap();
    }
    let calls = [a.calls(), b.calls(), c.calls()];
    for (calls, due) in calls.into_iter().zip([700_usize, 290, 10]) {
        assert!(
            calls.abs_diff(due) <= 10,
            "requests go where picks go: {calls} instead of {due} of 1000"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_as_a_connection_until_its_last_byte() {
    let a = Vendor::new("a").otherwise(play([say([text("x")]), say([text("y")]), say([stop()])]));
    let b = Vendor::new("b");
    let chat = route("chat")
        .strategy(Strategy::LeastConnections)
        .with(&a)
        .with(&b)
        .build();
    let mut stream = open(&chat).await.unwrap().value;
    assert_eq!(a.calls(), 1, "equals take turns, and the first has the first one");
    for _ in 0..2 {
        assert!(!stream.next().await.unwrap().is_empty());
        assert_eq!(share(&shares(&chat, 100), "b"), 100, "the other one is less busy");
    }
    let (_, error) = read(&mut stream).await;
    assert!(error.is_none());
    assert_eq!(target(&chat, "a").load().in_flight(), 0);
    assert_eq!(share(&shares(&chat, 100), "a"), 50, "it is as idle as the other one");
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_as_a_connection_until_it_is_dropped() {
    let a = Vendor::new("a").otherwise(play([say([text("x")]), say([text("y")])]));
    let b = Vendor::new("b");
    let chat = route("chat")
        .strategy(Strategy::LeastConnections)
        .with(&a)
        .with(&b)
        .build();
    let stream = open(&chat).await.unwrap().value;
    assert_eq!(
        share(&shares(&chat, 100), "b"),
        100,
        "nobody has read it, and it is there all the same"
    );
    drop(stream);
    assert_eq!(share(&shares(&chat, 100), "a"), 50);
}

#[tokio::test(start_paused = true)]
async fn the_faster_one_is_preferred_and_the_slower_one_is_not_forgotten() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat").strategy(Strategy::Latency).with(&a).with(&b).build();
    measure(&chat, "a", SECOND).await;
    measure(&chat, "b", MILLISECOND * 100).await;
    assert_eq!(share(&shares(&chat, 1000), "b"), 1000, "of two the better one is taken");

    advance(SECOND * 120).await;
    measure(&chat, "b", MILLISECOND * 100).await;
    assert_eq!(
        share(&shares(&chat, 1), "a"),
        1,
        "what was slow two minutes ago may be fast now"
    );
}

// ---- health and probes -----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn failed_health_checks_eject_and_good_ones_restore() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).build();
    let update = |healthy| chat.balancer().update_health(&name("a"), healthy);
    assert_eq!([false, false].map(update), [None, None], "two bad checks may be chance");
    assert_eq!(share(&shares(&chat, 100), "a"), 50);
    assert_eq!(update(false), Some(HealthChange::Ejected));
    assert_eq!(share(&shares(&chat, 100), "a"), 0);
    assert_eq!(update(true), None, "one good check may be chance");
    assert_eq!(share(&shares(&chat, 100), "a"), 0);
    assert_eq!(update(true), Some(HealthChange::Restored));
    assert_eq!(share(&shares(&chat, 100), "a"), 50);
    assert_eq!(
        chat.balancer().update_health(&name("x"), false),
        None,
        "nobody of that name is here"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_to_be_probed_is_asked_first() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat").with(&a).with(member(&b).trips_after(1)).build();
    trip(&chat, "b");
    assert_eq!(share(&shares(&chat, 100), "b"), 0);
    advance(OPEN).await;

    let select = || chat.balancer().select(Form::Whole, &mut rng()).unwrap();
    let probe = select();
    assert_eq!(
        probe.target().deployment().as_str(),
        "b",
        "a breaker that waits for its turn waits for long"
    );
    assert_eq!(share(&shares(&chat, 100), "b"), 0, "one probe was allowed");
    drop(probe);
    assert_eq!(
        select().target().deployment().as_str(),
        "b",
        "a cancelled probe is no probe"
    );

    ask(&chat).await.unwrap();
    assert_eq!((a.calls(), b.calls()), (0, 1));
    assert_eq!(breaker(&chat, "b").state, BreakerState::Closed);
}

// ---- tiers and recovery ---------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_higher_tier_is_used_while_no_lower_one_admits() {
    let a = Vendor::new("a").then(fail(ErrorKind::Overloaded));
    let b = Vendor::new("b");
    let chat = route("chat")
        .with(member(&b).tier(1))
        .with(member(&a).trips_after(1))
        .build();
    for _ in 0..10 {
        ask(&chat).await.unwrap();
    }
    assert_eq!((a.calls(), b.calls()), (1, 10), "it stands in from the failure on");
    advance(OPEN).await;
    for _ in 0..10 {
        ask(&chat).await.unwrap();
    }
    assert_eq!(
        (a.calls(), b.calls()),
        (11, 10),
        "without a slow start everything returns at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_higher_tier_is_also_used_when_the_lower_one_has_failed_this_request() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Overloaded));
    let b = Vendor::new("b").otherwise(answer("b"));
    let chat = route("chat").with(&a).with(member(&b).tier(1)).build();
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(ask(&chat).await.unwrap().value.text(), "b");
    }
    assert_eq!(
        (a.calls(), b.calls()),
        (5, 5),
        "the lower tier admits, so it is asked first each time"
    );
    assert_eq!(Instant::now() - start, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_recovered_deployment_gets_its_turns_back_little_by_little() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat")
        .with(member(&a).trips_after(1).slow_start(SECOND * 30))
        .with(&b)
        .build();
    trip(&chat, "a");
    advance(OPEN).await;
    ask(&chat).await.unwrap();
    assert_eq!(
        (a.calls(), breaker(&chat, "a").state),
        (1, BreakerState::Closed),
        "it was probed"
    );

    // It has half of the turns when it has all of its own.
    let mut ramp = Vec::new();
    for _ in 0..=3 {
        ramp.push(share(&shares(&chat, 10_000), "a"));
        advance(SECOND * 10).await;
    }
    for (share, due) in ramp.iter().zip([500_u32, 2000, 3500, 5000]) {
        assert!(
            share.abs_diff(due) <= 300,
            "{ramp:?}: {share} instead of {due} of 10000"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn requests_return_to_a_recovered_tier_little_by_little_while_the_next_one_stands_in() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat")
        .with(member(&a).trips_after(1).slow_start(SECOND * 30))
        .with(member(&b).tier(1))
        .build();
    trip(&chat, "a");
    advance(OPEN).await;
    ask(&chat).await.unwrap();
    let mut ramp = Vec::new();
    for _ in 0..=3 {
        ramp.push(share(&shares(&chat, 10_000), "a"));
        advance(SECOND * 10).await;
    }
    for (share, due) in ramp.iter().zip([1000_u32, 4000, 7000, 10_000]) {
        assert!(
            share.abs_diff(due) <= 300,
            "{ramp:?}: {share} instead of {due} of 10000"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_goes_to_whoever_has_failed_least() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastConnections, Strategy::Latency] {
        let (a, b) = (
            Vendor::new("a").otherwise(fail(ErrorKind::Overloaded)),
            Vendor::new("b").otherwise(fail(ErrorKind::Overloaded)),
        );
        let c = Vendor::new("c");
        let chat = route("chat")
            .strategy(strategy)
            .with(member(&a).trips_after(1000))
            .with(member(&b).trips_after(1000))
            .with(&c)
            .build();
        for _ in 0..3 {
            ask(&chat).await.unwrap();
        }
        for _ in 0..30 {
            let answered = ask(&chat).await.unwrap();
            assert!(
                answered.attempts <= 2,
                "{strategy:?}: the second attempt must not be left to luck"
            );
        }
    }
}
