//! Anthropic's list of models, in pages.

use serde_json::{Value, json};

use super::error::error;
use crate::mock::failure::Failure;
use crate::mock::json::{CREATED_DATE, bytes};
use crate::mock::plan::{JSON, Reply, Settings};

/// Models per page when the query does not say.
const PAGE: usize = 20;

/// `GET …/models`, from the model after `after_id`.
pub(in crate::mock) fn list(settings: &Settings, limit: Option<&str>, after_id: Option<&str>) -> Reply {
    let limit = limit.and_then(|limit| limit.parse().ok()).unwrap_or(PAGE);
    let mut rest: Vec<&str> = settings.listed_models().collect();
    if let Some(at) = after_id.and_then(|id| rest.iter().position(|model| *model == id)) {
        rest.drain(..=at);
    }
    let has_more = rest.len() > limit;
    rest.truncate(limit);
    let data: Vec<Value> = rest.iter().map(|model| entry(model)).collect();
    let body = json!({"data": data, "has_more": has_more, "first_id": rest.first(), "last_id": rest.last()});
    Reply::ok(JSON, bytes(&body))
}

/// `GET …/models/{id}`.
pub(in crate::mock) fn show(settings: &Settings, id: &str) -> Reply {
    if settings.has_model(id) {
        Reply::ok(JSON, bytes(&entry(id)))
    } else {
        error(&Failure::model_not_found(id), None)
    }
}

fn entry(id: &str) -> Value {
    json!({"type": "model", "id": id, "display_name": id, "created_at": CREATED_DATE})
}
