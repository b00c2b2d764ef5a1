//! How a caller wants a request handled, and what a request on its way carries.

use std::collections::HashSet;
use std::sync::Arc;

use rand::rngs::SmallRng;
use tokio::time::Instant;

use crate::deadline::RequestTimeouts;
use crate::instant::after;

/// Which routes a caller may use. Asked again at every fallback: a rule for callers that a fallback walks around
/// is none.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// All.
    #[default]
    All,
    /// Those of these names.
    Only(Arc<HashSet<String>>),
}

impl Access {
    /// Whether this route may be used.
    #[must_use]
    pub fn permits(&self, route: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(route),
        }
    }
}

/// How a caller wants a request handled.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The caller's time limits.
    pub timeouts: RequestTimeouts,
    /// The routes it may use.
    pub access: Access,
}

/// A request on its way.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) options: &'a CallOptions,
    pub(crate) deadline: Option<Instant>,
    pub(crate) rng: SmallRng,
}

impl<'a> Call<'a> {
    /// A request that begins now. The generator decides everything that is left to chance on its way.
    #[must_use]
    pub fn new(options: &'a CallOptions, now: Instant, rng: SmallRng) -> Self {
        Self {
            deadline: options.timeouts.total.map(|total| after(now, total)),
            options,
            rng,
        }
    }

    /// The caller's limits, and when the request ends at the latest.
    pub(crate) fn terms(&self) -> (RequestTimeouts, Option<Instant>) {
        (self.options.timeouts, self.deadline)
    }
}
