//! Records the chunks of a streamed chat completion.
//!
//! Decides order and form of the events. Quirks are applied here and in `render`, nowhere else.

use super::render::{
    ANSWER_FILTER, PROMPT_FILTER, Shape, push_call_id, push_extra, push_head, push_logprobs, push_usage,
};
use crate::mock::answer::{Answer, Outcome};
use crate::mock::failure::Failure;
use crate::mock::json::{push_json, push_number, push_text};
use crate::mock::order::Ending;
use crate::mock::quirks::Quirk;
use crate::mock::tape::{Recording, Step, Tape, steps};

/// Records a streamed answer.
pub(super) fn record(shape: &Shape<'_>, answer: &Answer, include_usage: bool, ending: Ending) -> Tape {
    let steps = steps(answer, shape.pieces);
    let mut recorder = Recorder::new(shape, include_usage, steps.len(), answer);
    if shape.filtered {
        recorder.prompt_filter();
    }
    let opening: &str = match answer.outcome {
        Outcome::Text(_) => r#"{"role":"assistant","content":"","refusal":null"#,
        Outcome::Refusal(_) | Outcome::Calls(_) => r#"{"role":"assistant","content":null,"refusal":null"#,
    };
    for choice in 0..shape.choices {
        recorder.chunk(choice, false, None, None, |out| push_text(out, opening));
    }
    let most = ending.most(steps.len());
    for step in steps.into_iter().take(most) {
        for choice in 0..shape.choices {
            let token = match step {
                Step::Text(text) if shape.logprobs => Some(text),
                _ => None,
            };
            recorder.chunk(choice, choice == 0, token, None, |out| push_step(out, shape, step));
        }
    }
    match ending {
        Ending::Done => recorder.finish(answer),
        Ending::Cut { .. } => {}
        Ending::Error { .. } => recorder.error_event(),
    }
    recorder.tape.finish(ending)
}

/// Appends the delta of a step without its closing brace.
fn push_step(out: &mut Vec<u8>, shape: &Shape<'_>, step: Step<'_>) {
    match step {
        Step::Reasoning(text) => {
            push_text(out, r#"{"reasoning_content":"#);
            push_json(out, text);
        }
        Step::Text(text) => {
            push_text(out, r#"{"content":"#);
            push_json(out, text);
        }
        Step::Refusal(text) => {
            push_text(out, r#"{"refusal":"#);
            push_json(out, text);
        }
        Step::CallHead(index, call) => {
            push_text(out, r#"{"tool_calls":[{"index":"#);
            push_json(out, &index);
            out.push(b',');
            push_call_id(out, shape, &call.id);
            push_text(out, r#""type":"function","function":{"name":"#);
            push_json(out, &call.name);
            push_text(out, r#","arguments":""}}]"#);
        }
        Step::CallArguments(index, part) => {
            push_text(out, r#"{"tool_calls":[{"index":"#);
            push_json(out, &index);
            push_text(out, r#","function":{"arguments":"#);
            push_json(out, part);
            push_text(out, "}}]");
        }
    }
}

struct Recorder<'a> {
    shape: &'a Shape<'a>,
    include_usage: bool,
    /// Everything up to the choice, the same in every chunk.
    prefix: Vec<u8>,
    tape: Recording,
}

impl<'a> Recorder<'a> {
    fn new(shape: &'a Shape<'a>, include_usage: bool, steps: usize, answer: &Answer) -> Self {
        let mut prefix = Vec::with_capacity(256);
        push_text(&mut prefix, data(shape));
        push_head(&mut prefix, shape, "chat.completion.chunk");
        push_text(&mut prefix, r#","choices":["#);
        let said = match &answer.outcome {
            Outcome::Text(text) => text.len(),
            Outcome::Refusal(_) | Outcome::Calls(_) => 256,
        };
        let choices = shape.choices as usize;
        // The role chunk, the steps, the finish chunk and a little more.
        let chunks = (steps + 2) * choices + 2;
        let tape = Recording::with_capacity(chunks * (prefix.len() + 128) + said * choices, chunks + 1);
        Self {
            shape,
            include_usage: include_usage && !shape.quirks.has(Quirk::NoUsage),
            prefix,
            tape,
        }
    }

    /// Records the chunk without choices that Azure begins with.
    fn prompt_filter(&mut self) {
        let out = &mut self.tape.out;
        push_text(out, data(self.shape));
        push_text(out, r#"{"choices":[],"created":0,"id":"","model":"","object":"","#);
        push_text(out, PROMPT_FILTER);
        self.close_chunk(false);
    }

    /// Records one chunk; `delta` writes the delta object without its closing brace.
    fn chunk(
        &mut self,
        choice: u32,
        paced: bool,
        token: Option<&str>,
        finish: Option<&str>,
        delta: impl FnOnce(&mut Vec<u8>),
    ) {
        let shape = self.shape;
        let out = &mut self.tape.out;
        out.extend_from_slice(&self.prefix);
        push_text(out, r#"{"index":"#);
        push_number(out, u64::from(choice));
        push_text(out, r#","delta":"#);
        delta(out);
        push_extra(out, shape, if finish.is_none() { r#","x_note":"extra""# } else { "" });
        push_text(out, r#"},"logprobs":"#);
        match token {
            Some(token) => push_logprobs(out, &[token]),
            None => push_text(out, "null"),
        }
        push_text(out, r#","finish_reason":"#);
        let none = shape.quirks.has(Quirk::EmptyFinish).then_some("");
        push_json(out, &finish.or(none));
        if shape.filtered && paced {
            push_text(out, ANSWER_FILTER);
        } else {
            push_extra(out, shape, r#","content_filter_results":{}"#);
        }
        push_text(out, "}]");
        if self.include_usage {
            push_text(out, r#","usage":null"#);
        }
        self.close_chunk(paced);
    }

    fn close_chunk(&mut self, paced: bool) {
        let is_first = self.tape.is_empty();
        let out = &mut self.tape.out;
        push_extra(out, self.shape, r#","x_vendor":{"region":"mock-1","cache":null}"#);
        if is_first && let Some(echo) = &self.shape.echo {
            push_text(out, echo);
        }
        push_text(out, "}\n\n");
        self.tape.mark(paced);
    }

    /// Records what follows the content of a good stream.
    fn finish(&mut self, answer: &Answer) {
        if !self.shape.quirks.has(Quirk::NoFinish) {
            for choice in 0..self.shape.choices {
                self.chunk(choice, false, None, Some(answer.finish_reason()), |out| out.push(b'{'));
            }
        }
        if self.include_usage {
            let out = &mut self.tape.out;
            out.extend_from_slice(&self.prefix);
            push_text(out, r#"],"usage":"#);
            push_usage(out, self.shape.usage);
            self.close_chunk(false);
        }
        if !self.shape.quirks.has(Quirk::NoDone) {
            push_text(&mut self.tape.out, data(self.shape));
            push_text(&mut self.tape.out, "[DONE]\n\n");
            self.tape.mark(false);
        }
    }

    fn error_event(&mut self) {
        push_text(&mut self.tape.out, data(self.shape));
        Failure::of_status(http::StatusCode::INTERNAL_SERVER_ERROR).write(&mut self.tape.out);
        push_text(&mut self.tape.out, "\n\n");
        self.tape.mark(false);
    }
}

/// The field name that starts an event.
fn data(shape: &Shape<'_>) -> &'static str {
    if shape.quirks.has(Quirk::TightData) {
        "data:"
    } else {
        "data: "
    }
}
