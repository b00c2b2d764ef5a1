//! How often a failed attempt is made again, when, and with whom.

mod scripted;

use std::time::Duration;

use tokio::time::{Instant, advance, timeout};
use wharf_policy::{CallOptions, RequestTimeouts};
use wharf_types::{Attempt, DeploymentName, Error, ErrorKind, Phase, Retryability};

use scripted::{
    MILLISECOND, SECOND, Vendor, answer, ask, ask_as, busy, counts, fail, fail_with, failure, hang, member, open_as,
    route, within,
};

const OVERLOADED: ErrorKind = ErrorKind::Overloaded;

/// Everything that fails the same way wherever it is asked, or that nobody waits for.
fn pointless() -> Vec<Error> {
    let kinds = [
        ErrorKind::InvalidRequest,
        ErrorKind::ContextLengthExceeded,
        ErrorKind::ContentFiltered,
        ErrorKind::Cancelled,
        ErrorKind::NoDeployment,
        ErrorKind::Internal,
        ErrorKind::Timeout(Phase::Request),
    ];
    let mut errors: Vec<Error> = kinds.into_iter().map(failure).collect();
    // The host itself was full; asking it for more does not help.
    errors.push(failure(ErrorKind::ResourceExhausted).with_sent(false));
    errors
}

// ---- how often ------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn one_deployment_is_asked_exactly_as_often_as_allowed() {
    for attempts in 1..=5 {
        let a = Vendor::new("a").otherwise(fail(OVERLOADED));
        let chat = route("chat").with(&a).max_attempts(attempts).build();
        let error = ask(&chat).await.unwrap_err();
        assert_eq!(a.calls(), attempts as usize, "{attempts} attempts are {attempts} calls");
        assert_eq!(error.attempts().len(), a.calls(), "each of them is in the history");
    }
}

#[tokio::test(start_paused = true)]
async fn several_deployments_together_are_asked_exactly_as_often_as_allowed() {
    for attempts in 1..=5 {
        let a = Vendor::new("a").otherwise(fail(OVERLOADED));
        let b = Vendor::new("b").otherwise(fail(OVERLOADED));
        let chat = route("chat").with(&a).with(&b).max_attempts(attempts).build();
        ask(&chat).await.unwrap_err();
        assert_eq!(a.calls() + b.calls(), attempts as usize, "attempts are the request's");
        assert_eq!(counts(&chat).retries, u64::from(attempts) - 1, "the first is no retry");
    }
}

#[tokio::test(start_paused = true)]
async fn the_attempt_that_succeeds_is_the_last() {
    let a = Vendor::new("a").then(fail(OVERLOADED)).then(fail(OVERLOADED));
    let chat = route("chat").with(&a).max_attempts(5).build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!((a.calls(), answered.attempts), (3, 3));
    assert_eq!(answered.value.text(), "a");
    assert_eq!(answered.degraded, None, "a late answer is as good as an early one");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_not_asked_more_often_than_it_allows() {
    for retries in [0, 1] {
        let a = Vendor::new("a").otherwise(fail(OVERLOADED));
        let alone = route("chat")
            .with(member(&a).max_retries(retries))
            .max_attempts(9)
            .build();
        let error = ask(&alone).await.unwrap_err();
        assert_eq!(a.calls(), 1 + retries as usize);
        assert_eq!(
            error.kind(),
            OVERLOADED,
            "the last failure says more than that nobody is left"
        );

        let a = Vendor::new("a").otherwise(fail(OVERLOADED));
        let b = Vendor::new("b").otherwise(fail(OVERLOADED));
        let both = route("chat")
            .with(member(&a).max_retries(retries))
            .with(member(&b).max_retries(retries))
            .max_attempts(9)
            .build();
        ask(&both).await.unwrap_err();
        let each = 1 + retries as usize;
        assert_eq!((a.calls(), b.calls()), (each, each), "each has its own limit");
    }
}

// ---- when -----------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_same_deployment_is_asked_again_after_the_waits_of_the_schedule() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).max_attempts(4).build();
    ask(&chat).await.unwrap_err();
    assert_eq!(
        a.times(start),
        [0, 1, 3, 7].map(Duration::from_secs),
        "waits of 1 s, 2 s and 4 s"
    );
}

#[tokio::test(start_paused = true)]
async fn jitter_shortens_the_waits_and_never_lengthens_them() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).max_attempts(3).jitter().build();
    ask(&chat).await.unwrap_err();
    let times = a.times(start);
    let (first, second) = (times[1] - times[0], times[2] - times[1]);
    assert!(
        first <= SECOND + MILLISECOND && second <= SECOND * 2 + MILLISECOND,
        "{times:?}"
    );
    assert!(
        first + second < SECOND * 3,
        "both at their ceilings is no draw: {times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn those_who_were_not_asked_yet_are_asked_first_and_at_once() {
    let start = Instant::now();
    let vendors = ["a", "b", "c"].map(|name| Vendor::new(name).otherwise(fail(OVERLOADED)));
    let chat = vendors.iter().fold(route("chat"), |plan, vendor| plan.with(vendor));
    ask(&chat.max_attempts(5).build()).await.unwrap_err();
    for vendor in &vendors {
        assert_eq!(
            vendor.times(start)[0],
            Duration::ZERO,
            "another deployment need not be spared"
        );
    }
    let mut times: Vec<_> = vendors.iter().flat_map(|vendor| vendor.times(start)).collect();
    times.sort();
    assert_eq!(
        times,
        [0, 0, 0, 4, 12].map(Duration::from_secs),
        "the third and the fourth wait of the schedule come before asking somebody again"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_asks_for_holds_for_the_next_attempt_alone() {
    let start = Instant::now();
    let a = Vendor::new("a")
        .then(fail_with(busy(SECOND * 5)))
        .then(fail(OVERLOADED));
    let chat = route("chat").with(&a).build();
    ask(&chat).await.unwrap();
    assert_eq!(
        a.times(start),
        [0, 5, 7].map(Duration::from_secs),
        "5 s as the first error says, then the schedule's 2 s as the second says nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_vendor_is_not_waited_for_longer_than_the_limit() {
    let start = Instant::now();
    let a = Vendor::new("a").then(fail_with(busy(SECOND * 3600)));
    let chat = route("chat").with(&a).max_retry_after(SECOND * 10).build();
    ask(&chat).await.unwrap();
    assert_eq!(a.times(start), [0, 10].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn nobody_sleeps_past_the_end_of_the_request() {
    let start = Instant::now();
    let a = Vendor::new("a").then(fail_with(busy(SECOND * 5)));
    let chat = route("chat").with(&a).build();
    let error = ask_as(&chat, &within(SECOND * 3)).await.unwrap_err();
    assert_eq!(
        Instant::now() - start,
        Duration::ZERO,
        "it is known at once that it would be too late"
    );
    assert_eq!(
        error.kind(),
        OVERLOADED,
        "the last error is what went wrong, not the time"
    );
    assert_eq!(error.retry_after(), Some(SECOND * 5), "whoever asks later knows when");
    assert_eq!((a.calls(), error.attempts().len()), (1, 1));
}

// ---- with whom ------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_fails_everywhere_is_not_repeated_anywhere() {
    for error in pointless() {
        let kind = error.kind();
        let a = Vendor::new("a").otherwise(fail_with(error.clone()));
        let b = Vendor::new("b").otherwise(fail_with(error));
        let chat = route("chat").with(&a).with(&b).build();
        let failed = ask(&chat).await.unwrap_err();
        assert_eq!(failed.kind(), kind);
        assert_eq!(a.calls() + b.calls(), 1, "{kind:?} is not repeated");
        assert_eq!(
            (counts(&chat).retries, counts(&chat).retries_denied),
            (0, 0),
            "{kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_about_the_deployment_is_asked_elsewhere_at_once() {
    let phases = [
        Phase::Connect,
        Phase::FirstToken,
        Phase::Idle,
        Phase::Total,
        Phase::Upstream,
    ];
    let others = [
        ErrorKind::Overloaded,
        ErrorKind::UpstreamUnavailable,
        ErrorKind::UpstreamProtocol,
        ErrorKind::ProviderTrapped,
        ErrorKind::ResourceExhausted,
        ErrorKind::RateLimited,
        ErrorKind::QuotaExhausted,
        ErrorKind::Unauthenticated,
        ErrorKind::PermissionDenied,
        ErrorKind::NotFound,
    ];
    for kind in phases.map(ErrorKind::Timeout).into_iter().chain(others) {
        let start = Instant::now();
        let a = Vendor::new("a").otherwise(fail(kind));
        let b = Vendor::new("b");
        let chat = route("chat").with(&a).with(&b).build();
        let answered = ask(&chat).await.unwrap();
        assert_eq!(answered.deployment.unwrap().as_str(), "b", "{kind:?}");
        assert_eq!((a.calls(), b.times(start)), (1, vec![Duration::ZERO]), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_without_the_model_is_not_asked_for_it_twice() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::NotFound));
    let b = Vendor::new("b").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).with(&b).max_attempts(6).build();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!((a.calls(), b.calls()), (1, 5), "all other attempts are the other's");
    assert_eq!(error.kind(), OVERLOADED);

    let a = Vendor::new("a").otherwise(fail(ErrorKind::NotFound));
    let alone = route("chat").with(&a).build();
    assert_eq!(ask(&alone).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(a.calls(), 1);
}

// ---- what the route can afford --------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn without_a_budget_there_is_no_retry() {
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let b = Vendor::new("b").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).with(&b).budget(0.0, 0).build();
    for _ in 0..20 {
        let error = ask(&chat).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts().len()),
            (OVERLOADED, 1),
            "the first error is the answer"
        );
        assert_eq!(
            error.retryability(),
            Retryability::Exhausted,
            "nobody further out makes up for it"
        );
    }
    assert_eq!(a.calls() + b.calls(), 20);
    assert_eq!((counts(&chat).retries, counts(&chat).retries_denied), (0, 20));
}

#[tokio::test(start_paused = true)]
async fn a_fifth_of_what_went_well_pays_for_retries_when_nothing_does() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).max_attempts(2).budget(0.2, 0).build();
    for _ in 0..1000 {
        ask(&chat).await.unwrap();
    }
    a.change(fail(OVERLOADED));
    b.change(fail(OVERLOADED));
    for _ in 0..1000 {
        ask(&chat).await.unwrap_err();
    }
    assert_eq!(a.calls() + b.calls(), 2200, "200 retries for 1000 good requests");
    assert_eq!((counts(&chat).retries, counts(&chat).retries_denied), (200, 800));
}

#[tokio::test(start_paused = true)]
async fn a_fifth_of_what_goes_well_pays_for_retries_in_the_long_run() {
    let (a, b) = (Vendor::new("a"), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).max_attempts(2).budget(0.2, 0).build();
    let mut good = 0;
    for n in 0..6000 {
        let turn = if n % 2 == 0 { answer("x") } else { fail(OVERLOADED) };
        a.change(turn.clone());
        b.change(turn);
        good += u64::from(ask(&chat).await.is_ok());
        advance(MILLISECOND * 10).await;
    }
    let retries = counts(&chat).retries;
    assert_eq!(good, 3000);
    assert!(retries <= good / 5, "{retries} retries are more than a fifth of {good}");
    assert!(
        retries >= good / 5 - 20,
        "{retries} retries are fewer than the route could afford"
    );
    assert_eq!(a.calls() + b.calls(), 6000 + retries as usize, "a retry is a call");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied() {
    const REQUESTS: usize = 6000;
    let vendors = ["a", "b", "c"].map(|name| Vendor::new(name).otherwise(fail(OVERLOADED)));
    let plan = vendors.iter().fold(route("chat"), |plan, vendor| plan.with(vendor));
    // The defaults: a fifth, and 10 a second. A minute of 100 requests a second.
    let chat = plan.max_attempts(3).budget(0.2, 10).build();
    for _ in 0..REQUESTS {
        ask(&chat).await.unwrap_err();
        advance(MILLISECOND * 10).await;
    }
    let calls: usize = vendors.iter().map(|vendor| vendor.calls()).sum();
    let factor = calls as f64 / REQUESTS as f64;
    assert!(factor <= 1.0 + 0.2 + 0.1, "{factor} calls per request are a storm");
    assert!(
        calls <= REQUESTS + 7 * 100,
        "the floor is 100 in 10 s, and there are no more than 7 windows"
    );
    assert!(calls >= REQUESTS + 5 * 100, "and what may be retried is");
}

// ---- what is told ---------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_final_error_tells_of_every_attempt_in_order() {
    let kinds = [
        ErrorKind::Overloaded,
        ErrorKind::UpstreamUnavailable,
        ErrorKind::UpstreamProtocol,
    ];
    let mut plan = route("chat");
    let mut expected = Vec::new();
    for (n, (name, kind)) in (0..).zip(["a", "b", "c"].into_iter().zip(kinds)) {
        let took = MILLISECOND * 100 * (n + 1);
        let vendor = Vendor::new(name).otherwise(fail(kind).after(took));
        plan = plan.with(member(&vendor).tier(n));
        let deployment = DeploymentName::new(name).unwrap();
        expected.push(Attempt { deployment, kind, took });
    }
    let error = ask(&plan.build()).await.unwrap_err();
    assert_eq!(error.attempts(), expected);
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol, "it is the last one's");
    assert_eq!(
        error.retryability(),
        Retryability::Exhausted,
        "nobody further out retries"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_its_retry_has_cost_the_route_nothing() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Overloaded));
    let chat = route("chat").with(&a).budget(0.0, 1).build();
    let before = chat.status(Instant::now()).budget;
    for _ in 0..100 {
        assert!(timeout(SECOND / 2, ask(&chat)).await.is_err(), "it waits to ask again");
    }
    assert_eq!(chat.status(Instant::now()).budget, before);
    assert_eq!((a.calls(), counts(&chat).retries_denied), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_hurry_is_given_one_more_attempt_and_the_route_does_not_pay_for_it() {
    let vendors = ["a", "b", "c"].map(|name| Vendor::new(name).otherwise(hang()));
    let chat = vendors
        .iter()
        .fold(route("chat"), |plan, vendor| plan.with(vendor))
        .build();
    let before = chat.status(Instant::now()).budget;
    let hurry = CallOptions {
        timeouts: RequestTimeouts {
            first_token: Some(MILLISECOND),
            ..RequestTimeouts::default()
        },
        ..CallOptions::default()
    };
    let error = open_as(&chat, &hurry).await.unwrap_err();
    assert!(error.is_callers_limit(), "{error}");
    assert_eq!(
        error.attempts().len(),
        2,
        "somebody else may be faster, and that is that"
    );
    assert_eq!(
        chat.status(Instant::now()).budget,
        before,
        "the others' retries are still there"
    );
}

#[tokio::test(start_paused = true)]
async fn what_one_deployment_refuses_unasked_another_may_do_and_it_costs_no_attempt() {
    let start = Instant::now();
    let unsupported = || fail_with(failure(ErrorKind::Unsupported).with_sent(false));
    let refusing = ["a", "b", "c", "d"].map(|name| Vendor::new(name).otherwise(unsupported()));
    let able = Vendor::new("e");
    let plan = refusing.iter().fold(route("chat"), |plan, vendor| plan.with(vendor));
    let chat = plan.with(&able).max_attempts(2).budget(0.0, 0).build();
    for _ in 0..10 {
        assert_eq!(ask(&chat).await.unwrap().deployment.unwrap().as_str(), "e");
    }
    assert_eq!(Instant::now() - start, Duration::ZERO);

    let chat = refusing
        .iter()
        .fold(route("chat"), |plan, vendor| plan.with(vendor))
        .build();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts().len()),
        (ErrorKind::Unsupported, 4),
        "each was asked once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_retry_saved_pays_for_retries_too() {
    let (a, b) = (Vendor::new("a").otherwise(fail(OVERLOADED)), Vendor::new("b"));
    let plan = route("chat")
        .with(member(&a).trips_after(1000))
        .with(member(&b).tier(1));
    let chat = plan.max_attempts(2).budget(1.0, 1).build();
    for _ in 0..1000 {
        ask(&chat).await.expect("every answer pays for the next retry");
    }
    assert_eq!((a.calls(), b.calls(), counts(&chat).retries_denied), (1000, 1000, 0));
}
