//! Samples of responses: from the vendor to the client, and from the client to the vendor.

use serde_json::Value;
use wharf::Event;
use wharf_openai_api::responses as provider;

use super::object::Head;
use super::relay::Relay;
use super::{DIALECT, answer, request};
use crate::api::leftover::Leftover;
use crate::api::wire_samples::compare::{self, Excuse};
use crate::api::wire_samples::{Sample, crossing, samples, streamed};

/// What a request may lose.
const ASKED: [Excuse; 6] = [
    ("*", Some("null"), "it says the same as nothing"),
    ("stream", Some("false"), "it says the same as nothing"),
    ("background", Some("false"), "it says the same as nothing"),
    ("tools", Some("[]"), "it says the same as nothing"),
    ("store", None, "nothing is kept, and the answer says so"),
    ("*.logprobs", Some("[]"), "it says the same as nothing"),
];
/// What an answer may lose.
const ANSWERED: [Excuse; 2] = [
    ("store", None, "the host keeps nothing"),
    ("id", Some("\"\""), "an answer without a name gets the host's"),
];

#[test]
fn requests_reach_the_vendor_whole() {
    for sample in samples("requests/responses") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes()));
        let request = crossing::request(asked.request);
        let sent = sample.went_well(provider::request::body(
            &request,
            provider::request::Server::default(),
            asked.stream,
        ));
        let sent: Value = sample.went_well(serde_json::from_slice(&sent));
        sample.assert_nothing_is_lost(&compare::lost(&one_form(&sample.json()), &one_form(&sent), &ASKED));
    }
}

/// A message may be given by its role and text alone.
fn one_form(request: &Value) -> Value {
    let mut request = request.clone();
    if let Some(text) = request["input"].as_str() {
        request["input"] = serde_json::json!([{"role": "user", "content": text}]);
    }
    for item in request["input"].as_array_mut().into_iter().flatten() {
        let kind = if item["role"] == "assistant" {
            "output_text"
        } else {
            "input_text"
        };
        for place in ["content", "output"] {
            if let Some(text) = item[place].as_str() {
                item[place] = serde_json::json!([{"type": kind, "text": text}]);
            }
        }
    }
    request
}

#[test]
fn answers_reach_the_client_whole() {
    for sample in samples("response/responses") {
        if sample.whole().is_some() {
            check_answer(&sample);
        } else {
            check_stream(&sample);
        }
    }
}

fn check_answer(sample: &Sample) {
    let response = sample.went_well(provider::answer::parse(&sample.text));
    let head = Head::new("req_of_the_host", "route", 1);
    let written = answer::render(&crossing::response(response), head, &Leftover::default());
    let written: Value = sample.went_well(serde_json::from_str(&written));
    sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &written, &ANSWERED));
}

/// The client of a vendor of this dialect gets its very events.
fn check_stream(sample: &Sample) {
    let stream = provider::stream::Stream::new(streamed::body(&sample.text), DIALECT);
    let (mut relay, mut written) = (Relay::default(), String::new());
    let events: Vec<Event> = crossing::events(stream);
    for event in &events {
        relay.event(event, &mut written);
    }
    assert_eq!(streamed::events(&written), sample.events());
}
