//! The content blocks of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use wharf::{Error, Extension, Json, Media, MediaData, Part, Reasoning, Text, ToolCall, ToolPart, ToolResult};

use super::DIALECT;
use crate::api::fields::{Fields, invalid, plain};

/// What is said: a text, or a list of blocks.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn content(raw: &RawValue, place: &str) -> Result<Vec<Part>, Error> {
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(string(raw, place)?)]);
    }
    let parts = list(raw, place)?.into_iter().enumerate();
    parts.map(|(at, raw)| block(raw, &format!("{place}[{at}]"))).collect()
}

fn list<'a>(raw: &'a RawValue, place: &str) -> Result<Vec<&'a RawValue>, Error> {
    let wrong = |_| invalid(place, "this must be a string or a list of content blocks");
    serde_json::from_str(raw.get()).map_err(wrong)
}

/// A value in Anthropic's own words.
pub(super) fn extension(raw: &RawValue) -> Extension {
    Extension {
        kind: DIALECT.to_owned(),
        value: Json(raw.get().to_owned()),
    }
}

fn string(raw: &RawValue, place: &str) -> Result<String, Error> {
    serde_json::from_str(raw.get()).map_err(|e| invalid(place, plain(&e)))
}

fn block(raw: &RawValue, place: &str) -> Result<Part, Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: String = fields.need("type")?;
    match kind.as_str() {
        "text" => Ok(Part::Text(Text {
            text: fields.need("text")?,
            extra: fields.rest(),
        })),
        "image" | "document" => media(&kind, fields, raw),
        "tool_use" => tool_use(fields),
        "tool_result" => tool_result(fields),
        "thinking" => Ok(Part::Reasoning(Reasoning {
            text: Some(fields.need("thinking")?),
            // Empty where a vendor without seals had thought.
            signature: fields.take("signature")?.filter(|seal: &String| !seal.is_empty()),
            redacted: None,
            extra: fields.rest(),
        })),
        "redacted_thinking" => Ok(Part::Reasoning(Reasoning {
            redacted: Some(fields.need("data")?),
            extra: fields.rest(),
            ..Reasoning::default()
        })),
        _ => Ok(Part::Extension(extension(raw))),
    }
}

/// A picture or a document with its bytes or its address. One that the vendor already has (`file_id`) only means
/// something to that vendor.
fn media(kind: &str, mut fields: Fields<'_>, raw: &RawValue) -> Result<Part, Error> {
    let place = fields.place("source");
    let wanted = || invalid(&place, "this field is required");
    let mut source = fields.take_fields("source")?.ok_or_else(wanted)?;
    let from: String = source.need("type")?;
    let (mime_type, data) = match (kind, from.as_str()) {
        (_, "base64") => {
            let mime: String = source.need("media_type")?;
            let text: String = source.need("data")?;
            let wrong = |e| invalid(&source.place("data"), format!("the base64 data is not valid: {e}"));
            (mime, MediaData::Inline(STANDARD.decode(text).map_err(wrong)?))
        }
        ("image", "url") => ("image/*".to_owned(), MediaData::Url(source.need("url")?)),
        ("document", "url") => ("application/pdf".to_owned(), MediaData::Url(source.need("url")?)),
        ("document", "text") => {
            let mime = source.need("media_type")?;
            let text: String = source.need("data")?;
            (mime, MediaData::Inline(text.into_bytes()))
        }
        _ => return Ok(Part::Extension(extension(raw))),
    };
    // The type alone says what it is; a block that says otherwise has to stay as it came.
    if mime_type.starts_with("image/") != (kind == "image") {
        return Ok(Part::Extension(extension(raw)));
    }
    let name = if kind == "document" {
        fields.take("title")?
    } else {
        None
    };
    Ok(Part::Media(Media {
        mime_type,
        data,
        name,
        extra: fields.rest_with("source", source.rest()),
    }))
}

fn tool_use(mut fields: Fields<'_>) -> Result<Part, Error> {
    let place = fields.place("input");
    let id = fields.need("id")?;
    let name = fields.need("name")?;
    let arguments = match fields.take::<&RawValue>("input")? {
        None => "{}".to_owned(),
        // Arguments that were no JSON when the model wrote them; see `answer::push_input`.
        Some(raw) if raw.get().starts_with('"') => string(raw, &place)?,
        Some(raw) => raw.get().to_owned(),
    };
    Ok(Part::ToolCall(ToolCall {
        id,
        name,
        arguments: Json(arguments),
        extra: fields.rest(),
    }))
}

fn tool_result(mut fields: Fields<'_>) -> Result<Part, Error> {
    let call_id = fields.need("tool_use_id")?;
    let is_error = fields.take("is_error")?.unwrap_or(false);
    let place = fields.place("content");
    let content = match fields.take::<&RawValue>("content")? {
        Some(raw) => tool_content(raw, &place)?,
        None => Vec::new(),
    };
    Ok(Part::ToolResult(ToolResult {
        call_id,
        is_error,
        content,
        extra: fields.rest(),
    }))
}

fn tool_content(raw: &RawValue, place: &str) -> Result<Vec<ToolPart>, Error> {
    if raw.get().starts_with('"') {
        let text = string(raw, place)?;
        return Ok(vec![ToolPart::Text(Text { text, extra: None })]);
    }
    let blocks = list(raw, place)?.into_iter().enumerate();
    blocks
        .map(|(at, raw)| tool_block(raw, &format!("{place}[{at}]")))
        .collect()
}

/// A block of a tool's answer. The contract has texts and media there; anything else stays as it came, unread: a block
/// that holds blocks itself could be nested without end.
fn tool_block(raw: &RawValue, place: &str) -> Result<ToolPart, Error> {
    let kind: String = Fields::of_value(raw, place)?.need("type")?;
    if !matches!(kind.as_str(), "text" | "image" | "document") {
        return Ok(ToolPart::Extension(extension(raw)));
    }
    Ok(match block(raw, place)? {
        Part::Text(text) => ToolPart::Text(text),
        Part::Media(media) => ToolPart::Media(media),
        Part::Extension(extension) => ToolPart::Extension(extension),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {
            ToolPart::Extension(extension(raw))
        }
    })
}
