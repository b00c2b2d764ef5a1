//! An entry of `ai_services.providers` in the file.
//!
//! Decides the keys of a deployment and their ranges.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::secret;
use crate::config::quantity::{DURATION, SIZE};

/// A name that is one word: models may have slashes and dots, never blanks.
const WORD: &str = r"^\S+$";

/// The name of a header or of a query parameter.
const FIELD_NAME: &str = "^[A-Za-z0-9_-]+$";

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
    /// Several keys, used in turn. A key that the vendor refuses (401, 402, 403) is retired until the configuration
    /// changes, one whose rate it limits (429) rests. Instead of api_key.
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
    /// Longest time until the first token of a streamed answer; without it, timeout alone limits it.
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
    /// Whether the upstream is asked periodically whether it is there.
    pub(crate) health_check: Option<bool>,
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

fn secrets(generator: &mut SchemaGenerator) -> Schema {
    let item = secret(generator);
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 100, "items": item })
}
