//! A guest's error as the host's. What the host saw itself is laid over it elsewhere (`verdict.rs`).

use std::time::Duration;

use wharf_types::{Error, ErrorKind, Phase};

use crate::bindings::wharf::provider::types as wit;

/// Longest message that is passed on, in bytes: a sentence, not a page.
const MAX_MESSAGE: usize = 2048;
/// Longest detail that is kept for the log, in bytes.
const MAX_DETAIL: usize = 16 << 10;
/// Longest code or identifier, in bytes.
const MAX_WORD: usize = 256;

pub(crate) fn error(error: wit::Error) -> Error {
    let word = |word: Option<String>| word.map(|word| cut(word, MAX_WORD));
    let converted = Error::new(kind(&error.kind), cut(error.message, MAX_MESSAGE))
        .with_retry_after(error.retry_after_ms.map(Duration::from_millis))
        .with_upstream(error.http_status, word(error.provider_code), word(error.request_id))
        .with_sent(error.sent);
    match error.detail {
        Some(detail) => converted.with_detail(cut(detail, MAX_DETAIL)),
        None => converted,
    }
}

fn kind(kind: &wit::ErrorKind) -> ErrorKind {
    match kind {
        wit::ErrorKind::InvalidRequest => ErrorKind::InvalidRequest,
        wit::ErrorKind::ContextLengthExceeded => ErrorKind::ContextLengthExceeded,
        wit::ErrorKind::ContentFiltered => ErrorKind::ContentFiltered,
        wit::ErrorKind::Unsupported => ErrorKind::Unsupported,
        wit::ErrorKind::Unauthenticated => ErrorKind::Unauthenticated,
        wit::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        wit::ErrorKind::NotFound => ErrorKind::NotFound,
        wit::ErrorKind::RateLimited => ErrorKind::RateLimited,
        wit::ErrorKind::QuotaExhausted => ErrorKind::QuotaExhausted,
        wit::ErrorKind::Overloaded => ErrorKind::Overloaded,
        wit::ErrorKind::Unavailable => ErrorKind::UpstreamUnavailable,
        wit::ErrorKind::Protocol => ErrorKind::UpstreamProtocol,
        wit::ErrorKind::Timeout => ErrorKind::Timeout(Phase::Upstream),
        wit::ErrorKind::Cancelled => ErrorKind::Cancelled,
        wit::ErrorKind::Internal | wit::ErrorKind::Other(_) => ErrorKind::Internal,
    }
}

/// Cuts a text at a character border.
pub(crate) fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_characters_whole() {
        assert_eq!(cut("aé".into(), 2), "a…");
        assert_eq!(cut("aé".into(), 3), "aé");
    }
}
