//! The pooled HTTP client of one deployment. A pool of its own for each: connections carry the deployment's
//! policy, trust and credential, so none may serve another.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Error as ClientError;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use super::allow::AllowList;
use super::connector::{Connector, Timed};
use super::{OutboundError, OutboundOptions, TrustedRoots};

/// Shorter than the keep-alive of the load balancers in front of vendors, so that the host closes first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Idle HTTP/1.1 connections kept; 4 made a new connection for every other request (wasmCloud measured).
const MAX_IDLE: usize = 64;

pub(super) struct Client(hyper_util::client::legacy::Client<Timed<HttpsConnector<Connector>>, WasiBody>);

impl Client {
    pub(super) fn new(
        options: &OutboundOptions,
        allow: AllowList,
        roots: &TrustedRoots,
    ) -> Result<Self, OutboundError> {
        let tls = roots.client_config(options.ca_pem.as_deref())?;
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector::new(allow, options.proxy));
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .http2_adaptive_window(true)
            .build(Timed {
                inner: https,
                limit: options.timeouts.connect,
            });
        Ok(Self(client))
    }

    pub(super) async fn request(&self, request: Request<WasiBody>) -> Result<Response<Incoming>, ClientError> {
        self.0.request(request).await
    }
}
