//! A whole answer as a response object.

use serde_json::value::RawValue;
use wharf::{Json, Part, Response};

use super::item::{Call, Item, Kind, MESSAGE, Said, Status, Thought, json_of, thoughts};
use super::object::{Ending, Head, Object};
use super::{DIALECT, usage};
use crate::api::leftover::{self, Leftover};

/// The body of the answer.
pub(super) fn render(response: &Response, mut head: Head, echo: &Leftover) -> String {
    head.told(response.id.as_deref(), response.model.as_deref());
    let rest = leftover::in_dialect(response.extra.as_ref(), DIALECT);
    let ours = rest.is_some() || leftover::in_dialect(response.usage.extra.as_ref(), DIALECT).is_some();
    let refused = response.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let ending = Ending::of(Some(response.finish), refused);
    let items = items(&response.parts, head.suffix(), ours);
    let mut output: Vec<Box<RawValue>> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let last = at + 1 == items.len();
        // Where the answer was cut off, it was in the last one.
        output.push(item.json(if last { ending.last_item() } else { Status::Completed }));
    }
    let object = Object {
        head: &head,
        ending: Some(ending),
        output: &output,
        usage: usage::render(&response.usage),
        echo,
        rest: &leftover::of(rest),
    };
    json_of(&object).get().to_owned()
}

/// The items, in the vendor's order. Texts and refusals that follow each other are one message.
fn items(parts: &[Part], suffix: &str, ours: bool) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for part in parts {
        let index = items.len();
        match part {
            Part::Text(text) => {
                let mut rest = leftover::of(text.extra.as_ref().filter(|_| ours));
                if let Some(fields) = rest.shift_remove(MESSAGE) {
                    let fields = Json(fields.get().to_owned());
                    let message = Kind::Message(Vec::new());
                    items.push(Item::new(message, index, suffix, Some(&fields), ours));
                }
                // In a stream nobody would have heard of an empty one.
                if !text.text.is_empty() {
                    let text = text.text.clone();
                    say(Said::Text { text, rest }, &mut items, suffix);
                }
            }
            Part::Refusal(text) => say(Said::Refusal(text.clone()), &mut items, suffix),
            Part::Reasoning(reasoning) => {
                let mut thoughts = thoughts(reasoning);
                // The vendor's own item stands, even if it says nothing.
                if thoughts.is_empty() && ours {
                    thoughts.push(Thought::default());
                }
                for (at, thought) in thoughts.into_iter().enumerate() {
                    // The vendor's fields, its identifier among them, are those of one item.
                    let extra = reasoning.extra.as_ref().filter(|_| at == 0);
                    items.push(Item::new(Kind::Reasoning(thought), index + at, suffix, extra, ours));
                }
            }
            Part::ToolCall(call) => {
                let kind = Kind::Call(Call {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    arguments: call.arguments.0.clone(),
                });
                items.push(Item::new(kind, index, suffix, call.extra.as_ref(), ours));
            }
            Part::Extension(extension) => {
                if let Some(raw) =
                    leftover::in_dialect(Some(extension), DIALECT).and_then(|json| serde_json::from_str(&json.0).ok())
                {
                    items.push(Item::new(Kind::Own(raw), index, suffix, None, ours));
                }
            }
            // An answer has no place for these.
            Part::Media(_) | Part::ToolResult(_) => {}
        }
    }
    items
}

fn say(said: Said, items: &mut Vec<Item>, suffix: &str) {
    match items.last_mut().map(|item| &mut item.kind) {
        Some(Kind::Message(content)) => content.push(said),
        _ => {
            let index = items.len();
            items.push(Item::new(Kind::Message(vec![said]), index, suffix, None, false));
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
