//! What the tests of the attempt loop share: vendors that play a script, routes to them, and a client, each in a
//! few words.
//!
//! Nothing here takes real time. A slow vendor sleeps on the paused clock, which jumps whenever everybody waits; so
//! waits are exact, and a minute of load takes no longer than its work.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file compiles this module for itself and uses a part of it"
)]

mod client;
mod routes;
mod vendor;

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::SmallRng;

pub(crate) use client::{ask, ask_as, ask_for, only, open, open_as, open_for, read, request, within};
pub(crate) use routes::{MemberPlan, OPEN, RoutePlan, breaker, counts, member, route, target, tried, trip};
pub(crate) use vendor::{
    Seen, Step, Turn, Vendor, answer, busy, fail, fail_with, failure, hang, limited, play, refused, say, start, stop,
    text,
};

/// The unit of most waits.
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// The finest that timers distinguish.
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// The generator of every test: what is left to chance is the same each time.
pub(crate) fn rng() -> SmallRng {
    SmallRng::seed_from_u64(7)
}
