//! How long to wait before the next attempt: exponential, with full jitter.
//!
//! Full jitter draws the wait between zero and its ceiling. Callers that failed together would otherwise come
//! back together, and again, and again.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// A schedule of waits. The ceiling of the n-th is `base × multiplierⁿ⁻¹`, at most `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
    multiplier: f64,
    jitter: bool,
}

/// Numbers that make no schedule.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidBackoff {
    /// The waits would begin above their limit.
    #[error("the first wait is longer than the longest")]
    BaseAboveMax,
    /// The waits would shrink, or be no numbers.
    #[error("the multiplier has to be a number from 1")]
    Multiplier,
}

impl Backoff {
    /// # Errors
    /// When `base` is above `max`, or `multiplier` is below 1 or not finite.
    pub fn try_new(base: Duration, max: Duration, multiplier: f64, jitter: bool) -> Result<Self, InvalidBackoff> {
        if base > max {
            return Err(InvalidBackoff::BaseAboveMax);
        }
        if !multiplier.is_finite() || multiplier < 1.0 {
            return Err(InvalidBackoff::Multiplier);
        }
        Ok(Self {
            base,
            max,
            multiplier,
            jitter,
        })
    }

    /// The longest the wait before the `retry`-th retry, from 1, can be.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> Duration {
        let exponent = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.base.as_secs_f64() * self.multiplier.powi(exponent);
        Duration::try_from_secs_f64(seconds).map_or(self.max, |ceiling| ceiling.min(self.max))
    }

    /// The wait before the `retry`-th retry, from 1.
    pub fn delay(&self, retry: u32, rng: &mut impl Rng) -> Duration {
        let ceiling = self.ceiling(retry);
        if self.jitter {
            ceiling.mul_f64(rng.random())
        } else {
            ceiling
        }
    }

    /// A wait that somebody else has fixed, spread a little so that not everybody ends it at once: at most a
    /// tenth longer, and never by more than the first wait.
    pub fn spread(&self, fixed: Duration, rng: &mut impl Rng) -> Duration {
        if self.jitter {
            fixed + (fixed / 10).min(self.base).mul_f64(rng.random())
        } else {
            fixed
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn without_jitter_the_waits_grow_up_to_their_limit() {
        let backoff = Backoff::try_new(Duration::from_secs(1), Duration::from_secs(5), 2.0, false).unwrap();
        let mut rng = SmallRng::seed_from_u64(7);
        let waits: Vec<u64> = (1..=5).map(|n| backoff.delay(n, &mut rng).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.ceiling(u32::MAX), Duration::from_secs(5));
    }

    #[test]
    fn numbers_that_make_no_schedule_are_refused() {
        let new = |base, max, multiplier| Backoff::try_new(base, max, multiplier, true);
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(2));
        assert_eq!(new(long, short, 2.0), Err(InvalidBackoff::BaseAboveMax));
        for multiplier in [0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(
                new(short, long, multiplier),
                Err(InvalidBackoff::Multiplier),
                "{multiplier}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(
            base in 0u64..100_000, more in 0u64..1_000_000, multiplier in 1.0f64..10.0, retry in 1u32..1000, seed: u64,
        ) {
            let (base, max) = (Duration::from_millis(base), Duration::from_millis(base + more));
            let backoff = Backoff::try_new(base, max, multiplier, true).unwrap();
            let mut rng = SmallRng::seed_from_u64(seed);
            let wait = backoff.delay(retry, &mut rng);
            prop_assert!(wait <= backoff.ceiling(retry));
            prop_assert!(backoff.ceiling(retry) >= base && backoff.ceiling(retry) <= max);
            prop_assert!(backoff.ceiling(retry + 1) >= backoff.ceiling(retry), "ceilings never shrink");
            let spread = backoff.spread(max, &mut rng);
            prop_assert!(spread >= max && spread <= max + max / 10);
        }
    }

    #[test]
    fn full_jitter_uses_the_whole_range() {
        let backoff = Backoff::try_new(Duration::from_secs(1), Duration::from_secs(1), 1.0, true).unwrap();
        let mut rng = SmallRng::seed_from_u64(7);
        let waits: Vec<f64> = (0..1000).map(|_| backoff.delay(1, &mut rng).as_secs_f64()).collect();
        let mean = waits.iter().sum::<f64>() / 1000.0;
        assert!(
            (0.45..0.55).contains(&mean),
            "the mean of a uniform draw from 0 to 1 is not {mean}"
        );
        assert!(waits.iter().any(|&w| w < 0.05) && waits.iter().any(|&w| w > 0.95));
    }
}
