//! Everything a guest's HTTP request passes on its way out: one object, one order.
//!
//! allow-list → headers → credential → (pooled client: resolve → vet addresses → connect only to those → TLS)
//! → first-byte timeout → answer noted → credentials struck from headers → body capped, timed, scrubbed.
//!
//! The guest's memory never holds a credential: the one that the call names is added here, after the request has
//! left the guest, and only for the deployment's own upstream; all of them are struck out of what comes back, since
//! an upstream may know more than one. No redirects are followed.

mod address;
mod allow;
mod body;
mod client;
mod connector;
mod credential;
mod failure;
mod hooks;
mod retry_after;
mod scrub;
mod seen;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use url::Url;
use wasmtime_wasi_http::{Error as WasiError, RequestOptions, WasiBody};
use wharf_types::{CredentialScheme, Phase};

pub use allow::AllowEntry;
pub use failure::OutboundError;
pub(crate) use hooks::Hooks;
pub(crate) use seen::{Failure, Observed, Seen};
pub use tls::TrustedRoots;

use crate::call::Terms;
use crate::secret::Secret;
use allow::AllowList;
use body::AnswerBody;
use client::Client;
use credential::Credential;
use scrub::Scrubber;

/// Time limits on one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundTimeouts {
    /// Until there is a connection, TLS included. 10 s by default; a call may want it sooner.
    pub connect: Duration,
    /// From the request's start to the head of the answer; 60 s by default. A non-streamed answer of a
    /// model sends nothing until it is complete.
    pub first_byte: Duration,
    /// The longest gap between two pieces of the body; 60 s by default.
    pub idle: Duration,
}

impl Default for OutboundTimeouts {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            connect: Duration::from_secs(10),
            first_byte: minute,
            idle: minute,
        }
    }
}

/// What a deployment may reach, and how.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// The deployment's upstream. It may be reached, and it alone gets a credential.
    pub base_url: Option<Url>,
    /// What else may be reached.
    pub allow: Vec<AllowEntry>,
    /// Whether host names may lead to private addresses. An address written into `base_url` or an entry,
    /// and `localhost`, need no such grant.
    pub private: bool,
    /// How a credential is attached.
    pub scheme: CredentialScheme,
    /// The credentials. Each call attaches one of them.
    pub secrets: Vec<Secret>,
    /// Time limits.
    pub timeouts: OutboundTimeouts,
    /// More certificate authorities, as PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` apply.
    pub proxy: bool,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            allow: Vec::new(),
            private: false,
            scheme: CredentialScheme::None,
            secrets: Vec::new(),
            timeouts: OutboundTimeouts::default(),
            ca_pem: None,
            proxy: true,
        }
    }
}

/// A deployment's way out.
pub(crate) struct Outbound {
    allow: AllowList,
    /// In the order of the keys. All or none of them: what attaches nothing attaches nothing of any key.
    credentials: Vec<Credential>,
    scrubber: Option<Arc<Scrubber>>,
    client: Client,
    timeouts: OutboundTimeouts,
}

/// Headers that a guest's request never carries out: credentials are the host's, and hop-by-hop headers
/// belong to the connection, which the guest does not have.
const REMOVED: [HeaderName; 11] = [
    // What comes back has to be readable for the host, which strikes a reflected credential out of it.
    header::ACCEPT_ENCODING,
    header::RANGE,
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];
/// The same, for names that the standard library of headers does not know.
const REMOVED_BY_NAME: [&str; 5] = [
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "keep-alive",
    "proxy-connection",
];
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("wharf/", env!("CARGO_PKG_VERSION")));

impl Outbound {
    /// # Errors
    /// When the options make no sense together: a credential over plain HTTP to a public host, a credential
    /// that cannot be a header, a `ca_pem` without certificates.
    pub(crate) fn new(options: &OutboundOptions, roots: &TrustedRoots) -> Result<Self, OutboundError> {
        let allow = AllowList::new(options.base_url.as_ref(), &options.allow, options.private)?;
        let credentials = match &options.base_url {
            Some(url) => {
                let credential = |secret| Credential::new(&options.scheme, secret, url, options.private).transpose();
                let keys = options.secrets.iter();
                keys.filter_map(credential).collect::<Result<Vec<_>, _>>()?
            }
            None => Vec::new(),
        };
        Ok(Self {
            client: Client::new(options, allow.clone(), roots)?,
            allow,
            credentials,
            scrubber: Scrubber::new(&options.secrets).map(Arc::new),
            timeouts: options.timeouts.clone(),
        })
    }

    /// How many keys a call can choose from.
    pub(crate) fn keys(&self) -> usize {
        self.credentials.len()
    }

    /// Masks the deployment's credentials in a text.
    pub(crate) fn mask(&self, text: String) -> String {
        match &self.scrubber {
            Some(scrubber) => scrubber.text(&text),
            None => text,
        }
    }

    /// Sends one request of the guest.
    async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        seen: &Arc<Seen>,
        cap: u64,
        terms: Terms,
    ) -> Result<Response<WasiBody>, WasiError> {
        if !self.allow.permits(request.uri()) {
            tracing::warn!(
                host = request.uri().host(),
                "a provider asked for a host that is not on its allow-list"
            );
            seen.failed(Failure::Denied);
            return Err(WasiError::HttpRequestDenied);
        }
        clean(request.headers_mut());
        if let Some(credential) = self.credentials.get(terms.key) {
            credential.attach(&mut request)?;
        }
        self.client.authorize_at_proxy(&mut request);
        seen.started();
        let limit = |own: Duration, wish: Option<Duration>| wish.map_or(own, |wish| wish.clamp(MIN_TIMEOUT, own));
        let first_byte = limit(self.timeouts.first_byte, options.and_then(|o| o.first_byte_timeout));
        let idle = limit(self.timeouts.idle, options.and_then(|o| o.between_bytes_timeout));

        let exchange = self.client.request(request, terms.connect);
        let answer = match tokio::time::timeout(first_byte, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err((failure, error))) => {
                seen.failed(failure);
                return Err(error);
            }
            Err(_) => {
                seen.failed(Failure::Timeout(Phase::FirstToken));
                return Err(WasiError::HttpResponseTimeout);
            }
        };
        let wait = retry_after::wait(answer.status(), answer.headers(), retry_after::wall_clock);
        seen.answered(answer.status().as_u16(), wait);
        let (mut head, body) = answer.into_parts();
        if let Some(scrubber) = &self.scrubber {
            let coding = head.headers.get(header::CONTENT_ENCODING);
            if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
                // Nobody asked for it, and nothing could be struck out of it.
                seen.failed(Failure::Protocol);
                return Err(WasiError::HttpResponseContentCoding(None));
            }
            scrubber.headers(&mut head.headers);
        }
        let body = AnswerBody::new(body, cap, idle, self.scrubber.clone(), Arc::clone(seen));
        Ok(Response::from_parts(head, body.boxed_unsync()))
    }
}

/// A guest that asks for no patience at all gets this much: a zero timeout is a mistake, not a wish.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);

fn clean(headers: &mut HeaderMap) {
    for name in REMOVED {
        headers.remove(name);
    }
    for name in REMOVED_BY_NAME {
        headers.remove(name);
    }
    // The client writes it from the URI, for HTTP/2 as `:authority`.
    headers.remove(header::HOST);
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
}
