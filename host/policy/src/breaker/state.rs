//! The breaker as a pure machine. Time is an argument, the generator came with the constructor, nothing waits.
//!
//! Every change of state begins a new *generation*. A permit carries the one it was given in, and its outcome
//! counts in that one only: an attempt that was begun before the breaker tripped says nothing about the time
//! after it, however late it ends.

use std::collections::VecDeque;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::time::Instant;

use super::permit::{Admission, Outcome, Permit, Readiness};
use super::settings::BreakerSettings;
use super::window::Window;
use crate::instant::after;
use crate::status::{BreakerState, BreakerStatus, Cause, Transition};

/// The open time is lengthened by up to this share at random, so that hosts that tripped together do not probe
/// together.
const JITTER: f64 = 0.1;
/// The share of its turns with which a recovered target begins.
const FIRST_SHARE: f64 = 0.1;
/// Changes of state that are remembered.
const HISTORY: usize = 16;

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Admits. → Open: too many failures.
    Closed { recovered: bool },
    /// Rejects. → HalfOpen: time is up.
    Open { until: Instant },
    /// Admits probes. → Closed: enough succeed. → Open: too many fail, or are abandoned.
    HalfOpen(Probes),
}

/// A round of probes.
#[derive(Debug, Clone, Copy, Default)]
struct Probes {
    running: u32,
    succeeded: u32,
    failed: u32,
    /// Since the last one that succeeded.
    abandoned: u32,
}

/// Answers since the last one that reached its end, or since the state changed.
#[derive(Debug, Clone, Copy, Default)]
struct Unended {
    /// Those that began well.
    begun: u32,
    /// Those that broke off.
    broken: u32,
}

/// A breaker for one caller at a time.
// Tests clone it to try all that can follow; elsewhere two copies would not know of each other.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Breaker {
    settings: BreakerSettings,
    phase: Phase,
    since: Instant,
    generation: u64,
    consecutive: u32,
    /// Answers since the last one that reached its end.
    unended: Unended,
    window: Window,
    /// Trips in a row, without a time of sustained success or an answered probe between them.
    streak: u32,
    opened_for: Duration,
    trips: u64,
    history: VecDeque<Transition>,
    rng: SmallRng,
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(settings: BreakerSettings, now: Instant, rng: SmallRng) -> Self {
        Self {
            phase: Phase::Closed { recovered: false },
            since: now,
            generation: 0,
            consecutive: 0,
            unended: Unended::default(),
            window: Window::new(settings.window, now),
            streak: 0,
            opened_for: Duration::ZERO,
            trips: 0,
            history: VecDeque::with_capacity(HISTORY),
            settings,
            rng,
        }
    }

    /// Asks for an attempt.
    pub fn admit(&mut self, now: Instant) -> Admission {
        self.advance(now);
        let generation = self.generation;
        match &mut self.phase {
            Phase::Closed { .. } => Admission::Admit(Permit {
                generation,
                probe: false,
            }),
            Phase::Open { until } => Admission::Reject { until: Some(*until) },
            Phase::HalfOpen(probes) => {
                if probes.running + probes.succeeded >= self.settings.half_open_max_calls {
                    return Admission::Reject { until: None };
                }
                probes.running += 1;
                Admission::Probe(Permit {
                    generation,
                    probe: true,
                })
            }
        }
    }

    /// What [`Breaker::admit`] would say.
    pub fn readiness(&mut self, now: Instant) -> Readiness {
        self.advance(now);
        match self.phase {
            Phase::Closed { .. } => Readiness::Admits { share: self.share(now) },
            Phase::Open { until } => Readiness::Rejects { until: Some(until) },
            Phase::HalfOpen(Probes { running, succeeded, .. })
                if running + succeeded >= self.settings.half_open_max_calls =>
            {
                Readiness::Rejects { until: None }
            }
            Phase::HalfOpen(_) => Readiness::Probes,
        }
    }

    /// How an attempt ended. To be told once for each permit.
    pub fn on_outcome(&mut self, permit: Permit, outcome: Outcome, now: Instant) {
        self.advance(now);
        if permit.generation != self.generation {
            return;
        }
        match (&mut self.phase, outcome) {
            (Phase::Closed { .. }, Outcome::Success) => {
                self.consecutive = 0;
                self.unended.begun = self.unended.begun.saturating_add(1);
                self.window.count(false, now);
            }
            (Phase::Closed { .. }, Outcome::Failure) => {
                self.window.count(true, now);
                self.failed(now);
            }
            (Phase::HalfOpen(probes), outcome) if permit.probe => {
                probes.running = probes.running.saturating_sub(1);
                match outcome {
                    Outcome::Success => {
                        probes.succeeded += 1;
                        probes.abandoned = 0;
                        if probes.succeeded >= self.settings.half_open_max_calls {
                            self.close(Cause::Recovered, now);
                        }
                    }
                    Outcome::Failure => {
                        probes.failed += 1;
                        self.probe_failed(now);
                    }
                    Outcome::Unknown => {}
                    // A target that hangs longer than callers wait would otherwise be probed by every request, at
                    // the cost of each.
                    Outcome::Abandoned => {
                        probes.abandoned += 1;
                        if probes.abandoned >= self.settings.half_open_max_calls {
                            self.open(Cause::ProbesAbandoned, now);
                        }
                    }
                }
            }
            (Phase::Closed { .. } | Phase::Open { .. } | Phase::HalfOpen(_), _) => {}
        }
    }

    /// An answer that had begun well reached its end.
    pub fn on_completed(&mut self, permit: Permit) {
        if permit.generation == self.generation {
            self.unended = Unended::default();
        }
    }

    /// An answer that had begun well, and was counted as a success then, broke off: it is a failure after all.
    pub fn on_broken_off(&mut self, permit: Permit, now: Instant) {
        self.advance(now);
        if permit.generation != self.generation {
            return;
        }
        match &mut self.phase {
            Phase::Closed { .. } => {
                self.window.correct(now);
                self.unended.broken = self.unended.broken.saturating_add(1);
                self.failed(now);
            }
            Phase::HalfOpen(probes) => {
                probes.succeeded = probes.succeeded.saturating_sub(1);
                probes.failed += 1;
                self.probe_failed(now);
            }
            Phase::Open { .. } => {}
        }
    }

    /// Closes it and forgets what led to its state. What runs does not count any more.
    pub fn reset(&mut self, now: Instant) {
        self.close(Cause::Reset, now);
        self.phase = Phase::Closed { recovered: false };
        self.streak = 0;
        self.trips = 0;
    }

    /// How much speaks against it while it is closed, from 0, nothing, to 1: the share of failures in the window, or how
    /// far a row of them, or of answers that broke off, has come on the way to a trip.
    pub fn doubt(&mut self, now: Instant) -> f64 {
        let (requests, failures) = self.window.totals(now);
        let share = f64::from(failures) / f64::from(requests.max(1));
        let row = self.consecutive.max(self.unended.broken);
        share
            .max(f64::from(row) / f64::from(self.settings.failure_threshold))
            .min(1.0)
    }

    /// Its state.
    pub fn state(&mut self, now: Instant) -> BreakerState {
        self.advance(now);
        self.stored()
    }

    /// Everything that can be told about it.
    pub fn status(&mut self, now: Instant) -> BreakerStatus {
        self.advance(now);
        let (window_requests, window_failures) = self.window.totals(now);
        let (next_probe, probes) = match self.phase {
            Phase::Closed { .. } => (None, 0),
            Phase::Open { until } => (Some(until), 0),
            Phase::HalfOpen(probes) => (None, probes.running),
        };
        BreakerStatus {
            state: self.stored(),
            since: self.since,
            next_probe,
            probes,
            consecutive_failures: self.consecutive,
            window_requests,
            window_failures,
            trips: self.trips,
            history: self.history.iter().copied().collect(),
        }
    }

    /// The share of its turns that it gets: less than 1 for a while after a recovery.
    fn share(&self, now: Instant) -> f64 {
        let Phase::Closed { recovered: true } = self.phase else {
            return 1.0;
        };
        let passed = now.saturating_duration_since(self.since);
        if passed >= self.settings.slow_start {
            return 1.0;
        }
        FIRST_SHARE + (1.0 - FIRST_SHARE) * passed.as_secs_f64() / self.settings.slow_start.as_secs_f64()
    }

    fn stored(&self) -> BreakerState {
        match self.phase {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen(_) => BreakerState::HalfOpen,
        }
    }

    /// Open → HalfOpen, when its time is up.
    fn advance(&mut self, now: Instant) {
        if let Phase::Open { until } = self.phase
            && now >= until
        {
            self.change(Phase::HalfOpen(Probes::default()), Cause::ResetTimeout, now);
        }
    }

    /// A failure, counted already, of a target that was thought to be well.
    fn failed(&mut self, now: Instant) {
        self.consecutive = self.consecutive.saturating_add(1);
        if self.consecutive >= self.settings.failure_threshold {
            return self.trip(Cause::ConsecutiveFailures, now);
        }
        // Each answer that broke off began with a success, so that failures are never in a row. They are in one when
        // no answer between them reached its end, unless most of those that began since are still on their way.
        let Unended { begun, broken } = self.unended;
        if broken >= self.settings.failure_threshold && self.is_too_many(broken, begun) {
            return self.trip(Cause::ConsecutiveFailures, now);
        }
        let (requests, failures) = self.window.totals(now);
        if requests >= self.settings.minimum_requests && self.is_too_many(failures, requests) {
            self.trip(Cause::FailureRatio, now);
        }
    }

    /// A probe failed, and was counted. The share that trips a closed breaker trips a half-open one too: of a target
    /// that fails now and then, and is used for all that, not every probe can be expected to succeed.
    fn probe_failed(&mut self, now: Instant) {
        if let Phase::HalfOpen(Probes { failed, .. }) = self.phase
            && self.is_too_many(failed, self.settings.half_open_max_calls)
        {
            self.trip(Cause::ProbeFailed, now);
        }
    }

    fn is_too_many(&self, failures: u32, requests: u32) -> bool {
        f64::from(failures) >= self.settings.failure_ratio * f64::from(requests)
    }

    fn trip(&mut self, cause: Cause, now: Instant) {
        let sustained = self.settings.reset_timeout.max(self.opened_for);
        let was_well =
            matches!(self.phase, Phase::Closed { .. }) && now.saturating_duration_since(self.since) >= sustained;
        // One that answers some of its probes is back, though it fails now and then. To stay away from it for longer and
        // longer would cost more than its failures do.
        let answers = matches!(self.phase, Phase::HalfOpen(Probes { succeeded: 1.., .. }));
        self.streak = if was_well || answers {
            1
        } else {
            self.streak.saturating_add(1)
        };
        self.trips += 1;
        // Above 2^16 the cap has long been reached.
        let doubled = self
            .settings
            .reset_timeout
            .saturating_mul(1 << (self.streak - 1).min(16));
        let cap = self.settings.max_reset_timeout.max(self.settings.reset_timeout);
        let jitter = 1.0 + JITTER * self.rng.random::<f64>();
        self.opened_for = doubled.min(cap).mul_f64(jitter).min(cap);
        self.open(cause, now);
    }

    fn open(&mut self, cause: Cause, now: Instant) {
        let until = after(now, self.opened_for);
        self.change(Phase::Open { until }, cause, now);
    }

    fn close(&mut self, cause: Cause, now: Instant) {
        self.window.clear();
        self.consecutive = 0;
        self.change(Phase::Closed { recovered: true }, cause, now);
    }

    fn change(&mut self, to: Phase, cause: Cause, now: Instant) {
        let from = self.stored();
        self.phase = to;
        self.unended = Unended::default();
        self.generation += 1;
        self.since = now;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(Transition {
            at: now,
            from,
            to: self.stored(),
            cause,
        });
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
