//! `POST /admin/v1/breakers/reset`: an operator knows better than the machines that a vendor is back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use wharf::{Host, Reset};

use super::wire::{ResetAnswer, ResetRequest, ResetTarget};
use super::{Admin, Refusal, asked, json};
use crate::api::error;

/// What a body looks like.
const FORMS: &str = r#"{}, {"deployment":"a"} or {"deployment":"a","model":"m","keys":true}"#;

pub(super) async fn handle(State(admin): State<Arc<Admin>>, headers: HeaderMap, body: Body) -> Response {
    let asked = asked::body(&admin, &headers, body, parse).await;
    match asked.and_then(|asked| reset(&admin.app.host, asked)) {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(refusal) => refusal.response(),
    }
}

fn parse(bytes: &[u8]) -> Result<ResetRequest, Refusal> {
    let asked: ResetRequest = asked::object(bytes, FORMS)?;
    if asked.model.is_some() && asked.deployment.is_none() {
        return Err(asked::wrong("`model` needs the `deployment` that it belongs to", FORMS));
    }
    Ok(asked)
}

fn reset(host: &Host, asked: ResetRequest) -> Result<ResetAnswer, Refusal> {
    let which = Reset {
        deployment: asked.deployment,
        model: asked.model,
        keys: asked.keys,
    };
    let done = host
        .reset(&which)
        .map_err(|error| Refusal::new(error::shape(&error).status, error.message()))?;
    tracing::info!(
        deployment = which.deployment.as_deref(),
        model = which.model.as_deref(),
        keys = which.keys,
        count = done.len(),
        "breakers reset"
    );
    let target = |(deployment, model): (wharf::DeploymentName, String)| ResetTarget {
        deployment: deployment.as_str().to_owned(),
        model,
    };
    Ok(ResetAnswer {
        reset: done.into_iter().map(target).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_deployment_or_one_model_can_be_asked_for() {
        let asked = |deployment: Option<&str>, model: Option<&str>, keys| ResetRequest {
            deployment: deployment.map(str::to_owned),
            model: model.map(str::to_owned),
            keys,
        };
        for (body, expected) in [
            ("{}", asked(None, None, false)),
            (r#"{"keys":true}"#, asked(None, None, true)),
            (r#"{"deployment":"a"}"#, asked(Some("a"), None, false)),
            (
                r#"{"deployment":"a","model":"m","keys":true}"#,
                asked(Some("a"), Some("m"), true),
            ),
        ] {
            assert_eq!(parse(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for body in [
            "",
            "null",
            r#"{"deploymnet":"a"}"#,
            r#"{"model":"m"}"#,
            r#"{"keys":"yes"}"#,
            r#"{"deployment":1}"#,
            "{} {}",
        ] {
            let refusal = parse(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{body:?}");
            assert!(refusal.message.contains(FORMS), "{}", refusal.message);
        }
    }
}
