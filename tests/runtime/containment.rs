//! A provider that crashes, loops, hoards or never ends fails its own call with a typed error. The next call, and
//! every other call meanwhile, does not notice.

use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use wharf_runtime::Deployment;
use wharf_tests::runtime::{MODEL, asking, deploy, deploy_in, patiently, saying, with_instances, within};
use wharf_tests::upstream::{Reply, Upstream};
use wharf_types::{Error, ErrorKind, Event, FinishReason, Phase, Request, Response, Retryability};

const MIB: usize = 1 << 20;

async fn ask(deployment: &Deployment, request: &Request) -> Result<Response, Error> {
    deployment.generate(request, MODEL, patiently()).await
}

/// The failure of a request that must fail.
async fn failure(deployment: &Deployment, request: &Request) -> Error {
    ask(deployment, request)
        .await
        .expect_err("this guest must not get away with it")
}

/// Whether another deployment still answers.
async fn others_answer() {
    let other = deploy("remembers", |_| {}).await;
    let answer = ask(&other, &saying("still here?"))
        .await
        .expect("another deployment must not notice");
    assert_eq!(answer.text(), "still here?");
}

#[tokio::test]
async fn a_guest_that_crashes_fails_its_own_call_only() {
    let crashing = deploy("traps", |_| {}).await;
    let error = failure(&crashing, &asking(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ProviderTrapped);
    assert_eq!(
        error.retryability(),
        Retryability::Transient,
        "another attempt gets another instance"
    );
    assert!(
        error.detail().is_some_and(|detail| !detail.is_empty()),
        "the log must learn where it crashed"
    );
    assert!(
        !error.message().contains("wasm"),
        "the client must not: {}",
        error.message()
    );
    let behaved = ask(&crashing, &asking(&[("behave", json!(true))]))
        .await
        .expect("the next call must work");
    assert_eq!(behaved.text(), "well behaved");
    others_answer().await;
}

#[tokio::test]
async fn a_stream_that_crashes_keeps_what_it_said_before() {
    let crashing = deploy("traps", |_| {}).await;
    let mut stream = crashing
        .stream(&asking(&[]), MODEL, patiently())
        .await
        .expect("the stream must start");
    assert_eq!(
        stream.next().await.expect("the first step works"),
        [Event::Text("one".to_owned())]
    );
    let error = stream.next().await.expect_err("the second step crashes");
    assert_eq!(error.kind(), ErrorKind::ProviderTrapped);
}

#[tokio::test]
async fn a_guest_that_loops_is_stopped_at_its_cpu_limit() {
    let looping = deploy("loops", |options| options.limits.cpu = Duration::from_millis(200)).await;
    let error = failure(&looping, &asking(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(
        error.message().contains("CPU time of 200ms"),
        "the message must name the limit: {}",
        error.message()
    );
}

#[tokio::test]
async fn calls_of_the_host_do_not_hide_a_loop_from_the_cpu_limit() {
    let looping = deploy("loops", |options| options.limits.cpu = Duration::from_millis(200)).await;
    let error = failure(&looping, &asking(&[("host_calls", json!(true))])).await;
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
}

/// One thread for all: a guest that did not yield would keep the others out until its end.
#[tokio::test(flavor = "current_thread")]
async fn other_calls_of_the_same_thread_go_on_while_a_guest_loops() {
    let looping = deploy("loops", |options| options.limits.cpu = Duration::from_secs(1)).await;
    let other = deploy("remembers", |_| {}).await;
    let (bad, good) = (asking(&[]), saying("hello"));
    let mut running = pin!(looping.generate(&bad, MODEL, patiently()));
    let others = async {
        for _ in 0..5 {
            ask(&other, &good)
                .await
                .expect("a call beside a looping guest must work");
        }
    };
    tokio::select! {
        biased;
        ended = &mut running => panic!("five short calls must not wait for the looping one: {ended:?}"),
        () = others => {}
    }
    let error = running.await.expect_err("the looping guest must be stopped");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
}

#[tokio::test]
async fn waiting_for_a_slow_upstream_costs_no_cpu_time() {
    let upstream = Upstream::start(|_| Reply::text("late, but there").after(Duration::from_millis(400))).await;
    let patient = deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(upstream.base_url());
        options.limits.cpu = Duration::from_millis(100);
    })
    .await;
    let request = asking(&[("url", json!(upstream.url("/slow")))]);
    let answer = ask(&patient, &request)
        .await
        .expect("time spent waiting must not count");
    assert_eq!(answer.text(), "200 late, but there");
}

#[tokio::test]
async fn a_guest_that_hoards_memory_is_stopped_at_its_limit() {
    let hoarding = deploy("allocates", |options| options.limits.memory = 16 * MIB).await;
    let error = failure(&hoarding, &asking(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(
        error.message().contains("16 MiB of memory"),
        "the message must name the limit: {}",
        error.message()
    );
    others_answer().await;
}

#[tokio::test]
async fn a_request_that_fills_the_guests_memory_is_refused_and_is_not_the_providers_fault() {
    let small = deploy("remembers", |options| options.limits.memory = 4 * MIB).await;
    let error = failure(&small, &saying(&"x".repeat(8 * MIB))).await;
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(
        error.message().contains("8 MiB") && error.message().contains("limits.memory"),
        "the message must name the size and the limit: {}",
        error.message()
    );
    let answer = ask(&small, &saying("still here?")).await.expect("it fits");
    assert_eq!(answer.text(), "still here?");
}

#[tokio::test]
async fn a_guest_without_end_of_recursion_runs_out_of_stack_and_nothing_else_does() {
    let recursing = deploy("recurses", |_| {}).await;
    let error = failure(&recursing, &asking(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ProviderTrapped, "{error}");
    others_answer().await;
}

#[tokio::test]
async fn a_guest_that_leaks_handles_is_stopped() {
    let leaking = deploy("leaks_handles", |options| options.limits.handles = 100).await;
    let error = failure(&leaking, &asking(&[])).await;
    let stopped = matches!(error.kind(), ErrorKind::ProviderTrapped | ErrorKind::ResourceExhausted);
    assert!(
        stopped,
        "handles are a limited resource: {error} ({:?})",
        error.detail()
    );
    let cpu = error.message().contains("CPU");
    assert!(
        !cpu,
        "it must be stopped by its handles, long before its CPU time is over: {}",
        error.message()
    );
    others_answer().await;
}

#[tokio::test]
async fn a_guest_that_hangs_is_ended_at_the_deadline() {
    let hanging = deploy("hangs", |_| {}).await;
    let briefly = within(Duration::from_millis(200));
    let error = hanging
        .generate(&asking(&[]), MODEL, briefly)
        .await
        .expect_err("the deadline must end it");
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total));
}

#[tokio::test]
async fn a_guest_that_never_reads_its_answer_is_ended_at_the_deadline_and_its_connection_closed() {
    let upstream = Upstream::start(|_| Reply::text("nobody reads this").hang()).await;
    let hanging = deploy("hangs", |options| options.outbound.base_url = Some(upstream.base_url())).await;
    let request = asking(&[("url", json!(upstream.url("/chat")))]);
    let briefly = within(Duration::from_millis(500));
    let error = hanging
        .generate(&request, MODEL, briefly)
        .await
        .expect_err("the deadline must end it");
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total));
    upstream.disconnected().await;
}

#[tokio::test]
async fn an_endless_stream_that_is_dropped_gives_its_instance_back() {
    let runtime = with_instances(1);
    let endless = deploy_in(&runtime, "never_ends_stream").await;
    let mut stream = endless
        .stream(&asking(&[]), MODEL, patiently())
        .await
        .expect("the stream must start");
    for _ in 0..1000 {
        let events = stream.next().await.expect("it goes on and on");
        assert_eq!(events, [Event::Text("more ".to_owned())]);
    }
    assert_eq!(runtime.free_instances(), 0, "a stream holds its instance");
    drop(stream);
    assert_eq!(runtime.free_instances(), 1, "a dropped stream must not");
    let answer = ask(&endless, &asking(&[]))
        .await
        .expect("the only instance must be free again");
    assert_eq!(answer.text(), "a whole answer does end");
}

#[tokio::test]
async fn an_endless_stream_is_ended_by_its_deadline() {
    let endless = deploy("never_ends_stream", |_| {}).await;
    let briefly = within(Duration::from_millis(200));
    let mut stream = endless
        .stream(&asking(&[]), MODEL, briefly)
        .await
        .expect("the stream must start");
    let error = loop {
        if let Err(error) = stream.next().await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total), "{error}");
}

#[tokio::test]
async fn the_cpu_time_of_a_stream_is_counted_over_all_its_steps() {
    let endless = deploy("never_ends_stream", |options| {
        options.limits.cpu = Duration::from_millis(100)
    })
    .await;
    let mut stream = endless
        .stream(&asking(&[]), MODEL, patiently())
        .await
        .expect("the stream must start");
    let error = loop {
        if let Err(error) = stream.next().await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_the_guests_error() {
    let breaking = deploy("bad_stream", |_| {}).await;
    let mut stream = breaking
        .stream(&asking(&[]), MODEL, patiently())
        .await
        .expect("the stream must start");
    let events = stream.next().await.expect("the first batch is good");
    assert_eq!(events.len(), 2, "a batch must arrive as one: {events:?}");
    let error = stream.next().await.expect_err("the second step fails");
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(
        error.retry_after(),
        Some(Duration::from_millis(1500)),
        "the wait that was asked for must survive"
    );
}

#[tokio::test]
async fn a_guest_that_floods_the_log_still_gets_its_answer_through() {
    let flooding = deploy("floods_log", |_| {}).await;
    let answer = ask(&flooding, &asking(&[]))
        .await
        .expect("too many messages are dropped, not punished");
    assert_eq!(answer.text(), "flooded");
}

#[tokio::test]
async fn an_answer_larger_than_may_cross_the_border_is_stopped_there() {
    let huge = deploy("huge_answer", |options| options.limits.transfer = MIB).await;
    let error = failure(&huge, &asking(&[("bytes", json!(2 * MIB))])).await;
    let stopped = matches!(error.kind(), ErrorKind::ProviderTrapped | ErrorKind::ResourceExhausted);
    assert!(
        stopped,
        "the transfer limit must stop it: {error} ({:?})",
        error.detail()
    );
    let answer = ask(&huge, &asking(&[("bytes", json!(MIB / 2))]))
        .await
        .expect("half of the limit must pass");
    assert_eq!(answer.text().len(), MIB / 2);
}

#[tokio::test]
async fn two_calls_never_share_memory() {
    let remembering = deploy("remembers", |_| {}).await;
    for secret in ["one user's prompt", "another user's prompt"] {
        let answer = ask(&remembering, &saying(secret)).await.expect("it must answer");
        assert_eq!(
            answer.text(),
            secret,
            "an instance must have seen nothing but its own call"
        );
    }
}

#[tokio::test]
async fn calls_at_the_same_time_never_share_memory() {
    let remembering = deploy("remembers", |_| {}).await;
    let (left, right) = (saying("left"), saying("right"));
    let (left, right) = tokio::join!(ask(&remembering, &left), ask(&remembering, &right));
    assert_eq!(left.expect("it must answer").text(), "left");
    assert_eq!(right.expect("it must answer").text(), "right");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_passed_on_and_breaks_nothing() {
    let upstream = Upstream::start(|_| Reply::text("{}")).await;
    let lying = deploy("lies", |options| options.outbound.base_url = Some(upstream.base_url())).await;
    let answer = ask(&lying, &asking(&[]))
        .await
        .expect("nonsense is an answer like any other");
    assert_eq!(
        answer.usage.input_tokens,
        Some(u64::MAX),
        "numbers must be passed on as they are"
    );
    assert_eq!(answer.finish, FinishReason::ToolCalls);
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn a_guest_that_does_not_let_go_does_not_hold_its_answer_back() {
    let clinging = deploy("hangs_in_close", |options| options.limits.cpu = Duration::from_secs(60)).await;
    let answer = tokio::time::timeout(Duration::from_secs(10), ask(&clinging, &asking(&[])))
        .await
        .expect("the answer is there; only the goodbye is not")
        .expect("the answer must arrive");
    assert_eq!(answer.text(), "here it is");
}
