//! The better of two random ones: power of two choices. Taking the best of all would send everybody to whoever
//! answered fastest a moment ago; the better of two is nearly as good and cannot herd.

use rand::rngs::SmallRng;
use rand::seq::index;

/// However much speaks against a target, one attempt of so many is expected to go well.
const LEAST_HOPE: f64 = 0.1;

/// What is compared: expected time to the first token, times those who wait for theirs, times the attempts that an answer
/// takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// In seconds; none before anything was measured.
    pub(super) latency: Option<f64>,
    /// Attempts in flight.
    pub(super) in_flight: u64,
    /// How much speaks against an attempt, from 0 to 1.
    pub(super) doubt: f64,
}

impl Score {
    fn beats(&self, other: &Self) -> bool {
        // A target nobody has measured is compared by what is known: calling it infinitely fast would drown it.
        let known = self.latency.zip(other.latency);
        let (ours, theirs) = known.unwrap_or((1.0, 1.0));
        self.cost(ours) < other.cost(theirs)
    }

    fn cost(&self, latency: f64) -> f64 {
        // Of attempts that fail so often, so many make an answer.
        let attempts = 1.0 / (1.0 - self.doubt).max(LEAST_HOPE);
        latency * (self.in_flight as f64 + 1.0) * attempts
    }
}

/// One of `candidates`, which is not empty.
pub(super) fn pick(candidates: &[usize], rng: &mut SmallRng, score: impl Fn(usize) -> Score) -> usize {
    if candidates.len() == 1 {
        return candidates[0];
    }
    let two = index::sample(rng, candidates.len(), 2);
    let (a, b) = (candidates[two.index(0)], candidates[two.index(1)]);
    if score(b).beats(&score(a)) { b } else { a }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;

    use super::*;

    fn score(latency: Option<f64>, in_flight: u64) -> Score {
        let doubt = 0.0;
        Score {
            latency,
            in_flight,
            doubt,
        }
    }

    #[test]
    fn who_fails_half_of_the_time_counts_as_twice_as_slow() {
        let failing = Score {
            doubt: 0.5,
            ..score(Some(1.0), 0)
        };
        assert!(failing.beats(&score(Some(2.1), 0)));
        assert!(score(Some(1.9), 0).beats(&failing));
        let hopeless = Score {
            doubt: 1.0,
            ..score(Some(1.0), 0)
        };
        assert!(
            hopeless.beats(&score(Some(11.0), 0)),
            "and it is never out of the question"
        );
    }

    #[test]
    fn latency_and_queue_are_weighed_together() {
        assert!(score(Some(1.0), 0).beats(&score(Some(2.0), 0)));
        assert!(score(Some(2.0), 0).beats(&score(Some(1.0), 2)));
        assert!(score(None, 1).beats(&score(Some(0.001), 2)), "unknown: by the queue");
        assert!(!score(None, 2).beats(&score(Some(9.0), 2)), "unknown is not fast");
    }

    proptest! {
        #[test]
        fn the_worst_of_all_is_never_picked(count in 2usize..10, worst in 0usize..10, seed: u64) {
            let worst = worst % count;
            let all: Vec<usize> = (0..count).collect();
            let mut rng = SmallRng::seed_from_u64(seed);
            for _ in 0..100 {
                let pick = pick(&all, &mut rng, |at| score(Some(if at == worst { 9.0 } else { 1.0 }), 0));
                prop_assert!(pick != worst, "one of the two is always better");
            }
        }
    }
}
