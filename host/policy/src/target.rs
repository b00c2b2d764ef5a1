//! One deployment with one of its models, and everything that is known of how it fares. Routes that lead to the
//! same target share it, and with it its breaker and its load.

mod running;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use wharf_types::{DeploymentName, Error, ErrorKind};

use crate::breaker::{CircuitBreaker, Readiness};
use crate::classify::{KeyFate, treatment};
use crate::deadline::Timeouts;
use crate::keys::KeyPick;
use crate::load::{Form, Load};
use crate::standing::Standing;
use crate::status::{AttemptCounts, LastError, TargetStatus};
use crate::upstream::Upstream;
pub use running::{Answering, Running};

/// What is picked.
pub struct Target {
    upstream: Arc<dyn Upstream>,
    model: String,
    timeouts: Timeouts,
    max_retries: u32,
    standing: Arc<Standing>,
    breaker: CircuitBreaker,
    load: Load,
    counts: Counts,
    last_error: Mutex<LastErrors>,
}

#[derive(Debug, Default)]
struct LastErrors {
    last: Option<LastError>,
    /// The last one that was the deployment's own: what opened its breaker, or made its key rest.
    own: Option<ErrorKind>,
}

#[derive(Debug, Default)]
struct Counts {
    started: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

/// Whether a target can be asked now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Availability {
    /// Yes; the share of its turns is below 1 for a while after a recovery.
    Ready {
        /// Of its turns.
        share: f64,
    },
    /// Yes, as a probe.
    Probe,
    /// Not before this: the vendor limits its rate.
    Resting {
        /// Until when.
        until: Instant,
    },
    /// No, the breaker rejects; when to ask again, unless probes are running.
    Tripped {
        /// Until when.
        until: Option<Instant>,
    },
    /// No, health checks fail.
    Ejected,
    /// No, the vendor refuses its credential.
    Refused {
        /// As what.
        kind: ErrorKind,
        /// With which HTTP status.
        status: Option<u16>,
    },
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("deployment", self.upstream.deployment())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// A fresh one. `max_retries` is how often one request may come back to it.
    #[must_use]
    pub fn new(
        upstream: Arc<dyn Upstream>,
        model: &str,
        timeouts: Timeouts,
        max_retries: u32,
        standing: Arc<Standing>,
        breaker: CircuitBreaker,
    ) -> Self {
        Self {
            upstream,
            model: model.to_owned(),
            timeouts,
            max_retries,
            standing,
            breaker,
            load: Load::default(),
            counts: Counts::default(),
            last_error: Mutex::default(),
        }
    }

    /// The deployment's name.
    #[must_use]
    pub fn deployment(&self) -> &DeploymentName {
        self.upstream.deployment()
    }

    /// The vendor's model name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What is called.
    #[must_use]
    pub fn upstream(&self) -> &dyn Upstream {
        self.upstream.as_ref()
    }

    /// Its time limits.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// How often one request may come back to it.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// What it shares with the other models of its deployment.
    #[must_use]
    pub fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// Its breaker.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// Its load.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// The kind of its last error.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.last_errors().last
    }

    /// The kind of the last error that was the deployment's own, and not a caller's.
    pub(crate) fn last_failure(&self) -> Option<ErrorKind> {
        self.last_errors().own
    }

    /// Whether it can be asked now.
    #[must_use]
    pub fn availability(&self, now: Instant) -> Availability {
        match self.standing.peek_key(now) {
            KeyPick::Refused { kind, status } => return Availability::Refused { kind, status },
            KeyPick::Wait { until } => return Availability::Resting { until },
            KeyPick::Use(_) => {}
        }
        if !self.standing.is_healthy() {
            return Availability::Ejected;
        }
        match self.breaker.readiness(now) {
            Readiness::Admits { share } => Availability::Ready { share },
            Readiness::Probes => Availability::Probe,
            Readiness::Rejects { until } => Availability::Tripped { until },
        }
    }

    /// How much speaks against an attempt, from 0 to 1: failures lately, or a key that was limited the last time.
    pub(crate) fn doubt(&self, now: Instant) -> f64 {
        if self.standing.is_next_key_doubtful(now) {
            1.0
        } else {
            self.breaker.doubt(now)
        }
    }

    /// Begins an attempt; `None` when somebody else took the last permit or key in the meantime. `anyway` goes
    /// past the breaker: for when everybody's is open.
    #[must_use]
    pub fn begin(self: &Arc<Self>, anyway: bool, form: Form, now: Instant) -> Option<Running> {
        let pass = match self.breaker.enter(now) {
            Ok(pass) => Some(pass),
            // Open, not half open: who is being probed gets no more than its probes.
            Err(Some(_)) if anyway => None,
            Err(_) => return None,
        };
        let KeyPick::Use(key) = self.standing.pick_key(now) else {
            return None;
        };
        self.counts.started.fetch_add(1, Ordering::Relaxed);
        self.load.begin();
        Some(Running::new(Arc::clone(self), pass, key, form, now))
    }

    /// Everything that can be told about it.
    #[must_use]
    pub fn status(&self, now: Instant) -> TargetStatus {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let ramp = match self.breaker.readiness(now) {
            Readiness::Admits { share } => share,
            Readiness::Probes | Readiness::Rejects { .. } => 0.0,
        };
        TargetStatus {
            deployment: self.deployment().clone(),
            model: self.model.clone(),
            breaker: self.breaker.status(now),
            in_flight: self.load.in_flight(),
            first_token: self.load.average(Form::Streamed),
            answer: self.load.average(Form::Whole),
            ramp,
            last_error: self.last_error(),
            attempts: AttemptCounts {
                started: count(&self.counts.started),
                succeeded: count(&self.counts.succeeded),
                failed: count(&self.counts.failed),
                cancelled: count(&self.counts.cancelled),
            },
        }
    }

    fn note(&self, error: &Error, now: Instant) {
        let treatment = treatment(error);
        let mut errors = self.last_errors();
        errors.last = Some(LastError {
            kind: error.kind(),
            status: error.http_status(),
            at: now,
        });
        if treatment.counts || treatment.key != KeyFate::Kept {
            errors.own = Some(error.kind());
        }
    }

    /// Held for an assignment.
    fn last_errors(&self) -> MutexGuard<'_, LastErrors> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
