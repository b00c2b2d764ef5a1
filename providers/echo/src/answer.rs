//! What the echo answers.

use wharf_provider_sdk::{Part, Request, Role, ToolPart, Usage};

/// What is said to someone who said nothing.
const GREETING: &str = "Hello from the echo provider.";

/// The text of the last message that is not the assistant's own.
#[must_use]
pub fn text(request: &Request) -> String {
    let last = request
        .messages
        .iter()
        .rev()
        .find(|m| !matches!(m.role, Role::Assistant | Role::System | Role::Developer));
    let texts: Vec<&str> = last.into_iter().flat_map(|message| texts(&message.parts)).collect();
    let text = texts.join("\n");
    if text.is_empty() { GREETING.to_owned() } else { text }
}

/// An identifier that depends on nothing but the answer (FNV-1a).
#[must_use]
pub fn id(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("echo-{hash:016x}")
}

/// Words instead of tokens: deterministic, and near enough for a demonstration.
#[must_use]
pub fn usage(request: &Request, answer: &str) -> Usage {
    let words = |text: &str| text.split_whitespace().count() as u64;
    let input = request
        .messages
        .iter()
        .flat_map(|message| texts(&message.parts))
        .map(words)
        .sum();
    Usage {
        input_tokens: Some(input),
        output_tokens: Some(words(answer)),
        ..Usage::default()
    }
}

fn texts(parts: &[Part]) -> Vec<&str> {
    let mut texts = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text.text.as_str()),
            Part::ToolResult(result) => texts.extend(result.content.iter().filter_map(|part| match part {
                ToolPart::Text(text) => Some(text.text.as_str()),
                ToolPart::Media(_) | ToolPart::Extension(_) => None,
            })),
            Part::Media(_) | Part::ToolCall(_) | Part::Reasoning(_) | Part::Refusal(_) | Part::Extension(_) => {}
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::Message;

    use super::*;

    fn request(messages: Vec<Message>) -> Request {
        Request {
            messages,
            ..Request::default()
        }
    }

    #[test]
    fn the_last_thing_the_user_said_comes_back() {
        let said = request(vec![
            Message::text(Role::System, "be brief"),
            Message::text(Role::User, "one"),
            Message::text(Role::Assistant, "one"),
            Message::text(Role::User, "two three"),
        ]);
        assert_eq!(text(&said), "two three");
        let usage = usage(&said, "two three");
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(6), Some(2)));
        assert_eq!(text(&request(vec![])), GREETING);
    }

    #[test]
    fn the_same_answer_has_the_same_id() {
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
    }
}
