//! Requests, answers, streams and errors as Azure has them, against files in `tests/fixtures`.
//!
//! What every OpenAI-like vendor shares is tested in `sdk/openai`; here is what Azure adds.
//! `UPDATE_EXPECT=1 cargo test -p wharf-provider-azure-openai` writes the expected files anew.

#[path = "../../../sdk/rust/testdata/files.rs"]
mod files;
#[path = "../../../sdk/rust/testdata/values.rs"]
mod values;

use azure_openai::settings::Settings;
use azure_openai::{error, stream};
use files::{beside, check, folder, however_they_are_cut, inputs, read};
use serde_json::{Value, json};
use wharf_openai_api::chat::{DIALECT, answer, request};
use wharf_provider_sdk::{Error, EventStream as _, Message, Request, Role};

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
        check(&beside(&path), &found);
    }
}

#[test]
fn streams_keep_what_the_filter_says_however_they_are_cut() {
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
fn azure_says_in_a_header_how_long_to_wait() {
    let body = read(&folder("errors").join("429-tokens.json"));
    let header = |name: &str| (name == "retry-after").then_some("7");
    let found = error::refine(Error::from_parts(429, header, &body));
    assert_eq!(found.retry_after_ms, Some(7_000));
}
