//! What an HTTP answer is classified as.

use super::*;

fn check(status: u16, body: &str, expected: &ErrorKind) {
    let error = Error::from_parts(status, |_| None, body);
    assert_eq!(&error.kind, expected, "{status} {body}");
    assert!(error.sent, "an answer means that the request was sent");
    assert_eq!(error.http_status, Some(status));
}

fn coded(code: &str) -> String {
    format!(r#"{{"error":{{"message":"m","type":"invalid_request_error","code":"{code}"}}}}"#)
}

#[test]
fn the_status_decides() {
    use ErrorKind as K;
    for (status, expected) in [
        (400, K::InvalidRequest),
        (401, K::Unauthenticated),
        (402, K::QuotaExhausted),
        (403, K::PermissionDenied),
        (404, K::NotFound),
        (407, K::Unavailable),
        (408, K::Timeout),
        (409, K::InvalidRequest),
        (413, K::ContextLengthExceeded),
        (422, K::InvalidRequest),
        (429, K::RateLimited),
        (500, K::Unavailable),
        (502, K::Unavailable),
        (503, K::Overloaded),
        (504, K::Timeout),
        (529, K::Overloaded),
        (302, K::Protocol),
    ] {
        check(status, "", &expected);
        check(status, "<html>oops</html>", &expected);
    }
}

#[test]
fn a_telling_code_refines_the_status() {
    use ErrorKind as K;
    check(400, &coded("context_length_exceeded"), &K::ContextLengthExceeded);
    check(400, &coded("content_filter"), &K::ContentFiltered);
    check(400, &coded("unsupported_parameter"), &K::Unsupported);
    check(400, &coded("invalid_prompt"), &K::InvalidRequest);
    check(429, &coded("insufficient_quota"), &K::QuotaExhausted);
    check(404, &coded("model_not_found"), &K::NotFound);
    check(503, &coded("slow_down"), &K::Overloaded);
    check(
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#,
        &K::ContextLengthExceeded,
    );
}

#[test]
fn a_request_that_costs_more_than_a_minute_may_is_too_large_whenever_it_comes() {
    let body = r#"{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 35000.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    check(429, body, &ErrorKind::ContextLengthExceeded);
    let busy = r#"{"error":{"message":"Rate limit reached for gpt-4o: Limit 30000, Used 29000, Requested 2000.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    check(429, busy, &ErrorKind::RateLimited);
}

#[test]
fn a_failure_of_the_vendor_cannot_be_talked_into_the_callers_fault() {
    check(500, &coded("invalid_api_key"), &ErrorKind::Unavailable);
    check(502, &coded("context_length_exceeded"), &ErrorKind::Unavailable);
}

#[test]
fn headers_are_taken_along() {
    let headers = [("x-request-id", "req_1"), ("retry-after", "2")];
    let error = Error::from_parts(429, |n| headers.iter().find(|(k, _)| *k == n).map(|(_, v)| *v), "");
    assert_eq!(error.request_id.as_deref(), Some("req_1"));
    assert_eq!(error.retry_after_ms, Some(2_000));
}

#[test]
fn a_body_that_is_not_json_is_kept_as_a_json_string() {
    let error = Error::from_parts(502, |_| None, "<html>\"bad\"</html>");
    assert_eq!(error.detail.as_deref(), Some(r#""<html>\"bad\"</html>""#));
}

#[test]
fn an_error_event_in_a_stream_is_classified_by_its_code() {
    let error = Error::from_event(r#"{"error":{"message":"slow","type":"rate_limit_error"}}"#);
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(Error::from_event("{}").kind, ErrorKind::Unavailable);
}

#[test]
fn a_prompt_that_was_moderated_is_not_a_refused_credential() {
    let body = r#"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"flagged_input":"…"}}}"#;
    check(403, body, &ErrorKind::ContentFiltered);
}
