//! The items of a request as messages.
//!
//! What a model says in one answer is several items here: thoughts, messages, calls. For the host, and for most
//! vendors, it is one message of the assistant, and calls that were made together have to stay together.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf::{Error, Json, Message, Part, Reasoning, Role, ToolCall, ToolResult};

use super::item::{MESSAGE, SIGNATURE};
use super::part::{content, has_more_than_refusals, tool_content};
use super::places::Places;
use super::request::{extension, unsupported};
use crate::api::fields::{Fields, invalid, plain};
use crate::api::leftover;

/// Reads `input`: a text, or a list of items. So many messages come before what it says.
///
/// # Errors
/// `InvalidRequest`, or `Unsupported` for what needs state, naming the field.
pub(super) fn parse(raw: &RawValue, before: usize) -> Result<(Vec<Message>, Places), Error> {
    if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).map_err(|e| invalid("input", plain(&e)))?;
        return Ok((vec![Message::text(Role::User, text)], Places::behind(before)));
    }
    let wrong = |_| invalid("input", "this must be a string or a list of items");
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
    if items.is_empty() {
        return Err(invalid("input", "there must be at least one item"));
    }
    let mut turns = Turns {
        messages: Vec::with_capacity(items.len()),
        places: Places::behind(before),
        said: false,
        at: 0,
    };
    for (at, raw) in items.into_iter().enumerate() {
        turns.at = at;
        item(raw, &format!("input[{at}]"), &mut turns)?;
    }
    Ok((turns.messages, turns.places))
}

/// The conversation so far.
struct Turns {
    messages: Vec<Message>,
    places: Places,
    /// Whether the assistant's turn that goes on has a message of its own.
    said: bool,
    /// Which item is being read.
    at: usize,
}

impl Turns {
    /// A message whose parts are the item as a whole.
    fn push_item(&mut self, role: Role, part: Part) {
        self.places.begin();
        self.places.item(self.at);
        self.push(role, vec![part], None);
    }

    /// A message whose parts are the item's content.
    fn push_content(&mut self, role: Role, parts: Vec<Part>, extra: Option<Json>) {
        self.places.begin();
        self.places.content(self.at, parts.len());
        self.push(role, parts, extra);
    }

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
            Some(turn) if turn.role == Role::Assistant => {
                turn.parts.push(part);
                self.places.item(self.at);
            }
            _ => {
                self.push_item(Role::Assistant, part);
                self.said = false;
            }
        }
    }

    /// A message of the assistant is a turn of its own, unless it comes with thoughts, or with calls whose answers are
    /// still to come: between those two most vendors want nothing.
    fn say(&mut self, mut parts: Vec<Part>, extra: Option<Json>) {
        let waits = |turn: &Message| turn.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        match self.messages.last_mut() {
            Some(turn) if turn.role == Role::Assistant && (!self.said || waits(turn)) => {
                let extra = if self.said {
                    Some(extra.unwrap_or_else(|| Json("{}".to_owned())))
                } else {
                    extra
                };
                begin_with(&mut parts, extra, &mut self.places, self.at);
                turn.parts.append(&mut parts);
            }
            _ => {
                self.places.begin();
                begin_with(&mut parts, extra, &mut self.places, self.at);
                self.push(Role::Assistant, parts, None);
            }
        }
        self.said = true;
    }
}

/// Begins a message of the assistant with its own fields. Its parts are the content of the item `at`, but for what had to
/// be put there for the fields.
fn begin_with(parts: &mut Vec<Part>, fields: Option<Json>, places: &mut Places, at: usize) {
    let content = parts.len();
    if mark(parts, fields) {
        places.item(at);
    }
    places.content(at, content);
}

/// Lets a message of the assistant begin with its own fields: they stand with its first text, for what is said in one
/// turn may be several messages. Whether a text had to be put there for it.
fn mark(parts: &mut Vec<Part>, fields: Option<Json>) -> bool {
    let Some(fields) = fields else { return false };
    let without = !matches!(parts.first(), Some(Part::Text(_)));
    if without {
        parts.insert(0, Part::text(""));
    }
    if let Some(Part::Text(text)) = parts.first_mut() {
        let mut own = leftover::of(text.extra.as_ref());
        if let Ok(fields) = RawValue::from_string(fields.0) {
            own.insert(MESSAGE.to_owned(), fields);
        }
        let mut out = String::new();
        leftover::append_object(&own, &mut out);
        text.extra = Some(Json(out));
    }
    without
}

/// Whether items of a type are what the model, or its vendor, did in its turn. All others are the client's, or stand for
/// a part of the conversation, and cannot be left out.
fn is_done_by_the_model(kind: &str) -> bool {
    kind.ends_with("_call") || matches!(kind, "mcp_list_tools" | "mcp_approval_request")
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
        "function_call_output" => turns.push_item(Role::Tool, result(fields)?),
        "reasoning" => turns.add(reasoning(fields)?),
        "item_reference" => {
            return Err(unsupported(place, "this server keeps no items; send the item itself"));
        }
        // Kept whole for a provider of the same dialect.
        other if is_done_by_the_model(other) => turns.add(Part::Extension(extension(raw))),
        _ => turns.push_item(Role::Tool, Part::Extension(extension(raw))),
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
    let said: &RawValue = fields.need("content")?;
    let mut parts = content(said, &place)?;
    let extra = fields.rest();
    if role == Role::Assistant {
        let known = |part: &Part| !matches!(part, Part::Extension(_));
        let whole = parts.iter().all(known) && !has_more_than_refusals(said);
        // What nobody knows of such a turn is an item. A part that nobody knows stays in its message, for a provider of
        // the same dialect; others get the parts that they know.
        parts.retain(known);
        turns.say(
            parts,
            if whole {
                extra
            } else {
                Some(with_content(extra.as_ref(), said))
            },
        );
    } else {
        turns.push_content(role, parts, extra);
    }
    Ok(())
}

/// The fields of a message, with its content among them.
fn with_content(fields: Option<&Json>, content: &RawValue) -> Json {
    let mut fields = leftover::of(fields);
    fields.insert("content".to_owned(), content.to_owned());
    let mut out = String::new();
    leftover::append_object(&fields, &mut out);
    Json(out)
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
