//! What embeddings ask and answer. Complete ones are in `tests/fixtures/embeddings`.

use serde_json::json;
use wharf_provider_sdk::ErrorKind;

use super::*;
use crate::DIALECT;

fn request(dialect: &str, options: &[(&str, &str)]) -> EmbedRequest {
    let options = options.iter();
    EmbedRequest {
        model: "m".into(),
        input: vec!["a".into()],
        dimensions: None,
        dialect: dialect.into(),
        options: options
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

fn wire(request: &EmbedRequest, settings: &str) -> serde_json::Value {
    let settings: Settings = serde_json::from_str(settings).unwrap();
    serde_json::from_slice(&body(request, &settings).unwrap()).unwrap()
}

#[test]
fn a_short_request_has_only_model_and_texts() {
    assert_eq!(
        wire(&request("openai.chat", &[]), "{}"),
        json!({"model": "m", "input": ["a"]})
    );
}

#[test]
fn the_deployments_settings_hold_where_the_request_says_nothing() {
    let settings = r#"{"truncate":false,"keep_alive":"1h","options":{"num_ctx":512},"think":true}"#;
    assert_eq!(
        wire(&request("openai.embeddings", &[]), settings),
        json!({"model": "m", "input": ["a"], "truncate": false, "keep_alive": "1h", "options": {"num_ctx": 512}})
    );
    let own = [
        ("truncate", "true"),
        ("keep_alive", "0"),
        ("options", r#"{"num_ctx":64}"#),
    ];
    assert_eq!(
        wire(&request(DIALECT, &own), settings),
        json!({"model": "m", "input": ["a"], "truncate": true, "keep_alive": 0, "options": {"num_ctx": 64}})
    );
}

#[test]
fn options_are_sent_on_only_in_this_dialect() {
    let options = [
        ("user", r#""u""#),
        ("encoding_format", r#""base64""#),
        ("new", "[1.50]"),
    ];
    let plain = json!({"model": "m", "input": ["a"]});
    assert_eq!(wire(&request("openai.embeddings", &options[..2]), "{}"), plain);
    let error = body(&request("openai.embeddings", &options), &Settings::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.starts_with("`new`: "), "{error:?}");
    assert_eq!(
        wire(&request("wharf", &options), "{}"),
        json!({"model": "m", "input": ["a"], "new": [1.50]})
    );
}

#[test]
fn what_is_no_json_is_refused_by_its_name() {
    for name in ["truncate", "keep_alive", "options", "new"] {
        let error = body(&request(DIALECT, &[(name, "{")]), &Settings::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{name}");
        assert!(error.message.starts_with(&format!("`{name}`: ")), "{error:?}");
    }
}

#[test]
fn each_text_has_one_vector() {
    let answer = r#"{"embeddings":[[0.5],[1]]}"#;
    assert_eq!(parse(answer, 2).unwrap().vectors, [[0.5_f32], [1.0]]);
    for (answer, texts) in [(answer, 1), (answer, 3), ("{}", 1), (r#"{"embeddings":null}"#, 1)] {
        assert_eq!(parse(answer, texts).unwrap_err().kind, ErrorKind::Protocol, "{answer}");
    }
}

#[test]
fn what_is_no_vector_is_no_answer() {
    for answer in ["<html>", r#"{"embeddings":[[null]]}"#, r#"{"embeddings":[0.5]}"#] {
        assert_eq!(parse(answer, 1).unwrap_err().kind, ErrorKind::Protocol, "{answer}");
    }
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    let error = parse(r#"{"error":"m is on fire"}"#, 1).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Unavailable, "m is on fire")
    );
}
