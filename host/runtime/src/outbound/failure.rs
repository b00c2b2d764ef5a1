//! What can be wrong with a deployment's way out, and what an HTTP client's error means.

use std::error::Error as StdError;
use std::io;

use wasmtime_wasi_http::Error as WasiError;
use wharf_types::Phase;

use super::connector::ConnectError;
use super::seen::Failure;

/// A deployment whose way out cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not a URL that requests can go to.
    #[error("base_url `{0}` is not an http or https address without user name")]
    BaseUrl(String),
    /// The credential would travel in the clear.
    #[error(
        "base_url `{0}` would send the api_key over plain http; use https, or set `private: true` for a server on your own network"
    )]
    PlainHttp(String),
    /// One of the keys does not fit into a header.
    #[error("the api_key holds characters that cannot be sent; is there a line break in it?")]
    Credential,
    /// The manifest or the operator names no valid header.
    #[error("the credential header `{0}` is not a header name")]
    HeaderName(String),
    /// Nothing in the file.
    #[error("ca_file holds no PEM certificate")]
    NoCertificates,
    /// Something in the file that is none.
    #[error("ca_file holds a certificate that cannot be used: {0}")]
    BadCertificate(String),
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// An exchange without an answer: what the host notes, and what the guest is told.
pub(super) type Unanswered = (Failure, WasiError);

/// There was no connection in time.
pub(super) fn no_connection() -> Unanswered {
    (Failure::Timeout(Phase::Connect), WasiError::ConnectionTimeout)
}

/// Reads a client's error through all its sources.
pub(super) fn classify(error: &hyper_util::client::legacy::Error) -> Unanswered {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(found) = by_cause(cause) {
            return found;
        }
        source = cause.source();
    }
    let error = if error.is_connect() {
        WasiError::ConnectionRefused
    } else {
        WasiError::ConnectionTerminated
    };
    (Failure::Unavailable, error)
}

fn by_cause(cause: &(dyn StdError + 'static)) -> Option<Unanswered> {
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return Some(match error {
            ConnectError::Timeout => no_connection(),
            ConnectError::Resolve(_) => (
                Failure::Unavailable,
                WasiError::DnsError {
                    rcode: None,
                    info_code: None,
                },
            ),
            ConnectError::Prohibited => (Failure::Denied, WasiError::DestinationIpProhibited),
            ConnectError::Connect(_) => (Failure::Unavailable, WasiError::ConnectionRefused),
            ConnectError::Proxy => {
                tracing::error!("{error}");
                (Failure::Unavailable, WasiError::ConfigurationError)
            }
            ConnectError::Uri => (Failure::Denied, WasiError::HttpRequestUriInvalid),
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>()
        && let Some(tls) = inside(error)
    {
        return Some((Failure::Unavailable, tls_error(tls)));
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some((Failure::Unavailable, tls_error(tls)));
    }
    let hyper = cause.downcast_ref::<hyper::Error>()?;
    hyper
        .is_parse()
        .then_some((Failure::Protocol, WasiError::HttpProtocolError))
}

/// An I/O error does not name what it wraps as its source, and the TLS connector wraps twice.
fn inside(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    match inner.downcast_ref::<io::Error>() {
        Some(nested) => inside(nested),
        None => inner.downcast_ref::<rustls::Error>(),
    }
}

fn tls_error(error: &rustls::Error) -> WasiError {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => WasiError::TlsCertificateError,
        _ => WasiError::TlsProtocolError,
    }
}
