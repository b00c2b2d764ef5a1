//! The conversation.
//!
//! A message of Ollama is flat: one text, one text of thoughts, a list of images, a list of calls. What a tool answered
//! is a message of its own, which names the tool; newer servers also read which call it answers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{
    Error, Media, MediaData, Message, Part, Reasoning, Request, Role, ToolPart, ToolResult, foreign,
};

use crate::tools::{self, WireCall};
use crate::{DIALECT, wire};

/// Between texts that were apart. Servers put the same between messages that they join.
const BETWEEN: &str = "\n\n";

/// The messages of a request in Ollama's words.
///
/// # Errors
/// `Unsupported` and `InvalidRequest`, naming the part.
pub(crate) fn messages(request: &Request) -> Result<Vec<WireMessage<'_>>, Error> {
    let mut conversation = Conversation {
        request,
        calls: BTreeMap::new(),
        out: Vec::with_capacity(request.messages.len()),
    };
    for (at, message) in request.messages.iter().enumerate() {
        conversation.add(message, at)?;
    }
    Ok(conversation.out)
}

struct Conversation<'a> {
    request: &'a Request,
    /// Identifiers and names of all calls so far: a result has to repeat the name.
    calls: BTreeMap<&'a str, &'a str>,
    out: Vec<WireMessage<'a>>,
}

impl<'a> Conversation<'a> {
    /// Adds what one message of the contract is: usually one message; results of tools are messages of their own,
    /// before whatever else was said.
    fn add(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        let from_tool = message.role == Role::Tool;
        foreign::check_name(message, at)?;
        let mut said = WireMessage {
            role: role(message.role),
            extra: self.extra(message.extra.as_deref(), &format!("messages[{at}]"))?,
            tool_name: message.name.as_deref().filter(|_| from_tool),
            ..WireMessage::default()
        };
        let mut results = 0;
        for (nth, part) in message.parts.iter().enumerate() {
            let place = format!("messages[{at}].content[{nth}]");
            match part {
                Part::Text(text) => said.texts.push(&text.text),
                // The vendor has no place of its own for it, and it is what was said.
                Part::Refusal(text) => said.texts.push(text),
                Part::Reasoning(thought) => said.thoughts.extend(own_thought(thought)),
                Part::Media(media) => said.images.push(image(media, &place)?),
                Part::ToolCall(call) => {
                    said.calls.push(tools::call(self.request, call, &place)?);
                    self.calls.insert(&call.id, &call.name);
                }
                Part::ToolResult(result) => {
                    results += 1;
                    let found = self.result(result, message, &place)?;
                    self.out.push(found);
                }
                Part::Extension(part) => {
                    if foreign::is_sent(part, DIALECT, message.role, &place)? {
                        said.extra.push(wire::object(&part.value, &place)?);
                    }
                }
            }
        }
        // A turn of which nothing but another vendor's doings was left says nothing.
        let dropped = !message.parts.is_empty() && said.extra.is_empty();
        if (results == 0 && !dropped) || said.says_something() {
            self.out.push(said);
        }
        Ok(())
    }

    fn result(&self, result: &'a ToolResult, message: &'a Message, place: &str) -> Result<WireMessage<'a>, Error> {
        let called = self.calls.get(result.call_id.as_str()).copied();
        let mut answer = WireMessage {
            role: "tool",
            tool_name: called.or(message.name.as_deref()),
            tool_call_id: Some(&result.call_id),
            extra: self.extra(result.extra.as_deref(), place)?,
            ..WireMessage::default()
        };
        if message.role == Role::Tool {
            answer.extra.append(&mut self.extra(message.extra.as_deref(), place)?);
        }
        for part in &result.content {
            match part {
                ToolPart::Text(text) => answer.texts.push(&text.text),
                ToolPart::Media(media) => answer.images.push(image(media, place)?),
                ToolPart::Extension(part) => {
                    let own = foreign::checked(part, DIALECT, place)?;
                    answer.extra.push(wire::object(own, place)?);
                }
            }
        }
        Ok(answer)
    }

    fn extra(&self, json: Option<&'a str>, place: &str) -> Result<Vec<Object<'a>>, Error> {
        let extra = wire::extra(self.request, json, place)?;
        Ok(if extra.is_empty() { Vec::new() } else { vec![extra] })
    }
}

fn role(role: Role) -> &'static str {
    match role {
        // Templates of models know no developer.
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

fn image<'a>(media: &'a Media, place: &str) -> Result<&'a [u8], Error> {
    if !media.mime_type.starts_with("image/") {
        let problem = format!("Ollama takes images, and nothing of type `{}`", media.mime_type);
        return Err(wire::unsupported(place, &problem));
    }
    match &media.data {
        MediaData::Inline(bytes) => Ok(bytes),
        MediaData::Url(_) => Err(wire::unsupported(
            place,
            "Ollama fetches no images; send the image itself instead of its URL",
        )),
    }
}

/// What was thought, unless it has a seal: Ollama's models have none, so those are another vendor's.
fn own_thought(thought: &Reasoning) -> Option<&str> {
    let sealed = thought.signature.is_some() || thought.redacted.is_some();
    thought.text.as_deref().filter(|_| !sealed)
}

/// One message as Ollama has them.
#[derive(Debug, Default)]
pub(crate) struct WireMessage<'a> {
    role: &'static str,
    texts: Vec<&'a str>,
    thoughts: Vec<&'a str>,
    images: Vec<&'a [u8]>,
    calls: Vec<WireCall<'a>>,
    tool_name: Option<&'a str>,
    tool_call_id: Option<&'a str>,
    extra: Vec<Object<'a>>,
}

impl WireMessage<'_> {
    fn says_something(&self) -> bool {
        let nothing = self.texts.is_empty() && self.images.is_empty() && self.calls.is_empty();
        !(nothing && self.thoughts.is_empty())
    }
}

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", self.role)?;
        map.serialize_entry("content", &joined(&self.texts))?;
        let thinking = joined(&self.thoughts);
        if !thinking.is_empty() {
            map.serialize_entry("thinking", &thinking)?;
        }
        if !self.images.is_empty() {
            let images: Vec<String> = self.images.iter().map(|bytes| STANDARD.encode(bytes)).collect();
            map.serialize_entry("images", &images)?;
        }
        if !self.calls.is_empty() {
            map.serialize_entry("tool_calls", &self.calls)?;
        }
        if let Some(name) = self.tool_name {
            map.serialize_entry("tool_name", name)?;
        }
        if let Some(id) = self.tool_call_id {
            map.serialize_entry("tool_call_id", id)?;
        }
        for extra in &self.extra {
            extra.serialize_into(&mut map)?;
        }
        map.end()
    }
}

fn joined(texts: &[&str]) -> String {
    let said: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    said.join(BETWEEN)
}
