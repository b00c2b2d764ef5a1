//! What active health checks make of a deployment: so many failures in a row eject it, so many successes
//! restore it. The passive side, what attempts show, is the breaker's.

use tokio::time::Instant;

use crate::status::HealthState;

/// When a deployment leaves and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthSettings {
    /// Failed checks in a row that eject it; at least 1. 3 by default.
    pub unhealthy_threshold: u32,
    /// Good checks in a row that restore it; at least 1. 2 by default.
    pub healthy_threshold: u32,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            unhealthy_threshold: 3,
            healthy_threshold: 2,
        }
    }
}

/// What a check changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthChange {
    /// It is not picked any more.
    Ejected,
    /// It is picked again.
    Restored,
}

/// The machine.
#[derive(Debug)]
pub struct Health {
    settings: HealthSettings,
    healthy: bool,
    since: Option<Instant>,
    checked: Option<Instant>,
    last: bool,
    streak: u32,
}

impl Health {
    /// Healthy until checks say otherwise.
    #[must_use]
    pub fn new(settings: HealthSettings) -> Self {
        Self {
            settings,
            healthy: true,
            since: None,
            checked: None,
            last: true,
            streak: 0,
        }
    }

    /// One more check.
    pub fn on_check(&mut self, good: bool, now: Instant) -> Option<HealthChange> {
        self.checked = Some(now);
        self.streak = if good == self.last {
            self.streak.saturating_add(1)
        } else {
            1
        };
        self.last = good;
        let (enough, change) = if self.healthy {
            (
                !good && self.streak >= self.settings.unhealthy_threshold,
                HealthChange::Ejected,
            )
        } else {
            (
                good && self.streak >= self.settings.healthy_threshold,
                HealthChange::Restored,
            )
        };
        if !enough {
            return None;
        }
        self.healthy = !self.healthy;
        self.since = Some(now);
        Some(change)
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings);
    }

    /// Everything that can be told about it.
    #[must_use]
    pub fn state(&self) -> HealthState {
        HealthState {
            healthy: self.healthy,
            since: self.since,
            checked: self.checked,
            streak: self.streak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_row_eject_and_restore() {
        let now = Instant::now();
        let mut health = Health::new(HealthSettings::default());
        let mut changes = Vec::new();
        for good in [
            true, false, false, true, false, false, false, true, false, true, true, true,
        ] {
            changes.push(health.on_check(good, now));
        }
        use HealthChange::{Ejected, Restored};
        let none = None;
        assert_eq!(
            changes,
            [
                none,
                none,
                none,
                none,
                none,
                none,
                Some(Ejected),
                none,
                none,
                none,
                Some(Restored),
                none
            ]
        );
    }
}
