//! The better of two random ones: power of two choices. Taking the best of all would send everybody to whoever
//! answered fastest a moment ago; the better of two is nearly as good and cannot herd.

use rand::rngs::SmallRng;
use rand::seq::index;

/// What is compared: expected time to the first token, times those who wait for theirs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// In seconds; none before anything was measured.
    pub(super) latency: Option<f64>,
    /// Attempts in flight.
    pub(super) in_flight: u64,
}

impl Score {
    fn beats(&self, other: &Self) -> bool {
        // A target nobody has measured is compared by what is known: calling it infinitely fast would drown it.
        let known = self.latency.zip(other.latency);
        let (ours, theirs) = known.unwrap_or((1.0, 1.0));
        let cost = |latency: f64, in_flight: u64| latency * (in_flight as f64 + 1.0);
        cost(ours, self.in_flight) < cost(theirs, other.in_flight)
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
        Score { latency, in_flight }
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
