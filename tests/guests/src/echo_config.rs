//! Tells everything it can find out about where it runs: its settings as JSON, then one line for each thing it tried
//! to get at, `NAME: granted (…)` or `NAME: denied (…)`.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddrV4};

use serde_json::Value;
use wharf_provider_sdk::{Error, Part, Provider, Request, Response, config};
use wharf_test_guests::text_option;

#[path = "echo_config/sockets.rs"]
mod sockets;

/// The provider.
#[derive(Debug)]
pub struct EchoConfig;

wharf_provider_sdk::provider!(EchoConfig);

impl Provider for EchoConfig {
    wharf_test_guests::plain!("echo-config");
    wharf_test_guests::streams_its_answer!();

    /// The option `listener` is an address that someone listens at, `file` one that anybody may read.
    fn generate(request: Request) -> Result<Response, Error> {
        let settings: Value = config::load()?;
        let listener = text_option(&request, "listener").unwrap_or_default();
        let file = text_option(&request, "file").unwrap_or_default();
        let lines = [
            some_of("environment", std::env::vars().map(|(name, _)| name)),
            some_of("arguments", std::env::args()),
            tried("read a file", std::fs::read(&file).map(|bytes| bytes.len())),
            tried("list a directory", std::fs::read_dir("/").map(Iterator::count)),
            tried(
                "write a file",
                std::fs::write("/tmp/wharf-guest", "was here").map(|()| "written"),
            ),
            tried(
                "connect",
                listener.parse().map_err(|e| format!("{e}")).and_then(sockets::connect),
            ),
            tried("bind", sockets::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))),
            tried("resolve", sockets::resolve("localhost")),
        ];
        Ok(Response {
            parts: vec![Part::text(settings.to_string()), Part::text(lines.join("\n"))],
            ..Response::default()
        })
    }
}

fn tried<T: Display, E: Display>(what: &str, outcome: Result<T, E>) -> String {
    match outcome {
        Ok(got) => format!("{what}: granted ({got})"),
        Err(error) => format!("{what}: denied ({error})"),
    }
}

fn some_of(what: &str, found: impl Iterator<Item = String>) -> String {
    let found: Vec<String> = found.collect();
    let outcome = if found.is_empty() {
        Err("nothing there")
    } else {
        Ok(found.join(" "))
    };
    tried(what, outcome)
}
