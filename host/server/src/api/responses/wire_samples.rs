//! Samples of responses. No vendor's answer comes in this form yet, so the ways are shorter: all of a request must be
//! in the host's request, and an answer that a client sends back must come out of the door as it was.

use serde_json::{Value, json};
use wharf::{Extension, FinishReason, Json, Part, Response, Usage};

use super::object::Head;
use super::{DIALECT, answer, request};
use crate::api::leftover::Leftover;
use crate::api::wire_samples::compare::{self, Excuse};
use crate::api::wire_samples::{Sample, kept, samples};

/// What a request may lose.
const ASKED: [Excuse; 6] = [
    (
        "*.type",
        None,
        "the kind of an item or a part is the kind of what it becomes",
    ),
    (
        "stream",
        None,
        "how the client wants its answer is told beside the request",
    ),
    ("store", None, "nothing is kept, and the answer says so"),
    ("background", Some("false"), "it says the same as nothing"),
    ("input[].id", None, "messages of one turn have one place for it"),
    ("input[].status", None, "messages of one turn have one place for it"),
];
/// What an answer may lose.
const ANSWERED: [Excuse; 4] = [
    ("id", Some("\"\""), "an answer without a name gets the host's"),
    ("output[].id", None, "the host names messages itself"),
    ("store", None, "the host keeps nothing"),
    ("background", None, "the host keeps nothing"),
];

#[test]
fn requests_are_kept() {
    for sample in samples("requests/responses") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes()));
        let record = format!("{:?}", asked.request);
        sample.assert_nothing_is_lost(&kept::missing(&sample.json(), &record, &ASKED));
    }
}

/// The answer that a sample is. Of a stream it is told at the end, and its items before.
fn answer_of(sample: &Sample) -> Value {
    if let Some(answer) = sample.whole() {
        return answer;
    }
    let events = sample.events();
    let last = events.iter().rfind(|event| event["response"].is_object());
    let mut answer = last.map(|event| event["response"].clone()).unwrap_or_default();
    let items = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done");
    answer["output"] = items.map(|event| event["item"].clone()).collect();
    answer
}

/// What the host has of such an answer.
fn response(answer: &Value, parts: Vec<Part>) -> Response {
    let own = |value: &Value| Extension {
        kind: DIALECT.to_owned(),
        value: Json(value.to_string()),
    };
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let usage = &answer["usage"];
    let mut rest = answer.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "model" | "output" | "usage"));
    }
    Response {
        id: text("id"),
        model: text("model"),
        parts,
        finish: if answer["status"] == "incomplete" {
            FinishReason::Length
        } else {
            FinishReason::Stop
        },
        usage: Usage {
            input_tokens: usage["input_tokens"].as_u64(),
            output_tokens: usage["output_tokens"].as_u64(),
            extra: Some(own(usage)),
            ..Usage::default()
        },
        extra: Some(own(&rest)),
    }
}

#[test]
fn answers_that_are_sent_back_come_out_whole() {
    for sample in samples("response/responses") {
        let answer = answer_of(&sample);
        let next = json!({"model": "m", "input": answer["output"]}).to_string();
        let asked = sample.went_well(request::parse(next.as_bytes()));
        let parts = asked.request.messages.into_iter().flat_map(|message| message.parts);
        let response = response(&answer, parts.collect());
        let head = Head::new("req_of_the_host", "route", 1);
        let written = answer::render(&response, head, &Leftover::default());
        let written: Value = sample.went_well(serde_json::from_str(&written));
        sample.assert_nothing_is_lost(&compare::lost(&answer, &written, &ANSWERED));
    }
}
