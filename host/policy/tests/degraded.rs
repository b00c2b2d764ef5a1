//! What is answered when everything has failed: another route's answer, the last good one, a text. Always marked.

mod scripted;

use std::time::Duration;

use tokio::time::advance;
use wharf_policy::Degraded;
use wharf_types::{ErrorKind, Phase, Retryability};

use scripted::{
    SECOND, Step, Vendor, answer, ask, ask_as, ask_for, counts, fail, failure, only, open, open_for, play, read, route,
    say, start, stop, text, within,
};

const OVERLOADED: ErrorKind = ErrorKind::Overloaded;
const SORRY: &str = "Please try again later.";

// ---- the order ------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_order_is_route_then_last_answer_then_text() {
    let (a, b) = (Vendor::new("a").then(answer("good")), Vendor::new("b"));
    let cheap = route("cheap").with(&b).max_attempts(1).build();
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .degraded_route(&cheap)
        .last_answers()
        .degraded_text(SORRY)
        .build();
    let good = ask(&chat).await.unwrap();
    assert_eq!(good.degraded, None, "a good answer is not marked");
    a.change(fail(OVERLOADED));
    advance(SECOND * 7).await;

    let answered = ask(&chat).await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::Route("cheap".to_owned())));
    assert_eq!(answered.deployment.unwrap().as_str(), "b", "somebody answered");
    assert_eq!((answered.value.text().as_str(), answered.attempts), ("b", 2));

    b.change(fail(OVERLOADED));
    let answered = ask(&chat).await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::LastAnswer { age: SECOND * 7 }));
    assert_eq!(answered.value, good.value, "the answer is what it was");
    assert_eq!(
        (answered.deployment, answered.attempts),
        (None, 2),
        "nobody answered, and both were asked"
    );

    let answered = ask_for(&chat, "something new").await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::Text));
    assert_eq!(answered.value.text(), SORRY);
    assert_eq!((answered.deployment, answered.attempts), (None, 2));
}

#[tokio::test(start_paused = true)]
async fn the_order_is_the_same_for_streams() {
    let (a, b) = (Vendor::new("a").then(answer("good")), Vendor::new("b"));
    let cheap = route("cheap").with(&b).max_attempts(1).build();
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .degraded_route(&cheap)
        .last_answers()
        .degraded_text(SORRY)
        .build();
    let mut good = open(&chat).await.unwrap();
    let (said, _) = read(&mut good.value).await;
    assert_eq!(said, [start(), text("good"), stop()]);
    a.change(fail(OVERLOADED));
    advance(SECOND * 7).await;

    let mut answered = open(&chat).await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::Route("cheap".to_owned())));
    let (events, error) = read(&mut answered.value).await;
    assert!(error.is_none());
    assert_eq!(events, [start(), text("b"), stop()]);

    b.change(fail(OVERLOADED));
    let mut answered = open(&chat).await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::LastAnswer { age: SECOND * 7 }));
    let (events, error) = read(&mut answered.value).await;
    assert!(error.is_none());
    assert_eq!(events, said, "the events are what they were");

    let mut answered = open_for(&chat, "something new").await.unwrap();
    assert_eq!(answered.degraded, Some(Degraded::Text));
    let (events, error) = read(&mut answered.value).await;
    assert!(error.is_none());
    assert_eq!(
        events,
        [start(), text(SORRY), stop()],
        "a text is a stream with a beginning and an end"
    );
    assert_eq!(answered.deployment, None);
}

#[tokio::test(start_paused = true)]
async fn every_way_has_a_name_of_its_own() {
    let age = Duration::ZERO;
    let ways = [
        Degraded::Route("x".to_owned()),
        Degraded::LastAnswer { age },
        Degraded::Text,
    ];
    assert_eq!(ways.map(|way| way.as_str()), ["route", "last_answer", "text"]);
}

// ---- when -----------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_is_the_callers_fault_is_told_and_not_papered_over() {
    let kinds = [
        ErrorKind::InvalidRequest,
        ErrorKind::ContextLengthExceeded,
        ErrorKind::ContentFiltered,
        ErrorKind::Unsupported,
        ErrorKind::Cancelled,
        ErrorKind::Timeout(Phase::Request),
    ];
    for kind in kinds {
        let (a, b) = (
            Vendor::new("a").then(answer("good")).otherwise(fail(kind)),
            Vendor::new("b"),
        );
        let cheap = route("cheap").with(&b).build();
        let chat = route("chat")
            .with(&a)
            .degraded_route(&cheap)
            .last_answers()
            .degraded_text(SORRY)
            .build();
        ask(&chat).await.unwrap();
        assert_eq!(ask(&chat).await.unwrap_err().kind(), kind);
        assert_eq!(open(&chat).await.unwrap_err().kind(), kind);
        assert_eq!((b.calls(), counts(&chat).degraded), (0, 0), "{kind:?}");
        assert_eq!((counts(&chat).succeeded, counts(&chat).failed), (1, 2), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_nobodys_fault_outside_is_softened() {
    let kinds = [
        ErrorKind::NotFound,
        ErrorKind::Unauthenticated,
        ErrorKind::PermissionDenied,
        ErrorKind::RateLimited,
        ErrorKind::QuotaExhausted,
        ErrorKind::Overloaded,
        ErrorKind::UpstreamUnavailable,
        ErrorKind::UpstreamProtocol,
        ErrorKind::Timeout(Phase::Total),
        ErrorKind::ProviderTrapped,
        ErrorKind::ResourceExhausted,
        ErrorKind::NoDeployment,
        ErrorKind::Internal,
    ];
    for kind in kinds {
        let a = Vendor::new("a").otherwise(fail(kind));
        let chat = route("chat").with(&a).max_attempts(1).degraded_text(SORRY).build();
        let answered = ask(&chat).await.unwrap();
        assert_eq!(answered.degraded, Some(Degraded::Text), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_is_up_does_not_ask_yet_another_route() {
    let (a, b) = (
        Vendor::new("a").otherwise(fail(OVERLOADED).after(SECOND)),
        Vendor::new("b"),
    );
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat")
        .with(&a)
        .degraded_route(&cheap)
        .degraded_text(SORRY)
        .build();
    // The attempt takes a second and its retry would begin after another: the last error is the vendor's.
    let answered = ask_as(&chat, &within(SECOND + SECOND / 2)).await.unwrap();
    assert_eq!(
        answered.degraded,
        Some(Degraded::Route("cheap".to_owned())),
        "there is half a second left"
    );
    let error = ask_as(&chat, &within(SECOND / 2)).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Timeout(Phase::Request),
        "the caller's own limit is the caller's"
    );
    assert_eq!(b.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_route_that_the_caller_may_not_use_gives_no_degraded_answers() {
    let (a, b) = (Vendor::new("a").otherwise(fail(OVERLOADED)), Vendor::new("b"));
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .degraded_route(&cheap)
        .degraded_text(SORRY)
        .build();
    let answered = ask_as(&chat, &only(&["chat"])).await.unwrap();
    assert_eq!((answered.degraded, b.calls()), (Some(Degraded::Text), 0));
}

#[tokio::test(start_paused = true)]
async fn when_the_other_route_fails_too_the_first_error_is_told_with_all_attempts() {
    let a = Vendor::new("a").otherwise(fail(OVERLOADED));
    let b = Vendor::new("b").otherwise(fail(ErrorKind::UpstreamProtocol));
    let cheap = route("cheap").with(&b).max_attempts(1).build();
    let chat = route("chat").with(&a).max_attempts(2).degraded_route(&cheap).build();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!(error.kind(), OVERLOADED, "the client asked for this route");
    let names: Vec<_> = error.attempts().iter().map(|made| made.deployment.as_str()).collect();
    assert_eq!(names, ["a", "a", "b"], "in order, the degraded route's as well");
    assert_eq!(error.retryability(), Retryability::Exhausted);
    assert_eq!(counts(&chat).degraded, 0, "there was no degraded answer");
}

#[tokio::test(start_paused = true)]
async fn degraded_answers_are_failures_that_were_softened() {
    let (a, b) = (Vendor::new("a").otherwise(fail(OVERLOADED)), Vendor::new("b"));
    let cheap = route("cheap").with(&b).build();
    let chat = route("chat").with(&a).max_attempts(1).degraded_route(&cheap).build();
    ask(&chat).await.unwrap();
    read(&mut open(&chat).await.unwrap().value).await;
    let counted = counts(&chat);
    assert_eq!((counted.requests, counted.succeeded, counted.failed), (2, 0, 2));
    assert_eq!(counted.degraded, 2);
    assert_eq!(
        (counts(&cheap).requests, counts(&cheap).succeeded),
        (2, 2),
        "the other route did its work"
    );
}

// ---- the last answer ------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_last_answer_is_given_to_the_same_request_alone() {
    let a = Vendor::new("a").then(answer("first")).then(answer("second"));
    let chat = route("chat").with(&a).max_attempts(1).last_answers().build();
    ask_for(&chat, "one").await.unwrap();
    ask_for(&chat, "one").await.unwrap();
    a.change(fail(OVERLOADED));
    assert_eq!(
        ask_for(&chat, "one").await.unwrap().value.text(),
        "second",
        "the newest is the last"
    );
    assert_eq!(ask_for(&chat, "two").await.unwrap_err().kind(), OVERLOADED);
    assert_eq!(
        open_for(&chat, "one").await.unwrap_err().kind(),
        OVERLOADED,
        "a stream is another question"
    );
    assert_eq!(counts(&chat).degraded, 1);

    advance(SECOND * 61).await;
    assert_eq!(
        ask_for(&chat, "one").await.unwrap_err().kind(),
        OVERLOADED,
        "it is too old now"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_stream_is_given_to_the_same_request_alone() {
    let a = Vendor::new("a").then(answer("x"));
    let chat = route("chat").with(&a).max_attempts(1).last_answers().build();
    read(&mut open_for(&chat, "one").await.unwrap().value).await;
    a.change(fail(OVERLOADED));
    let mut again = open_for(&chat, "one").await.unwrap();
    assert_eq!(read(&mut again.value).await.0, [start(), text("x"), stop()]);
    assert_eq!(open_for(&chat, "two").await.unwrap_err().kind(), OVERLOADED);
    assert_eq!(
        ask_for(&chat, "one").await.unwrap_err().kind(),
        OVERLOADED,
        "a whole answer is another question"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_did_not_come_to_its_end_is_not_kept() {
    let broken = play([say([start(), text("x")]), Step::Break(failure(OVERLOADED))]);
    let a = Vendor::new("a").then(broken).then(answer("y"));
    let chat = route("chat").with(&a).max_attempts(1).last_answers().build();
    let (_, error) = read(&mut open(&chat).await.unwrap().value).await;
    assert!(error.is_some(), "the vendor broke it off");
    let mut left = open(&chat).await.unwrap().value;
    assert!(!left.next().await.unwrap().is_empty());
    drop(left);

    a.change(fail(OVERLOADED));
    assert_eq!(
        open(&chat).await.unwrap_err().kind(),
        OVERLOADED,
        "half an answer is no answer"
    );
    assert_eq!(counts(&chat).degraded, 0);
}

#[tokio::test(start_paused = true)]
async fn a_degraded_answer_is_not_the_last_good_one() {
    let (a, b) = (Vendor::new("a").otherwise(fail(OVERLOADED)), Vendor::new("b"));
    let cheap = route("cheap").with(&b).max_attempts(1).build();
    let chat = route("chat")
        .with(&a)
        .max_attempts(1)
        .degraded_route(&cheap)
        .last_answers()
        .build();
    ask(&chat).await.unwrap();
    read(&mut open(&chat).await.unwrap().value).await;
    b.change(fail(OVERLOADED));
    assert_eq!(ask(&chat).await.unwrap_err().kind(), OVERLOADED);
    assert_eq!(open(&chat).await.unwrap_err().kind(), OVERLOADED);
}
