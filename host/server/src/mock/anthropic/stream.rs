//! Records the events of a streamed message in Anthropic's order.

use serde_json::{Value, json};

use super::answer::{Said, text, thinking, tool_use};
use super::{SIGNATURE, error};
use crate::mock::json::{push_json, push_text, splice};
use crate::mock::order::Ending;
use crate::mock::tape::{Recording, Step, Tape, steps};

/// Records a streamed answer; the first event has the members of `echo`.
pub(super) fn record(said: &Said<'_>, pieces: usize, ending: Ending, echo: Option<&str>) -> Tape {
    let steps = steps(said.answer, pieces);
    let mut recorder = Recorder::new(steps.len());
    recorder.begin(&json!({"type": "message_start", "message": said.opening()}));
    splice(&mut recorder.tape.out, echo);
    recorder.end(false);
    let most = ending.most(steps.len());
    for step in steps.into_iter().take(most) {
        recorder.step(step);
    }
    match ending {
        Ending::Done => recorder.finish(said),
        Ending::Cut { .. } => {}
        Ending::Error { .. } => recorder.event(&error::event(), false),
    }
    recorder.tape.finish(ending)
}

/// The block that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Thinking,
    Text,
    Call(usize),
}

struct Recorder {
    tape: Recording,
    open: Open,
    /// Index of the open block, or of the next one.
    index: usize,
    has_pinged: bool,
}

impl Recorder {
    fn new(steps: usize) -> Self {
        Self {
            tape: Recording::with_capacity((steps + 6) * 160, steps + 8),
            open: Open::Nothing,
            index: 0,
            has_pinged: false,
        }
    }

    /// Writes an event but for the blank line; its name is its type.
    fn begin(&mut self, data: &Value) {
        let out = &mut self.tape.out;
        push_text(out, "event: ");
        push_text(out, data.get("type").and_then(Value::as_str).unwrap_or_default());
        push_text(out, "\ndata: ");
        push_json(out, data);
    }

    fn end(&mut self, paced: bool) {
        push_text(&mut self.tape.out, "\n\n");
        self.tape.mark(paced);
    }

    fn event(&mut self, data: &Value, paced: bool) {
        self.begin(data);
        self.end(paced);
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Reasoning(part) => {
                self.turn_to(Open::Thinking, || thinking("", ""), false);
                self.delta(&json!({"type": "thinking_delta", "thinking": part}), true);
            }
            Step::Text(part) | Step::Refusal(part) => {
                self.turn_to(Open::Text, || text(""), false);
                self.delta(&json!({"type": "text_delta", "text": part}), true);
            }
            Step::CallHead(position, call) => {
                self.turn_to(Open::Call(position), || tool_use(call, json!({})), true);
                self.delta(&json!({"type": "input_json_delta", "partial_json": ""}), false);
            }
            Step::CallArguments(_, part) => {
                self.delta(&json!({"type": "input_json_delta", "partial_json": part}), true);
            }
        }
    }

    /// Opens a block unless it is open.
    fn turn_to(&mut self, wanted: Open, block: impl FnOnce() -> Value, paced: bool) {
        if self.open == wanted {
            return;
        }
        self.close();
        self.open = wanted;
        let start = json!({"type": "content_block_start", "index": self.index, "content_block": block()});
        self.event(&start, paced);
        if !self.has_pinged {
            self.has_pinged = true;
            self.event(&json!({"type": "ping"}), false);
        }
    }

    fn delta(&mut self, delta: &Value, paced: bool) {
        self.event(
            &json!({"type": "content_block_delta", "index": self.index, "delta": delta}),
            paced,
        );
    }

    /// Closes the open block, if there is one; thoughts are signed first.
    fn close(&mut self) {
        if self.open == Open::Nothing {
            return;
        }
        if self.open == Open::Thinking {
            self.delta(&json!({"type": "signature_delta", "signature": SIGNATURE}), false);
        }
        self.event(&json!({"type": "content_block_stop", "index": self.index}), false);
        self.open = Open::Nothing;
        self.index += 1;
    }

    /// Records what follows the content of a good stream.
    fn finish(&mut self, said: &Said<'_>) {
        self.close();
        let delta = json!({"stop_reason": said.stop_reason(), "stop_sequence": null});
        self.event(
            &json!({"type": "message_delta", "delta": delta, "usage": said.final_usage()}),
            false,
        );
        self.event(&json!({"type": "message_stop"}), false);
    }
}
