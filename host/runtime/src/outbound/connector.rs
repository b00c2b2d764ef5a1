//! Opening a connection: resolve, keep only the addresses that may be reached, connect to one of them.
//!
//! What was vetted is what is connected to, so a name that resolves differently a moment later (DNS
//! rebinding) gains nothing. With a proxy from the environment the proxy resolves; only literal addresses
//! are vetted then.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;
use url::Host;

use super::address;
use super::allow::{self, AllowList};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("connecting took too long")]
    Timeout,
    #[error("the host name does not resolve: {0}")]
    Resolve(io::Error),
    #[error("every address of the host is private or reserved")]
    Prohibited,
    #[error("no connection: {0}")]
    Connect(Box<dyn std::error::Error + Send + Sync>),
    #[error("the proxy of the environment is of a kind that is not supported; use an http:// proxy")]
    Proxy,
    #[error("not an address")]
    Uri,
}

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, ConnectError>> + Send>>;

/// Connects where a deployment may connect to.
#[derive(Clone)]
pub(super) struct Connector {
    allow: AllowList,
    proxy: Option<Arc<Matcher>>,
}

impl Connector {
    pub(super) fn new(allow: AllowList, proxy: bool) -> Self {
        Self {
            allow,
            proxy: proxy.then(|| Arc::new(Matcher::from_env())),
        }
    }

    /// The proxy for a request. Hosts on this machine and on the operator's own networks are reached directly:
    /// no proxy could reach this machine, and a key that may go to them in the clear must not go elsewhere so.
    fn proxy_for(&self, uri: &Uri) -> Option<Intercept> {
        let (_, host, _) = allow::parts(uri)?;
        let local = match &host {
            Host::Domain(name) => allow::is_localhost(name),
            Host::Ipv4(address) => address::is_private((*address).into()),
            Host::Ipv6(address) => address::is_private((*address).into()),
        };
        if local {
            None
        } else {
            self.proxy.as_ref()?.intercept(uri)
        }
    }

    /// What goes into the header of a request that a proxy forwards in the clear.
    pub(super) fn plain_proxy_authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        if uri.scheme_str() != Some("http") {
            return None;
        }
        self.proxy_for(uri)?.basic_auth().cloned()
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (allow, proxy) = (self.allow.clone(), self.proxy_for(&uri));
        Box::pin(async move {
            match proxy {
                None => direct(&allow, &uri).await,
                Some(via) if via.uri().scheme_str().is_some_and(|scheme| scheme != "http") => Err(ConnectError::Proxy),
                Some(via) => through(&allow, &uri, via.uri(), via.basic_auth().cloned()).await,
            }
        })
    }
}

async fn direct(allow: &AllowList, uri: &Uri) -> Result<Stream, ConnectError> {
    let (_, host, port) = allow::parts(uri).ok_or(ConnectError::Uri)?;
    let addresses = resolve(&host, port).await?;
    let vetted: Vec<SocketAddr> = addresses
        .into_iter()
        .filter(|address| allow.permits_address(&host, address.ip()))
        .collect();
    if vetted.is_empty() {
        return Err(ConnectError::Prohibited);
    }
    Ok(Stream::new(first(&vetted).await?, false))
}

async fn through(allow: &AllowList, uri: &Uri, proxy: &Uri, auth: Option<HeaderValue>) -> Result<Stream, ConnectError> {
    let (tls, host, _) = allow::parts(uri).ok_or(ConnectError::Uri)?;
    let literal = match &host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        Host::Domain(_) => None,
    };
    if literal.is_some_and(|address| !allow.permits_address(&host, address)) {
        return Err(ConnectError::Prohibited);
    }
    if !tls {
        return Ok(Stream::new(to_proxy(proxy).await?, true));
    }
    let mut tunnel = Tunnel::new(proxy.clone(), ToProxy);
    if let Some(auth) = auth {
        tunnel = tunnel.with_auth(auth);
    }
    tunnel
        .call(uri.clone())
        .await
        .map_err(|e| ConnectError::Connect(Box::new(e)))
}

/// The proxy itself is the operator's choice and is not vetted.
async fn to_proxy(proxy: &Uri) -> Result<TcpStream, ConnectError> {
    let host = proxy.host().ok_or(ConnectError::Uri)?.trim_matches(['[', ']']);
    let port = proxy.port_u16().unwrap_or(80);
    let addresses = tokio::net::lookup_host((host, port))
        .await
        .map_err(ConnectError::Resolve)?;
    first(&addresses.collect::<Vec<_>>()).await
}

#[derive(Clone)]
struct ToProxy;

impl Service<Uri> for ToProxy {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        Box::pin(async move { Ok(Stream::new(to_proxy(&proxy).await?, false)) })
    }
}

async fn resolve(host: &Host<String>, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    match host {
        Host::Ipv4(address) => Ok(vec![(*address, port).into()]),
        Host::Ipv6(address) => Ok(vec![(*address, port).into()]),
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name.as_str(), port))
                .await
                .map_err(ConnectError::Resolve)?;
            Ok(found.collect())
        }
    }
}

/// The first address that answers, in the resolver's order (RFC 6724). One that does not answer at once
/// leaves the others their share of the connect timeout.
async fn first(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    const EACH: Duration = Duration::from_secs(3);
    let mut last = ConnectError::Timeout;
    for (at, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let connected = if at + 1 == addresses.len() {
            connecting.await
        } else {
            match tokio::time::timeout(EACH, connecting).await {
                Ok(connected) => connected,
                Err(_) => continue,
            }
        };
        match connected {
            Ok(stream) => {
                // Without it, small writes wait for the acknowledgement of the one before: 40 ms on a stream.
                stream
                    .set_nodelay(true)
                    .map_err(|e| ConnectError::Connect(Box::new(e)))?;
                return Ok(stream);
            }
            Err(error) => last = ConnectError::Connect(Box::new(error)),
        }
    }
    Err(last)
}

/// A connection, and whether a proxy for plain HTTP is at its other end (which wants whole URLs).
pub(super) struct Stream {
    io: TokioIo<TcpStream>,
    proxied: bool,
}

impl Stream {
    fn new(stream: TcpStream, proxied: bool) -> Self {
        Self {
            io: TokioIo::new(stream),
            proxied,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.proxied)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}

/// Ends an inner connector, TLS included, when it takes too long.
#[derive(Clone)]
pub(super) struct Timed<C> {
    pub(super) inner: C,
    pub(super) limit: Duration,
}

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = C::Response;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(uri), self.limit);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(ConnectError::Timeout.into()),
            }
        })
    }
}
