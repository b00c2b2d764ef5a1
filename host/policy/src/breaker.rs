//! The circuit breaker of one deployment with one of its models: stops asking what does not work, and finds out
//! by a few probes when it works again.
//!
//! [`Breaker`] is the machine, [`CircuitBreaker`] the same for many callers. Which errors count is decided in
//! `classify`: what is the caller's fault never does.

mod permit;
mod settings;
mod state;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::SmallRng;
use tokio::time::Instant;
use wharf_types::{Error, ErrorKind};

pub use permit::{Admission, Outcome, Permit, Readiness};
pub use settings::BreakerSettings;
pub use state::Breaker;

use crate::classify::outcome;
use crate::status::{BreakerState, BreakerStatus};

/// A breaker for many callers. Clones share it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use rand::SeedableRng as _;
/// use wharf_policy::{BreakerSettings, CircuitBreaker, status::BreakerState};
/// use wharf_types::{Error, ErrorKind};
///
/// let settings = BreakerSettings { failure_threshold: 1, ..BreakerSettings::default() };
/// let breaker = CircuitBreaker::new(settings, rand::rngs::SmallRng::seed_from_u64(7));
/// let failed = breaker.call(async { Err::<(), _>(Error::new(ErrorKind::Overloaded, "busy")) }).await;
/// assert_eq!(failed.unwrap_err().kind(), ErrorKind::Overloaded);
/// assert_eq!(breaker.state(), BreakerState::Open);
///
/// let rejected = breaker.call(async { Ok("not even asked") }).await.unwrap_err();
/// assert_eq!(rejected.kind(), ErrorKind::NoDeployment);
/// breaker.reset();
/// assert_eq!(breaker.call(async { Ok("asked") }).await.unwrap(), "asked");
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct CircuitBreaker(Arc<Mutex<Breaker>>);

impl CircuitBreaker {
    /// A closed one. The generator draws the jitter of its open times.
    #[must_use]
    pub fn new(settings: BreakerSettings, rng: SmallRng) -> Self {
        Self(Arc::new(Mutex::new(Breaker::new(settings, Instant::now(), rng))))
    }

    /// Makes a call if the breaker admits it, and lets the breaker learn from its outcome. Dropping the future
    /// cancels the call, which counts as nothing and gives a probe's permit back.
    ///
    /// # Errors
    /// The call's own; `NoDeployment` with the time to wait when it was not admitted.
    pub async fn call<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let now = Instant::now();
        let pass = self.enter(now).map_err(|until| {
            let wait = until.map(|until| until.saturating_duration_since(now));
            Error::new(ErrorKind::NoDeployment, "the circuit breaker is open").with_retry_after(wait)
        })?;
        let result = operation.await;
        let outcome = result.as_ref().err().map_or(Outcome::Success, outcome);
        pass.end(outcome, Instant::now());
        result
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.lock().state(Instant::now())
    }

    /// Closes it and forgets what led to its state.
    pub fn reset(&self) {
        self.lock().reset(Instant::now());
    }

    /// Everything that can be told about it.
    #[must_use]
    pub fn status(&self, now: Instant) -> BreakerStatus {
        self.lock().status(now)
    }

    /// Whether an attempt would be admitted.
    #[must_use]
    pub fn readiness(&self, now: Instant) -> Readiness {
        self.lock().readiness(now)
    }

    /// How much speaks against an attempt, from 0 to 1.
    pub(crate) fn doubt(&self, now: Instant) -> f64 {
        self.lock().doubt(now)
    }

    /// Asks for an attempt.
    ///
    /// # Errors
    /// The instant from which on it makes sense to ask again, if there is one.
    pub fn enter(&self, now: Instant) -> Result<Pass, Option<Instant>> {
        match self.lock().admit(now) {
            Admission::Admit(permit) | Admission::Probe(permit) => Ok(Pass {
                breaker: self.clone(),
                permit: Some(permit),
            }),
            Admission::Reject { until } => Err(until),
        }
    }

    /// An answer that had begun well reached its end.
    pub(crate) fn completed(&self, permit: Permit) {
        self.lock().on_completed(permit);
    }

    /// An answer that had begun well broke off.
    pub(crate) fn broken_off(&self, permit: Permit, now: Instant) {
        self.lock().on_broken_off(permit, now);
    }

    /// Held for a few instructions and never across an await. It is a lock because the machine is easier to
    /// get right, and to check exhaustively, as one value; uncontended it costs some ten nanoseconds.
    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make one attempt. Dropped without an outcome, it was cancelled.
#[derive(Debug)]
pub struct Pass {
    breaker: CircuitBreaker,
    permit: Option<Permit>,
}

impl Pass {
    /// Says how the attempt ended. The permit is for the case that an answer breaks off later.
    pub fn end(mut self, outcome: Outcome, now: Instant) -> Option<Permit> {
        let permit = self.permit.take()?;
        self.breaker.lock().on_outcome(permit, outcome, now);
        Some(permit)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.breaker.lock().on_outcome(permit, Outcome::Unknown, Instant::now());
        }
    }
}
