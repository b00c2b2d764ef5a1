//! Embeddings: [`body`] writes what goes on the wire, [`parse`] reads the answer.
//!
//! Vectors are asked for in base64: less than half the size of decimal numbers, and cheaper to read. Servers that do
//! not know the field answer with numbers, which are read as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{EmbedRequest, EmbedResponse, Error, ErrorKind, Extension, Usage};

use crate::{usage, wire};

/// The dialect that is shared with the host's OpenAI API: what neither side maps passes through unchanged.
pub const DIALECT: &str = "openai.embeddings";
/// The option that means the same in every dialect.
const NEUTRAL_OPTION: &str = "user";
/// Fields that are written here, whatever the options say. The form of the client's vectors is the host's matter.
const OWN: [&str; 4] = ["model", "input", "dimensions", "encoding_format"];

/// How a server is asked to write vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Little-endian 32-bit floats in base64.
    #[default]
    Base64,
    /// Decimal numbers, for servers that refuse the other.
    Float,
}

/// The body of the request.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] when an option is not JSON.
pub fn body(request: &EmbedRequest, encoding: Encoding) -> Result<Vec<u8>, Error> {
    let invalid = |e| {
        Error::new(
            ErrorKind::InvalidRequest,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(&Body { request, encoding }).map_err(invalid)
}

struct Body<'a> {
    request: &'a EmbedRequest,
    encoding: Encoding,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let r = self.request;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &r.model)?;
        map.serialize_entry("input", &r.input)?;
        if let Some(dimensions) = r.dimensions {
            map.serialize_entry("dimensions", &dimensions)?;
        }
        let encoding = match self.encoding {
            Encoding::Base64 => "base64",
            Encoding::Float => "float",
        };
        map.serialize_entry("encoding_format", encoding)?;
        let ours = matches!(r.dialect.as_str(), DIALECT | "wharf");
        for (name, value) in &r.options {
            if (ours || name == NEUTRAL_OPTION) && !OWN.contains(&name.as_str()) {
                let raw: &RawValue = serde_json::from_str(value).map_err(serde::ser::Error::custom)?;
                map.serialize_entry(name, raw)?;
            }
        }
        map.end()
    }
}

/// Reads the body of a 200 answer to so many texts.
///
/// # Errors
/// A protocol error when it does not have one vector for each text, and the vendor's own error when it carries one.
pub fn parse(body: &str, texts: usize) -> Result<EmbedResponse, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = top.take_raw("error").filter(|e| e.get() != "null") {
        return Err(Error::from_event(&wire::object(&[("error", error.get().to_owned())])));
    }
    // Bookkeeping of a wrong type does not cost an answer that is there; it stays among the rest.
    let model = top.take_if::<Option<String>>("model").flatten();
    let usage = top
        .take_if::<Option<Object<'_>>>("usage")
        .flatten()
        .map_or_else(Usage::default, |counts| usage::parse(counts, DIALECT));
    take_word(&mut top, "object", "list");
    let data: Vec<&RawValue> = top
        .take("data")?
        .ok_or_else(|| Error::protocol("the vendor's answer has no `data`; is `base_url` the right address?"))?;
    if data.len() != texts {
        return Err(wrong_count(data.len(), texts));
    }
    let mut places: Vec<Option<(Vec<f32>, Object<'_>)>> = Vec::new();
    places.resize_with(texts, || None);
    for (position, raw) in data.into_iter().enumerate() {
        let mut item = Object::parse(raw.get())?;
        take_word(&mut item, "object", "embedding");
        let index = item.take::<usize>("index")?.unwrap_or(position);
        let vector = item
            .take_raw("embedding")
            .ok_or_else(|| Error::protocol(format!("the vendor's answer has no `embedding` in item {position}")))?;
        let vector = vector_of(vector, position)?;
        let free = places.get_mut(index).filter(|place| place.is_none());
        let place =
            free.ok_or_else(|| Error::protocol(format!("the vendor's answer has no place for a vector {index}")))?;
        *place = Some((vector, item));
    }
    let (vectors, rests): (Vec<_>, Vec<_>) = places.into_iter().flatten().unzip();
    Ok(EmbedResponse {
        model,
        vectors,
        usage,
        extra: residual(&top, &rests).map(|rest| Extension::new(DIALECT, rest)),
    })
}

fn wrong_count(found: usize, texts: usize) -> Error {
    Error::protocol(format!("the vendor answered {texts} texts with {found} vectors"))
}

/// Takes a field that says what everyone knows. Another word in it stays among the rest.
fn take_word(object: &mut Object<'_>, name: &str, word: &str) {
    if object.peek::<String>(name).is_some_and(|found| found == word) {
        object.take_raw(name);
    }
}

/// A vector in either form.
fn vector_of(raw: &RawValue, position: usize) -> Result<Vec<f32>, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::protocol(format!("the vendor's vector {position}: {e}"));
    let vector = if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).map_err(|e| wrong(&e))?;
        let bytes = STANDARD.decode(text).map_err(|e| wrong(&e))?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(wrong(&"its bytes are not 32-bit floats"));
        }
        numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    } else {
        serde_json::from_str::<Vec<f32>>(raw.get()).map_err(|e| wrong(&e))?
    };
    if vector.is_empty() {
        return Err(wrong(&"it is empty"));
    }
    if vector.iter().any(|number| !number.is_finite()) {
        return Err(wrong(&"a number in it is none that a float can hold"));
    }
    Ok(vector)
}

/// What is left in the answer's own structure: beside `data`, and in `data` for each vector.
fn residual(top: &Object<'_>, rests: &[Object<'_>]) -> Option<String> {
    let mut fields: Vec<(&str, String)> = top.iter().map(|(key, value)| (key, value.get().to_owned())).collect();
    if rests.iter().any(|rest| !rest.is_empty()) {
        // Serializing strings and unparsed values cannot fail.
        fields.push(("data", serde_json::to_string(rests).unwrap_or_default()));
    }
    (!fields.is_empty()).then(|| wire::object(&fields))
}

#[cfg(test)]
#[path = "embeddings_tests.rs"]
mod tests;
