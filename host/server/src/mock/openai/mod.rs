//! OpenAI's API, and Azure's, which is the same behind other addresses and with words of its own.
//!
//! Chat completions are the upstream of the benchmarks, so their answers are written without a tree of values.

use self::azure::Deployment;
use self::request::ChatRequest;
use super::answer::Answer;
use super::failure::Failure;
use super::plan::{Ask, EVENT_STREAM, Form, Plan, Reply, Settings, carry_out, settle};

pub(super) mod azure;
mod embeddings;
pub(super) mod models;
mod render;
mod request;
mod responses;
mod stream;
#[cfg(test)]
mod tests;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST …/chat/completions`.
    Chat,
    /// `POST …/embeddings`.
    Embeddings,
    /// `POST …/responses`.
    Responses,
}

/// Decides about a request; on Azure, with its deployment.
pub(super) fn plan(settings: &Settings, ask: &Ask<'_>, operation: Operation, azure: Option<&Deployment>) -> Plan {
    let decide = || {
        match azure {
            None if settings.admits_bearer(ask.headers) => {}
            Some(_) if azure::admits(settings, ask.headers) => {}
            _ => return Err(Failure::invalid_api_key()),
        }
        let model = azure.map(Deployment::checked).transpose()?;
        match operation {
            Operation::Chat => chat(settings, ask, model),
            Operation::Embeddings => embeddings::decide(settings, ask, model),
            Operation::Responses => responses::decide(settings, ask),
        }
    };
    settle(settings, decide, |failure| match azure {
        None => error(failure),
        Some(_) => azure::error(failure),
    })
}

/// An error answer in OpenAI's shape.
pub(super) fn error(failure: &Failure) -> Reply {
    let mut body = Vec::with_capacity(512);
    failure.write(&mut body);
    Reply::error(failure.status, failure.retry_after, body)
}

/// Decides about a chat; `deployment` is Azure's name for the model.
fn chat(settings: &Settings, ask: &Ask<'_>, deployment: Option<&str>) -> Result<Plan, Failure> {
    let request = ChatRequest::parse(ask.body, deployment)?;
    let order = settings.order(ask.number, &request.model, settings.has_model(&request.model))?;
    let form = if request.is_stream() { Form::Events } else { Form::Whole };
    carry_out(settings, order, form, || {
        let prompt = request.prompt()?;
        let answer = Answer::choose(&prompt, order, ask.number)?;
        let shape = render::Shape {
            number: ask.number,
            model: &request.model,
            choices: request.choices(),
            pieces: settings.pieces(order),
            logprobs: request.logprobs(),
            usage: answer.usage(&prompt.digest, request.choices()),
            quirks: settings.quirks(order),
            filtered: deployment.is_some(),
            echo: ask.echo(request.echo()),
        };
        if form == Form::Whole {
            return Ok(settings.whole(order, render::whole(&shape, &answer)));
        }
        let tape = stream::record(&shape, &answer, request.include_usage(), settings.ending(order));
        Ok(settings.stream(order, EVENT_STREAM, tape))
    })
}
