//! Adding to an instant without overflow. Durations of an embedder may be as long as the type allows.

use std::time::Duration;

use tokio::time::Instant;

/// Far enough to be never, and near enough for every clock: thirty years, as tokio's own sleeps have it.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// This long after `now`.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    now + wait.min(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_end_is_only_far_away() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(5)), now + Duration::from_secs(5));
        assert_eq!(after(now, Duration::MAX), now + NEVER);
    }
}
