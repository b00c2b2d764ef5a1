//! How a request becomes an answer: pick a deployment, call it, decide what its outcome means.
//!
//! Decisions here are pure: time is an argument, nothing is spawned, no lock is held across an await. The
//! one async function is the loop in [`attempt`]. It makes one attempt per request for now; retry, breaker,
//! budget and fallback take their places around the same call, between *pick* and *commit*.
//!
//! **Commit point.** An attempt may be replaced by another until the first content of its answer is handed
//! out, never after. [`attempt::stream`] holds a stream back until then, so an error that comes after the
//! vendor's 200 but before any content is still an error with a status, not a broken stream.

#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod attempt;
pub mod balance;
mod upstream;

pub use attempt::{Answered, OpenStream};
pub use balance::RoundRobin;
pub use upstream::{EventSource, Upstream};
