//! Addresses to listen on and URLs to call.
//!
//! Decides that the administrative listener is not open to a network without a token, that both listeners can be
//! bound, and that a base URL is nothing but a place: what carries a secret or a parameter is refused, since it would
//! end up in logs.

use std::net::SocketAddr;

use url::Url;

use super::Context;
use crate::config::model::{AdminConfig, Config};
use crate::config::pointer::Pointer;
use crate::config::raw::RawAdmin;

/// The public address and the administrative listener.
pub(super) fn listeners(public: Option<&str>, admin: RawAdmin, context: &mut Context<'_>) -> (SocketAddr, AdminConfig) {
    let defaults = Config::default();
    let public_at = Pointer::of(&["listen"]);
    let admin_at = Pointer::of(&["admin", "listen"]);
    let token_at = Pointer::of(&["admin", "token"]);
    let public = socket(public, defaults.listen, &public_at, context);
    let private = socket(admin.listen.as_deref(), defaults.admin.listen, &admin_at, context);

    if let Some(private) = private
        && !private.ip().to_canonical().is_loopback()
        && admin.token.is_none()
        && context.clean(&token_at)
    {
        let problem = format!("{private} is not a loopback address, and no admin.token is set");
        context.problem(
            &admin_at,
            problem,
            "listen on 127.0.0.1:8081, or add admin.token: \"${WHARF_ADMIN_TOKEN}\"",
        );
    }
    if let (Some(public), Some(private)) = (public, private)
        && collide(public, private)
    {
        let at = if context.keys(&Pointer::of(&["admin"])).contains(&"listen") {
            &admin_at
        } else {
            &public_at
        };
        let problem = format!("the public listener ({public}) and the admin listener ({private}) use the same port");
        context.problem(at, problem, "give one of them another port; port 0 takes any free one");
    }
    let admin = AdminConfig {
        listen: private.unwrap_or(defaults.admin.listen),
        token: context.credentials.get(&token_at),
    };
    (public.unwrap_or(defaults.listen), admin)
}

/// The address that is written, the default when nothing is, `None` when it cannot be used.
fn socket(text: Option<&str>, default: SocketAddr, at: &Pointer, context: &mut Context<'_>) -> Option<SocketAddr> {
    let Some(text) = text else {
        return context.clean(at).then_some(default);
    };
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            let help = "write the address as numbers: 127.0.0.1:8080, 0.0.0.0:8080 or \"[::1]:8080\"";
            context.refuse(at, "an IP address and a port", help);
            None
        }
    }
}

/// Whether the second listener could not be bound once the first is.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let (first, second) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() != 0
        && one.port() == other.port()
        && (first == second || first.is_unspecified() || second.is_unspecified())
}

/// The base URL of an upstream. Messages never show more than the scheme: the rest may hold a key.
pub(super) fn base_url(text: &str, at: &Pointer, context: &mut Context<'_>) -> Option<Url> {
    const EXAMPLE: &str = "write it as https://host[:port][/path]";
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            report(at, &format!("this is not a URL: {error}"), EXAMPLE, context);
            return None;
        }
    };
    let (problem, help) = if !matches!(url.scheme(), "http" | "https") {
        (format!("the scheme {}: cannot be called", url.scheme()), EXAMPLE)
    } else if !url.username().is_empty() || url.password().is_some() {
        (
            "the URL holds a user name or a password".to_owned(),
            "use api_key, and credential to say where it goes",
        )
    } else if url.query().is_some() {
        (
            "the URL has a query".to_owned(),
            "remove what follows the question mark; use settings for parameters",
        )
    } else if url.fragment().is_some() {
        ("the URL has a fragment".to_owned(), "remove what follows the #")
    } else {
        return Some(url);
    };
    report(at, &problem, help, context);
    None
}

/// Reports without the value.
fn report(at: &Pointer, problem: &str, help: &str, context: &mut Context<'_>) {
    let place = crate::config::pointer::locate(context.root, at);
    context.report.problem(&place, None, problem, help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_collide_on_the_same_port_of_overlapping_addresses() {
        let cases = [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::]:80", true),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ];
        for (one, other, expected) in cases {
            assert_eq!(
                collide(one.parse().unwrap(), other.parse().unwrap()),
                expected,
                "{one} and {other}"
            );
        }
    }
}
