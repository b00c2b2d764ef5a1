//! What a guest finds around it: its settings, and nothing of the machine it runs on.

use std::io::ErrorKind as IoErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};
use wharf_runtime::Secret;
use wharf_tests::runtime::{MODEL, asking, deploy, patiently};
use wharf_types::{CredentialScheme, Part, Response};

const KEY: &str = "sk-sandbox-51c07d9e";

fn text(answer: &Response, at: usize) -> &str {
    match answer.parts.get(at) {
        Some(Part::Text(text)) => &text.text,
        other => panic!("part {at} must be text: {other:?}"),
    }
}

#[tokio::test]
async fn a_guest_finds_no_environment_no_files_and_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there must be a free port");
    listener
        .set_nonblocking(true)
        .expect("a listener can be asked without waiting");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    let readable = tempfile::NamedTempFile::new().expect("there must be room for a file");
    assert!(
        std::env::vars_os().next().is_some(),
        "the host must have an environment, or hiding it proves nothing"
    );

    let deployment = deploy("echo_config", |_| {}).await;
    let request = asking(&[("listener", json!(address)), ("file", json!(readable.path()))]);
    let answer = deployment
        .generate(&request, MODEL, patiently())
        .await
        .expect("being refused is no failure");
    let lines: Vec<&str> = text(&answer, 1).lines().collect();
    let tried = [
        "environment",
        "arguments",
        "read a file",
        "list a directory",
        "write a file",
        "connect",
        "bind",
        "resolve",
    ];
    assert_eq!(lines.len(), tried.len(), "each attempt must be reported: {lines:?}");
    for (what, line) in tried.into_iter().zip(lines) {
        assert!(
            line.starts_with(&format!("{what}: denied")),
            "`{what}` must be denied: {line}"
        );
    }
    let accepted = listener.accept().map_err(|error| error.kind());
    assert_eq!(
        accepted.err(),
        Some(IoErrorKind::WouldBlock),
        "nobody may have connected"
    );
}

#[tokio::test]
async fn a_guest_sees_its_settings_and_the_base_url_and_no_credential() {
    let base_url = url::Url::parse("http://127.0.0.1:9/v1").expect("it is a URL");
    let deployment = deploy("echo_config", |options| {
        options.settings.insert("greeting".to_owned(), json!("hello"));
        options
            .settings
            .insert("nested".to_owned(), json!({"numbers": [1, 2.5]}));
        options.outbound.base_url = Some(base_url);
        options.outbound.secrets = vec![Secret::new(KEY.to_owned())];
        options.scheme = Some(CredentialScheme::Bearer);
    })
    .await;
    let answer = deployment
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect("settings need no network");
    let settings: Value = serde_json::from_str(text(&answer, 0)).expect("the settings are JSON");
    let expected = json!({
        "greeting": "hello",
        "nested": {"numbers": [1, 2.5]},
        "base_url": "http://127.0.0.1:9/v1",
    });
    assert_eq!(settings, expected, "exactly the operator's settings and the address");
    assert!(!answer.text().contains(KEY), "the credential must not be among them");
}

#[tokio::test]
async fn the_settings_of_one_deployment_are_not_those_of_another() {
    let with = |value: &'static str| {
        deploy("echo_config", move |options| {
            options.settings.insert("tenant".to_owned(), json!(value));
        })
    };
    let (one, two) = (with("one").await, with("two").await);
    for (deployment, tenant) in [(one, "one"), (two, "two")] {
        let answer = deployment
            .generate(&asking(&[]), MODEL, patiently())
            .await
            .expect("settings need no network");
        assert_eq!(text(&answer, 0), json!({ "tenant": tenant }).to_string());
    }
}
