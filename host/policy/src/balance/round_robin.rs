//! One after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The turn.
#[derive(Debug, Default)]
pub(super) struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// The place of the next of `count`, at least 1.
    pub(super) fn pick(&self, count: usize) -> usize {
        // Wrapping around once in 2^64 picks repeats or leaves out a turn, which is nobody's loss.
        self.0.fetch_add(1, Ordering::Relaxed) % count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_a_turn() {
        let turn = RoundRobin::default();
        let picks: Vec<_> = (0..6).map(|_| turn.pick(3)).collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
    }
}
