//! The items of a request as messages.
//!
//! What a model says in one answer is several items here: thoughts, messages, calls. For the host, and for most
//! vendors, it is one message of the assistant, and calls that were made together have to stay together.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf::{Error, Json, Message, Part, Reasoning, Role, ToolCall, ToolResult};

use super::item::SIGNATURE;
use super::part::{content, tool_content};
use super::request::{extension, unsupported};
use crate::api::fields::{Fields, invalid, plain};

/// Reads `input`: a text, or a list of items.
///
/// # Errors
/// `InvalidRequest`, or `Unsupported` for what needs state, naming the field.
pub(super) fn parse(raw: &RawValue) -> Result<Vec<Message>, Error> {
    if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).map_err(|e| invalid("input", plain(&e)))?;
        return Ok(vec![Message::text(Role::User, text)]);
    }
    let wrong = |_| invalid("input", "this must be a string or a list of items");
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
    if items.is_empty() {
        return Err(invalid("input", "there must be at least one item"));
    }
    let mut turns = Turns::default();
    for (at, raw) in items.into_iter().enumerate() {
        item(raw, &format!("input[{at}]"), &mut turns)?;
    }
    Ok(turns.messages)
}

/// The conversation so far.
#[derive(Default)]
struct Turns {
    messages: Vec<Message>,
    /// Whether the assistant's turn that goes on has a message of its own.
    said: bool,
}

impl Turns {
    fn push(&mut self, role: Role, parts: Vec<Part>, extra: Option<Json>) {
        self.messages.push(Message {
            role,
            name: None,
            parts,
            extra,
        });
    }

    /// A thought or a call belongs to the turn in which it comes.
    fn add(&mut self, part: Part) {
        match self.messages.last_mut() {
            Some(turn) if turn.role == Role::Assistant => turn.parts.push(part),
            _ => {
                self.push(Role::Assistant, vec![part], None);
                self.said = false;
            }
        }
    }

    /// A message of the assistant is a turn of its own, unless it comes with thoughts, or with calls whose answers are
    /// still to come: between those two most vendors want nothing.
    fn say(&mut self, parts: Vec<Part>, extra: Option<Json>) {
        let waits = |turn: &Message| turn.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        match self.messages.last_mut() {
            Some(turn) if turn.role == Role::Assistant && (!self.said || waits(turn)) => {
                turn.parts.extend(parts);
                // Of two messages in one turn the first one's leftovers stay: there is one place for them.
                turn.extra = turn.extra.take().or(extra);
            }
            _ => self.push(Role::Assistant, parts, extra),
        }
        self.said = true;
    }
}

fn item(raw: &RawValue, place: &str, turns: &mut Turns) -> Result<(), Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: Option<String> = fields.take("type")?;
    // Messages and references may leave it out.
    let refers = fields.peek::<&RawValue>("id").is_some() && fields.peek::<&RawValue>("role").is_none();
    let kind = kind.unwrap_or_else(|| String::from(if refers { "item_reference" } else { "message" }));
    match kind.as_str() {
        "message" => message(fields, turns)?,
        "function_call" => turns.add(call(fields)?),
        "function_call_output" => turns.push(Role::Tool, vec![result(fields)?], None),
        "reasoning" => turns.add(reasoning(fields)?),
        "item_reference" => {
            return Err(unsupported(place, "this server keeps no items; send the item itself"));
        }
        // Kept whole for a provider of the same dialect.
        other if other.ends_with("_output") => turns.push(Role::Tool, vec![Part::Extension(extension(raw))], None),
        _ => turns.add(Part::Extension(extension(raw))),
    }
    Ok(())
}

fn message(mut fields: Fields<'_>, turns: &mut Turns) -> Result<(), Error> {
    let place = fields.place("role");
    let role: String = fields.need("role")?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        "developer" => Role::Developer,
        other => {
            let help = format!("`{other}` is not a role; use user, assistant, system or developer");
            return Err(invalid(&place, help));
        }
    };
    let place = fields.place("content");
    let parts = content(fields.need("content")?, &place)?;
    let extra = fields.rest();
    if role == Role::Assistant {
        turns.say(parts, extra);
    } else {
        turns.push(role, parts, extra);
    }
    Ok(())
}

fn call(mut fields: Fields<'_>) -> Result<Part, Error> {
    let arguments: String = fields.need("arguments")?;
    Ok(Part::ToolCall(ToolCall {
        id: fields.need("call_id")?,
        name: fields.need("name")?,
        arguments: Json(arguments),
        extra: fields.rest(),
    }))
}

fn result(mut fields: Fields<'_>) -> Result<Part, Error> {
    let place = fields.place("output");
    Ok(Part::ToolResult(ToolResult {
        call_id: fields.need("call_id")?,
        is_error: false,
        content: tool_content(fields.need("output")?, &place)?,
        extra: fields.rest(),
    }))
}

/// What was thought earlier. The thoughts themselves are preferred to a summary of them; what cannot be told from one
/// text again stays among the leftovers too.
fn reasoning(mut fields: Fields<'_>) -> Result<Part, Error> {
    let summary = texts(&fields, "summary")?;
    let content = texts(&fields, "content")?;
    if content.is_empty() {
        fields.take_raw("content");
        if summary.len() < 2 {
            fields.take_raw("summary");
        }
    }
    let texts = if content.is_empty() { summary } else { content };
    let seal: Option<String> = fields.take("encrypted_content")?;
    let signature = seal.as_deref().and_then(|seal| seal.strip_prefix(SIGNATURE));
    let signature = signature.map(str::to_owned);
    Ok(Part::Reasoning(Reasoning {
        text: (!texts.is_empty()).then(|| texts.join("\n\n")),
        redacted: seal.filter(|_| signature.is_none()),
        signature,
        extra: fields.rest(),
    }))
}

/// The texts of a list of parts.
fn texts(fields: &Fields<'_>, name: &str) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Thought {
        text: String,
    }
    let raw: Option<&RawValue> = fields.peek(name);
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(Vec::new());
    };
    let wrong = |_| invalid(&fields.place(name), "this must be a list of parts with a `text`");
    let thoughts: Vec<Thought> = serde_json::from_str(raw.get()).map_err(wrong)?;
    Ok(thoughts.into_iter().map(|thought| thought.text).collect())
}
