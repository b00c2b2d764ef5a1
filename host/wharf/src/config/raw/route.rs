//! An entry of `ai_services.routes` in the file.
//!
//! Decides the keys of a route, their ranges, and which classes of errors a fallback may be named for.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Map;

use crate::config::quantity::{DURATION, SIZE};

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
    /// What is answered when every deployment and fallback of the route has failed: another route, then the last good
    /// answer to the same request, then a text. Such an answer is marked with x-wharf-degraded.
    pub(crate) degraded: Option<RawDegraded>,
    /// Ask a second deployment when the first has said nothing for this long; the first token wins and the other is
    /// cancelled. Without `after`, the time that 95 of 100 recent answers took to begin.
    #[schemars(extend("x-expect" = "{} or {after: …}"))]
    pub(crate) hedge: Option<RawHedge>,
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
#[schemars(extend("minProperties" = 1))]
pub(crate) struct RawDegraded {
    /// Name of the route that is asked then; not one that leads back here.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) route: Option<String>,
    /// Keep good answers, and give the last one to the same request.
    pub(crate) last_answer: Option<RawLastAnswer>,
    /// What is answered when nothing else is there.
    #[schemars(length(min = 1, max = 100_000))]
    pub(crate) text: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLastAnswer {
    /// Answers kept for the route.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) max_entries: Option<u32>,
    /// Memory that the answers kept for the route may take together.
    #[schemars(regex(pattern = SIZE), extend("x-range" = ["1KiB", "1GiB"]))]
    pub(crate) max_size: Option<String>,
    /// Age at which an answer is too old to be given again.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1s", "720h"]))]
    pub(crate) max_age: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHedge {
    /// How long the first deployment may say nothing before a second one is asked too.
    #[schemars(regex(pattern = DURATION), extend("x-range" = ["1ms", "10m"]))]
    pub(crate) after: Option<String>,
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
