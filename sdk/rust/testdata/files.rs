//! The files of a provider's fixtures: inputs, and beside each the file with what comes out of it.

#![allow(
    dead_code,
    reason = "each provider's tests compile this file for themselves and use a part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// How the name of an expected file ends.
const EXPECTED: &str = ".expected.json";

/// A folder of fixtures of the crate that is tested.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{} must be readable: {e}", path.display()))
}

/// The inputs in a folder, in order.
pub(crate) fn inputs(name: &str) -> Vec<PathBuf> {
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
pub(crate) fn beside(input: &Path) -> PathBuf {
    input.with_extension(&EXPECTED[1..])
}

/// Compares with the expected file, or writes it.
pub(crate) fn check(path: &Path, found: &Value) {
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

/// Compares what the streams in a folder say, wherever the network happens to cut them.
pub(crate) fn however_they_are_cut(folder: &str, run: fn(Vec<Vec<u8>>) -> Value) {
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

/// Compares what becomes of the errors in a folder. The status stands at the beginning of a file's name.
pub(crate) fn errors(found: impl Fn(u16, &str) -> Value) {
    for path in inputs("errors") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let status = name.split('-').next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{name} must begin with a status"));
        check(&beside(&path), &found(status, &read(&path)));
    }
}
