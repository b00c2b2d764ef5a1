//! The conversation as items.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use wharf_provider_sdk::call_ids::{CallIds, Rule};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{
    Error, ErrorKind, Message, Part, Reasoning, Request, Role, Text, ToolCall, ToolResult, foreign, seal,
};

use super::content::Content;
use super::{DIALECT, MESSAGE};
use crate::wire;

/// The longest identifier of an item that the vendor takes.
const LONGEST_ID: usize = 64;

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    /// What the host's API has under this name; see [`is_instructions`].
    pub(super) instructions: Option<&'a str>,
    pub(super) items: Vec<Item<'a>>,
}

#[derive(Debug)]
pub(super) enum Item<'a> {
    Message(Spoken<'a>),
    Call {
        id: Cow<'a, str>,
        call: &'a ToolCall,
        extra: Object<'a>,
    },
    Result {
        id: Cow<'a, str>,
        output: Content<'a>,
        extra: Object<'a>,
    },
    Reasoning {
        text: Option<&'a str>,
        sealed: Option<&'a str>,
        extra: Object<'a>,
    },
    /// In the words of this API.
    Raw(&'a RawValue),
}

/// A message.
#[derive(Debug)]
pub(super) struct Spoken<'a> {
    role: &'static str,
    content: Content<'a>,
    extra: Object<'a>,
}

/// The messages of a request as items.
///
/// # Errors
/// `Unsupported` and `InvalidRequest`, naming the part.
pub(super) fn of(request: &Request, call_ids: Rule) -> Result<Input<'_>, Error> {
    let mut conversation = Conversation {
        same_dialect: request.dialect == DIALECT,
        dialect: &request.dialect,
        ids: CallIds::of(&request.messages, call_ids),
        input: Input::default(),
    };
    for (at, message) in request.messages.iter().enumerate() {
        match instructions(message).filter(|_| at == 0 && conversation.same_dialect) {
            Some(text) => conversation.input.instructions = Some(text),
            None => conversation.add(message, at)?,
        }
    }
    Ok(conversation.input)
}

/// The text of a message that a client of this dialect gave as `instructions`: the host marks it.
fn instructions(message: &Message) -> Option<&str> {
    let extra: Object<'_> = serde_json::from_str(message.extra.as_deref()?).ok()?;
    match message.parts.as_slice() {
        [Part::Text(Text { text, extra: None })] if extra.peek::<&str>("type") == Some("instructions") => Some(text),
        _ => None,
    }
}

/// The items so far.
struct Conversation<'a> {
    same_dialect: bool,
    dialect: &'a str,
    ids: CallIds<'a>,
    input: Input<'a>,
}

impl<'a> Conversation<'a> {
    fn add(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        foreign::check_name(message, at)?;
        match message.role {
            Role::Assistant => self.say(message, at),
            Role::System | Role::Developer | Role::User | Role::Tool => self.hear(message, at),
        }
    }

    /// What anybody but the assistant says is one message; answers of tools are items of their own, before it.
    fn hear(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        let mut content = Content::default();
        let mut results = 0;
        for (nth, part) in message.parts.iter().enumerate() {
            let place = place(at, nth);
            match part {
                Part::ToolResult(result) => {
                    results += 1;
                    self.result(result, &place)?;
                }
                // The answer to something that is no function.
                Part::Extension(extension) if message.role == Role::Tool => {
                    results += 1;
                    let value = foreign::checked(extension, DIALECT, &place)?;
                    self.input.items.push(Item::Raw(raw(value, &place)?));
                }
                _ => content.hear(part, self.dialect, message.role, &place)?,
            }
        }
        if results == 0 || !content.is_empty() {
            self.input.items.push(Item::Message(Spoken {
                role: role(message.role),
                content,
                extra: self.item_fields(message.extra.as_deref(), "msg")?,
            }));
        }
        Ok(())
    }

    /// What the assistant says in one turn is thoughts, messages, calls and whatever else its vendor has.
    fn say(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        let mut said: Option<Spoken<'a>> = None;
        let mut fields = wire::extra(message.extra.as_deref(), self.same_dialect)?;
        for (nth, part) in message.parts.iter().enumerate() {
            let place = place(at, nth);
            let item = match part {
                Part::Text(text) => {
                    let mut extra = wire::extra(text.extra.as_deref(), self.same_dialect)?;
                    if let Some(own) = extra.take_raw(MESSAGE) {
                        self.input.items.extend(said.take().map(Item::Message));
                        let wrong = |_| Error::new(ErrorKind::InvalidRequest, format!("`{place}`: no fields"));
                        fields = serde_json::from_str(own.get()).map_err(wrong)?;
                    }
                    let content = message_of(&mut said, &mut fields);
                    // It may be there for the sake of the message's fields.
                    if !text.text.is_empty() {
                        content.say(&text.text, extra);
                    }
                    continue;
                }
                Part::Refusal(text) => {
                    message_of(&mut said, &mut fields).refuse(text);
                    continue;
                }
                Part::Reasoning(reasoning) => self.reasoning(reasoning)?,
                Part::ToolCall(call) => Some(Item::Call {
                    id: self.ids.call(&call.id),
                    call,
                    extra: self.item_fields(call.extra.as_deref(), "fc")?,
                }),
                Part::ToolResult(result) => {
                    self.input.items.extend(said.take().map(Item::Message));
                    self.result(result, &place)?;
                    continue;
                }
                Part::Extension(extension) => {
                    if foreign::is_sent(extension, DIALECT, Role::Assistant, &place)? {
                        Some(Item::Raw(raw(&extension.value, &place)?))
                    } else {
                        None
                    }
                }
                Part::Media(_) => {
                    let problem = format!("`{place}`: OpenAI takes no pictures or files from the assistant");
                    return Err(Error::unsupported(problem));
                }
            };
            if let Some(item) = item {
                self.input.items.extend(said.take().map(Item::Message));
                self.input.items.push(item);
            }
        }
        self.input.items.extend(said.map(Item::Message));
        Ok(())
    }

    fn result(&mut self, result: &'a ToolResult, place: &str) -> Result<(), Error> {
        self.input.items.push(Item::Result {
            id: self.ids.result(&result.call_id),
            output: Content::of_tool(result, self.dialect, place)?,
            extra: self.item_fields(result.extra.as_deref(), "fc")?,
        });
        Ok(())
    }

    /// What was thought, if it can come back: sealed by this vendor, or as text of a model that shows its thoughts
    /// themselves. Anything else the vendor would look for among what it keeps, and it keeps nothing.
    fn reasoning(&self, reasoning: &'a Reasoning) -> Result<Option<Item<'a>>, Error> {
        let sealed = reasoning.redacted.as_deref();
        let sealed = sealed.and_then(|sealed| seal::own(sealed, DIALECT, self.dialect));
        let extra = self.item_fields(reasoning.extra.as_deref(), "rs")?;
        let sealed_elsewhere = reasoning.signature.is_some() || reasoning.redacted.is_some();
        let shown = !sealed_elsewhere && extra.contains("content");
        Ok((sealed.is_some() || shown).then_some(Item::Reasoning {
            text: reasoning.text.as_deref(),
            sealed,
            extra,
        }))
    }

    /// The vendor fields of an item. An identifier that is none of the vendor's is left out: all have their beginning.
    fn item_fields(&self, json: Option<&'a str>, beginning: &str) -> Result<Object<'a>, Error> {
        let mut fields = wire::extra(json, self.same_dialect)?;
        keep_id(&mut fields, beginning);
        Ok(fields)
    }
}

/// The content of the message that goes on, or of a new one with these fields.
fn message_of<'m, 'a>(said: &'m mut Option<Spoken<'a>>, fields: &mut Object<'a>) -> &'m mut Content<'a> {
    let message = said.get_or_insert_with(|| {
        let mut extra = std::mem::take(fields);
        keep_id(&mut extra, "msg");
        Spoken {
            role: "assistant",
            content: Content::default(),
            extra,
        }
    });
    &mut message.content
}

fn keep_id(fields: &mut Object<'_>, beginning: &str) {
    let id: Option<Option<Cow<'_, str>>> = fields.peek("id");
    let fits = |id: Cow<'_, str>| id.starts_with(beginning) && id.len() <= LONGEST_ID;
    if !id.flatten().is_some_and(fits) {
        fields.take_raw("id");
    }
}

fn place(at: usize, nth: usize) -> String {
    format!("messages[{at}].content[{nth}]")
}

fn raw<'a>(value: &'a str, place: &str) -> Result<&'a RawValue, Error> {
    serde_json::from_str(value).map_err(|e| Error::new(ErrorKind::InvalidRequest, format!("`{place}`: {e}")))
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Raw(raw) = self {
            return raw.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        let extra = match self {
            Self::Message(Spoken { role, content, extra }) => {
                map.serialize_entry("type", "message")?;
                map.serialize_entry("role", role)?;
                // That of a message with parts that the contract has no word for is among its fields.
                if !extra.contains("content") {
                    map.serialize_entry("content", content)?;
                }
                extra
            }
            Self::Call { id, call, extra } => {
                map.serialize_entry("type", "function_call")?;
                map.serialize_entry("call_id", id)?;
                map.serialize_entry("name", &call.name)?;
                map.serialize_entry("arguments", &call.arguments)?;
                extra
            }
            Self::Result { id, output, extra } => {
                map.serialize_entry("type", "function_call_output")?;
                map.serialize_entry("call_id", id)?;
                map.serialize_entry("output", output)?;
                extra
            }
            Self::Reasoning { text, sealed, extra } => {
                map.serialize_entry("type", "reasoning")?;
                if !extra.contains("summary") {
                    let shown = text.filter(|_| !extra.contains("content"));
                    let summary = shown.map(|text| json!({"type": "summary_text", "text": text}));
                    map.serialize_entry("summary", &Vec::from_iter(summary))?;
                }
                wire::optional(&mut map, "encrypted_content", sealed)?;
                extra
            }
            // Written above.
            Self::Raw(_) => return map.end(),
        };
        extra.serialize_into(&mut map)?;
        map.end()
    }
}
