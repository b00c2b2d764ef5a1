//! In proportion to the weights, evenly mixed: nginx's smooth weighted round robin. Everybody gains its weight
//! in each round, the one who has most is picked and pays what all gained together. Weights 5, 1, 1 give
//! a a b a c a a, never five a in a row.

use std::sync::{Mutex, PoisonError};

/// What each member has gained.
#[derive(Debug)]
pub(super) struct Weighted(Mutex<Vec<i64>>);

impl Weighted {
    pub(super) fn new(members: usize) -> Self {
        Self(Mutex::new(vec![0; members]))
    }

    /// One of `candidates`, which are members and not empty.
    pub(super) fn pick(&self, candidates: &[usize], weight: impl Fn(usize) -> u32) -> usize {
        // Held for one pass over the tier.
        let mut gained = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut total = 0;
        let mut best = candidates[0];
        for &at in candidates {
            let weight = i64::from(weight(at).max(1));
            total += weight;
            gained[at] += weight;
            if gained[at] > gained[best] {
                best = at;
            }
        }
        gained[best] -= total;
        best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_one_one_is_mixed() {
        let weights = [5, 1, 1];
        let weighted = Weighted::new(3);
        let picks: Vec<_> = (0..7).map(|_| weighted.pick(&[0, 1, 2], |at| weights[at])).collect();
        assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0]);
    }

    proptest! {
        #[test]
        fn shares_are_within_a_hundredth_over_ten_thousand_picks(
            weights in proptest::collection::vec(1u32..1000, 1..8),
        ) {
            let weighted = Weighted::new(weights.len());
            let all: Vec<usize> = (0..weights.len()).collect();
            let mut picked = vec![0_u32; weights.len()];
            for _ in 0..10_000 {
                picked[weighted.pick(&all, |at| weights[at])] += 1;
            }
            let total = f64::from(weights.iter().sum::<u32>());
            for (picked, weight) in picked.iter().zip(&weights) {
                let (share, due) = (f64::from(*picked) / 10_000.0, f64::from(*weight) / total);
                prop_assert!((share - due).abs() <= 0.01, "{share} instead of {due}");
            }
        }

        #[test]
        fn who_is_not_a_candidate_is_not_picked(
            weights in proptest::collection::vec(1u32..10, 3..8), out in 0usize..3,
        ) {
            let weighted = Weighted::new(weights.len());
            let all: Vec<usize> = (0..weights.len()).collect();
            let some: Vec<usize> = all.iter().copied().filter(|at| *at != out).collect();
            for round in 0..200 {
                let candidates = if round % 3 == 0 { &all } else { &some };
                let pick = weighted.pick(candidates, |at| weights[at]);
                prop_assert!(candidates.contains(&pick));
            }
        }
    }
}
