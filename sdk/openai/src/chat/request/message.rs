//! The messages of a conversation.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use wharf_provider_sdk::call_ids::CallIds;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Message, Part, Reasoning, Request, Role, ToolResult};

use crate::chat::content::Content;
use crate::chat::thoughts::{Place, Thoughts};
use crate::chat::tools::{Called, ToolCalls};
use crate::chat::{DIALECT, Server};
use crate::wire::{self, optional};

/// One message as OpenAI has them.
pub(super) struct WireMessage<'a> {
    role: &'static str,
    name: Option<&'a str>,
    content: Content<'a>,
    tool_calls: Vec<Called<'a>>,
    tool_call_id: Option<Cow<'a, str>>,
    reasoning: Option<(&'static str, Cow<'a, str>)>,
    refusal: Option<&'a str>,
    extra: Object<'a>,
    same_dialect: bool,
}

impl WireMessage<'_> {
    /// Of this role, and empty.
    fn new(role: &'static str, same_dialect: bool) -> Self {
        Self {
            role,
            name: None,
            content: Content::default(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            reasoning: None,
            refusal: None,
            extra: Object::default(),
            same_dialect,
        }
    }
}

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.extra.contains("role") {
            map.serialize_entry("role", self.role)?;
        }
        optional(&mut map, "name", &self.name)?;
        optional(&mut map, "tool_call_id", &self.tool_call_id)?;
        map.serialize_entry("content", &self.content)?;
        if let Some((field, text)) = &self.reasoning {
            map.serialize_entry(field, text)?;
        }
        optional(&mut map, "refusal", &self.refusal)?;
        if !self.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &ToolCalls(&self.tool_calls, self.same_dialect))?;
        }
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}

/// The messages of a request in OpenAI's words.
///
/// # Errors
/// `Unsupported` and `InvalidRequest`, naming the part.
pub(super) fn messages<'a>(request: &'a Request, server: &Server<'_>) -> Result<Vec<WireMessage<'a>>, Error> {
    let mut conversation = Conversation {
        dialect: &request.dialect,
        same_dialect: request.dialect == DIALECT,
        developer: server.developer,
        thoughts: server.thoughts,
        ids: CallIds::of(&request.messages, server.call_ids),
        shown: Content::default(),
        out: Vec::with_capacity(request.messages.len()),
    };
    for (at, message) in request.messages.iter().enumerate() {
        conversation.add(message, at)?;
    }
    conversation.show_apart();
    Ok(conversation.out)
}

/// The messages so far.
struct Conversation<'a> {
    dialect: &'a str,
    same_dialect: bool,
    /// What the server expects, see [`Server`].
    developer: bool,
    thoughts: Thoughts,
    ids: CallIds<'a>,
    /// What tools showed and a message of theirs cannot hold.
    shown: Content<'a>,
    out: Vec<WireMessage<'a>>,
}

impl<'a> Conversation<'a> {
    /// Adds what one message of the contract is in OpenAI's API: usually one message; tool results are
    /// messages of their own there, before whatever else was said.
    fn add(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        let same_dialect = self.same_dialect;
        let mut wire = WireMessage {
            name: message.name.as_deref(),
            extra: wire::extra(message.extra.as_deref(), same_dialect)?,
            ..WireMessage::new(self.role(message.role), same_dialect)
        };
        let mut results = 0;
        for (nth, part) in message.parts.iter().enumerate() {
            let place = format!("messages[{at}].content[{nth}]");
            match part {
                Part::ToolResult(result) => {
                    results += 1;
                    self.result(result, message, &place)?;
                }
                Part::ToolCall(call) => wire.tool_calls.push((self.ids.call(&call.id), call)),
                Part::Reasoning(reasoning) => self.think(reasoning, &mut wire),
                Part::Refusal(text) => wire.refusal = Some(text),
                Part::Text(_) | Part::Media(_) | Part::Extension(_) => {
                    wire.content.add(part, self.dialect, message.role, &place)?;
                }
            }
        }
        let said = !wire.content.is_empty() || !wire.tool_calls.is_empty() || wire.refusal.is_some();
        // A turn of which nothing but another vendor's doings was left says nothing.
        let dropped = !said && !message.parts.is_empty() && wire.reasoning.is_none() && wire.extra.is_empty();
        if (results == 0 && !dropped) || said {
            // Nothing but tool calls or a refusal: OpenAI wants null there, not an empty text.
            wire.content
                .null_if_empty(!wire.tool_calls.is_empty() || wire.refusal.is_some());
            self.show(&mut wire);
            self.out.push(wire);
        }
        Ok(())
    }

    /// Adds what was thought to a message, if the server wants it.
    fn think(&self, reasoning: &'a Reasoning, wire: &mut WireMessage<'a>) {
        let Some(text) = reasoning.text.as_deref() else { return };
        match (self.thoughts.place(reasoning, self.dialect), &mut wire.reasoning) {
            (None, _) => {}
            (Some(Place::Content), _) => wire.content.think(text),
            (Some(Place::Field(_)), Some((_, before))) => before.to_mut().push_str(text),
            (Some(Place::Field(name)), empty) => *empty = Some((name, Cow::Borrowed(text))),
        }
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Developer if self.developer => "developer",
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }

    fn result(&mut self, result: &'a ToolResult, message: &'a Message, place: &str) -> Result<(), Error> {
        let same_dialect = self.same_dialect;
        let id = self.ids.result(&result.call_id);
        let mut content = Content::of_tool(result, self.dialect, place)?;
        if !same_dialect {
            self.shown.show(content.take_media(), &id);
        }
        let extra = message.extra.as_deref().filter(|_| message.role == Role::Tool);
        self.out.push(WireMessage {
            name: message.name.as_deref(),
            content,
            tool_call_id: Some(id),
            extra: wire::extra(extra, same_dialect)?,
            ..WireMessage::new("tool", same_dialect)
        });
        Ok(())
    }

    /// Lets the user show what tools have shown: only users may, and only after all results of the turn. If it is not
    /// the user who goes on with `next`, that is a message of its own.
    fn show(&mut self, next: &mut WireMessage<'a>) {
        if next.role == "user" && next.name.is_none() && !self.shown.is_empty() {
            let mut content = std::mem::take(&mut self.shown);
            content.append(&mut next.content);
            next.content = content;
        } else {
            self.show_apart();
        }
    }

    fn show_apart(&mut self) {
        if !self.shown.is_empty() {
            let content = std::mem::take(&mut self.shown);
            self.out.push(WireMessage {
                content,
                ..WireMessage::new("user", self.same_dialect)
            });
        }
    }
}
