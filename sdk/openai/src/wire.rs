//! Pieces of JSON that both of OpenAI's APIs write alike.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, JsonSchema, Media, Request};

use crate::{chat, responses};

/// How the text of a tool that failed begins, as neither API has another mark for it.
pub(crate) const FAILED: &str = "Error:";

/// A body.
///
/// # Errors
/// `InvalidRequest` when a JSON value of the request is not JSON.
pub(crate) fn bytes(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    let invalid = |e| {
        let problem = format!("the request cannot be written as JSON: {e}");
        Error::new(ErrorKind::InvalidRequest, problem)
    };
    serde_json::to_vec(body).map_err(invalid)
}

/// The schema of a tool's arguments. OpenAI refuses one that names no properties, which is how clients of other APIs say
/// that there are none.
pub(crate) fn parameters<S: Serializer, M: SerializeMap<Error = S::Error>>(
    map: &mut M,
    json: &str,
    same_dialect: bool,
) -> Result<(), S::Error> {
    let schema = raw::<S>(json)?;
    match serde_json::from_str::<Object<'_>>(json) {
        Ok(fields) if !same_dialect && !fields.contains("properties") => {
            map.serialize_entry("parameters", &Propertyless(&fields))
        }
        _ => map.serialize_entry("parameters", schema),
    }
}

/// A schema with an empty list of properties.
struct Propertyless<'a>(&'a Object<'a>);

impl Serialize for Propertyless<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.0.contains("type") {
            map.serialize_entry("type", "object")?;
        }
        self.0.serialize_into(&mut map)?;
        map.serialize_entry("properties", &serde_json::Map::new())?;
        map.end()
    }
}

/// A field that is there if its value is.
pub(crate) fn optional<M: SerializeMap, T: Serialize>(
    map: &mut M,
    key: &str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| map.serialize_entry(key, value))
}

/// A value that is JSON already.
pub(crate) fn raw<S: Serializer>(json: &str) -> Result<&RawValue, S::Error> {
    serde_json::from_str(json).map_err(serde::ser::Error::custom)
}

/// A float that is written as an integer when it is one, as clients write `"temperature": 1`.
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 1e9 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e9")]
            let whole = self.0 as i64;
            serializer.serialize_i64(whole)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A schema with its name and its rules, as fields of an object that is being written.
pub(crate) fn schema<S: Serializer, M: SerializeMap<Ok = S::Ok, Error = S::Error>>(
    schema: &JsonSchema,
    map: &mut M,
) -> Result<(), S::Error> {
    map.serialize_entry("name", &schema.name)?;
    optional(map, "description", &schema.description)?;
    map.serialize_entry("schema", raw::<S>(&schema.schema)?)?;
    optional(map, "strict", &schema.strict)
}

/// How much to think, in OpenAI's words. A budget has none; so much thinking is roughly that level. `ours`: the client
/// uses these words itself.
///
/// Not all models take every word. Words of another vendor become those that all thinking models have; that one does
/// not want any thinking goes without saying, as models that do not think refuse the field.
pub(crate) fn effort(request: &Request, ours: bool) -> Option<&str> {
    let level = |budget: u32| match budget {
        0 => "none",
        1..2048 => "low",
        2048..8192 => "medium",
        _ => "high",
    };
    let thinking = request.thinking.as_ref()?;
    let word = thinking.effort.as_deref().or(thinking.budget_tokens.map(level))?;
    match word {
        _ if ours => Some(word),
        "none" => None,
        "max" | "xhigh" => Some("high"),
        _ => Some(word),
    }
}

/// Whether the client wants the model to think.
pub(crate) fn wants_thinking(request: &Request) -> bool {
    let thinking = request.thinking.as_ref();
    thinking.is_some_and(|thinking| match (thinking.effort.as_deref(), thinking.budget_tokens) {
        (Some(word), _) => word != "none",
        (None, budget) => budget != Some(0),
    })
}

/// The vendor fields of a record: those of the client if it speaks this dialect, else none.
///
/// # Errors
/// `InvalidRequest` when they are no JSON object.
pub(crate) fn extra(json: Option<&str>, same_dialect: bool) -> Result<Object<'_>, Error> {
    match json {
        Some(json) if same_dialect => Object::parse(json)
            .map(Object::without_seals)
            .map_err(|e| Error::new(ErrorKind::InvalidRequest, e.message)),
        _ => Ok(Object::default()),
    }
}

/// How closely a picture is to be looked at, which both APIs have in a place of their own, in a request of either.
pub(crate) fn detail<'a>(media: &'a Media, dialect: &str) -> Option<&'a RawValue> {
    let extra: Object<'_> = serde_json::from_str(media.extra.as_deref()?).ok()?;
    match dialect {
        chat::DIALECT => extra.peek::<Object<'_>>("image_url")?.peek("detail"),
        responses::DIALECT => extra.peek("detail"),
        _ => None,
    }
}

/// Whether a document is a text, which is then said.
pub(crate) fn is_text(mime: &str) -> bool {
    mime.starts_with("text/") || mime == "application/json"
}

/// A document that is a text, under its name.
///
/// # Errors
/// `Unsupported` naming the part when it is no UTF-8.
pub(crate) fn document<'a>(media: &Media, bytes: &'a [u8], place: &str) -> Result<Cow<'a, str>, Error> {
    let wrong = |_| Error::unsupported(format!("`{place}`: only texts in UTF-8 can be sent"));
    let text = std::str::from_utf8(bytes).map_err(wrong)?;
    Ok(match &media.name {
        Some(name) => Cow::Owned(format!("{name}\n\n{text}")),
        None => Cow::Borrowed(text),
    })
}

/// What a file is called. OpenAI takes none without a name, and a PDF by the end of its name.
pub(crate) fn file_name(media: &Media, same_dialect: bool) -> Cow<'_, str> {
    let pdf = media.mime_type == "application/pdf";
    let is_pdf = |end: &OsStr| end.eq_ignore_ascii_case("pdf");
    let ends = |name: &str| Path::new(name).extension().is_some_and(is_pdf);
    match &media.name {
        Some(name) if pdf && !same_dialect && !ends(name) => Cow::Owned(format!("{name}.pdf")),
        Some(name) => Cow::Borrowed(name.as_str()),
        None if pdf => Cow::Borrowed("document.pdf"),
        None => Cow::Borrowed("document"),
    }
}

/// Bytes as an address that holds them.
pub(crate) fn data_url(mime: &str, bytes: &[u8]) -> String {
    let mut url = format!("data:{mime};base64,");
    STANDARD.encode_string(bytes, &mut url);
    url
}

/// Joins fields whose values are JSON already.
pub(crate) fn object(fields: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(*name).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}
