//! What each error means for the next step. One exhaustive table: a new kind of error does not compile until
//! somebody has decided.

use wharf_types::{Error, ErrorKind, Phase};

use crate::breaker::Outcome;

/// Whether another attempt of the same request makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// No: it fails everywhere, or nobody waits for it.
    Never,
    /// With another deployment only: this one gives the same answer.
    Elsewhere,
    /// With any; with this one after a while.
    Anywhere,
}

/// What becomes of the key that the attempt was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFate {
    /// Nothing.
    Kept,
    /// It rests as long as the vendor asks: its rate is limited.
    Rests,
    /// It is used no more: the vendor refuses it.
    Retired,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// Whether it counts against the deployment's breaker.
    pub counts: bool,
    /// Whether to make another attempt.
    pub again: Again,
    /// What becomes of the key.
    pub key: KeyFate,
}

/// The table of the design: what is the caller's fault is neither retried nor counted; what is about the key
/// concerns the key; everything else is the deployment's.
#[must_use]
pub fn treatment(error: &Error) -> Treatment {
    let (counts, again) = match error.kind() {
        // The same request fails everywhere. Some of these a fallback route may answer: another model.
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Cancelled
        | ErrorKind::NoDeployment
        | ErrorKind::Internal => (false, Again::Never),
        // This vendor does not have the model (any more), or cannot do what is asked; another may.
        ErrorKind::NotFound | ErrorKind::Unsupported => (false, Again::Elsewhere),
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::QuotaExhausted => {
            // Without a status nobody but the sandbox said no: the deployment is set up wrongly.
            let sandbox = error.kind() == ErrorKind::PermissionDenied && error.http_status().is_none();
            (sandbox, Again::Elsewhere)
        }
        ErrorKind::RateLimited => (false, Again::Anywhere),
        // The caller was in a hurry; that is no news about the deployment. Another may be faster.
        ErrorKind::Timeout(Phase::Request) => (false, Again::Never),
        ErrorKind::Timeout(_) if error.is_callers_limit() => (false, Again::Elsewhere),
        ErrorKind::Timeout(Phase::Connect | Phase::FirstToken | Phase::Idle | Phase::Total | Phase::Upstream)
        | ErrorKind::Overloaded
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamProtocol
        | ErrorKind::ProviderTrapped => (true, Again::Anywhere),
        // The host had no instance to spare: no news about the deployment, and more of it does not help.
        ErrorKind::ResourceExhausted if !error.sent() => (false, Again::Never),
        // The vendor answered, with more than this deployment may take in. How long an answer is, the request decides.
        ErrorKind::ResourceExhausted if error.http_status().is_some() => (false, Again::Elsewhere),
        ErrorKind::ResourceExhausted => (true, Again::Anywhere),
    };
    Treatment {
        counts,
        again,
        key: key_fate(error),
    }
}

/// What an error is to a breaker. One that does not count says nothing either way: a vendor that limits a rate or
/// refuses a request is there, but whether it would serve is not known. Where the caller gave up first, not even that.
#[must_use]
pub fn outcome(error: &Error) -> Outcome {
    if treatment(error).counts {
        Outcome::Failure
    } else if error.is_callers_limit() {
        Outcome::Abandoned
    } else {
        Outcome::Unknown
    }
}

fn key_fate(error: &Error) -> KeyFate {
    match (error.kind(), error.http_status()) {
        (ErrorKind::Unauthenticated, _)
        | (ErrorKind::PermissionDenied, Some(_))
        | (ErrorKind::QuotaExhausted, Some(401..=403)) => KeyFate::Retired,
        (ErrorKind::RateLimited | ErrorKind::QuotaExhausted, _) => KeyFate::Rests,
        (
            ErrorKind::PermissionDenied
            | ErrorKind::InvalidRequest
            | ErrorKind::ContextLengthExceeded
            | ErrorKind::ContentFiltered
            | ErrorKind::Unsupported
            | ErrorKind::NotFound
            | ErrorKind::Overloaded
            | ErrorKind::UpstreamUnavailable
            | ErrorKind::UpstreamProtocol
            | ErrorKind::Timeout(_)
            | ErrorKind::Cancelled
            | ErrorKind::ProviderTrapped
            | ErrorKind::ResourceExhausted
            | ErrorKind::NoDeployment
            | ErrorKind::Internal,
            _,
        ) => KeyFate::Kept,
    }
}

/// Whether an error says something about the host's side rather than the request: then a degraded answer is
/// better than none.
#[must_use]
pub fn is_outage(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Unsupported
        | ErrorKind::Cancelled
        | ErrorKind::Timeout(Phase::Request) => false,
        ErrorKind::NotFound
        | ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::RateLimited
        | ErrorKind::QuotaExhausted
        | ErrorKind::Overloaded
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamProtocol
        | ErrorKind::Timeout(_)
        | ErrorKind::ProviderTrapped
        | ErrorKind::ResourceExhausted
        | ErrorKind::NoDeployment
        | ErrorKind::Internal => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, status: Option<u16>, counts: bool, again: Again, key: KeyFate) {
        let error = Error::new(kind, "m").with_upstream(status, None, None).with_sent(true);
        assert_eq!(
            treatment(&error),
            Treatment { counts, again, key },
            "{kind:?} {status:?}"
        );
    }

    #[test]
    fn the_table() {
        use Again as A;
        use ErrorKind as K;
        use KeyFate as F;
        for kind in [K::InvalidRequest, K::ContextLengthExceeded, K::ContentFiltered] {
            check(kind, Some(400), false, A::Never, F::Kept);
        }
        check(K::Unsupported, None, false, A::Elsewhere, F::Kept);
        check(K::Cancelled, None, false, A::Never, F::Kept);
        check(K::NotFound, Some(404), false, A::Elsewhere, F::Kept);
        check(K::Unauthenticated, Some(401), false, A::Elsewhere, F::Retired);
        check(K::PermissionDenied, Some(403), false, A::Elsewhere, F::Retired);
        check(K::PermissionDenied, None, true, A::Elsewhere, F::Kept);
        check(K::QuotaExhausted, Some(402), false, A::Elsewhere, F::Retired);
        check(K::QuotaExhausted, Some(429), false, A::Elsewhere, F::Rests);
        check(K::RateLimited, Some(429), false, A::Anywhere, F::Rests);
        for kind in [
            K::Overloaded,
            K::UpstreamUnavailable,
            K::UpstreamProtocol,
            K::ProviderTrapped,
        ] {
            check(kind, Some(503), true, A::Anywhere, F::Kept);
        }
        for phase in [
            Phase::Connect,
            Phase::FirstToken,
            Phase::Idle,
            Phase::Total,
            Phase::Upstream,
        ] {
            check(K::Timeout(phase), None, true, A::Anywhere, F::Kept);
        }
        check(K::Timeout(Phase::Request), None, false, A::Never, F::Kept);
        let hurried = Error::new(K::Timeout(Phase::FirstToken), "m").with_callers_limit(true);
        assert_eq!(
            (treatment(&hurried).counts, treatment(&hurried).again),
            (false, A::Elsewhere)
        );
        check(K::ResourceExhausted, None, true, A::Anywhere, F::Kept);
        check(K::ResourceExhausted, Some(200), false, A::Elsewhere, F::Kept);
    }

    #[test]
    fn what_nobody_waited_for_is_no_outcome() {
        let hurried = Error::new(ErrorKind::Timeout(Phase::Total), "m").with_callers_limit(true);
        assert_eq!(outcome(&hurried), Outcome::Abandoned);
        let late = Error::new(ErrorKind::Timeout(Phase::Request), "m").with_callers_limit(true);
        assert_eq!(outcome(&late), Outcome::Abandoned);
        assert_eq!(outcome(&Error::new(ErrorKind::InvalidRequest, "m")), Outcome::Unknown);
        assert_eq!(outcome(&Error::new(ErrorKind::Overloaded, "m")), Outcome::Failure);
    }

    #[test]
    fn a_full_host_is_no_news_about_a_deployment() {
        let full = Error::new(ErrorKind::ResourceExhausted, "no free instance");
        assert!(!treatment(&full).counts);
        assert_eq!(treatment(&full).again, Again::Never);
    }
}
