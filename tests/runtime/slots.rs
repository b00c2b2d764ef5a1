//! The number of instances is limited: a call beyond it waits for its deadline, not for ever, and gets the first
//! instance that is given back.

use std::time::Duration;

use wharf_runtime::{Deployment, EventStream};
use wharf_tests::runtime::{MODEL, asking, deploy_in, patiently, with_instances, within};
use wharf_types::ErrorKind;

/// Two streams that hold the two instances of a runtime until they are dropped.
async fn held(deployment: &Deployment) -> [EventStream; 2] {
    [open(deployment).await, open(deployment).await]
}

async fn open(deployment: &Deployment) -> EventStream {
    deployment
        .stream(&asking(&[]), MODEL, patiently())
        .await
        .expect("there must be room for two")
}

#[tokio::test]
async fn a_call_beyond_the_limit_fails_at_its_deadline_and_says_why() {
    let runtime = with_instances(2);
    let endless = deploy_in(&runtime, "never_ends_stream").await;
    let streams = held(&endless).await;
    assert_eq!(runtime.free_instances(), 0);
    let briefly = within(Duration::from_millis(200));
    let error = endless
        .generate(&asking(&[]), MODEL, briefly)
        .await
        .expect_err("there is no instance left");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.message().contains("no free instance"), "{}", error.message());
    assert!(!error.sent(), "a call without an instance has sent nothing");
    drop(streams);
    assert_eq!(runtime.free_instances(), 2, "both instances must come back");
    endless
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect("there is room again");
    assert_eq!(runtime.free_instances(), 2);
}

#[tokio::test]
async fn a_call_that_waits_gets_the_instance_that_another_gives_back() {
    let runtime = with_instances(2);
    let endless = deploy_in(&runtime, "never_ends_stream").await;
    let [first, _second] = held(&endless).await;
    let request = asking(&[]);
    let (answer, ()) = tokio::join!(endless.generate(&request, MODEL, patiently()), async { drop(first) });
    let answer = answer.expect("the waiting call must get the free instance");
    assert_eq!(answer.text(), "a whole answer does end");
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_takes_no_instance() {
    let runtime = with_instances(2);
    let endless = deploy_in(&runtime, "never_ends_stream").await;
    let streams = held(&endless).await;
    let request = asking(&[]);
    tokio::select! {
        biased;
        ended = endless.generate(&request, MODEL, patiently()) => panic!("there is no instance for it: {ended:?}"),
        () = tokio::task::yield_now() => {}
    }
    drop(streams);
    assert_eq!(
        runtime.free_instances(),
        2,
        "nobody waits any more, so both must be free"
    );
}

#[tokio::test]
async fn a_crash_gives_the_instance_back() {
    let runtime = with_instances(1);
    let crashing = deploy_in(&runtime, "traps").await;
    for _ in 0..3 {
        let error = crashing
            .generate(&asking(&[]), MODEL, patiently())
            .await
            .expect_err("it crashes");
        assert_eq!(
            error.kind(),
            ErrorKind::ProviderTrapped,
            "each call must get an instance: {error}"
        );
    }
    assert_eq!(runtime.free_instances(), 1);
}
