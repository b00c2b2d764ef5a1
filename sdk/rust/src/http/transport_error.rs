//! What the host reports instead of an answer, as kinds the host can act on.

use crate::bindings::wasi::http::types::{ErrorCode, http_error_code};
use crate::bindings::wasi::io::error::Error as IoError;
use crate::{Error, ErrorKind};

/// No answer came.
pub(super) fn while_sending(code: &ErrorCode) -> Error {
    Error {
        sent: was_sent(code),
        ..Error::new(kind(code), message(code))
    }
}

/// The answer broke off.
pub(super) fn while_reading(error: &IoError) -> Error {
    match http_error_code(error) {
        Some(code) => Error {
            sent: true,
            ..while_sending(&code)
        },
        None => Error {
            sent: true,
            ..Error::new(
                ErrorKind::Unavailable,
                format!("the connection broke in the answer: {}", error.to_debug_string()),
            )
        },
    }
}

fn kind(code: &ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => ErrorKind::Timeout,
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => ErrorKind::PermissionDenied,
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_) => ErrorKind::InvalidRequest,
        ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpProtocolError => ErrorKind::Protocol,
        _ => ErrorKind::Unavailable,
    }
}

/// Whether the vendor may have seen the request. When in doubt it has.
fn was_sent(code: &ErrorCode) -> bool {
    !matches!(
        code,
        ErrorCode::DnsTimeout
            | ErrorCode::DnsError(_)
            | ErrorCode::DestinationNotFound
            | ErrorCode::DestinationUnavailable
            | ErrorCode::DestinationIpProhibited
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::ConnectionRefused
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionLimitReached
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsCertificateError
            | ErrorCode::TlsAlertReceived(_)
            | ErrorCode::HttpRequestDenied
    )
}

fn message(code: &ErrorCode) -> String {
    match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "the vendor's host name could not be resolved".to_owned()
        }
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            "the vendor could not be connected to".to_owned()
        }
        ErrorCode::ConnectionTimeout => "connecting to the vendor took too long".to_owned(),
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => {
            "the vendor did not answer in time".to_owned()
        }
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "the vendor closed the connection in the middle".to_owned()
        }
        ErrorCode::TlsCertificateError => "the vendor's TLS certificate is not trusted".to_owned(),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "no TLS connection to the vendor".to_owned(),
        ErrorCode::HttpRequestDenied => {
            "the deployment may not reach this address; `base_url` and `allow_hosts` decide".to_owned()
        }
        ErrorCode::DestinationIpProhibited => {
            "the vendor's host name leads to a private address; set `private: true` if that is meant".to_owned()
        }
        ErrorCode::HttpResponseBodySize(_) => "the vendor's answer is larger than the limit".to_owned(),
        ErrorCode::InternalError(Some(text)) => text.clone(),
        other => format!("HTTP to the vendor failed: {other:?}"),
    }
}
