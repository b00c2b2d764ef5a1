//! Parts of the conversation in Gemini's words.
//!
//! The `extra` of a part mirrors the wire: what is under the part's own key (`functionCall`, `inlineData`, …) goes
//! inside, everything else beside it. Of a client that speaks another dialect only the signature is taken, if its mark
//! says that it is Gemini's: a call that comes back without it is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use wharf_provider_sdk::{
    Error, Extension, Media, MediaData, Reasoning, Role, Text, ToolCall, ToolPart, ToolResult, foreign, seal,
};

use crate::wire::{self, Map, Node};
use crate::{DIALECT, SIGNATURE};

/// What Google documents for calls that no Gemini model made, for example after a fallback from another vendor.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// What the parts of a request have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<'r> {
    /// The client's dialect.
    pub(crate) dialect: &'r str,
    /// Whether the client speaks this dialect.
    pub(crate) same_dialect: bool,
    /// Whether the model is one of Gemini 3 or later.
    pub(crate) third_generation: bool,
}

impl Manner<'_> {
    /// The vendor fields of a part: beside its key, and under it.
    fn leftovers<'a>(self, extra: Option<&'a str>, key: &str) -> Result<(Map<'a>, Map<'a>), Error> {
        let Some(json) = extra else {
            return Ok((Map::default(), Map::default()));
        };
        let fields = wire::object(json, "extra")?;
        let signature = fields.peek::<String>(SIGNATURE);
        let signature = signature.as_deref().and_then(|sealed| self.own(sealed));
        let signature = signature.map(|bare| Node::text(bare.to_owned()));
        let (mut beside, mut inside) = (Map::default(), Map::default());
        if self.same_dialect {
            beside = Map::of(&fields.without_seals());
            inside = beside.take_map(key)?;
        }
        if let Some(signature) = signature {
            beside.set(SIGNATURE, signature);
        }
        Ok((beside, inside))
    }

    /// A seal, if it is Gemini's.
    fn own(self, sealed: &str) -> Option<&str> {
        seal::own(sealed, DIALECT, self.dialect)
    }

    /// A text. An empty one is nothing to the vendor, unless something hangs on it.
    pub(crate) fn text(self, text: &Text) -> Result<Option<Node<'_>>, Error> {
        let (beside, _) = self.leftovers(text.extra.as_deref(), "text")?;
        if text.text.is_empty() && beside.is_empty() {
            return Ok(None);
        }
        let mut part = Map::one("text", Node::text(text.text.as_str()));
        part.fill(beside);
        Ok(Some(Node::Map(part)))
    }

    /// What the model thought. Of a client of another dialect only a seal shows that it was this vendor's; thoughts of
    /// other models are none of Gemini's, and their seals would be refused.
    pub(crate) fn reasoning(self, reasoning: &Reasoning) -> Result<Option<Node<'_>>, Error> {
        let signature = reasoning.signature.as_deref().and_then(|sealed| self.own(sealed));
        let theirs = signature.is_none() && (reasoning.signature.is_some() || reasoning.redacted.is_some());
        let ours = signature.is_some() || (self.same_dialect && !theirs);
        if !ours || (reasoning.text.is_none() && signature.is_none()) {
            return Ok(None);
        }
        let text = reasoning.text.as_deref().unwrap_or_default();
        let mut part = Map::one("text", Node::text(text));
        part.set("thought", Node::Flag(true));
        if let Some(signature) = signature {
            part.set(SIGNATURE, Node::text(signature));
        }
        part.fill(self.leftovers(reasoning.extra.as_deref(), "text")?.0);
        Ok(Some(Node::Map(part)))
    }

    /// A picture, a sound, a document.
    pub(crate) fn media<'a>(self, media: &'a Media, place: &str) -> Result<Node<'a>, Error> {
        if !self.same_dialect {
            foreign::check_media(media, place)?;
        }
        let mut inner = Map::default();
        let key = match &media.data {
            MediaData::Inline(bytes) => {
                inner.set("mimeType", Node::text(media.mime_type.as_str()));
                inner.set("data", Node::text(STANDARD.encode(bytes)));
                "inlineData"
            }
            MediaData::Url(url) => {
                if let Some(mime_type) = precise_type(&media.mime_type, url) {
                    inner.set("mimeType", Node::text(mime_type));
                }
                inner.set("fileUri", Node::text(url.as_str()));
                "fileData"
            }
        };
        let (beside, inside) = self.leftovers(media.extra.as_deref(), key)?;
        Ok(part(key, inner, inside, beside))
    }

    /// A call. `first` says that it is the first of its turn: there the later models want a signature.
    pub(crate) fn call(self, call: &ToolCall, first: bool) -> Result<Node<'_>, Error> {
        let (mut beside, inside) = self.leftovers(call.extra.as_deref(), "functionCall")?;
        if first && self.third_generation && beside.get(SIGNATURE).is_none() {
            beside.set(SIGNATURE, Node::text(NO_SIGNATURE));
        }
        let mut inner = Map::default();
        if !call.id.is_empty() {
            inner.set("id", Node::text(call.id.as_str()));
        }
        inner.set("name", Node::text(call.name.as_str()));
        inner.set("args", arguments(&call.arguments));
        Ok(part("functionCall", inner, inside, beside))
    }

    /// What a tool answered, and its media that cannot be inside of that: those with an address, and all where the model
    /// takes none there.
    pub(crate) fn result<'a>(
        self,
        result: &'a ToolResult,
        name: &'a str,
        place: &str,
    ) -> Result<(Node<'a>, Vec<Node<'a>>), Error> {
        let (mut texts, mut within, mut beside_it) = (Vec::new(), Vec::new(), Vec::new());
        for content in &result.content {
            match content {
                ToolPart::Text(text) => texts.push(text.text.as_str()),
                ToolPart::Media(media) => {
                    let node = self.media(media, place)?;
                    let inline = matches!(media.data, MediaData::Inline(_));
                    let place = if inline && self.third_generation {
                        &mut within
                    } else {
                        &mut beside_it
                    };
                    place.push(node);
                }
                ToolPart::Extension(extension) => {
                    let own = foreign::checked(extension, DIALECT, place)?;
                    within.push(Node::Raw(wire::raw(own, place)?));
                }
            }
        }
        let (beside, inside) = self.leftovers(result.extra.as_deref(), "functionResponse")?;
        let mut inner = Map::default();
        if !result.call_id.is_empty() {
            inner.set("id", Node::text(result.call_id.as_str()));
        }
        inner.set("name", Node::text(name));
        inner.set("response", response(&texts, result.is_error));
        if !within.is_empty() {
            inner.set("parts", Node::List(within));
        }
        Ok((part("functionResponse", inner, inside, beside), beside_it))
    }
}

fn part<'a>(key: &'static str, mut inner: Map<'a>, inside: Map<'a>, beside: Map<'a>) -> Node<'a> {
    inner.fill(inside);
    let mut part = Map::one(key, Node::Map(inner));
    part.fill(beside);
    Node::Map(part)
}

/// A part that the contract has no word for, if it is in this dialect; nothing if another vendor's model did it.
///
/// # Errors
/// `Unsupported` naming the place.
pub(crate) fn extension<'a>(extension: &'a Extension, role: Role, place: &str) -> Result<Option<Node<'a>>, Error> {
    if !foreign::is_sent(extension, DIALECT, role, place)? {
        return Ok(None);
    }
    wire::raw(&extension.value, place).map(|raw| Some(Node::Raw(raw)))
}

/// A text as JSON, if it is an object.
fn as_object(text: &str) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// The arguments of a call, which have to be an object. Models err; a call that went wrong must not make the whole
/// conversation impossible, so its text is kept under a name.
fn arguments(text: &str) -> Node<'_> {
    match as_object(text) {
        Some(raw) => Node::Raw(raw),
        None if text.trim().is_empty() => Node::Map(Map::default()),
        None => Node::Map(Map::one("arguments", Node::text(text))),
    }
}

/// A function's response, which has to be an object. The names `output` and `error` are the vendor's.
fn response<'a>(texts: &[&'a str], is_error: bool) -> Node<'a> {
    let value = match texts {
        [text] => as_object(text).map_or(Node::text(*text), Node::Raw),
        texts => Node::text(texts.join("\n")),
    };
    match value {
        value if is_error => Node::Map(Map::one("error", value)),
        Node::Raw(object) => Node::Raw(object),
        text => Node::Map(Map::one("output", text)),
    }
}

/// The type of what an address leads to. Clients of other APIs know only its family; then the name's ending says more.
fn precise_type<'a>(mime_type: &'a str, url: &str) -> Option<&'a str> {
    if !mime_type.is_empty() && !mime_type.contains('*') {
        return Some(mime_type);
    }
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => return None,
    })
}
