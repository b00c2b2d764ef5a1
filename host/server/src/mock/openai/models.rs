//! Lists of models in OpenAI's and in Azure's shape.

use serde_json::{Value, json};

use crate::mock::failure::Failure;
use crate::mock::json::{CREATED, bytes};
use crate::mock::plan::{JSON, Reply, Settings};

/// `GET …/models`.
pub(in crate::mock) fn list(settings: &Settings) -> Reply {
    let data: Vec<Value> = settings.listed_models().map(entry).collect();
    Reply::ok(JSON, bytes(&json!({"object": "list", "data": data})))
}

/// `GET …/models/{id}`.
pub(in crate::mock) fn show(settings: &Settings, id: &str) -> Reply {
    if settings.has_model(id) {
        Reply::ok(JSON, bytes(&entry(id)))
    } else {
        super::error(&Failure::model_not_found(id))
    }
}

/// `GET /openai/models` on Azure.
pub(in crate::mock) fn list_of_azure(settings: &Settings) -> Reply {
    let data: Vec<Value> = settings.listed_models().map(azure_entry).collect();
    Reply::ok(JSON, bytes(&json!({"data": data, "object": "list"})))
}

fn entry(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "mock"})
}

fn azure_entry(id: &str) -> Value {
    json!({
        "status": "succeeded",
        "capabilities": {
            "fine_tune": false, "inference": true, "completion": true, "chat_completion": true, "embeddings": true,
        },
        "lifecycle_status": "generally-available",
        "deprecation": {"inference": CREATED + 100_000_000},
        "id": id,
        "created_at": CREATED,
        "updated_at": CREATED,
        "object": "model",
    })
}
