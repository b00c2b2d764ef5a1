//! One deployment with one of its models, and everything that is known of how it fares. Routes that lead to the
//! same target share it, and with it its breaker and its load.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use wharf_types::{Attempt, DeploymentName, Error, ErrorKind, Phase};

use crate::breaker::{CircuitBreaker, Outcome, Pass, Permit, Readiness};
use crate::classify::outcome;
use crate::deadline::Timeouts;
use crate::keys::KeyPick;
use crate::load::{Form, Load};
use crate::standing::Standing;
use crate::status::{AttemptCounts, LastError, TargetStatus};
use crate::upstream::Upstream;

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
    last_error: Mutex<Option<LastError>>,
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
            last_error: Mutex::new(None),
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
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Begins an attempt; `None` when somebody else took the last permit or key in the meantime. `anyway` goes
    /// past the breaker: for when everybody's is open.
    #[must_use]
    pub fn begin(self: &Arc<Self>, anyway: bool, now: Instant) -> Option<Running> {
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
        Some(Running {
            pass,
            key,
            started: now,
            tally: Tally {
                target: Arc::clone(self),
                ended: false,
            },
        })
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
        let last = LastError {
            kind: error.kind(),
            status: error.http_status(),
            at: now,
        };
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// An attempt on its way. Dropped without an end, it was cancelled: its permit goes back, and nobody counts it
/// as a failure.
#[derive(Debug)]
pub struct Running {
    // Before the tally, so that a permit is free by the time the attempt is not in flight any more.
    pass: Option<Pass>,
    key: usize,
    started: Instant,
    tally: Tally,
}

impl Running {
    /// The target.
    #[must_use]
    pub fn target(&self) -> &Arc<Target> {
        &self.tally.target
    }

    /// The number of the key it is made with.
    #[must_use]
    pub fn key(&self) -> usize {
        self.key
    }

    /// When it began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The answer is there, or has begun.
    #[must_use]
    pub fn answered(mut self, form: Form, now: Instant) -> Answering {
        let target = &self.tally.target;
        target.standing.on_success(self.key);
        target
            .load
            .observe(form, now.saturating_duration_since(self.started), now);
        let permit = self.pass.take().and_then(|pass| pass.end(Outcome::Success, now));
        Answering {
            permit,
            started: self.started,
            tally: self.tally,
        }
    }

    /// It failed.
    pub fn failed(mut self, error: &Error, form: Form, now: Instant) {
        let target = self.target();
        target.standing.on_error(self.key, error, now);
        target.note(error, now);
        let slow = [Phase::FirstToken, Phase::Total].map(ErrorKind::Timeout);
        // A caller in a hurry has not waited long enough to learn how slow it is.
        if slow.contains(&error.kind()) && !error.is_callers_limit() {
            target
                .load
                .gave_up(form, now.saturating_duration_since(self.started), now);
        }
        if let Some(pass) = self.pass.take() {
            pass.end(outcome(error), now);
        }
        self.tally.end(|counts| &counts.failed);
    }
}

/// An answer on its way to the client: in flight until its end, an error, or its drop.
#[derive(Debug)]
pub struct Answering {
    permit: Option<Permit>,
    started: Instant,
    tally: Tally,
}

impl Answering {
    /// It ended well.
    pub fn ended(self) {
        self.tally.end(|counts| &counts.succeeded);
    }

    /// What is told of it when it fails.
    #[must_use]
    pub fn attempt(&self, kind: ErrorKind, now: Instant) -> Attempt {
        Attempt {
            deployment: self.tally.target.deployment().clone(),
            kind,
            took: now.saturating_duration_since(self.started),
        }
    }

    /// It broke off.
    pub fn broke_off(self, error: &Error, now: Instant) {
        let target = &self.tally.target;
        target.note(error, now);
        if let Some(permit) = self.permit
            && outcome(error) == Outcome::Failure
        {
            target.breaker.broken_off(permit, now);
        }
        self.tally.end(|counts| &counts.failed);
    }
}

/// Counts an attempt once, in flight until then.
#[derive(Debug)]
struct Tally {
    target: Arc<Target>,
    ended: bool,
}

impl Tally {
    fn end(mut self, counter: impl FnOnce(&Counts) -> &AtomicU64) {
        self.ended = true;
        counter(&self.target.counts).fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.target.load.end();
        if !self.ended {
            self.target.counts.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }
}
