//! What can be told about routes and deployments: plain values, copied out of the machines on request. Instants
//! are the clock's own; whoever shows them to people turns them into "ago" and "in".

use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{DeploymentName, ErrorKind};

/// Whether a breaker lets requests through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// It admits. → Open: too many failures.
    Closed,
    /// It rejects. → HalfOpen: its time is up.
    Open,
    /// It admits a few probes. → Closed: enough of them succeed. → Open: any of them fails.
    HalfOpen,
}

impl BreakerState {
    /// Its name in labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// Why a breaker changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// So many failures in a row.
    ConsecutiveFailures,
    /// So large a share of failures.
    FailureRatio,
    /// A probe failed.
    ProbeFailed,
    /// Nobody waited for the probes to end.
    ProbesAbandoned,
    /// Its time was up: it begins to probe.
    ResetTimeout,
    /// The probes succeeded.
    Recovered,
    /// Somebody asked for it.
    Reset,
}

impl Cause {
    /// Its name in labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRatio => "failure_ratio",
            Self::ProbeFailed => "probe_failed",
            Self::ProbesAbandoned => "probes_abandoned",
            Self::ResetTimeout => "reset_timeout",
            Self::Recovered => "recovered",
            Self::Reset => "reset",
        }
    }
}

/// One change of a breaker's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: Instant,
    /// From where.
    pub from: BreakerState,
    /// To where.
    pub to: BreakerState,
    /// Why.
    pub cause: Cause,
}

/// A breaker.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerStatus {
    /// Its state now.
    pub state: BreakerState,
    /// Since when.
    pub since: Instant,
    /// When it will probe: while it is open.
    pub next_probe: Option<Instant>,
    /// Probes running: while it is half open.
    pub probes: u32,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Requests counted in the window.
    pub window_requests: u32,
    /// Failures among them.
    pub window_failures: u32,
    /// How often it has tripped since it was made or reset.
    pub trips: u64,
    /// The last changes, oldest first; at most 16.
    pub history: Vec<Transition>,
}

/// The last thing that went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastError {
    /// What.
    pub kind: ErrorKind,
    /// The vendor's HTTP status, if it answered.
    pub status: Option<u16>,
    /// When.
    pub at: Instant,
}

/// How attempts ended so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptCounts {
    /// Attempts begun.
    pub started: u64,
    /// Those that were answered.
    pub succeeded: u64,
    /// Those that failed, whoever's fault it was.
    pub failed: u64,
    /// Those that nobody waited for any more.
    pub cancelled: u64,
}

/// One deployment with one of its models.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetStatus {
    /// The deployment.
    pub deployment: DeploymentName,
    /// The vendor's model name.
    pub model: String,
    /// Its breaker.
    pub breaker: BreakerStatus,
    /// Attempts running; a stream counts until its end.
    pub in_flight: u64,
    /// Average time to the first token of a stream; none before the first one.
    pub first_token: Option<Duration>,
    /// Average time to a whole answer; none before the first one.
    pub answer: Option<Duration>,
    /// The share of its turns it gets after a recovery; 1 when it gets all.
    pub ramp: f64,
    /// The last thing that went wrong.
    pub last_error: Option<LastError>,
    /// How attempts ended.
    pub attempts: AttemptCounts,
}

/// Whether a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is.
    Usable,
    /// Not before this instant: the vendor limits its rate.
    Resting {
        /// Until when.
        until: Instant,
    },
    /// No more: the vendor refused it.
    Retired {
        /// Since when.
        since: Instant,
        /// As what.
        kind: ErrorKind,
        /// With which HTTP status.
        status: Option<u16>,
    },
}

/// What active health checks found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthState {
    /// Whether it may be picked as far as health checks go.
    pub healthy: bool,
    /// Since when; none before the first change.
    pub since: Option<Instant>,
    /// When it was checked last.
    pub checked: Option<Instant>,
    /// Checks in a row that ended as the last one did.
    pub streak: u32,
}

/// How requests of a route ended so far: answered, failed, cancelled, passed on, or still running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteCounts {
    /// Requests begun, those that came by a fallback included.
    pub requests: u64,
    /// Those that were answered.
    pub succeeded: u64,
    /// Those that failed here.
    pub failed: u64,
    /// Those that nobody waited for any more.
    pub cancelled: u64,
    /// Retries made.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub retries_denied: u64,
    /// Second attempts made because the first was slow.
    pub hedges: u64,
    /// Requests passed on to another route.
    pub fallbacks: u64,
    /// Requests that failed and were answered in a degraded way.
    pub degraded: u64,
}

/// A member of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// The deployment.
    pub deployment: DeploymentName,
    /// The vendor's model name.
    pub model: String,
    /// Its tier.
    pub priority: u32,
    /// Its share within the tier.
    pub weight: u32,
}

/// A route.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteStatus {
    /// The public model name.
    pub name: String,
    /// How it picks.
    pub strategy: &'static str,
    /// Whom it picks from, lowest tier first.
    pub members: Vec<MemberStatus>,
    /// Error class → route that is asked next.
    pub fallbacks: Vec<(String, String)>,
    /// Retries that the budget would allow now.
    pub budget: u32,
    /// How requests ended.
    pub counts: RouteCounts,
}
