//! How an answer is marked that is not the one that was asked for: the one mapping to headers, JSON and the log. A
//! client that is not told would take yesterday's answer, or a fixed text, for the model's.

use http::header::AGE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use wharf::Degraded;

/// The header that says so.
const DEGRADED: &str = "x-wharf-degraded";

/// In a header and in the log: `route=cheap`, `last_answer` or `text`.
pub(super) fn text(degraded: &Degraded) -> String {
    match degraded {
        Degraded::Route(name) => format!("{}={name}", degraded.as_str()),
        Degraded::LastAnswer { .. } | Degraded::Text => degraded.as_str().to_owned(),
    }
}

/// Marks an answer. How old one is that was kept from earlier is said as HTTP's caches do (RFC 9111, 5.1).
pub(super) fn mark(headers: &mut HeaderMap, degraded: &Degraded) {
    // A route may have the name of any model, of which a header may hold nearly all.
    let value = HeaderValue::from_bytes(text(degraded).as_bytes());
    headers.insert(
        DEGRADED,
        value.unwrap_or_else(|_| HeaderValue::from_static(degraded.as_str())),
    );
    if let Degraded::LastAnswer { age } = degraded {
        headers.insert(AGE, age.as_secs().into());
    }
}

/// In `metadata` of the host's own API.
pub(super) fn value(degraded: &Degraded) -> Value {
    let kind = degraded.as_str();
    match degraded {
        Degraded::Route(name) => json!({"kind": kind, "route": name}),
        Degraded::LastAnswer { age } => json!({"kind": kind, "age_seconds": age.as_secs()}),
        Degraded::Text => json!({"kind": kind}),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_kind_is_marked() {
        let age = Duration::from_millis(17_900);
        for (degraded, header, aged, expected) in [
            (
                Degraded::Route("cheap".to_owned()),
                "route=cheap",
                None,
                json!({"kind": "route", "route": "cheap"}),
            ),
            (
                Degraded::LastAnswer { age },
                "last_answer",
                Some("17"),
                json!({"kind": "last_answer", "age_seconds": 17}),
            ),
            (Degraded::Text, "text", None, json!({"kind": "text"})),
        ] {
            let mut headers = HeaderMap::new();
            mark(&mut headers, &degraded);
            assert_eq!(headers[DEGRADED], header);
            assert_eq!(headers.get(AGE).map(|age| age.to_str().unwrap()), aged, "{header}");
            assert_eq!(value(&degraded), expected);
        }
    }

    #[test]
    fn a_name_that_no_header_can_hold_does_not_lose_the_mark() {
        let mut headers = HeaderMap::new();
        mark(&mut headers, &Degraded::Route("a\nb".to_owned()));
        assert_eq!(headers[DEGRADED], "route");
    }
}
