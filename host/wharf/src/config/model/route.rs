//! Routes: the names that clients ask for, and what answers them.
//!
//! Decides what a route is when its entry says nothing but the targets: it has no fallbacks, gives no degraded answer
//! and asks one deployment at a time. Each of these costs money or changes what a client gets, so an operator asks for
//! it.

use std::time::Duration;

use indexmap::IndexMap;

/// A model name that clients ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// The public name. Of a route written in the file at most 128 of `A-Z a-z 0-9 . _ : -`.
    pub name: String,
    /// What may answer; never empty.
    pub targets: Vec<RouteTarget>,
    /// Error class (as in [`crate::config::ERROR_CLASSES`]) → the route that is asked next. Without a loop, the routes of
    /// `degraded` included.
    pub fallbacks: IndexMap<String, String>,
    /// What is answered when every deployment and fallback has failed. Default none: the error.
    pub degraded: Option<DegradedConfig>,
    /// Whether a second deployment is asked when the first is slow to begin. Default none: it is not.
    pub hedge: Option<HedgeConfig>,
    /// Written in the file; false for a route that exists because deployments list a model of its name.
    pub explicit: bool,
}

/// One deployment and model of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTarget {
    /// Name of the deployment.
    pub deployment: String,
    /// Model name, one of the deployment's.
    pub model: String,
    /// Tier within this route; `None`: the deployment's.
    pub priority: Option<u32>,
    /// Weight within this route; `None`: the deployment's.
    pub weight: Option<u32>,
}

/// What is answered when every deployment and fallback of a route has failed: another route, then the last good answer
/// to the same request, then a text. At least one of the three is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DegradedConfig {
    /// Name of the route that is asked then; not one that leads back here. Default none.
    pub route: Option<String>,
    /// Whether good answers are kept and given again. Default none: they are not.
    pub last_answer: Option<LastAnswerConfig>,
    /// What is answered when nothing else is there; 1 to 100,000 characters. Default none.
    pub text: Option<String>,
}

/// Which good answers of a route are kept. What comes first, number, memory or age, ends the stay of the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAnswerConfig {
    /// Answers kept; 1 to 100,000. Default 1000: with the default memory, 16 KiB each, a long answer.
    pub max_entries: u32,
    /// Memory that they may take together, in bytes; 1 KiB to 1 GiB. Default 16 MiB.
    pub max_size: u64,
    /// Age at which an answer is too old to be given again; 1 s to 30 days. Default 1 h: longer than most outages.
    pub max_age: Duration,
}

impl Default for LastAnswerConfig {
    fn default() -> Self {
        Self {
            max_entries: 1000,
            max_size: 16 << 20,
            max_age: Duration::from_secs(3600),
        }
    }
}

/// When a second deployment is asked too. The first token wins, and the other attempt is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HedgeConfig {
    /// How long the first deployment may say nothing before a second is asked; 1 ms to 10 min. Default none: the time that
    /// 95 of 100 recent answers took to begin.
    pub after: Option<Duration>,
}
