//! What the host itself saw of a call's exchange. The host trusts it over what the guest claims.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wharf_types::Phase;

/// Why an exchange failed, as the host saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Not on the allow-list, or an address that may not be reached.
    Denied,
    /// The name does not resolve, nobody listens, TLS fails, or the connection broke.
    Unavailable,
    /// The upstream does not speak HTTP properly.
    Protocol,
    /// The body is larger than the cap.
    TooLarge,
    /// A time limit passed.
    Timeout(Phase),
}

/// One call's observations.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Observed>);

/// The observations so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// The last answer's status.
    pub(crate) status: Option<u16>,
    /// How long that answer asks to wait, if it refuses and says so.
    pub(crate) retry_after: Option<Duration>,
    /// The last failure, if nothing came after it.
    pub(crate) failure: Option<Failure>,
}

impl Seen {
    pub(crate) fn observed(&self) -> Observed {
        *self.lock()
    }

    pub(super) fn started(&self) {
        *self.lock() = Observed::default();
    }

    pub(super) fn answered(&self, status: u16, retry_after: Option<Duration>) {
        let mut observed = self.lock();
        observed.status = Some(status);
        observed.retry_after = retry_after;
    }

    pub(super) fn failed(&self, failure: Failure) {
        self.lock().failure = Some(failure);
    }

    /// Held for a few instructions by the one call it belongs to; a panic cannot leave it half written.
    fn lock(&self) -> MutexGuard<'_, Observed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
