//! Streams around their commit point: what may be replaced by another attempt, what may not, and that nothing is
//! lost, invented or reordered on the way.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_policy::status::BreakerState;
use wharf_policy::{Balancer, Deadline, EventSource, Form, OpenStream, Route, Strategy};
use wharf_types::{
    CallDelta, Error, ErrorKind, Event, Extension, FinishReason, Json, Part, Reasoning, Retryability, Start, Usage,
};

use scripted::{
    MILLISECOND, SECOND, Step, Turn, Vendor, ask, breaker, counts, fail, failure, member, open, play, read, rng, route,
    say, start, stop, text, tried,
};

const OVERLOADED: ErrorKind = ErrorKind::Overloaded;

fn breaks() -> Step {
    Step::Break(failure(OVERLOADED))
}

/// A route of one vendor that is asked once and does this.
fn once(turn: Turn) -> Arc<Route> {
    let a = Vendor::new("a").otherwise(turn);
    route("chat").with(&a).max_attempts(1).build()
}

/// What came together.
type Batches = Vec<Vec<Event>>;

/// Each batch of such a stream as the client gets it, and the error at its end.
async fn batches(turn: Turn) -> Result<(Batches, Option<Error>), Error> {
    let mut stream = open(&once(turn)).await?.value;
    let mut all = Vec::new();
    loop {
        match stream.next().await {
            Ok(events) if events.is_empty() => return Ok((all, None)),
            Ok(events) => all.push(events),
            Err(error) => return Ok((all, Some(error))),
        }
    }
}

/// A vendor's field that is no content.
fn field(length: usize) -> Event {
    Event::Extension(Extension {
        kind: "x".to_owned(),
        value: Json("0".repeat(length)),
    })
}

/// One of everything that a client can see something of.
fn contents() -> Vec<Event> {
    vec![
        text("x"),
        Event::Reasoning(Reasoning::default()),
        Event::ToolCall(CallDelta {
            index: 0,
            id: None,
            name: None,
            arguments: String::new(),
            extra: None,
        }),
        Event::Refusal("no".to_owned()),
        Event::Part(Part::text("x")),
    ]
}

/// One of everything else.
fn silence() -> Vec<Event> {
    vec![start(), Event::Usage(Usage::default()), stop(), field(1)]
}

// ---- the commit point -----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn an_error_before_the_first_content_is_an_error_and_not_a_broken_stream() {
    for event in silence() {
        let error = batches(play([say([event]), breaks()])).await.unwrap_err();
        assert_eq!(error.kind(), OVERLOADED);
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(
            error.retryability(),
            Retryability::Exhausted,
            "nobody further out may retry"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_first_content_ends_the_stream() {
    for event in contents() {
        let script = play([say([event.clone()]), breaks()]);
        let (all, error) = batches(script).await.expect("content commits");
        assert_eq!(all, [[event]]);
        assert_eq!(error.unwrap().kind(), OVERLOADED);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_reordered_on_the_way() {
    let script = play([
        say([start()]),
        say([field(3), text("a"), text("b")]),
        say([text("c"), stop()]),
    ]);
    let (all, error) = batches(script).await.unwrap();
    assert_eq!(
        all,
        [vec![start(), field(3), text("a"), text("b")], vec![text("c"), stop()]],
        "what was held back comes with the first content"
    );
    assert!(error.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_first_content_is_not_held_back() {
    let begin = Instant::now();
    let script = play([
        say([start()]),
        Step::Pause(SECOND),
        say([text("a")]),
        Step::Pause(SECOND * 5),
        say([text("b")]),
    ]);
    let mut stream = open(&once(script)).await.unwrap().value;
    assert_eq!(Instant::now() - begin, SECOND);
    assert_eq!(stream.next().await.unwrap(), [start(), text("a")]);
    assert_eq!(Instant::now() - begin, SECOND, "it is handed out when it is there");
    assert_eq!(stream.next().await.unwrap(), [text("b")]);
    assert_eq!(Instant::now() - begin, SECOND * 6);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_content_is_an_answer() {
    let a = Vendor::new("a").otherwise(play([say([start()]), say([stop()])]));
    let chat = route("chat").with(&a).build();
    let mut stream = open(&chat).await.unwrap().value;
    let (events, error) = read(&mut stream).await;
    assert_eq!(events, [start(), stop()]);
    assert!(error.is_none());
    assert_eq!(
        (a.calls(), counts(&chat).succeeded, tried(&chat, "a").succeeded),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_end_without_any_event_is_no_answer() {
    let error = batches(play([])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol, "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_does_not_say_why_is_no_end() {
    let (all, error) = batches(play([say([text("half of")])])).await.unwrap();
    assert_eq!(all.into_iter().flatten().count(), 1, "what came is not lost");
    let error = error.expect("an answer that stops must not pass for a whole one");
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol, "{error}");
    assert_eq!(error.attempts().len(), 1, "it says who broke off");
}

#[tokio::test(start_paused = true)]
async fn an_end_without_content_that_does_not_say_why_is_made_up_for_elsewhere() {
    let (a, b) = (Vendor::new("a").otherwise(play([])), Vendor::new("b"));
    let chat = route("chat").with(&a).with(&b).build();
    let answered = open(&chat).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "b");
    assert_eq!((a.calls(), b.calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_says_anything_is_not_held_back_for_ever() {
    let script = play((0..100).map(|_| say([field(64 << 10)])).chain([say([stop()])]));
    let (mut all, error) = batches(script).await.unwrap();
    let opening = all.remove(0);
    assert!(opening.len() < 20, "{} events of 64 KiB were held back", opening.len());
    assert_eq!(opening.len() + all.into_iter().flatten().count(), 101, "none is lost");
    assert!(error.is_none());
}

// ---- early failures -------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn an_early_failure_is_made_up_for_elsewhere_without_a_trace() {
    let begin = Instant::now();
    let head = |id: &str| {
        Event::Start(Start {
            id: Some(id.to_owned()),
            ..Start::default()
        })
    };
    let a = Vendor::new("a").otherwise(play([say([head("a"), field(1)]), breaks()]));
    let b = Vendor::new("b").otherwise(play([say([head("b")]), say([text("x"), stop()])]));
    let chat = route("chat").with(member(&a).trips_after(1)).with(&b).build();
    let mut answered = open(&chat).await.unwrap();
    assert_eq!(answered.deployment.as_ref().unwrap().as_str(), "b");
    assert_eq!(answered.attempts, 2);
    let (events, error) = read(&mut answered.value).await;
    assert_eq!(events, [head("b"), text("x"), stop()], "nothing of the first one's");
    assert!(error.is_none());
    assert_eq!(Instant::now() - begin, Duration::ZERO);
    assert_eq!(tried(&chat, "a").failed, 1);
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open, "a 200 is no success");
    assert_eq!((counts(&chat).succeeded, counts(&chat).retries), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_early_failure_everywhere_is_an_error_with_its_history() {
    let vendors = ["a", "b"].map(|name| Vendor::new(name).otherwise(play([say([start()]), breaks()])));
    let chat = vendors
        .iter()
        .fold(route("chat"), |plan, vendor| plan.with(vendor))
        .build();
    let error = open(&chat).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (OVERLOADED, 3));
    assert_eq!((counts(&chat).failed, counts(&chat).cancelled), (1, 0));
    assert!(vendors.iter().all(|vendor| vendor.running() == 0));
}

// ---- late failures --------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_again_after_content_and_the_deployment_is_to_blame() {
    let a = Vendor::new("a").otherwise(play([say([text("x")]), breaks()]));
    let b = Vendor::new("b");
    let chat = route("chat").with(member(&a).trips_after(1)).with(&b).build();
    let mut stream = open(&chat).await.unwrap().value;
    let (events, error) = read(&mut stream).await;
    assert_eq!(events, [text("x")]);
    assert_eq!(error.unwrap().kind(), OVERLOADED);
    assert!(stream.next().await.unwrap().is_empty(), "there is nothing after it");
    assert_eq!(
        (a.calls(), b.calls()),
        (1, 0),
        "the client has seen content: no other answer fits it"
    );
    assert_eq!(breaker(&chat, "a").state, BreakerState::Open);
    assert_eq!((tried(&chat, "a").failed, tried(&chat, "a").succeeded), (1, 0));
    assert_eq!(
        (counts(&chat).failed, counts(&chat).succeeded, counts(&chat).retries),
        (1, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_failure_that_is_the_callers_fault_is_not_the_deployments() {
    let filtered = Step::Break(failure(ErrorKind::ContentFiltered));
    let a = Vendor::new("a").otherwise(play([say([text("x")]), filtered]));
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let (_, error) = read(&mut open(&chat).await.unwrap().value).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::ContentFiltered);
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
    assert_eq!(counts(&chat).failed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_counted_when_it_is_over() {
    let a = Vendor::new("a");
    let chat = route("chat").with(&a).build();
    let mut stream = open(&chat).await.unwrap().value;
    assert_eq!(
        (counts(&chat).requests, counts(&chat).succeeded),
        (1, 0),
        "its end is not known yet"
    );
    read(&mut stream).await;
    assert_eq!((counts(&chat).succeeded, tried(&chat, "a").succeeded), (1, 1));
    drop(stream);
    assert_eq!(
        (counts(&chat).succeeded, counts(&chat).cancelled),
        (1, 0),
        "it ends once"
    );
}

// ---- around it ------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_failed_request_tells_who_said_no() {
    let error = ask(&once(fail(OVERLOADED))).await.unwrap_err();
    assert_eq!(error.attempts()[0].deployment.as_str(), "a");

    let nobody = route("chat").build();
    assert_eq!(ask(&nobody).await.unwrap_err().kind(), ErrorKind::NoDeployment);
    assert_eq!(open(&nobody).await.unwrap_err().kind(), ErrorKind::NoDeployment);
    let empty = Balancer::new(Strategy::Latency, []);
    assert_eq!(
        empty.select(Form::Whole, &mut rng()).unwrap_err().kind(),
        ErrorKind::NoDeployment
    );
}

/// A source that is over after one event.
struct Short(Option<Event>);

impl EventSource for Short {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        let events: Vec<Event> = self.0.take().into_iter().collect();
        Box::pin(async move { Ok(events) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_picked_is_read_in_the_same_way() {
    let deadline = Deadline::within(SECOND, Instant::now());
    let end = Event::Finish(FinishReason::Stop);
    let mut stream = OpenStream::new(Box::new(Short(Some(end.clone()))), deadline);
    assert_eq!(stream.next().await.unwrap(), [end]);
    assert!(stream.next().await.unwrap().is_empty());
    assert!(stream.next().await.unwrap().is_empty(), "an end stays an end");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_given_up_while_it_was_read_is_not_taken_for_one_that_ended() {
    let a = Vendor::new("a").otherwise(play([say([text("a")]), Step::Pause(SECOND), say([text("b")])]));
    let chat = route("chat").with(&a).build();
    let mut stream = open(&chat).await.unwrap().value;
    assert_eq!(stream.next().await.unwrap(), [text("a")]);
    tokio::time::timeout(MILLISECOND, stream.next()).await.unwrap_err();
    assert_eq!(stream.next().await.unwrap_err().kind(), ErrorKind::Cancelled);
}
