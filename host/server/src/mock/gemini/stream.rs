//! Records a streamed answer in Gemini's shape: every event is an answer of its own, the last one says why it ended.
//!
//! As server-sent events, with the line ends Google uses, or as one JSON array that arrives bit by bit.

use serde_json::{Value, json};

use super::answer::{Said, text, thought};
use super::error;
use crate::mock::answer::Outcome;
use crate::mock::json::{push_json, push_text, splice};
use crate::mock::order::Ending;
use crate::mock::tape::{Recording, Step, Tape, steps_with_whole_calls};

/// Records a streamed answer; the first event has the members of `echo`.
pub(super) fn record(said: &Said<'_>, pieces: usize, ending: Ending, echo: Option<&str>, is_array: bool) -> Tape {
    let mut steps = steps_with_whole_calls(said.answer, pieces);
    // What the filter stopped is not shown.
    steps.retain(|step| !matches!(step, Step::Refusal(_)));
    let mut writer = Writer {
        tape: Recording::with_capacity((steps.len() + 1) * 320, steps.len() + 2),
        echo,
        is_array,
    };
    for step in &steps[..ending.most(steps.len())] {
        if let Some(part) = part(said, *step) {
            writer.event(&said.answer(vec![part], None, false), true);
        }
    }
    match ending {
        Ending::Done => writer.event(&last(said), false),
        Ending::Cut { .. } => {}
        Ending::Error { .. } => writer.event(&error::event(), false),
    }
    if is_array && !matches!(ending, Ending::Cut { .. }) {
        push_text(&mut writer.tape.out, "\r\n]");
        writer.tape.mark(false);
    }
    writer.tape.finish(ending)
}

fn last(said: &Said<'_>) -> Value {
    match said.answer.outcome {
        Outcome::Refusal(_) => said.refused(),
        Outcome::Text(_) => said.answer(vec![said.signed(text(""))], Some("STOP"), true),
        Outcome::Calls(_) => said.answer(vec![json!({"text": ""})], Some("STOP"), true),
    }
}

fn part(said: &Said<'_>, step: Step<'_>) -> Option<Value> {
    match step {
        Step::Reasoning(part) => Some(thought(part)),
        Step::Text(part) => Some(text(part)),
        Step::CallHead(position, call) => Some(said.call(position, call)),
        Step::Refusal(_) | Step::CallArguments(..) => None,
    }
}

struct Writer<'a> {
    tape: Recording,
    echo: Option<&'a str>,
    is_array: bool,
}

impl Writer<'_> {
    fn event(&mut self, answer: &Value, paced: bool) {
        let is_first = self.tape.is_empty();
        let out = &mut self.tape.out;
        push_text(
            out,
            match (self.is_array, is_first) {
                (true, true) => "[",
                (true, false) => ",\r\n",
                (false, _) => "data: ",
            },
        );
        push_json(out, answer);
        if is_first {
            splice(out, self.echo);
        }
        if !self.is_array {
            push_text(out, "\r\n\r\n");
        }
        self.tape.mark(paced);
    }
}
