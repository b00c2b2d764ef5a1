//! The models that a deployment's vendor has: which there are, what they can do, and having one fetched or deleted.
//! An operator asks that of one deployment; no route is involved, and nothing is tried twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use wharf_policy::{Deadline, KeyPick, RequestTimeouts, Timeouts};
use wharf_runtime::{CallOptions, Deployment};
use wharf_types::{Capabilities, Error, ErrorKind, Features, Model, PullProgress};

use crate::Host;
use crate::state;

/// How long a question about models may take. Vendors read the answer from their own memory or disk.
const ASK_TIMEOUT: Duration = Duration::from_secs(20);
/// When a pull ends at the latest. The runtime needs an instant; this one is further away than any pull takes, and
/// what ends a pull that does not get on is silence.
const PULL_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is needed to ask one deployment.
struct Asked {
    deployment: Arc<Deployment>,
    key: usize,
    timeouts: Timeouts,
    changed: Arc<Notify>,
}

impl Asked {
    fn options(&self, limit: Duration) -> CallOptions {
        CallOptions {
            key: self.key,
            ..CallOptions::until(Instant::now() + limit)
        }
    }
}

impl Host {
    /// Which optional interfaces the provider of a deployment has.
    ///
    /// # Errors
    /// `NotFound` for an unknown deployment, naming the known ones; `NoDeployment` for one that is not available.
    pub fn features(&self, deployment: &str) -> Result<Features, Error> {
        Ok(self.available(deployment)?.0.deployment.features())
    }

    /// The deployments that can tell which models they have, in the order of the configuration.
    #[must_use]
    pub fn deployments_with_models(&self) -> Vec<String> {
        let snapshot = self.snapshot.load();
        let states = snapshot.deployments.iter();
        states
            .filter(|state| state.deployment.as_ref().is_ok_and(|found| found.features().models))
            .map(|state| state.name.clone())
            .collect()
    }

    /// All models that a deployment can use.
    ///
    /// # Errors
    /// As [`Host::features`]; `Unsupported` where the provider does not list models; what the vendor says.
    pub async fn list_models(&self, deployment: &str) -> Result<Vec<Model>, Error> {
        let asked = self.asked(deployment)?;
        let options = asked.options(ASK_TIMEOUT);
        asked.deployment.list_models(options).await
    }

    /// One model of a deployment, by the vendor's name, with what it can do.
    ///
    /// # Errors
    /// As [`Host::list_models`]; `NotFound` when the vendor does not have it.
    pub async fn show_model(&self, deployment: &str, id: &str) -> Result<(Model, Capabilities), Error> {
        let asked = self.asked(deployment)?;
        let options = asked.options(ASK_TIMEOUT);
        asked.deployment.show_model(id, options).await
    }

    /// Has the vendor fetch a model. It may take as long as it gets on: the deployment's total time limit holds until
    /// it has begun, and its idle limit from then on. Dropping the stream lets the vendor stop.
    ///
    /// # Errors
    /// As [`Host::list_models`]; `Unsupported` where models cannot be fetched.
    pub async fn pull_model(&self, deployment: &str, id: &str) -> Result<PullStream, Error> {
        let asked = self.asked(deployment)?;
        let options = asked.options(PULL_TIMEOUT);
        let deadline = Deadline::new(Instant::now(), &asked.timeouts, &RequestTimeouts::default(), None);
        let begun = timeout(asked.timeouts.total, asked.deployment.pull_model(id, options)).await;
        let stream = begun.map_err(|_| deadline.passed())??;
        Ok(PullStream {
            stream,
            deadline,
            changed: asked.changed,
        })
    }

    /// Has the vendor delete a model.
    ///
    /// # Errors
    /// As [`Host::pull_model`]; `NotFound` when the vendor does not have it.
    pub async fn delete_model(&self, deployment: &str, id: &str) -> Result<(), Error> {
        let asked = self.asked(deployment)?;
        let options = asked.options(ASK_TIMEOUT);
        asked.deployment.delete_model(id, options).await?;
        asked.changed.notify_one();
        Ok(())
    }

    /// How to ask a deployment, and the key that would be used, if there is one.
    fn available(&self, name: &str) -> Result<(Asked, KeyPick), Error> {
        let snapshot = self.snapshot.load();
        let found = snapshot.deployments.iter().find(|state| state.name == name);
        let found = found.ok_or_else(|| state::unknown("deployment", name, &snapshot.names()))?;
        let deployment = found.deployment.as_ref().map_err(|reason| {
            let message = format!("the deployment `{name}` is not available");
            Error::new(ErrorKind::NoDeployment, message).with_detail(reason.clone())
        })?;
        let asked = Asked {
            deployment: Arc::clone(deployment),
            key: 0,
            timeouts: found.timeouts,
            changed: Arc::clone(&found.models_changed),
        };
        Ok((asked, found.standing.peek_key(Instant::now())))
    }

    fn asked(&self, name: &str) -> Result<Asked, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "the host is shutting down"));
        }
        let (asked, pick) = self.available(name)?;
        let key = usable(pick, Instant::now())?;
        Ok(Asked { key, ..asked })
    }
}

/// The key to ask with, if there is one.
fn usable(pick: KeyPick, now: Instant) -> Result<usize, Error> {
    match pick {
        KeyPick::Use(key) => Ok(key),
        KeyPick::Wait { until } => {
            let rest = until.saturating_duration_since(now);
            let message = "every key of this deployment rests, since the vendor limits the rate of requests";
            Err(Error::new(ErrorKind::RateLimited, message).with_retry_after(Some(rest)))
        }
        KeyPick::Refused { kind, status } => {
            let message = "the vendor has refused every key of this deployment";
            Err(Error::new(kind, message).with_upstream(status, None, None))
        }
    }
}

/// A running pull. Dropping it lets the vendor stop.
pub struct PullStream {
    stream: wharf_runtime::PullStream,
    deadline: Deadline,
    changed: Arc<Notify>,
}

impl std::fmt::Debug for PullStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PullStream")
            .field("idle", &self.deadline.idle)
            .finish_non_exhaustive()
    }
}

impl PullStream {
    /// The next steps, at least one; empty when the model is there. Not to be called again after an error.
    ///
    /// # Errors
    /// When the vendor gives up or falls silent, or the provider fails.
    pub async fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        match timeout(self.deadline.idle, self.stream.next()).await {
            Ok(steps) => {
                if steps.as_ref().is_ok_and(Vec::is_empty) {
                    self.changed.notify_one();
                }
                steps
            }
            Err(_) => Err(self.deadline.silent()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn without_a_usable_key_the_vendor_is_not_asked() {
        let now = Instant::now();
        assert_eq!(usable(KeyPick::Use(2), now).unwrap(), 2);
        let until = now + Duration::from_secs(7);
        let resting = usable(KeyPick::Wait { until }, now).unwrap_err();
        assert_eq!(resting.kind(), ErrorKind::RateLimited);
        assert_eq!(resting.retry_after(), Some(Duration::from_secs(7)));
        let pick = KeyPick::Refused {
            kind: ErrorKind::Unauthenticated,
            status: Some(401),
        };
        let refused = usable(pick, now).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.http_status()),
            (ErrorKind::Unauthenticated, Some(401))
        );
    }
}
