//! OpenAI's responses: whole and streamed, without the state that the vendor could keep.
//!
//! It refuses what the vendor refuses of a conversation that is sent back with `store: false`: results without calls,
//! calls without results, thoughts that are neither sealed nor told, and fields that only chat completions have.

use self::answer::Said;
use self::request::ResponsesRequest;
use crate::mock::answer::Answer;
use crate::mock::failure::Failure;
use crate::mock::json::{bytes, splice};
use crate::mock::plan::{Ask, EVENT_STREAM, Form, Plan, Settings, carry_out};

mod answer;
mod input;
mod request;
mod stream;
#[cfg(test)]
mod tests;

/// How the emulator's thoughts are sealed.
const SEAL: &str = "gAAAAABtb2NrLXNlYWw=";

/// Decides about a request.
pub(super) fn decide(settings: &Settings, ask: &Ask<'_>) -> Result<Plan, Failure> {
    let request = ResponsesRequest::parse(ask.body)?;
    let order = settings.order(ask.number, &request.model, settings.has_model(&request.model))?;
    let form = if request.is_stream() { Form::Events } else { Form::Whole };
    carry_out(settings, order, form, || {
        let prompt = request.prompt()?;
        let answer = Answer::choose(&prompt, order, ask.number)?;
        let said = Said {
            number: ask.number,
            request: &request,
            usage: answer.usage(&prompt.digest, 1),
            answer: &answer,
        };
        let echo = ask.echo(request.echo());
        if form == Form::Whole {
            let mut body = bytes(&said.whole());
            splice(&mut body, echo.as_deref());
            return Ok(settings.whole(order, body));
        }
        let tape = stream::record(&said, settings.pieces(order), settings.ending(order), echo.as_deref());
        Ok(settings.stream(order, EVENT_STREAM, tape))
    })
}
