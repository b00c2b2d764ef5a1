//! The conversation: `contents` and `systemInstruction`.
//!
//! The vendor wants the turns of user and model to alternate, the responses to all calls of a turn together in the
//! next one, and instructions apart from both. So messages that follow each other on the same side become one turn,
//! and what system and developer say is collected, wherever it stands.

use std::collections::BTreeMap;

use wharf_provider_sdk::{Error, Message, Part, Request, Role, foreign};

use crate::request_parts::{Manner, extension};
use crate::wire::{self, Map, Node};

/// The conversation in Gemini's words.
#[derive(Debug, Default)]
pub(crate) struct Conversation<'a> {
    /// The parts of `systemInstruction`.
    pub(crate) system: Vec<Node<'a>>,
    turns: Vec<Turn<'a>>,
    /// Identifiers and names of all calls so far: a response has to repeat the name.
    calls: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug)]
struct Turn<'a> {
    role: &'static str,
    parts: Vec<Node<'a>>,
    /// Vendor fields of the message. A turn that has some is not joined with others.
    extra: Map<'a>,
    /// Whether a call is among the parts.
    called: bool,
    /// What tools answered. The newest models refuse a turn in which anything follows that, and all take what comes
    /// before.
    answers: Vec<Node<'a>>,
}

impl<'a> Conversation<'a> {
    /// Reads the messages of a request.
    ///
    /// # Errors
    /// `InvalidRequest` and `Unsupported`, naming the message.
    pub(crate) fn of(request: &'a Request, manner: Manner<'_>) -> Result<Self, Error> {
        let mut conversation = Self::default();
        for (at, message) in request.messages.iter().enumerate() {
            let place = format!("messages[{at}]");
            foreign::check_name(message, at)?;
            match message.role {
                Role::System | Role::Developer => conversation.instruct(message, manner, &place)?,
                Role::Assistant => conversation.say("model", message, manner, &place)?,
                Role::User | Role::Tool => conversation.say("user", message, manner, &place)?,
            }
        }
        // Somebody has to say something, and here the system does not count.
        if conversation.turns.is_empty() && !conversation.system.is_empty() && !manner.same_dialect {
            conversation.turns.push(Turn {
                role: "user",
                parts: std::mem::take(&mut conversation.system),
                extra: Map::default(),
                called: false,
                answers: Vec::new(),
            });
        }
        Ok(conversation)
    }

    fn instruct(&mut self, message: &'a Message, manner: Manner<'_>, place: &str) -> Result<(), Error> {
        for part in &message.parts {
            match part {
                Part::Text(text) => self.system.extend(manner.text(text)?),
                Part::Extension(part) => self.system.extend(extension(part, message.role, place)?),
                Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {
                    return Err(wire::unsupported(place, "Gemini takes instructions as text only"));
                }
            }
        }
        Ok(())
    }

    fn say(&mut self, role: &'static str, message: &'a Message, manner: Manner<'_>, place: &str) -> Result<(), Error> {
        let extra = match message.extra.as_deref() {
            Some(json) if manner.same_dialect => Map::of(&wire::object(json, place)?),
            _ => Map::default(),
        };
        let mut turn = match self.turns.pop() {
            Some(last) if last.role == role && last.extra.is_empty() && extra.is_empty() => last,
            other => {
                self.turns.extend(other);
                Turn {
                    role,
                    parts: Vec::new(),
                    extra,
                    called: false,
                    answers: Vec::new(),
                }
            }
        };
        for part in &message.parts {
            match part {
                Part::Text(text) => turn.parts.extend(manner.text(text)?),
                Part::Refusal(text) if text.is_empty() => {}
                Part::Refusal(text) => turn.parts.push(Node::Map(Map::one("text", Node::text(text.as_str())))),
                Part::Media(media) => turn.parts.push(manner.media(media, place)?),
                Part::Reasoning(reasoning) => turn.parts.extend(manner.reasoning(reasoning)?),
                Part::ToolCall(call) => {
                    turn.parts.push(manner.call(call, !turn.called)?);
                    turn.called = true;
                    self.calls.insert(&call.id, &call.name);
                }
                Part::ToolResult(result) => {
                    let name = self.name_of(&result.call_id, place)?;
                    let (response, beside) = manner.result(result, name, place)?;
                    turn.parts.extend(beside);
                    turn.answers.push(response);
                }
                Part::Extension(part) => turn.parts.extend(extension(part, message.role, place)?),
            }
        }
        // A turn without parts is refused; one of dropped thoughts alone says nothing.
        if !turn.parts.is_empty() || !turn.answers.is_empty() {
            self.turns.push(turn);
        }
        Ok(())
    }

    /// The name of the function that a result belongs to: that of the latest call with its identifier.
    fn name_of(&self, id: &str, place: &str) -> Result<&'a str, Error> {
        let name = self.calls.get(id).copied();
        name.ok_or_else(|| wire::invalid(place, &format!("no call before it has the identifier `{id}`")))
    }

    /// The turns.
    pub(crate) fn contents(self) -> Node<'a> {
        let turns = self.turns.into_iter().map(|turn| {
            let mut content = Map::one("role", Node::text(turn.role));
            let parts = turn.parts.into_iter().chain(turn.answers);
            content.set("parts", Node::List(parts.collect()));
            content.fill(turn.extra);
            Node::Map(content)
        });
        Node::List(turns.collect())
    }
}
