//! What is left of a vendor's stream events, for a vendor that speaks Anthropic's dialect.
//!
//! Such a stream says everything once, so nothing of it holds for later events: a leftover belongs to the one event
//! that it is left of, and has its structure. The `type` tells which that is; without it the fields do. Inside it, a
//! block or a piece without what it is for is a leftover; a whole one, or one of a kind that nobody mapped, is told as
//! it came. A provider that passes the events of a block on may tell the whole block as a part right after them, for
//! clients that do not read the vendor's events; here that part is the same once more.

use serde_json::value::RawValue;
use wharf::Json;

use super::block_events::{Kind, Left, Piece};
use crate::api::leftover::{self, Leftover};

/// A leftover, by what it belongs to.
#[derive(Debug)]
pub(super) enum Rest {
    /// `message_start`.
    Message(Left),
    /// A block begins. Of which kind, if it says so and it goes on in pieces; else the next.
    Block(Option<Kind>, Left),
    /// A block begins that is told as it came, and what is beside it.
    OwnBlock(Box<RawValue>, Leftover),
    /// The next piece of a block. Of which kind, if it says so.
    Delta(Option<Piece>, Left),
    /// A piece that is told as it came, and what is beside it.
    OwnDelta(Box<RawValue>, Leftover),
    /// A block ends.
    BlockStop(Leftover),
    /// `message_delta`.
    End(Left),
    /// `message_stop`.
    Stop(Leftover),
    /// An event that nobody mapped, whole, with its name.
    Event(String, Box<RawValue>),
}

impl Rest {
    /// Reads a leftover. A provider that sends nonsense loses it, nothing else.
    pub(super) fn of(json: &Json) -> Option<Self> {
        let whole: Box<RawValue> = serde_json::from_str(&json.0).ok()?;
        let fields = leftover::of(Some(json));
        let kind = word(&fields);
        let kind = kind.as_deref().unwrap_or_else(|| guess(&fields)).to_owned();
        Some(match kind.as_str() {
            "message" => Self::Message(Left::of(fields)),
            "message_start" => Self::Message(split(fields, "message").1),
            "content_block_start" => block(fields),
            "content_block_delta" => delta(fields),
            "content_block_stop" => Self::BlockStop(fields),
            "message_delta" => Self::End(split(fields, "delta").1),
            "message_stop" => Self::Stop(fields),
            _ => Self::Event(kind, whole),
        })
    }
}

/// What a leftover without a type belongs to.
fn guess(fields: &Leftover) -> &'static str {
    if fields.contains_key("message") {
        "message_start"
    } else if fields.contains_key("content_block") {
        "content_block_start"
    } else if let Some(delta) = fields.get("delta") {
        let typed = word(&object(delta)).is_some();
        if typed { "content_block_delta" } else { "message_delta" }
    } else {
        "message"
    }
}

fn block(fields: Leftover) -> Rest {
    let (whole, left) = split(fields, "content_block");
    let kind = word(&left.inner);
    let (kind, essence) = match kind.as_deref() {
        None => return Rest::Block(None, left),
        Some("text") => (Some(Kind::Text), "text"),
        Some("thinking") => (Some(Kind::Thinking), "thinking"),
        Some("tool_use") => (None, "id"),
        Some("redacted_thinking") => (None, "data"),
        Some(_) => (None, "type"),
    };
    match whole.filter(|_| left.inner.contains_key(essence)) {
        Some(block) => Rest::OwnBlock(block, left.beside),
        None => Rest::Block(kind, left),
    }
}

fn delta(fields: Leftover) -> Rest {
    let (whole, left) = split(fields, "delta");
    let kind = word(&left.inner);
    let piece = kind.as_deref().and_then(Piece::of);
    let essence = piece.map_or("type", |piece| piece.words().1);
    match whole.filter(|_| left.inner.contains_key(essence)) {
        Some(delta) => Rest::OwnDelta(delta, left.beside),
        None => Rest::Delta(piece, left),
    }
}

/// An inner object as it came, its fields, and those beside it.
fn split(mut fields: Leftover, name: &str) -> (Option<Box<RawValue>>, Left) {
    let whole = fields.shift_remove(name);
    let inner = whole.as_deref().map(object).unwrap_or_default();
    (whole, Left { inner, beside: fields })
}

/// The fields of a value, if it is an object.
fn object(raw: &RawValue) -> Leftover {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// The `type` of an object.
fn word(fields: &Leftover) -> Option<String> {
    serde_json::from_str(fields.get("type")?.get()).ok()
}
