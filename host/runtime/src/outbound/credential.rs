//! Attaching the credential.

use http::header::{AUTHORIZATION, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri};
use url::{Host, Url};
use wasmtime_wasi_http::Error as WasiError;
use wharf_types::CredentialScheme;

use super::{OutboundError, allow};
use crate::secret::Secret;

/// A credential, ready for the wire and bound to one origin.
pub(super) struct Credential {
    place: Place,
    /// Scheme, host and port that may get it; nothing else on the allow-list does.
    origin: (bool, Host<String>, u16),
}

enum Place {
    Header(HeaderName, HeaderValue),
    /// The encoded pair `name=value`, and the name to remove if the guest set it.
    Query {
        name: String,
        pair: Secret,
    },
}

impl Credential {
    /// `None` when the scheme attaches nothing.
    pub(super) fn new(
        scheme: &CredentialScheme,
        secret: &Secret,
        base: &Url,
        private: bool,
    ) -> Result<Option<Self>, OutboundError> {
        let uri: Uri = base
            .as_str()
            .parse()
            .map_err(|_| OutboundError::BaseUrl(base.to_string()))?;
        let origin = allow::parts(&uri).ok_or_else(|| OutboundError::BaseUrl(base.to_string()))?;
        if !origin.0 && !private && !is_local(&origin.1) {
            return Err(OutboundError::PlainHttp(base.to_string()));
        }
        let sensitive = |text: String| {
            let mut value = HeaderValue::try_from(text).map_err(|_| OutboundError::Credential)?;
            value.set_sensitive(true);
            Ok(value)
        };
        let place = match scheme {
            CredentialScheme::None => return Ok(None),
            CredentialScheme::Bearer => Place::Header(AUTHORIZATION, sensitive(format!("Bearer {}", secret.expose()))?),
            CredentialScheme::Header(name) => {
                let name = HeaderName::try_from(name).map_err(|_| OutboundError::HeaderName(name.clone()))?;
                Place::Header(name, sensitive(secret.expose().to_owned())?)
            }
            CredentialScheme::Query(name) => {
                let pair = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair(name, secret.expose())
                    .finish();
                Place::Query {
                    name: name.clone(),
                    pair: Secret::new(pair),
                }
            }
        };
        Ok(Some(Self { place, origin }))
    }

    /// Puts the credential on the request if it goes to the credential's own origin.
    pub(super) fn attach<B>(&self, request: &mut Request<B>) -> Result<(), WasiError> {
        if allow::parts(request.uri()).as_ref() != Some(&self.origin) {
            return Ok(());
        }
        match &self.place {
            Place::Header(name, value) => {
                request.headers_mut().insert(name, value.clone());
            }
            Place::Query { name, pair } => {
                let mut parts = request.uri().clone().into_parts();
                let old = parts.path_and_query.as_ref();
                let (path, query) = old.map_or(("/", ""), |pq| (pq.path(), pq.query().unwrap_or("")));
                let kept = query
                    .split('&')
                    .filter(|p| !p.is_empty() && p.split('=').next() != Some(name.as_str()));
                let query: Vec<&str> = kept.chain([pair.expose()]).collect();
                let new = format!("{path}?{}", query.join("&"));
                parts.path_and_query = Some(PathAndQuery::try_from(new).map_err(|_| WasiError::HttpRequestUriInvalid)?);
                *request.uri_mut() = Uri::from_parts(parts).map_err(|_| WasiError::HttpRequestUriInvalid)?;
            }
        }
        Ok(())
    }
}

/// A host whose traffic does not leave the operator's networks, so that plain HTTP shows the key to nobody.
fn is_local(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => allow::is_localhost(name),
        Host::Ipv4(address) => super::address::is_private((*address).into()),
        Host::Ipv6(address) => super::address::is_private((*address).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(scheme: CredentialScheme, base: &str) -> Result<Option<Credential>, OutboundError> {
        Credential::new(&scheme, &Secret::new("sk 1".into()), &Url::parse(base).unwrap(), false)
    }

    fn attach(scheme: CredentialScheme, uri: &str) -> Request<()> {
        let mut request = Request::builder().uri(uri).body(()).unwrap();
        credential(scheme, "https://a.com/v1")
            .unwrap()
            .unwrap()
            .attach(&mut request)
            .unwrap();
        request
    }

    #[test]
    fn each_scheme_has_its_place() {
        let request = attach(CredentialScheme::Bearer, "https://a.com/v1/x");
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer sk 1");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        let request = attach(CredentialScheme::Header("x-api-key".into()), "https://a.com/v1/x");
        assert_eq!(request.headers()["x-api-key"], "sk 1");
        let request = attach(
            CredentialScheme::Query("key".into()),
            "https://a.com/v1/x?a=1&key=guest&b=2",
        );
        assert_eq!(request.uri().query(), Some("a=1&b=2&key=sk+1"));
    }

    #[test]
    fn another_host_on_the_allow_list_does_not_get_it() {
        for uri in ["https://b.com/", "http://a.com/", "https://a.com:8443/"] {
            assert!(attach(CredentialScheme::Bearer, uri).headers().is_empty(), "{uri}");
        }
    }

    #[test]
    fn a_key_does_not_travel_in_the_clear() {
        let plain = credential(CredentialScheme::Bearer, "http://api.example.com/v1");
        assert!(matches!(plain, Err(OutboundError::PlainHttp(_))));
        for base in ["http://localhost:1234", "http://127.0.0.1:1234", "http://192.168.1.2"] {
            assert!(credential(CredentialScheme::Bearer, base).is_ok(), "{base}");
        }
    }
}
