//! Requests, answers, streams and errors in OpenAI's words, against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-openai-api` writes the expected files anew.

mod asked;
#[path = "../../rust/testdata/files.rs"]
mod files;
#[path = "../../rust/testdata/values.rs"]
mod values;

use files::{beside, check, folder, however_they_are_cut, inputs, read};
use serde_json::{Value, json};
use wharf_openai_api::{chat, embeddings, models, responses};
use wharf_provider_sdk::{Error, EventStream as _, Request, Response};

/// Writes each request, as a stream or not.
fn written(folder_of: &str, requests: Vec<(&'static str, Request)>, body: fn(&Request) -> Result<Vec<u8>, Error>) {
    for (name, request) in requests {
        let found = match body(&request) {
            Ok(body) => serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}")),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&folder(folder_of).join(format!("{name}.json")), &found);
    }
}

fn answered(folder: &str, parse: fn(&str) -> Result<Response, Error>) {
    for path in inputs(folder) {
        let found = match parse(&read(&path)) {
            Ok(response) => values::response(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn chats_are_what_servers_expect() {
    written("chat/requests", asked::requests(), |request| {
        chat::request::body(request, &chat::Server::default(), true)
    });
}

#[test]
fn requests_for_responses_are_what_servers_expect() {
    let mut requests = asked::requests();
    requests.extend(asked::of_responses());
    written("responses/requests", requests, |request| {
        responses::request::body(request, responses::request::Server::default(), true)
    });
}

#[test]
fn chats_mean_what_they_should() {
    answered("chat/answers", chat::answer::parse);
}

#[test]
fn responses_mean_what_they_should() {
    answered("responses/answers", responses::answer::parse);
}

#[test]
fn streams_of_chats_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("chat/streams", |pieces| {
        let mut stream = chat::stream::Stream::new(pieces.into_iter());
        values::told(|| stream.next(), values::event)
    });
}

/// Clients of the same dialect hear the vendor's own events too.
#[test]
fn streams_of_responses_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("responses/streams", |pieces| {
        let told = |dialect: &str| {
            let mut stream = responses::stream::Stream::new(pieces.clone().into_iter(), dialect);
            values::told(|| stream.next(), values::event)
        };
        json!({"relayed": told(responses::DIALECT), "told": told(chat::DIALECT)})
    });
}

/// Every request of the fixtures had two texts.
#[test]
fn embeddings_mean_what_they_should() {
    for path in inputs("embeddings") {
        let found = match embeddings::parse(&read(&path), 2) {
            Ok(found) => values::embeddings(&found),
            Err(found) => json!({"error": values::error(&found)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn lists_of_models_mean_what_they_should() {
    for path in inputs("models") {
        let found: Value = match models::list(&read(&path)) {
            Ok(found) => found.iter().map(values::model).collect(),
            Err(found) => json!({"error": values::error(&found)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn errors_are_classified() {
    files::errors(|status, body| values::error(&Error::from_parts(status, |_| None, body)));
}
