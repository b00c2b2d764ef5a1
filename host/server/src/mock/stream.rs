//! Records the events of a streamed answer as one buffer with marks.
//!
//! Decides order and form of the events, not their timing: `body` plays the tape. Recording first costs one
//! allocation for the whole stream and makes every event a slice of it; it also keeps this part pure, so that tests
//! read a stream as text.

use bytes::Bytes;

use super::Quirk;
use super::answer::{Answer, Call, Outcome, split_text};
use super::failure::Failure;
use super::order::Ending;
use super::render::{
    Shape, push_call_id, push_extra, push_head, push_json, push_logprobs, push_number, push_text, push_usage,
};

/// Pieces the thoughts of an answer are cut into.
const REASONING_PIECES: usize = 2;

/// Fewest pieces for the arguments of a call, so that a reader that forgets to join them fails.
const MIN_ARGUMENT_PIECES: usize = 2;

/// A recorded stream.
#[derive(Debug)]
pub(super) struct Tape {
    /// All events, one after the other.
    pub(super) bytes: Bytes,
    /// Where they end.
    pub(super) events: Vec<Mark>,
    /// Whether the connection breaks after the last event.
    pub(super) cut: bool,
}

/// One event on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Offset of the first byte after it.
    pub(super) end: usize,
    /// Whether the chunk delay goes before it.
    pub(super) paced: bool,
}

impl Tape {
    /// A tape with one event.
    pub(super) fn single(bytes: Bytes, cut: bool) -> Self {
        let events = vec![Mark {
            end: bytes.len(),
            paced: false,
        }];
        Self { bytes, events, cut }
    }
}

/// The content of one chunk.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Reasoning(&'a str),
    Text(&'a str),
    Refusal(&'a str),
    CallHead(usize, &'a Call),
    CallArguments(usize, &'a str),
}

/// Records a streamed answer.
pub(super) fn record(shape: &Shape<'_>, answer: &Answer, include_usage: bool, ending: Ending) -> Tape {
    let steps = steps(answer, shape.pieces);
    let mut recorder = Recorder::new(shape, include_usage, steps.len(), answer);
    let opening: &str = match answer.outcome {
        Outcome::Text(_) => r#"{"role":"assistant","content":"","refusal":null"#,
        Outcome::Refusal(_) | Outcome::Calls(_) => r#"{"role":"assistant","content":null,"refusal":null"#,
    };
    for choice in 0..shape.choices {
        recorder.chunk(choice, false, None, None, |out| push_text(out, opening));
    }
    let most = match ending {
        Ending::Done => steps.len(),
        Ending::Cut { after } | Ending::Error { after } => after as usize,
    };
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
    Tape {
        bytes: Bytes::from(recorder.out),
        events: recorder.events,
        cut: matches!(ending, Ending::Cut { .. }),
    }
}

fn steps(answer: &Answer, pieces: usize) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(pieces.min(4096));
    if let Some(reasoning) = answer.reasoning {
        steps.extend(split_text(reasoning, REASONING_PIECES).into_iter().map(Step::Reasoning));
    }
    match &answer.outcome {
        Outcome::Text(text) => steps.extend(split_text(text, pieces).into_iter().map(Step::Text)),
        Outcome::Refusal(text) => steps.extend(split_text(text, pieces).into_iter().map(Step::Refusal)),
        Outcome::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                steps.push(Step::CallHead(index, call));
                let parts = split_text(&call.arguments, pieces.max(MIN_ARGUMENT_PIECES));
                steps.extend(parts.into_iter().map(|part| Step::CallArguments(index, part)));
            }
        }
    }
    steps
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
    out: Vec<u8>,
    events: Vec<Mark>,
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
        let out = Vec::with_capacity(chunks * (prefix.len() + 128) + said * choices);
        Self {
            shape,
            include_usage: include_usage && !shape.quirks.has(Quirk::NoUsage),
            prefix,
            out,
            events: Vec::with_capacity(chunks + 1),
        }
    }

    fn mark(&mut self, paced: bool) {
        self.events.push(Mark {
            end: self.out.len(),
            paced,
        });
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
        let out = &mut self.out;
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
        push_json(out, &finish);
        push_extra(out, shape, r#","content_filter_results":{}"#);
        push_text(out, "}]");
        if self.include_usage {
            push_text(out, r#","usage":null"#);
        }
        self.close_chunk(paced);
    }

    fn close_chunk(&mut self, paced: bool) {
        push_extra(
            &mut self.out,
            self.shape,
            r#","x_vendor":{"region":"mock-1","cache":null}"#,
        );
        if self.events.is_empty()
            && let Some(echo) = &self.shape.echo
        {
            push_text(&mut self.out, echo);
        }
        push_text(&mut self.out, "}\n\n");
        self.mark(paced);
    }

    /// Records what follows the content of a good stream.
    fn finish(&mut self, answer: &Answer) {
        if !self.shape.quirks.has(Quirk::NoFinish) {
            for choice in 0..self.shape.choices {
                self.chunk(choice, false, None, Some(answer.finish_reason()), |out| out.push(b'{'));
            }
        }
        if self.include_usage {
            self.out.extend_from_slice(&self.prefix);
            push_text(&mut self.out, r#"],"usage":"#);
            push_usage(&mut self.out, self.shape.usage);
            self.close_chunk(false);
        }
        if !self.shape.quirks.has(Quirk::NoDone) {
            push_text(&mut self.out, data(self.shape));
            push_text(&mut self.out, "[DONE]\n\n");
            self.mark(false);
        }
    }

    fn error_event(&mut self) {
        push_text(&mut self.out, data(self.shape));
        Failure::of_status(http::StatusCode::INTERNAL_SERVER_ERROR).write(&mut self.out);
        push_text(&mut self.out, "\n\n");
        self.mark(false);
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
