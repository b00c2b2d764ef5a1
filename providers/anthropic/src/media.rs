//! Pictures and documents.
//!
//! What nobody mapped stands in the part's `extra`, in the structure of the wire: fields beside `source`, and under
//! `source` those inside it.

use wharf_provider_sdk::{Error, Media, MediaData};

use crate::wire::{self, Map, Node};

/// The block for a medium.
///
/// # Errors
/// `Unsupported` for what is neither picture, PDF nor text, and `InvalidRequest` for text that is not UTF-8. Both name
/// the field.
pub(crate) fn block<'a>(media: &'a Media, same_dialect: bool, field: &str) -> Result<Map<'a>, Error> {
    let mut extra = wire::extra(media.extra.as_deref(), same_dialect, field)?;
    let (kind, mut source) = source(media, field)?;
    if let Some(inner) = extra.take_raw("source") {
        source.fill(&wire::object(inner.get(), field)?);
    }
    let mut block = Map::typed(kind).with("source", source);
    if let Some(name) = media.name.as_deref().filter(|_| kind == "document") {
        block.add("title", name);
    }
    block.fill(&extra);
    Ok(block)
}

/// The type of the block, and where its bytes are.
fn source<'a>(media: &'a Media, field: &str) -> Result<(&'static str, Map<'a>), Error> {
    // A parameter (`text/plain; charset=utf-8`) is not a part of the type.
    let mime = media.mime_type.split(';').next().unwrap_or_default().trim();
    let mime = if mime == "image/jpg" { "image/jpeg" } else { mime };
    let base64 = |bytes: &'a [u8]| {
        let source = Map::typed("base64").with("media_type", mime);
        source.with("data", Node::Base64(bytes))
    };
    match (&media.data, mime.split('/').next().unwrap_or_default()) {
        (MediaData::Inline(bytes), "image") => Ok(("image", base64(bytes))),
        (MediaData::Inline(bytes), _) if mime == "application/pdf" => Ok(("document", base64(bytes))),
        (MediaData::Inline(bytes), "text") => {
            let text = std::str::from_utf8(bytes).map_err(|_| wire::invalid(field, "the text is not UTF-8"))?;
            // The one type that Anthropic has for texts; what is in them the model sees.
            let source = Map::typed("text").with("media_type", "text/plain");
            Ok(("document", source.with("data", text)))
        }
        (MediaData::Url(url), "image") => Ok(("image", Map::typed("url").with("url", url.as_str()))),
        (MediaData::Url(url), _) if matches!(mime, "application/pdf" | "application/*") => {
            Ok(("document", Map::typed("url").with("url", url.as_str())))
        }
        (data, _) => {
            let manner = if matches!(data, MediaData::Url(_)) {
                "the address of "
            } else {
                ""
            };
            let problem = format!("Anthropic takes pictures, PDF and text, and not {manner}`{mime}`");
            Err(wire::unsupported(field, &problem))
        }
    }
}
