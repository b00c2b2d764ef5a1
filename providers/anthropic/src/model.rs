//! What there is of models and what one of them can do, from `GET /v1/models` and `GET /v1/models/{id}`.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Capabilities, Error, Model, Support};

use crate::date;

/// What the newest models can do.
pub(crate) fn at_best() -> Capabilities {
    Capabilities {
        streaming: Support::Yes,
        tools: Support::Yes,
        parallel_tools: Support::Yes,
        images: Support::Yes,
        json_schema: Support::Yes,
        thinking: Support::Yes,
        ..Capabilities::default()
    }
}

/// What a name says about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// `opus`, `sonnet`, `haiku`, …
    pub(crate) family: &'a str,
    /// Major and minor version; of families without numbers the newest there is.
    pub(crate) version: (u32, u32),
}

/// Families whose first member has no number. They began after Claude 4.6.
const UNNUMBERED: [&str; 2] = ["mythos", "fable"];

/// What the name of a model says; `None` of a name without a version, and of models whose version came first (up to
/// Claude 3.7).
pub(crate) fn named(model: &str) -> Option<Named<'_>> {
    /// A part of a version. What is longer is a date.
    fn number(word: &str) -> Option<u32> {
        if word.len() > 2 {
            return None;
        }
        word.parse().ok()
    }
    // Resellers have words of their own before and after it: `us.anthropic.claude-opus-4-6-v1:0`.
    let (_, name) = model.split_once("claude-")?;
    let mut words = name.split(['-', '.', ':', '@']);
    let family = words.next().filter(|word| number(word).is_none())?;
    let version = match words.next().and_then(number) {
        Some(major) => (major, words.next().and_then(number).unwrap_or(0)),
        None if UNNUMBERED.contains(&family) => (5, 0),
        None => return None,
    };
    Some(Named { family, version })
}

/// Whether a model regulates its thinking itself: Claude 4.6 and what came later. Of a name without a version nothing
/// is known, and a budget is what has been understood for longest.
pub(crate) fn is_adaptive(model: &str) -> bool {
    named(model).is_some_and(|named| named.version >= (4, 6))
}

/// Whether a model thinks without being asked, so that its answers need the room.
pub(crate) fn thinks_unasked(model: &str) -> bool {
    named(model).is_some_and(|named| named.version >= (5, 0))
}

/// Whether a model cannot be kept from thinking.
pub(crate) fn always_thinks(model: &str) -> bool {
    named(model).is_some_and(|named| UNNUMBERED.contains(&named.family)) || is_bound(model)
}

/// Whether a model refuses rules that make it call a tool, and thoughts that stand behind other words than those it had
/// them after: Claude 5.1 and what came later, without the small models.
pub(crate) fn is_bound(model: &str) -> bool {
    named(model).is_some_and(|named| named.version > (5, 0) && named.family != "haiku")
}

/// Whether a model goes on with an answer that the client has begun: up to Claude 4.5.
pub(crate) fn takes_a_beginning(model: &str) -> bool {
    named(model).is_none_or(|named| named.version < (4, 6))
}

/// Whether a model refuses temperature, `top_p` and `top_k`: Claude 4.7 and what came later.
pub(crate) fn is_not_sampled(model: &str) -> bool {
    named(model).is_some_and(|named| named.version >= (4, 7))
}

/// Whether a model takes only one of temperature and `top_p`: Claude 4.1 and what came later.
pub(crate) fn takes_one_of_both(model: &str) -> bool {
    named(model).is_some_and(|named| named.version >= (4, 1))
}

/// The path of a model below `/v1`.
pub(crate) fn path(model: &str) -> String {
    format!("/models/{}", escaped(model))
}

/// The path of the list of models below `/v1`, as many at once as the vendor gives, from behind this model on.
pub(crate) fn list_path(after: Option<&str>) -> String {
    let after = after.map(|id| format!("&after_id={}", escaped(id)));
    format!("/models?limit=1000{}", after.unwrap_or_default())
}

/// A name that cannot leave its place in an address.
fn escaped(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

/// A piece of the list of models.
#[derive(Debug)]
pub struct Page {
    /// The models, newest first.
    pub models: Vec<Model>,
    /// The model behind which the next piece begins. `None` at the end.
    pub next: Option<String>,
}

/// Reads a piece of the list of models.
///
/// # Errors
/// A protocol error when it is not a list of models.
pub fn page(body: &str) -> Result<Page, Error> {
    let mut list = Object::parse(body)?;
    let missing = || Error::protocol("the vendor's list of models has no `data`");
    let data: Vec<&RawValue> = list.take("data")?.ok_or_else(missing)?;
    let models = data.into_iter().map(|raw| describe(raw.get()));
    let models = models.collect::<Result<Vec<Model>, Error>>()?;
    // Without a model behind which it goes on the list would begin anew.
    let more = list.peek("has_more") == Some(true);
    let next = models.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Page { models, next })
}

/// Reads the description of a model.
///
/// # Errors
/// A protocol error when it is not one.
pub fn describe(body: &str) -> Result<Model, Error> {
    let mut model = Object::parse(body)?;
    let missing = || Error::protocol("the vendor describes a model that has no `id`");
    let id: String = model.take("id")?.ok_or_else(missing)?;
    if model.peek::<&str>("type") == Some("model") {
        model.take_raw("type");
    }
    Ok(Model {
        id,
        created: created(&mut model),
        owner: model.take_if("owned_by"),
        size: None,
        loaded: None,
        extra: model.rest(),
    })
}

/// Takes out when a model was made. Anthropic writes a date, the epoch where it does not know; servers of other vendors
/// write seconds.
fn created(model: &mut Object<'_>) -> Option<u64> {
    if let Some(seconds) = model.take_if::<u64>("created") {
        return Some(seconds);
    }
    let date: String = model.peek("created_at")?;
    let seconds = date::seconds(&date)?;
    model.take_raw("created_at");
    (seconds > 0).then_some(seconds)
}

/// Reads from the description of a model what it can do.
///
/// # Errors
/// A protocol error when it is not JSON.
pub fn capabilities(body: &str) -> Result<Capabilities, Error> {
    let mut model = Object::parse(body)?;
    let context_tokens = model.take_if::<Option<u64>>("max_input_tokens").flatten();
    let max_output_tokens = model.take_if::<Option<u64>>("max_tokens").flatten();
    let features: Object<'_> = model.peek("capabilities").unwrap_or_default();
    Ok(Capabilities {
        images: support(&features, "image_input"),
        json_schema: support(&features, "structured_outputs"),
        thinking: support(&features, "thinking"),
        context_tokens,
        max_output_tokens,
        extra: model.rest(),
        // Not in the description, and true of every model that this API has.
        tools: Support::Yes,
        parallel_tools: Support::Yes,
        ..Capabilities::default()
    })
}

#[derive(Deserialize)]
struct Feature {
    supported: bool,
}

fn support(features: &Object<'_>, name: &str) -> Support {
    match features.peek::<Feature>(name) {
        Some(Feature { supported: true }) => Support::Yes,
        Some(Feature { supported: false }) => Support::No,
        None => Support::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::ErrorKind;

    use super::*;

    #[test]
    fn models_since_4_6_regulate_their_thinking() {
        for model in [
            "claude-opus-4-6",
            "claude-sonnet-4-6-20260218",
            "claude-opus-4.7",
            "claude-opus-5",
            "claude-haiku-5-5",
            "claude-mythos-preview",
            "anthropic/claude-opus-4.6",
            "us.anthropic.claude-opus-4-6-v1:0",
        ] {
            assert!(is_adaptive(model), "{model}");
        }
        for model in [
            "claude-sonnet-4-5",
            "claude-haiku-4-5-20251001",
            "claude-opus-4-20250514",
            "claude-sonnet-4@20250514",
            "claude-3-7-sonnet-20250219",
            "claude-2.1",
            "claude-opus-latest",
            "claude-",
            "deepseek-chat",
        ] {
            assert!(!is_adaptive(model), "{model}");
        }
    }

    #[test]
    fn what_the_vendor_says_is_taken_over() {
        let body = r#"{"type":"model","id":"m","display_name":"M","max_input_tokens":200000,"max_tokens":64000,
            "capabilities":{"image_input":{"supported":true},"structured_outputs":{"supported":false},"new":{"supported":true}}}"#;
        let model = capabilities(body).unwrap();
        assert_eq!((model.images, model.json_schema), (Support::Yes, Support::No));
        assert_eq!(model.thinking, Support::Unknown, "the vendor did not say");
        assert_eq!(
            (model.context_tokens, model.max_output_tokens),
            (Some(200_000), Some(64_000))
        );
        let extra: serde_json::Value = serde_json::from_str(model.extra.as_deref().unwrap()).unwrap();
        assert_eq!(extra["capabilities"]["new"]["supported"], true);
    }

    #[test]
    fn a_description_without_features_leaves_them_unknown() {
        let model = capabilities(r#"{"id":"m","capabilities":null,"max_tokens":null}"#).unwrap();
        assert_eq!((model.images, model.max_output_tokens), (Support::Unknown, None));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(path("claude-opus-4.6"), "/models/claude-opus-4.6");
        assert_eq!(path("../a b?c"), "/models/..%2Fa%20b%3Fc");
        assert_eq!(list_path(None), "/models?limit=1000");
        assert_eq!(list_path(Some("a&b")), "/models?limit=1000&after_id=a%26b");
    }

    #[test]
    fn a_list_of_models_says_where_it_goes_on() {
        let body = r#"{"data":[
            {"type":"model","id":"b","display_name":"B","created_at":"2025-02-19T00:00:00Z"},
            {"type":"model","id":"a","display_name":"A","created_at":"1970-01-01T00:00:00Z"}
            ],"has_more":true,"first_id":"b","last_id":"a"}"#;
        let found = page(body).unwrap();
        let [newest, oldest] = found.models.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((newest.id.as_str(), newest.created), ("b", Some(1_739_923_200)));
        assert_eq!(newest.extra.as_deref(), Some(r#"{"display_name":"B"}"#));
        assert_eq!(oldest.created, None, "the epoch stands for an unknown date");
        assert_eq!(found.next.as_deref(), Some("a"));
    }

    #[test]
    fn a_list_ends() {
        for body in [
            r#"{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}"#,
            r#"{"data":[{"id":"a"}]}"#,
            r#"{"data":[],"has_more":true,"last_id":null}"#,
        ] {
            assert_eq!(page(body).unwrap().next, None, "{body}");
        }
    }

    #[test]
    fn lists_of_other_servers_are_read_too() {
        let body = r#"{"object":"list","data":[{"id":"m","object":"model","created":1686935002,"owned_by":"me"}]}"#;
        let found = page(body).unwrap().models;
        assert_eq!(
            (found[0].created, found[0].owner.as_deref()),
            (Some(1_686_935_002), Some("me"))
        );
        assert_eq!(found[0].extra.as_deref(), Some(r#"{"object":"model"}"#));
    }

    #[test]
    fn what_is_no_model_is_not_listed() {
        for body in ["[]", "{}", r#"{"data":[{"display_name":"A"}]}"#, r#"{"data":["a"]}"#] {
            assert_eq!(page(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
    }

    #[test]
    fn a_date_that_cannot_be_read_is_kept() {
        let found = describe(r#"{"id":"a","created_at":"yesterday"}"#).unwrap();
        assert_eq!(found.created, None);
        assert_eq!(found.extra.as_deref(), Some(r#"{"created_at":"yesterday"}"#));
    }
}
