//! Requests, answers, streams and errors against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-anthropic` writes the expected files anew.

mod asked;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use anthropic::settings::Settings;
use anthropic::{answer, error, request, stream};
use serde_json::{Value, json};
use wharf_provider_sdk::{Error, ErrorKind, EventStream as _};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{} must be readable: {e}", path.display()))
}

/// The inputs in a folder, in order.
fn inputs(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).unwrap_or_else(|e| panic!("fixtures/{name} must be a folder: {e}"));
    let paths = entries.map(|entry| entry.expect("an entry of a folder must be readable").path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| !path.to_string_lossy().ends_with(".expected.json"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "fixtures/{name} must have inputs");
    found
}

/// Compares with the expected file, or writes it.
fn check(path: &Path, found: &Value) {
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(found).expect("a JSON value can be written");
        fs::write(path, text + "\n").unwrap_or_else(|e| panic!("{} must be writable: {e}", path.display()));
        return;
    }
    let expected: Value =
        serde_json::from_str(&read(path)).unwrap_or_else(|e| panic!("{} must be JSON: {e}", path.display()));
    assert!(
        expected == *found,
        "{} must be what came out; UPDATE_EXPECT=1 writes it. It was:\n{found:#}",
        path.display()
    );
}

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
        check(&path.with_extension("expected.json"), &found);
    }
}

/// All that a stream says, and how it ends.
fn run(pieces: Vec<Vec<u8>>) -> Value {
    let mut stream = stream::Stream::new(pieces.into_iter());
    let mut events = Vec::new();
    loop {
        match stream.next() {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => events.extend(batch.iter().map(values::event)),
            Err(error) => {
                events.push(json!({"error": values::error(&error)}));
                break;
            }
        }
    }
    Value::Array(events)
}

#[test]
fn streams_mean_what_they_should_however_they_are_cut() {
    for path in inputs("streams") {
        let bytes = read(&path).into_bytes();
        let whole = run(vec![bytes.clone()]);
        check(&path.with_extension("expected.json"), &whole);
        for size in [1, 2, 3, 7, 64, 1000] {
            let pieces = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            assert_eq!(run(pieces), whole, "{} in pieces of {size}", path.display());
        }
        for at in 0..bytes.len() {
            let pieces = vec![bytes[..at].to_vec(), bytes[at..].to_vec()];
            assert_eq!(run(pieces), whole, "{} cut at {at}", path.display());
        }
    }
}

/// The status stands at the beginning of the file's name.
#[test]
fn errors_are_classified() {
    for path in inputs("errors") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let status = name.split('-').next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{name} must begin with a status"));
        let found = error::refine(Error::from_parts(status, |_| None, &read(&path)));
        check(&path.with_extension("expected.json"), &values::error(&found));
    }
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
