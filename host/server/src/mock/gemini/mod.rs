//! Google's Gemini API: content whole and streamed, token counts, embeddings, models.

use serde_json::json;

use self::answer::Said;
use self::error::error;
use self::request::GenerateRequest;
use super::answer::Answer;
use super::failure::Failure;
use super::json::{bytes, splice};
use super::plan::{Ask, EVENT_STREAM, Form, JSON, Plan, Settings, carry_out, settle};

mod answer;
mod contents;
mod embed;
pub(super) mod error;
pub(super) mod models;
mod request;
mod stream;
#[cfg(test)]
mod tests;

/// Header with the key.
pub(super) const KEY_HEADER: &str = "x-goog-api-key";

/// What goes with the emulator's thoughts, and how every such signature begins.
const SIGNATURE: &str = "bW9jay1nZW1pbmktdGhvdWdodA==";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// `:generateContent`.
    Generate,
    /// `:streamGenerateContent`.
    Stream {
        /// Whether as server-sent events; a JSON array otherwise.
        sse: bool,
    },
    /// `:countTokens`.
    Count,
    /// `:embedContent`.
    Embed,
    /// `:batchEmbedContents`.
    BatchEmbed,
}

impl Operation {
    fn form(self) -> Form {
        match self {
            Self::Stream { sse: true } => Form::Events,
            _ => Form::Whole,
        }
    }
}

/// What path and query say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// Model asked for.
    pub(super) model: &'a str,
    /// What is asked of it.
    pub(super) operation: Operation,
    /// The key, which may be in the query.
    pub(super) key: Option<&'a str>,
}

/// Decides about a request.
pub(super) fn plan(settings: &Settings, ask: &Ask<'_>, call: Call<'_>) -> Plan {
    settle(
        settings,
        || decide(settings, ask, call),
        |failure| error(failure, call.operation.form()),
    )
}

fn decide(settings: &Settings, ask: &Ask<'_>, call: Call<'_>) -> Result<Plan, Failure> {
    let is_in_query = call.key.is_some() && settings.admits_key(call.key.map(str::as_bytes));
    if !is_in_query && !settings.admits_header(ask.headers, KEY_HEADER) {
        return Err(Failure::invalid_api_key());
    }
    let is_array = call.operation == Operation::Stream { sse: false };
    match call.operation {
        Operation::Generate | Operation::Stream { .. } => {}
        Operation::Count => return count(settings, ask, call),
        Operation::Embed | Operation::BatchEmbed => return embed::decide(settings, ask, call),
    }
    let request = GenerateRequest::parse(ask.body)?;
    let order = settings.order(ask.number, call.model, settings.has_model(call.model))?;
    carry_out(settings, order, call.operation.form(), || {
        let prompt = request.prompt()?;
        let answer = Answer::choose(&prompt, order, ask.number)?;
        let said = Said {
            number: ask.number,
            model: call.model,
            usage: answer.usage(&prompt.digest, 1),
            answer: &answer,
        };
        let echo = ask.echo(request.echo());
        if call.operation == Operation::Generate {
            let mut body = bytes(&said.whole());
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let pieces = settings.pieces(order);
        let tape = stream::record(&said, pieces, settings.ending(order), echo.as_deref(), is_array);
        let content_type = if is_array { JSON } else { EVENT_STREAM };
        Ok(settings.stream(order, content_type, tape))
    })
}

fn count(settings: &Settings, ask: &Ask<'_>, call: Call<'_>) -> Result<Plan, Failure> {
    let request = GenerateRequest::parse_count(ask.body)?;
    let order = settings.order(ask.number, call.model, settings.has_model(call.model))?;
    carry_out(settings, order, Form::Whole, || {
        let tokens = request.prompt()?.digest.words;
        let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
        let mut body = bytes(&json!({"totalTokens": tokens, "promptTokensDetails": details}));
        splice(&mut body, ask.echo(request.echo()).as_deref());
        Ok(settings.whole(order, body))
    })
}
