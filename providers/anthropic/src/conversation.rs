//! The conversation: the system prompt apart, then turns of user and assistant.
//!
//! A client that speaks this dialect knows the rules, so its messages are sent as they are. Those of other clients are
//! brought into the form that Anthropic wants: instructions from anywhere in the conversation go into the system
//! prompt, results of tools become a part of the user's turn, and what one side says in several messages is one turn.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Message, Part, Request, Role};

use crate::blocks::{self, Block, Writer};
use crate::wire::{self, Map, Node};
use crate::{DIALECT, model};

/// What is said.
#[derive(Debug)]
pub(crate) struct Conversation<'a> {
    pub(crate) system: Option<Node<'a>>,
    pub(crate) messages: Vec<Node<'a>>,
}

impl<'a> Conversation<'a> {
    /// # Errors
    /// `Unsupported` for what Anthropic's API has no form for, naming the field.
    pub(crate) fn of(request: &'a Request) -> Result<Self, Error> {
        let mut writer = Writer::of(request);
        let (system, turns) = if request.dialect == DIALECT {
            as_sent(&request.messages, &mut writer)?
        } else {
            arranged(request, &mut writer)?
        };
        Ok(Self {
            system: (!system.is_empty()).then(|| blocks::content(system)),
            messages: turns.into_iter().map(Node::from).collect(),
        })
    }
}

/// One message of Anthropic's.
struct Turn<'a> {
    role: &'static str,
    blocks: Vec<Block<'a>>,
    /// Fields beside `content`.
    rest: Object<'a>,
}

impl<'a> From<Turn<'a>> for Node<'a> {
    fn from(turn: Turn<'a>) -> Self {
        let content = blocks::content(turn.blocks);
        let mut message = Map::default().with("role", turn.role).with("content", content);
        message.fill(&turn.rest);
        message.into()
    }
}

/// The system prompt, and the turns.
type Said<'a> = (Vec<Block<'a>>, Vec<Turn<'a>>);

/// The messages as the client has them. The system prompt is the first message; instructions further down are
/// messages of their own, which newer models know.
fn as_sent<'a>(messages: &'a [Message], writer: &mut Writer<'a>) -> Result<Said<'a>, Error> {
    let (system, messages) = match messages.split_first() {
        Some((first, rest)) if first.role == Role::System && first.extra.is_none() => {
            (instructions(first, writer, 0, "system")?, rest)
        }
        _ => (Vec::new(), messages),
    };
    let mut turns = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let field = format!("messages[{index}]");
        let blocks = writer.message(message, index, &field)?;
        // Nothing but what Anthropic would refuse was in it.
        if blocks.is_empty() && !message.parts.is_empty() {
            continue;
        }
        turns.push(Turn {
            role: match message.role {
                Role::System | Role::Developer => "system",
                Role::Assistant => "assistant",
                Role::User | Role::Tool => "user",
            },
            blocks,
            rest: wire::extra(message.extra.as_deref(), true, &field)?,
        });
    }
    Ok((system, turns))
}

/// The messages of a client that has other rules.
fn arranged<'a>(request: &'a Request, writer: &mut Writer<'a>) -> Result<Said<'a>, Error> {
    let mut system = Vec::new();
    let mut turns: Vec<Turn<'a>> = Vec::new();
    for (index, message) in request.messages.iter().enumerate() {
        let field = format!("messages[{index}]");
        let role = match message.role {
            Role::System | Role::Developer => {
                system.extend(instructions(message, writer, index, &field)?);
                continue;
            }
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        let blocks = writer.message(message, index, &field)?;
        match turns.last_mut() {
            Some(turn) if turn.role == role => turn.blocks.extend(blocks),
            // A message without content is refused, and nothing is lost with it.
            _ if blocks.is_empty() => {}
            _ => turns.push(Turn {
                role,
                blocks,
                rest: Object::default(),
            }),
        }
    }
    for turn in &mut turns {
        // The sort is stable: results stay in their order, and so does everything after them.
        turn.blocks.sort_by_key(|block| !matches!(block, Block::Result(_)));
    }
    // Somebody has to say something, and here the system does not count.
    if turns.is_empty() && !system.is_empty() {
        turns.push(Turn {
            role: "user",
            blocks: std::mem::take(&mut system),
            rest: Object::default(),
        });
    }
    if let Some(begun) = turns.last_mut().filter(|turn| turn.role == "assistant") {
        go_on(begun, request)?;
    }
    Ok((system, turns))
}

/// An answer that the client has begun, for the model to go on with.
fn go_on(turn: &mut Turn<'_>, request: &Request) -> Result<(), Error> {
    if !model::takes_a_beginning(&request.model) {
        let assistants = |message: &Message| message.role == Role::Assistant;
        let at = request.messages.iter().rposition(assistants).unwrap_or_default();
        let problem = "this model does not go on with an answer that the client has begun; let the user speak last";
        return Err(wire::unsupported(&format!("messages[{at}]"), problem));
    }
    // Anthropic refuses white space at its end.
    if let Some(Block::Text(text)) = turn.blocks.last_mut() {
        *text = text.trim_end();
    }
    Ok(())
}

/// The blocks of a system prompt, which can be nothing but text.
fn instructions<'a>(
    message: &'a Message,
    writer: &mut Writer<'a>,
    at: usize,
    field: &str,
) -> Result<Vec<Block<'a>>, Error> {
    let is_text = |part: &Part| matches!(part, Part::Text(_) | Part::Extension(_));
    if !message.parts.iter().all(is_text) {
        return Err(wire::unsupported(field, "Anthropic takes instructions as text only"));
    }
    writer.message(message, at, field)
}
