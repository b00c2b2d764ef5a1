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
    /// Whether what no deployment can do is left out of the request, as far as it makes sense without: tools, a schema
    /// of the answer, thinking, parameters. Otherwise such a request is refused. Contents are never left out.
    pub drop_unsupported: bool,
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

    /// What every attempt of the request is made with.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            callers: self.options.timeouts,
            ends: self.deadline,
            drop_unsupported: self.options.drop_unsupported,
        }
    }
}

/// What every attempt of a request is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The caller's limits.
    pub(crate) callers: RequestTimeouts,
    /// When the request ends at the latest.
    pub(crate) ends: Option<Instant>,
    /// Whether what cannot be done is left out.
    pub(crate) drop_unsupported: bool,
}
