//! Requests, answers, streams and errors against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-anthropic` writes the expected files anew.

mod asked;
#[path = "../../../sdk/rust/testdata/files.rs"]
mod files;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use anthropic::settings::Settings;
use anthropic::{answer, error, request, stream};
use files::{beside, check, folder, however_they_are_cut, inputs, read};
use serde_json::json;
use wharf_provider_sdk::{Error, ErrorKind, EventStream as _};

fn check_body(name: &str, body: Result<Vec<u8>, Error>) {
    let body = body.unwrap_or_else(|e| panic!("{name}: {e:?}"));
    let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
    check(&folder("requests").join(format!("{name}.json")), &body);
}

#[test]
fn requests_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::requests() {
        check_body(name, request::body(&request, &settings, name == "streamed"));
    }
}

#[test]
fn what_is_counted_is_the_same_without_what_is_only_for_the_answer() {
    check_body("counted", request::count(&asked::same_dialect(), &Settings::default()));
}

#[test]
fn answers_mean_what_they_should() {
    for path in inputs("answers") {
        let found = match answer::parse(&read(&path)) {
            Ok(response) => values::response(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn streams_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("streams", |pieces| {
        let mut stream = stream::Stream::new(pieces.into_iter());
        values::told(|| stream.next(), values::event)
    });
}

#[test]
fn errors_are_classified() {
    files::errors(|status, body| values::error(&error::refine(Error::from_parts(status, |_| None, body))));
}

#[test]
fn what_the_headers_say_is_kept() {
    let path = folder("errors").join("429-rate.json");
    let header = |name: &str| match name {
        "retry-after" => Some("7"),
        "request-id" => Some("req_of_the_header"),
        _ => None,
    };
    let found = error::refine(Error::from_parts(429, header, &read(&path)));
    assert_eq!(found.kind, ErrorKind::RateLimited);
    assert_eq!(found.retry_after_ms, Some(7_000));
    assert_eq!(found.request_id.as_deref(), Some("req_of_the_header"));
}
