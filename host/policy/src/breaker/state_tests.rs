//! What the breaker promises: a claim for each rule, then every short sequence of operations and random long ones,
//! compared step by step with a model that shares no code with it.

use proptest::prelude::*;
use rand::SeedableRng as _;

use super::Outcome::{Abandoned, Failure, Success, Unknown};
use super::*;
use crate::status::BreakerState::{Closed, HalfOpen, Open};

const NANOSECOND: Duration = Duration::from_nanos(1);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Only failures in a row trip it.
fn in_a_row(failure_threshold: u32) -> BreakerSettings {
    BreakerSettings {
        failure_threshold,
        minimum_requests: u32::MAX,
        ..BreakerSettings::default()
    }
}

/// Only the share of failures trips it.
fn by_share(failure_ratio: f64, minimum_requests: u32) -> BreakerSettings {
    BreakerSettings {
        failure_threshold: u32::MAX,
        failure_ratio,
        minimum_requests,
        ..BreakerSettings::default()
    }
}

/// The first failure trips it, and it is open for this long.
fn open_for(reset_timeout: u64, max_reset_timeout: u64) -> BreakerSettings {
    BreakerSettings {
        reset_timeout: seconds(reset_timeout),
        max_reset_timeout: seconds(max_reset_timeout),
        ..in_a_row(1)
    }
}

/// The first failure trips it, and it recovers by this many probes.
fn probing(half_open_max_calls: u32) -> BreakerSettings {
    BreakerSettings {
        half_open_max_calls,
        ..in_a_row(1)
    }
}

/// A breaker with a clock that stands until it is moved.
struct Clocked {
    breaker: Breaker,
    now: Instant,
}

impl Clocked {
    fn new(settings: BreakerSettings) -> Self {
        Self::seeded(settings, 7)
    }

    fn seeded(settings: BreakerSettings, seed: u64) -> Self {
        let now = Instant::now();
        let breaker = Breaker::new(settings, now, SmallRng::seed_from_u64(seed));
        Self { breaker, now }
    }

    /// One that has tripped and begins to probe.
    fn half_open(settings: BreakerSettings) -> Self {
        let mut clocked = Self::new(settings);
        clocked.trip();
        clocked.wait();
        clocked
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn state(&mut self) -> BreakerState {
        self.breaker.state(self.now)
    }

    fn status(&mut self) -> BreakerStatus {
        self.breaker.status(self.now)
    }

    fn last(&mut self) -> Transition {
        let status = self.status();
        *status.history.last().expect("its state must have changed before")
    }

    fn cause(&mut self) -> Cause {
        self.last().cause
    }

    fn readiness(&mut self) -> Readiness {
        self.breaker.readiness(self.now)
    }

    fn share(&mut self) -> f64 {
        match self.readiness() {
            Readiness::Admits { share } => share,
            Readiness::Probes | Readiness::Rejects { .. } => panic!("it must be closed to have a share"),
        }
    }

    fn admit(&mut self) -> Permit {
        match self.breaker.admit(self.now) {
            Admission::Admit(permit) | Admission::Probe(permit) => permit,
            Admission::Reject { until } => panic!("it must admit now, and not from {until:?} on"),
        }
    }

    fn assert_full(&mut self, requirement: &str) {
        let rejected = Admission::Reject { until: None };
        assert_eq!(self.breaker.admit(self.now), rejected, "{requirement}");
        assert_eq!(
            self.readiness(),
            Readiness::Rejects { until: None },
            "readiness must foretell admission: {requirement}"
        );
    }

    fn end(&mut self, permit: Permit, outcome: Outcome) {
        self.breaker.on_outcome(permit, outcome, self.now);
    }

    fn break_off(&mut self, permit: Permit) {
        self.breaker.on_broken_off(permit, self.now);
    }

    /// An attempt that ends at once.
    fn one(&mut self, outcome: Outcome) -> Permit {
        let permit = self.admit();
        self.end(permit, outcome);
        permit
    }

    fn many(&mut self, count: u32, outcome: Outcome) {
        for _ in 0..count {
            self.one(outcome);
        }
    }

    /// Fails until it is open. For how long it will be.
    fn trip(&mut self) -> Duration {
        while self.state() != Open {
            self.one(Failure);
        }
        self.open_time()
    }

    fn open_time(&mut self) -> Duration {
        let until = self.status().next_probe.expect("it must be open");
        until.saturating_duration_since(self.now)
    }

    /// Waits until it begins to probe.
    fn wait(&mut self) {
        let open_time = self.open_time();
        self.pass(open_time);
        assert_eq!(self.state(), HalfOpen, "it must begin to probe when its time is up");
    }

    /// Waits, and lets every probe succeed.
    fn recover(&mut self) {
        self.wait();
        while self.state() != Closed {
            self.one(Success);
        }
    }
}

fn assert_open_time(found: Duration, expected: Duration) {
    assert!(
        found >= expected,
        "it must be open for {expected:?} at least, not for {found:?}"
    );
    assert!(
        found <= expected.mul_f64(1.1),
        "jitter must lengthen {expected:?} by a tenth at most, not to {found:?}"
    );
}

// ---- Closed → Open --------------------------------------------------------------------------------------------

#[test]
fn as_many_failures_in_a_row_as_the_threshold_says_trip_it() {
    for threshold in [1, 2, 3, 5, 20] {
        let mut clocked = Clocked::new(in_a_row(threshold));
        clocked.many(threshold - 1, Failure);
        assert_eq!(clocked.state(), Closed, "one less than {threshold} must not trip it");
        clocked.one(Failure);
        assert_eq!(clocked.state(), Open, "{threshold} must trip it");
        assert_eq!(clocked.cause(), Cause::ConsecutiveFailures);
    }
}

#[test]
fn a_success_between_failures_starts_the_row_over() {
    let mut clocked = Clocked::new(in_a_row(3));
    for _ in 0..100 {
        clocked.many(2, Failure);
        clocked.one(Success);
    }
    clocked.many(2, Failure);
    assert_eq!(clocked.state(), Closed, "there never were three in a row");
    clocked.one(Failure);
    assert_eq!(clocked.state(), Open, "now there are");
}

#[test]
fn an_attempt_of_unknown_outcome_neither_lengthens_the_row_nor_breaks_it() {
    let mut clocked = Clocked::new(in_a_row(3));
    clocked.many(2, Failure);
    clocked.many(1000, Unknown);
    clocked.many(1000, Abandoned);
    let status = clocked.status();
    assert_eq!(
        (status.state, status.consecutive_failures),
        (Closed, 2),
        "it must not count as a failure, nor as a success"
    );
    assert_eq!(
        (status.window_requests, status.window_failures),
        (2, 2),
        "nor as a request"
    );
    clocked.one(Failure);
    assert_eq!(clocked.state(), Open, "the third failure is the third in a row");
}

#[test]
fn the_share_of_failures_is_not_looked_at_below_the_minimum_of_requests() {
    let mut clocked = Clocked::new(by_share(0.5, 10));
    clocked.many(9, Failure);
    assert_eq!(clocked.state(), Closed, "nine requests are too few to judge by");
    clocked.one(Failure);
    assert_eq!(clocked.state(), Open, "the tenth makes them enough");
    assert_eq!(clocked.cause(), Cause::FailureRatio);
}

#[test]
fn the_share_of_failures_trips_it_as_soon_as_it_is_reached() {
    let check = |ratio: f64, successes: u32, expected: u32| {
        let mut clocked = Clocked::new(by_share(ratio, 10));
        clocked.many(successes, Success);
        clocked.many(expected - 1, Failure);
        assert_eq!(
            clocked.state(),
            Closed,
            "{ratio} after {successes} successes is not reached with one failure less than {expected}"
        );
        clocked.one(Failure);
        assert_eq!(
            clocked.state(),
            Open,
            "{ratio} after {successes} successes is reached with {expected} failures"
        );
        assert_eq!(clocked.cause(), Cause::FailureRatio);
    };
    check(0.5, 10, 10);
    check(0.5, 5, 5);
    check(0.25, 9, 3);
    check(0.75, 5, 15);
    check(0.125, 14, 2);
    check(1.0, 0, 10);
}

#[test]
fn a_success_never_trips_it() {
    let mut clocked = Clocked::new(by_share(0.5, 10));
    clocked.many(9, Failure);
    clocked.one(Success);
    assert_eq!(
        clocked.state(),
        Closed,
        "a deployment that has just answered must not be given up"
    );
    clocked.one(Failure);
    assert_eq!(
        clocked.state(),
        Open,
        "the next failure must be judged with all before it"
    );
}

#[test]
fn failures_older_than_the_window_do_not_trip_it() {
    let settings = by_share(0.5, 10);
    let mut clocked = Clocked::new(settings);
    for _ in 0..5 {
        clocked.many(9, Failure);
        clocked.pass(settings.window);
    }
    assert_eq!(clocked.state(), Closed, "there never were ten requests in one window");
    assert_eq!(clocked.status().window_requests, 0, "the window must be empty by now");
    clocked.many(9, Failure);
    clocked.pass(settings.window / 2);
    clocked.one(Failure);
    assert_eq!(clocked.state(), Open, "now there were");
}

// ---- Open → HalfOpen ------------------------------------------------------------------------------------------

#[test]
fn while_open_it_rejects_until_its_time_is_up_and_not_a_nanosecond_longer() {
    let mut times = Vec::new();
    for seed in 0..1000 {
        let mut clocked = Clocked::seeded(open_for(60, 600), seed);
        let open_time = clocked.trip();
        assert_open_time(open_time, seconds(60));
        times.push(open_time);

        let until = clocked.now + open_time;
        let rejects = Readiness::Rejects { until: Some(until) };
        for wait in [Duration::ZERO, open_time / 2, open_time / 2 - NANOSECOND] {
            clocked.pass(wait);
            assert_eq!(clocked.readiness(), rejects, "it must say when to ask again");
            assert_eq!(
                clocked.breaker.admit(clocked.now),
                Admission::Reject { until: Some(until) },
                "it must not admit before its time is up"
            );
        }
        clocked.now = until;
        assert_eq!(clocked.readiness(), Readiness::Probes);
        assert!(
            matches!(clocked.breaker.admit(until), Admission::Probe(_)),
            "it must probe when its time is up"
        );
        assert_eq!(clocked.cause(), Cause::ResetTimeout);
    }
    let spread = times.iter().max().copied().unwrap_or_default() - times.iter().min().copied().unwrap_or_default();
    assert!(
        spread > seconds(5),
        "hosts that tripped together must probe at different times"
    );
}

#[test]
fn the_open_time_doubles_with_each_round_of_failing_probes_up_to_its_maximum() {
    let mut clocked = Clocked::new(open_for(10, 100));
    assert_open_time(clocked.trip(), seconds(10));
    for expected in [20, 40, 80, 100, 100, 100] {
        clocked.wait();
        assert_open_time(clocked.trip(), seconds(expected));
        assert_eq!(clocked.cause(), Cause::ProbeFailed);
    }
}

#[test]
fn after_very_many_trips_the_open_time_is_still_its_maximum() {
    let mut clocked = Clocked::new(open_for(1, 600));
    for _ in 0..200 {
        clocked.trip();
        clocked.wait();
    }
    assert_open_time(clocked.trip(), seconds(600));
}

#[test]
fn a_maximum_below_the_first_open_time_does_not_shorten_it() {
    let mut clocked = Clocked::new(open_for(10, 5));
    for _ in 0..3 {
        assert_open_time(clocked.trip(), seconds(10));
        clocked.wait();
    }
}

#[test]
fn a_trip_soon_after_a_recovery_makes_it_stay_open_longer() {
    let mut clocked = Clocked::new(open_for(10, 600));
    assert_open_time(clocked.trip(), seconds(10));
    for expected in [20, 40, 80] {
        clocked.recover();
        clocked.pass(seconds(9));
        assert_open_time(clocked.trip(), seconds(expected));
        assert_eq!(clocked.cause(), Cause::ConsecutiveFailures);
    }
}

#[test]
fn only_success_for_as_long_as_it_was_open_lets_the_open_time_start_over() {
    let mut clocked = Clocked::new(open_for(10, 600));
    clocked.trip();
    clocked.recover();
    let long = clocked.trip();
    assert_open_time(long, seconds(20));

    clocked.recover();
    clocked.pass(long - NANOSECOND);
    let longer = clocked.trip();
    assert_open_time(longer, seconds(40));

    clocked.recover();
    clocked.pass(longer);
    assert_open_time(clocked.trip(), seconds(10));
}

// ---- HalfOpen -------------------------------------------------------------------------------------------------

#[test]
fn half_open_it_admits_exactly_as_many_probes_as_it_needs() {
    for probes in 1..=5 {
        let mut clocked = Clocked::half_open(probing(probes));
        for running in 0..probes {
            assert_eq!(
                clocked.readiness(),
                Readiness::Probes,
                "there is room beside {running} of {probes}"
            );
            let admission = clocked.breaker.admit(clocked.now);
            assert!(
                matches!(admission, Admission::Probe(_)),
                "{admission:?} must say that it is a probe"
            );
        }
        clocked.assert_full("while all probes run nobody else may ask");
        clocked.pass(seconds(100_000));
        clocked.assert_full("time alone must not admit more");
        assert_eq!(clocked.status().probes, probes);
    }
}

#[test]
fn a_probe_that_says_nothing_gives_its_permit_back() {
    let mut clocked = Clocked::half_open(probing(2));
    let _running = clocked.admit();
    for _ in 0..100 {
        let undecided = clocked.admit();
        clocked.assert_full("two run");
        clocked.end(undecided, Unknown);
    }
    assert_eq!(
        clocked.state(),
        HalfOpen,
        "a target that answers, be it to refuse, must go on being probed"
    );
    assert_eq!(clocked.status().probes, 1, "one still runs");
}

#[test]
fn an_abandoned_probe_gives_its_permit_back() {
    let mut clocked = Clocked::half_open(probing(3));
    for _ in 0..2 {
        let abandoned = clocked.admit();
        clocked.end(abandoned, Abandoned);
    }
    assert_eq!((clocked.state(), clocked.status().probes), (HalfOpen, 0));
    clocked.many(3, Success);
    assert_eq!(clocked.state(), Closed);
}

#[test]
fn as_many_abandoned_probes_as_it_needs_open_it_again_for_as_long_as_before() {
    let mut clocked = Clocked::new(probing(3));
    let first = clocked.trip();
    for _ in 0..5 {
        clocked.wait();
        clocked.many(2, Abandoned);
        assert_eq!(clocked.state(), HalfOpen);
        clocked.one(Abandoned);
        assert_eq!(clocked.state(), Open, "a target that hangs must not take every request");
        assert_eq!(clocked.cause(), Cause::ProbesAbandoned);
        assert_eq!(
            clocked.open_time(),
            first,
            "nobody knows that it failed: no longer than before"
        );
        assert_eq!(clocked.status().trips, 1);
    }
}

#[test]
fn a_success_between_abandoned_probes_starts_their_row_over() {
    let mut clocked = Clocked::half_open(probing(2));
    clocked.one(Abandoned);
    clocked.one(Success);
    clocked.one(Abandoned);
    assert_eq!(clocked.state(), HalfOpen);
    clocked.one(Success);
    assert_eq!(clocked.state(), Closed);
}

#[test]
fn as_many_successes_as_probes_let_it_recover() {
    for probes in 1..=5 {
        let mut clocked = Clocked::half_open(probing(probes));
        clocked.many(probes - 1, Success);
        assert_eq!(clocked.state(), HalfOpen, "one success of {probes} is missing");
        clocked.one(Success);
        assert_eq!(clocked.state(), Closed, "{probes} successes are enough");
        assert_eq!(clocked.cause(), Cause::Recovered);
        let status = clocked.status();
        assert_eq!(
            (status.consecutive_failures, status.window_requests),
            (0, 0),
            "what led to the trip must be forgotten"
        );
    }
}

#[test]
fn probes_that_succeeded_keep_their_places() {
    let mut clocked = Clocked::half_open(probing(3));
    clocked.many(2, Success);
    let last = clocked.admit();
    clocked.assert_full("two succeeded and one runs: no more is needed");
    clocked.end(last, Unknown);
    let again = clocked.admit();
    clocked.assert_full("the place of the cancelled one is taken again");
    clocked.end(again, Success);
    assert_eq!(clocked.state(), Closed);
}

#[test]
fn as_many_failing_probes_as_the_share_says_trip_it_again_whatever_the_others_do() {
    for (probes, needed) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
        let mut clocked = Clocked::half_open(probing(probes));
        clocked.many(probes - 1, Success);
        clocked.many(needed - 1, Failure);
        assert_eq!(
            clocked.state(),
            HalfOpen,
            "{needed} of {probes} must fail: one that fails now and then is used as well"
        );
        let running = clocked.admit();
        clocked.assert_full("it needs one success more");
        clocked.end(running, Failure);
        assert_eq!(clocked.state(), Open, "{needed} of {probes} are too many");
        assert_eq!(clocked.cause(), Cause::ProbeFailed);
    }
}

#[test]
fn a_probe_that_runs_when_others_have_failed_does_not_save_it() {
    let mut clocked = Clocked::half_open(probing(4));
    let running = clocked.admit();
    clocked.many(2, Failure);
    assert_eq!(clocked.state(), Open);
    clocked.end(running, Success);
    assert_eq!(clocked.state(), Open, "it was of an earlier round");
}

#[test]
fn a_round_with_an_answered_probe_opens_it_for_the_first_time_only() {
    let mut clocked = Clocked::new(open_for(10, 600));
    for _ in 0..4 {
        clocked.trip();
        clocked.wait();
    }
    clocked.one(Success);
    assert_open_time(clocked.trip(), seconds(10));
    clocked.wait();
    assert_open_time(clocked.trip(), seconds(20));
    clocked.wait();
    while clocked.state() != Open {
        let broken = clocked.one(Success);
        clocked.break_off(broken);
    }
    let open_time = clocked.open_time();
    assert_open_time(open_time, seconds(40));
}

#[test]
fn successes_of_an_earlier_round_of_probes_do_not_count_in_the_next() {
    let mut clocked = Clocked::half_open(probing(3));
    clocked.many(2, Success);
    clocked.trip();
    clocked.wait();
    clocked.many(2, Success);
    assert_eq!(clocked.state(), HalfOpen, "three successes of this round are needed");
    clocked.one(Success);
    assert_eq!(clocked.state(), Closed);
}

// ---- HalfOpen → Closed ----------------------------------------------------------------------------------------

#[test]
fn a_recovered_target_gets_its_share_back_in_a_straight_line() {
    let settings = BreakerSettings {
        slow_start: seconds(30),
        ..in_a_row(1)
    };
    let mut clocked = Clocked::half_open(settings);
    while clocked.state() != Closed {
        clocked.one(Success);
    }
    let recovered = clocked.now;
    for (passed, expected) in [(0, 0.1), (3, 0.19), (10, 0.4), (15, 0.55), (20, 0.7), (27, 0.91)] {
        clocked.now = recovered + seconds(passed);
        let share = clocked.share();
        assert!(
            (share - expected).abs() < 1e-9,
            "the share {passed} s after a recovery must be {expected}, not {share}"
        );
    }
    for passed in [30, 31, 100_000] {
        clocked.now = recovered + seconds(passed);
        assert_eq!(clocked.share(), 1.0, "slow start must be over after {passed} s");
    }
}

#[test]
fn without_a_slow_start_a_recovered_target_gets_all_its_turns_at_once() {
    let settings = BreakerSettings {
        slow_start: Duration::ZERO,
        ..in_a_row(1)
    };
    let mut clocked = Clocked::new(settings);
    clocked.trip();
    clocked.recover();
    assert_eq!(clocked.share(), 1.0);
}

#[test]
fn only_a_recovery_begins_a_slow_start() {
    let mut clocked = Clocked::new(in_a_row(1));
    assert_eq!(clocked.share(), 1.0, "a new target must get all its turns");
    clocked.trip();
    clocked.breaker.reset(clocked.now);
    assert_eq!(clocked.share(), 1.0, "whoever resets a breaker wants all of it back");
    clocked.trip();
    clocked.recover();
    assert!(clocked.share() < 1.0, "a recovered target must start slowly");
    clocked.breaker.reset(clocked.now);
    assert_eq!(clocked.share(), 1.0, "a reset ends the slow start");
}

// ---- late outcomes --------------------------------------------------------------------------------------------

#[test]
fn outcomes_of_attempts_begun_before_the_trip_do_not_count_after_it() {
    for outcome in [Success, Failure, Unknown, Abandoned] {
        let mut clocked = Clocked::new(probing(2));
        let late: Vec<Permit> = (0..4).map(|_| clocked.admit()).collect();
        clocked.trip();
        let trips = clocked.status().trips;

        clocked.end(late[0], outcome);
        assert_eq!(clocked.state(), Open, "{outcome:?} must not change an open breaker");

        clocked.wait();
        clocked.end(late[1], outcome);
        clocked.end(late[2], outcome);
        assert_eq!(clocked.state(), HalfOpen, "{outcome:?} is no outcome of a probe");
        assert_eq!(
            clocked.status().probes,
            0,
            "{outcome:?} must not free a place nor take one"
        );

        clocked.many(2, Success);
        clocked.end(late[3], outcome);
        let status = clocked.status();
        assert_eq!(status.state, Closed, "{outcome:?} must not trip a recovered breaker");
        assert_eq!(
            (status.consecutive_failures, status.window_requests, status.trips),
            (0, 0, trips),
            "{outcome:?} must not be counted after the recovery"
        );
    }
}

#[test]
fn outcomes_of_probes_of_an_earlier_round_do_not_count_in_the_next() {
    for outcome in [Success, Failure, Unknown, Abandoned] {
        let mut clocked = Clocked::half_open(probing(3));
        let late = [clocked.admit(), clocked.admit()];
        clocked.trip();
        clocked.wait();
        let _running = clocked.admit();
        clocked.end(late[0], outcome);
        clocked.end(late[1], outcome);
        let status = clocked.status();
        assert_eq!(
            (status.state, status.probes),
            (HalfOpen, 1),
            "{outcome:?} must leave this round alone"
        );
        clocked.admit();
        clocked.admit();
        clocked.assert_full("three run");
    }
}

// ---- answers that break off -----------------------------------------------------------------------------------

#[test]
fn an_answer_that_breaks_off_counts_as_a_failure() {
    let mut clocked = Clocked::new(in_a_row(3));
    let answered = [clocked.one(Success), clocked.one(Success), clocked.one(Success)];
    clocked.break_off(answered[0]);
    clocked.break_off(answered[1]);
    let status = clocked.status();
    assert_eq!((status.state, status.consecutive_failures), (Closed, 2));
    assert_eq!(
        (status.window_requests, status.window_failures),
        (3, 2),
        "it is one request, and a failed one"
    );
    clocked.break_off(answered[2]);
    assert_eq!(clocked.state(), Open, "the third in a row must trip it");
    assert_eq!(clocked.cause(), Cause::ConsecutiveFailures);
}

#[test]
fn answers_that_all_begin_well_and_break_off_trip_it_like_failures_in_a_row() {
    let mut clocked = Clocked::new(in_a_row(5));
    for broken in 1..=5 {
        assert_eq!(clocked.state(), Closed, "the {broken}th must still be admitted");
        let answered = clocked.one(Success);
        clocked.break_off(answered);
    }
    assert_eq!(clocked.state(), Open, "five of five failed, however well they began");
    assert_eq!(clocked.cause(), Cause::ConsecutiveFailures);
}

#[test]
fn an_answer_that_reaches_its_end_starts_the_row_of_broken_ones_over() {
    let mut clocked = Clocked::new(in_a_row(3));
    for _ in 0..100 {
        for _ in 0..2 {
            let answered = clocked.one(Success);
            clocked.break_off(answered);
        }
        let answered = clocked.one(Success);
        clocked.breaker.on_completed(answered);
    }
    assert_eq!(clocked.state(), Closed, "there never were three in a row");
}

#[test]
fn a_few_answers_that_break_off_among_many_that_run_do_not_trip_it() {
    let mut clocked = Clocked::new(BreakerSettings {
        minimum_requests: 10_000,
        ..in_a_row(3)
    });
    let running: Vec<Permit> = (0..100).map(|_| clocked.one(Success)).collect();
    for answered in &running[..90] {
        clocked.break_off(*answered);
        clocked.one(Success);
    }
    assert_eq!(clocked.state(), Closed, "those that still run have begun well");
}

#[test]
fn a_probe_whose_answer_breaks_off_has_failed() {
    let mut clocked = Clocked::half_open(probing(3));
    let answered = [clocked.one(Success), clocked.one(Success)];
    clocked.break_off(answered[0]);
    assert_eq!(clocked.state(), HalfOpen);
    clocked.one(Success);
    assert_eq!(clocked.state(), HalfOpen, "it is one success less");
    clocked.break_off(answered[1]);
    assert_eq!(clocked.state(), Open, "the target does not work yet");
    assert_eq!(clocked.cause(), Cause::ProbeFailed);
}

#[test]
fn an_answer_that_breaks_off_after_a_change_of_state_does_not_count() {
    let mut clocked = Clocked::new(probing(1));
    let before = clocked.one(Success);
    clocked.trip();
    let tripped = clocked.status();
    clocked.break_off(before);
    assert_eq!(clocked.status(), tripped, "an open breaker has heard enough");

    clocked.wait();
    clocked.break_off(before);
    assert_eq!(clocked.state(), HalfOpen, "it was no probe");

    let probe = clocked.one(Success);
    assert_eq!(clocked.state(), Closed);
    clocked.break_off(before);
    clocked.break_off(probe);
    let status = clocked.status();
    assert_eq!(
        (status.state, status.consecutive_failures, status.window_requests),
        (Closed, 0, 0),
        "a new start is not charged with what began before it"
    );
}

// ---- reset ----------------------------------------------------------------------------------------------------

#[test]
fn a_reset_closes_it_from_every_state_and_forgets() {
    for from in [Closed, Open, HalfOpen] {
        let mut clocked = Clocked::new(in_a_row(2));
        let late = clocked.admit();
        match from {
            Closed => {
                clocked.one(Failure);
            }
            Open => {
                clocked.trip();
            }
            HalfOpen => {
                clocked.trip();
                clocked.wait();
                clocked.admit();
            }
        }
        assert_eq!(clocked.state(), from);
        clocked.pass(seconds(1));
        clocked.breaker.reset(clocked.now);

        let status = clocked.status();
        assert_eq!(status.state, Closed, "from {from:?}");
        assert_eq!(status.since, clocked.now, "from {from:?}");
        assert_eq!(
            (status.next_probe, status.probes, status.trips),
            (None, 0, 0),
            "from {from:?}"
        );
        assert_eq!(
            (
                status.consecutive_failures,
                status.window_requests,
                status.window_failures
            ),
            (0, 0, 0),
            "what led to {from:?} must be forgotten"
        );
        let reset = Transition {
            at: clocked.now,
            from,
            to: Closed,
            cause: Cause::Reset,
        };
        assert_eq!(clocked.last(), reset, "the history must show the reset");

        clocked.end(late, Failure);
        assert_eq!(clocked.status(), status, "what ran must not count any more");
        clocked.one(Failure);
        assert_eq!(clocked.state(), Closed, "the row must start over");
    }
}

#[test]
fn a_reset_lets_the_open_time_start_over() {
    let mut clocked = Clocked::new(open_for(10, 600));
    for _ in 0..5 {
        clocked.trip();
        clocked.wait();
    }
    clocked.breaker.reset(clocked.now);
    assert_open_time(clocked.trip(), seconds(10));
    clocked.wait();
    assert_open_time(clocked.trip(), seconds(20));
}

// ---- what it tells --------------------------------------------------------------------------------------------

#[test]
fn the_history_keeps_the_last_sixteen_changes_in_their_order() {
    let mut clocked = Clocked::new(probing(2));
    let mut all: Vec<Transition> = Vec::new();
    for _ in 0..10 {
        let mut expect = |at, from, to, cause| all.push(Transition { at, from, to, cause });
        clocked.pass(seconds(1));
        clocked.trip();
        expect(clocked.now, Closed, Open, Cause::ConsecutiveFailures);
        clocked.wait();
        expect(clocked.now, Open, HalfOpen, Cause::ResetTimeout);
        clocked.pass(seconds(1));
        clocked.many(2, Success);
        expect(clocked.now, HalfOpen, Closed, Cause::Recovered);

        let kept = all.len().min(16);
        assert_eq!(
            clocked.status().history,
            all[all.len() - kept..],
            "the oldest must go first"
        );
    }
    assert_eq!(clocked.status().history.len(), 16);
}

#[test]
fn the_status_says_what_it_is() {
    let mut clocked = Clocked::new(BreakerSettings {
        failure_threshold: 3,
        half_open_max_calls: 2,
        ..BreakerSettings::default()
    });
    let mut expected = BreakerStatus {
        state: Closed,
        since: clocked.now,
        next_probe: None,
        probes: 0,
        consecutive_failures: 0,
        window_requests: 0,
        window_failures: 0,
        trips: 0,
        history: Vec::new(),
    };
    assert_eq!(clocked.status(), expected, "new");

    clocked.pass(seconds(1));
    clocked.many(4, Success);
    clocked.many(2, Failure);
    expected.consecutive_failures = 2;
    expected.window_requests = 6;
    expected.window_failures = 2;
    assert_eq!(clocked.status(), expected, "closed, with two failures in a row");

    let open_time = clocked.trip();
    expected.history.push(Transition {
        at: clocked.now,
        from: Closed,
        to: Open,
        cause: Cause::ConsecutiveFailures,
    });
    expected.state = Open;
    expected.since = clocked.now;
    expected.next_probe = Some(clocked.now + open_time);
    expected.consecutive_failures = 3;
    expected.window_requests = 7;
    expected.window_failures = 3;
    expected.trips = 1;
    assert_eq!(clocked.status(), expected, "tripped");

    clocked.wait();
    let probe = clocked.admit();
    let status = clocked.status();
    assert_eq!(
        (
            status.state,
            status.since,
            status.next_probe,
            status.probes,
            status.trips
        ),
        (HalfOpen, clocked.now, None, 1, 1),
        "half open, with a running probe"
    );
    clocked.end(probe, Success);
    assert_eq!(clocked.status().probes, 0, "the probe has ended");

    clocked.pass(seconds(1));
    clocked.one(Success);
    let status = clocked.status();
    assert_eq!(
        (
            status.state,
            status.since,
            status.next_probe,
            status.probes,
            status.trips
        ),
        (Closed, clocked.now, None, 0, 1),
        "recovered; that it once tripped is not forgotten"
    );
}

// ---- the model ------------------------------------------------------------------------------------------------

/// What a breaker should do, written down as directly as possible: it keeps every request it counted and knows at
/// once when a time is up. The jitter is the breaker's; the model takes its open time when it is within bounds.
#[derive(Clone)]
struct Model {
    settings: BreakerSettings,
    state: BreakerState,
    /// Grows with each change of state.
    generation: u32,
    /// When it became closed the last time.
    closed: Instant,
    /// Known while open.
    until: Option<Instant>,
    /// How long it was open the last time.
    was_open: Duration,
    row: u32,
    /// Answers since the last one that reached its end: that began, and that broke off.
    unended: (u32, u32),
    /// Probes that nobody waited for, in a row.
    abandoned: u32,
    /// When what was counted: requests and failures.
    counted: Vec<(Instant, u32, u32)>,
    /// Probes that did, in this round.
    succeeded: u32,
    /// Probes that did not, in this round.
    failed: u32,
    streak: u32,
    trips: u64,
}

impl Model {
    fn new(settings: BreakerSettings, now: Instant) -> Self {
        Self {
            settings,
            state: Closed,
            generation: 0,
            closed: now,
            until: None,
            was_open: Duration::ZERO,
            row: 0,
            unended: (0, 0),
            abandoned: 0,
            counted: Vec::new(),
            succeeded: 0,
            failed: 0,
            streak: 0,
            trips: 0,
        }
    }

    fn change(&mut self, to: BreakerState) {
        self.state = to;
        self.generation += 1;
        self.until = None;
        self.succeeded = 0;
        self.failed = 0;
        self.abandoned = 0;
        self.unended = (0, 0);
    }

    fn time_passed(&mut self, now: Instant) {
        if self.until.is_some_and(|until| now >= until) {
            self.change(HalfOpen);
        }
    }

    fn ended(&mut self, generation: u32, outcome: Outcome, now: Instant) {
        if generation != self.generation {
            return;
        }
        match (self.state, outcome) {
            (Closed, Success) => {
                self.row = 0;
                self.unended.0 += 1;
                self.counted.push((now, 1, 0));
            }
            (Closed, Failure) => {
                self.counted.push((now, 1, 1));
                self.failed(now);
            }
            (HalfOpen, Success) => {
                self.succeeded += 1;
                self.abandoned = 0;
                if self.succeeded == self.settings.half_open_max_calls {
                    self.close(now);
                }
            }
            (HalfOpen, Failure) => self.probe_failed(now),
            (HalfOpen, Abandoned) => {
                self.abandoned += 1;
                if self.abandoned == self.settings.half_open_max_calls {
                    self.change(Open);
                    self.until = Some(now + self.was_open);
                }
            }
            (Closed | HalfOpen, Unknown) | (Closed, Abandoned) => {}
            (Open, _) => unreachable!("no permit is of a generation in which it is open"),
        }
    }

    fn completed(&mut self, generation: u32) {
        if generation == self.generation {
            self.unended = (0, 0);
        }
    }

    fn broke_off(&mut self, generation: u32, now: Instant) {
        if generation != self.generation {
            return;
        }
        match self.state {
            Closed => {
                self.counted.push((now, 0, 1));
                self.unended.1 += 1;
                self.failed(now);
            }
            HalfOpen => {
                self.succeeded -= 1;
                self.probe_failed(now);
            }
            Open => unreachable!("no permit is of a generation in which it is open"),
        }
    }

    fn failed(&mut self, now: Instant) {
        self.row += 1;
        let (requests, failures) = self.window(now);
        let share = f64::from(failures) / f64::from(requests);
        let many = requests >= self.settings.minimum_requests && share >= self.settings.failure_ratio;
        let (begun, broken) = self.unended;
        let broken_share = f64::from(broken) / f64::from(begun.max(1));
        let broken = broken >= self.settings.failure_threshold && broken_share >= self.settings.failure_ratio;
        if many || broken || self.row >= self.settings.failure_threshold {
            self.trip(now);
        }
    }

    fn probe_failed(&mut self, now: Instant) {
        self.failed += 1;
        let share = f64::from(self.failed) / f64::from(self.settings.half_open_max_calls);
        if share >= self.settings.failure_ratio {
            self.trip(now);
        }
    }

    fn trip(&mut self, now: Instant) {
        let needed = self.settings.reset_timeout.max(self.was_open);
        let well = self.state == Closed && now.saturating_duration_since(self.closed) >= needed;
        let answers = self.state == HalfOpen && self.succeeded > 0;
        self.streak = if well || answers { 1 } else { self.streak + 1 };
        self.trips += 1;
        self.change(Open);
    }

    fn close(&mut self, now: Instant) {
        self.row = 0;
        self.counted.clear();
        self.closed = now;
        self.change(Closed);
    }

    fn reset(&mut self, now: Instant) {
        self.close(now);
        self.streak = 0;
        self.trips = 0;
    }

    /// Requests and failures that still count. Exact where all times are whole slices of the window.
    fn window(&self, now: Instant) -> (u32, u32) {
        let mut counts = (0, 0);
        for (at, requests, failures) in &self.counted {
            if now.saturating_duration_since(*at) < self.settings.window {
                counts.0 += requests;
                counts.1 += failures;
            }
        }
        counts
    }

    fn longest_open_time(&self) -> Duration {
        self.settings.max_reset_timeout.max(self.settings.reset_timeout)
    }

    /// How long it stays open this time, without jitter.
    fn open_time(&self) -> Duration {
        let longest = self.longest_open_time();
        let first = self.settings.reset_timeout;
        (1..self.streak).fold(first, |time, _| (time * 2).min(longest))
    }
}

/// What can happen to a breaker.
#[derive(Debug, Clone, Copy)]
enum Op {
    Admit,
    /// The attempt that has so many older ones beside it ends; the newest, when there are not that many.
    End(usize, Outcome),
    /// The answer that began last breaks off.
    BreakOff,
    /// The answer that began last reaches its end.
    Complete,
    /// So many slices of the window pass.
    Pass(u32),
    /// Time passes until it is not open any more; when it is not open, as much as would do in any case.
    PassOpenTime,
    Reset,
}

const OLDEST: usize = 0;
const NEWEST: usize = usize::MAX;

/// All of them, for the exhaustive exploration. Four slices are less than any time limit of [`small`].
const OPS: [Op; 13] = [
    Op::Admit,
    Op::End(OLDEST, Success),
    Op::End(OLDEST, Failure),
    Op::End(OLDEST, Unknown),
    Op::End(OLDEST, Abandoned),
    Op::End(NEWEST, Success),
    Op::End(NEWEST, Failure),
    Op::End(NEWEST, Unknown),
    Op::BreakOff,
    Op::Complete,
    Op::Pass(4),
    Op::PassOpenTime,
    Op::Reset,
];

/// All ways to change the state.
const EDGES: [(BreakerState, BreakerState, Cause); 9] = [
    (Closed, Open, Cause::ConsecutiveFailures),
    (Closed, Open, Cause::FailureRatio),
    (Open, HalfOpen, Cause::ResetTimeout),
    (HalfOpen, Closed, Cause::Recovered),
    (HalfOpen, Open, Cause::ProbeFailed),
    (HalfOpen, Open, Cause::ProbesAbandoned),
    (Closed, Closed, Cause::Reset),
    (Open, Closed, Cause::Reset),
    (HalfOpen, Closed, Cause::Reset),
];

/// A breaker, its model, and the attempts that were made. Its clock moves by whole slices of the window.
#[derive(Clone)]
struct World {
    breaker: Breaker,
    model: Model,
    now: Instant,
    /// Oldest first, with the model's generation in which they began.
    running: Vec<(Permit, u32)>,
    /// Those that ended well and may still break off.
    answered: Vec<(Permit, u32)>,
}

impl World {
    fn new(settings: BreakerSettings, seed: u64) -> Self {
        let now = Instant::now();
        Self {
            breaker: Breaker::new(settings, now, SmallRng::seed_from_u64(seed)),
            model: Model::new(settings, now),
            now,
            running: Vec::new(),
            answered: Vec::new(),
        }
    }

    fn can(&self, op: Op) -> bool {
        match op {
            Op::End(..) => !self.running.is_empty(),
            Op::BreakOff | Op::Complete => !self.answered.is_empty(),
            Op::Admit | Op::Pass(_) | Op::PassOpenTime | Op::Reset => true,
        }
    }

    /// Does it and checks everything. `trail` is what was done, this included. Which edges of [`EDGES`] the
    /// breaker remembers, a bit for each.
    fn step(&mut self, op: Op, trail: &[Op]) -> u32 {
        let slice = self.model.settings.window / 10;
        match op {
            Op::Admit => self.admit(trail),
            Op::End(nth, outcome) => {
                let (permit, generation) = self.running.remove(nth.min(self.running.len() - 1));
                let before = self.before_late(generation);
                self.breaker.on_outcome(permit, outcome, self.now);
                self.model.ended(generation, outcome, self.now);
                self.assert_unmoved(before, trail);
                if outcome == Success {
                    self.answered.push((permit, generation));
                }
            }
            Op::BreakOff => {
                let (permit, generation) = self.answered.pop().expect("it must be possible");
                let before = self.before_late(generation);
                self.breaker.on_broken_off(permit, self.now);
                self.model.broke_off(generation, self.now);
                self.assert_unmoved(before, trail);
            }
            Op::Complete => {
                let (permit, generation) = self.answered.pop().expect("it must be possible");
                let before = self.before_late(generation);
                self.breaker.on_completed(permit);
                self.model.completed(generation);
                self.assert_unmoved(before, trail);
            }
            Op::Pass(slices) => self.now += slice * slices,
            Op::PassOpenTime => {
                let longest = self.model.longest_open_time().mul_f64(1.1);
                let left = self
                    .model
                    .until
                    .map_or(longest, |until| until.saturating_duration_since(self.now));
                let slices = left.as_nanos().div_ceil(slice.as_nanos());
                self.now += slice * u32::try_from(slices).expect("open times are short");
            }
            Op::Reset => {
                self.breaker.reset(self.now);
                self.model.reset(self.now);
            }
        }
        self.model.time_passed(self.now);
        self.check(trail)
    }

    fn admit(&mut self, trail: &[Op]) {
        let free = self.free();
        match (self.breaker.admit(self.now), self.model.state) {
            (Admission::Admit(permit), Closed) => self.running.push((permit, self.model.generation)),
            (Admission::Probe(permit), HalfOpen) if free > 0 => self.running.push((permit, self.model.generation)),
            (Admission::Reject { until: None }, HalfOpen) if free == 0 => {}
            (Admission::Reject { until: Some(until) }, Open) if self.model.until == Some(until) => {}
            (admission, state) => panic!("{state:?} with {free} places must not answer {admission:?}: {trail:?}"),
        }
    }

    /// Probes running: those of this generation.
    fn probes(&self) -> u32 {
        let of_now = |attempt: &&(Permit, u32)| attempt.1 == self.model.generation;
        match self.model.state {
            HalfOpen => u32::try_from(self.running.iter().filter(of_now).count()).expect("they are few"),
            Closed | Open => 0,
        }
    }

    /// Probes that may be admitted.
    fn free(&self) -> u32 {
        let taken = self.probes() + self.model.succeeded;
        let all = self.model.settings.half_open_max_calls;
        all.checked_sub(taken)
            .expect("it must never admit more probes than it needs")
    }

    /// What a breaker tells before an attempt of an earlier generation ends.
    fn before_late(&self, generation: u32) -> Option<(BreakerStatus, Readiness)> {
        (generation != self.model.generation).then(|| self.told())
    }

    fn assert_unmoved(&self, before: Option<(BreakerStatus, Readiness)>, trail: &[Op]) {
        if let Some(before) = before {
            let after = self.told();
            assert_eq!(
                after, before,
                "an attempt of an earlier generation must change nothing: {trail:?}"
            );
        }
    }

    /// Asks a copy: to look at a breaker may change it, and what nobody looked at must be right too.
    fn told(&self) -> (BreakerStatus, Readiness) {
        let mut copy = self.breaker.clone();
        (copy.status(self.now), copy.readiness(self.now))
    }

    fn check(&mut self, trail: &[Op]) -> u32 {
        let mut copy = self.breaker.clone();
        let status = copy.status(self.now);
        assert_eq!(status.state, self.model.state, "it must be in this state: {trail:?}");
        if self.model.state == Open && self.model.until.is_none() {
            let until = status.next_probe.expect("an open breaker must say when it will probe");
            let time = until.saturating_duration_since(self.now);
            let expected = self.model.open_time();
            assert!(
                (expected..=expected.mul_f64(1.1)).contains(&time),
                "it must be open for {expected:?} and a tenth more at most, not for {time:?}: {trail:?}"
            );
            self.model.until = Some(until);
            self.model.was_open = time;
        }
        assert_eq!(status.next_probe, self.model.until, "it must probe then: {trail:?}");
        assert_eq!(status.probes, self.probes(), "so many probes must run: {trail:?}");
        let (requests, failures) = self.model.window(self.now);
        assert_eq!(
            (status.consecutive_failures, status.trips),
            (self.model.row, self.model.trips),
            "failures in a row and trips must be counted: {trail:?}"
        );
        assert_eq!(
            (status.window_requests, status.window_failures),
            (requests, failures),
            "requests and failures of the window must be counted: {trail:?}"
        );
        match self.model.state {
            Closed => self.check_closed(copy, trail),
            Open => self.check_open(copy, trail),
            HalfOpen => self.check_half_open(copy, trail),
        }
        edges(&status, trail)
    }

    fn check_closed(&self, mut copy: Breaker, trail: &[Op]) {
        let readiness = copy.readiness(self.now);
        assert!(
            matches!(readiness, Readiness::Admits { share } if (FIRST_SHARE..=1.0).contains(&share)),
            "a closed breaker must not tell {readiness:?}: {trail:?}"
        );
        let admission = copy.admit(self.now);
        assert!(
            matches!(admission, Admission::Admit(_)),
            "a closed breaker must not answer {admission:?}: {trail:?}"
        );
    }

    fn check_open(&self, mut copy: Breaker, trail: &[Op]) {
        let until = self.model.until.expect("an open breaker has drawn its time");
        let early = until - NANOSECOND;
        let rejects = Readiness::Rejects { until: Some(until) };
        assert_eq!(copy.readiness(early), rejects, "it is too early: {trail:?}");
        let reject = Admission::Reject { until: Some(until) };
        assert_eq!(copy.admit(early), reject, "it must not admit too early: {trail:?}");
        let admission = copy.admit(until);
        assert!(
            matches!(admission, Admission::Probe(_)),
            "it must probe when its time is up and not answer {admission:?}: {trail:?}"
        );
    }

    fn check_half_open(&self, mut copy: Breaker, trail: &[Op]) {
        let expected = match self.free() {
            0 => Readiness::Rejects { until: None },
            _ => Readiness::Probes,
        };
        assert_eq!(copy.readiness(self.now), expected, "it must tell this: {trail:?}");
        for (permit, _) in &self.running {
            copy.on_outcome(*permit, Unknown, self.now);
        }
        let needed = self.model.settings.half_open_max_calls - self.model.succeeded;
        assert!(needed > 0, "it must close with the last success: {trail:?}");
        for _ in 0..needed {
            let admission = copy.admit(self.now);
            assert!(
                matches!(admission, Admission::Probe(_)),
                "when all probes were cancelled it must probe again and not answer {admission:?}: {trail:?}"
            );
        }
        assert_eq!(
            copy.admit(self.now),
            Admission::Reject { until: None },
            "it must not admit more probes than it needs: {trail:?}"
        );
    }
}

/// Checks that the remembered changes of state are a path along [`EDGES`], and says which.
fn edges(status: &BreakerStatus, trail: &[Op]) -> u32 {
    let history = &status.history;
    assert!(
        history.len() <= 16,
        "it must not remember more than 16 changes: {trail:?}"
    );
    let mut found = 0;
    for change in history {
        let edge = (change.from, change.to, change.cause);
        let place = EDGES.iter().position(|known| *known == edge);
        let Some(place) = place else {
            panic!("{edge:?} must not happen: {trail:?}");
        };
        found |= 1 << place;
    }
    for pair in history.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "no change may be missing: {trail:?}");
        assert!(pair[0].at <= pair[1].at, "changes must be in their order: {trail:?}");
    }
    let last = history.last().map_or(Closed, |change| change.to);
    assert_eq!(last, status.state, "the last change must lead to its state: {trail:?}");
    found
}

// ---- every short sequence -------------------------------------------------------------------------------------

/// So small that a few operations reach everything. A slice of the window is a millisecond.
fn small() -> BreakerSettings {
    BreakerSettings {
        failure_threshold: 2,
        failure_ratio: 0.5,
        minimum_requests: 3,
        window: Duration::from_millis(10),
        reset_timeout: Duration::from_millis(15),
        max_reset_timeout: Duration::from_millis(40),
        half_open_max_calls: 2,
        slow_start: Duration::from_millis(10),
    }
}

/// What an exploration has come across.
#[derive(Default)]
struct Found {
    sequences: u64,
    edges: u32,
}

/// Tries everything that can follow, so many operations deep. Left out is only what makes no difference: ending
/// an attempt when none runs, and the newest when it is the oldest.
fn explore(world: &World, depth: usize, trail: &mut Vec<Op>, found: &mut Found) {
    for op in OPS {
        let same = matches!(op, Op::End(NEWEST, _)) && world.running.len() == 1;
        if same || !world.can(op) {
            continue;
        }
        let mut next = world.clone();
        trail.push(op);
        found.edges |= next.step(op, trail);
        found.sequences += 1;
        if depth > 1 {
            explore(&next, depth - 1, trail, found);
        }
        trail.pop();
    }
}

fn explore_after(prefix: &[Op], depth: usize) -> Found {
    let mut world = World::new(small(), 7);
    let mut trail = Vec::new();
    for op in prefix {
        trail.push(*op);
        assert!(world.can(*op), "the prefix must be possible: {trail:?}");
        world.step(*op, &trail);
    }
    let mut found = Found::default();
    explore(&world, depth, &mut trail, &mut found);
    found
}

#[test]
fn no_short_sequence_from_a_new_breaker_breaks_a_promise() {
    let found = explore_after(&[], 8);
    assert!(
        found.sequences > 1_000_000,
        "only {} sequences were tried",
        found.sequences
    );
    for (place, edge) in EDGES.iter().enumerate() {
        // Two failures, the wait and two probes that end take nine operations.
        let reached = found.edges & (1 << place) != 0;
        assert_eq!(
            reached,
            ![Cause::Recovered, Cause::ProbesAbandoned].contains(&edge.2),
            "all edges but those after two probes must have been reached: {edge:?}"
        );
    }
}

#[test]
fn no_short_sequence_from_a_half_open_breaker_breaks_a_promise() {
    // One attempt from before the trip still runs, and one answer of that time may still break off.
    let prefix = [
        Op::Admit,
        Op::Admit,
        Op::Admit,
        Op::Admit,
        Op::End(OLDEST, Success),
        Op::End(OLDEST, Failure),
        Op::End(OLDEST, Failure),
        Op::PassOpenTime,
    ];
    let found = explore_after(&prefix, 7);
    assert!(
        found.sequences > 1_000_000,
        "only {} sequences were tried",
        found.sequences
    );
    for (place, edge) in EDGES.iter().enumerate() {
        assert!(found.edges & (1 << place) != 0, "{edge:?} must have been reached");
    }
}

// ---- long random sequences ------------------------------------------------------------------------------------

/// Shares are eighths, so that the model, which computes them in another way, has no rounding error.
fn any_settings() -> impl Strategy<Value = BreakerSettings> {
    let trips = (1u32..6, 1u32..=8, 1u32..12, 1u64..=20);
    let recovers = (1u64..300, 1u64..1000, 1u32..5, 0u64..200);
    (trips, recovers).prop_map(
        |((threshold, eighths, minimum, slice), (reset, longest, probes, slow_start))| BreakerSettings {
            failure_threshold: threshold,
            failure_ratio: f64::from(eighths) / 8.0,
            minimum_requests: minimum,
            window: Duration::from_millis(10 * slice),
            reset_timeout: Duration::from_millis(reset),
            max_reset_timeout: Duration::from_millis(longest),
            half_open_max_calls: probes,
            slow_start: Duration::from_millis(slow_start),
        },
    )
}

fn any_op() -> impl Strategy<Value = Op> {
    let outcome = prop_oneof![3 => Just(Success), 2 => Just(Failure), 1 => Just(Unknown), 1 => Just(Abandoned)];
    prop_oneof![
        16 => Just(Op::Admit),
        16 => (0usize..6, outcome).prop_map(|(nth, outcome)| Op::End(nth, outcome)),
        2 => Just(Op::BreakOff),
        1 => Just(Op::Complete),
        4 => (1u32..15).prop_map(Op::Pass),
        3 => Just(Op::PassOpenTime),
        1 => Just(Op::Reset),
    ]
}

proptest! {
    #[test]
    fn no_long_sequence_breaks_a_promise(
        settings in any_settings(), seed: u64, ops in proptest::collection::vec(any_op(), 1..=400),
    ) {
        let mut world = World::new(settings, seed);
        for (index, op) in ops.iter().enumerate() {
            if world.can(*op) {
                world.step(*op, &ops[..=index]);
            }
        }
    }
}
