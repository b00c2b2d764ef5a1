//! Loading: each kind of file that is no usable provider is refused with its own words, and nothing else suffers.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wharf_runtime::inspect::NotAProvider;
use wharf_runtime::{LoadError, LoadProblem};
use wharf_tests::guests;
use wharf_tests::runtime::{MODEL, asking, deploy, patiently, provider, shared};

/// The export that says what the contract and its version are.
const CONTRACT: &str = "wharf:provider/provider@0.1.0";

/// A directory with one file in it.
fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("there must be room for a file");
    let path = directory.path().join("candidate.wasm");
    std::fs::write(&path, content).expect("there must be room for a file");
    (directory, path)
}

/// A good component in which one name is another of the same length. Names are looked at before anything else is,
/// so the rest does not have to fit.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "a name is replaced in place");
    let mut bytes = std::fs::read(guests::path("echo_config")).expect("the guest must be readable");
    let mut at = 0;
    let mut replaced = 0;
    while let Some(offset) = bytes[at..]
        .windows(from.len())
        .position(|window| window == from.as_bytes())
    {
        bytes[at + offset..at + offset + to.len()].copy_from_slice(to.as_bytes());
        at += offset + to.len();
        replaced += 1;
    }
    assert!(replaced > 0, "the component must have the name `{from}`");
    bytes
}

async fn refused(path: &Path) -> LoadError {
    shared().load(path).await.expect_err("this file must be refused")
}

/// The error names the file, says each of `words`, and its remedy says `remedy`.
fn says(error: &LoadError, path: &Path, words: &[&str], remedy: &str) {
    let message = error.to_string();
    assert_eq!(error.path, path, "the error must carry the file");
    for word in words.iter().copied().chain(path.to_str()) {
        assert!(message.contains(word), "the message must say `{word}`: {message}");
    }
    let advice = error.problem.remedy();
    assert!(advice.contains(remedy), "the remedy must say `{remedy}`: {advice}");
}

/// Refuses a file of this content, and says so in these words and with its digest.
async fn refuses(content: &[u8], words: &[&str], remedy: &str) -> LoadProblem {
    let (_directory, path) = file(content);
    let error = refused(&path).await;
    says(&error, &path, words, remedy);
    let digest = error.digest.as_deref().unwrap_or_default();
    assert_eq!(
        digest.len(),
        64,
        "a file that was read must be named by its digest: {digest:?}"
    );
    error.problem
}

#[tokio::test]
async fn a_text_file_is_told_apart_from_webassembly() {
    let problem = refuses(
        b"#!/bin/sh\necho hello\n",
        &["not a WebAssembly file"],
        "remove the file",
    )
    .await;
    assert!(
        matches!(problem, LoadProblem::NotAProvider(NotAProvider::NotWasm)),
        "{problem:?}"
    );
}

#[tokio::test]
async fn an_empty_file_is_told_apart_from_webassembly() {
    let problem = refuses(b"", &["not a WebAssembly file"], "remove the file").await;
    assert!(
        matches!(problem, LoadProblem::NotAProvider(NotAProvider::NotWasm)),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_core_module_is_answered_with_how_to_build_a_component() {
    let words = ["core WebAssembly module", "not a component"];
    let problem = refuses(b"\0asm\x01\0\0\0", &words, "wasm32-wasip2").await;
    assert!(
        matches!(problem, LoadProblem::NotAProvider(NotAProvider::CoreModule)),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_called_damaged() {
    let whole = std::fs::read(guests::path("echo_config")).expect("the guest must be readable");
    let problem = refuses(&whole[..whole.len() / 2], &["damaged"], "copy or download").await;
    assert!(
        matches!(problem, LoadProblem::NotAProvider(NotAProvider::Malformed(_))),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_component_of_another_world_is_refused_with_what_it_exports() {
    let other = "wrong:provider/provider@0.1.0";
    let words = ["does not export wharf:provider/provider", other];
    let problem = refuses(&renamed(CONTRACT, other), &words, "ai-provider").await;
    assert!(
        matches!(problem, LoadProblem::NotAProvider(NotAProvider::WrongWorld(_))),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_provider_for_another_contract_version_is_refused_with_both_versions() {
    let newer = renamed(CONTRACT, "wharf:provider/provider@0.3.0");
    let problem = refuses(&newer, &["wharf:provider@0.3.0", "0.1.0"], "upgrade the host").await;
    let LoadProblem::NotAProvider(NotAProvider::UnknownVersion { found }) = problem else {
        panic!("the version must be what is wrong: {problem:?}")
    };
    assert_eq!(found, "0.3.0");
}

#[tokio::test]
async fn an_import_that_the_host_does_not_offer_is_named() {
    let greedy = renamed("wharf:provider/config@0.1.0", "acmee:provider/config@0.1.0");
    let problem = refuses(
        &greedy,
        &["acmee:provider/config@0.1.0", "does not offer"],
        "remove the others",
    )
    .await;
    let LoadProblem::NotAProvider(NotAProvider::UnknownImport(names)) = problem else {
        panic!("the import must be what is wrong: {problem:?}")
    };
    assert_eq!(
        names,
        ["acmee:provider/config@0.1.0"],
        "the imports that are offered are not blamed"
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_even_read() {
    let (_directory, path) = file(b"");
    let sparse = std::fs::File::options()
        .write(true)
        .open(&path)
        .expect("the file must open");
    sparse.set_len((64 << 20) + 1).expect("a sparse file takes no room");
    let error = refused(&path).await;
    says(
        &error,
        &path,
        &["67108865 bytes", "limit of 67108864"],
        "build it for size",
    );
    assert_eq!(error.digest, None, "a digest would mean that it was read");
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error_about_reading() {
    let (directory, path) = file(b"");
    directory.close().expect("the directory must go");
    let error = refused(&path).await;
    says(&error, &path, &["cannot be read"], "exists");
}

#[tokio::test]
async fn a_provider_that_crashes_in_describe_fails_its_trial() {
    let path = guests::path("fails_describe");
    let error = refused(&path).await;
    says(&error, &path, &["trial"], "describe");
    assert!(matches!(error.problem, LoadProblem::Trial(_)), "{:?}", error.problem);
}

#[tokio::test]
async fn a_manifest_that_makes_no_sense_is_quoted() {
    let path = guests::path("bad_manifest");
    let error = refused(&path).await;
    says(&error, &path, &["manifest", "My Great Provider"], "author");
    assert!(matches!(error.problem, LoadProblem::Manifest(_)), "{:?}", error.problem);
}

#[tokio::test]
async fn a_good_file_says_what_it_is() {
    let path = guests::path("echo_config");
    let good = provider("echo_config").await;
    assert_eq!(good.path, path);
    assert_eq!(good.manifest.name, "echo-config");
    assert_eq!(good.manifest.vendor, "wharf-tests");
    assert_eq!(
        good.size,
        std::fs::metadata(&path).expect("the guest must be there").len()
    );
    assert!(
        good.outline.exports.iter().any(|name| name == CONTRACT),
        "{:?}",
        good.outline.exports
    );
    let hex = good
        .digest
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    assert!(
        hex && good.digest.len() == 64,
        "the digest must be SHA-256 in hex: {}",
        good.digest
    );
}

#[tokio::test]
async fn the_digest_follows_the_content_and_not_the_path() {
    let good = provider("echo_config").await;
    let (_directory, copy) = file(&std::fs::read(guests::path("echo_config")).expect("the guest must be readable"));
    let copy = shared().load(&copy).await.expect("a copy of a good file is good");
    assert_eq!(copy.digest, good.digest);
    let other = provider("remembers").await;
    assert_ne!(other.digest, good.digest);
}

#[tokio::test]
async fn a_bad_file_leaves_the_good_ones_working() {
    let good = deploy("remembers", |_| {}).await;
    refused(&guests::path("fails_describe")).await;
    refused(&guests::path("bad_manifest")).await;
    let answer = good
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect("the good provider must still answer");
    assert_eq!(answer.text(), "hello");
}
