//! Which of a deployment's keys is used. A key that the vendor refuses is retired; one whose rate it limits rests.
//!
//! A deployment without keys is treated as if it had one: a limited rate makes it rest all the same. Keys are
//! numbers here; what they are is known to the runtime alone.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::time::Instant;
use wharf_types::{Error, ErrorKind};

use crate::classify::{KeyFate, treatment};
use crate::instant::after;
use crate::status::KeyState;

/// How long a key rests the first time when the vendor does not say. Doubles while that does not help.
const FIRST_REST: Duration = Duration::from_secs(1);

/// What a deployment can be asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPick {
    /// The key of this number, from 0.
    Use(usize),
    /// None yet; one has rested by then.
    Wait {
        /// The end of the shortest rest.
        until: Instant,
    },
    /// None: all are retired, the last one for this.
    Refused {
        /// As what the vendor refused it.
        kind: ErrorKind,
        /// With which status.
        status: Option<u16>,
    },
}

/// The keys of a deployment.
#[derive(Debug)]
pub struct Keys {
    slots: Vec<Slot>,
    next: usize,
    max_rest: Duration,
    rng: SmallRng,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    state: KeyState,
    /// Rests in a row without a success between them.
    strikes: u32,
}

impl Keys {
    /// `count` usable keys; none counts as one. A rest is never longer than `max_rest`, whatever a vendor asks
    /// for: those who wait then find out whether it was meant.
    #[must_use]
    pub fn new(count: usize, max_rest: Duration, rng: SmallRng) -> Self {
        let slot = Slot {
            state: KeyState::Usable,
            strikes: 0,
        };
        Self {
            slots: vec![slot; count.max(1)],
            next: 0,
            max_rest,
            rng,
        }
    }

    /// The next usable key in turn.
    pub fn pick(&mut self, now: Instant) -> KeyPick {
        let pick = self.peek(now);
        if let KeyPick::Use(key) = pick {
            self.next = (key + 1) % self.slots.len();
        }
        pick
    }

    /// What [`Keys::pick`] would say.
    #[must_use]
    pub fn peek(&self, now: Instant) -> KeyPick {
        let count = self.slots.len();
        let mut turn = (0..count).map(|step| (self.next + step) % count);
        if let Some(key) = turn.find(|&key| usable(&self.slots[key], now)) {
            return KeyPick::Use(key);
        }
        let mut refused = (ErrorKind::Unauthenticated, None);
        let mut soonest = None;
        for slot in &self.slots {
            match slot.state {
                KeyState::Resting { until } => soonest = Some(soonest.map_or(until, |other: Instant| other.min(until))),
                KeyState::Retired { kind, status, .. } => refused = (kind, status),
                KeyState::Usable => {}
            }
        }
        match soonest {
            Some(until) => KeyPick::Wait { until },
            None => KeyPick::Refused {
                kind: refused.0,
                status: refused.1,
            },
        }
    }

    /// Whether the next key in turn was limited the last time it was used.
    #[must_use]
    pub fn is_next_doubtful(&self, now: Instant) -> bool {
        matches!(self.peek(now), KeyPick::Use(key) if self.slots[key].strikes > 0)
    }

    /// An attempt with this key was answered.
    pub fn on_success(&mut self, key: usize) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.strikes = 0;
        }
    }

    /// An attempt with this key failed.
    pub fn on_error(&mut self, key: usize, error: &Error, now: Instant) {
        let Some(slot) = self.slots.get_mut(key) else {
            return;
        };
        match (treatment(error).key, slot.state) {
            (KeyFate::Kept, _) | (_, KeyState::Retired { .. }) => {}
            (KeyFate::Retired, _) => {
                slot.state = KeyState::Retired {
                    since: now,
                    kind: error.kind(),
                    status: error.http_status(),
                };
            }
            (KeyFate::Rests, state) => {
                // Attempts that ran side by side fail side by side: that is one strike, not many.
                let running = match state {
                    KeyState::Resting { until } if until > now => Some(until),
                    KeyState::Resting { .. } | KeyState::Usable | KeyState::Retired { .. } => None,
                };
                if running.is_none() {
                    slot.strikes = slot.strikes.saturating_add(1);
                }
                // A wait of nothing is none: the vendor limits the rate all the same.
                let asked = error.retry_after().filter(|asked| !asked.is_zero());
                let rest = match (asked, error.kind()) {
                    (Some(asked), _) => asked.min(self.max_rest),
                    // Quotas come back by the hour or the month.
                    (None, ErrorKind::QuotaExhausted) => self.max_rest,
                    (None, _) => {
                        let full = FIRST_REST
                            .saturating_mul(1 << (slot.strikes.max(1) - 1).min(16))
                            .min(self.max_rest);
                        full / 2 + (full / 2).mul_f64(self.rng.random())
                    }
                };
                let until = running.map_or(after(now, rest), |until| {
                    if asked.is_some() {
                        until.max(after(now, rest))
                    } else {
                        until
                    }
                });
                slot.state = KeyState::Resting { until };
            }
        }
    }

    /// Makes all of them usable again.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.state = KeyState::Usable;
            slot.strikes = 0;
        }
    }

    /// The state of each.
    #[must_use]
    pub fn states(&self, now: Instant) -> Vec<KeyState> {
        let shown = |slot: &Slot| {
            if usable(slot, now) {
                KeyState::Usable
            } else {
                slot.state
            }
        };
        self.slots.iter().map(shown).collect()
    }
}

fn usable(slot: &Slot, now: Instant) -> bool {
    match slot.state {
        KeyState::Usable => true,
        KeyState::Resting { until } => now >= until,
        KeyState::Retired { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn keys(count: usize) -> (Keys, Instant) {
        (Keys::new(count, MINUTE, SmallRng::seed_from_u64(7)), Instant::now())
    }

    fn limited(after: Option<u64>) -> Error {
        Error::new(ErrorKind::RateLimited, "m")
            .with_upstream(Some(429), None, None)
            .with_retry_after(after.map(Duration::from_secs))
    }

    fn refused(kind: ErrorKind, status: u16) -> Error {
        Error::new(kind, "m").with_upstream(Some(status), None, None)
    }

    #[test]
    fn keys_take_turns() {
        let (mut keys, now) = keys(3);
        let picks: Vec<_> = (0..4).map(|_| keys.pick(now)).collect();
        assert_eq!(picks, [0, 1, 2, 0].map(KeyPick::Use));
    }

    #[test]
    fn a_refused_key_is_never_used_again_until_somebody_says_so() {
        for (kind, status) in [
            (ErrorKind::Unauthenticated, 401),
            (ErrorKind::QuotaExhausted, 402),
            (ErrorKind::PermissionDenied, 403),
        ] {
            let (mut keys, now) = keys(2);
            keys.on_error(0, &refused(kind, status), now);
            assert_eq!(keys.pick(now), KeyPick::Use(1));
            assert_eq!(keys.pick(now), KeyPick::Use(1));
            keys.on_error(1, &refused(kind, status), now);
            let ever = now + Duration::from_secs(1 << 30);
            let status = Some(status);
            assert_eq!(keys.pick(ever), KeyPick::Refused { kind, status });
            keys.reset();
            assert!(matches!(keys.pick(now), KeyPick::Use(_)));
        }
    }

    #[test]
    fn a_limited_key_rests_as_long_as_the_vendor_asks_and_no_longer_than_allowed() {
        let (mut keys, now) = keys(2);
        keys.on_error(0, &limited(Some(5)), now);
        assert_eq!(keys.pick(now), KeyPick::Use(1), "the other key goes on");
        keys.on_error(1, &limited(Some(100_000)), now);
        let until = now + Duration::from_secs(5);
        assert_eq!(keys.pick(now), KeyPick::Wait { until });
        assert_eq!(keys.pick(until), KeyPick::Use(0));
        assert_eq!(keys.states(now)[1], KeyState::Resting { until: now + MINUTE });
    }

    #[test]
    fn without_a_hint_rests_grow_and_a_success_forgets_them() {
        let (mut keys, mut now) = keys(1);
        let mut rests = Vec::new();
        for _ in 0..8 {
            keys.on_error(0, &limited(None), now);
            let KeyPick::Wait { until } = keys.peek(now) else {
                panic!("a limited key rests");
            };
            rests.push(until - now);
            now = until;
        }
        for (n, rest) in rests.iter().enumerate() {
            let full = Duration::from_secs(1 << n).min(MINUTE);
            assert!(*rest >= full / 2 && *rest <= full, "rest {n} is {rest:?}");
        }
        keys.on_success(0);
        keys.on_error(0, &limited(None), now);
        assert!(keys.peek(now + Duration::from_secs(1)) == KeyPick::Use(0));
    }

    #[test]
    fn many_at_once_are_one_strike() {
        let (mut keys, now) = keys(1);
        for _ in 0..100 {
            keys.on_error(0, &limited(None), now);
        }
        assert_eq!(keys.peek(now + Duration::from_secs(1)), KeyPick::Use(0));
    }

    #[test]
    fn other_failures_leave_keys_alone() {
        let (mut keys, now) = keys(1);
        keys.on_error(0, &Error::new(ErrorKind::Overloaded, "m"), now);
        keys.on_error(0, &Error::new(ErrorKind::PermissionDenied, "the sandbox said no"), now);
        assert_eq!(keys.pick(now), KeyPick::Use(0));
    }
}
