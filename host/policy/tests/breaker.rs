//! What a breaker promises to many callers at once: it admits exactly as many probes as it needs, whoever asks and
//! however they go away, and learns only from what is the deployment's fault.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, timeout};
use wharf_policy::status::BreakerState;
use wharf_policy::{BreakerSettings, CircuitBreaker, Outcome, Pass, Readiness};
use wharf_types::{Error, ErrorKind, Phase};

/// Probes that it takes to recover.
const PROBES: u32 = 3;
const CALLERS: u32 = 1000;
const THREADS: u32 = 8;

/// The first failure trips it.
fn closed() -> CircuitBreaker {
    let settings = BreakerSettings {
        failure_threshold: 1,
        half_open_max_calls: PROBES,
        ..BreakerSettings::default()
    };
    CircuitBreaker::new(settings, SmallRng::seed_from_u64(7))
}

/// One that has tripped and begins to probe at the instant beside it.
fn tripped() -> (CircuitBreaker, Instant) {
    let breaker = closed();
    let now = Instant::now();
    let pass = breaker.enter(now).expect("a new breaker admits");
    pass.end(Outcome::Failure, now);
    let until = breaker.status(now).next_probe.expect("the first failure trips it");
    (breaker, until)
}

/// One that probes now, on a paused clock.
async fn half_open() -> CircuitBreaker {
    let (breaker, until) = tripped();
    advance(until.saturating_duration_since(Instant::now())).await;
    assert_eq!(
        breaker.state(),
        BreakerState::HalfOpen,
        "it must probe when its time is up"
    );
    breaker
}

async fn fails(breaker: &CircuitBreaker, kind: ErrorKind) -> ErrorKind {
    let result = breaker.call(async { Err::<(), _>(Error::new(kind, "scripted")) }).await;
    result.expect_err("the script fails").kind()
}

// ---- a thousand tasks -----------------------------------------------------------------------------------------

/// Callers that all ask at once. Those that are admitted wait until the gate opens.
struct Crowd {
    callers: JoinSet<Result<(), Error>>,
    /// How many of them asked the deployment.
    asked: Arc<AtomicU32>,
    gate: Arc<Semaphore>,
}

impl Crowd {
    fn gather(breaker: &CircuitBreaker) -> Self {
        let mut crowd = Self {
            callers: JoinSet::new(),
            asked: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        };
        for _ in 0..CALLERS {
            let (breaker, asked, gate) = (breaker.clone(), crowd.asked.clone(), crowd.gate.clone());
            crowd.callers.spawn(async move {
                let operation = async {
                    asked.fetch_add(1, Ordering::Relaxed);
                    drop(gate.acquire().await);
                    Ok(())
                };
                breaker.call(operation).await
            });
        }
        crowd
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Sees all but the probes rejected, while the gate is closed.
    async fn rejected(&mut self) {
        let before = Instant::now();
        for number in 1..=CALLERS - PROBES {
            // The paused clock jumps to this limit as soon as nobody can go on.
            let ended = timeout(Duration::from_secs(1), self.callers.join_next()).await;
            let ended = ended.unwrap_or_else(|_| panic!("caller {number} hangs: more than the probes were admitted"));
            let result = ended.expect("there are callers").expect("no caller panics");
            let error = result.expect_err("the gate is closed: nobody can have been answered");
            assert_eq!(error.kind(), ErrorKind::NoDeployment);
            assert_eq!(error.retry_after(), None, "nobody knows how long probes take");
        }
        assert_eq!(Instant::now(), before, "callers must be rejected at once");
        assert_eq!(self.asked(), PROBES, "exactly the probes must ask the deployment");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_callers_exactly_the_probes_are_admitted_and_let_it_recover() {
    let breaker = half_open().await;
    let mut crowd = Crowd::gather(&breaker);
    crowd.rejected().await;
    let status = breaker.status(Instant::now());
    assert_eq!((status.state, status.probes), (BreakerState::HalfOpen, PROBES));

    crowd.gate.add_permits(CALLERS as usize);
    let mut answered = 0;
    while let Some(ended) = crowd.callers.join_next().await {
        ended.expect("no caller panics").expect("every probe must be answered");
        answered += 1;
    }
    assert_eq!(answered, PROBES, "all others have been rejected");
    assert_eq!(breaker.state(), BreakerState::Closed, "all probes succeeded");
    breaker
        .call(async { Ok(()) })
        .await
        .expect("a closed breaker must admit");
}

#[tokio::test(start_paused = true)]
async fn when_all_probes_are_cancelled_as_many_others_are_admitted() {
    let breaker = half_open().await;
    for round in 1..=5 {
        let mut crowd = Crowd::gather(&breaker);
        crowd.rejected().await;

        crowd.callers.abort_all();
        while let Some(ended) = crowd.callers.join_next().await {
            let aborted = ended.expect_err("only the aborted probes are left");
            assert!(aborted.is_cancelled(), "round {round}: {aborted}");
        }
        let status = breaker.status(Instant::now());
        assert_eq!(
            (status.state, status.probes),
            (BreakerState::HalfOpen, 0),
            "cancelled probes must give their permits back in round {round}"
        );
    }

    let mut crowd = Crowd::gather(&breaker);
    crowd.rejected().await;
    crowd.gate.add_permits(CALLERS as usize);
    while let Some(ended) = crowd.callers.join_next().await {
        ended.expect("no caller panics").expect("every probe must be answered");
    }
    assert_eq!(
        breaker.state(),
        BreakerState::Closed,
        "it recovers however often it was disturbed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_polled_takes_no_permit() {
    let breaker = half_open().await;
    let calls: Vec<_> = (0..CALLERS).map(|_| breaker.call(async { Ok(()) })).collect();
    assert_eq!(breaker.status(Instant::now()).probes, 0, "nobody has asked yet");
    drop(calls);
    assert_eq!(breaker.readiness(Instant::now()), Readiness::Probes);
}

// ---- threads --------------------------------------------------------------------------------------------------

/// All threads ask at the same moment, 1000 times altogether. The passes they got.
fn rush(breaker: &CircuitBreaker, now: Instant) -> Vec<Pass> {
    let start = Barrier::new(THREADS as usize);
    let ask = || {
        start.wait();
        let mut passes = Vec::new();
        for _ in 0..CALLERS / THREADS {
            match breaker.enter(now) {
                Ok(pass) => passes.push(pass),
                Err(until) => assert_eq!(until, None, "while probes run nobody knows when to ask again"),
            }
        }
        passes
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        let passes = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no thread panics"));
        passes.collect()
    })
}

#[test]
fn of_a_thousand_callers_on_eight_threads_exactly_the_probes_are_admitted() {
    let (breaker, until) = tripped();
    for round in 1..=20 {
        let passes = rush(&breaker, until);
        assert_eq!(passes.len(), PROBES as usize, "no more and no less in round {round}");
        drop(passes);
        assert_eq!(
            breaker.status(until).probes,
            0,
            "dropped passes must be given back in round {round}"
        );
    }
    for pass in rush(&breaker, until) {
        pass.end(Outcome::Success, until);
    }
    assert_eq!(
        breaker.status(until).state,
        BreakerState::Closed,
        "all probes succeeded"
    );
    let passes = rush(&breaker, until);
    assert_eq!(passes.len(), CALLERS as usize, "a closed breaker must admit everybody");
}

#[test]
fn while_threads_come_and_go_there_are_never_more_probes_than_it_needs() {
    let (breaker, until) = tripped();
    let start = Barrier::new(THREADS as usize);
    let inside = AtomicU32::new(0);
    let admitted = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..10_000 {
                    let Ok(pass) = breaker.enter(until) else {
                        continue;
                    };
                    let now_inside = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(now_inside <= PROBES, "{now_inside} probes run, {PROBES} are enough");
                    admitted.fetch_add(1, Ordering::Relaxed);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(pass);
                }
            });
        }
    });
    let status = breaker.status(until);
    assert_eq!(
        (status.state, status.probes),
        (BreakerState::HalfOpen, 0),
        "no permit may be lost, and cancelled probes decide nothing"
    );
    assert!(
        admitted.load(Ordering::Relaxed) > PROBES,
        "permits that were given back must be given out again"
    );
}

#[test]
fn failures_among_the_probes_of_eight_threads_trip_it_once() {
    let (breaker, until) = tripped();
    let mut passes = rush(&breaker, until);
    for failing in passes.drain(1..) {
        failing.end(Outcome::Failure, until);
    }
    for pass in passes {
        pass.end(Outcome::Success, until);
    }
    let status = breaker.status(until);
    assert_eq!(
        (status.state, status.trips),
        (BreakerState::Open, 2),
        "the other probes must not save it, nor trip it again"
    );
    let refused = breaker.enter(until).expect_err("an open breaker must reject");
    assert_eq!(refused, status.next_probe, "it must say when to ask again");
}

// ---- what it learns -------------------------------------------------------------------------------------------

/// What says nothing about a deployment.
const FAULTS_OF_THE_CALLER: [ErrorKind; 6] = [
    ErrorKind::InvalidRequest,
    ErrorKind::ContextLengthExceeded,
    ErrorKind::ContentFiltered,
    ErrorKind::Unsupported,
    ErrorKind::Cancelled,
    ErrorKind::Timeout(Phase::Request),
];

#[tokio::test(start_paused = true)]
async fn what_is_the_callers_fault_never_trips_it() {
    for kind in FAULTS_OF_THE_CALLER {
        let breaker = closed();
        for _ in 0..1000 {
            assert_eq!(fails(&breaker, kind).await, kind, "the call's own error must come back");
        }
        let status = breaker.status(Instant::now());
        assert_eq!(status.state, BreakerState::Closed, "{kind:?} must not trip it");
        assert_eq!(
            (status.consecutive_failures, status.window_requests),
            (0, 0),
            "{kind:?} must not even be counted"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_callers_fault_decides_nothing_for_a_half_open_one() {
    let breaker = half_open().await;
    for kind in FAULTS_OF_THE_CALLER {
        for _ in 0..1000 {
            assert_eq!(fails(&breaker, kind).await, kind, "the next caller must be admitted");
        }
        let status = breaker.status(Instant::now());
        assert_eq!(
            (status.state, status.probes),
            (BreakerState::HalfOpen, 0),
            "{kind:?} must neither trip it nor let it recover"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_deployments_fault_trips_it() {
    let settings = BreakerSettings::default();
    for kind in [
        ErrorKind::Overloaded,
        ErrorKind::UpstreamUnavailable,
        ErrorKind::Timeout(Phase::FirstToken),
    ] {
        let breaker = CircuitBreaker::new(settings, SmallRng::seed_from_u64(7));
        for _ in 1..settings.failure_threshold {
            assert_eq!(fails(&breaker, kind).await, kind);
            assert_eq!(breaker.state(), BreakerState::Closed, "one more {kind:?} is needed");
        }
        assert_eq!(fails(&breaker, kind).await, kind);
        assert_eq!(breaker.state(), BreakerState::Open, "{kind:?} must count");
    }
}

#[tokio::test(start_paused = true)]
async fn while_open_it_says_how_long_to_wait_and_asks_nobody() {
    let (breaker, until) = tripped();
    advance(Duration::from_secs(1)).await;
    let mut asked = false;
    let operation = async {
        asked = true;
        Ok(())
    };
    let error = breaker.call(operation).await.expect_err("it must reject");
    assert!(!asked, "an open breaker must not ask the deployment");
    assert_eq!(error.kind(), ErrorKind::NoDeployment);
    let left = until.saturating_duration_since(Instant::now());
    assert_eq!(error.retry_after(), Some(left), "it must tell the time that is left");
}
