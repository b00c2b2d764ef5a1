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
    let converted = match field(&converted).map(str::to_owned) {
        Some(field) => converted.with_param(field),
        None => converted,
    };
    match error.detail {
        Some(detail) => converted.with_detail(cut(detail, MAX_DETAIL)),
        None => converted,
    }
}

/// The field of the request that a provider refuses before it asks the vendor: the message begins with it, as in
/// "`tools[0]`: …". The contract has no place of its own for it.
fn field(error: &Error) -> Option<&str> {
    let refuses = matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidRequest) && !error.sent();
    let (field, _) = error.message().strip_prefix('`')?.split_once("`:")?;
    let is_field = !field.is_empty() && field.len() <= MAX_WORD && !field.contains(['`', ' ']);
    (refuses && is_field).then_some(field)
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
    fn the_field_that_a_provider_refuses_is_named_in_front() {
        let refused = |message: &str| Error::new(ErrorKind::Unsupported, message);
        assert_eq!(field(&refused("`tools[0]`: no such tool")), Some("tools[0]"));
        assert_eq!(field(&refused("the `seed` is no number")), None);
        assert_eq!(field(&refused("`a model`: unknown")), None, "no field has a blank");
        let vendors = refused("`tools[0]`: no such tool").with_sent(true);
        assert_eq!(field(&vendors), None, "the vendor's words are its own");
    }

    #[test]
    fn a_cut_keeps_characters_whole() {
        assert_eq!(cut("aé".into(), 2), "a…");
        assert_eq!(cut("aé".into(), 3), "aé");
    }
}
