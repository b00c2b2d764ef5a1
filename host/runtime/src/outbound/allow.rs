//! What a deployment may reach: exact origins, and suffixes of host names.

use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use url::{Host, Url};

use super::OutboundError;
use super::address;

/// One grant: `https://host[:port]`, `http://host[:port]`, or `*.suffix` (HTTPS, port 443).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowEntry {
    tls: bool,
    host: Pattern,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    /// With its leading dot.
    Suffix(String),
    Address(IpAddr),
}

impl AllowEntry {
    /// Reads a grant.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a host; write https://host, https://host:port or *.suffix");
        if let Some(suffix) = text.strip_prefix("*.") {
            let host = Host::parse(suffix).map_err(|_| wrong())?;
            return match host {
                Host::Domain(domain) if domain.contains('.') => Ok(Self {
                    tls: true,
                    host: Pattern::Suffix(format!(".{domain}")),
                    port: 443,
                }),
                _ => Err(format!(
                    "`{text}` covers too much; name at least two labels, such as *.example.com"
                )),
            };
        }
        let url = Url::parse(text).map_err(|_| wrong())?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(format!("`{text}` has a path; a grant is for a whole host"));
        }
        Self::of_url(&url).ok_or_else(wrong)
    }

    /// The grant that a deployment's `base_url` is.
    fn of_url(url: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = match url.host()? {
            Host::Domain(domain) => Pattern::Exact(domain.trim_end_matches('.').to_owned()),
            Host::Ipv4(address) => Pattern::Address(address.into()),
            Host::Ipv6(address) => Pattern::Address(address.into()),
        };
        Some(Self {
            tls,
            host,
            port: url.port_or_known_default()?,
        })
    }

    fn permits(&self, tls: bool, host: &Host<String>, port: u16) -> bool {
        let host_fits = match (&self.host, host) {
            (Pattern::Exact(name), Host::Domain(asked)) => name == asked.trim_end_matches('.'),
            (Pattern::Suffix(suffix), Host::Domain(asked)) => asked
                .trim_end_matches('.')
                .strip_suffix(suffix.as_str())
                .is_some_and(|head| !head.is_empty()),
            (Pattern::Address(address), Host::Ipv4(asked)) => *address == IpAddr::V4(*asked),
            (Pattern::Address(address), Host::Ipv6(asked)) => *address == IpAddr::V6(*asked),
            _ => false,
        };
        host_fits && self.tls == tls && self.port == port
    }
}

/// All grants of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct AllowList(Arc<Grants>);

#[derive(Debug)]
struct Grants {
    entries: Vec<AllowEntry>,
    private: bool,
}

impl AllowList {
    pub(super) fn new(base: Option<&Url>, entries: &[AllowEntry], private: bool) -> Result<Self, OutboundError> {
        let mut all = Vec::with_capacity(entries.len() + 1);
        if let Some(url) = base {
            all.push(AllowEntry::of_url(url).ok_or_else(|| OutboundError::BaseUrl(url.to_string()))?);
        }
        all.extend_from_slice(entries);
        Ok(Self(Arc::new(Grants { entries: all, private })))
    }

    /// Whether a request may go there at all.
    pub(super) fn permits(&self, uri: &Uri) -> bool {
        let Some((tls, host, port)) = parts(uri) else {
            return false;
        };
        self.0.entries.iter().any(|entry| entry.permits(tls, &host, port))
    }

    /// Whether a connection to this address is permitted for this host. A host that is granted as an address
    /// is that address; `localhost` is what the name promises; every other name must lead to a public
    /// address, or a private one where the deployment is granted those.
    pub(super) fn permits_address(&self, host: &Host<String>, address: IpAddr) -> bool {
        match host {
            Host::Ipv4(literal) => IpAddr::V4(*literal) == address,
            Host::Ipv6(literal) => IpAddr::V6(*literal) == address,
            Host::Domain(name) if is_localhost(name) => address::is_loopback(address),
            Host::Domain(_) => address::is_public(address) || (self.0.private && address::is_private(address)),
        }
    }
}

/// Names that mean this machine by standard (RFC 6761 §6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// What a URI asks for. The host is parsed as browsers do it, so that `127.1` and `0x7f.1` are addresses and
/// letters outside ASCII become their registered form.
pub(super) fn parts(uri: &Uri) -> Option<(bool, Host<String>, u16)> {
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = Host::parse(authority.host()).ok()?;
    Some((tls, host, authority.port_u16().unwrap_or(if tls { 443 } else { 80 })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(base: &str, entries: &[&str], private: bool) -> AllowList {
        let entries: Vec<AllowEntry> = entries.iter().map(|e| AllowEntry::parse(e).unwrap()).collect();
        AllowList::new(Some(&Url::parse(base).unwrap()), &entries, private).unwrap()
    }

    fn permits(list: &AllowList, uri: &str) -> bool {
        uri.parse().is_ok_and(|uri| list.permits(&uri))
    }

    #[test]
    fn only_the_granted_origins_are_reached() {
        let list = list(
            "https://api.openai.com/v1",
            &["*.example.com", "http://10.0.0.1:8080"],
            false,
        );
        for uri in [
            "https://api.openai.com/v1/models",
            "https://API.OPENAI.COM/",
            "https://api.openai.com:443/",
            "https://a.example.com/",
            "https://a.b.example.com/",
            "http://10.0.0.1:8080/x",
        ] {
            assert!(permits(&list, uri), "{uri}");
        }
        for uri in [
            "http://api.openai.com/",
            "https://api.openai.com:8443/",
            "https://api.openai.com.evil.com/",
            "https://evil.com/api.openai.com",
            "https://user@api.openai.com/",
            "https://example.com/",
            "https://badexample.com/",
            "http://10.0.0.1/",
            "https://169.254.169.254/",
            "ftp://api.openai.com/",
        ] {
            assert!(!permits(&list, uri), "{uri}");
        }
    }

    #[test]
    fn an_address_in_any_spelling_is_that_address() {
        let list = list("http://127.0.0.1:80", &[], false);
        assert!(permits(&list, "http://127.0.0.1/"));
        assert!(permits(&list, "http://127.1/"));
        assert!(!permits(&list, "http://127.0.0.2/"));
    }

    #[test]
    fn a_name_leads_to_public_addresses_only() {
        let name = |n: &str| Host::Domain(n.to_owned());
        let plain = list("https://a.com", &[], false);
        let private = list("https://a.com", &[], true);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(plain.permits_address(&name("a.com"), ip("93.184.216.34")));
        assert!(!plain.permits_address(&name("a.com"), ip("10.0.0.1")));
        assert!(!plain.permits_address(&name("a.com"), ip("::ffff:127.0.0.1")));
        assert!(private.permits_address(&name("a.com"), ip("10.0.0.1")));
        assert!(
            !private.permits_address(&name("a.com"), ip("169.254.169.254")),
            "never the metadata service"
        );
        assert!(plain.permits_address(&name("localhost"), ip("127.0.0.1")));
        assert!(!plain.permits_address(&name("localhost"), ip("10.0.0.1")));
        assert!(
            plain.permits_address(&Host::Ipv4([10, 0, 0, 1].into()), ip("10.0.0.1")),
            "the operator wrote it"
        );
    }

    #[test]
    fn grants_that_mean_nothing_are_refused_with_a_remedy() {
        for text in [
            "",
            "*",
            "*.com",
            "example.com",
            "https://",
            "https://a.com/path",
            "https://u:p@a.com",
            "ftp://a.com",
        ] {
            assert!(AllowEntry::parse(text).is_err(), "{text}");
        }
    }
}
