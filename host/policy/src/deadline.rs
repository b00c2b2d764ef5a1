//! When an attempt ends at the latest, and which limit it was: the deployment's timeouts and the caller's, put
//! together into instants once, when the attempt begins.

use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{Error, ErrorKind, Phase};

use crate::instant::after;

/// The time limits of a deployment for one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// The whole attempt.
    pub total: Duration,
    /// Until the connection to the vendor stands. Whoever connects sees to it; here it only says whose limit it was.
    pub connect: Duration,
    /// Until the first token of a stream; none: `total` alone limits it.
    pub first_token: Option<Duration>,
    /// The longest gap between two pieces of a stream.
    pub idle: Duration,
}

/// The time limits that a caller sets. They can only be shorter than the deployment's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestTimeouts {
    /// The request as a whole, waits and all attempts together.
    pub total: Option<Duration>,
    /// Until a connection to the vendor stands, for each attempt.
    pub connect: Option<Duration>,
    /// Until the first token of a stream, for each attempt.
    pub first_token: Option<Duration>,
    /// The longest gap between two pieces of a stream.
    pub idle: Option<Duration>,
}

/// The limits of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// It ends then.
    pub at: Instant,
    /// Whose limit `at` is: `Total` the deployment's, `Request` the caller's.
    pub phase: Phase,
    /// A stream has said something by then; never after `at`.
    pub first_token: Instant,
    /// The longest gap between two pieces of a stream.
    pub idle: Duration,
    /// Which of the limits are the caller's, shorter than the deployment's own.
    callers: Callers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Callers {
    connect: bool,
    first_token: bool,
    idle: bool,
}

impl Deadline {
    /// Of an attempt that begins now, for a request that ends at `request` at the latest.
    #[must_use]
    pub fn new(now: Instant, own: &Timeouts, callers: &RequestTimeouts, request: Option<Instant>) -> Self {
        let total = after(now, own.total);
        let (at, phase) = match request {
            Some(request) if request <= total => (request, Phase::Request),
            Some(_) | None => (total, Phase::Total),
        };
        let first_token = shorter(own.first_token, callers.first_token).map_or(at, |limit| at.min(after(now, limit)));
        let is_shorter = |callers: Option<Duration>, own: Duration| callers.is_some_and(|limit| limit < own);
        Self {
            at,
            phase,
            first_token,
            idle: callers.idle.map_or(own.idle, |idle| idle.min(own.idle)),
            callers: Callers {
                connect: is_shorter(callers.connect, own.connect),
                first_token: is_shorter(callers.first_token, own.first_token.unwrap_or(own.total)),
                idle: is_shorter(callers.idle, own.idle),
            },
        }
    }

    /// That everything ends in this time, and nothing earlier.
    #[must_use]
    pub fn within(limit: Duration, now: Instant) -> Self {
        let own = Timeouts {
            total: limit,
            connect: limit,
            first_token: None,
            idle: limit,
        };
        Self::new(now, &own, &RequestTimeouts::default(), None)
    }

    /// The error of an attempt that did not end by `at`.
    #[must_use]
    pub fn passed(&self) -> Error {
        self.error(self.phase)
    }

    /// The error of a stream that said nothing by `first_token`.
    #[must_use]
    pub fn no_first_token(&self) -> Error {
        let phase = if self.first_token == self.at {
            self.phase
        } else {
            Phase::FirstToken
        };
        self.error(phase)
    }

    /// The error of a stream that fell silent.
    #[must_use]
    pub fn silent(&self) -> Error {
        self.error(Phase::Idle)
    }

    fn error(&self, phase: Phase) -> Error {
        let message = match phase {
            Phase::Request => "the time that the caller gave the request is up",
            Phase::FirstToken => "the deployment's answer did not begin in time",
            Phase::Idle => "the deployment fell silent in the middle of its answer",
            Phase::Total | Phase::Connect | Phase::Upstream => "the deployment did not answer within its time limit",
        };
        Error::new(ErrorKind::Timeout(phase), message)
            .with_sent(true)
            .with_callers_limit(self.is_callers(phase))
    }

    fn is_callers(&self, phase: Phase) -> bool {
        match phase {
            Phase::Request => true,
            Phase::Connect => self.callers.connect,
            Phase::FirstToken => self.callers.first_token,
            Phase::Idle => self.callers.idle,
            Phase::Total | Phase::Upstream => false,
        }
    }

    /// The same error under its right name: who calls the deployment knows one deadline, not whose it is. Where the
    /// caller's limit of the connection is the shorter one, a slow connection is the caller's impatience.
    #[must_use]
    pub fn name(&self, error: Error) -> Error {
        let kind = error.kind();
        if kind == ErrorKind::Timeout(Phase::Total) && self.phase != Phase::Total {
            return error.with_kind(ErrorKind::Timeout(self.phase)).with_callers_limit(true);
        }
        if kind == ErrorKind::Timeout(Phase::Connect) && self.callers.connect {
            return error.with_callers_limit(true);
        }
        error
    }
}

fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn own(first_token: Option<Duration>) -> Timeouts {
        Timeouts {
            total: SECOND * 30,
            connect: SECOND * 10,
            first_token,
            idle: SECOND * 10,
        }
    }

    #[test]
    fn the_shorter_limit_wins_and_is_named() {
        let now = Instant::now();
        let none = RequestTimeouts::default();
        let deadline = Deadline::new(now, &own(None), &none, None);
        assert_eq!((deadline.at, deadline.phase), (now + SECOND * 30, Phase::Total));
        assert_eq!(deadline.no_first_token().kind(), ErrorKind::Timeout(Phase::Total));

        let deadline = Deadline::new(now, &own(Some(SECOND * 5)), &none, Some(now + SECOND * 20));
        assert_eq!((deadline.at, deadline.phase), (now + SECOND * 20, Phase::Request));
        assert_eq!(deadline.first_token, now + SECOND * 5);
        assert_eq!(deadline.no_first_token().kind(), ErrorKind::Timeout(Phase::FirstToken));
        assert_eq!(deadline.passed().kind(), ErrorKind::Timeout(Phase::Request));

        let deadline = Deadline::new(now, &own(Some(SECOND * 5)), &none, Some(now + SECOND));
        assert_eq!(deadline.first_token, now + SECOND, "never after the end");
        assert_eq!(deadline.no_first_token().kind(), ErrorKind::Timeout(Phase::Request));
    }

    #[test]
    fn a_caller_can_only_shorten() {
        let now = Instant::now();
        let long = RequestTimeouts {
            first_token: Some(SECOND * 8),
            idle: Some(SECOND * 60),
            ..RequestTimeouts::default()
        };
        let deadline = Deadline::new(now, &own(Some(SECOND * 5)), &long, None);
        assert_eq!((deadline.first_token, deadline.idle), (now + SECOND * 5, SECOND * 10));
        let short = RequestTimeouts {
            first_token: Some(SECOND),
            idle: Some(SECOND),
            ..RequestTimeouts::default()
        };
        let deadline = Deadline::new(now, &own(None), &short, None);
        assert_eq!((deadline.first_token, deadline.idle), (now + SECOND, SECOND));
    }

    #[test]
    fn a_limit_of_the_callers_is_known_as_theirs() {
        let now = Instant::now();
        let short = RequestTimeouts {
            first_token: Some(SECOND),
            idle: Some(SECOND * 60),
            ..RequestTimeouts::default()
        };
        let deadline = Deadline::new(now, &own(Some(SECOND * 5)), &short, None);
        assert!(deadline.no_first_token().is_callers_limit());
        assert!(
            !deadline.silent().is_callers_limit(),
            "the deployment's own was shorter"
        );
        assert!(!deadline.passed().is_callers_limit());
        let own_only = Deadline::new(now, &own(Some(SECOND * 5)), &RequestTimeouts::default(), None);
        assert!(!own_only.no_first_token().is_callers_limit());
    }

    #[test]
    fn an_upstream_that_knows_one_deadline_is_corrected() {
        let now = Instant::now();
        let deadline = Deadline::new(now, &own(None), &RequestTimeouts::default(), Some(now + SECOND));
        let told = Error::new(ErrorKind::Timeout(Phase::Total), "m");
        assert_eq!(deadline.name(told).kind(), ErrorKind::Timeout(Phase::Request));
        let other = Error::new(ErrorKind::Timeout(Phase::Connect), "m");
        assert_eq!(deadline.name(other).kind(), ErrorKind::Timeout(Phase::Connect));
    }
}
