//! Requests, answers, streams, errors, embeddings, models and pulls against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-ollama` writes the expected files anew.

mod asked;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use ollama::call_ids::CallIds;
use ollama::settings::Settings;
use ollama::{answer, embed, error, models, pull, request, stream};
use serde_json::{Value, json};
use wharf_provider_sdk::{Error, EventStream as _, PullStream as _};

const EXPECTED: &str = ".expected.json";

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
        .filter(|path| !path.to_string_lossy().ends_with(EXPECTED))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "fixtures/{name} must have inputs");
    found
}

/// The expected file beside an input.
fn beside(input: &Path) -> PathBuf {
    input.with_extension(&EXPECTED[1..])
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

#[test]
fn requests_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::requests() {
        let body = request::body(&request, &settings, true).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("requests").join(format!("{name}.json")), &body);
    }
}

#[test]
fn answers_mean_what_they_should() {
    for path in inputs("answers") {
        let found = match answer::parse(&read(&path), CallIds::default()) {
            Ok(response) => values::response(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

/// All that is said, and how it ends.
fn told<T>(mut next: impl FnMut() -> Result<Vec<T>, Error>, value: fn(&T) -> Value) -> Value {
    let mut all = Vec::new();
    loop {
        match next() {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => all.extend(batch.iter().map(value)),
            Err(error) => {
                all.push(json!({"error": values::error(&error)}));
                break;
            }
        }
    }
    Value::Array(all)
}

/// Compares what the streams in a folder say, wherever the network happens to cut them.
fn however_they_are_cut(folder: &str, run: fn(Vec<Vec<u8>>) -> Value) {
    for path in inputs(folder) {
        let bytes = read(&path).into_bytes();
        let whole = run(vec![bytes.clone()]);
        check(&beside(&path), &whole);
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

#[test]
fn streams_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("streams", |pieces| {
        let mut stream = stream::Stream::new(pieces.into_iter(), CallIds::default());
        told(|| stream.next(), values::event)
    });
}

#[test]
fn pulls_mean_what_they_should_however_they_are_cut() {
    however_they_are_cut("pulls", |pieces| {
        let mut pull = pull::Pull::new(pieces.into_iter());
        told(|| pull.next(), values::progress)
    });
}

/// The status stands at the beginning of the file's name.
#[test]
fn errors_are_classified() {
    for path in inputs("errors") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let status = name.split('-').next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{name} must begin with a status"));
        let found = error::refine(Error::from_parts(status, |_| None, &read(&path)));
        check(&beside(&path), &values::error(&found));
    }
}

#[test]
fn requests_for_embeddings_are_what_the_vendor_expects() {
    for (name, request, settings) in asked::embeddings() {
        let body = embed::body(&request, &settings).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{name} must be JSON: {e}"));
        check(&folder("embed-requests").join(format!("{name}.json")), &body);
    }
}

/// All of them answer two texts.
#[test]
fn embeddings_mean_what_they_should() {
    for path in inputs("embeddings") {
        let found = match embed::parse(&read(&path), 2) {
            Ok(response) => values::embeddings(&response),
            Err(error) => json!({"error": values::error(&error)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn models_are_what_their_metadata_says() {
    for path in inputs("models") {
        let found = models::show("asked".to_owned(), &read(&path), &Settings::default());
        let (model, capabilities) = found.unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let found = json!({
            "model": values::model(&model),
            "capabilities": values::capabilities(&capabilities),
        });
        check(&beside(&path), &found);
    }
}

/// An input has the answers of both operations.
#[test]
fn lists_say_which_models_are_loaded() {
    for path in inputs("lists") {
        let input: Value =
            serde_json::from_str(&read(&path)).unwrap_or_else(|e| panic!("{} must be JSON: {e}", path.display()));
        let running = input.get("ps").map(Value::to_string);
        let found = models::list(&input["tags"].to_string(), running.as_deref());
        let found = found.unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let found: Value = found.iter().map(values::model).collect();
        check(&beside(&path), &found);
    }
}
