//! Anthropic's Messages API: whole and streamed messages, token counts, models.
//!
//! It refuses what the vendor refuses (a history whose calls and results do not pair, thoughts it never signed, a
//! missing limit), because a provider that sends such things works with no emulator that lets them pass.

use http::HeaderMap;
use serde_json::json;

use self::answer::Said;
use self::error::error;
use self::request::MessagesRequest;
use super::answer::Answer;
use super::failure::Failure;
use super::json::{bytes, splice};
use super::plan::{Ask, EVENT_STREAM, Form, Plan, Settings, carry_out, settle};

mod answer;
mod conversation;
pub(super) mod error;
pub(super) mod models;
mod request;
mod stream;
#[cfg(test)]
mod tests;

/// Header with the version of the API; the vendor answers no request without it.
pub(super) const VERSION_HEADER: &str = "anthropic-version";

/// Header with the key.
pub(super) const KEY_HEADER: &str = "x-api-key";

/// What stands under the emulator's thoughts, and how every such signature begins.
const SIGNATURE: &str = "bW9jay1zaWduYXR1cmU=";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST …/messages`.
    Messages,
    /// `POST …/messages/count_tokens`.
    Count,
}

/// Decides about a request.
pub(super) fn plan(settings: &Settings, ask: &Ask<'_>, operation: Operation) -> Plan {
    settle(
        settings,
        || decide(settings, ask, operation),
        |failure| error(failure, Some(ask.number)),
    )
}

fn decide(settings: &Settings, ask: &Ask<'_>, operation: Operation) -> Result<Plan, Failure> {
    check_headers(settings, ask.headers)?;
    let request = MessagesRequest::parse(ask.body, operation)?;
    let order = settings.order(ask.number, &request.model, settings.has_model(&request.model))?;
    let is_stream = operation == Operation::Messages && request.is_stream();
    let form = if is_stream { Form::Events } else { Form::Whole };
    carry_out(settings, order, form, || {
        let (prompt, cache) = request.prompt()?;
        let echo = ask.echo(request.echo());
        if operation == Operation::Count {
            let mut body = bytes(&json!({"input_tokens": prompt.digest.words}));
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let answer = Answer::choose(&prompt, order, ask.number)?;
        let said = Said {
            number: ask.number,
            model: &request.model,
            usage: answer.usage(&prompt.digest, 1),
            answer: &answer,
            cache,
        };
        if !is_stream {
            let mut body = bytes(&said.whole());
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let tape = stream::record(&said, settings.pieces(order), settings.ending(order), echo.as_deref());
        Ok(settings.stream(order, EVENT_STREAM, tape))
    })
}

fn check_headers(settings: &Settings, headers: &HeaderMap) -> Result<(), Failure> {
    // The vendor takes tokens of signed-in people too, as bearers.
    if !settings.admits_header(headers, KEY_HEADER) && !settings.admits_bearer(headers) {
        return Err(Failure::invalid_api_key());
    }
    if !headers.contains_key(VERSION_HEADER) {
        return Err(Failure::refused("anthropic-version: header is required"));
    }
    Ok(())
}
