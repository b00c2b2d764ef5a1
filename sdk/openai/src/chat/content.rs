//! The `content` of a message: a text, or a list of parts.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Media, MediaData, Part, Role, Text, ToolPart, ToolResult, foreign};

use crate::chat::DIALECT;
use crate::wire::{self, FAILED, optional};

/// What is left in a tool's answer of pictures and files that the user shows in its place.
const ELSEWHERE: &str = "What the tool has to show comes with the next message of the user.";

/// How closely a picture can be looked at.
const DETAILS: [&str; 4] = [r#""auto""#, r#""low""#, r#""high""#, "null"];

/// Content being put together. One text without vendor fields is written as a plain string, which every
/// compatible server understands; anything else as a list.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    items: Vec<Item<'a>>,
    null: bool,
}

#[derive(Debug)]
enum Item<'a> {
    Text(Cow<'a, str>, Object<'a>),
    Media(Medium<'a>),
    Raw(&'a RawValue),
    /// What the assistant thought.
    Thought(&'a str),
}

/// A picture, a sound or a file.
#[derive(Debug)]
struct Medium<'a> {
    media: &'a Media,
    /// What it is called if it goes as a file.
    name: Option<Cow<'a, str>>,
    /// How closely it is to be looked at, if the client said so in another dialect.
    detail: Option<&'a RawValue>,
    extra: Object<'a>,
}

impl<'a> Content<'a> {
    /// The answer of a tool. `place` names it.
    pub(crate) fn of_tool(result: &'a ToolResult, dialect: &str, place: &str) -> Result<Self, Error> {
        let mut content = Self::default();
        for part in &result.content {
            content.items.push(match part {
                ToolPart::Text(text) => Item::text(text, dialect)?,
                ToolPart::Media(media) => Item::media(media, dialect, place)?,
                ToolPart::Extension(extension) => Item::raw(foreign::checked(extension, DIALECT, place)?, place)?,
            });
        }
        if result.is_error {
            content.fail();
        }
        Ok(content)
    }

    fn fail(&mut self) {
        match self.items.first_mut() {
            Some(Item::Text(text, _)) if text.starts_with(FAILED) => {}
            Some(Item::Text(text, _)) => *text = Cow::Owned(format!("{FAILED} {text}")),
            _ => self.items.insert(0, Item::plain(FAILED)),
        }
    }

    /// Takes out what is no text, and says so.
    pub(crate) fn take_media(&mut self) -> Self {
        let all = std::mem::take(&mut self.items).into_iter();
        let (media, mut rest): (Vec<_>, Vec<_>) = all.partition(|item| matches!(item, Item::Media(_)));
        if !media.is_empty() {
            rest.push(Item::plain(ELSEWHERE));
        }
        self.items = rest;
        Self {
            items: media,
            null: false,
        }
    }

    /// Adds what was taken out of the answer to a call.
    pub(crate) fn show(&mut self, taken: Self, call: &str) {
        if !taken.is_empty() {
            self.items.push(Item::plain(format!("The answer to call {call}:")));
            self.items.extend(taken.items);
        }
    }

    /// Adds what the other holds.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.items.append(&mut other.items);
    }

    /// Adds a text, a medium or an extension of a message by `role`. `place` names the part.
    pub(crate) fn add(&mut self, part: &'a Part, dialect: &str, role: Role, place: &str) -> Result<(), Error> {
        self.items.push(match part {
            Part::Text(text) => Item::text(text, dialect)?,
            Part::Media(media) => Item::media(media, dialect, place)?,
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

    /// Adds what was thought.
    pub(crate) fn think(&mut self, text: &'a str) {
        self.items.push(Item::Thought(text));
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
    fn text(text: &'a Text, dialect: &str) -> Result<Self, Error> {
        let extra = wire::extra(text.extra.as_deref(), dialect == DIALECT)?;
        Ok(Self::Text(Cow::Borrowed(text.text.as_str()), extra))
    }

    fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into(), Object::default())
    }

    /// Only pictures have addresses, and only PDFs are files of OpenAI's: texts are said. What a client of the same
    /// dialect calls a file stays one; its server may take more.
    fn media(media: &'a Media, dialect: &str, place: &str) -> Result<Self, Error> {
        let mime = media.mime_type.as_str();
        let same_dialect = dialect == DIALECT;
        let detail = wire::detail(media, dialect).filter(|_| !same_dialect);
        if !same_dialect {
            foreign::check_media(media, place)?;
            if detail.is_some_and(|detail| !DETAILS.contains(&detail.get())) {
                let problem = format!("`{place}.detail`: chat completions have auto, low and high");
                return Err(Error::unsupported(problem));
            }
        }
        let extra = wire::extra(media.extra.as_deref(), same_dialect)?;
        let name = match &media.data {
            MediaData::Url(_) if mime.starts_with("image/") => None,
            MediaData::Url(_) => {
                let problem =
                    format!("`{place}`: only images can be sent by their address, and not `{mime}`; send the bytes");
                return Err(Error::unsupported(problem));
            }
            MediaData::Inline(bytes) if !same_dialect && wire::is_text(mime) => {
                return wire::document(media, bytes, place).map(Self::plain);
            }
            MediaData::Inline(_) if extra.contains("file") => media.name.as_deref().map(Cow::Borrowed),
            MediaData::Inline(_) => Some(wire::file_name(media, same_dialect)),
        };
        Ok(Self::Media(Medium {
            media,
            name,
            detail,
            extra,
        }))
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
            Self::Media(medium) => media_part(medium, serializer),
            Self::Thought(text) => {
                serde_json::json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]})
                    .serialize(serializer)
            }
        }
    }
}

/// Pictures, sounds and files. The part's `extra` mirrors the wire: what is under the part's own key goes
/// inside, everything else beside it.
fn media_part<S: Serializer>(medium: &Medium<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let Medium {
        media,
        name,
        detail,
        extra,
    } = medium;
    let family = media.mime_type.split('/').next().unwrap_or_default();
    let kind = match (family, &media.data) {
        _ if extra.contains("file") => "file",
        ("audio", MediaData::Inline(_)) => "input_audio",
        ("image", _) => "image_url",
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
            name: name.as_deref(),
            detail: *detail,
            extra: inner.unwrap_or_default(),
        },
    )?;
    extra.serialize_into(&mut map)?;
    map.end()
}

struct Inner<'a> {
    kind: &'static str,
    media: &'a Media,
    name: Option<&'a str>,
    detail: Option<&'a RawValue>,
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
                map.serialize_entry("file_data", &wire::data_url(mime, bytes))?;
                if let Some(name) = self.name {
                    map.serialize_entry("filename", name)?;
                }
            }
            (_, MediaData::Inline(bytes)) => map.serialize_entry("url", &wire::data_url(mime, bytes))?,
            (_, MediaData::Url(url)) => map.serialize_entry("url", url)?,
        }
        if self.kind == "image_url" {
            optional(&mut map, "detail", &self.detail)?;
        }
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}
