//! Where the generators of the policies come from: each gets a seed of its own, made from one random number of
//! the process and a counter. Making one costs a few nanoseconds, no lock, and asks the system for nothing.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use rand::SeedableRng as _;
use rand::rngs::SmallRng;

/// The fraction of the golden ratio: adding it visits every number once before it repeats one.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A source of generators. They decide about waits and picks, not about secrets.
#[derive(Debug)]
pub(crate) struct Seeds(AtomicU64);

impl Seeds {
    pub(crate) fn new() -> Self {
        // The standard library seeds its hashers from the system's randomness.
        Self(AtomicU64::new(RandomState::new().hash_one(0_u8)))
    }

    /// A generator that nobody else has.
    pub(crate) fn rng(&self) -> SmallRng {
        SmallRng::seed_from_u64(self.0.fetch_add(STEP, Ordering::Relaxed))
    }
}
