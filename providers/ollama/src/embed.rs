//! Embeddings: `POST /api/embed`, all texts at once.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{EmbedRequest, EmbedResponse, Error, Extension};

use crate::options::Options;
use crate::settings::Settings;
use crate::wire::{self, Value, Words};
use crate::{DIALECT, error, usage};

/// The client's options that are looked at by name, or have no place in this API.
const LOOKED_AT: [&str; 5] = ["truncate", "keep_alive", "options", "encoding_format", "user"];

/// The body of the request.
///
/// # Errors
/// `InvalidRequest` naming an option that is not JSON, `Unsupported` naming one of another dialect that would be lost.
pub fn body(request: &EmbedRequest, settings: &Settings) -> Result<Vec<u8>, Error> {
    let words = Words::from(request);
    words.check(&[])?;
    wire::bytes(&Body {
        request,
        truncate: wire::truncate(words, settings)?,
        keep_alive: words.own("keep_alive")?.or(settings.keep_alive.as_deref()),
        options: Options::own(words, settings)?,
        others: words.others(&LOOKED_AT)?,
    })
}

struct Body<'a> {
    request: &'a EmbedRequest,
    truncate: Option<Value<'a>>,
    keep_alive: Option<&'a RawValue>,
    options: Options<'a>,
    others: Vec<(&'a str, &'a RawValue)>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &self.request.model)?;
        map.serialize_entry("input", &self.request.input)?;
        if let Some(dimensions) = self.request.dimensions {
            map.serialize_entry("dimensions", &dimensions)?;
        }
        if let Some(truncate) = &self.truncate {
            map.serialize_entry("truncate", truncate)?;
        }
        if let Some(keep_alive) = self.keep_alive {
            map.serialize_entry("keep_alive", keep_alive)?;
        }
        if !self.options.is_empty() {
            map.serialize_entry("options", &self.options)?;
        }
        for (name, value) in &self.others {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Reads the body of a 200 answer to a request of this many texts.
///
/// # Errors
/// The vendor's own error when it carries one, and a protocol error when it is no answer or has not one vector for
/// each text.
pub fn parse(body: &str, texts: usize) -> Result<EmbedResponse, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = error::carried(&top, body) {
        return Err(error);
    }
    let vectors: Vec<Vec<f32>> = top.take("embeddings")?.unwrap_or_default();
    if vectors.len() != texts {
        let problem = format!("the vendor's answer has {} vectors for {texts} texts", vectors.len());
        return Err(Error::protocol(problem));
    }
    Ok(EmbedResponse {
        model: top.take_if::<Option<String>>("model").flatten(),
        vectors,
        usage: usage::take(&mut top),
        extra: top.rest().map(|rest| Extension::new(DIALECT, rest)),
    })
}

#[cfg(test)]
#[path = "embed_tests.rs"]
mod tests;
