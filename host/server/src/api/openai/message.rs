//! A message of a chat request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use wharf::{Error, Json, Media, MediaData, Message, Part, Reasoning, Role, Text, ToolCall, ToolPart, ToolResult};

use super::request::extension;
use super::thoughts;
use crate::api::data_url;
use crate::api::fields::{Fields, invalid};

/// Reads a message.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn parse(mut fields: Fields<'_>) -> Result<Message, Error> {
    let place = fields.place("role");
    let role: String = fields.need("role")?;
    let legacy = role == "function";
    let role = match role.as_str() {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        // What `tool` was called before 2023: handed on as it is to a provider that knows it.
        "function" => Role::Tool,
        other => {
            let help = format!("`{other}` is not a role; use system, developer, user, assistant or tool");
            return Err(invalid(&place, help));
        }
    };
    let name = fields.take("name")?;
    let mut parts = Vec::new();
    if role == Role::Assistant {
        let sealed = thoughts::take(&mut fields).unwrap_or_default();
        // The former are for the vendor whose seal they have, the latter for servers that take thoughts without.
        let thoughts = sealed.into_iter().chain(reasoning(&mut fields));
        parts.extend(thoughts.map(Part::Reasoning));
    }
    let place = fields.place("content");
    let content = fields
        .take::<&RawValue>("content")?
        .map(|raw| content(raw, &place))
        .transpose()?;
    if role == Role::Tool && !legacy {
        let call_id = fields.need("tool_call_id")?;
        let content = content.unwrap_or_default().into_iter().map(tool_part).collect();
        parts.push(Part::ToolResult(ToolResult {
            call_id,
            is_error: false,
            content,
            extra: None,
        }));
    } else {
        parts.extend(content.unwrap_or_default());
    }
    if role == Role::Assistant {
        parts.extend(fields.take("refusal")?.map(Part::Refusal));
        let calls: Vec<&RawValue> = fields.take("tool_calls")?.unwrap_or_default();
        for (index, raw) in calls.into_iter().enumerate() {
            let place = fields.place(&format!("tool_calls[{index}]"));
            parts.push(tool_call(Fields::of_value(raw, place)?, raw)?);
        }
    }
    Ok(Message {
        role,
        name,
        parts,
        extra: if legacy {
            fields.rest_with("role", Some(Json("\"function\"".to_owned())))
        } else {
            fields.rest()
        },
    })
}

/// What is said: a text, or a list of parts.
fn content(raw: &RawValue, place: &str) -> Result<Vec<Part>, Error> {
    if raw.get().starts_with('"') {
        let text = serde_json::from_str(raw.get()).map_err(|e| invalid(place, crate::api::fields::plain(&e)))?;
        return Ok(vec![Part::Text(Text { text, extra: None })]);
    }
    let wrong = |_| invalid(place, "this must be a string or a list of parts");
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
    parts
        .into_iter()
        .enumerate()
        .map(|(at, raw)| part(raw, &format!("{place}[{at}]")))
        .collect()
}

fn part(raw: &RawValue, place: &str) -> Result<Part, Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: String = fields.need("type")?;
    match kind.as_str() {
        "text" => Ok(Part::Text(Text {
            text: fields.need("text")?,
            extra: fields.rest(),
        })),
        "image_url" => image(fields),
        "input_audio" => audio(fields),
        "file" => file(fields, raw),
        "refusal" => Ok(Part::Refusal(fields.need("refusal")?)),
        _ => Ok(Part::Extension(extension(raw))),
    }
}

fn image(mut fields: Fields<'_>) -> Result<Part, Error> {
    let place = fields.place("image_url");
    // Some clients send the address itself.
    let (url, inner): (String, _) = match fields.peek::<String>("image_url") {
        Some(url) => {
            fields.take_raw("image_url");
            (url, None)
        }
        None => {
            let mut image = fields
                .take_fields("image_url")?
                .ok_or_else(|| invalid(&place, "this field is required"))?;
            (image.need("url")?, image.rest())
        }
    };
    let extra = fields.rest_with("image_url", inner);
    let (mime_type, data) = data_url::parse(&url).unwrap_or_else(|| ("image/*".to_owned(), MediaData::Url(url)));
    Ok(Part::Media(Media {
        mime_type,
        data,
        name: None,
        extra,
    }))
}

fn audio(mut fields: Fields<'_>) -> Result<Part, Error> {
    let place = fields.place("input_audio");
    let mut audio = fields
        .take_fields("input_audio")?
        .ok_or_else(|| invalid(&place, "this field is required"))?;
    let format: String = audio.need("format")?;
    let data: String = audio.need("data")?;
    let bytes = base64(&data, &format!("{place}.data"))?;
    let extra = fields.rest_with("input_audio", audio.rest());
    let mime_type = format!("audio/{}", if format == "mp3" { "mpeg" } else { &format });
    Ok(Part::Media(Media {
        mime_type,
        data: MediaData::Inline(bytes),
        name: None,
        extra,
    }))
}

/// A file with its bytes; one that the vendor already has (`file_id`) only means something to that vendor.
fn file(mut fields: Fields<'_>, raw: &RawValue) -> Result<Part, Error> {
    let place = fields.place("file");
    let mut file = fields
        .take_fields("file")?
        .ok_or_else(|| invalid(&place, "this field is required"))?;
    let data: Option<String> = file.take("file_data")?;
    let inline = data.and_then(|data| data_url::parse(&data));
    let Some((mime_type, data)) = inline else {
        return Ok(Part::Extension(extension(raw)));
    };
    let name = file.take("filename")?;
    Ok(Part::Media(Media {
        mime_type,
        data,
        name,
        // Says that the client called it a file, whatever its type is.
        extra: fields.rest_with("file", file.rest().or_else(|| Some(Json("{}".to_owned())))),
    }))
}

fn base64(data: &str, place: &str) -> Result<Vec<u8>, Error> {
    STANDARD
        .decode(data)
        .map_err(|e| invalid(place, format!("the base64 data is not valid: {e}")))
}

/// Reasoning of an earlier answer, under either of the names in use.
fn reasoning(fields: &mut Fields<'_>) -> Option<Reasoning> {
    for (name, extra) in [
        ("reasoning_content", None),
        ("reasoning", Some(r#"{"field":"reasoning"}"#)),
    ] {
        if let Some(text) = fields.peek::<String>(name) {
            fields.take_raw(name);
            let extra = extra.map(|json| Json(json.to_owned()));
            return Some(Reasoning {
                text: Some(text),
                extra,
                ..Reasoning::default()
            });
        }
    }
    None
}

/// A call that the model asked for. One of another type than `function` is kept whole.
fn tool_call(mut fields: Fields<'_>, raw: &RawValue) -> Result<Part, Error> {
    let kind: Option<String> = fields.take("type")?;
    let id = fields.need("id")?;
    if let Some(kind) = kind.filter(|kind| kind != "function") {
        let mut inner = fields.take_fields(&kind)?;
        let name = inner
            .as_mut()
            .map(|inner| inner.take("name"))
            .transpose()?
            .flatten()
            .unwrap_or(kind);
        let input = inner.map(|mut inner| inner.take("input")).transpose()?.flatten();
        let (arguments, extra) = (Json(input.unwrap_or_default()), Some(Json(raw.get().to_owned())));
        return Ok(Part::ToolCall(ToolCall {
            id,
            name,
            arguments,
            extra,
        }));
    }
    let place = fields.place("function");
    let mut function = fields
        .take_fields("function")?
        .ok_or_else(|| invalid(&place, "this field is required"))?;
    let name = function.need("name")?;
    let arguments = Json(function.take("arguments")?.unwrap_or_else(|| "{}".to_owned()));
    let extra = fields.rest_with("function", function.rest());
    Ok(Part::ToolCall(ToolCall {
        id,
        name,
        arguments,
        extra,
    }))
}

fn tool_part(part: Part) -> ToolPart {
    match part {
        Part::Text(text) => ToolPart::Text(text),
        Part::Media(media) => ToolPart::Media(media),
        Part::Extension(extension) => ToolPart::Extension(extension),
        Part::Refusal(text) => ToolPart::Text(Text { text, extra: None }),
        // `content` yields none of these.
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) => ToolPart::Text(Text::default()),
    }
}
