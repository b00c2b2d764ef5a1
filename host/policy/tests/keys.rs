//! Keys that the vendor refuses and keys whose rate it limits, as a client sees them.

mod scripted;

use std::time::Duration;

use tokio::time::{Instant, advance};
use wharf_policy::status::{BreakerState, KeyState};
use wharf_types::{Error, ErrorKind, Retryability};

use scripted::{
    SECOND, Vendor, answer, ask, ask_as, breaker, counts, fail_with, limited, member, only, refused, route, target,
    trip, within,
};

/// What a refused key looks like to the client.
const REFUSALS: [(u16, ErrorKind); 3] = [
    (401, ErrorKind::Unauthenticated),
    (402, ErrorKind::QuotaExhausted),
    (403, ErrorKind::PermissionDenied),
];

fn rate_limited(error: &Error) -> bool {
    error.kind() == ErrorKind::RateLimited
}

// ---- refused --------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_replaced_by_the_next_at_once_and_never_used_again() {
    for (status, kind) in REFUSALS {
        let start = Instant::now();
        let a = Vendor::new("a").then(fail_with(refused(status)));
        let chat = route("chat").with(member(&a).keys(3)).build();
        ask(&chat).await.unwrap();
        assert_eq!(a.keys(), [0, 1], "{status}: the next key, on the same deployment");
        assert_eq!(
            Instant::now() - start,
            Duration::ZERO,
            "{status}: there is nothing to wait for"
        );

        for _ in 0..5 {
            ask(&chat).await.unwrap();
            advance(SECOND * 3600).await;
        }
        assert_eq!(a.keys()[2..], [2, 1, 2, 1, 2], "{status}: the other two take turns");
        let states = target(&chat, "a").standing().key_states(Instant::now());
        let (since, status) = (start, Some(status));
        assert_eq!(states[0], KeyState::Retired { since, kind, status });
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_whose_keys_are_all_refused_is_left_to_itself() {
    for (status, _) in REFUSALS {
        let a = Vendor::new("a").otherwise(fail_with(refused(status)));
        let b = Vendor::new("b");
        let chat = route("chat")
            .with(member(&a).keys(2))
            .with(member(&b).tier(1))
            .max_attempts(5)
            .build();
        let answered = ask(&chat).await.unwrap();
        assert_eq!(answered.deployment.unwrap().as_str(), "b", "{status}");
        assert_eq!(answered.attempts, 3, "{status}: both keys, then the other deployment");
        for _ in 0..10 {
            ask(&chat).await.unwrap();
        }
        assert_eq!(
            (a.keys(), b.calls()),
            (vec![0, 1], 11),
            "{status}: later requests do not call it at all"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_refused_deployment_fails_without_being_called() {
    for (status, kind) in REFUSALS {
        let a = Vendor::new("a").otherwise(fail_with(refused(status)));
        let chat = route("chat").with(&a).build();
        let first = ask(&chat).await.unwrap_err();
        assert_eq!((first.kind(), first.attempts().len()), (kind, 1));
        let second = ask(&chat).await.unwrap_err();
        assert_eq!(
            (second.kind(), second.http_status()),
            (kind, Some(status)),
            "the reason is remembered"
        );
        assert!(second.attempts().is_empty(), "nobody was asked");
        assert_eq!(second.retryability(), Retryability::Exhausted);
        assert_eq!(a.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn several_refused_deployments_fail_without_being_called() {
    let a = Vendor::new("a").otherwise(fail_with(refused(401)));
    let b = Vendor::new("b").otherwise(fail_with(refused(401)));
    let chat = route("chat").with(&a).with(&b).build();
    for _ in 0..3 {
        assert_eq!(ask(&chat).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(
        (a.calls(), b.calls()),
        (1, 1),
        "asking in spite of a refusal helps nobody"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_key_does_not_count_against_the_deployment() {
    for error in [refused(401), refused(402), refused(403), limited(SECOND)] {
        let a = Vendor::new("a").otherwise(fail_with(error.clone()));
        let chat = route("chat").with(member(&a).keys(10).trips_after(1)).build();
        ask(&chat).await.unwrap_err();
        let breaker = breaker(&chat, "a");
        assert_eq!(breaker.state, BreakerState::Closed, "{error}");
        assert_eq!((breaker.window_requests, breaker.trips), (0, 0), "{error}");
    }
}

// ---- limited --------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_limited_key_rests_as_long_as_the_vendor_asks_while_the_other_works() {
    let start = Instant::now();
    let a = Vendor::new("a").then(fail_with(limited(SECOND * 5)));
    let chat = route("chat").with(member(&a).keys(2)).build();
    for _ in 0..4 {
        ask(&chat).await.unwrap();
    }
    assert_eq!(a.keys(), [0, 1, 1, 1, 1]);
    assert_eq!(Instant::now() - start, Duration::ZERO, "nobody waited");
    advance(SECOND * 5).await;
    ask(&chat).await.unwrap();
    assert_eq!(a.keys().last(), Some(&0), "it has rested");
}

#[tokio::test(start_paused = true)]
async fn when_all_rest_the_first_that_has_rested_is_used() {
    let start = Instant::now();
    let a = Vendor::new("a")
        .then(fail_with(limited(SECOND * 5)))
        .then(fail_with(limited(SECOND * 3)));
    let chat = route("chat").with(member(&a).keys(2)).build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!(a.keys(), [0, 1, 1]);
    assert_eq!(
        a.times(start),
        [0, 0, 3].map(Duration::from_secs),
        "neither earlier nor later than asked"
    );
    assert_eq!(answered.attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_a_key_if_it_has_the_time_and_is_told_when_if_not() {
    let a = Vendor::new("a").then(fail_with(limited(SECOND * 5)));
    let chat = route("chat").with(&a).max_attempts(1).build();
    assert!(rate_limited(&ask(&chat).await.unwrap_err()));

    let start = Instant::now();
    let error = ask_as(&chat, &within(SECOND * 2)).await.unwrap_err();
    assert!(rate_limited(&error), "{error}");
    assert_eq!(error.retry_after(), Some(SECOND * 5), "whoever asks later knows when");
    assert_eq!(
        Instant::now() - start,
        Duration::ZERO,
        "it is known at once that it would be too late"
    );
    assert_eq!((error.attempts().len(), a.calls()), (0, 1), "a resting key is not used");

    ask_as(&chat, &within(SECOND * 10)).await.unwrap();
    assert_eq!(
        a.times(start),
        [0, 5].map(Duration::from_secs),
        "it waited for the key and no longer"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_vendor_that_keeps_limiting_ends_with_the_attempts() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(fail_with(limited(SECOND)));
    let chat = route("chat").with(&a).max_attempts(3).build();
    let error = ask(&chat).await.unwrap_err();
    assert!(rate_limited(&error), "{error}");
    assert_eq!(error.retry_after(), Some(SECOND));
    assert_eq!(a.times(start), [0, 1, 2].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn a_resting_deployment_is_left_out_while_another_serves() {
    let a = Vendor::new("a").then(fail_with(limited(SECOND * 10)));
    let b = Vendor::new("b");
    let chat = route("chat").with(&a).with(&b).build();
    for _ in 0..11 {
        ask(&chat).await.unwrap();
    }
    assert_eq!((a.calls(), b.calls()), (1, 11));
    advance(SECOND * 10).await;
    ask(&chat).await.unwrap();
    ask(&chat).await.unwrap();
    assert_eq!((a.calls(), b.calls()), (2, 12), "it takes its turns again");
}

#[tokio::test(start_paused = true)]
async fn with_somewhere_to_go_when_rates_are_limited_nobody_waits() {
    let start = Instant::now();
    let (a, b) = (
        Vendor::new("a").otherwise(fail_with(limited(SECOND * 20))),
        Vendor::new("b"),
    );
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat").with(&a).fallback("rate_limited", &cheap).build();
    for _ in 0..3 {
        let answered = ask(&chat).await.unwrap();
        assert_eq!(answered.deployment.unwrap().as_str(), "b");
    }
    assert_eq!(Instant::now() - start, Duration::ZERO);
    assert_eq!((a.calls(), counts(&chat).fallbacks), (1, 3));

    a.change(answer("a"));
    let answered = ask_as(&chat, &only(&["chat"])).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "a", "who may not go there waits");
    assert_eq!(Instant::now() - start, SECOND * 20);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_is_no_leave_to_come_back_at_once() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(fail_with(limited(Duration::ZERO)));
    let chat = route("chat").with(&a).max_attempts(3).build();
    ask(&chat).await.unwrap_err();
    let times = a.times(start);
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= SECOND / 2, "it must rest between {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_does_not_wait_for_a_key_longer_than_for_another_deployment() {
    let (a, b) = (
        Vendor::new("a").then(fail_with(limited(SECOND * 300))),
        Vendor::new("b"),
    );
    let chat = route("chat")
        .with(member(&a))
        .with(member(&b).trips_after(1))
        .max_retry_after(SECOND * 300)
        .build();
    trip(&chat, "b");
    advance(SECOND * 30).await;
    let start = Instant::now();
    let answered = ask(&chat).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "b");
    let waited = Instant::now() - start;
    assert!(
        waited <= SECOND * 37,
        "b is probed half a minute from now, not after {waited:?}"
    );
}
