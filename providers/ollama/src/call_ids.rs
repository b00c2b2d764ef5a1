//! Identifiers of calls, for those that come without one.
//!
//! Older servers send none, and Ollama tells calls apart by their order. A client answers by identifier, and so do the
//! vendors a conversation may move to: there it has to be unique in the whole conversation. So the calls are numbered
//! through the conversation, which gives the same call the same identifier however often the answer is read.

use wharf_provider_sdk::{Message, Part};

/// The numbers that are free.
#[derive(Debug, Default)]
pub struct CallIds {
    next: u32,
}

impl CallIds {
    /// Goes on after the calls of this conversation.
    #[must_use]
    pub fn after(messages: &[Message]) -> Self {
        let numbers = messages.iter().flat_map(|message| &message.parts).filter_map(number);
        Self {
            next: numbers.max().map_or(0, |last| last.saturating_add(1)),
        }
    }

    /// The identifier of the next call: the vendor's, if there is one.
    pub(crate) fn next(&mut self, given: Option<String>) -> String {
        given.filter(|given| !given.is_empty()).unwrap_or_else(|| {
            let id = format!("call_{}", self.next);
            self.next = self.next.saturating_add(1);
            id
        })
    }
}

/// The number in the identifier of a call, if it has this form.
fn number(part: &Part) -> Option<u32> {
    let Part::ToolCall(call) = part else { return None };
    call.id.strip_prefix("call_")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::{Role, ToolCall};

    use super::*;

    fn called(ids: &[&str]) -> Message {
        let call = |id: &&str| {
            Part::ToolCall(ToolCall {
                id: (*id).to_owned(),
                name: "f".into(),
                arguments: "{}".into(),
                extra: None,
            })
        };
        Message {
            role: Role::Assistant,
            name: None,
            parts: ids.iter().map(call).collect(),
            extra: None,
        }
    }

    #[test]
    fn calls_without_an_identifier_are_numbered_from_zero() {
        let mut ids = CallIds::after(&[]);
        assert_eq!(ids.next(None), "call_0");
        assert_eq!(ids.next(Some("theirs".into())), "theirs");
        assert_eq!(ids.next(Some(String::new())), "call_1");
    }

    #[test]
    fn no_identifier_comes_twice_in_a_conversation() {
        let history = [called(&["call_0", "call_4"]), called(&["toolu_9", "call_x7", "call_2"])];
        assert_eq!(CallIds::after(&history).next(None), "call_5");
    }
}
