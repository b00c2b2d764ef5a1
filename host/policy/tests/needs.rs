//! What a request needs and a deployment lacks; and counting tokens, which says nothing about answers.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_policy::status::BreakerState;
use wharf_policy::{Answered, Call, CallOptions, Route, ask};
use wharf_types::{Capabilities, Error, ErrorKind, Request, Response, Support, TokenCount, Tool};

use scripted::{SECOND, Vendor, breaker, fail, fail_with, failure, limited, member, refused, rng, route, target, trip};

/// A request that needs tools.
fn with_tools() -> Request {
    Request {
        tools: vec![Tool {
            name: "f".to_owned(),
            description: None,
            parameters: None,
            strict: None,
            extra: None,
        }],
        ..Request::default()
    }
}

fn toolless() -> Capabilities {
    Capabilities {
        tools: Support::No,
        ..Capabilities::default()
    }
}

fn doing_without() -> CallOptions {
    CallOptions {
        drop_unsupported: true,
        ..CallOptions::default()
    }
}

async fn asked(route: &Arc<Route>, options: &CallOptions) -> Result<Answered<Response>, Error> {
    ask::generate(route, &with_tools(), Call::new(options, Instant::now(), rng())).await
}

async fn count(route: &Arc<Route>) -> Result<Answered<TokenCount>, Error> {
    let options = CallOptions::default();
    ask::count_tokens(route, &Request::default(), Call::new(&options, Instant::now(), rng())).await
}

#[tokio::test(start_paused = true)]
async fn who_lacks_what_is_needed_is_passed_over() {
    let (a, b) = (Vendor::new("a").that_can(toolless()), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).build();
    for options in [CallOptions::default(), doing_without()] {
        for _ in 0..10 {
            assert_eq!(asked(&chat, &options).await.unwrap().deployment.unwrap().as_str(), "b");
        }
    }
    assert!(
        b.seen().iter().all(|seen| !seen.drop_unsupported),
        "b can do everything"
    );
    scripted::ask(&chat).await.unwrap();
    scripted::ask(&chat).await.unwrap();
    assert_eq!(a.calls(), 1, "for other requests it takes its turns");
}

#[tokio::test(start_paused = true)]
async fn when_nobody_can_the_field_and_everybody_are_named_and_nobody_is_asked() {
    let (a, b) = (
        Vendor::new("a").that_can(toolless()),
        Vendor::new("b").that_can(toolless()),
    );
    let chat = route("chat").with(&a).with(&b).build();
    let error = asked(&chat, &CallOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("tools")));
    assert!(
        error.message().contains("`a` has no tools; `b` has no tools"),
        "{error}"
    );
    assert_eq!((a.calls(), b.calls()), (0, 0));

    asked(&chat, &doing_without()).await.unwrap();
    assert!(
        a.seen()[0].drop_unsupported,
        "nobody can do it, and the caller does without"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_does_without_is_served_by_who_lacks_it_when_the_able_one_is_down() {
    let (a, b) = (Vendor::new("a").that_can(toolless()), Vendor::new("b"));
    let chat = route("chat").with(&a).with(member(&b).trips_after(1)).build();
    trip(&chat, "b");
    let error = asked(&chat, &CallOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), a.calls()), (ErrorKind::NoDeployment, 0));
    let answered = asked(&chat, &doing_without()).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "a");
}

#[tokio::test(start_paused = true)]
async fn everybody_is_asked_for_the_whole_before_anybody_does_without() {
    let refusal = || fail_with(failure(ErrorKind::Unsupported).with_sent(false));
    let (a, b) = (Vendor::new("a").otherwise(refusal()), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).build();
    for _ in 0..4 {
        assert_eq!(
            asked(&chat, &doing_without())
                .await
                .unwrap()
                .deployment
                .unwrap()
                .as_str(),
            "b"
        );
    }
    let alone = route("alone").with(&a).build();
    let before = a.calls();
    asked(&alone, &doing_without()).await.unwrap_err();
    let passes: Vec<bool> = a.seen()[before..].iter().map(|seen| seen.drop_unsupported).collect();
    assert_eq!(passes, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_told_though_others_were_passed_over() {
    let (a, b) = (Vendor::new("a").that_can(toolless()), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).build();
    target(&chat, "b").standing().on_error(0, &refused(401), Instant::now());
    let error = asked(&chat, &CallOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_counting_is_told_at_once_and_does_not_rest_the_key() {
    let start = Instant::now();
    let a = Vendor::new("a").then(fail_with(limited(SECOND * 20)));
    let chat = route("chat").with(&a).build();
    assert_eq!(count(&chat).await.unwrap_err().kind(), ErrorKind::RateLimited);
    scripted::ask(&chat).await.expect("answers have limits of their own");
    assert_eq!((Instant::now() - start, a.calls()), (Duration::ZERO, 2));
}

#[tokio::test(start_paused = true)]
async fn counting_neither_trips_a_breaker_nor_lets_it_recover() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Overloaded));
    let chat = route("chat").with(member(&a).trips_after(2)).max_attempts(1).build();
    for _ in 0..10 {
        count(&chat).await.unwrap_err();
    }
    let status = breaker(&chat, "a");
    assert_eq!((status.state, status.window_requests), (BreakerState::Closed, 0));

    scripted::ask(&chat).await.unwrap_err();
    a.change(scripted::answer("seven"));
    assert_eq!(count(&chat).await.unwrap().value.input_tokens, 5);
    assert_eq!(breaker(&chat, "a").consecutive_failures, 1, "a count is no answer");
}
