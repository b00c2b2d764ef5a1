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

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::quantity::{DURATION, SIZE};

/// The classes of errors a route may name a fallback for; `any` is every class that is not named itself.
pub const ERROR_CLASSES: [&str; 15] = [
    "invalid_request",
    "context_length_exceeded",
    "content_filtered",
    "unsupported",
    "unauthenticated",
    "permission_denied",
    "not_found",
    "rate_limited",
    "quota_exhausted",
    "overloaded",
    "upstream_unavailable",
    "upstream_protocol",
    "timeout",
    "provider_trapped",
    "any",
];

/// A name that is one word: models may have slashes and dots, never blanks.
const WORD: &str = r"^\S+$";

/// The name of a header or of a query parameter.
const FIELD_NAME: &str = "^[A-Za-z0-9_-]+$";

/// What the host listens on, which providers it runs and how it treats their failures.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    /// Address and port of the public API.
    #[schemars(extend("x-expect" = "an address and a port such as 127.0.0.1:8080"))]
    pub(crate) listen: Option<String>,
    /// The administrative listener. Checked, and reserved: this version serves nothing there yet.
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

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProvider {
    /// The provider component: stem of a file in the plugin directory. Without it, the name of
    /// the entry; an entry named local runs ollama.
    #[schemars(length(min = 1, max = 512), regex(pattern = WORD), extend("x-expect" = "a name without blanks"))]
    pub(crate) component: Option<String>,
    /// The key of the upstream, as "${NAME}", "${file:/path}" or {command: "pass show x"}. Written out in the file it
    /// works too, with a warning.
    #[serde(default)]
    #[schemars(schema_with = "secret")]
    pub(crate) api_key: Option<IgnoredAny>,
    /// Several keys, used in turn when one is refused or exhausted. Instead of api_key.
    #[serde(default)]
    #[schemars(schema_with = "secrets")]
    pub(crate) api_keys: Option<Vec<IgnoredAny>>,
    /// Where the upstream is, such as https://api.openai.com/v1. Without it, the provider's own address.
    #[schemars(length(min = 1, max = 2048), extend("x-expect" = "an http or https URL"))]
    pub(crate) base_url: Option<String>,
    /// Upstream model names: list the models by name ("*" is not supported).
    #[schemars(required, length(min = 1, max = 1000))]
    #[schemars(inner(length(min = 1, max = 256), regex(pattern = WORD)))]
    pub(crate) models: Option<Vec<String>>,
    /// Longest time for a whole attempt.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "1h"]))]
    pub(crate) timeout: Option<String>,
    /// Longest time until the connection stands, TLS included.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "1h"]))]
    pub(crate) connect_timeout: Option<String>,
    /// Longest time until the upstream's answer begins; without it, timeout alone limits it.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "1h"]))]
    pub(crate) first_token_timeout: Option<String>,
    /// Longest gap between two pieces of the upstream's answer.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "1h"]))]
    pub(crate) idle_timeout: Option<String>,
    /// Most retries on this deployment within one request; 0 disables them.
    #[schemars(range(min = 0, max = 10))]
    pub(crate) max_retries: Option<u32>,
    /// Tier within a route; the lowest tier that admits requests is used.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) priority: Option<u32>,
    /// Share of the requests within a tier.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) weight: Option<u32>,
    /// Whether every call has an instance of its own (request) or instances are reused (pooled).
    pub(crate) isolation: Option<RawIsolation>,
    /// What one call may use; reaching a limit ends the call with an error.
    pub(crate) limits: Option<RawLimits>,
    /// Hosts the provider may reach beside the one of base_url, as "https://host[:port]" or "*.suffix".
    #[schemars(length(max = 100), inner(length(min = 1, max = 512)))]
    pub(crate) allow_hosts: Option<Vec<String>>,
    /// Whether host names may lead to private addresses. An address written in base_url, and localhost, need no grant.
    pub(crate) private: Option<bool>,
    /// PEM file of certificate authorities trusted in addition to those of the system.
    #[schemars(length(min = 1, max = 4096))]
    pub(crate) ca_file: Option<String>,
    /// Where the key goes in an upstream request; without it, where the vendor wants it.
    pub(crate) credential: Option<RawCredential>,
    /// Handed to the provider as it is. Not for secrets: it is shown by status and debug output.
    pub(crate) settings: Option<Map<String, Value>>,
    /// Whether HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment are honoured.
    pub(crate) proxy: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawIsolation {
    Named(RawIsolationName),
    Detailed(RawIsolationForm),
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawIsolationName {
    Request,
    Pooled,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIsolationForm {
    /// Reuse instances, and for how long.
    #[schemars(required)]
    pub(crate) pooled: Option<RawPooled>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPooled {
    /// Calls after which an instance is replaced.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_calls: Option<u32>,
    /// Age after which an instance is replaced.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "24h"]))]
    pub(crate) max_age: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    /// Linear memory of a call.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1MiB", "4GiB"]))]
    pub(crate) memory: Option<String>,
    /// Processor time of a call.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["10ms", "10m"]))]
    pub(crate) cpu: Option<String>,
    /// Size of an upstream answer that is not streamed.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "1GiB"]))]
    pub(crate) response: Option<String>,
    /// Size of a streamed upstream answer.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "4GiB"]))]
    pub(crate) stream: Option<String>,
    /// Elements of all WebAssembly tables of a call.
    #[schemars(range(min = 100, max = 100_000))]
    pub(crate) tables: Option<u32>,
    /// Resources of the host that a call may hold at once.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub(crate) handles: Option<u32>,
    /// Size of the headers of one upstream message.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "1MiB"]))]
    pub(crate) headers: Option<String>,
    /// Bytes that may pass from the component to the host in one host call.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "1GiB"]))]
    pub(crate) request: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawCredential {
    Named(RawCredentialName),
    Field(RawCredentialField),
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawCredentialName {
    Bearer,
    None,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawCredentialField {
    /// Name of the header that holds the key.
    #[schemars(length(max = 128), regex(pattern = FIELD_NAME), extend("x-expect" = "a header name"))]
    pub(crate) header: Option<String>,
    /// Name of the query parameter that holds the key.
    #[schemars(length(max = 128), regex(pattern = FIELD_NAME), extend("x-expect" = "a parameter name"))]
    pub(crate) query: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRoute {
    /// What may answer: a deployment and one of its models each.
    #[schemars(required, length(min = 1, max = 1000))]
    pub(crate) targets: Option<Vec<RawTarget>>,
    /// Error class to the route that is asked next; "any" stands for every class that is not named.
    #[serde(default)]
    #[schemars(schema_with = "fallbacks")]
    pub(crate) fallbacks: Option<IndexMap<String, String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTarget {
    /// Name of an entry of ai_services.providers.
    #[schemars(required, length(min = 1, max = 128))]
    pub(crate) provider: Option<String>,
    /// One of the models that the provider lists.
    #[schemars(required, length(min = 1, max = 256))]
    pub(crate) model: Option<String>,
    /// Tier within this route; without it, the provider's.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) priority: Option<u32>,
    /// Weight within this route; without it, the provider's.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) weight: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLoadBalancer {
    /// How a deployment is picked among those of a tier.
    pub(crate) strategy: Option<RawStrategy>,
    /// Time between two health checks of a deployment.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "1h"]))]
    pub(crate) health_check_interval: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawStrategy {
    RoundRobin,
    Weighted,
    LeastConnections,
    Latency,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetry {
    /// Attempts of one request, the first included; 1 disables retries.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) max_attempts: Option<u32>,
    /// Wait before the first retry.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "60s"]))]
    pub(crate) base_delay: Option<String>,
    /// Longest wait between two attempts; not below base_delay.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "10m"]))]
    pub(crate) max_delay: Option<String>,
    /// Factor from one wait to the next.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) backoff_multiplier: Option<f64>,
    /// Whether the wait is drawn at random between zero and its full length.
    pub(crate) jitter: Option<bool>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCircuitBreaker {
    /// Consecutive failures that trip the breaker.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) failure_threshold: Option<u32>,
    /// How long a tripped breaker rejects before it probes.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["100ms", "1h"]))]
    pub(crate) reset_timeout: Option<String>,
    /// Probes that must succeed for it to recover.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) half_open_max_calls: Option<u32>,
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

fn secrets(generator: &mut SchemaGenerator) -> Schema {
    let item = secret(generator);
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 100, "items": item })
}

fn fallbacks(_: &mut SchemaGenerator) -> Schema {
    let mut classes = Map::new();
    for class in ERROR_CLASSES {
        classes.insert(
            class.to_owned(),
            json_schema!({ "type": "string", "minLength": 1, "maxLength": 128 }).to_value(),
        );
    }
    json_schema!({ "type": "object", "additionalProperties": false, "properties": classes })
}
