//! Which deployment of a route is next.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One after the other.
#[derive(Debug, Default)]
pub struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// The index of the next of `count` deployments; `None` when there are none.
    pub fn pick(&self, count: usize) -> Option<usize> {
        // Wrapping around once in 2^64 picks repeats or leaves out a turn, which is nobody's loss.
        (count > 0).then(|| self.0.fetch_add(1, Ordering::Relaxed) % count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deployment_gets_its_turn() {
        let balance = RoundRobin::default();
        let picks: Vec<_> = (0..6).map(|_| balance.pick(3)).collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2].map(Some));
        assert_eq!(balance.pick(0), None);
    }
}
