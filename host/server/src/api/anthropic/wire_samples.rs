//! Samples of messages: from the vendor to the client, and from the client to the vendor.

use provider_anthropic::settings::Settings;

use super::answer::{self, Identity};
use super::events::Events;
use super::{request, tokens};
use crate::api::wire_samples::compare::{self, Excuse};
use crate::api::wire_samples::{Sample, crossing, samples, streamed};

/// What an answer may lose.
const ANSWERED: [Excuse; 3] = [
    (
        "usage.cache_creation_input_tokens",
        Some("null"),
        "it says the same as nothing",
    ),
    (
        "usage.cache_read_input_tokens",
        Some("null"),
        "it says the same as nothing",
    ),
    (
        "usage.output_tokens_details",
        Some("null"),
        "it says the same as nothing",
    ),
];
/// What a stream may lose.
const STREAMED: [Excuse; 3] = [
    (
        "*.cache_creation_input_tokens",
        Some("null"),
        "it says the same as nothing",
    ),
    ("*.cache_read_input_tokens", Some("null"), "it says the same as nothing"),
    ("*.output_tokens_details", Some("null"), "it says the same as nothing"),
];
/// What a request may lose.
const ASKED: [Excuse; 8] = [
    ("*", Some("null"), "it says the same as nothing"),
    ("stream", Some("false"), "it says the same as nothing"),
    ("tools", Some("[]"), "it says the same as nothing"),
    ("stop_sequences", Some("[]"), "it says the same as nothing"),
    ("tools[].type", Some("\"custom\""), "it says the same as nothing"),
    (
        "messages[].content[].is_error",
        Some("false"),
        "it says the same as nothing",
    ),
    ("anthropic_beta[]", None, "the vendor wants it in a header"),
    ("betas[]", None, "the vendor wants it in a header"),
];
/// What a question for tokens may lose besides: what decides about the answer alone.
const COUNTED: [Excuse; 6] = [
    ("*", Some("null"), "it says the same as nothing"),
    ("max_tokens", None, "the vendor refuses it here"),
    ("temperature", None, "the vendor refuses it here"),
    ("top_p", None, "the vendor refuses it here"),
    ("stream", None, "the vendor refuses it here"),
    ("tools[].type", Some("\"custom\""), "it says the same as nothing"),
];

fn identity() -> Identity<'static> {
    Identity {
        id: "req_of_the_host",
        model: "route",
    }
}

fn check_answer(sample: &Sample) {
    let response = sample.went_well(provider_anthropic::answer::parse(&sample.text));
    let written = answer::render(&crossing::response(response), &identity());
    let written = sample.went_well(serde_json::from_str(&written));
    sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &written, &ANSWERED));
}

fn check_stream(sample: &Sample) {
    let mut events = Events::new(&identity());
    let mut written = String::new();
    let body = streamed::body(&sample.text);
    for event in crossing::events(provider_anthropic::stream::Stream::new(body)) {
        sample.went_well(events.event(&event, &mut written));
    }
    events.end(&mut written);
    let lost = streamed::lost(&sample.events(), &streamed::events(&written), &STREAMED);
    sample.assert_nothing_is_lost(&lost);
}

#[test]
fn answers_reach_the_client_whole() {
    for sample in samples("response/anthropic") {
        if sample.whole().is_some() {
            check_answer(&sample);
        } else {
            check_stream(&sample);
        }
    }
}

#[test]
fn counts_reach_the_client_whole() {
    for sample in samples("response/count-tokens") {
        let count = crossing::token_count(sample.went_well(provider_anthropic::tokens::parse(&sample.text)));
        let written = sample.went_well(serde_json::from_str(&tokens::render(&count)));
        sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &written, &[]));
    }
}

#[test]
fn requests_reach_the_vendor_whole() {
    for sample in samples("requests/messages") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes(), None));
        let request = crossing::request(asked.request);
        let sent = provider_anthropic::request::body(&request, &Settings::default(), asked.stream);
        let sent = sample.went_well(serde_json::from_slice(&sample.went_well(sent)));
        sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &sent, &ASKED));
    }
}

#[test]
fn questions_for_tokens_reach_the_vendor_whole() {
    for sample in samples("requests/count-tokens") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes(), None));
        let sent = provider_anthropic::request::count(&crossing::request(asked.request), &Settings::default());
        let sent = sample.went_well(serde_json::from_slice(&sample.went_well(sent)));
        sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &sent, &COUNTED));
    }
}
