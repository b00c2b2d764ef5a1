//! Records the events of a streamed response in OpenAI's order.

use serde_json::{Value, json};

use super::answer::{Said, refusal, summary};
use crate::mock::answer::Outcome;
use crate::mock::json::{push_json, push_text, splice};
use crate::mock::order::Ending;
use crate::mock::tape::{Recording, Step, Tape, steps};

/// Records a streamed answer; the first event has the members of `echo`.
pub(super) fn record(said: &Said<'_>, pieces: usize, ending: Ending, echo: Option<&str>) -> Tape {
    let mut all = steps(said.answer, pieces);
    if !said.request.sums_up() {
        all.retain(|step| !matches!(step, Step::Reasoning(_)));
    }
    let mut recorder = Recorder {
        said,
        tape: Recording::with_capacity((all.len() + 8) * 240, all.len() + 12),
        number: 0,
        items: Vec::new(),
        open: Open::Nothing,
        text: String::new(),
    };
    recorder.begin("response.created", json!({"response": said.opening()}));
    splice(&mut recorder.tape.out, echo);
    recorder.end(false);
    recorder.event("response.in_progress", json!({"response": said.opening()}), false);
    if let Some(thought) = said.thought().filter(|_| !said.request.sums_up()) {
        // Nothing of it is told in pieces.
        recorder.item_begins(said.empty_thought());
        recorder.item_ends(thought);
    }
    let most = ending.most(all.len());
    for step in all.into_iter().take(most) {
        recorder.step(step);
    }
    match ending {
        Ending::Done => recorder.finish(),
        Ending::Cut { .. } => {}
        Ending::Error { .. } => recorder.event(
            "error",
            json!({"code": "server_error", "message": "The server had an error while processing your request.", "param": null}),
            false,
        ),
    }
    recorder.tape.finish(ending)
}

/// What is being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Thought,
    Text,
    Refusal,
    Call(usize),
}

struct Recorder<'a> {
    said: &'a Said<'a>,
    tape: Recording,
    number: u64,
    /// The items that are done.
    items: Vec<Value>,
    open: Open,
    /// What was told of it so far.
    text: String,
}

impl Recorder<'_> {
    /// Writes an event but for the blank line.
    fn begin(&mut self, kind: &str, mut fields: Value) {
        fields["type"] = kind.into();
        fields["sequence_number"] = self.number.into();
        self.number += 1;
        let out = &mut self.tape.out;
        for text in ["event: ", kind, "\ndata: "] {
            push_text(out, text);
        }
        push_json(out, &fields);
    }

    fn end(&mut self, paced: bool) {
        push_text(&mut self.tape.out, "\n\n");
        self.tape.mark(paced);
    }

    fn event(&mut self, kind: &str, fields: Value, paced: bool) {
        self.begin(kind, fields);
        self.end(paced);
    }

    fn item_begins(&mut self, item: Value) {
        let index = self.items.len();
        self.event(
            "response.output_item.added",
            json!({"output_index": index, "item": item}),
            false,
        );
    }

    fn item_ends(&mut self, item: Value) {
        let index = self.items.len();
        self.event(
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
            false,
        );
        self.items.push(item);
    }

    /// An event about the item that is open, and about this part of it.
    fn about(&self, id: &str, part: Option<&str>) -> Value {
        let mut fields = json!({"item_id": id, "output_index": self.items.len()});
        if let Some(part) = part {
            fields[part] = 0.into();
        }
        fields
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Reasoning(piece) => self.piece(Open::Thought, piece),
            Step::Text(piece) => self.piece(Open::Text, piece),
            Step::Refusal(piece) => self.piece(Open::Refusal, piece),
            Step::CallHead(at, call) => {
                self.close();
                self.open = Open::Call(at);
                self.item_begins(self.said.call(call, "in_progress"));
            }
            Step::CallArguments(at, piece) => self.piece(Open::Call(at), piece),
        }
    }

    fn piece(&mut self, wanted: Open, piece: &str) {
        if self.open != wanted {
            self.close();
            self.open = wanted;
            self.opens();
        }
        self.text.push_str(piece);
        let (kind, id, part) = self.words();
        let mut fields = self.about(&id, part);
        fields["delta"] = piece.into();
        if wanted == Open::Text {
            fields["logprobs"] = self.said.logprobs(piece);
        }
        if self.said.request.obfuscates() {
            fields["obfuscation"] = "xXxX".into();
        }
        self.event(&format!("{kind}.delta"), fields, true);
    }

    /// How its events are called, the item they are about, and what its parts are counted by.
    fn words(&self) -> (&'static str, String, Option<&'static str>) {
        let number = self.said.number;
        match self.open {
            Open::Thought => (
                "response.reasoning_summary_text",
                format!("rs_mock_{number}"),
                Some("summary_index"),
            ),
            Open::Text => (
                "response.output_text",
                format!("msg_mock_{number}"),
                Some("content_index"),
            ),
            Open::Refusal => ("response.refusal", format!("msg_mock_{number}"), Some("content_index")),
            Open::Call(at) => ("response.function_call_arguments", self.call_id(at), None),
            Open::Nothing => ("", String::new(), None),
        }
    }

    fn call_id(&self, at: usize) -> String {
        match &self.said.answer.outcome {
            Outcome::Calls(calls) => calls.get(at).map(|call| format!("fc_{}", call.id)).unwrap_or_default(),
            Outcome::Text(_) | Outcome::Refusal(_) => String::new(),
        }
    }

    fn opens(&mut self) {
        let (_, id, part) = self.words();
        let (item, kind, empty) = match self.open {
            Open::Thought => (
                self.said.empty_thought(),
                "response.reasoning_summary_part",
                summary(""),
            ),
            Open::Text => (
                self.said.message("in_progress", &[]),
                "response.content_part",
                self.said.text(""),
            ),
            Open::Refusal => (
                self.said.message("in_progress", &[]),
                "response.content_part",
                refusal(""),
            ),
            Open::Call(_) | Open::Nothing => return,
        };
        self.item_begins(item);
        let mut fields = self.about(&id, part);
        fields["part"] = empty;
        self.event(&format!("{kind}.added"), fields, false);
    }

    /// Ends what is open.
    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let (kind, id, part) = self.words();
        let mut fields = self.about(&id, part);
        let (name, whole, part_kind, item) = match self.open {
            Open::Nothing => return,
            Open::Thought => (
                "text",
                summary(&text),
                "response.reasoning_summary_part",
                self.said.thought().unwrap_or_default(),
            ),
            Open::Text => {
                fields["logprobs"] = self.said.logprobs(&text);
                let whole = self.said.text(&text);
                let item = self.said.message("completed", std::slice::from_ref(&whole));
                ("text", whole, "response.content_part", item)
            }
            Open::Refusal => {
                let whole = refusal(&text);
                let item = self.said.message("completed", std::slice::from_ref(&whole));
                ("refusal", whole, "response.content_part", item)
            }
            Open::Call(at) => {
                let Outcome::Calls(calls) = &self.said.answer.outcome else {
                    return;
                };
                let item = calls.get(at).map(|call| self.said.call(call, "completed"));
                ("arguments", Value::Null, "", item.unwrap_or_default())
            }
        };
        fields[name] = text.into();
        self.event(&format!("{kind}.done"), fields, false);
        if !part_kind.is_empty() {
            let mut fields = self.about(&id, part);
            fields["part"] = whole;
            self.event(&format!("{part_kind}.done"), fields, false);
        }
        self.open = Open::Nothing;
        self.item_ends(item);
    }

    /// Records what follows the content of a good stream.
    fn finish(&mut self) {
        self.close();
        let whole = self.said.whole();
        self.event("response.completed", json!({"response": whole}), false);
    }
}
