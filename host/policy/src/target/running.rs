//! An attempt from its beginning to its end, however it ends: what is counted, learnt and given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{Attempt, Error, ErrorKind, Phase};

use super::{Counts, Target};
use crate::breaker::{Outcome, Pass, Permit};
use crate::classify::outcome;
use crate::load::Form;

/// How long an answer takes where nothing is known yet.
const USUAL: Duration = Duration::from_secs(1);
/// Who waits for less than this has not waited, however fast the target is thought to be.
const IMPATIENT: Duration = Duration::from_millis(100);

/// An attempt on its way. Dropped without an end, it was cancelled: its permit goes back, and nobody counts it
/// as a failure.
#[derive(Debug)]
pub struct Running {
    key: usize,
    tally: Tally,
}

impl Running {
    pub(super) fn new(target: Arc<Target>, pass: Option<Pass>, key: usize, form: Form, now: Instant) -> Self {
        Self {
            key,
            tally: Tally {
                target,
                pass,
                form,
                started: now,
                stage: Stage::Waiting,
            },
        }
    }

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
        self.tally.started
    }

    /// Only now it has what it needs of the host, and its time begins.
    pub(crate) fn starts(&mut self, now: Instant) {
        self.tally.started = now;
    }

    /// The answer is there, or has begun.
    #[must_use]
    pub fn answered(mut self, now: Instant) -> Answering {
        let target = &self.tally.target;
        target.load.observe(self.tally.form, self.tally.took(now), now);
        let outcome = if self.tally.form.tells_of_answers() {
            target.standing.on_success(self.key);
            Outcome::Success
        } else {
            Outcome::Unknown
        };
        let permit = self.tally.pass.take().and_then(|pass| pass.end(outcome, now));
        self.tally.stage = Stage::Answering;
        Answering {
            permit,
            tally: self.tally,
        }
    }

    /// It failed.
    pub fn failed(mut self, error: &Error, now: Instant) {
        let target = self.target();
        let tells = self.tally.form.tells_of_answers();
        // A key that nobody knows is none for answers either.
        if tells || error.kind() == ErrorKind::Unauthenticated {
            target.standing.on_error(self.key, error, now);
        }
        if tells {
            target.note(error, now);
        }
        let outcome = match outcome(error) {
            _ if !tells => Outcome::Unknown,
            Outcome::Abandoned if !self.tally.was_patient(now) => Outcome::Unknown,
            outcome @ (Outcome::Success | Outcome::Failure | Outcome::Unknown | Outcome::Abandoned) => outcome,
        };
        if let Some(pass) = self.tally.pass.take() {
            pass.end(outcome, now);
        }
        let slow = [Phase::FirstToken, Phase::Total, Phase::Request].map(ErrorKind::Timeout);
        if slow.contains(&error.kind()) && error.sent() {
            self.target().load.gave_up(self.tally.form, self.tally.took(now), now);
        }
        self.tally.end(|counts| &counts.failed);
    }
}

/// An answer on its way to the client: in flight until its end, an error, or its drop.
#[derive(Debug)]
pub struct Answering {
    permit: Option<Permit>,
    tally: Tally,
}

impl Answering {
    /// It ended well.
    pub fn ended(self) {
        if let Some(permit) = self.permit
            && self.tally.form.tells_of_answers()
        {
            self.tally.target.breaker.completed(permit);
        }
        self.tally.end(|counts| &counts.succeeded);
    }

    /// What is told of it when it fails.
    #[must_use]
    pub fn attempt(&self, kind: ErrorKind, now: Instant) -> Attempt {
        Attempt {
            deployment: self.tally.target.deployment().clone(),
            kind,
            took: self.tally.took(now),
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
    pass: Option<Pass>,
    form: Form,
    started: Instant,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For the answer to begin.
    Waiting,
    /// It has begun.
    Answering,
    /// It is over, and counted.
    Ended,
}

impl Tally {
    fn took(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// Whether it was waited for as long as answers usually take.
    fn was_patient(&self, now: Instant) -> bool {
        self.took(now) >= self.target.load.average(self.form).unwrap_or(USUAL).max(IMPATIENT)
    }

    fn end(mut self, counter: impl FnOnce(&Counts) -> &AtomicU64) {
        self.stage = Stage::Ended;
        counter(&self.target.counts).fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if self.stage == Stage::Waiting {
            // Nobody waited for the answer. That is no failure, but how long it took is not forgotten: a target that
            // hangs for longer than callers wait would otherwise go on looking as fast as it was.
            let now = Instant::now();
            if let Some(pass) = self.pass.take()
                && self.was_patient(now)
            {
                pass.end(Outcome::Abandoned, now);
            }
            self.target.load.gave_up(self.form, self.took(now), now);
        }
        // After the permit, which is free by the time the attempt is not in flight any more.
        self.target.load.end();
        if self.stage != Stage::Ended {
            self.target.counts.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }
}
