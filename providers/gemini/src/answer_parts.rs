//! Parts of an answer in the contract's words. What a part has beside that stays in its `extra`, laid out as on the
//! wire: beside the part's own key, or under it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, Media, MediaData, Part, Reasoning, Text, ToolCall, seal};

use crate::call_ids::CallIds;
use crate::wire::{Map, Node};
use crate::{DIALECT, SIGNATURE};

/// Reads a part; `None` for one that says nothing.
///
/// # Errors
/// A protocol error naming the field that is not what it should be.
pub(crate) fn read(raw: &RawValue, ids: &mut CallIds) -> Result<Option<Part>, Error> {
    let mut part = Object::parse(raw.get())?;
    if let Some(call) = part.take::<Object<'_>>("functionCall")? {
        return tool_call(call, &part, ids).map(Some);
    }
    if let Some(data) = part.take::<Object<'_>>("inlineData")? {
        return inline(data, &part).map(Some);
    }
    if let Some(file) = part.take::<Object<'_>>("fileData")? {
        return link(file, &part).map(Some);
    }
    if let Some(text) = part.take::<String>("text")? {
        return text_or_thought(text, part).map(Some);
    }
    // A signature may come after everything it belongs to, in a part of its own. It goes back with an empty text.
    let bare = part.iter().all(|(name, _)| matches!(name, "thought" | SIGNATURE));
    match (part.is_empty(), bare) {
        (true, _) => Ok(None),
        (false, true) => text_or_thought(String::new(), part).map(Some),
        // Code that was run, a search, whatever comes next.
        (false, false) => Ok(Some(Part::Extension(Extension::new(DIALECT, raw.get())))),
    }
}

fn text_or_thought(text: String, mut part: Object<'_>) -> Result<Part, Error> {
    if part.peek::<bool>("thought") != Some(true) {
        let extra = written(&marked(&part));
        return Ok(Part::Text(Text { text, extra }));
    }
    part.take_raw("thought");
    let signature: Option<String> = part.take(SIGNATURE)?;
    Ok(Part::Reasoning(Reasoning {
        text: Some(text),
        signature: signature.map(|bare| seal::mark(DIALECT, &bare)),
        redacted: None,
        extra: part.rest(),
    }))
}

fn tool_call(mut call: Object<'_>, part: &Object<'_>, ids: &mut CallIds) -> Result<Part, Error> {
    let id: Option<String> = call.take("id")?;
    let name: String = call.take("name")?.unwrap_or_default();
    let arguments = call.take_raw("args").map(RawValue::get).filter(|args| *args != "null");
    let arguments = one_line(arguments.unwrap_or("{}"));
    Ok(Part::ToolCall(ToolCall {
        id: ids.next(id, &name, &arguments),
        name,
        arguments,
        extra: rest(part, "functionCall", &call),
    }))
}

fn inline(mut data: Object<'_>, part: &Object<'_>) -> Result<Part, Error> {
    let mime_type = data.take("mimeType")?.unwrap_or_default();
    let base64: String = data.take("data")?.unwrap_or_default();
    let bytes = STANDARD
        .decode(base64)
        .map_err(|e| Error::protocol(format!("the vendor's JSON, field `inlineData.data`: {e}")))?;
    Ok(Part::Media(Media {
        mime_type,
        data: MediaData::Inline(bytes),
        name: None,
        extra: rest(part, "inlineData", &data),
    }))
}

fn link(mut file: Object<'_>, part: &Object<'_>) -> Result<Part, Error> {
    let mime_type = file.take("mimeType")?.unwrap_or_default();
    let url = file.take("fileUri")?.unwrap_or_default();
    Ok(Part::Media(Media {
        mime_type,
        data: MediaData::Url(url),
        name: None,
        extra: rest(part, "fileData", &file),
    }))
}

/// JSON without white space between its values. A whole answer is indented by the vendor, which is none of the model's
/// doing and would be paid for in every later turn.
fn one_line(json: &str) -> String {
    let (mut text, mut escaped) = (false, false);
    let said = |c: &char| {
        if text {
            text = escaped || *c != '"';
            escaped = !escaped && *c == '\\';
            return true;
        }
        text = *c == '"';
        !c.is_ascii_whitespace()
    };
    json.chars().filter(said).collect()
}

/// What is left of a part, with what is left under its key.
fn rest(beside: &Object<'_>, key: &'static str, inside: &Object<'_>) -> Option<String> {
    let mut map = marked(beside);
    if !inside.is_empty() {
        map.set(key, Node::Map(Map::of(inside)));
    }
    written(&map)
}

/// What is left of a part. Its seal is marked as Gemini's: clients of any dialect hand it back, maybe to another vendor.
fn marked<'a>(part: &Object<'a>) -> Map<'a> {
    let mut map = Map::of(part);
    if let Some(bare) = part.peek::<String>(SIGNATURE) {
        map.set(SIGNATURE, Node::text(seal::mark(DIALECT, &bare)));
    }
    map
}

fn written(map: &Map<'_>) -> Option<String> {
    // Serializing strings and unparsed values cannot fail.
    (!map.is_empty()).then(|| serde_json::to_string(map).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_texts_stay() {
        let json = "{\n  \"a b\": \"c \\\" d\\\\\",\r\n\t\"e\": [1.0, 2]\n}";
        assert_eq!(one_line(json), r#"{"a b":"c \" d\\","e":[1.0,2]}"#);
    }
}
