//! One request to the server and its answer. What is no success is an error here, so that nobody else looks at a
//! status.

use wharf_provider_sdk::{Error, Request, config, http};

use crate::settings::Settings;
use crate::{error, request};

/// Starts a chat.
pub(crate) fn chat(asked: &Request, streamed: bool) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    let body = request::body(asked, &settings, streamed)?;
    post(&settings, "/api/chat", body)
}

/// The metadata of a model. The server reads it from its disk and loads nothing.
pub(crate) fn show(settings: &Settings, model: &str) -> Result<String, Error> {
    post(settings, "/api/show", named(model))?.text()
}

/// The models in memory, if the server says so. Those before 0.1.38 have no such path, nor has every server that
/// copies the API.
pub(crate) fn running(settings: &Settings) -> Result<Option<String>, Error> {
    let mut answer = http::Request::get(&settings.url("/api/ps")?).send()?;
    match answer.status() {
        200..=299 => answer.text().map(Some),
        400..=499 => Ok(None),
        _ => Err(error::of_answer(&mut answer)),
    }
}

/// Deletes a model.
pub(crate) fn delete(settings: &Settings, model: &str) -> Result<(), Error> {
    let request = http::Request::delete(&settings.url("/api/delete")?).json(named(model));
    succeeded(request.send()?).map(drop)
}

/// Asks for something.
pub(crate) fn get(settings: &Settings, path: &str) -> Result<http::Response, Error> {
    succeeded(http::Request::get(&settings.url(path)?).send()?)
}

/// Sends something.
pub(crate) fn post(settings: &Settings, path: &str, body: Vec<u8>) -> Result<http::Response, Error> {
    succeeded(http::Request::post(&settings.url(path)?).json(body).send()?)
}

/// A body that only names a model.
fn named(model: &str) -> Vec<u8> {
    serde_json::json!({"model": model}).to_string().into_bytes()
}

fn succeeded(mut answer: http::Response) -> Result<http::Response, Error> {
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(error::of_answer(&mut answer)),
    }
}
