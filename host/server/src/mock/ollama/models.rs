//! What Ollama says about its models: lists, details, and the end of one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::error;
use super::shelf::{Shelf, canonical, tagged};
use crate::mock::failure::Failure;
use crate::mock::json::{CREATED_DATE, bytes};
use crate::mock::order::mixed;
use crate::mock::plan::{JSON, Reply, Settings};

/// Version the emulator says it is.
const VERSION: &str = "0.12.6";

/// Bytes of every model.
const SIZE: u64 = 2_000_001_429;

/// Tokens that fit every model, as `mock-context-length` says too.
const CONTEXT_LENGTH: u64 = 8192;

/// When a loaded model leaves memory: never, to a program that does not look at the clock.
const EXPIRES: &str = "2318-12-31T23:59:59Z";

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(default, alias = "name")]
    model: String,
}

/// `GET /api/version`.
pub(in crate::mock) fn version() -> Reply {
    Reply::ok(JSON, bytes(&json!({"version": VERSION})))
}

/// `GET /api/tags`.
pub(in crate::mock) fn tags(settings: &Settings, shelf: &Shelf) -> Reply {
    let entry = |name: &String| {
        let mut entry = entry(name);
        entry["modified_at"] = json!(CREATED_DATE);
        entry
    };
    let models: Vec<Value> = shelf.list(settings).iter().map(entry).collect();
    Reply::ok(JSON, bytes(&json!({"models": models})))
}

/// `GET /api/ps`.
pub(in crate::mock) fn loaded(shelf: &Shelf) -> Reply {
    let entry = |name: &String| {
        let mut entry = entry(name);
        entry["expires_at"] = json!(EXPIRES);
        entry["size_vram"] = json!(SIZE);
        entry["context_length"] = json!(CONTEXT_LENGTH);
        entry
    };
    let models: Vec<Value> = shelf.loaded().iter().map(entry).collect();
    Reply::ok(JSON, bytes(&json!({"models": models})))
}

/// `POST /api/show`.
pub(in crate::mock) fn show(settings: &Settings, shelf: &Shelf, body: &[u8]) -> Reply {
    let name = match find(settings, shelf, body) {
        Ok(name) => name,
        Err(failure) => return error(&failure),
    };
    let capabilities: &[&str] = if name.contains("embed") {
        &["embedding"]
    } else {
        &["completion", "vision", "tools", "thinking", "embedding"]
    };
    let body = json!({
        "license": "none",
        "modelfile": format!("FROM {name}"),
        "parameters": "stop \"<|end|>\"",
        "template": "{{ .Prompt }}",
        "details": details(),
        "model_info": {
            "general.architecture": "mock",
            "general.parameter_count": 3_212_749_888_u64,
            "mock.context_length": CONTEXT_LENGTH,
            "mock.embedding_length": 8,
        },
        "capabilities": capabilities,
        "modified_at": CREATED_DATE,
    });
    Reply::ok(JSON, bytes(&body))
}

/// `DELETE /api/delete`.
pub(in crate::mock) fn delete(settings: &Settings, shelf: &Shelf, body: &[u8]) -> Reply {
    match find(settings, shelf, body) {
        Ok(name) => {
            shelf.delete(&name);
            Reply::ok(JSON, "")
        }
        Err(failure) => error(&failure),
    }
}

fn find(settings: &Settings, shelf: &Shelf, body: &[u8]) -> Result<String, Failure> {
    let request: Named = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
    let name = canonical(&request.model);
    if name.is_empty() {
        return Err(Failure::refused("model is required"));
    }
    if !shelf.has(settings, name) {
        return Err(Failure::model_not_found(name));
    }
    Ok(name.to_owned())
}

fn entry(name: &str) -> Value {
    json!({
        "name": tagged(name),
        "model": tagged(name),
        "size": SIZE,
        "digest": digest(name, 0),
        "details": details(),
    })
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": "mock",
        "families": ["mock"],
        "parameter_size": "3.2B",
        "quantization_level": "Q4_K_M",
    })
}

/// 64 hexadecimal digits that stand for a layer of a model.
pub(super) fn digest(name: &str, layer: usize) -> String {
    let seed = name
        .bytes()
        .fold(layer as u64 + 1, |seed, byte| mixed(seed ^ u64::from(byte)));
    (1..=4)
        .map(|part| format!("{:016x}", mixed(seed.wrapping_add(part))))
        .collect()
}
