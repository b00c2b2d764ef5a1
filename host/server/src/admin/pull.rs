//! `POST /admin/v1/models/pull`: has a vendor fetch a model, and tells how far it is, a line of JSON for each step as
//! it comes. A client that closes its connection ends the pull.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use wharf::{Error, PullProgress, PullStream};

use super::wire::models::{PullLine, PullRequest, PullStep};
use super::wire::{Failure, FailureText};
use super::{Admin, Refusal, asked, models};
use crate::api::headers::DEPLOYMENT;

/// What a body looks like.
const FORMS: &str = r#"{"model":"m"} or {"deployment":"a","model":"m"}"#;

pub(super) async fn handle(State(admin): State<Arc<Admin>>, headers: HeaderMap, body: Body) -> Response {
    match begin(&admin, &headers, body).await {
        Ok(pull) => pull.response(),
        Err(refusal) => refusal.response(),
    }
}

async fn begin(admin: &Admin, headers: &HeaderMap, body: Body) -> Result<Pull, Refusal> {
    let asked = asked::body(admin, headers, body, parse).await?;
    let host = &admin.app.host;
    let (deployment, model) = (models::deployment(host, asked.deployment)?, asked.model);
    let begun = host.pull_model(&deployment, &model).await;
    let stream = begun.map_err(|error| models::refusal(&error))?;
    tracing::info!(%deployment, %model, "pull begun");
    Ok(Pull {
        deployment,
        model,
        stream,
    })
}

fn parse(bytes: &[u8]) -> Result<PullRequest, Refusal> {
    let asked: PullRequest = asked::object(bytes, FORMS)?;
    if asked.model.is_empty() {
        return Err(asked::wrong("`model` is empty", FORMS));
    }
    Ok(asked)
}

/// A pull on its way to the client.
struct Pull {
    deployment: String,
    model: String,
    stream: PullStream,
}

impl Pull {
    fn response(self) -> Response {
        let deployment = HeaderValue::from_str(&self.deployment);
        let pieces = stream::unfold(Some(self), |pull| async move { pull?.piece().await });
        let mut response = Response::new(Body::from_stream(pieces));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // Tells nginx not to collect the lines before passing them on.
        headers.insert(
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
        // A deployment's name has only characters that a header may hold.
        if let Ok(name) = deployment {
            headers.insert(DEPLOYMENT, name);
        }
        response
    }

    /// The next lines, and itself unless they are the last; none when the model is there. Each piece is written
    /// when it is there: the body has nothing else to wait for.
    async fn piece(mut self) -> Option<(Result<Bytes, Infallible>, Option<Self>)> {
        match self.stream.next().await {
            Ok(steps) if steps.is_empty() => {
                tracing::info!(deployment = %self.deployment, model = %self.model, "pull done");
                None
            }
            Ok(steps) => {
                let lines: String = steps.into_iter().map(step).collect();
                Some((Ok(lines.into()), Some(self)))
            }
            Err(error) => {
                tracing::warn!(deployment = %self.deployment, model = %self.model, %error, "pull failed");
                Some((Ok(failed(&error).into()), None))
            }
        }
    }
}

fn step(progress: PullProgress) -> String {
    line(&PullLine::Step(PullStep {
        status: progress.status,
        digest: progress.digest,
        total: progress.total,
        completed: progress.completed,
        extra: progress.extra.map(models::value),
    }))
}

fn failed(error: &Error) -> String {
    let error = FailureText {
        message: models::told(error),
    };
    line(&PullLine::Failed(Failure { error }))
}

fn line(value: &impl Serialize) -> String {
    // Plain structures of strings and numbers always serialize.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use wharf::{ErrorKind, Json};

    use super::*;

    #[test]
    fn each_step_is_a_line() {
        let progress = PullProgress {
            status: "pulling 6a07".to_owned(),
            digest: Some("sha256:6a07".to_owned()),
            total: Some(10),
            completed: None,
            extra: Some(Json(r#"{"x":1}"#.to_owned())),
        };
        let expected = "{\"status\":\"pulling 6a07\",\"digest\":\"sha256:6a07\",\"total\":10,\"extra\":{\"x\":1}}\n";
        assert_eq!(step(progress), expected);
        let error = Error::new(ErrorKind::NotFound, "there is no\nsuch model");
        assert_eq!(
            failed(&error),
            "{\"error\":{\"message\":\"there is no\\nsuch model\"}}\n"
        );
    }

    #[test]
    fn lines_are_read_as_what_they_were_written() {
        for line in [
            r#"{"status":"success"}"#,
            r#"{"status":"pulling","digest":"d","total":10,"completed":0}"#,
            r#"{"error":{"message":"gone"}}"#,
        ] {
            let read: PullLine = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), line);
            assert_eq!(matches!(read, PullLine::Failed(_)), line.contains("error"), "{line}");
        }
    }

    #[test]
    fn a_pull_that_is_not_understood_is_refused_with_what_to_write() {
        let model = |deployment: Option<&str>| PullRequest {
            deployment: deployment.map(str::to_owned),
            model: "m".to_owned(),
        };
        assert_eq!(parse(br#"{"model":"m"}"#), Ok(model(None)));
        assert_eq!(parse(br#"{"deployment":"a","model":"m"}"#), Ok(model(Some("a"))));
        for body in [
            "",
            "{}",
            r#"{"model":""}"#,
            r#"{"modle":"m"}"#,
            r#"{"name":"m"}"#,
            r#"["a","m"]"#,
            r#"{"model":1}"#,
        ] {
            let refusal = parse(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{body}");
            assert!(refusal.message.contains(FORMS), "{}", refusal.message);
        }
    }
}
