//! A client that goes away: whatever its request was doing, everything it held is given back, and nobody is blamed.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, timeout};
use wharf_policy::status::{AttemptCounts, BreakerState, Cause};
use wharf_policy::{Route, Strategy};
use wharf_types::ErrorKind;

use scripted::{
    MILLISECOND, OPEN, SECOND, Step, Vendor, answer, ask, breaker, counts, fail, hang, limited, member, open, play,
    route, say, start, target, text, tried, trip,
};

/// Clients that go away in each test.
const CLIENTS: usize = 10_000;
/// How many of them are there at a time.
const SIDE_BY_SIDE: usize = 100;
/// How long a client waits when nothing else matters.
const PATIENCE: Duration = Duration::from_millis(10);

/// Asks for whole answers; every client goes away after its patience is over.
async fn abandon(route: &Arc<Route>, patience: Duration) {
    for _ in 0..CLIENTS / SIDE_BY_SIDE {
        let clients = (0..SIDE_BY_SIDE).map(|_| timeout(patience, ask(route)));
        for result in join_all(clients).await {
            assert!(result.is_err(), "every client must still be waiting when it goes");
        }
    }
}

/// The same for streams that have not said anything yet.
async fn abandon_unopened(route: &Arc<Route>, patience: Duration) {
    for _ in 0..CLIENTS / SIDE_BY_SIDE {
        let clients = (0..SIDE_BY_SIDE).map(|_| timeout(patience, open(route)));
        for result in join_all(clients).await {
            assert!(result.is_err(), "every client must still be waiting when it goes");
        }
    }
}

/// Everything a route has begun has ended in one way, and nothing is left of it.
fn settled(route: &Route) {
    let ends = counts(route);
    assert_eq!(
        ends.requests,
        ends.succeeded + ends.failed + ends.cancelled + ends.fallbacks,
        "every request ends once"
    );
    for member in route.balancer().members() {
        let name = member.target.deployment().as_str();
        assert_eq!(member.target.load().in_flight(), 0, "{name} is idle");
        assert_eq!(breaker(route, name).probes, 0, "{name} is not being probed");
        let attempts = tried(route, name);
        assert_eq!(
            attempts.started,
            attempts.succeeded + attempts.failed + attempts.cancelled,
            "every attempt with {name} ends once"
        );
    }
}

/// So many attempts, and nobody waited for one of them.
fn all_cancelled(attempts: usize) -> AttemptCounts {
    AttemptCounts {
        started: attempts as u64,
        cancelled: attempts as u64,
        ..AttemptCounts::default()
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_to_ask_again() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Overloaded));
    let chat = route("chat").with(&a).build();
    abandon(&chat, SECOND / 2).await;
    settled(&chat);
    let ends = counts(&chat);
    assert_eq!(
        (ends.cancelled, ends.failed),
        (CLIENTS as u64, 0),
        "the client went before there was an end"
    );
    assert_eq!(
        tried(&chat, "a").failed,
        CLIENTS as u64,
        "the attempts had failed before"
    );
    advance(SECOND * 60).await;
    assert_eq!(
        (a.calls(), a.dropped()),
        (CLIENTS, 0),
        "nobody asks for a client that is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_a_key_to_have_rested() {
    let a = Vendor::new("a");
    let chat = route("chat").with(&a).build();
    target(&chat, "a")
        .standing()
        .on_error(0, &limited(SECOND * 30), Instant::now());
    abandon(&chat, PATIENCE).await;
    settled(&chat);
    assert_eq!(counts(&chat).cancelled, CLIENTS as u64);
    advance(SECOND * 60).await;
    assert_eq!(a.calls(), 0, "nobody asks for a client that is gone");
    ask(&chat).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_the_answer() {
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    abandon(&chat, PATIENCE).await;
    settled(&chat);
    assert_eq!((counts(&chat).cancelled, counts(&chat).failed), (CLIENTS as u64, 0));
    assert_eq!(tried(&chat, "a"), all_cancelled(CLIENTS), "cancelled is not failed");
    assert_eq!(
        (a.calls(), a.dropped(), a.running()),
        (CLIENTS, CLIENTS, 0),
        "the vendor need not go on"
    );
    assert_eq!(a.peak(), SIDE_BY_SIDE);
    let breaker = breaker(&chat, "a");
    assert_eq!(
        (breaker.state, breaker.window_requests),
        (BreakerState::Closed, 0),
        "nobody is blamed"
    );
    assert_eq!(target(&chat, "a").last_error(), None);
}

#[tokio::test(start_paused = true)]
async fn while_a_stream_has_not_begun() {
    for turn in [hang(), play([say([start()]), Step::Hang])] {
        let a = Vendor::new("a").otherwise(turn);
        let chat = route("chat").with(member(&a).trips_after(1)).build();
        abandon_unopened(&chat, PATIENCE).await;
        settled(&chat);
        assert_eq!((counts(&chat).cancelled, counts(&chat).failed), (CLIENTS as u64, 0));
        assert_eq!(tried(&chat, "a"), all_cancelled(CLIENTS));
        assert_eq!((a.dropped(), a.running()), (CLIENTS, 0));
        assert_eq!(breaker(&chat, "a").window_requests, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_middle_of_a_stream() {
    let a = Vendor::new("a").otherwise(play([say([start(), text("x")]), Step::Hang]));
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    for client in 0..CLIENTS {
        let mut stream = open(&chat).await.unwrap().value;
        // Some have not read anything, some stop reading, some go while they wait for more.
        if client % 3 >= 1 {
            assert!(!stream.next().await.unwrap().is_empty());
        }
        if client % 3 == 2 {
            assert!(timeout(PATIENCE, stream.next()).await.is_err());
            assert_eq!(a.running(), 0, "what is dropped while it waits is over at once");
        }
        drop(stream);
        assert_eq!(target(&chat, "a").load().in_flight(), 0);
    }
    settled(&chat);
    assert_eq!((counts(&chat).cancelled, counts(&chat).succeeded), (CLIENTS as u64, 0));
    assert_eq!(tried(&chat, "a"), all_cancelled(CLIENTS));
    assert_eq!((a.dropped(), a.running()), (CLIENTS, 0));
    assert_eq!(
        breaker(&chat, "a").window_failures,
        0,
        "they had begun well, and that is all that is known"
    );
}

#[tokio::test(start_paused = true)]
async fn while_two_deployments_are_asked() {
    let (a, b) = (Vendor::new("a").otherwise(hang()), Vendor::new("b").otherwise(hang()));
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(member(&b).trips_after(1))
        .hedge(Some(SECOND))
        .build();
    abandon(&chat, SECOND * 2).await;
    settled(&chat);
    let ends = counts(&chat);
    assert_eq!(
        (ends.cancelled, ends.failed, ends.hedges),
        (CLIENTS as u64, 0, CLIENTS as u64)
    );
    for (deployment, vendor) in [("a", &a), ("b", &b)] {
        assert_eq!(
            tried(&chat, deployment),
            all_cancelled(CLIENTS),
            "both, of every request"
        );
        assert_eq!((vendor.dropped(), vendor.running()), (CLIENTS, 0));
        assert_eq!(breaker(&chat, deployment).state, BreakerState::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_a_probe() {
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    trip(&chat, "a");
    advance(OPEN).await;
    for client in 0..CLIENTS {
        assert!(timeout(MILLISECOND, ask(&chat)).await.is_err());
        assert_eq!(a.calls(), client + 1, "the permit of the last probe came back");
    }
    settled(&chat);
    assert_eq!(tried(&chat, "a"), all_cancelled(CLIENTS));
    assert_eq!(
        breaker(&chat, "a").state,
        BreakerState::HalfOpen,
        "a probe that was cancelled at once says nothing"
    );
    a.change(answer("a"));
    ask(&chat).await.unwrap();
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_hangs_while_it_is_probed_does_not_take_every_request() {
    let (a, b) = (Vendor::new("a").otherwise(hang()), Vendor::new("b"));
    let probes = 3;
    let chat = route("chat")
        .with(member(&a).trips_after(1).probes(probes))
        .with(&b)
        .build();
    trip(&chat, "a");
    advance(OPEN).await;
    let mut given_up = 0;
    for _ in 0..100 {
        given_up += u32::from(timeout(SECOND * 2, ask(&chat)).await.is_err());
    }
    assert_eq!(given_up, probes, "as many as it needs to find out, and no more");
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open);
    assert_eq!(
        breaker(&chat, "a").history.last().unwrap().cause,
        Cause::ProbesAbandoned
    );
    assert_eq!(breaker(&chat, "b").state, BreakerState::Closed);
    settled(&chat);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_hangs_is_known_to_be_slow_though_nobody_waits_for_it() {
    let (a, b) = (Vendor::new("a").otherwise(hang()), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).strategy(Strategy::Latency).build();
    let mut given_up = 0;
    for _ in 0..100 {
        given_up += u32::from(timeout(SECOND * 2, ask(&chat)).await.is_err());
    }
    assert!(given_up < 10, "{given_up} of 100 requests went to the one that hangs");
    settled(&chat);
}

#[tokio::test(start_paused = true)]
async fn while_another_route_is_asked() {
    let (a, b) = (
        Vendor::new("a").otherwise(fail(ErrorKind::Overloaded)),
        Vendor::new("b").otherwise(hang()),
    );
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat").with(&a).max_attempts(1).fallback("any", &cheap).build();
    abandon(&chat, PATIENCE).await;
    settled(&chat);
    settled(&cheap);
    assert_eq!(
        (counts(&chat).fallbacks, counts(&chat).cancelled),
        (CLIENTS as u64, 0),
        "it had been passed on"
    );
    assert_eq!(
        (counts(&cheap).requests, counts(&cheap).cancelled),
        (CLIENTS as u64, CLIENTS as u64)
    );
    assert_eq!(b.dropped(), CLIENTS);
}

#[tokio::test(start_paused = true)]
async fn while_a_degraded_answer_is_sought() {
    let (a, b) = (
        Vendor::new("a").otherwise(fail(ErrorKind::Overloaded)),
        Vendor::new("b").otherwise(hang()),
    );
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat").with(&a).max_attempts(1).degraded_route(&cheap).build();
    abandon(&chat, PATIENCE).await;
    settled(&chat);
    settled(&cheap);
    assert_eq!((counts(&chat).failed, counts(&chat).degraded), (CLIENTS as u64, 0));
    assert_eq!(counts(&cheap).cancelled, CLIENTS as u64);
    assert_eq!(b.dropped(), CLIENTS);
}

#[tokio::test(start_paused = true)]
async fn all_at_once_and_those_who_stay_are_served() {
    let a = Vendor::new("a").otherwise(answer("a").after(SECOND));
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let clients = (0..CLIENTS).map(|client| {
        let patience = [SECOND / 2, SECOND * 2][client % 2];
        timeout(patience, ask(&chat))
    });
    let served = join_all(clients)
        .await
        .into_iter()
        .filter(|result| matches!(result, Ok(Ok(_))));
    assert_eq!(served.count(), CLIENTS / 2, "who waits is answered, whoever goes");
    settled(&chat);
    let ends = counts(&chat);
    assert_eq!(
        (ends.succeeded, ends.cancelled),
        (CLIENTS as u64 / 2, CLIENTS as u64 / 2)
    );
    assert_eq!((a.peak(), a.dropped(), a.running()), (CLIENTS, CLIENTS / 2, 0));
}
