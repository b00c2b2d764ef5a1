//! Samples of chat completions: from the vendor to the client, and from the client to the vendor.

use wharf_openai_api::chat;

use super::answer::{self, Identity};
use super::chunks::Chunks;
use super::request;
use crate::api::wire_samples::compare::{self, Excuse};
use crate::api::wire_samples::{Sample, crossing, samples, streamed};

/// What an answer may lose.
const ANSWERED: [Excuse; 5] = [
    (
        "choices[].message.tool_calls[].index",
        None,
        "its place in the list says it",
    ),
    ("id", Some("null"), "an answer without a name gets the host's"),
    ("model", Some("null"), "an answer without a model gets the route's"),
    (
        "choices[].finish_reason",
        Some("null"),
        "an answer that is whole has an end",
    ),
    (
        "choices[].message.tool_calls[].id",
        Some("\"\""),
        "a call without a name could not be answered",
    ),
];
/// What a stream may lose. Azure sends what it thinks of the prompt before the answer has a name.
const STREAMED: [Excuse; 4] = [
    ("id", Some("\"\""), "the answer's own name replaces it"),
    ("model", Some("\"\""), "likewise"),
    ("object", Some("\"\""), "likewise"),
    ("created", Some("0"), "likewise"),
];
/// What a request may lose.
const ASKED: [Excuse; 6] = [
    ("*", Some("null"), "it says the same as nothing"),
    ("stream", Some("false"), "it says the same as nothing"),
    (
        "stream_options.include_usage",
        None,
        "the host always counts; the client gets what it asked for",
    ),
    ("tools", Some("[]"), "it says the same as nothing"),
    ("stop", Some("[]"), "it says the same as nothing"),
    ("messages[].tool_calls", Some("[]"), "it says the same as nothing"),
];

fn identity() -> Identity<'static> {
    Identity {
        id: "req_of_the_host",
        model: "route",
        created: 1,
    }
}

fn check_answer(sample: &Sample) {
    let response = sample.went_well(chat::answer::parse(&sample.text));
    let written = answer::render(&crossing::response(response), &identity());
    let written = sample.went_well(serde_json::from_str(&written));
    sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &written, &ANSWERED));
}

fn check_stream(sample: &Sample) {
    let sent = sample.events();
    let counted = sent.iter().any(|chunk| chunk.get("usage").is_some());
    let mut chunks = Chunks::new(&identity(), counted);
    let mut written = String::new();
    for event in crossing::events(chat::stream::Stream::new(streamed::body(&sample.text))) {
        chunks.event(&event, &mut written);
    }
    chunks.end(&mut written);
    sample.assert_nothing_is_lost(&streamed::lost(&sent, &streamed::events(&written), &STREAMED));
}

#[test]
fn answers_reach_the_client_whole() {
    for sample in samples("response/completions") {
        if sample.whole().is_some() {
            check_answer(&sample);
        } else {
            check_stream(&sample);
        }
    }
}

#[test]
fn requests_reach_the_vendor_whole() {
    for sample in samples("requests/completions") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes()));
        let request = crossing::request(asked.request);
        let sent = sample.went_well(chat::request::body(&request, &chat::Server::openai(), asked.stream));
        let sent = sample.went_well(serde_json::from_slice(&sent));
        sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &sent, &ASKED));
    }
}
