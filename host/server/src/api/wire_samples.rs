//! What vendors and clients really send goes through the host without loss.
//!
//! Every file in `tests/samples` takes the way that it would take through the host, without the host: the provider of
//! its API reads an answer and the front door of the same API writes it; the front door reads a request and the
//! provider writes it. What comes out must have every field of what went in. The doors' tests are beside them, in files
//! of this name; here is what they share, and the APIs that have no door. `WHARF_WIRE_SAMPLES` names one more folder of
//! the same layout.
//!
//! It lives in this package because nobody outside can call its doors. The providers are only linked into its tests.

pub(super) mod compare;
pub(super) mod crossing;
pub(super) mod kept;
pub(super) mod streamed;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use provider_ollama::call_ids::CallIds;
use serde_json::Value;

use self::compare::Excuse;

/// Names one more folder with samples.
const MORE: &str = "WHARF_WIRE_SAMPLES";
/// The folders of a collection, each with the samples of one API.
const FOLDERS: [&str; 12] = [
    "requests/completions",
    "requests/count-tokens",
    "requests/embeddings",
    "requests/messages",
    "requests/responses",
    "response/anthropic",
    "response/completions",
    "response/count-tokens",
    "response/gemini",
    "response/ollama",
    "response/openai",
    "response/responses",
];

/// One file.
#[derive(Debug)]
pub(super) struct Sample {
    path: PathBuf,
    /// As it is in the file.
    pub(super) text: String,
}

impl Sample {
    /// The file as one JSON value; `None` for a stream.
    pub(super) fn whole(&self) -> Option<Value> {
        serde_json::from_str(&self.text).ok()
    }

    /// The same, of a file that must be one.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{} must be JSON: {error}", self.path.display()))
    }

    /// The events of a stream, or its lines.
    pub(super) fn events(&self) -> Vec<Value> {
        streamed::events(&self.text)
    }

    /// Fails with all that is lost.
    pub(super) fn assert_nothing_is_lost(&self, lost: &[String]) {
        assert!(
            lost.is_empty(),
            "nothing of {} may be lost, and this is:\n  {}",
            self.path.display(),
            lost.join("\n  ")
        );
    }

    /// What a step of the way made of it.
    pub(super) fn went_well<T, E: std::fmt::Debug>(&self, result: Result<T, E>) -> T {
        result.unwrap_or_else(|error| panic!("{} must be understood: {error:?}", self.path.display()))
    }
}

/// The project's samples.
fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}

/// All collections.
fn collections() -> Vec<PathBuf> {
    let more = std::env::var_os(MORE).map(PathBuf::from);
    if let Some(more) = &more {
        assert!(
            more.is_dir(),
            "{MORE} must name a folder, and {} is none",
            more.display()
        );
    }
    std::iter::once(ours()).chain(more).collect()
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{} must be readable: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of a folder must be readable").path())
        .collect();
    paths.sort();
    paths
}

/// The samples of one API.
pub(super) fn samples(folder: &str) -> Vec<Sample> {
    assert!(FOLDERS.contains(&folder), "{folder} must be among the folders");
    let mut found = Vec::new();
    for collection in collections() {
        let folder = collection.join(folder);
        if !folder.is_dir() {
            continue;
        }
        for path in entries(&folder) {
            let text = fs::read_to_string(&path);
            let text = text.unwrap_or_else(|error| panic!("{} must be readable: {error}", path.display()));
            found.push(Sample { path, text });
        }
    }
    assert!(!found.is_empty(), "there must be samples in {folder}");
    found
}

#[test]
fn every_sample_is_of_an_api_that_somebody_reads() {
    let mut unread = BTreeSet::new();
    for collection in collections() {
        for kind in ["requests", "response"] {
            let folder = collection.join(kind);
            let paths = if folder.is_dir() { entries(&folder) } else { Vec::new() };
            for path in paths {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !FOLDERS.contains(&format!("{kind}/{name}").as_str()) {
                    unread.insert(path.display().to_string());
                }
            }
        }
    }
    assert!(
        unread.is_empty(),
        "nobody reads these: {unread:?}; there are {FOLDERS:?}"
    );
}

#[test]
fn answers_of_ollama_are_kept() {
    const EXCUSES: [Excuse; 4] = [
        ("done_reason", None, "it becomes the contract's word"),
        ("*.role", None, "an answer is the assistant's"),
        ("done", None, "the end of an answer is an event of its own"),
        (
            "message.tool_calls[].function.index",
            None,
            "its place in the list says it",
        ),
    ];
    for sample in samples("response/ollama") {
        match sample.whole() {
            Some(answer) => {
                let response = provider_ollama::answer::parse(&sample.text, CallIds::default());
                let record = format!("{:?}", crossing::response(sample.went_well(response)));
                sample.assert_nothing_is_lost(&kept::missing(&answer, &record, &EXCUSES));
            }
            None => {
                let body = streamed::body(&sample.text);
                let told = crossing::events(provider_ollama::stream::Stream::new(body, CallIds::default()));
                let record = format!("{told:?}");
                for line in sample.events() {
                    sample.assert_nothing_is_lost(&kept::missing(&line, &record, &EXCUSES));
                }
            }
        }
    }
}

#[test]
fn answers_of_gemini_are_kept() {
    const EXCUSES: [Excuse; 5] = [
        ("*.role", None, "an answer is the assistant's"),
        ("candidates[].index", Some("0"), "the first one is the answer"),
        (
            "candidates[].content.parts[].thought",
            None,
            "a thought is a part of another kind",
        ),
        ("candidates[].finishReason", None, "it becomes the contract's word"),
        (
            "usageMetadata.candidatesTokenCount",
            None,
            "it is a part of the output tokens",
        ),
    ];
    for sample in samples("response/gemini") {
        match sample.whole() {
            Some(answer) => {
                let response = sample.went_well(provider_gemini::answer::parse(&sample.text));
                let record = format!("{:?}", crossing::response(response));
                sample.assert_nothing_is_lost(&kept::missing(&answer, &record, &EXCUSES));
            }
            None => {
                let told = crossing::events(provider_gemini::stream::Stream::new(streamed::body(&sample.text)));
                let record = format!("{told:?}");
                for event in sample.events() {
                    sample.assert_nothing_is_lost(&kept::missing(&event, &record, &EXCUSES));
                }
            }
        }
    }
}
