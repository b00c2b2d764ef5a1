//! The file as it may be written: every key, its type and its range.
//!
//! Decides which files have the right shape. The JSON schema that editors use and the check at load are both made from
//! these types, so they cannot disagree; the doc comments become its descriptions and, from there, the reference
//! document and the help in messages. Every field is an `Option`, the required ones too (`#[schemars(required)]`):
//! after a shape problem the wrong parts are cut out and the rest is still read, so that mistakes between settings are
//! told in the same run. There are no defaults here; those are in `model`.
//!
//! `x-range` gives the range of a duration or a size, which JSON Schema cannot say of text, and `x-expect` says in
//! words what a pattern asks for.

mod policy;
mod provider;
mod route;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::quantity::{DURATION, SIZE};

pub(crate) use self::policy::{RawCircuitBreaker, RawLoadBalancer, RawRetry, RawRetryBudget, RawStrategy};
pub(crate) use self::provider::{
    RawCredential, RawCredentialName, RawIsolation, RawIsolationName, RawLimits, RawProvider,
};
pub use self::route::ERROR_CLASSES;
pub(crate) use self::route::{RawDegraded, RawHedge, RawLastAnswer, RawRoute, RawTarget};

/// What the host listens on, which providers it runs and how it treats their failures.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    /// Address and port of the public API.
    #[schemars(extend("x-expect" = "an address and a port such as 127.0.0.1:8080"))]
    pub(crate) listen: Option<String>,
    /// The administrative listener: state, breaker reset.
    pub(crate) admin: Option<RawAdmin>,
    /// Directory of the provider components (*.wasm), read at the start. A relative path starts at the configuration file.
    #[schemars(length(min = 1, max = 4096))]
    pub(crate) plugins: Option<String>,
    /// Compiled components kept between starts.
    pub(crate) cache: Option<RawCache>,
    /// Limits of the public listener.
    pub(crate) server: Option<RawServer>,
    /// Providers, routes and the resilience policies.
    #[schemars(required)]
    pub(crate) ai_services: Option<RawServices>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAdmin {
    /// Address and port. An address that is not loopback needs a token.
    #[schemars(extend("x-expect" = "an address and a port such as 127.0.0.1:8081"))]
    pub(crate) listen: Option<String>,
    /// What a caller must present as a bearer token; required when the address is not loopback.
    #[serde(default)]
    #[schemars(schema_with = "secret")]
    pub(crate) token: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCache {
    /// Whether compiled components are kept on disk.
    pub(crate) enabled: Option<bool>,
    /// Where they are kept; without it, in the cache directory of the user.
    #[schemars(length(min = 1, max = 4096))]
    pub(crate) dir: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServer {
    /// Largest request body.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "1GiB"]))]
    pub(crate) max_body: Option<String>,
    /// How long a stop waits for requests in flight.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["0s", "1h"]))]
    pub(crate) drain_timeout: Option<String>,
    /// Connections served at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_connections: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServices {
    /// The deployments by name. An entry is a provider component with its upstream, its keys and its models.
    #[schemars(required, extend("minProperties" = 1, "maxProperties" = 1000))]
    pub(crate) providers: Option<IndexMap<String, RawProvider>>,
    /// Public model names. Without an entry here, each model name is a route over all deployments that list it.
    #[schemars(extend("maxProperties" = 1000))]
    pub(crate) routes: Option<IndexMap<String, RawRoute>>,
    /// How a deployment is picked, and how often each is looked at.
    pub(crate) load_balancer: Option<RawLoadBalancer>,
    /// When and how often a failed attempt is repeated.
    pub(crate) retry: Option<RawRetry>,
    /// When a deployment stops being asked, and how it comes back.
    pub(crate) circuit_breaker: Option<RawCircuitBreaker>,
}

/// A secret: text, or the command that prints it. Its text never reaches these types, see `credentials`.
fn secret(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            { "type": "string", "minLength": 1 },
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["command"],
                "properties": {
                    "command": {
                        "description": "A shell command whose first line of output is the secret; run once at load.",
                        "type": "string",
                        "minLength": 1
                    }
                }
            }
        ]
    })
}
