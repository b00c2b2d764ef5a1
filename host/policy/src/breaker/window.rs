//! Requests and failures of the recent past: a ring of slices, so that old ones fall out one by one and memory
//! does not depend on traffic.

use std::time::Duration;

use tokio::time::Instant;

/// Parts of the window; it slides by a tenth.
const SLICES: usize = 10;

/// Counts over a sliding window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    slice: Duration,
    /// Requests and failures.
    slices: [(u32, u32); SLICES],
    at: usize,
    turned: Instant,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let slice = (length / u32::try_from(SLICES).unwrap_or(1)).max(Duration::from_nanos(1));
        Self {
            slice,
            slices: [(0, 0); SLICES],
            at: 0,
            turned: now,
        }
    }

    /// Counts one request.
    pub(super) fn count(&mut self, failed: bool, now: Instant) {
        self.turn(now);
        let slice = &mut self.slices[self.at];
        slice.0 = slice.0.saturating_add(1);
        slice.1 = slice.1.saturating_add(u32::from(failed));
    }

    /// A request that was counted as good has failed after all.
    pub(super) fn correct(&mut self, now: Instant) {
        self.turn(now);
        let slice = &mut self.slices[self.at];
        slice.1 = slice.1.saturating_add(1);
    }

    /// Requests and failures in the window.
    pub(super) fn totals(&mut self, now: Instant) -> (u32, u32) {
        self.turn(now);
        self.slices.iter().fold((0, 0), |(all, bad), slice| {
            (slice.0.saturating_add(all), slice.1.saturating_add(bad))
        })
    }

    pub(super) fn clear(&mut self) {
        self.slices = [(0, 0); SLICES];
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.turned).as_nanos() / self.slice.as_nanos();
        if passed == 0 {
            return;
        }
        if passed >= SLICES as u128 {
            self.clear();
            self.turned = now;
            return;
        }
        for _ in 0..passed {
            self.at = (self.at + 1) % SLICES;
            self.slices[self.at] = (0, 0);
            self.turned += self.slice;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let start = Instant::now();
        let second = |n| start + Duration::from_secs(n);
        let mut window = Window::new(Duration::from_secs(10), start);
        window.count(true, second(0));
        window.count(false, second(5));
        assert_eq!(window.totals(second(9)), (2, 1));
        assert_eq!(window.totals(second(10)), (1, 0));
        assert_eq!(window.totals(second(15)), (0, 0));
    }

    #[test]
    fn an_idle_gap_longer_than_the_window_empties_it() {
        let start = Instant::now();
        let mut window = Window::new(Duration::from_secs(10), start);
        window.count(true, start);
        let later = start + Duration::from_secs(1_000_003);
        assert_eq!(window.totals(later), (0, 0));
        window.count(true, later);
        assert_eq!(window.totals(later + Duration::from_secs(8)), (1, 1));
    }
}
