//! What all models of a deployment share: its keys, and what health checks found.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use tokio::time::Instant;
use wharf_types::Error;

use crate::health::{Health, HealthChange, HealthSettings};
use crate::keys::{KeyPick, Keys};
use crate::status::{HealthState, KeyState};

/// The standing of one deployment.
#[derive(Debug)]
pub struct Standing {
    keys: Mutex<Keys>,
    health: Mutex<Health>,
    /// What `health` says, so that a pick need not lock it.
    healthy: AtomicBool,
}

impl Standing {
    /// A good one. `keys` is how many keys the deployment has, `max_rest` how long one rests at most.
    #[must_use]
    pub fn new(keys: usize, max_rest: Duration, health: HealthSettings, rng: SmallRng) -> Self {
        Self {
            keys: Mutex::new(Keys::new(keys, max_rest, rng)),
            health: Mutex::new(Health::new(health)),
            healthy: AtomicBool::new(true),
        }
    }

    /// Takes the result of an active health check in.
    pub fn update_health(&self, good: bool, now: Instant) -> Option<HealthChange> {
        let mut health = self.health();
        let change = health.on_check(good, now);
        self.healthy.store(health.state().healthy, Ordering::Relaxed);
        change
    }

    /// Whether health checks let it be picked.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// What health checks found.
    #[must_use]
    pub fn health_state(&self) -> HealthState {
        self.health().state()
    }

    /// The next key in turn.
    #[must_use]
    pub fn pick_key(&self, now: Instant) -> KeyPick {
        self.keys().pick(now)
    }

    /// What [`Standing::pick_key`] would say.
    #[must_use]
    pub fn peek_key(&self, now: Instant) -> KeyPick {
        self.keys().peek(now)
    }

    /// Whether the next key in turn was limited the last time it was used.
    pub(crate) fn is_next_key_doubtful(&self, now: Instant) -> bool {
        self.keys().is_next_doubtful(now)
    }

    /// The state of each key.
    #[must_use]
    pub fn key_states(&self, now: Instant) -> Vec<KeyState> {
        self.keys().states(now)
    }

    /// An attempt with this key was answered.
    pub fn on_success(&self, key: usize) {
        self.keys().on_success(key);
    }

    /// An attempt with this key failed.
    pub fn on_error(&self, key: usize, error: &Error, now: Instant) {
        self.keys().on_error(key, error, now);
    }

    /// Forgets what was held against it: refused and resting keys, failed checks.
    pub fn reset(&self) {
        self.keys().reset();
        let mut health = self.health();
        health.reset();
        self.healthy.store(true, Ordering::Relaxed);
    }

    /// Held for a look at a handful of slots.
    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held for a few instructions by the checker and by who asks for the state.
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
