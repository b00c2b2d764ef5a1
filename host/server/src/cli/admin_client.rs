//! Asking a running host's admin API: where it is, and what went wrong in the operator's words. Speaks plain HTTP to
//! the address it is given and to nothing in between: proxies of the environment are for the world outside.

mod lines;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wharf::Secret;
use wharf::config::{self, ProcessEnv};

use super::ConfigArgs;
use crate::admin::wire::Failure;
use lines::Lines;

/// How long an answer may take. It is read from memory on the other side.
const LIMIT: Duration = Duration::from_secs(10);
/// How long an answer may take for which vendors are asked. The host gives them up first, and says so.
const VENDOR_LIMIT: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes: far more than thousands of deployments take.
const MAX_ANSWER: usize = 64 << 20;

/// Which host is asked. Its configuration says where it listens; the other two are for hosts whose configuration is
/// not at hand.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where the admin API is, such as http://127.0.0.1:8081. The configuration is not read then.
    #[arg(long, value_name = "URL", env = "WHARF_ADMIN")]
    admin: Option<String>,
    /// The token of the admin API. Default: the one of the configuration.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WHARF_ADMIN_TOKEN",
        hide_env_values = true,
        value_parser = secret
    )]
    token: Option<Secret>,
}

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text.to_owned()))
}

impl AdminArgs {
    /// A client of that host.
    pub(super) fn client(self) -> anyhow::Result<AdminClient> {
        if let Some(url) = &self.admin {
            let base = base_url(url)?;
            return Ok(AdminClient {
                base,
                token: self.token,
            });
        }
        let config = config::load(&self.config.config, &ProcessEnv)
            .context("the configuration says where the admin API is; without one, `--admin URL` does")?;
        Ok(AdminClient {
            base: url_of(config.admin.listen)?,
            token: self.token.or(config.admin.token),
        })
    }
}

/// What was written, as the start of a URL.
fn base_url(text: &str) -> anyhow::Result<String> {
    let wrong = || anyhow!("`{text}` is not the address of an admin API; write it as http://127.0.0.1:8081");
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let uri: Uri = full.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    ensure!(
        uri.scheme_str() == Some("http"),
        "the admin API speaks plain HTTP; write the address as http://{authority}"
    );
    ensure!(uri.query().is_none(), wrong());
    Ok(format!("http://{authority}{}", uri.path().trim_end_matches('/')))
}

/// Where a host that listens there is reached from the same machine.
fn url_of(listen: SocketAddr) -> anyhow::Result<String> {
    ensure!(
        listen.port() != 0,
        "`admin.listen` has port 0, so the host took any free port; pass `--admin URL` with the address that \
         `wharf serve` printed"
    );
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Ok(format!("http://{}", SocketAddr::new(ip, listen.port())))
}

/// A host's admin API.
pub(super) struct AdminClient {
    base: String,
    token: Option<Secret>,
}

impl AdminClient {
    /// Asks for something.
    ///
    /// # Errors
    /// When nobody listens there, it refuses, or it does not answer in time.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<String> {
        self.ask(Method::GET, path, Bytes::new(), LIMIT).await
    }

    /// Asks for something that vendors are asked for.
    ///
    /// # Errors
    /// As [`AdminClient::get`].
    pub(super) async fn get_from_vendors(&self, path: &str) -> anyhow::Result<String> {
        self.ask(Method::GET, path, Bytes::new(), VENDOR_LIMIT).await
    }

    /// Has a vendor delete something.
    ///
    /// # Errors
    /// As [`AdminClient::get`].
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<String> {
        self.ask(Method::DELETE, path, Bytes::new(), VENDOR_LIMIT).await
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// As [`AdminClient::get`].
    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> anyhow::Result<String> {
        self.ask(Method::POST, path, serde_json::to_vec(body)?.into(), LIMIT)
            .await
    }

    /// Asks for something to be done that takes as long as it takes, and is told of line by line.
    ///
    /// # Errors
    /// As [`AdminClient::get`], but for the time.
    pub(super) async fn post_for_lines(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Lines> {
        let request = self.request(Method::POST, path, serde_json::to_vec(body)?.into())?;
        let response = self.send(request).await?;
        if response.status() == StatusCode::OK {
            return Ok(Lines::new(response, self.base.clone()));
        }
        let (status, body) = self.whole(response).await?;
        Err(self.refused(status, &body))
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// When it is not one.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &str) -> anyhow::Result<T> {
        serde_json::from_str(answer).with_context(|| {
            let base = &self.base;
            format!("the answer of {base} makes no sense; is it the admin address of a host of this version?")
        })
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes, limit: Duration) -> anyhow::Result<String> {
        let request = self.request(method, path, body)?;
        let exchange = async { self.whole(self.send(request).await?).await };
        let answer = tokio::time::timeout(limit, exchange).await;
        let (status, body) =
            answer.map_err(|_| anyhow!("{} did not answer within {} s", self.base, limit.as_secs()))??;
        if status == StatusCode::OK {
            Ok(body)
        } else {
            Err(self.refused(status, &body))
        }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(body))?;
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| anyhow!("the token has characters that a header cannot hold"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>> {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        client.request(request).await.map_err(|error| {
            let told = if error.is_connect() {
                "nobody listens there; is wharf serve running? its admin address is `admin.listen`"
            } else {
                "the exchange broke off; is it the admin address of a wharf host?"
            };
            anyhow::Error::from(error).context(format!("{}: {told}", self.base))
        })
    }

    async fn whole(&self, response: Response<Incoming>) -> anyhow::Result<(StatusCode, String)> {
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow!("{}: the answer broke off: {error}", self.base))?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok((status, text))
    }

    /// The other side's words where it has some.
    fn refused(&self, status: StatusCode, body: &str) -> anyhow::Error {
        let base = &self.base;
        if status == StatusCode::UNAUTHORIZED {
            return if self.token.is_some() {
                anyhow!("{base} refused the token; --token or admin.token sets it")
            } else {
                anyhow!("{base} needs a token: --token or admin.token")
            };
        }
        match serde_json::from_str::<Failure>(body) {
            Ok(failure) => anyhow!("{}", failure.error.message),
            Err(_) => anyhow!("{base} answered with {status}; is it the admin address of a wharf host?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{get, post};
    use serde_json::{Value, json};

    use super::*;
    use crate::admin::guarded;
    use crate::serve::{self, Listener};

    #[test]
    fn an_address_may_be_written_short() {
        for (text, expected) in [
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
            ("127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("[::1]:8081", "http://[::1]:8081"),
            ("http://ops.example/wharf/", "http://ops.example/wharf"),
        ] {
            assert_eq!(base_url(text).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "http://",
            "http:///x",
            "https://127.0.0.1:8081",
            "http://a b",
            "http://a/?x=1",
        ] {
            assert!(base_url(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_listeners_address_is_one_that_can_be_asked() {
        for (listen, expected) in [
            ("127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            ("[::]:9000", "http://[::1]:9000"),
            ("10.0.0.1:9000", "http://10.0.0.1:9000"),
        ] {
            assert_eq!(url_of(listen.parse().unwrap()).unwrap(), expected, "{listen}");
        }
        let error = url_of("127.0.0.1:0".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("--admin"), "{error}");
    }

    fn client(address: SocketAddr, token: Option<&str>) -> AdminClient {
        AdminClient {
            base: url_of(address).unwrap(),
            token: token.map(|token| Secret::new(token.to_owned())),
        }
    }

    /// Serves these routes at an address of their own until the test ends.
    async fn serving(routes: Router) -> SocketAddr {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let public = Listener::bind(any, Router::new(), 1).await.unwrap();
        let admin = Listener::bind(any, routes, 4).await.unwrap();
        let address = admin.local_addr().unwrap();
        tokio::spawn(serve::run(public, admin, std::future::pending(), || (), LIMIT));
        address
    }

    #[tokio::test]
    async fn the_token_opens_what_it_guards() {
        let routes = Router::new()
            .route("/state", get(|| async { r#"{"fine":true}"# }))
            .route("/reset", post(|body: String| async move { body }));
        let address = serving(guarded(routes, Some(Secret::new("t".to_owned())))).await;

        let known = client(address, Some("t"));
        let state: Value = known.read(&known.get("/state").await.unwrap()).unwrap();
        assert_eq!(state, json!({"fine": true}));
        let sent = known.post("/reset", &json!({"keys": true})).await.unwrap();
        assert_eq!(sent, r#"{"keys":true}"#);

        let error = client(address, None).get("/state").await.unwrap_err();
        let needed = "needs a token: --token or admin.token";
        assert!(error.to_string().contains(needed), "{error}");
        let error = client(address, Some("x")).get("/state").await.unwrap_err();
        assert!(error.to_string().contains("refused the token"), "{error}");
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_hosts_words() {
        let gone = (
            StatusCode::NOT_FOUND,
            r#"{"error":{"message":"there is no deployment `x`"}}"#,
        );
        let routes = Router::new()
            .route("/reset", post(move || async move { gone }))
            .route("/other", get(|| async { (StatusCode::NOT_FOUND, "<html>") }));
        let client = client(serving(guarded(routes, None)).await, None);
        let error = client.post("/reset", &json!({})).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no deployment `x`");
        let error = client.get("/other").await.unwrap_err();
        assert!(error.to_string().contains("admin address"), "{error}");
        let error = client.read::<Value>("<html>").unwrap_err();
        assert!(error.to_string().contains("makes no sense"), "{error}");
    }

    #[tokio::test]
    async fn a_host_that_does_not_run_is_told_with_what_to_look_at() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let gone = Listener::bind(any, Router::new(), 1).await.unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let error = client(address, None).get("/state").await.unwrap_err();
        let told = format!("{error:#}");
        assert!(
            told.contains("is wharf serve running?") && told.contains("admin.listen"),
            "{told}"
        );
    }
}
