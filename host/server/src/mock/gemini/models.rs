//! Gemini's list of models, in pages.

use serde_json::{Value, json};

use super::error::error;
use crate::mock::failure::Failure;
use crate::mock::json::bytes;
use crate::mock::plan::{Form, JSON, Reply, Settings};

/// Models per page when the query does not say.
const PAGE: usize = 50;

/// Tokens that fit every model, as `mock-context-length` says too.
const TOKEN_LIMIT: u64 = 8192;

/// `GET …/models`; a page's token is the number of models before it.
pub(in crate::mock) fn list(settings: &Settings, page_size: Option<&str>, page_token: Option<&str>) -> Reply {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
    let size = number(page_size).filter(|size| *size > 0).unwrap_or(PAGE);
    let start = number(page_token).unwrap_or(0);
    let all: Vec<&str> = settings.listed_models().collect();
    let page: Vec<Value> = all.iter().skip(start).take(size).map(|model| entry(model)).collect();
    let next = start.saturating_add(page.len());
    let mut body = json!({"models": page});
    if next < all.len() {
        body["nextPageToken"] = json!(next.to_string());
    }
    Reply::ok(JSON, bytes(&body))
}

/// `GET …/models/{id}`.
pub(in crate::mock) fn show(settings: &Settings, id: &str) -> Reply {
    if settings.has_model(id) {
        Reply::ok(JSON, bytes(&entry(id)))
    } else {
        error(&Failure::model_not_found(id), Form::Whole)
    }
}

fn entry(id: &str) -> Value {
    json!({
        "name": format!("models/{id}"),
        "version": "001",
        "displayName": id,
        "description": "An emulated model",
        "inputTokenLimit": TOKEN_LIMIT,
        "outputTokenLimit": TOKEN_LIMIT,
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent", "batchEmbedContents"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        "thinking": true,
    })
}
