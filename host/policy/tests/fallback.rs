//! Which route is asked when one gives up, by the class of its error.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_policy::status::{BreakerState, RouteCounts};
use wharf_policy::{Form, Route};
use wharf_types::{ErrorKind, Phase};

use scripted::{
    SECOND, Vendor, ask, ask_as, breaker, counts, fail, failure, member, only, open, read, route, start, stop, target,
    text, within,
};

const OVERLOADED: ErrorKind = ErrorKind::Overloaded;

/// Everything that may lead elsewhere, one of each name.
const KINDS: [ErrorKind; 15] = [
    ErrorKind::InvalidRequest,
    ErrorKind::ContextLengthExceeded,
    ErrorKind::ContentFiltered,
    ErrorKind::Unsupported,
    ErrorKind::Unauthenticated,
    ErrorKind::PermissionDenied,
    ErrorKind::NotFound,
    ErrorKind::RateLimited,
    ErrorKind::QuotaExhausted,
    ErrorKind::Overloaded,
    ErrorKind::UpstreamUnavailable,
    ErrorKind::UpstreamProtocol,
    ErrorKind::ProviderTrapped,
    ErrorKind::ResourceExhausted,
    ErrorKind::Internal,
];

/// A route of one vendor of the same name.
fn simple(name: &str) -> (Arc<Vendor>, Arc<Route>) {
    let vendor = Vendor::new(name);
    let built = route(name).with(&vendor).build();
    (vendor, built)
}

#[tokio::test(start_paused = true)]
async fn an_error_leads_to_the_route_of_its_class() {
    for kind in KINDS {
        let ((named, to_named), (other, to_other)) = (simple("named"), simple("other"));
        let a = Vendor::new("a").otherwise(fail(kind));
        // The general one comes first, so that its place does not decide.
        let chat = route("chat")
            .with(&a)
            .max_attempts(1)
            .fallback("any", &to_other)
            .fallback(kind.as_str(), &to_named)
            .build();
        let answered = ask(&chat).await.unwrap();
        assert_eq!(answered.deployment.unwrap().as_str(), "named", "{kind:?}");
        assert_eq!(answered.degraded, None, "{kind:?}: a fallback is a full answer");
        assert_eq!((a.calls(), named.calls(), other.calls()), (1, 1, 0), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_class_of_its_own_is_any() {
    for kind in KINDS {
        let ((named, to_named), (other, to_other)) = (simple("named"), simple("other"));
        let a = Vendor::new("a").otherwise(fail(kind));
        let chat = route("chat")
            .with(&a)
            .max_attempts(1)
            .fallback("cancelled", &to_named)
            .fallback("any", &to_other)
            .build();
        ask(&chat).await.unwrap();
        assert_eq!((named.calls(), other.calls()), (0, 1), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_route_for_the_class_the_error_is_the_answer() {
    let (cheap, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).fallback("rate_limited", &to_cheap).build();
    assert_eq!(ask(&chat).await.unwrap_err().kind(), OVERLOADED);
    assert_eq!(cheap.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_is_not_answered_by_another_route() {
    let (cheap, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Cancelled));
    let chat = route("chat")
        .with(&a)
        .fallback("cancelled", &to_cheap)
        .fallback("any", &to_cheap)
        .build();
    assert_eq!(ask(&chat).await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(cheap.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_timeout_is_a_timeout() {
    for phase in [
        Phase::Connect,
        Phase::FirstToken,
        Phase::Idle,
        Phase::Total,
        Phase::Upstream,
    ] {
        let ((cheap, to_cheap), (other, to_other)) = (simple("cheap"), simple("other"));
        let a = Vendor::new("a").otherwise(fail(ErrorKind::Timeout(phase)));
        let chat = route("chat")
            .with(&a)
            .max_attempts(1)
            .fallback("timeout", &to_cheap)
            .fallback("any", &to_other)
            .build();
        ask(&chat).await.unwrap();
        assert_eq!((cheap.calls(), other.calls()), (1, 0), "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_is_up_goes_nowhere() {
    let (cheap, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(OVERLOADED).after(SECOND * 3));
    let chat = route("chat")
        .with(&a)
        .fallback("timeout", &to_cheap)
        .fallback("any", &to_cheap)
        .build();
    let start = Instant::now();
    let error = ask_as(&chat, &within(SECOND * 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Request));
    assert_eq!((Instant::now() - start, cheap.calls()), (SECOND * 2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_leads_where_its_errors_led() {
    let ((cheap, to_cheap), (other, to_other)) = (simple("cheap"), simple("other"));
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let plan = || {
        route("chat")
            .with(member(&a).trips_after(1))
            .max_attempts(1)
            .fallback("any", &to_other)
            .fallback("overloaded", &to_cheap)
    };
    let chat = plan().build();
    for _ in 0..5 {
        ask(&chat).await.unwrap();
    }
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open);
    assert_eq!(a.calls(), 1, "from then on nobody is asked here");
    assert_eq!((cheap.calls(), other.calls()), (5, 0), "it is out for being overloaded");

    let (nobody, to_nobody) = simple("nobody");
    let chat = plan().fallback("no_deployment", &to_nobody).build();
    for _ in 0..5 {
        ask(&chat).await.unwrap();
    }
    assert_eq!(
        (cheap.calls(), nobody.calls(), other.calls()),
        (6, 4, 0),
        "unless that has a class of its own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_fit_goes_to_a_larger_model_at_once_and_harms_nobody() {
    let start = Instant::now();
    let (large, to_large) = simple("large");
    let a = Vendor::new("a").otherwise(fail(ErrorKind::ContextLengthExceeded));
    let b = Vendor::new("b").otherwise(fail(ErrorKind::ContextLengthExceeded));
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(member(&b).trips_after(1))
        .fallback("context_length_exceeded", &to_large)
        .build();
    for _ in 0..100 {
        assert_eq!(ask(&chat).await.unwrap().attempts, 2);
    }
    assert_eq!(large.calls(), 100);
    assert_eq!(
        a.calls() + b.calls(),
        100,
        "the same model of another deployment has the same window"
    );
    assert_eq!(Instant::now() - start, Duration::ZERO, "there is nothing to wait for");
    for deployment in ["a", "b"] {
        let breaker = breaker(&chat, deployment);
        assert_eq!((breaker.state, breaker.window_failures), (BreakerState::Closed, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_the_caller_may_not_use_is_not_used() {
    let ((cheap, to_cheap), (other, to_other)) = (simple("cheap"), simple("other"));
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .fallback("overloaded", &to_cheap)
        .fallback("any", &to_other)
        .build();
    let error = ask_as(&chat, &only(&["chat", "other"])).await.unwrap_err();
    assert_eq!(error.kind(), OVERLOADED);
    assert_eq!((cheap.calls(), other.calls()), (0, 0), "nor is another class's");
    ask_as(&chat, &only(&["chat", "cheap"])).await.unwrap();
    assert_eq!(cheap.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_looked_at_again_at_every_step() {
    let (last, to_last) = simple("last");
    let middle = Vendor::new("middle").otherwise(fail(OVERLOADED));
    let to_middle = route("middle")
        .with(&middle)
        .max_attempts(1)
        .fallback("any", &to_last)
        .build();
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .fallback("any", &to_middle)
        .build();
    ask_as(&chat, &only(&["chat", "middle"])).await.unwrap_err();
    assert_eq!((middle.calls(), last.calls()), (1, 0), "a detour is no permission");
    ask(&chat).await.unwrap();
    assert_eq!((middle.calls(), last.calls()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_numbered_through() {
    let (_, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat")
        .with(&a)
        .max_attempts(2)
        .fallback("any", &to_cheap)
        .build();
    assert_eq!(ask(&chat).await.unwrap().attempts, 3, "two here, one there");

    let b = Vendor::new("b").otherwise(fail(ErrorKind::UpstreamUnavailable));
    let to_b = route("b").with(&b).max_attempts(9).build();
    let chat = route("chat").with(&a).max_attempts(2).fallback("any", &to_b).build();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!(b.calls(), 7, "the other route counts on, up to its own limit");
    let names: Vec<_> = error.attempts().iter().map(|made| made.deployment.as_str()).collect();
    assert_eq!(
        names,
        ["a", "a", "b", "b", "b", "b", "b", "b", "b"],
        "one history, in order"
    );
    assert_eq!(
        error.kind(),
        ErrorKind::UpstreamUnavailable,
        "the last error is the answer"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fallback_has_one_attempt_even_when_all_are_used_up() {
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let b = Vendor::new("b").otherwise(fail(OVERLOADED));
    let to_b = route("b").with(&b).max_attempts(3).build();
    let chat = route("chat").with(&a).max_attempts(3).fallback("any", &to_b).build();
    ask(&chat).await.unwrap_err();
    assert_eq!((a.calls(), b.calls()), (3, 1), "and no more than that one");
}

#[tokio::test(start_paused = true)]
async fn each_route_counts_what_became_of_the_request_there() {
    let (cheap, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat")
        .with(&a)
        .max_attempts(2)
        .fallback("any", &to_cheap)
        .build();
    ask(&chat).await.unwrap();
    let passed_on = RouteCounts {
        requests: 1,
        retries: 1,
        fallbacks: 1,
        ..RouteCounts::default()
    };
    assert_eq!(
        counts(&chat),
        passed_on,
        "what another route answers is not this one's success"
    );
    let answered = RouteCounts {
        requests: 1,
        succeeded: 1,
        ..RouteCounts::default()
    };
    assert_eq!(counts(&to_cheap), answered, "its first attempt is no retry");

    cheap.change(fail(ErrorKind::InvalidRequest));
    ask(&chat).await.unwrap_err();
    assert_eq!(
        (counts(&chat).fallbacks, counts(&chat).failed),
        (2, 0),
        "a failure is counted once"
    );
    assert_eq!((counts(&to_cheap).requests, counts(&to_cheap).failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_falls_back_too() {
    let (_, to_cheap) = simple("cheap");
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .fallback("any", &to_cheap)
        .build();
    let mut answered = open(&chat).await.unwrap();
    assert_eq!(answered.attempts, 2);
    let (events, error) = read(&mut answered.value).await;
    assert_eq!(events, [start(), text("cheap"), stop()]);
    assert!(error.is_none());
    assert_eq!((counts(&chat).fallbacks, counts(&to_cheap).succeeded), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_leads_where_its_own_errors_led_and_not_where_a_callers_did() {
    let ((cheap, to_cheap), (long, to_long)) = (simple("cheap"), simple("long"));
    let a = Vendor::new("a")
        .then(fail(OVERLOADED))
        .then(fail(OVERLOADED))
        .otherwise(fail(ErrorKind::ContextLengthExceeded));
    let chat = route("chat")
        .with(member(&a).trips_after(2))
        .max_attempts(1)
        .fallback("overloaded", &to_cheap)
        .fallback("context_length_exceeded", &to_long)
        .build();
    let running = target(&chat, "a").begin(false, Form::Whole, Instant::now()).unwrap();
    ask(&chat).await.unwrap();
    ask(&chat).await.unwrap();
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open);
    running.failed(&failure(ErrorKind::ContextLengthExceeded), Instant::now());
    ask(&chat).await.unwrap();
    assert_eq!((a.calls(), cheap.calls(), long.calls()), (2, 3, 0));
}
