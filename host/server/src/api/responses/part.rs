//! The content parts of a request.

use serde_json::value::RawValue;
use wharf::{Error, Json, Media, MediaData, Part, Text, ToolPart};

use super::request::{extension, unsupported};
use crate::api::data_url;
use crate::api::fields::{Fields, invalid, plain};
use crate::api::leftover::Leftover;

/// What is said: a text, or a list of parts.
///
/// # Errors
/// `InvalidRequest`, or `Unsupported` for a file that only OpenAI has, naming the field.
pub(super) fn content(raw: &RawValue, place: &str) -> Result<Vec<Part>, Error> {
    if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).map_err(|e| invalid(place, plain(&e)))?;
        return Ok(vec![Part::text(text)]);
    }
    list(raw, place)?
        .into_iter()
        .enumerate()
        .map(|(at, raw)| part(raw, &format!("{place}[{at}]")))
        .collect()
}

/// What a tool answered: a text, or a list of parts.
///
/// # Errors
/// As for [`content`].
pub(super) fn tool_content(raw: &RawValue, place: &str) -> Result<Vec<ToolPart>, Error> {
    let parts = content(raw, place)?;
    // As many as there are parts; a text alone is its only one.
    let raws = list(raw, place).unwrap_or_else(|_| vec![raw]);
    let tool_part = |(part, raw)| match part {
        Part::Text(text) => ToolPart::Text(text),
        Part::Media(media) => ToolPart::Media(media),
        Part::Extension(extension) => ToolPart::Extension(extension),
        // The contract has no such thing inside a tool's answer.
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {
            ToolPart::Extension(extension(raw))
        }
    };
    Ok(parts.into_iter().zip(raws).map(tool_part).collect())
}

fn list<'a>(raw: &'a RawValue, place: &str) -> Result<Vec<&'a RawValue>, Error> {
    serde_json::from_str(raw.get()).map_err(|_| invalid(place, "this must be a string or a list of parts"))
}

/// Whether a refusal in this content has fields beside its text, for which the contract has no place.
pub(super) fn has_more_than_refusals(content: &RawValue) -> bool {
    let parts: Vec<Leftover> = serde_json::from_str(content.get()).unwrap_or_default();
    let is_more = |part: &Leftover| part.get("type").is_some_and(|kind| kind.get() == r#""refusal""#) && part.len() > 2;
    parts.iter().any(is_more)
}

fn part(raw: &RawValue, place: &str) -> Result<Part, Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: String = fields.need("type")?;
    match kind.as_str() {
        "input_text" | "output_text" => text(fields),
        "input_image" => image(fields, raw),
        "input_file" => file(fields, raw),
        "refusal" => Ok(Part::Refusal(fields.need("refusal")?)),
        _ => Ok(Part::Extension(extension(raw))),
    }
}

/// A text. The lists that every text of an answer has are of no interest when they are empty.
fn text(mut fields: Fields<'_>) -> Result<Part, Error> {
    for name in ["annotations", "logprobs"] {
        if fields.peek::<[(); 0]>(name).is_some() {
            fields.take_raw(name);
        }
    }
    Ok(Part::Text(Text {
        text: fields.need("text")?,
        extra: fields.rest(),
    }))
}

/// A picture. Bytes of which nobody says that they are one stay as they came.
fn image(mut fields: Fields<'_>, raw: &RawValue) -> Result<Part, Error> {
    refuse_upload(&mut fields)?;
    let url: String = fields.need("image_url")?;
    let (mime_type, data) = data_url::parse(&url).unwrap_or_else(|| ("image/*".to_owned(), MediaData::Url(url)));
    if !mime_type.starts_with("image/") {
        return Ok(Part::Extension(extension(raw)));
    }
    Ok(Part::Media(Media {
        mime_type,
        data,
        name: None,
        extra: fields.rest(),
    }))
}

/// A file with its bytes or its address. Bytes of which nobody says what they are stay as they came.
fn file(mut fields: Fields<'_>, raw: &RawValue) -> Result<Part, Error> {
    refuse_upload(&mut fields)?;
    let bytes: Option<String> = fields.take("file_data")?;
    let url: Option<String> = fields.take("file_url")?;
    let (mime_type, data) = match (bytes.as_deref().and_then(data_url::parse), url) {
        (Some(inline), None) => inline,
        // Documents are all that can be given by an address.
        (None, Some(url)) if bytes.is_none() => ("application/pdf".to_owned(), MediaData::Url(url)),
        _ => return Ok(Part::Extension(extension(raw))),
    };
    let name = fields.take("filename")?;
    let extra = if mime_type.starts_with("image/") {
        // Says that the client called it a file, whatever its type is.
        fields.rest_with("type", Some(Json(r#""input_file""#.to_owned())))
    } else {
        fields.rest()
    };
    Ok(Part::Media(Media {
        mime_type,
        data,
        name,
        extra,
    }))
}

/// A file that was uploaded to OpenAI can be read by nobody else, and was not uploaded through this server.
fn refuse_upload(fields: &mut Fields<'_>) -> Result<(), Error> {
    let place = fields.place("file_id");
    match fields.take_raw("file_id").filter(|raw| raw.get() != "null") {
        Some(_) => Err(unsupported(
            &place,
            "this server keeps no files; send the bytes as a data URL, or an address",
        )),
        None => Ok(()),
    }
}
