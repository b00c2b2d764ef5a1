//! Ollama's API: chats, embeddings, and the models on its shelf.
//!
//! A local Ollama asks for no key. So that one emulator can stand for all vendors at once, a key is checked here only
//! if one is sent.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use self::error::error;
use self::request::ChatRequest;
use self::shelf::{Shelf, canonical};
use super::answer::Answer;
use super::failure::Failure;
use super::json::{bytes, splice};
use super::plan::{Ask, Form, NDJSON, Plan, Settings, carry_out, settle};
use super::tape::steps_with_whole_calls;

mod answer;
mod embed;
pub(super) mod error;
pub(super) mod models;
mod pull;
mod request;
pub(super) mod shelf;
mod stream;
#[cfg(test)]
mod tests;

/// What can be asked for, of the requests that are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST /api/chat`.
    Chat,
    /// `POST /api/embed`.
    Embed,
    /// `POST /api/pull`.
    Pull,
}

/// Decides about a request.
pub(super) fn plan(settings: &Settings, shelf: &Shelf, ask: &Ask<'_>, operation: Operation) -> Plan {
    let decide = || {
        if !admits(settings, ask.headers) {
            return Err(Failure::invalid_api_key());
        }
        match operation {
            Operation::Chat => chat(settings, shelf, ask),
            Operation::Embed => embed::decide(settings, shelf, ask),
            Operation::Pull => pull::decide(settings, shelf, ask),
        }
    };
    settle(settings, decide, error)
}

fn admits(settings: &Settings, headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) || settings.admits_bearer(headers)
}

fn chat(settings: &Settings, shelf: &Shelf, ask: &Ask<'_>) -> Result<Plan, Failure> {
    let request = ChatRequest::parse(ask.body)?;
    let model = canonical(&request.model);
    let order = settings.order(ask.number, model, shelf.has(settings, model))?;
    let form = if request.is_stream() { Form::Lines } else { Form::Whole };
    carry_out(settings, order, form, || {
        shelf.load(model, request.stays());
        let echo = ask.echo(request.echo());
        if request.only_loads() {
            let mut body = bytes(&answer::loaded(&request.model, request.stays()));
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let prompt = request.prompt()?;
        let answer = Answer::choose(&prompt, order, ask.number)?;
        let usage = answer.usage(&prompt.digest, 1);
        if form == Form::Whole {
            let mut body = bytes(&answer::whole(&request.model, &answer, usage));
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let end = answer::end(&request.model, usage);
        let steps = steps_with_whole_calls(&answer, settings.pieces(order));
        let tape = stream::record(&request.model, &steps, &end, settings.ending(order), echo.as_deref());
        Ok(settings.stream(order, NDJSON, tape))
    })
}
