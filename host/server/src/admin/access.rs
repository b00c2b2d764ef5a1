//! Who may use the admin API. Two kinds of strangers are kept out: callers without the token, when one is set, and
//! web pages. A browser on the operator's machine reaches a loopback address like every other program does, so
//! what it says about where a request comes from is looked at, and a name that was made to lead here is refused.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use wharf::Secret;

use super::Refusal;

/// What a browser says about the page that sends a request.
const FETCH_SITE: &str = "sec-fetch-site";
/// How the value of `authorization` starts.
const SCHEME: &[u8] = b"bearer ";

/// The rules.
struct Access {
    token: Option<Secret>,
}

/// These routes behind the rules, those that there are not included.
pub(crate) fn guarded(routes: Router, token: Option<Secret>) -> Router {
    routes.layer(from_fn_with_state(Arc::new(Access { token }), check))
}

async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let refusal = access.refuse(request.method(), request.uri(), request.headers());
    let Some(refusal) = refusal else {
        return next.run(request).await;
    };
    tracing::warn!(
        status = refusal.status.as_u16(),
        "admin request refused: {}",
        refusal.message
    );
    let unauthorized = refusal.status == StatusCode::UNAUTHORIZED;
    let mut response = refusal.response();
    if unauthorized {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl Access {
    /// Why a request is not served, if it is not.
    fn refuse(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Refusal> {
        let refusal = |status: StatusCode, message: &str| Some(Refusal::new(status, message));
        let foreign = |site: &HeaderValue| site != "same-origin" && site != "none";
        if headers.contains_key(ORIGIN) || headers.get_all(FETCH_SITE).iter().any(foreign) {
            return refusal(
                StatusCode::FORBIDDEN,
                "Web pages may not use the admin API; the request has an `origin` or a `sec-fetch-site` of one.",
            );
        }
        match &self.token {
            Some(token) if !presents(headers, token) => {
                return refusal(
                    StatusCode::UNAUTHORIZED,
                    "The admin API needs `authorization: Bearer TOKEN` with the token of `admin.token`.",
                );
            }
            None if !names_an_address(uri, headers) => {
                return refusal(
                    StatusCode::FORBIDDEN,
                    "Without `admin.token` the admin API answers only to an IP address or `localhost` in `host`: any \
                     other name could be one that a web page made to lead here.",
                );
            }
            Some(_) | None => {}
        }
        if method == Method::POST && !headers.get(CONTENT_TYPE).is_some_and(is_json) {
            return refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be sent with `content-type: application/json`.",
            );
        }
        None
    }
}

/// Whether a request carries the token.
fn presents(headers: &HeaderMap, token: &Secret) -> bool {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return false;
    };
    let Some((scheme, given)) = value.as_bytes().split_at_checked(SCHEME.len()) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(SCHEME) && same(given.trim_ascii(), token.expose().as_bytes())
}

/// Whether two texts are equal. Takes as long as the given one is, wherever they differ, so that nobody can measure
/// how much of a token they have guessed.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let pairs = given.iter().zip(expected.iter().cycle());
    let differences = pairs.fold(given.len() ^ expected.len(), |found, (a, b)| {
        black_box(found | usize::from(a ^ b))
    });
    differences == 0
}

/// Whether a request names the listener by its address. HTTP/2 says it in the URI, HTTP/1 in `host`.
fn names_an_address(uri: &Uri, headers: &HeaderMap) -> bool {
    let of_header = |value: &HeaderValue| value.to_str().is_ok_and(is_address);
    let named = uri.authority().is_some() || headers.contains_key(HOST);
    let in_uri = uri.authority().is_none_or(|authority| is_address(authority.as_str()));
    named && in_uri && headers.get_all(HOST).iter().all(of_header)
}

/// Whether this is an IP address or `localhost`, with or without a port.
fn is_address(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost") || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

fn is_json(value: &HeaderValue) -> bool {
    let kind = value.to_str().ok().and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn status(
        token: Option<&str>,
        method: &Method,
        uri: &'static str,
        pairs: &[(&'static str, &'static str)],
    ) -> Option<u16> {
        let access = Access {
            token: token.map(|token| Secret::new(token.to_owned())),
        };
        let refusal = access.refuse(method, &Uri::from_static(uri), &headers(pairs));
        refusal.map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn without_a_token_only_an_address_is_answered() {
        let get = |host: &'static str| status(None, &Method::GET, "/admin/v1/state", &[("host", host)]);
        for host in [
            "127.0.0.1",
            "127.0.0.1:8081",
            "10.1.2.3:80",
            "[::1]",
            "[::1]:8081",
            "localhost",
            "LOCALHOST:8081",
        ] {
            assert_eq!(get(host), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "::1",
            "a b",
            "wharf:8081",
        ] {
            assert_eq!(get(host), Some(403), "{host:?}");
        }
        assert_eq!(
            status(None, &Method::GET, "/", &[]),
            Some(403),
            "a request must say whom it asks"
        );
        assert_eq!(
            status(None, &Method::GET, "http://127.0.0.1:8081/", &[]),
            None,
            "HTTP/2 names the host in the URI"
        );
        assert_eq!(
            status(None, &Method::GET, "http://evil.example/", &[("host", "127.0.0.1")]),
            Some(403)
        );
        assert_eq!(
            status(
                None,
                &Method::GET,
                "/",
                &[("host", "127.0.0.1"), ("host", "evil.example")]
            ),
            Some(403),
            "each of several names counts"
        );
    }

    #[test]
    fn web_pages_are_refused_even_with_the_token() {
        for pair in [
            ("origin", "http://127.0.0.1:8081"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let with_token = [("host", "127.0.0.1"), ("authorization", "Bearer t"), pair];
            assert_eq!(status(Some("t"), &Method::GET, "/", &with_token), Some(403), "{pair:?}");
            let without = [("host", "127.0.0.1"), pair];
            assert_eq!(status(None, &Method::GET, "/", &without), Some(403), "{pair:?}");
        }
        for site in ["none", "same-origin"] {
            let typed = [("host", "127.0.0.1"), ("sec-fetch-site", site)];
            assert_eq!(
                status(None, &Method::GET, "/", &typed),
                None,
                "an address typed into a browser is not a web page's doing"
            );
        }
    }

    #[test]
    fn a_token_that_is_set_must_be_presented() {
        let get = |value: &'static str| {
            status(
                Some("s3cret"),
                &Method::GET,
                "/",
                &[("host", "ops.example"), ("authorization", value)],
            )
        };
        assert_eq!(get("Bearer s3cret"), None, "with a token any name may lead here");
        assert_eq!(get("bearer  s3cret"), None);
        for wrong in [
            "Bearer s3cre",
            "Bearer s3crets",
            "Bearer s3crets3cret",
            "Bearer S3cret",
            "Bearer ",
            "Bearer",
            "s3cret",
            "Basic s3cret",
            "",
        ] {
            assert_eq!(get(wrong), Some(401), "{wrong:?}");
        }
        assert_eq!(
            status(Some("s3cret"), &Method::GET, "/", &[("host", "127.0.0.1")]),
            Some(401)
        );
    }

    #[test]
    fn a_body_must_say_that_it_is_json() {
        let post = |kind: &'static str| {
            status(
                None,
                &Method::POST,
                "/",
                &[("host", "localhost"), ("content-type", kind)],
            )
        };
        assert_eq!(post("application/json"), None);
        assert_eq!(post("Application/JSON; charset=utf-8"), None);
        for wrong in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "",
        ] {
            assert_eq!(post(wrong), Some(415), "{wrong:?}");
        }
        assert_eq!(
            status(None, &Method::POST, "/", &[("host", "localhost")]),
            Some(415),
            "a form of a web page can be sent without a type"
        );
    }

    #[test]
    fn comparing_finds_every_difference() {
        assert!(same(b"abc", b"abc"));
        for (given, expected) in [
            ("abd", "abc"),
            ("ab", "abc"),
            ("abcabc", "abc"),
            ("", "abc"),
            ("abc", ""),
        ] {
            assert!(!same(given.as_bytes(), expected.as_bytes()), "{given:?} {expected:?}");
        }
    }

    #[tokio::test]
    async fn the_rules_hold_for_paths_that_there_are_not() {
        let guarded = guarded(Router::new(), Some(Secret::new("t".to_owned())));
        let service = TowerToHyperService::new(guarded);
        let request = |authorization: Option<&str>| {
            let builder = http::Request::builder().uri("/nowhere").header(HOST, "127.0.0.1");
            let builder = match authorization {
                Some(value) => builder.header(AUTHORIZATION, value),
                None => builder,
            };
            builder.body(axum::body::Body::empty()).unwrap()
        };
        let response = service.call(request(None)).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "a stranger must not learn which paths there are"
        );
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        let response = service.call(request(Some("Bearer t"))).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}
