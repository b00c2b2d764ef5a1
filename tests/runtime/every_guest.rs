//! Every misbehaving guest has a test: a behaviour that nothing looks at might as well be allowed.

use std::collections::BTreeSet;
use std::fs;

use wharf_tests::root;

/// The guests that `tests/guests/Cargo.toml` declares.
fn declared() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("tests/guests/Cargo.toml")).expect("the manifest must be readable");
    let manifest: toml::Table = manifest.parse().expect("the manifest must be TOML");
    let examples = manifest["example"].as_array().expect("guests are examples");
    examples
        .iter()
        .map(|example| example["name"].as_str().expect("an example has a name").to_owned())
        .collect()
}

/// All Rust files of a folder with their names, without this one.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder must be readable") {
        let path = entry.expect("the folder must be readable").path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "every_guest" {
            found.push((
                stem.to_owned(),
                fs::read_to_string(&path).expect("the file must be readable"),
            ));
        }
    }
    found
}

#[test]
fn every_guest_has_a_test() {
    let tests = sources("tests/runtime");
    for guest in declared() {
        let literal = format!("\"{guest}\"");
        let tested = tests.iter().any(|(_, text)| text.contains(&literal));
        assert!(
            tested,
            "no file of tests/runtime/ mentions {literal}: say there what the host does about it"
        );
    }
}

#[test]
fn every_guest_is_built() {
    let files = sources("tests/guests/src")
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name != "lib");
    assert_eq!(
        files.collect::<BTreeSet<_>>(),
        declared(),
        "each file of tests/guests/src/ is an [[example]]"
    );
}
