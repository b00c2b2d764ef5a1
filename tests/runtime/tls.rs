//! TLS: an authority of the operator's own is trusted where it is configured, and only there; HTTP/1.1 and HTTP/2
//! are agreed on by ALPN.

use http::Version;
use serde_json::json;
use wharf::Host;
use wharf::config::{self, ProcessEnv};
use wharf_runtime::{Deployment, DeploymentOptions};
use wharf_tests::runtime::{MODEL, asking, deploy, patiently};
use wharf_tests::upstream::{Recorded, Reply, Upstream};
use wharf_types::{Error, ErrorKind, Event, Message, Request, Response, Role};

async fn courier(upstream: &Upstream, adjust: impl FnOnce(&mut DeploymentOptions)) -> Deployment {
    let base_url = upstream.base_url();
    deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url);
        adjust(options);
    })
    .await
}

async fn trusting(upstream: &Upstream) -> Deployment {
    let ca_pem = upstream.ca_pem();
    assert!(ca_pem.is_some(), "the upstream must have an authority");
    courier(upstream, |options| options.outbound.ca_pem = ca_pem).await
}

async fn fetch(deployment: &Deployment, upstream: &Upstream) -> Result<Response, Error> {
    let request = asking(&[("url", json!(upstream.url("/")))]);
    deployment.generate(&request, MODEL, patiently()).await
}

fn hello(_request: &Recorded) -> Reply {
    Reply::text("hello")
}

/// A certificate that is refused: as an unreachable upstream that has seen nothing, and with the reason.
async fn refuses(deployment: &Deployment, upstream: &Upstream) {
    let error = fetch(deployment, upstream)
        .await
        .expect_err("this certificate must not be accepted");
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable, "{error}");
    assert!(
        error.message().contains("certificate"),
        "the operator must learn why: {}",
        error.message()
    );
    assert!(
        !error.sent(),
        "nothing may be sent over a connection that is not trusted"
    );
    assert_eq!(upstream.counts().requests, 0);
}

#[tokio::test]
async fn an_authority_of_ones_own_works_over_http_1() {
    let upstream = Upstream::start_tls("localhost", &["http/1.1"], hello).await;
    let courier = trusting(&upstream).await;
    let answer = fetch(&courier, &upstream)
        .await
        .expect("the configured authority must be trusted");
    assert_eq!(answer.text(), "200 hello");
    assert_eq!(upstream.request().version, Version::HTTP_11);
}

#[tokio::test]
async fn http_2_is_spoken_where_the_upstream_offers_it() {
    let upstream = Upstream::start_tls("localhost", &["h2", "http/1.1"], hello).await;
    let courier = trusting(&upstream).await;
    for _ in 0..5 {
        let answer = fetch(&courier, &upstream).await.expect("the exchange must work");
        assert_eq!(answer.text(), "200 hello");
    }
    let versions: Vec<Version> = upstream.requests().iter().map(|request| request.version).collect();
    assert_eq!(versions, [Version::HTTP_2; 5]);
    assert_eq!(
        upstream.counts().connections,
        1,
        "calls in a row must share one connection"
    );
}

#[tokio::test]
async fn a_stream_that_is_dropped_over_http_2_is_reset() {
    let upstream = Upstream::start_tls("localhost", &["h2"], |_| Reply::text("a beginning").hang()).await;
    let courier = trusting(&upstream).await;
    let request = asking(&[("url", json!(upstream.url("/")))]);
    let mut stream = courier
        .stream(&request, MODEL, patiently())
        .await
        .expect("the stream must start");
    let events = stream.next().await.expect("the beginning must arrive");
    assert_eq!(events, [Event::Text("a beginning".to_owned())]);
    drop(stream);
    upstream.disconnected().await;
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let upstream = Upstream::start_tls("localhost", &["http/1.1"], hello).await;
    let courier = courier(&upstream, |_| {}).await;
    refuses(&courier, &upstream).await;
}

#[tokio::test]
async fn the_authority_of_one_deployment_is_not_that_of_another() {
    let ours = Upstream::start_tls("localhost", &["http/1.1"], hello).await;
    let theirs = Upstream::start_tls("localhost", &["http/1.1"], hello).await;
    fetch(&trusting(&ours).await, &ours)
        .await
        .expect("our own authority must be trusted");
    let ca_pem = ours.ca_pem();
    let mixed_up = courier(&theirs, |options| options.outbound.ca_pem = ca_pem).await;
    refuses(&mixed_up, &theirs).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let upstream = Upstream::start_tls("elsewhere.test", &["http/1.1"], hello).await;
    let courier = trusting(&upstream).await;
    refuses(&courier, &upstream).await;
}

/// A host whose one deployment speaks to the upstream, with further lines for the deployment.
async fn host(upstream: &Upstream, directory: &std::path::Path, more: &str) -> Host {
    let plugins = wharf_tests::root().join("plugins");
    let file = directory.join("wharf.yaml");
    let text = format!(
        "plugins: {}\nai_services:\n  providers:\n    openai:\n      base_url: {}\n      models: [m]\n{more}",
        plugins.display(),
        upstream.url("/v1"),
    );
    std::fs::write(&file, text).expect("the configuration must be writable");
    let config = config::load(&file, &ProcessEnv).expect("the configuration must be right");
    Host::start(config).await.expect("the host must start")
}

#[tokio::test]
async fn the_ca_file_of_a_configuration_is_trusted_and_without_it_nothing_is() {
    let completion = |_: &Recorded| Reply::text(r#"{"choices":[{"message":{"content":"secure"}}]}"#);
    let upstream = Upstream::start_tls("localhost", &["h2", "http/1.1"], completion).await;
    let directory = tempfile::tempdir().expect("a directory");
    let pem = upstream.ca_pem().expect("the upstream must have an authority");
    std::fs::write(directory.path().join("ca.pem"), pem).expect("the authority must be writable");
    let request = Request {
        model: "m".to_owned(),
        messages: vec![Message::text(Role::User, "hello")],
        ..Request::default()
    };

    let trusting = host(&upstream, directory.path(), "      ca_file: ca.pem\n").await;
    let answer = trusting
        .generate(&request, &wharf::CallOptions::default())
        .await
        .expect("the authority of the file must be trusted");
    assert_eq!(answer.value.text(), "secure");

    let wary = host(&upstream, directory.path(), "").await;
    let error = wary
        .generate(&request, &wharf::CallOptions::default())
        .await
        .expect_err("nobody vouches for this upstream");
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable);
    assert_eq!(upstream.counts().requests, 1, "only the trusted exchange reached it");
}
