//! What an answer says under `content`: a text, or with some servers a list of parts. Mistral's models think there.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Reasoning};

use crate::chat::thoughts;

/// A piece of what is said.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Thought(Reasoning),
}

/// The content of a message or of a delta.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    /// In order; no thought is empty.
    pub(crate) pieces: Vec<Piece>,
    /// Parts of types that nobody maps, untouched.
    pub(crate) others: Vec<&'a RawValue>,
}

/// Takes the content out.
///
/// # Errors
/// A protocol error when it is neither a text nor a list nor null.
pub(crate) fn take<'a>(message: &mut Object<'a>) -> Result<Content<'a>, Error> {
    let mut content = Content::default();
    if let Some(text) = message.take_if::<Option<String>>("content") {
        content.pieces.extend(text.map(Piece::Text));
        return Ok(content);
    }
    let parts: Vec<&'a RawValue> = message.take("content")?.unwrap_or_default();
    for part in parts {
        content.add(part);
    }
    Ok(content)
}

impl<'a> Content<'a> {
    fn add(&mut self, raw: &'a RawValue) {
        let mut part: Object<'a> = serde_json::from_str(raw.get()).unwrap_or_default();
        let kind: Option<String> = part.peek("type");
        match kind.as_deref() {
            None | Some("text") => match part.take_if::<String>("text") {
                Some(text) => self.text(text),
                None => self.others.push(raw),
            },
            Some("thinking") => match part.take_raw("thinking") {
                Some(thinking) => self.thought(thinking),
                None => self.others.push(raw),
            },
            Some(_) => self.others.push(raw),
        }
    }

    fn text(&mut self, text: String) {
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => self.pieces.push(Piece::Text(text)),
        }
    }

    /// A thought is a list of texts, and of what the model refers to.
    fn thought(&mut self, thinking: &'a RawValue) {
        let mut thought = serde_json::from_str::<String>(thinking.get()).unwrap_or_default();
        let parts: Vec<&'a RawValue> = serde_json::from_str(thinking.get()).unwrap_or_default();
        for raw in parts {
            let mut part: Object<'a> = serde_json::from_str(raw.get()).unwrap_or_default();
            match part.take_if::<String>("text") {
                Some(text) => thought.push_str(&text),
                None => self.others.push(raw),
            }
        }
        if !thought.is_empty() {
            self.pieces.push(Piece::Thought(thoughts::in_content(thought)));
        }
    }
}
