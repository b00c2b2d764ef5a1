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

use super::window::Window;
use crate::status::{BreakerState, BreakerStatus, Cause, Transition};

/// When a breaker trips and how it comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// Consecutive failures that trip the breaker; 1 to 1000. Default 5.
    pub failure_threshold: u32,
    /// Share of failures among the requests of the window that trips the breaker too; 0.01 to 1. Default 0.5: more
    /// requests are then lost than served.
    pub failure_ratio: f64,
    /// Requests in the window below which the share is not looked at; 1 to 10,000. Default 20: of fewer, half may fail
    /// by chance.
    pub minimum_requests: u32,
    /// Time over which requests and failures are counted for the share; 1 s to 10 min. Default 60 s: answers take
    /// seconds, and a shorter window would seldom hold enough of them.
    pub window: Duration,
    /// How long a tripped breaker rejects before it probes; 100 ms to 1 h. Default 60 s.
    pub reset_timeout: Duration,
    /// Longest time that a tripped breaker rejects, not below `reset_timeout`; 100 ms to 24 h. The time doubles with every
    /// trip that follows a recovery too soon, up to this. Default 10 min, or `reset_timeout` where that is longer.
    pub max_reset_timeout: Duration,
    /// Probes admitted at once while half open, and successes needed to recover; 1 to 100. Default 3.
    pub half_open_max_calls: u32,
    /// Time over which a recovered deployment gets back its share of the requests; 0 to 10 min. Default 30 s: what has
    /// just come back is not given all at once.
    pub slow_start: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            failure_ratio: 0.5,
            minimum_requests: 20,
            window: Duration::from_secs(60),
            reset_timeout: Duration::from_secs(60),
            max_reset_timeout: Duration::from_secs(600),
            half_open_max_calls: 3,
            slow_start: Duration::from_secs(30),
        }
    }
}

/// The open time is lengthened by up to this share at random, so that hosts that tripped together do not probe
/// together.
const JITTER: f64 = 0.1;
/// The share of its turns with which a recovered target begins.
const FIRST_SHARE: f64 = 0.1;
/// Changes of state that are remembered.
const HISTORY: usize = 16;

/// The right to make one attempt. Whoever holds it owes an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
    probe: bool,
}

/// What a breaker says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Go.
    Admit(Permit),
    /// Go, and the breaker learns from you whether it can recover.
    Probe(Permit),
    /// No.
    Reject {
        /// When to ask again; none while probes are running.
        until: Option<Instant>,
    },
}

/// How an attempt ended, as far as a breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The target did its work.
    Success,
    /// The target failed.
    Failure,
    /// Nobody knows: it was cancelled, or the caller was at fault.
    Unknown,
}

/// What an attempt would be told now, without asking for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Readiness {
    /// It would be admitted; the share is below 1 in a slow start.
    Admits {
        /// Of its turns.
        share: f64,
    },
    /// It would be a probe.
    Probes,
    /// It would be rejected.
    Rejects {
        /// When to ask again; none while probes are running.
        until: Option<Instant>,
    },
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Admits. → Open: too many failures.
    Closed { recovered: bool },
    /// Rejects. → HalfOpen: time is up.
    Open { until: Instant },
    /// Admits probes. → Closed: all succeed. → Open: any fails.
    HalfOpen { running: u32, succeeded: u32 },
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
    window: Window,
    /// Trips without a time of sustained success between them.
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
            Phase::HalfOpen { running, succeeded } => {
                if *running + *succeeded >= self.settings.half_open_max_calls {
                    return Admission::Reject { until: None };
                }
                *running += 1;
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
            Phase::HalfOpen { running, succeeded } if running + succeeded >= self.settings.half_open_max_calls => {
                Readiness::Rejects { until: None }
            }
            Phase::HalfOpen { .. } => Readiness::Probes,
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
                self.window.count(false, now);
            }
            (Phase::Closed { .. }, Outcome::Failure) => {
                self.window.count(true, now);
                self.failed(now);
            }
            (Phase::HalfOpen { running, succeeded }, outcome) if permit.probe => {
                *running = running.saturating_sub(1);
                match outcome {
                    Outcome::Success => {
                        *succeeded += 1;
                        if *succeeded >= self.settings.half_open_max_calls {
                            self.close(Cause::Recovered, now);
                        }
                    }
                    Outcome::Failure => self.trip(Cause::ProbeFailed, now),
                    Outcome::Unknown => {}
                }
            }
            (Phase::Closed { .. } | Phase::Open { .. } | Phase::HalfOpen { .. }, _) => {}
        }
    }

    /// An answer that had begun well, and was counted as a success then, broke off: it is a failure after all.
    pub fn on_broken_off(&mut self, permit: Permit, now: Instant) {
        self.advance(now);
        if permit.generation != self.generation {
            return;
        }
        match self.phase {
            Phase::Closed { .. } => {
                self.window.correct(now);
                self.failed(now);
            }
            Phase::HalfOpen { .. } => self.trip(Cause::ProbeFailed, now),
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
            Phase::HalfOpen { running, .. } => (None, running),
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
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Open → HalfOpen, when its time is up.
    fn advance(&mut self, now: Instant) {
        if let Phase::Open { until } = self.phase
            && now >= until
        {
            let half_open = Phase::HalfOpen {
                running: 0,
                succeeded: 0,
            };
            self.change(half_open, Cause::ResetTimeout, now);
        }
    }

    /// A failure, counted already, of a target that was thought to be well.
    fn failed(&mut self, now: Instant) {
        self.consecutive = self.consecutive.saturating_add(1);
        if self.consecutive >= self.settings.failure_threshold {
            return self.trip(Cause::ConsecutiveFailures, now);
        }
        let (requests, failures) = self.window.totals(now);
        if requests >= self.settings.minimum_requests
            && f64::from(failures) >= self.settings.failure_ratio * f64::from(requests)
        {
            self.trip(Cause::FailureRatio, now);
        }
    }

    fn trip(&mut self, cause: Cause, now: Instant) {
        let sustained = self.settings.reset_timeout.max(self.opened_for);
        let was_well =
            matches!(self.phase, Phase::Closed { .. }) && now.saturating_duration_since(self.since) >= sustained;
        self.streak = if was_well { 1 } else { self.streak.saturating_add(1) };
        self.trips += 1;
        // Above 2^16 the cap has long been reached.
        let doubled = self
            .settings
            .reset_timeout
            .saturating_mul(1 << (self.streak - 1).min(16));
        let cap = self.settings.max_reset_timeout.max(self.settings.reset_timeout);
        let jitter = 1.0 + JITTER * self.rng.random::<f64>();
        self.opened_for = doubled.min(cap).mul_f64(jitter).min(cap);
        let until = now + self.opened_for;
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
