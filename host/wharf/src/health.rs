//! Active health checks: asks every deployment now and then whether its vendor is there, in the component's own
//! words (`health-check`), and lets so many answers in a row decide.
//!
//! A vendor that answers at all is there: a check that is refused (no right to list models, a limited rate, no
//! such path) says nothing against it. What keys may do is learnt from requests, not from here.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use wharf_policy::{HealthChange, KeyPick, Standing, classify};
use wharf_runtime::{CallOptions, Deployment};
use wharf_types::{Error, ErrorKind};

use crate::config::LoadBalancerConfig;
use crate::seeds::Seeds;
use crate::snapshot::Snapshot;

/// Share of the interval by which a check comes earlier or later, so that checks of many hosts and deployments
/// spread out.
const JITTER: f64 = 0.2;

/// The running checks. Dropped, they end.
#[derive(Debug)]
pub(crate) struct HealthChecks {
    _tasks: JoinSet<()>,
}

impl HealthChecks {
    /// Begins to check every deployment of the snapshot that is available and wants it.
    pub(crate) fn begin(snapshot: &Snapshot, config: &LoadBalancerConfig, seeds: &Seeds) -> Self {
        let mut tasks = JoinSet::new();
        for state in snapshot.deployments.iter().filter(|state| state.health_check) {
            if let Ok(deployment) = &state.deployment {
                let check = Check {
                    deployment: Arc::clone(deployment),
                    standing: Arc::clone(&state.standing),
                    interval: config.health_check_interval,
                    timeout: config.health_check_timeout,
                };
                let _: AbortHandle = tasks.spawn(check.run(seeds.rng()));
            }
        }
        Self { _tasks: tasks }
    }
}

struct Check {
    deployment: Arc<Deployment>,
    standing: Arc<Standing>,
    interval: Duration,
    timeout: Duration,
}

impl Check {
    async fn run(self, mut rng: SmallRng) {
        loop {
            sleep(pause(self.interval, &mut rng)).await;
            // With no usable key there is nothing to ask with, and nothing to learn.
            let KeyPick::Use(key) = self.standing.peek_key(Instant::now()) else {
                continue;
            };
            // A busy host is no news about the vendor: the check's time begins when it has an instance.
            let places = Arc::clone(self.deployment.places());
            let Ok(Ok(place)) = timeout(self.timeout, places.acquire_owned()).await else {
                continue;
            };
            let options = CallOptions {
                key,
                place: Some(place),
                ..CallOptions::until(Instant::now() + self.timeout)
            };
            let result = self.deployment.health_check(options).await;
            if result.as_ref().is_err_and(never_left) {
                continue;
            }
            let change = self.standing.update_health(is_there(&result), Instant::now());
            let name = self.deployment.name();
            match (change, result) {
                (Some(HealthChange::Ejected), Err(error)) => {
                    tracing::warn!(deployment = %name, %error, "ejected: it fails its health checks");
                }
                (Some(HealthChange::Restored), _) => {
                    tracing::info!(deployment = %name, "restored: its health checks succeed again");
                }
                (_, Err(error)) => tracing::debug!(deployment = %name, %error, "a health check failed"),
                (_, Ok(_)) => {}
            }
        }
    }
}

fn pause(interval: Duration, rng: &mut SmallRng) -> Duration {
    interval.mul_f64(1.0 + JITTER * (2.0 * rng.random::<f64>() - 1.0))
}

/// Whether the host itself could not make the check.
fn never_left(error: &Error) -> bool {
    error.kind() == ErrorKind::ResourceExhausted && !error.sent()
}

/// Whether the answer of a check says that the vendor is there.
fn is_there<T>(result: &Result<T, Error>) -> bool {
    result
        .as_ref()
        .err()
        .is_none_or(|error| !classify::treatment(error).counts)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_vendor_that_refuses_is_there_and_one_that_fails_is_not() {
        let check = |kind, status, there| {
            let error = Error::new(kind, "m").with_upstream(status, None, None).with_sent(true);
            assert_eq!(is_there(&Err::<(), _>(error)), there, "{kind:?}");
        };
        assert!(is_there(&Ok(())));
        check(ErrorKind::NotFound, Some(404), true);
        check(ErrorKind::PermissionDenied, Some(403), true);
        check(ErrorKind::RateLimited, Some(429), true);
        check(ErrorKind::UpstreamUnavailable, None, false);
        check(ErrorKind::Overloaded, Some(503), false);
        check(ErrorKind::ProviderTrapped, None, false);
    }

    #[test]
    fn checks_spread_around_their_interval() {
        let mut rng = SmallRng::seed_from_u64(7);
        let interval = Duration::from_secs(30);
        let pauses: Vec<f64> = (0..1000).map(|_| pause(interval, &mut rng).as_secs_f64()).collect();
        assert!(pauses.iter().all(|p| (24.0..=36.0).contains(p)));
        assert!(pauses.iter().any(|p| *p < 25.0) && pauses.iter().any(|p| *p > 35.0));
    }
}
