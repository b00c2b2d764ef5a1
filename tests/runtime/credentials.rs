//! The credential: attached by the host, to the deployment's own upstream only, and never within reach of the
//! guest, not even when the upstream sends it back.

use serde_json::json;
use wharf_runtime::{AllowEntry, CallOptions, Deployment, DeploymentOptions, Secret};
use wharf_tests::runtime::{MODEL, asking, deploy, options, patiently, provider, shared};
use wharf_tests::upstream::{Recorded, Reply, Upstream};
use wharf_types::{CredentialScheme, MediaData, Part, Response};

const KEY: &str = "sk-test-7f3a9c51e2d84b06";
/// A second key of the same deployment.
const OTHER: &str = "sk-test-c0ffee94a1b5d372";
/// Something only the upstream knows, so that finding it in the guest's memory proves that answers are looked at.
const MARKER: &str = "told-by-the-upstream-4cd1";

/// Sends back all that it got, and the credential in a header too.
fn mirror(request: &Recorded) -> Reply {
    let reflected = request.header("authorization").concat();
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    Reply::text(format!("{MARKER}\n{}\n{}", request.path, headers.join("\n"))).header("x-reflected", &reflected)
}

fn secrets(keys: &[&str]) -> Vec<Secret> {
    keys.iter().map(|&key| Secret::new(key.to_owned())).collect()
}

/// A deployment of a guest with the key.
async fn keyed(guest: &str, upstream: &Upstream, adjust: impl FnOnce(&mut DeploymentOptions)) -> Deployment {
    let base_url = upstream.base_url();
    deploy(guest, |options| {
        options.outbound.base_url = Some(base_url);
        options.outbound.secrets = secrets(&[KEY]);
        options.scheme = Some(CredentialScheme::Bearer);
        adjust(options);
    })
    .await
}

async fn curious(deployment: &Deployment) -> Response {
    deployment
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect("the exchange must work")
}

fn texts(answer: &Response) -> Vec<&str> {
    let mut found = Vec::new();
    for part in &answer.parts {
        if let Part::Text(text) = part {
            found.push(text.text.as_str());
        }
    }
    found
}

fn memory(answer: &Response) -> &[u8] {
    for part in &answer.parts {
        if let Part::Media(media) = part
            && let MediaData::Inline(bytes) = &media.data
        {
            return bytes;
        }
    }
    panic!("the guest must hand out its memory")
}

fn holds(memory: &[u8], needle: &str) -> bool {
    memory.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn the_credential_is_attached_and_the_guests_own_are_removed() {
    let upstream = Upstream::start(mirror).await;
    let deployment = keyed("reads_memory", &upstream, |_| {}).await;
    curious(&deployment).await;
    let request = upstream.request();
    let bearer = format!("Bearer {KEY}");
    assert_eq!(
        request.header("authorization"),
        [bearer.as_str()],
        "the host's credential and no other"
    );
    assert_eq!(
        request.header("x-api-key"),
        [""; 0],
        "a guest must not bring a credential of its own"
    );
    assert_eq!(request.header("cookie"), [""; 0], "nor a cookie");
    assert_eq!(
        request.header("x-marker"),
        ["marker-of-the-guest"],
        "other headers of the guest pass"
    );
}

#[tokio::test]
async fn without_a_credential_the_guests_own_are_removed_all_the_same() {
    let upstream = Upstream::start(mirror).await;
    let base_url = upstream.base_url();
    let deployment = deploy("reads_memory", |options| options.outbound.base_url = Some(base_url)).await;
    curious(&deployment).await;
    let request = upstream.request();
    for name in ["authorization", "x-api-key", "cookie"] {
        assert_eq!(request.header(name), [""; 0], "`{name}` belongs to the host");
    }
}

#[tokio::test]
async fn the_guests_memory_never_holds_the_credential() {
    let upstream = Upstream::start(mirror).await;
    let deployment = keyed("reads_memory", &upstream, |_| {}).await;
    let answer = curious(&deployment).await;
    let bearer = format!("Bearer {KEY}");
    assert_eq!(
        upstream.request().header("authorization"),
        [bearer.as_str()],
        "the key was used, and sent back"
    );
    let memory = memory(&answer);
    assert!(
        memory.len() > 1 << 20,
        "it must be the whole memory, not {} bytes",
        memory.len()
    );
    assert!(
        holds(memory, "marker-of-the-guest"),
        "what the guest sent must be found, or nothing would be"
    );
    assert!(
        holds(memory, MARKER),
        "what the upstream said must be found, or nothing would be"
    );
    assert!(!holds(memory, KEY), "the credential must not be in the guest's memory");
    assert!(!holds(memory, &KEY[..12]), "nor a part of it that tells it apart");
}

#[tokio::test]
async fn a_credential_that_the_upstream_sends_back_is_struck_out() {
    let upstream = Upstream::start(mirror).await;
    let deployment = keyed("reads_memory", &upstream, |_| {}).await;
    let answer = curious(&deployment).await;
    let [body, header] = texts(&answer)[..] else {
        panic!("the guest tells body and header")
    };
    let stars = format!("authorization: Bearer {}", "*".repeat(KEY.len()));
    assert!(
        body.contains(&stars),
        "the body must have stars where the key was: {body}"
    );
    assert_eq!(header, "***", "a header with the key in it must be replaced");
}

#[tokio::test]
async fn a_credential_that_comes_back_in_two_pieces_is_struck_out() {
    let (first, second) = KEY.split_at(9);
    let upstream = Upstream::start(move |_| Reply::text(format!("key={first}")).send(format!("{second};"))).await;
    let deployment = keyed("reads_memory", &upstream, |_| {}).await;
    let answer = curious(&deployment).await;
    assert_eq!(
        texts(&answer).first(),
        Some(&format!("key={};", "*".repeat(KEY.len())).as_str())
    );
    assert!(
        !holds(memory(&answer), KEY),
        "the pieces must not meet in the guest's memory"
    );
}

#[tokio::test]
async fn a_call_says_which_of_the_keys_is_attached() {
    let upstream = Upstream::start(mirror).await;
    let deployment = keyed("reads_memory", &upstream, |options| {
        options.outbound.secrets = secrets(&[KEY, OTHER]);
    })
    .await;
    assert_eq!(deployment.keys(), 2);
    for key in [0, 1, 2, 0] {
        let call = CallOptions { key, ..patiently() };
        deployment
            .generate(&asking(&[]), MODEL, call)
            .await
            .expect("the exchange must work");
    }
    let requests = upstream.requests();
    let attached: Vec<String> = requests
        .iter()
        .map(|request| request.header("authorization").concat())
        .collect();
    let (first, second) = (format!("Bearer {KEY}"), format!("Bearer {OTHER}"));
    assert_eq!(
        attached,
        [first.as_str(), second.as_str(), "", first.as_str()],
        "each call must carry its own key, and none where there is no such key"
    );
}

#[tokio::test]
async fn every_key_is_struck_out_whichever_the_call_carries() {
    let upstream = Upstream::start(|request| {
        let path = &request.path;
        let both = format!("{KEY} {OTHER}");
        Reply::text(format!("{MARKER} {path} {both};")).header("x-reflected", &both)
    })
    .await;
    let deployment = keyed("reads_memory", &upstream, |options| {
        options.outbound.secrets = secrets(&[KEY, OTHER]);
    })
    .await;
    let stars = format!("{} {};", "*".repeat(KEY.len()), "*".repeat(OTHER.len()));
    for key in [0, 1] {
        let call = CallOptions { key, ..patiently() };
        let answer = deployment
            .generate(&asking(&[]), MODEL, call)
            .await
            .expect("the exchange must work");
        let [body, header] = texts(&answer)[..] else {
            panic!("the guest tells body and header")
        };
        assert!(body.ends_with(&stars), "stars must stand for both keys: {body}");
        assert_eq!(header, "***", "a header with a key in it must be replaced");
        let memory = memory(&answer);
        assert!(
            holds(memory, MARKER),
            "what the upstream said must be found, or nothing would be"
        );
        for secret in [KEY, OTHER] {
            assert!(!holds(memory, secret), "no key must be in the guest's memory");
            assert!(!holds(memory, &secret[..12]), "nor a part of one that tells it apart");
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_found_out_wherever_it_stands() {
    let provider = provider("reads_memory").await;
    let mut options = options("reads_memory");
    options.outbound.base_url = Some(url::Url::parse("https://127.0.0.1:9/v1").expect("it is a URL"));
    options.outbound.secrets = secrets(&[KEY, "sk-test-with\na-line-break"]);
    options.scheme = Some(CredentialScheme::Bearer);
    let error = shared()
        .deploy(&provider, options)
        .expect_err("the second key fits into no header");
    assert!(error.to_string().contains("line break"), "{error}");
}

#[tokio::test]
async fn another_granted_host_does_not_get_the_credential() {
    let upstream = Upstream::start(mirror).await;
    let other = Upstream::start(mirror).await;
    let entry = AllowEntry::parse(&other.url("")).expect("an address with a port is a grant");
    let deployment = keyed("calls_forbidden_host", &upstream, |options| {
        options.outbound.allow = vec![entry]
    })
    .await;
    let request = asking(&[("url", json!(other.url("/collect")))]);
    deployment
        .generate(&request, MODEL, patiently())
        .await
        .expect("the granted host must answer");
    let seen = other.request();
    assert_eq!(
        seen.header("authorization"),
        [""; 0],
        "the credential is for base_url alone"
    );
    assert!(
        !format!("{seen:?}").contains(KEY),
        "it must not be anywhere in the request"
    );
}

#[tokio::test]
async fn a_named_header_carries_the_bare_credential() {
    let upstream = Upstream::start(mirror).await;
    let scheme = CredentialScheme::Header("x-api-key".to_owned());
    let deployment = keyed("reads_memory", &upstream, |options| options.scheme = Some(scheme)).await;
    curious(&deployment).await;
    let request = upstream.request();
    assert_eq!(
        request.header("x-api-key"),
        [KEY],
        "the host's credential takes the place of the guest's"
    );
    assert_eq!(request.header("authorization"), [""; 0]);
}

#[tokio::test]
async fn a_query_parameter_carries_the_credential_and_replaces_the_guests() {
    let upstream = Upstream::start(mirror).await;
    let scheme = CredentialScheme::Query("key".to_owned());
    let deployment = keyed("calls_forbidden_host", &upstream, |options| {
        options.scheme = Some(scheme)
    })
    .await;
    let request = asking(&[("url", json!(upstream.url("/v1?alt=sse&key=guess")))]);
    let answer = deployment
        .generate(&request, MODEL, patiently())
        .await
        .expect("the exchange must work");
    assert_eq!(upstream.request().path, format!("/v1?alt=sse&key={KEY}"));
    assert!(
        !answer.text().contains(KEY),
        "a path that is sent back must be struck out too: {}",
        answer.text()
    );
}

#[tokio::test]
async fn a_deployment_never_prints_its_credential() {
    let upstream = Upstream::start(mirror).await;
    let deployment = keyed("reads_memory", &upstream, |options| {
        assert!(!format!("{options:?}").contains(KEY), "options must be safe to print");
    })
    .await;
    assert!(
        !format!("{deployment:?}").contains(KEY),
        "a deployment must be safe to print"
    );
}

/// A key that a form, a URL and JSON each write differently.
const AWKWARD: &str = "sk +/\"very secret\"";

#[tokio::test]
async fn a_credential_that_comes_back_encoded_is_struck_out_too() {
    let upstream = Upstream::start(mirror).await;
    let scheme = CredentialScheme::Query("key".to_owned());
    let deployment = keyed("calls_forbidden_host", &upstream, |options| {
        options.scheme = Some(scheme);
        options.outbound.secrets = secrets(&[AWKWARD]);
    })
    .await;
    let request = asking(&[("url", json!(upstream.url("/v1?a=b")))]);
    let answer = deployment
        .generate(&request, MODEL, patiently())
        .await
        .expect("the exchange must work");
    let sent = upstream.request().path;
    let encoded = sent.split("key=").nth(1).expect("the credential must have been sent");
    assert!(
        !answer.text().contains(encoded) && !answer.text().contains("very"),
        "the encoded credential must be struck out: {}",
        answer.text()
    );
}
