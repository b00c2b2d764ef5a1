//! The messages of a request to Anthropic: what was said, and whether the vendor would take it.
//!
//! A message of the user may hold results of tools and text; each result counts as a message of its own, so that the
//! same conversation reads the same in OpenAI's shape and in this one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::SIGNATURE;
use crate::mock::failure::Failure;
use crate::mock::prompt::{BY_URL, Content, Digest, Parts, Role, read_text};

/// One message.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<Source<'a>>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    tool_use_id: Option<String>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Source<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    media_type: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What the vendor's cache does with a prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cache {
    /// Words up to the last mark.
    pub(super) words: usize,
    /// Whether they are there already. The emulator has no memory: a conversation with an answer in it counts as
    /// seen before.
    pub(super) is_hit: bool,
}

/// Reads a conversation from its beginning.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    digest: Digest<'a>,
    cache: Cache,
    /// Calls of the last turn of the model.
    calls: Vec<String>,
    /// Those of them without a result.
    open: Vec<String>,
    model_spoke_last: bool,
}

impl<'a> Reader<'a> {
    /// Reads system prompt and messages.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the vendor would not take them.
    pub(super) fn read(system: Option<&'a RawValue>, messages: &[Message<'a>]) -> Result<(Digest<'a>, Cache), Failure> {
        let mut reader = Self::default();
        if let Some(system) = system {
            let blocks = blocks(system)?;
            reader.said(Role::Other, &blocks, 0)?;
        }
        for (at, message) in messages.iter().enumerate() {
            let Some(content) = message.content else {
                return Err(Failure::refused(format!("messages.{at}.content: Field required")));
            };
            let blocks = blocks(content)?;
            match &*message.role {
                "user" => reader.user(&blocks, at)?,
                "assistant" => reader.assistant(&blocks, at)?,
                other => {
                    return Err(Failure::refused(format!(
                        "messages: Unexpected role \"{other}\". Allowed roles are \"user\" or \"assistant\"."
                    )));
                }
            }
        }
        reader.check_open(messages.len().saturating_sub(1))?;
        Ok((reader.digest, reader.cache))
    }

    fn user(&mut self, blocks: &[Block<'a>], at: usize) -> Result<(), Failure> {
        self.model_spoke_last = false;
        let mut rest = blocks;
        while let Some(next) = rest.iter().position(|block| block.kind == "tool_result") {
            let (before, from) = rest.split_at(next);
            if !before.is_empty() {
                self.said(Role::User, before, at)?;
            }
            let (results, after) = from.split_at(1);
            for result in results {
                self.result(result, at)?;
            }
            rest = after;
        }
        if !rest.is_empty() || blocks.is_empty() {
            self.said(Role::User, rest, at)?;
        }
        Ok(())
    }

    fn result(&mut self, block: &Block<'a>, at: usize) -> Result<(), Failure> {
        let id = block.tool_use_id.as_deref().unwrap_or_default();
        if !self.calls.iter().any(|call| call == id) {
            return Err(Failure::refused(format!(
                "messages.{at}.content: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )));
        }
        self.open.retain(|open| open != id);
        let inner = block.content.map(blocks).transpose()?.unwrap_or_default();
        self.said(Role::Tool, &inner, at)?;
        self.mark(block);
        Ok(())
    }

    fn assistant(&mut self, blocks: &[Block<'a>], at: usize) -> Result<(), Failure> {
        if !self.model_spoke_last {
            self.check_open(at.saturating_sub(2))?;
            self.calls.clear();
        }
        self.model_spoke_last = true;
        self.cache.is_hit = true;
        for (position, block) in blocks.iter().enumerate() {
            match &*block.kind {
                "tool_use" => self.call(block, at, position)?,
                "thinking" => check_signature(block, at, position)?,
                _ => {}
            }
        }
        self.said(Role::Other, blocks, at)
    }

    fn call(&mut self, block: &Block<'a>, at: usize, position: usize) -> Result<(), Failure> {
        let id = block.id.clone().unwrap_or_default();
        let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if id.is_empty() || !id.chars().all(is_legal) {
            return Err(Failure::refused(format!(
                "messages.{at}.content.{position}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            )));
        }
        if self.calls.contains(&id) {
            return Err(Failure::refused("messages: `tool_use` ids must be unique"));
        }
        self.open.push(id.clone());
        self.calls.push(id);
        Ok(())
    }

    fn check_open(&self, at: usize) -> Result<(), Failure> {
        if self.open.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
             `tool_use` block must have a corresponding `tool_result` block in the next message.",
            self.open.join(", ")
        )))
    }

    /// Takes in what blocks say and show.
    fn said(&mut self, role: Role, blocks: &[Block<'a>], at: usize) -> Result<(), Failure> {
        let mut content = Content::default();
        for block in blocks {
            match (&*block.kind, block.text, &block.source) {
                ("text", Some(text), _) => {
                    let text = read_text(text)?;
                    if text.is_empty() {
                        let message = format!("messages.{at}: text content blocks must be non-empty");
                        return Err(Failure::refused(message));
                    }
                    content.say(text);
                }
                ("image" | "document", _, Some(source)) => source.count(&mut content, block.kind == "image")?,
                _ => {}
            }
        }
        self.digest.turn(role, content);
        for block in blocks {
            self.mark(block);
        }
        Ok(())
    }

    /// What is said up to a marked block, to the end of its message, goes to the cache.
    fn mark(&mut self, block: &Block<'a>) {
        if block.cache_control.is_some() {
            self.cache.words = self.digest.words;
        }
    }
}

impl Source<'_> {
    fn count(&self, content: &mut Content<'_>, is_image: bool) -> Result<(), Failure> {
        let data = self.data.map(read_text).transpose()?.unwrap_or_default();
        match &*self.kind {
            "base64" => content.file(&self.media_type, &data),
            "text" => {
                content.documents.count_one(&self.media_type, data.len());
                Ok(())
            }
            _ if is_image => {
                content.images.count_one(BY_URL, 0);
                Ok(())
            }
            _ => {
                content.documents.count_one(BY_URL, 0);
                Ok(())
            }
        }
    }
}

/// Thoughts must have the emulator's signature, as the vendor takes only what it signed.
fn check_signature(block: &Block<'_>, at: usize, position: usize) -> Result<(), Failure> {
    let signature = block.signature.as_deref().unwrap_or_default();
    if signature.starts_with(SIGNATURE) {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "messages.{at}.content.{position}: Invalid `signature` in `thinking` block"
    )))
}

fn blocks(raw: &RawValue) -> Result<Vec<Block<'_>>, Failure> {
    match Parts::of(raw)? {
        Parts::Text(text) if text.is_empty() => Ok(Vec::new()),
        Parts::Text(_) => Ok(vec![Block {
            kind: Cow::Borrowed("text"),
            text: Some(raw),
            source: None,
            id: None,
            tool_use_id: None,
            content: None,
            signature: None,
            cache_control: None,
        }]),
        Parts::List(list) => serde_json::from_str(list).map_err(|error| Failure::unreadable(&error)),
    }
}
