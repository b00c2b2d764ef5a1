//! `GET` and `DELETE /admin/v1/models`, `GET /admin/v1/models/show`: the models that vendors have.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures_util::future::join_all;
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::Value;
use wharf::{Capabilities, Error, Host, Json, Support};

use super::asked::{self, Query};
use super::wire::FailureText;
use super::wire::models as wire;
use super::{Admin, Refusal, json};
use crate::api::error;

/// What a query for a list looks like.
const LIST_FORMS: &str = "no query, or ?deployment=NAME";
/// What a query for a model looks like.
const MODEL_FORMS: &str = "?model=MODEL or ?deployment=NAME&model=MODEL";

pub(super) async fn list(State(admin): State<Arc<Admin>>, uri: Uri) -> Response {
    answer(listed(&admin.app.host, uri.query()).await)
}

pub(super) async fn show(State(admin): State<Arc<Admin>>, uri: Uri) -> Response {
    answer(shown(&admin.app.host, uri.query()).await)
}

pub(super) async fn delete(State(admin): State<Arc<Admin>>, uri: Uri) -> Response {
    answer(deleted(&admin.app.host, uri.query()).await)
}

fn answer<T: Serialize>(outcome: Result<T, Refusal>) -> Response {
    match outcome {
        Ok(body) => json(StatusCode::OK, &body),
        Err(refusal) => refusal.response(),
    }
}

/// All deployments are asked at once, and one that fails does not hide what the others have. Where one is named,
/// its failure is the answer.
async fn listed(host: &Host, query: Option<&str>) -> Result<wire::ModelLists, Refusal> {
    let asked = asked::query(query, LIST_FORMS)?;
    if asked.model.is_some() {
        return Err(asked::wrong("a list is not of one `model`", LIST_FORMS));
    }
    let list = |deployment: String| async move {
        let found = host.list_models(&deployment).await;
        found.map(|found| wire::ModelList {
            models: found.into_iter().map(model).collect(),
            error: None,
            deployment,
        })
    };
    if let Some(name) = asked.deployment {
        let deployments = vec![list(name).await.map_err(|error| refusal(&error))?];
        return Ok(wire::ModelLists { deployments });
    }
    let names = host.deployments_with_models();
    let found = join_all(names.iter().cloned().map(list)).await;
    let entry = |(deployment, found): (String, Result<wire::ModelList, Error>)| {
        found.unwrap_or_else(|error| wire::ModelList {
            deployment,
            models: Vec::new(),
            error: Some(FailureText { message: told(&error) }),
        })
    };
    Ok(wire::ModelLists {
        deployments: names.into_iter().zip(found).map(entry).collect(),
    })
}

async fn shown(host: &Host, query: Option<&str>) -> Result<wire::ModelShown, Refusal> {
    let wire::ModelName { deployment, model: id } = named(host, asked::query(query, MODEL_FORMS)?)?;
    let shown = host.show_model(&deployment, &id).await;
    let (found, capabilities) = shown.map_err(|error| refusal(&error))?;
    Ok(wire::ModelShown {
        deployment,
        model: model(found),
        capabilities: can(capabilities),
    })
}

async fn deleted(host: &Host, query: Option<&str>) -> Result<wire::DeleteAnswer, Refusal> {
    let deleted = named(host, asked::query(query, MODEL_FORMS)?)?;
    let done = host.delete_model(&deleted.deployment, &deleted.model).await;
    done.map_err(|error| refusal(&error))?;
    tracing::info!(deployment = %deleted.deployment, model = %deleted.model, "model deleted");
    Ok(wire::DeleteAnswer { deleted })
}

fn named(host: &Host, query: Query) -> Result<wire::ModelName, Refusal> {
    let model = query.model;
    let model = model.ok_or_else(|| asked::wrong("the query names no `model`", MODEL_FORMS))?;
    let deployment = deployment(host, query.deployment)?;
    Ok(wire::ModelName { deployment, model })
}

/// The deployment that is meant: the one that was named, or the only one that it can be.
pub(super) fn deployment(host: &Host, named: Option<String>) -> Result<String, Refusal> {
    named.map_or_else(|| only(host.deployments_with_models()), Ok)
}

fn only(mut able: Vec<String>) -> Result<String, Refusal> {
    match (able.pop(), able.is_empty()) {
        (Some(name), true) => Ok(name),
        (Some(last), false) => {
            let message = format!(
                "Several deployments can manage models: {}, {last}. Name one of them: `deployment`, or --deployment on \
                 the command line.",
                able.join(", ")
            );
            Err(Refusal::new(StatusCode::BAD_REQUEST, message))
        }
        (None, _) => {
            let message = "No deployment of this host can manage models: none of their providers has the interface \
                           `models`.";
            Err(Refusal::new(StatusCode::NOT_FOUND, message))
        }
    }
}

/// A failed call as the answer of the admin API.
pub(super) fn refusal(error: &Error) -> Refusal {
    Refusal::new(error::shape(error).status, told(error))
}

/// What an operator gets to read: the vendor's words and the details too, which clients never see.
pub(super) fn told(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{} ({detail})", error.message()),
        None => error.message().to_owned(),
    }
}

fn model(model: wharf::Model) -> wire::Model {
    wire::Model {
        id: model.id,
        created: model.created,
        owner: model.owner,
        size: model.size,
        loaded: model.loaded,
        extra: model.extra.map(value),
    }
}

fn can(capabilities: Capabilities) -> wire::ModelCapabilities {
    let known = |support: Support| match support {
        Support::Yes => Some(true),
        Support::No => Some(false),
        Support::Unknown => None,
    };
    wire::ModelCapabilities {
        streaming: known(capabilities.streaming),
        tools: known(capabilities.tools),
        parallel_tools: known(capabilities.parallel_tools),
        images: known(capabilities.images),
        json_schema: known(capabilities.json_schema),
        thinking: known(capabilities.thinking),
        context_tokens: capabilities.context_tokens,
        max_output_tokens: capabilities.max_output_tokens,
        extra: capabilities.extra.map(value),
    }
}

/// What a provider wrote as JSON; as it stands if it is none.
pub(super) fn value(json: Json) -> Value {
    serde_json::from_str(&json.0).unwrap_or(Value::String(json.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wharf::ErrorKind;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_deployment_may_be_left_out_when_there_is_one() {
        assert_eq!(only(names(&["a"])), Ok("a".to_owned()));
        let several = only(names(&["a", "b", "c"])).unwrap_err();
        assert_eq!(several.status, StatusCode::BAD_REQUEST);
        assert!(several.message.contains(": a, b, c. "), "{}", several.message);
        assert_eq!(only(Vec::new()).unwrap_err().status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn an_operator_reads_the_details() {
        let error = Error::new(ErrorKind::NoDeployment, "the deployment `a` is not available");
        assert_eq!(told(&error), "the deployment `a` is not available");
        let refusal = refusal(&error.with_detail("no such component"));
        assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            refusal.message,
            "the deployment `a` is not available (no such component)"
        );
    }

    #[test]
    fn what_the_vendor_says_besides_is_kept() {
        let found = wharf::Model {
            id: "m:latest".to_owned(),
            created: Some(7),
            owner: None,
            size: Some(3),
            loaded: Some(false),
            extra: Some(Json(r#"{"details":{"family":"llama"}}"#.to_owned())),
        };
        let expected = json!({
            "id": "m:latest", "created": 7, "owner": null, "size": 3, "loaded": false,
            "extra": {"details": {"family": "llama"}},
        });
        assert_eq!(serde_json::to_value(model(found)).unwrap(), expected);
        assert_eq!(
            value(Json("{".to_owned())),
            json!("{"),
            "nothing is lost that is no JSON"
        );
    }

    #[test]
    fn what_nobody_knows_is_null() {
        let capabilities = Capabilities {
            tools: Support::Yes,
            images: Support::No,
            context_tokens: Some(8192),
            ..Capabilities::default()
        };
        let told = serde_json::to_value(can(capabilities)).unwrap();
        assert_eq!(
            (
                &told["tools"],
                &told["images"],
                &told["thinking"],
                &told["context_tokens"]
            ),
            (&json!(true), &json!(false), &Value::Null, &json!(8192))
        );
        assert_eq!(told.get("extra"), None);
    }
}
