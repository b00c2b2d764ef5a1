//! Requests, answers, streams, errors, embeddings, models and pulls against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-ollama` writes the expected files anew.

mod asked;
#[path = "../../../sdk/rust/testdata/files.rs"]
mod files;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use files::{beside, check, folder, however_they_are_cut, inputs, read};
use ollama::call_ids::CallIds;
use ollama::settings::Settings;
use ollama::{answer, embed, error, models, pull, request, stream};
use serde_json::{Value, json};
use wharf_provider_sdk::{Error, EventStream as _, PullStream as _};

#[test]
fn requests_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::requests() {
        let body = request::body(&request, &settings, true).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("requests").join(format!("{name}.json")), &body);
    }
}

#[test]
fn answers_mean_what_they_should() {
    for path in inputs("answers") {
        let found = match answer::parse(&read(&path), CallIds::default()) {
            Ok(response) => values::response(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn streams_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("streams", |pieces| {
        let mut stream = stream::Stream::new(pieces.into_iter(), CallIds::default());
        values::told(|| stream.next(), values::event)
    });
}

#[test]
fn pulls_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("pulls", |pieces| {
        let mut pull = pull::Pull::new(pieces.into_iter());
        values::told(|| pull.next(), values::progress)
    });
}

#[test]
fn errors_are_classified() {
    files::errors(|status, body| values::error(&error::refine(Error::from_parts(status, |_| None, body))));
}

#[test]
fn requests_for_embeddings_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::embeddings() {
        let body = embed::body(&request, &settings).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("embed-requests").join(format!("{name}.json")), &body);
    }
}

/// All of them answer two texts.
#[test]
fn embeddings_mean_what_they_should() {
    for path in inputs("embeddings") {
        let found = match embed::parse(&read(&path), 2) {
            Ok(response) => values::embeddings(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn models_are_what_their_metadata_says() {
    for path in inputs("models") {
        let found = models::show("asked".to_owned(), &read(&path), &Settings::default());
        let (model, capabilities) = found.unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let found = json!({
            "model": values::model(&model),
            "capabilities": values::capabilities(&capabilities),
        });
        check(&beside(&path), &found);
    }
}

/// An input has the answers of both operations.
#[test]
fn lists_say_which_models_are_loaded() {
    for path in inputs("lists") {
        let input: Value =
            serde_json::from_str(&read(&path)).unwrap_or_else(|e| panic!("{} must be JSON: {e}", path.display()));
        let running = input.get("ps").map(Value::to_string);
        let found = models::list(&input["tags"].to_string(), running.as_deref());
        let found = found.unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let found: Value = found.iter().map(values::model).collect();
        check(&beside(&path), &found);
    }
}
