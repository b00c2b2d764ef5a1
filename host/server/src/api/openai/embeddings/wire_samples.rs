//! Samples of embeddings: from the vendor to the client, and from the client to the vendor.

use serde_json::Value;
use wharf_openai_api::embeddings;

use super::request::Encoding;
use super::{answer, request};
use crate::api::wire_samples::compare::{self, Excuse};
use crate::api::wire_samples::{crossing, samples};

#[test]
fn vectors_reach_the_client_whole() {
    for sample in samples("response/openai") {
        let sent = sample.json();
        let data = sent["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = data.iter().any(|item| item["embedding"].is_string());
        let encoding = if text { Encoding::Base64 } else { Encoding::Float };
        let response = sample.went_well(embeddings::parse(&sample.text, data.len()));
        let written = answer::render(&crossing::embed_response(response), "route", encoding);
        let written: Value = sample.went_well(serde_json::from_str(&written));
        sample.assert_nothing_is_lost(&compare::lost(&sent, &written, &[]));
    }
}

#[test]
fn texts_reach_the_vendor_whole() {
    const EXCUSES: [Excuse; 2] = [
        ("*", Some("null"), "it says the same as nothing"),
        (
            "encoding_format",
            None,
            "the host asks as it likes and writes what the client wants",
        ),
    ];
    for sample in samples("requests/embeddings") {
        let asked = sample.went_well(request::parse(sample.text.as_bytes()));
        let request = crossing::embed_request(asked.request);
        let sent = sample.went_well(embeddings::body(&request, embeddings::Encoding::default()));
        let sent: Value = sample.went_well(serde_json::from_slice(&sent));
        sample.assert_nothing_is_lost(&compare::lost(&sample.json(), &sent, &EXCUSES));
    }
}
