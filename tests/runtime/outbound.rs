//! The way out: a guest reaches what the operator granted and nothing else, within limits, and the host names a
//! failure by what it saw. Credentials have a file of their own beside this one.

use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use wharf_runtime::{AllowEntry, CallOptions, Deployment, DeploymentOptions};
use wharf_tests::runtime::{MODEL, asking, deploy, patiently};
use wharf_tests::upstream::{Gate, Recorded, Reply, Upstream};
use wharf_types::{Error, ErrorKind, Event, Phase, Request, Response};

/// A guest that asks whatever the request says, deployed with this upstream.
async fn courier(upstream: &Upstream, adjust: impl FnOnce(&mut DeploymentOptions)) -> Deployment {
    let base_url = upstream.base_url();
    deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url);
        adjust(options);
    })
    .await
}

fn fetching(url: &str) -> Request {
    asking(&[("url", json!(url))])
}

async fn fetch(deployment: &Deployment, url: &str) -> Result<Response, Error> {
    deployment.generate(&fetching(url), MODEL, patiently()).await
}

async fn failure(deployment: &Deployment, url: &str) -> Error {
    fetch(deployment, url).await.expect_err("this exchange must fail")
}

fn hello(_request: &Recorded) -> Reply {
    Reply::text("hello")
}

#[tokio::test]
async fn the_deployments_own_upstream_is_reached() {
    let upstream = Upstream::start(hello).await;
    let courier = courier(&upstream, |_| {}).await;
    let answer = fetch(&courier, &upstream.url("/v1/chat?x=1"))
        .await
        .expect("base_url must be reachable");
    assert_eq!(answer.text(), "200 hello");
    let request = upstream.request();
    assert_eq!(request.path, "/v1/chat?x=1");
    let host = upstream.address().to_string();
    assert_eq!(
        request.header("host"),
        [host.as_str()],
        "the host writes the Host header"
    );
    assert!(
        request.header("user-agent").concat().starts_with("wharf/"),
        "{:?}",
        request.headers
    );
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_not_even_contacted() {
    let upstream = Upstream::start(hello).await;
    let forbidden = Upstream::start(hello).await;
    let courier = courier(&upstream, |_| {}).await;
    let error = failure(&courier, &forbidden.url("/")).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(!error.sent(), "nothing was sent");
    assert!(
        error.message().contains("allow_hosts"),
        "the operator must learn what decides: {}",
        error.message()
    );
    assert_eq!(
        forbidden.counts().connections,
        0,
        "another port of the same address is another host"
    );
}

#[tokio::test]
async fn well_known_ways_around_an_allow_list_are_closed() {
    let upstream = Upstream::start(hello).await;
    let courier = courier(&upstream, |_| {}).await;
    let port = upstream.address().port();
    for url in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1.nip.io:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        "http://127.0.0.1/".to_owned(),
    ] {
        let error = failure(&courier, &url).await;
        assert_eq!(
            error.kind(),
            ErrorKind::PermissionDenied,
            "{url} must be denied: {error}"
        );
    }
    assert_eq!(upstream.counts().connections, 0);
}

#[tokio::test]
async fn a_granted_host_is_reached_beside_the_upstream() {
    let upstream = Upstream::start(hello).await;
    let granted = Upstream::start(|_| Reply::text("granted")).await;
    let entry = AllowEntry::parse(&granted.url("")).expect("an address with a port is a grant");
    let courier = courier(&upstream, |options| options.outbound.allow = vec![entry]).await;
    let answer = fetch(&courier, &granted.url("/"))
        .await
        .expect("a granted host must be reachable");
    assert_eq!(answer.text(), "200 granted");
}

#[tokio::test]
async fn localhost_by_name_needs_no_further_grant() {
    let upstream = Upstream::start(hello).await;
    let url = format!("http://localhost:{}", upstream.address().port());
    let base_url = url::Url::parse(&url).expect("it is a URL");
    let courier = deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url)
    })
    .await;
    let answer = fetch(&courier, &format!("{url}/"))
        .await
        .expect("an Ollama on this machine must be reachable");
    assert_eq!(answer.text(), "200 hello");
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_guest_and_not_followed() {
    let elsewhere = Upstream::start(hello).await;
    let target = elsewhere.url("/stolen");
    let upstream = Upstream::start(move |_| Reply::new(302).header("location", &target).send("moved")).await;
    let courier = courier(&upstream, |_| {}).await;
    let answer = fetch(&courier, &upstream.url("/"))
        .await
        .expect("a redirect is an answer");
    assert_eq!(answer.text(), "302 moved");
    assert_eq!(upstream.counts().requests, 1);
    assert_eq!(elsewhere.counts().connections, 0, "a redirect must not lead anywhere");
}

#[tokio::test]
async fn an_answer_beyond_the_cap_fails_the_call() {
    let upstream = Upstream::start(|_| {
        let piece = vec![b'x'; 16 << 10];
        (0..8).fold(Reply::new(200), |reply, _| reply.send(piece.clone()))
    })
    .await;
    let capped = courier(&upstream, |options| options.limits.response = 100 << 10).await;
    let error = failure(&capped, &upstream.url("/")).await;
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
    assert!(error.message().contains("larger than the limit"), "{}", error.message());
    let roomy = courier(&upstream, |options| options.limits.response = 128 << 10).await;
    fetch(&roomy, &upstream.url("/"))
        .await
        .expect("an answer of exactly the cap must pass");
}

#[tokio::test]
async fn a_stream_has_a_cap_of_its_own() {
    let upstream = Upstream::start(|_| Reply::text(vec![b'x'; 32 << 10])).await;
    let courier = courier(&upstream, |options| {
        options.limits.response = 1 << 10;
        options.limits.stream = 64 << 10;
    })
    .await;
    let request = fetching(&upstream.url("/"));
    let mut stream = courier
        .stream(&request, MODEL, patiently())
        .await
        .expect("the stream must start");
    let mut bytes = 0;
    loop {
        let events = stream.next().await.expect("the cap for whole answers must not apply");
        if events.is_empty() {
            break;
        }
        for event in events {
            if let Event::Text(text) = event {
                bytes += text.len();
            }
        }
    }
    assert_eq!(bytes, 32 << 10);
}

#[tokio::test]
async fn an_upstream_that_does_not_begin_to_answer_times_out() {
    let upstream = Upstream::start(|_| Reply::text("too late").held_by(&Gate::new())).await;
    let limit = Duration::from_millis(200);
    let courier = courier(&upstream, |options| options.outbound.timeouts.first_byte = limit).await;
    let error = failure(&courier, &upstream.url("/")).await;
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::FirstToken), "{error}");
    upstream.disconnected().await;
}

#[tokio::test]
async fn an_upstream_that_pauses_too_long_times_out() {
    let upstream = Upstream::start(|_| Reply::text("a beginning").hang()).await;
    let courier = courier(&upstream, |options| {
        options.outbound.timeouts.idle = Duration::from_millis(200)
    })
    .await;
    let error = failure(&courier, &upstream.url("/")).await;
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Idle), "{error}");
    assert!(error.sent(), "the upstream has seen the request");
    upstream.disconnected().await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_answer_is_the_upstreams_failure() {
    let gate = Gate::new();
    let middle = gate.clone();
    let upstream = Upstream::start(move |_| Reply::text("a beginning").wait(&middle).cut()).await;
    let courier = courier(&upstream, |_| {}).await;
    let request = fetching(&upstream.url("/"));
    let mut stream = courier
        .stream(&request, MODEL, patiently())
        .await
        .expect("the stream must start");
    assert_eq!(
        stream.next().await.expect("the beginning arrives"),
        [Event::Text("a beginning".to_owned())]
    );
    gate.open();
    let error = stream.next().await.expect_err("an answer that breaks off is no end");
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable, "{error}");
    assert!(error.sent(), "the upstream has seen the request");
}

#[tokio::test]
async fn an_upstream_where_nobody_listens_has_seen_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there must be a free port");
    let url = format!("http://{}/", listener.local_addr().expect("a listener has an address"));
    drop(listener);
    let base_url = url::Url::parse(&url).expect("it is a URL");
    let courier = deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url)
    })
    .await;
    let error = failure(&courier, &url).await;
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable, "{error}");
    assert!(!error.sent(), "a request that never left is safe to repeat");
}

/// An upstream that accepts connections and never says a word, so that TLS never comes about. It does so as long as
/// the listener lives.
async fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there must be a free port");
    let url = format!("https://{}/", listener.local_addr().expect("a listener has an address"));
    (listener, url)
}

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);

/// What a call ends with that gets no connection, with the deployment's own limit and one of the call. The longer of
/// them is so long that another limit would end the call first.
async fn unconnected(own: Duration, connect: Duration) -> Error {
    let (_listener, url) = silent().await;
    let base_url = url::Url::parse(&url).expect("it is a URL");
    let courier = deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url);
        options.outbound.timeouts.connect = own;
    })
    .await;
    let call = CallOptions {
        connect: Some(connect),
        ..patiently()
    };
    courier
        .generate(&fetching(&url), MODEL, call)
        .await
        .expect_err("there is no connection")
}

#[tokio::test]
async fn a_call_may_want_its_connection_sooner_than_the_deployment() {
    let error = unconnected(LONG, SHORT).await;
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Connect), "{error}");
    assert!(!error.sent(), "a request without a connection is safe to repeat");
}

#[tokio::test]
async fn the_deployments_connect_limit_holds_for_a_call_with_a_longer_one() {
    let error = unconnected(SHORT, LONG).await;
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Connect), "{error}");
}

#[tokio::test]
async fn the_connect_limit_of_a_call_ends_with_the_connection() {
    let connect = Duration::from_millis(500);
    let late = connect + Duration::from_millis(100);
    let upstream = Upstream::start(move |_| Reply::text("late, but there").after(late)).await;
    let courier = courier(&upstream, |_| {}).await;
    let call = || CallOptions {
        connect: Some(connect),
        ..patiently()
    };
    for _ in 0..3 {
        let answer = courier
            .generate(&fetching(&upstream.url("/")), MODEL, call())
            .await
            .expect("a slow answer is not a slow connection");
        assert_eq!(answer.text(), "200 late, but there");
    }
    let counts = upstream.counts();
    assert!(
        counts.connections <= 2,
        "a connection from the pool must do as well: {counts:?}"
    );
}

#[tokio::test]
async fn a_connect_limit_does_not_hide_why_there_is_no_connection() {
    let (listener, url) = silent().await;
    drop(listener);
    let base_url = url::Url::parse(&url).expect("it is a URL");
    let courier = deploy("calls_forbidden_host", |options| {
        options.outbound.base_url = Some(base_url)
    })
    .await;
    let call = CallOptions {
        connect: Some(Duration::from_secs(30)),
        ..patiently()
    };
    let error = courier
        .generate(&fetching(&url), MODEL, call)
        .await
        .expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable, "{error}");
    assert!(!error.sent(), "a request that never left is safe to repeat");
}

#[tokio::test]
async fn a_guest_cannot_hide_how_long_the_upstream_asks_to_wait() {
    let upstream = Upstream::start(|_| Reply::new(429).header("retry-after", "7").send("slow down")).await;
    let base_url = upstream.base_url();
    let lying = deploy("lies", |options| options.outbound.base_url = Some(base_url)).await;
    let error = lying
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect_err("a 429 is a failure");
    assert_eq!(error.kind(), ErrorKind::RateLimited, "the host saw the 429");
    assert_eq!(
        error.retry_after(),
        Some(Duration::from_secs(7)),
        "the host saw the wait, whatever the guest says"
    );
}

#[tokio::test]
async fn a_guest_cannot_blame_the_caller_for_the_upstreams_failure() {
    let upstream = Upstream::start(|_| Reply::new(500).send("out of order")).await;
    let base_url = upstream.base_url();
    let lying = deploy("lies", |options| options.outbound.base_url = Some(base_url)).await;
    let error = lying
        .generate(&asking(&[]), MODEL, patiently())
        .await
        .expect_err("a 500 is a failure");
    assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable, "the host saw the 500");
    assert_eq!(error.http_status(), Some(500));
    assert!(error.sent(), "the host saw the answer, whatever the guest says");
}

#[tokio::test]
async fn connections_are_used_again() {
    let upstream = Upstream::start(hello).await;
    let courier = courier(&upstream, |_| {}).await;
    for _ in 0..50 {
        fetch(&courier, &upstream.url("/")).await.expect("it must answer");
    }
    let counts = upstream.counts();
    assert_eq!(counts.requests, 50);
    assert!(
        counts.connections <= 2,
        "calls in a row must share a connection: {counts:?}"
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_before_the_answer_closes_its_connection() {
    let upstream = Upstream::start(|_| Reply::text("too late").held_by(&Gate::new())).await;
    let courier = courier(&upstream, |_| {}).await;
    let request = fetching(&upstream.url("/"));
    {
        let mut call = pin!(courier.generate(&request, MODEL, patiently()));
        tokio::select! {
            ended = &mut call => panic!("nothing has answered yet: {ended:?}"),
            () = upstream.received(1) => {}
        }
    }
    upstream.disconnected().await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_closes_its_connection() {
    let upstream = Upstream::start(|_| Reply::text("a beginning").hang()).await;
    let courier = courier(&upstream, |_| {}).await;
    let request = fetching(&upstream.url("/"));
    let mut stream = courier
        .stream(&request, MODEL, patiently())
        .await
        .expect("the stream must start");
    let events = stream.next().await.expect("the beginning must arrive before the end");
    assert_eq!(events, [Event::Text("a beginning".to_owned())]);
    assert_eq!(upstream.counts().in_flight, 1);
    drop(stream);
    upstream.disconnected().await;
}

#[tokio::test]
async fn a_piece_of_a_stream_reaches_the_caller_before_the_next_is_sent() {
    let gate = Gate::new();
    let second = gate.clone();
    let upstream = Upstream::start(move |_| Reply::text("one").wait(&second).send("two")).await;
    let courier = courier(&upstream, |_| {}).await;
    let request = fetching(&upstream.url("/"));
    let mut stream = courier
        .stream(&request, MODEL, patiently())
        .await
        .expect("the stream must start");
    let first = stream
        .next()
        .await
        .expect("the first piece must not wait for the second");
    assert_eq!(first, [Event::Text("one".to_owned())]);
    gate.open();
    let second = stream.next().await.expect("the second piece must follow");
    assert_eq!(second, [Event::Text("two".to_owned())]);
}
