//! What is said in a message, and what a tool answered: a text, or a list of parts.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Media, MediaData, Part, Role, Text, ToolPart, ToolResult, foreign};

use super::{DIALECT, MESSAGE};
use crate::wire::{self, FAILED, optional};

/// Content being put together.
#[derive(Debug, Default)]
pub(super) struct Content<'a>(Vec<Item<'a>>);

#[derive(Debug)]
enum Item<'a> {
    /// Of a user, or of a tool.
    Heard(Cow<'a, str>, Object<'a>),
    /// Of the assistant.
    Said(&'a str, Object<'a>),
    Refusal(&'a str),
    Media(Medium<'a>),
    Raw(&'a RawValue),
}

/// A picture or a file.
#[derive(Debug)]
struct Medium<'a> {
    media: &'a Media,
    /// What it is called if it goes as a file.
    name: Option<Cow<'a, str>>,
    extra: Object<'a>,
}

impl<'a> Content<'a> {
    /// The answer of a tool. `place` names it.
    pub(super) fn of_tool(result: &'a ToolResult, dialect: &str, place: &str) -> Result<Self, Error> {
        let mut items = Vec::with_capacity(result.content.len());
        for part in &result.content {
            items.push(match part {
                ToolPart::Text(text) => heard(text, dialect)?,
                ToolPart::Media(media) => medium(media, dialect, place)?,
                ToolPart::Extension(extension) => raw(foreign::checked(extension, DIALECT, place)?, place)?,
            });
        }
        if result.is_error {
            match items.first_mut() {
                Some(Item::Heard(text, _)) if text.starts_with(FAILED) => {}
                Some(Item::Heard(text, _)) => *text = Cow::Owned(format!("{FAILED} {text}")),
                _ => items.insert(0, Item::Heard(FAILED.into(), Object::default())),
            }
        }
        Ok(Self(items))
    }

    /// Adds a part of a message by `role`, who is not the assistant. `place` names the part.
    pub(super) fn hear(&mut self, part: &'a Part, dialect: &str, role: Role, place: &str) -> Result<(), Error> {
        self.0.push(match part {
            Part::Text(text) => heard(text, dialect)?,
            Part::Media(media) => medium(media, dialect, place)?,
            Part::Extension(extension) => {
                if !foreign::is_sent(extension, DIALECT, role, place)? {
                    return Ok(());
                }
                raw(&extension.value, place)?
            }
            Part::Refusal(text) => Item::Heard(text.into(), Object::default()),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) => {
                return Err(Error::new(
                    ErrorKind::InvalidRequest,
                    format!("`{place}`: only the assistant has such"),
                ));
            }
        });
        Ok(())
    }

    /// Adds a text of the assistant. `extra` has lost what is not the text's own.
    pub(super) fn say(&mut self, text: &'a str, extra: Object<'a>) {
        self.0.push(Item::Said(text, extra));
    }

    /// Adds a refusal of the assistant.
    pub(super) fn refuse(&mut self, text: &'a str) {
        self.0.push(Item::Refusal(text));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn heard<'a>(text: &'a Text, dialect: &str) -> Result<Item<'a>, Error> {
    let mut extra = wire::extra(text.extra.as_deref(), dialect == DIALECT)?;
    extra.take_raw(MESSAGE);
    Ok(Item::Heard(Cow::Borrowed(&text.text), extra))
}

/// Sounds have no place in this API, and documents that are texts are said.
fn medium<'a>(media: &'a Media, dialect: &str, place: &str) -> Result<Item<'a>, Error> {
    let mime = media.mime_type.as_str();
    let same_dialect = dialect == DIALECT;
    let mut extra = wire::extra(media.extra.as_deref(), same_dialect)?;
    if !same_dialect {
        foreign::check_media(media, place)?;
        if let Some(detail) = wire::detail(media, dialect) {
            extra.put("detail", detail);
        }
    }
    if mime.starts_with("audio/") || mime.starts_with("video/") {
        let problem = format!("`{place}`: OpenAI's responses take no `{mime}`");
        return Err(Error::unsupported(problem));
    }
    let name = match &media.data {
        MediaData::Inline(bytes) if !same_dialect && wire::is_text(mime) => {
            return Ok(Item::Heard(wire::document(media, bytes, place)?, Object::default()));
        }
        MediaData::Inline(_) => Some(wire::file_name(media, same_dialect)),
        // A file that has an address needs no name.
        MediaData::Url(_) => media.name.as_deref().filter(|_| same_dialect).map(Cow::Borrowed),
    };
    Ok(Item::Media(Medium { media, name, extra }))
}

fn raw<'a>(value: &'a str, place: &str) -> Result<Item<'a>, Error> {
    serde_json::from_str(value)
        .map(Item::Raw)
        .map_err(|e| Error::new(ErrorKind::InvalidRequest, format!("`{place}`: {e}")))
}

impl Serialize for Content<'_> {
    /// One text without vendor fields is written as a plain string.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_str(""),
            [Item::Heard(text, extra)] if extra.is_empty() => serializer.serialize_str(text),
            items => serializer.collect_seq(items),
        }
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let map = |serializer: S, kind: &str| {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("type", kind)?;
            Ok(map)
        };
        match self {
            Self::Heard(text, extra) => {
                let mut map = map(serializer, "input_text")?;
                map.serialize_entry("text", text)?;
                extra.serialize_into(&mut map)?;
                map.end()
            }
            Self::Said(text, extra) => {
                let mut map = map(serializer, "output_text")?;
                map.serialize_entry("text", text)?;
                if !extra.contains("annotations") {
                    map.serialize_entry("annotations", &[(); 0])?;
                }
                extra.serialize_into(&mut map)?;
                map.end()
            }
            Self::Refusal(text) => {
                let mut map = map(serializer, "refusal")?;
                map.serialize_entry("refusal", text)?;
                map.end()
            }
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Media(Medium { media, name, extra }) => {
                // A client may call a picture a file.
                let file = extra.contains("type") || !media.mime_type.starts_with("image/");
                let mut extra = extra.clone();
                extra.take_raw("type");
                let mut map = map(serializer, if file { "input_file" } else { "input_image" })?;
                match (&media.data, file) {
                    (MediaData::Inline(bytes), true) => {
                        map.serialize_entry("file_data", &wire::data_url(&media.mime_type, bytes))?;
                    }
                    (MediaData::Url(url), true) => map.serialize_entry("file_url", url)?,
                    (MediaData::Inline(bytes), false) => {
                        map.serialize_entry("image_url", &wire::data_url(&media.mime_type, bytes))?;
                    }
                    (MediaData::Url(url), false) => map.serialize_entry("image_url", url)?,
                }
                if file {
                    optional(&mut map, "filename", name)?;
                } else if !extra.contains("detail") {
                    // This API wants it said.
                    map.serialize_entry("detail", "auto")?;
                }
                extra.serialize_into(&mut map)?;
                map.end()
            }
        }
    }
}
