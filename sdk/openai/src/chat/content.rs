//! The `content` of a message: a text, or a list of parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Media, MediaData, Part, Reasoning, Role, Text, ToolPart, foreign};

use crate::chat::DIALECT;

/// Content being put together. One text without vendor fields is written as a plain string, which every
/// compatible server understands; anything else as a list.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    items: Vec<Item<'a>>,
    null: bool,
}

#[derive(Debug)]
enum Item<'a> {
    Text(&'a str, Object<'a>),
    Media(&'a Media, Object<'a>),
    Raw(&'a RawValue),
}

impl<'a> Content<'a> {
    /// The answer of a tool. `place` names it.
    pub(crate) fn of_tool(parts: &'a [ToolPart], same_dialect: bool, place: &str) -> Result<Self, Error> {
        let mut content = Self::default();
        for part in parts {
            content.items.push(match part {
                ToolPart::Text(text) => Item::text(text, same_dialect)?,
                ToolPart::Media(media) => Item::Media(media, extra(media.extra.as_deref(), same_dialect)?),
                ToolPart::Extension(extension) => Item::raw(foreign::checked(extension, DIALECT, place)?, place)?,
            });
        }
        Ok(content)
    }

    /// Adds a text, a medium or an extension of a message by `role`. `place` names the part.
    pub(crate) fn add(&mut self, part: &'a Part, same_dialect: bool, role: Role, place: &str) -> Result<(), Error> {
        self.items.push(match part {
            Part::Text(text) => Item::text(text, same_dialect)?,
            Part::Media(media) => Item::Media(media, extra(media.extra.as_deref(), same_dialect)?),
            Part::Extension(extension) => {
                if !foreign::is_sent(extension, DIALECT, role, place)? {
                    return Ok(());
                }
                Item::raw(&extension.value, place)?
            }
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {
                return Err(Error::new(ErrorKind::Internal, "such a part is not content"));
            }
        });
        Ok(())
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Writes null instead of an empty text, if nothing is added.
    pub(crate) fn null_if_empty(&mut self, null: bool) {
        self.null = null;
    }
}

impl<'a> Item<'a> {
    fn text(text: &'a Text, same_dialect: bool) -> Result<Self, Error> {
        Ok(Self::Text(&text.text, extra(text.extra.as_deref(), same_dialect)?))
    }

    fn raw(value: &'a str, place: &str) -> Result<Self, Error> {
        serde_json::from_str(value)
            .map(Self::Raw)
            .map_err(|e| Error::new(ErrorKind::InvalidRequest, format!("`{place}`: {e}")))
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.items.as_slice() {
            [] if self.null => serializer.serialize_none(),
            [] => serializer.serialize_str(""),
            [Item::Text(text, extra)] if extra.is_empty() => serializer.serialize_str(text),
            items => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
        }
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Text(text, extra) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
                extra.serialize_into(&mut map)?;
                map.end()
            }
            Self::Media(media, extra) => media_part(media, extra, serializer),
        }
    }
}

/// Pictures, sounds and files. The part's `extra` mirrors the wire: what is under the part's own key goes
/// inside, everything else beside it.
fn media_part<S: Serializer>(media: &Media, extra: &Object<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let family = media.mime_type.split('/').next().unwrap_or_default();
    let kind = match (family, &media.data) {
        _ if extra.contains("file") => "file",
        ("audio", MediaData::Inline(_)) => "input_audio",
        ("image", _) | (_, MediaData::Url(_)) => "image_url",
        _ => "file",
    };
    let mut extra = extra.clone();
    let inner = extra
        .take_raw(kind)
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose();
    let inner: Option<Object<'_>> = inner.map_err(serde::ser::Error::custom)?;
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", kind)?;
    map.serialize_entry(
        kind,
        &Inner {
            kind,
            media,
            extra: inner.unwrap_or_default(),
        },
    )?;
    extra.serialize_into(&mut map)?;
    map.end()
}

struct Inner<'a> {
    kind: &'static str,
    media: &'a Media,
    extra: Object<'a>,
}

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mime = &self.media.mime_type;
        let mut map = serializer.serialize_map(None)?;
        match (self.kind, &self.media.data) {
            ("input_audio", MediaData::Inline(bytes)) => {
                map.serialize_entry("data", &STANDARD.encode(bytes))?;
                // OpenAI names the format, not the type: `audio/wav` is `wav`, `audio/mpeg` is `mp3`.
                let format = mime.split('/').nth(1).unwrap_or("wav");
                map.serialize_entry("format", if format == "mpeg" { "mp3" } else { format })?;
            }
            ("file", MediaData::Inline(bytes)) => {
                map.serialize_entry("file_data", &data_url(mime, bytes))?;
                if let Some(name) = &self.media.name {
                    map.serialize_entry("filename", name)?;
                }
            }
            (_, MediaData::Inline(bytes)) => map.serialize_entry("url", &data_url(mime, bytes))?,
            (_, MediaData::Url(url)) => map.serialize_entry("url", url)?,
        }
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}

fn data_url(mime: &str, bytes: &[u8]) -> String {
    let mut url = format!("data:{mime};base64,");
    STANDARD.encode_string(bytes, &mut url);
    url
}

/// The vendor fields of a record: those of the client if it speaks this dialect, else none.
pub(crate) fn extra(json: Option<&str>, same_dialect: bool) -> Result<Object<'_>, Error> {
    match json {
        Some(json) if same_dialect => Object::parse(json)
            .map(Object::without_seals)
            .map_err(|e| Error::new(ErrorKind::InvalidRequest, e.message)),
        _ => Ok(Object::default()),
    }
}

/// Which of the two fields servers use for reasoning it came in and should go back in.
pub(crate) fn reasoning_field(reasoning: &Reasoning) -> &'static str {
    match reasoning.extra.as_deref() {
        Some(r#"{"field":"reasoning"}"#) => "reasoning",
        _ => "reasoning_content",
    }
}
