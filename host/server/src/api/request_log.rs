//! One log line for each request, written where it ends. Never a prompt, an answer or a secret.

use tokio::time::Instant;
use wharf::{Error, ErrorKind};

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

    /// It was answered.
    pub(super) fn answered(&mut self, deployment: &str, attempts: u32) {
        self.ended = true;
        tracing::info!(
            id = self.id, model = self.model, deployment, attempts, streamed = self.streamed, took = ?self.took(),
            "request answered"
        );
    }

    /// It failed. What only the operator may see is in `detail`.
    pub(super) fn failed(&mut self, error: &Error) {
        self.ended = true;
        let (kind, detail) = (error.kind().as_str(), error.detail().unwrap_or_default());
        let deployment = error
            .attempts()
            .last()
            .map_or("", |attempt| attempt.deployment.as_str());
        let upstream_status = error.http_status();
        let client_fault = matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound);
        if client_fault {
            tracing::info!(
                id = self.id, model = self.model, deployment, kind, upstream_status, detail, took = ?self.took(),
                "request refused: {}", error.message()
            );
        } else {
            tracing::warn!(
                id = self.id, model = self.model, deployment, kind, upstream_status, detail,
                upstream_request_id = error.upstream_request_id(), took = ?self.took(),
                "request failed: {}", error.message()
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
