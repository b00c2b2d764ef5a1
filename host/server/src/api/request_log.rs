//! One log line for each request, written where it ends. Never a prompt, an answer or a secret.

use tokio::time::Instant;
use wharf::{Degraded, DeploymentName, Error, ErrorKind};

use super::degraded;

/// A request on its way. Dropped without an end, it was cancelled by its client.
pub(super) struct RequestLog {
    id: String,
    model: String,
    streamed: bool,
    started: Instant,
    ended: bool,
}

impl RequestLog {
    pub(super) fn new(id: &str, model: &str, streamed: bool) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            streamed,
            started: Instant::now(),
            ended: false,
        }
    }

    fn took(&self) -> std::time::Duration {
        Instant::now().saturating_duration_since(self.started)
    }

    /// It was answered: by a deployment, or by none when the answer was kept from earlier or is a fixed text.
    pub(super) fn answered(&mut self, deployment: Option<&DeploymentName>, attempts: u32, degraded: Option<&Degraded>) {
        self.ended = true;
        let deployment = deployment.map(DeploymentName::as_str);
        let degraded = degraded.map(degraded::text);
        tracing::info!(
            id = self.id, model = self.model, deployment, attempts, degraded = degraded.as_deref(),
            streamed = self.streamed, took = ?self.took(), "request answered"
        );
    }

    /// It failed. What the host says itself is logged; what a vendor says may quote the prompt, so it is logged
    /// only where someone has asked for it: `--log info,wharf::upstream_says=debug`.
    pub(super) fn failed(&mut self, error: &Error) {
        self.ended = true;
        let (kind, detail) = (error.kind().as_str(), error.detail().unwrap_or_default());
        let deployment = error.attempts().last().map(|attempt| attempt.deployment.as_str());
        let (upstream_status, upstream_code) = (error.http_status(), error.provider_code());
        let upstream_request_id = error.upstream_request_id();
        let (message, detail) = if upstream_status.is_some() {
            tracing::debug!(target: "wharf::upstream_says", id = self.id, detail, "{}", error.message());
            ("the upstream said no", "")
        } else {
            (error.message(), detail)
        };
        let client_fault = matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound);
        if client_fault {
            tracing::info!(
                id = self.id, model = self.model, deployment, kind, upstream_status, upstream_code, detail,
                took = ?self.took(), "request refused: {message}"
            );
        } else {
            tracing::warn!(
                id = self.id, model = self.model, deployment, kind, upstream_status, upstream_code,
                upstream_request_id, detail, took = ?self.took(), "request failed: {message}"
            );
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.ended {
            tracing::info!(id = self.id, model = self.model, streamed = self.streamed, took = ?self.took(), "request cancelled");
        }
    }
}
