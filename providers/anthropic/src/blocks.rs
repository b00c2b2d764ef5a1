//! The `content` of a message or of a tool's result: a text, or a list of blocks.

use serde_json::value::RawValue;
use wharf_provider_sdk::call_ids::{CallIds, Form, Rule};
use wharf_provider_sdk::{
    Error, Media, Message, Part, Reasoning, Request, Role, Text, ToolCall, ToolPart, ToolResult, foreign, seal,
};

use crate::wire::{self, Map, Node};
use crate::{DIALECT, media, model};

/// What Anthropic takes as the identifier of a call. Other vendors use more, and a conversation may have begun there.
const CALL_IDS: Rule = Rule {
    form: Form::Plain,
    longest: 64,
    unique: true,
};

/// The key under which Anthropic advises to send arguments that are not a JSON object.
const INVALID_JSON: &str = "INVALID_JSON";

/// One block of a message.
#[derive(Debug)]
pub(crate) enum Block<'a> {
    /// A text without vendor fields.
    Text(&'a str),
    /// What a tool answered: Anthropic wants these before everything else of their message.
    Result(Map<'a>),
    /// Anything else.
    Other(Node<'a>),
}

impl<'a> From<Block<'a>> for Node<'a> {
    fn from(block: Block<'a>) -> Self {
        match block {
            Block::Text(text) => Map::typed("text").with("text", text).into(),
            Block::Result(result) => result.into(),
            Block::Other(node) => node,
        }
    }
}

/// The value of `content`. One text without vendor fields is written as a plain string, as most clients do.
pub(crate) fn content(blocks: Vec<Block<'_>>) -> Node<'_> {
    match blocks.as_slice() {
        [Block::Text(text)] => Node::from(*text),
        _ => Node::List(blocks.into_iter().map(Node::from).collect()),
    }
}

/// Writes the blocks of a conversation's messages, in order.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    request: &'a Request,
    same_dialect: bool,
    ids: CallIds<'a>,
    /// Thoughts of the messages before this one are left out.
    stale: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        Self {
            request,
            same_dialect: request.dialect == DIALECT,
            ids: CallIds::of(&request.messages, CALL_IDS),
            stale: stale(request),
        }
    }

    /// The blocks of the next message. Left out is what Anthropic refuses and nobody misses: thoughts without its seal,
    /// what another vendor's model did, and empty texts of clients whose own API allows for them.
    ///
    /// # Errors
    /// `Unsupported` for parts that Anthropic's API has no form for, naming the field.
    pub(crate) fn message(&mut self, message: &'a Message, at: usize, field: &str) -> Result<Vec<Block<'a>>, Error> {
        let same_dialect = self.same_dialect;
        if !same_dialect {
            foreign::check_name(message, at)?;
        }
        let mut blocks = Vec::with_capacity(message.parts.len());
        for (index, part) in message.parts.iter().enumerate() {
            let field = format!("{field}.content[{index}]");
            match part {
                // Other vendors' models leave texts without words behind: such as hold a seal, or line breaks before a
                // call. Anthropic refuses them.
                Part::Text(part) if part.text.trim().is_empty() && matches!(message.role, Role::Assistant) => {}
                Part::Text(part) => blocks.extend(text(part, same_dialect, &field)?),
                // There is no block for a refusal. In the model's next turn it is what the model has said.
                Part::Refusal(text) if text.trim().is_empty() => {}
                Part::Refusal(text) => blocks.push(Block::Text(text)),
                Part::Media(part) => blocks.push(Block::Other(self.media(part, &field)?.into())),
                Part::ToolCall(call) => blocks.push(Block::Other(self.tool_call(call, &field)?.into())),
                Part::ToolResult(result) => blocks.push(Block::Result(self.tool_result(result, &field)?)),
                Part::Reasoning(_) if at < self.stale => {}
                Part::Reasoning(thought) => self.reasoning(thought, &field, &mut blocks)?,
                Part::Extension(part) => {
                    if foreign::is_sent(part, DIALECT, message.role, &field)? {
                        blocks.push(Block::Other(Node::Raw(wire::raw(&part.value, &field)?)));
                    }
                }
            }
        }
        Ok(blocks)
    }

    fn media(&self, media: &'a Media, field: &str) -> Result<Map<'a>, Error> {
        if !self.same_dialect {
            foreign::check_media(media, field)?;
        }
        media::block(media, self.same_dialect, field)
    }

    fn tool_call(&mut self, call: &'a ToolCall, field: &str) -> Result<Map<'a>, Error> {
        let mut block = Map::typed("tool_use")
            .with("id", self.ids.call(&call.id))
            .with("name", call.name.as_str())
            .with("input", input(&call.arguments));
        block.fill(&wire::extra(call.extra.as_deref(), self.same_dialect, field)?);
        Ok(block)
    }

    fn tool_result(&self, result: &'a ToolResult, field: &str) -> Result<Map<'a>, Error> {
        let same_dialect = self.same_dialect;
        let mut blocks = Vec::with_capacity(result.content.len());
        for (index, part) in result.content.iter().enumerate() {
            let field = format!("{field}.content[{index}]");
            match part {
                ToolPart::Text(part) => blocks.extend(text(part, same_dialect, &field)?),
                ToolPart::Media(part) => blocks.push(Block::Other(self.media(part, &field)?.into())),
                ToolPart::Extension(part) => {
                    let own = foreign::checked(part, DIALECT, &field)?;
                    blocks.push(Block::Other(Node::Raw(wire::raw(own, &field)?)));
                }
            }
        }
        let mut block = Map::typed("tool_result").with("tool_use_id", self.ids.result(&result.call_id));
        if !blocks.is_empty() {
            block.add("content", content(blocks));
        }
        if result.is_error {
            block.add("is_error", true);
        }
        block.fill(&wire::extra(result.extra.as_deref(), same_dialect, field)?);
        Ok(block)
    }

    /// What was thought, if it has the vendor's seal: Anthropic refuses thoughts without, and those of others.
    fn reasoning(&self, thought: &'a Reasoning, field: &str, blocks: &mut Vec<Block<'a>>) -> Result<(), Error> {
        let extra = wire::extra(thought.extra.as_deref(), self.same_dialect, field)?;
        if let Some(signature) = own(thought.signature.as_deref(), self.request) {
            let mut block = Map::typed("thinking")
                .with("thinking", thought.text.as_deref().unwrap_or_default())
                .with("signature", signature);
            block.fill(&extra);
            blocks.push(Block::Other(block.into()));
        }
        if let Some(data) = own(thought.redacted.as_deref(), self.request) {
            let mut block = Map::typed("redacted_thinking").with("data", data);
            block.fill(&extra);
            blocks.push(Block::Other(block.into()));
        }
        Ok(())
    }
}

fn text<'a>(part: &'a Text, same_dialect: bool, field: &str) -> Result<Option<Block<'a>>, Error> {
    let extra = wire::extra(part.extra.as_deref(), same_dialect, field)?;
    if part.text.trim().is_empty() && !same_dialect {
        return Ok(None);
    }
    if extra.is_empty() {
        return Ok(Some(Block::Text(&part.text)));
    }
    let mut block = Map::typed("text").with("text", part.text.as_str());
    block.fill(&extra);
    Ok(Some(Block::Other(block.into())))
}

/// The arguments of a call. Models write them and err; the conversation should go on nevertheless.
fn input(arguments: &str) -> Node<'_> {
    if arguments.trim().is_empty() {
        return Map::default().into();
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) if raw.get().starts_with('{') => Node::Raw(raw),
        _ => Map::default().with(INVALID_JSON, arguments).into(),
    }
}

/// Before which message the model takes no thoughts back. Instructions of clients of other APIs go into the system
/// prompt, which stands before everything else: later ones change what a thought came after, and some models check that.
fn stale(request: &Request) -> usize {
    if request.dialect == DIALECT || !model::is_bound(&request.model) {
        return 0;
    }
    let instructs = |message: &Message| matches!(message.role, Role::System | Role::Developer);
    request.messages.iter().rposition(instructs).unwrap_or(0)
}

/// Whether Anthropic takes these thoughts back.
pub(crate) fn is_sealed(thought: &Reasoning, request: &Request) -> bool {
    let seals = [&thought.signature, &thought.redacted];
    seals.into_iter().any(|seal| own(seal.as_deref(), request).is_some())
}

/// A seal, if it is Anthropic's.
fn own<'a>(seal: Option<&'a str>, request: &Request) -> Option<&'a str> {
    seal::own(seal?, DIALECT, &request.dialect)
}
