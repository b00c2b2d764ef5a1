//! Requests, answers, streams and errors against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-gemini` writes the expected files anew.

mod asked;
#[path = "../../../sdk/rust/testdata/files.rs"]
mod files;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use files::{beside, check, folder, however_they_are_cut, inputs, read};
use gemini::{answer, embeddings, error, models, request, stream};
use serde_json::{Value, json};
use wharf_provider_sdk::{Error, EventStream as _};

#[test]
fn requests_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::requests() {
        let body = request::body(&request, &settings).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("requests").join(format!("{name}.json")), &body);
    }
}

#[test]
fn answers_mean_what_they_should() {
    for path in inputs("answers") {
        let found = match answer::parse(&read(&path)) {
            Ok(response) => values::response(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn requests_for_vectors_are_what_the_vendor_expects() {
    for (name, request) in asked::embeddings() {
        let body = embeddings::body(&request).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("embedding-requests").join(format!("{name}.json")), &body);
    }
}

/// Every request of these answers had two texts.
#[test]
fn vectors_mean_what_they_should() {
    for path in inputs("embeddings") {
        let found = match embeddings::parse(&read(&path), 2) {
            Ok(answer) => values::embeddings(&answer),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn models_are_listed_page_by_page() {
    for path in inputs("models") {
        let found = match models::page(&read(&path)) {
            Ok((found, next)) => json!({"models": found.iter().map(values::model).collect::<Value>(), "next": next}),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn streams_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("streams", |pieces| {
        let mut stream = stream::Stream::new(pieces.into_iter());
        values::told(|| stream.next(), values::event)
    });
}

#[test]
fn errors_are_classified() {
    files::errors(|status, body| values::error(&error::refine(Error::from_parts(status, |_| None, body))));
}

#[test]
fn a_wait_in_a_header_goes_before_one_in_the_body() {
    let path = folder("errors").join("429-minute.json");
    let header = |name: &str| (name == "retry-after").then_some("7");
    let found = error::refine(Error::from_parts(429, header, &read(&path)));
    assert_eq!(found.retry_after_ms, Some(7_000));
}
