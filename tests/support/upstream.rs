//! A scripted upstream: a local HTTP server that answers as a test says and remembers what it was asked.
//!
//! The script is a function from a request to a [`Reply`]. The server counts what happens at its end of the wire
//! and lets a test wait for it, so that no test has to guess how long something takes.

mod reply;
mod server;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

pub use reply::{Gate, Reply};
use server::State;

/// How long a wait for something that must come may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon a call that is given up must let go of its connection.
const PROMPTLY: Duration = Duration::from_secs(2);

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its method.
    pub method: Method,
    /// Its path, with the query.
    pub path: String,
    /// The protocol it came by.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Recorded {
    /// The values of a header, those that are text.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect()
    }
}

/// What has happened at the upstream's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: usize,
    /// Requests that arrived whole.
    pub requests: usize,
    /// Requests that are being answered.
    pub in_flight: usize,
    /// Requests whose client left before the script was done with them.
    pub disconnects: usize,
}

/// A running upstream. Dropping it stops it.
pub struct Upstream {
    address: SocketAddr,
    ca_pem: Option<String>,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl Upstream {
    /// Starts one that speaks plain HTTP.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(script: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Box::new(script), None).await
    }

    /// Starts one that speaks HTTPS, with a certificate for `name` by an authority of its own, and offers these
    /// protocols (`http/1.1`, `h2`).
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start_tls(
        name: &str,
        protocols: &[&str],
        script: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Box::new(script), Some(tls::certify(name, protocols))).await
    }

    async fn listen(script: server::Script, tls: Option<tls::Certified>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there must be a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = Arc::new(State::new(script));
        let (acceptor, ca_pem) = tls.map(|tls| (tls.acceptor, tls.ca_pem)).unzip();
        let accepting = tokio::spawn(server::accept(listener, acceptor, Arc::clone(&state)));
        Self {
            address,
            ca_pem,
            state,
            accepting,
        }
    }

    /// The URL of a path. With TLS the host is `localhost`, since certificates are for names.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let port = self.address.port();
        match self.ca_pem {
            Some(_) => format!("https://localhost:{port}{path}"),
            None => format!("http://127.0.0.1:{port}{path}"),
        }
    }

    /// The URL as a deployment's `base_url`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn base_url(&self) -> Url {
        Url::parse(&self.url("")).expect("a host and a port make a URL")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority as PEM, if it speaks TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<Vec<u8>> {
        self.ca_pem.as_ref().map(|pem| pem.clone().into_bytes())
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.counts()
    }

    /// The requests so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests()
    }

    /// The one request that has arrived.
    ///
    /// # Panics
    /// When there was none, or more than one.
    #[must_use]
    pub fn request(&self) -> Recorded {
        let mut requests = self.requests();
        assert_eq!(
            requests.len(),
            1,
            "the upstream must have been asked exactly once: {requests:?}"
        );
        requests.remove(0)
    }

    /// Waits until this many requests have arrived.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn received(&self, requests: usize) {
        self.reached(PATIENCE, "the request must arrive", |counts| {
            counts.requests >= requests
        })
        .await;
    }

    /// Waits until a client has left in the middle of an answer, or before it.
    ///
    /// # Panics
    /// When none does within two seconds.
    pub async fn disconnected(&self) {
        self.reached(PROMPTLY, "the client must close its connection", |counts| {
            counts.disconnects >= 1
        })
        .await;
    }

    async fn reached(&self, patience: Duration, what: &str, condition: impl Fn(&Counts) -> bool) {
        let waited = timeout(patience, self.state.wait(condition)).await;
        assert!(
            waited.is_ok(),
            "{what} within {patience:?}, but all that happened is {:?}",
            self.counts()
        );
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // The connections belong to the task and end with it.
        self.accepting.abort();
    }
}
