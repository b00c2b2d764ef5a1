//! A host that can run only so many attempts at once: who waits for a place costs the deployment nothing.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use wharf_policy::status::BreakerState;
use wharf_types::{ErrorKind, Phase};

use scripted::{
    MILLISECOND, SECOND, Vendor, answer, ask, ask_as, breaker, counts, member, open, read, route, target, tried, within,
};

/// Clients of a crowd.
const CLIENTS: usize = 10_000;

fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count))
}

#[tokio::test(start_paused = true)]
async fn never_more_run_than_there_are_places_and_everybody_is_served() {
    let places = places(3);
    let a = Vendor::new("a")
        .otherwise(answer("a").after(MILLISECOND * 100))
        .with_places(&places);
    let chat = route("chat").with(&a).build();
    for answered in join_all((0..30).map(|_| ask(&chat))).await {
        answered.unwrap();
    }
    assert_eq!((a.calls(), a.peak()), (30, 3));
    assert_eq!(places.available_permits(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_begins_when_it_has_a_place() {
    let places = places(1);
    let a = Vendor::new("a")
        .otherwise(answer("a").after(SECOND * 3))
        .with_places(&places);
    let chat = route("chat")
        .with(member(&a).total(SECOND * 4).first_token(SECOND * 4).trips_after(1))
        .build();
    let (first, second) = tokio::join!(ask(&chat), ask(&chat));
    first.unwrap();
    second.expect("three seconds in the queue are not the deployment's");
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
    assert_eq!(
        target(&chat, "a").load().average(wharf_policy::Form::Whole),
        Some(SECOND * 3)
    );

    let (first, second) = tokio::join!(open(&chat), async {
        tokio::task::yield_now().await;
        open(&chat).await
    });
    read(&mut first.unwrap().value).await;
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_place_longer_than_for_a_connection() {
    let places = places(1);
    let a = Vendor::new("a").with_places(&places);
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let _taken = places.try_acquire().unwrap();
    let start = Instant::now();
    let error = ask(&chat).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::ResourceExhausted, false));
    assert_eq!(Instant::now() - start, target(&chat, "a").timeouts().connect);
    assert_eq!((a.calls(), tried(&chat, "a").failed), (0, 1));
    assert_eq!(
        breaker(&chat, "a").state,
        BreakerState::Closed,
        "the host is full, not the vendor"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_is_up_in_the_queue_is_told_so() {
    let places = places(1);
    let a = Vendor::new("a").with_places(&places);
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .degraded_text("nobody is there")
        .build();
    let _taken = places.try_acquire().unwrap();
    let start = Instant::now();
    let error = ask_as(&chat, &within(SECOND)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Request), "{error}");
    assert_eq!((Instant::now() - start, a.calls()), (SECOND, 0));
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn clients_that_leave_the_queue_leave_nothing_behind() {
    let places = places(1);
    let a = Vendor::new("a").with_places(&places);
    let chat = route("chat").with(member(&a).trips_after(1)).build();
    let taken = places.try_acquire().unwrap();
    for _ in 0..CLIENTS / 100 {
        for left in join_all((0..100).map(|_| timeout(Duration::from_millis(10), ask(&chat)))).await {
            assert!(left.is_err(), "there is no place");
        }
    }
    let (tried, counts) = (tried(&chat, "a"), counts(&chat));
    assert_eq!((tried.cancelled, counts.cancelled), (CLIENTS as u64, CLIENTS as u64));
    assert_eq!((a.calls(), target(&chat, "a").load().in_flight()), (0, 0));
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
    drop(taken);
    ask(&chat).await.expect("the place is free, and nobody is before us");
    assert_eq!(places.available_permits(), 1);
}
