//! Time limits: which one ended an attempt, and what the caller's own one means.

mod scripted;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance};
use wharf_policy::status::BreakerState;
use wharf_policy::{CallOptions, RequestTimeouts};
use wharf_types::{ErrorKind, Phase};

use scripted::{
    MILLISECOND, SECOND, Step, Vendor, answer, ask, ask_as, breaker, fail, hang, member, open, open_as, play, read,
    route, say, start, stop, text, tried, within,
};

fn timeout(phase: Phase) -> ErrorKind {
    ErrorKind::Timeout(phase)
}

/// A caller with these limits.
fn hurried(timeouts: RequestTimeouts) -> CallOptions {
    CallOptions {
        timeouts,
        ..CallOptions::default()
    }
}

// ---- the deployment's -----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn an_answer_has_to_be_there_within_the_total_time() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).total(SECOND * 5)).max_attempts(1).build();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!(error.kind(), timeout(Phase::Total));
    assert_eq!(Instant::now() - start, SECOND * 5, "neither earlier nor later");
    assert_eq!(error.attempts()[0].took, SECOND * 5);
    assert_eq!((a.dropped(), a.running()), (1, 0), "the vendor need not go on");
    assert!(error.sent(), "it may have acted on it");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_deployment_counts_against_it_and_is_retried() {
    let a = Vendor::new("a").otherwise(hang());
    let b = Vendor::new("b");
    let chat = route("chat")
        .with(member(&a).total(SECOND * 5).trips_after(1))
        .with(&b)
        .build();
    let start = Instant::now();
    assert_eq!(ask(&chat).await.unwrap().value.text(), "b");
    assert_eq!(b.times(start), [SECOND * 5]);
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_to_begin_within_the_time_of_the_first_token() {
    let mute = [hang(), play([say([start()]), Step::Hang]), play([Step::Hang])];
    for turn in mute {
        let begin = Instant::now();
        let a = Vendor::new("a").otherwise(turn);
        let plan = member(&a).total(SECOND * 5).first_token(SECOND * 2);
        let chat = route("chat").with(plan).max_attempts(1).build();
        let error = open(&chat).await.unwrap_err();
        assert_eq!(error.kind(), timeout(Phase::FirstToken), "a head is no token");
        assert_eq!(Instant::now() - begin, SECOND * 2);
        assert_eq!((a.dropped(), a.running()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_first_token_is_no_limit_of_a_whole_answer() {
    let a = Vendor::new("a").otherwise(answer("a").after(SECOND * 4));
    let plan = member(&a).total(SECOND * 5).first_token(SECOND * 2);
    let chat = route("chat").with(plan).max_attempts(1).build();
    ask(&chat).await.unwrap();
    assert_eq!(open(&chat).await.unwrap_err().kind(), timeout(Phase::FirstToken));
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_of_its_own_the_first_token_has_all_the_time() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).total(SECOND * 5)).max_attempts(1).build();
    assert_eq!(open(&chat).await.unwrap_err().kind(), timeout(Phase::Total));
    assert_eq!(Instant::now() - begin, SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_falls_silent_ends_with_an_error() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(play([say([start(), text("x")]), Step::Hang]));
    let b = Vendor::new("b");
    let chat = route("chat")
        .with(member(&a).idle(SECOND * 3).trips_after(1))
        .with(&b)
        .build();
    let mut stream = open(&chat).await.unwrap().value;
    let (events, error) = read(&mut stream).await;
    assert_eq!(events, [start(), text("x")]);
    assert_eq!(error.unwrap().kind(), timeout(Phase::Idle));
    assert_eq!(Instant::now() - begin, SECOND * 3);
    assert!(stream.next().await.unwrap().is_empty(), "and that is its end");
    assert_eq!((a.dropped(), b.calls()), (1, 0), "nothing is asked again after content");
    assert_eq!(
        breaker(&chat, "a").state,
        BreakerState::Open,
        "it counts against the deployment"
    );
    assert_eq!((tried(&chat, "a").failed, tried(&chat, "a").succeeded), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_does_not_make_the_vendor_late() {
    let script = [
        say([text("x")]),
        Step::Pause(SECOND * 2),
        say([text("y")]),
        say([stop()]),
    ];
    let a = Vendor::new("a").otherwise(play(script));
    let chat = route("chat").with(member(&a).idle(SECOND * 3)).build();
    let mut stream = open(&chat).await.unwrap().value;
    for expected in [text("x"), text("y"), stop()] {
        advance(SECOND * 10).await;
        assert_eq!(stream.next().await.unwrap(), [expected], "the gap is the client's");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_to_be_over_within_the_total_time() {
    let begin = Instant::now();
    let piece = || [say([text("x")]), Step::Pause(MILLISECOND * 800)];
    let a = Vendor::new("a").otherwise(play((0..10).flat_map(|_| piece())));
    let plan = member(&a).total(SECOND * 5).idle(SECOND * 3);
    let chat = route("chat").with(plan).build();
    let mut stream = open(&chat).await.unwrap().value;
    assert_eq!(stream.deadline(), begin + SECOND * 5, "whoever holds it knows");
    let (events, error) = read(&mut stream).await;
    assert_eq!(error.unwrap().kind(), timeout(Phase::Total));
    assert_eq!((Instant::now() - begin, events.len()), (SECOND * 5, 7));
}

// ---- the caller's ---------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_time_of_the_request_spans_all_attempts_and_waits() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).total(SECOND * 4)).max_attempts(9).build();
    let error = ask_as(&chat, &within(SECOND * 6)).await.unwrap_err();
    assert_eq!(error.kind(), timeout(Phase::Request), "it ends the second attempt");
    assert_eq!(Instant::now() - start, SECOND * 6);
    assert_eq!(
        a.times(start),
        [0, 5].map(Duration::from_secs),
        "4 s for the first attempt, 1 s of waiting"
    );
    let told: Vec<_> = a.seen().iter().map(|seen| seen.deadline - start).collect();
    assert_eq!(
        told,
        [4, 6].map(Duration::from_secs),
        "the vendor is told which comes first"
    );
    let kinds: Vec<_> = error.attempts().iter().map(|made| made.kind).collect();
    assert_eq!(kinds, [timeout(Phase::Total), timeout(Phase::Request)]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_an_attempt_that_would_begin_too_late() {
    let start = Instant::now();
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).total(SECOND * 4)).max_attempts(9).build();
    let error = ask_as(&chat, &within(SECOND * 10)).await.unwrap_err();
    assert_eq!(
        error.kind(),
        timeout(Phase::Total),
        "what went wrong is the deployment's time"
    );
    assert_eq!(a.calls(), 2);
    assert_eq!(
        Instant::now() - start,
        SECOND * 9,
        "4 s, 1 s, 4 s; the next would begin at 11 s"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_request_is_named_in_every_form() {
    let a = Vendor::new("a").otherwise(play([say([text("x")]), Step::Hang]));
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let mut stream = open_as(&chat, &within(SECOND * 2)).await.unwrap().value;
    let (events, error) = read(&mut stream).await;
    assert_eq!(
        (events.len(), error.unwrap().kind()),
        (1, timeout(Phase::Request)),
        "in the middle of a stream"
    );

    a.change(hang());
    let error = open_as(&chat, &within(SECOND * 2)).await.unwrap_err();
    assert_eq!(error.kind(), timeout(Phase::Request), "before its beginning");
    assert_eq!(error.attempts().len(), 1, "nobody waits for another attempt");

    a.change(fail(timeout(Phase::Total)).after(SECOND));
    let error = ask_as(&chat, &within(SECOND * 2)).await.unwrap_err();
    assert_eq!(
        error.kind(),
        timeout(Phase::Request),
        "a vendor's host knows one deadline, not whose it is"
    );

    assert_eq!(
        breaker(&chat, "a").state,
        BreakerState::Closed,
        "none of it is news about the deployment"
    );
    assert_eq!(breaker(&chat, "a").window_failures, 0);
}

#[tokio::test(start_paused = true)]
async fn callers_in_a_hurry_do_not_trip_a_breaker() {
    let a = Vendor::new("a").otherwise(hang());
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let hurry = within(SECOND);
    let all = join_all((0..1000).map(|_| ask_as(&chat, &hurry))).await;
    for result in all {
        assert_eq!(result.unwrap_err().kind(), timeout(Phase::Request));
    }
    assert_eq!((a.calls(), a.dropped(), a.running()), (1000, 1000, 0));
    let breaker = breaker(&chat, "a");
    assert_eq!((breaker.state, breaker.consecutive_failures), (BreakerState::Closed, 0));
    assert_eq!(breaker.window_requests, 0, "they say nothing either way");
    assert_eq!(tried(&chat, "a").failed, 1000, "and they failed all the same");
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_time_asks_nobody() {
    let a = Vendor::new("a");
    let chat = route("chat").with(&a).build();
    let error = ask_as(&chat, &within(Duration::ZERO)).await.unwrap_err();
    assert_eq!((error.kind(), a.calls()), (timeout(Phase::Request), 0));
    assert!(error.attempts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_can_only_shorten_what_the_deployment_allows() {
    let long = hurried(RequestTimeouts {
        total: Some(SECOND * 1000),
        connect: None,
        first_token: Some(SECOND * 1000),
        idle: Some(SECOND * 1000),
    });
    let short = hurried(RequestTimeouts {
        total: None,
        connect: Some(MILLISECOND * 700),
        first_token: Some(SECOND),
        idle: Some(SECOND),
    });
    let a = Vendor::new("a");
    let plan = || member(&a).total(SECOND * 5).first_token(SECOND * 2).idle(SECOND * 3);
    let cases = [
        (hang(), &long, Phase::FirstToken, SECOND * 2),
        (hang(), &short, Phase::FirstToken, SECOND),
        (play([say([text("x")]), Step::Hang]), &long, Phase::Idle, SECOND * 3),
        (play([say([text("x")]), Step::Hang]), &short, Phase::Idle, SECOND),
    ];
    for (turn, caller, phase, after) in cases {
        a.change(turn);
        let chat = route("chat").with(plan().trips_after(1)).max_attempts(1).build();
        let begin = Instant::now();
        let error = match open_as(&chat, caller).await {
            Ok(mut opened) => read(&mut opened.value).await.1.unwrap(),
            Err(error) => error,
        };
        assert_eq!((error.kind(), Instant::now() - begin), (timeout(phase), after));
        assert_eq!(
            a.seen().last().unwrap().connect,
            caller.timeouts.connect,
            "the runtime limits that"
        );
        // A caller in a hurry is no news about the deployment; its own limit is.
        let hurry = error.is_callers_limit();
        let state = if hurry {
            BreakerState::Closed
        } else {
            BreakerState::Open
        };
        assert_eq!((hurry, breaker(&chat, "a").state), (after == SECOND, state));
    }

    a.change(hang());
    let chat = route("chat").with(plan()).max_attempts(1).build();
    let begin = Instant::now();
    assert_eq!(ask_as(&chat, &long).await.unwrap_err().kind(), timeout(Phase::Total));
    assert_eq!(Instant::now() - begin, SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_hurry_may_find_somebody_faster() {
    let (a, b) = (Vendor::new("a").otherwise(hang()), Vendor::new("b"));
    let chat = route("chat").with(member(&a).trips_after(1)).with(&b).build();
    let caller = hurried(RequestTimeouts {
        first_token: Some(SECOND),
        ..RequestTimeouts::default()
    });
    let start = Instant::now();
    let answered = open_as(&chat, &caller).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "b");
    assert_eq!(b.times(start), [SECOND], "at once when the first one's time is over");
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_slow_connection_is_the_callers_impatience_where_the_caller_limits_it() {
    for (connect, state) in [
        (None, BreakerState::Open),
        (Some(SECOND * 90), BreakerState::Open),
        (Some(SECOND), BreakerState::Closed),
    ] {
        let a = Vendor::new("a").otherwise(fail(timeout(Phase::Connect)));
        let chat = route("chat").with(member(&a).trips_after(1)).max_attempts(1).build();
        let caller = hurried(RequestTimeouts {
            connect,
            ..RequestTimeouts::default()
        });
        let error = ask_as(&chat, &caller).await.unwrap_err();
        assert_eq!(error.kind(), timeout(Phase::Connect));
        assert_eq!(
            breaker(&chat, "a").state,
            state,
            "{connect:?}, and 60 s of the deployment's own"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_vendor_is_told_when_each_attempt_ends() {
    let a = Vendor::new("a");
    let chat = route("chat").with(member(&a).total(SECOND * 5)).build();
    let start = Instant::now();
    ask(&chat).await.unwrap();
    ask_as(&chat, &within(SECOND * 2)).await.unwrap();
    ask_as(&chat, &within(SECOND * 9)).await.unwrap();
    let told: Vec<_> = a.seen().iter().map(|seen| seen.deadline - start).collect();
    assert_eq!(told, [5, 2, 5].map(Duration::from_secs));
}
