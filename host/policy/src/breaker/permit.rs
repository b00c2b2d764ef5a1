//! What a breaker says to an attempt, and what it is told of it.

use tokio::time::Instant;

/// The right to make one attempt. Whoever holds it owes an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    pub(super) generation: u64,
    pub(super) probe: bool,
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
    /// Nobody knows: it was cancelled, the caller was at fault, or its rate is limited.
    Unknown,
    /// Nobody waited for the end, though it was waited for as long as an answer usually takes.
    Abandoned,
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
