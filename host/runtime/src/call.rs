//! What is decided anew for each call of a deployment: until when, with which key, how patiently. Whoever makes the
//! call decides; the runtime does as it is told.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// How one call is made.
#[derive(Debug)]
pub struct CallOptions {
    /// When it ends at the latest.
    pub deadline: Instant,
    /// Which of the deployment's keys is attached, from 0. Beyond the last, none is.
    pub key: usize,
    /// How long each request may take until its connection stands, TLS included. The deployment's own limit applies
    /// too, so the shorter one counts; `None` leaves it at that.
    pub connect: Option<Duration>,
    /// Its place among the instances that may run at once, from [`Deployment::places`](crate::Deployment::places);
    /// without one it waits for one, up to the deadline.
    pub place: Option<OwnedSemaphorePermit>,
}

/// What every exchange of a call is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) key: usize,
    pub(crate) connect: Option<Duration>,
}

impl CallOptions {
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            key: self.key,
            connect: self.connect,
        }
    }

    /// A call that ends at `deadline`, with the first key and no connect limit of its own.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            key: 0,
            connect: None,
            place: None,
        }
    }
}
