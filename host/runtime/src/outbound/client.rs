//! The pooled HTTP client of one deployment. A pool of its own for each: connections carry the deployment's
//! policy, trust and credential, so none may serve another.

use std::pin::pin;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use super::allow::AllowList;
use super::connector::{Connector, Timed};
use super::failure::{self, Unanswered};
use super::{OutboundError, OutboundOptions, TrustedRoots};

/// Shorter than the keep-alive of the load balancers in front of vendors, so that the host closes first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Idle HTTP/1.1 connections kept; 4 made a new connection for every other request (wasmCloud measured).
const MAX_IDLE: usize = 64;

pub(super) struct Client {
    pool: hyper_util::client::legacy::Client<Timed<HttpsConnector<Connector>>, WasiBody>,
    connector: Connector,
}

/// How often a connection that answers nothing is asked whether it is still there. A dead one would otherwise
/// take request after request until the kernel gives it up.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long the answer may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

impl Client {
    pub(super) fn new(
        options: &OutboundOptions,
        allow: AllowList,
        roots: &TrustedRoots,
    ) -> Result<Self, OutboundError> {
        let tls = roots.client_config(options.ca_pem.as_deref())?;
        let connector = Connector::new(allow, options.proxy);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector.clone());
        let pool = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .build(Timed {
                inner: https,
                limit: options.timeouts.connect,
            });
        Ok(Self { pool, connector })
    }

    /// Adds what a proxy for plain HTTP wants to know; for HTTPS the tunnel carries it.
    pub(super) fn authorize_at_proxy(&self, request: &mut Request<WasiBody>) {
        if let Some(value) = self.connector.plain_proxy_authorization(request.uri()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
    }

    /// Sends a request. `connect` is how long it may take until it has a connection, from the pool or a new one. Should
    /// that turn out to be dead, the pool gets another, and only the deployment's own limit counts for it.
    pub(super) async fn request(
        &self,
        mut request: Request<WasiBody>,
        connect: Option<Duration>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let Some(limit) = connect else {
            return self.pool.request(request).await.map_err(|e| failure::classify(&e));
        };
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(self.pool.request(request));
        let connected = async { connection.wait_for_connection_metadata().await.is_some() };
        // The answer first: polling it is what makes the connection, so a pooled one is there before a timer is set,
        // and an error is seen before the end of the wait for a connection that never came.
        tokio::select! {
            biased;
            answered = &mut answer => return answered.map_err(|e| failure::classify(&e)),
            waited = tokio::time::timeout(limit, connected) => {
                if waited.is_err() {
                    return Err(failure::no_connection());
                }
            }
        }
        answer.await.map_err(|e| failure::classify(&e))
    }
}
