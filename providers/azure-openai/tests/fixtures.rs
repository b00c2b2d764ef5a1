//! Requests, answers, streams and errors as Azure has them, against files in `tests/fixtures`.
//!
//! What every OpenAI-like vendor shares is tested in `sdk/openai`; here is what Azure adds.
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-azure-openai` writes the expected files anew.

#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use azure_openai::error;
use azure_openai::settings::Settings;
use serde_json::{Value, json};
use wharf_openai_api::chat::{DIALECT, answer, request, stream};
use wharf_provider_sdk::{Error, EventStream as _, Message, Request, Role};

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

/// A question, with options by name and JSON text.
fn asked(options: &[(&str, &str)]) -> Request {
    let options = options
        .iter()
        .map(|(name, json)| ((*name).to_owned(), (*json).to_owned()));
    Request {
        model: "gpt-4o".to_owned(),
        messages: vec![Message::text(Role::User, "What is loaded first?")],
        max_output_tokens: Some(64),
        dialect: DIALECT.to_owned(),
        options: options.collect(),
        ..Request::default()
    }
}

#[test]
fn requests_are_what_azure_expects() {
    let search =
        r#"[{"type":"azure_search","parameters":{"endpoint":"https://s.search.windows.net","index_name":"i"}}]"#;
    let requests = [
        ("plain", asked(&[("seed", "7")])),
        ("data-sources", asked(&[("data_sources", search)])),
        ("limit-of-the-client", asked(&[("max_tokens", "64")])),
    ];
    let settings = Settings::default();
    for (name, request) in requests {
        let body = request::body(&request, &settings.server(&request), true);
        let body = body.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body: Value = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("requests").join(format!("{name}.json")), &body);
    }
}

#[test]
fn answers_keep_what_the_filter_says() {
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
fn streams_keep_what_the_filter_says_however_they_are_cut() {
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
fn azure_says_in_a_header_how_long_to_wait() {
    let body = read(&folder("errors").join("429-tokens.json"));
    let header = |name: &str| (name == "retry-after").then_some("7");
    let found = error::refine(Error::from_parts(429, header, &body));
    assert_eq!(found.retry_after_ms, Some(7_000));
}
