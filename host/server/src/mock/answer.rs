//! Decides what an answer says: text, refusal or tool calls, and its token counts.
//!
//! Pure and deterministic: the same question and number give the same answer, whichever vendor's API asked. It does
//! not know whether the answer will be sent whole or as a stream, only into how many pieces a text may be cut.

use serde_json::Value;

use super::failure::Failure;
use super::order::Order;
use super::prompt::{Digest, Format, Function, Prompt, Role, Tally, ToolChoice, words};
use super::schema;

/// Chunks of a `mock-drip` stream.
const DRIP_CHUNKS: u32 = 1000;

/// One chunk of a `mock-drip` stream.
const DRIP_TEXT: &str = "drip ";

/// What is thought when thoughts are asked for.
const REASONING: &str = "The user said something. I should say it back.";

/// What `mock-refusal` says.
const REFUSAL: &str = "I am sorry, I cannot help with that.";

/// One answer, before it takes the form of JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Thoughts before the content.
    pub(super) reasoning: Option<&'static str>,
    /// What is said or done.
    pub(super) outcome: Outcome,
}

/// The three kinds of answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Content.
    Text(String),
    /// A refusal in place of content.
    Refusal(&'static str),
    /// Tool calls, at least one.
    Calls(Vec<Call>),
}

/// One tool call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Unique within the emulator until the next reset; vendors put their own word before it.
    pub(super) id: String,
    /// The function.
    pub(super) name: String,
    /// Its arguments as JSON text.
    pub(super) arguments: String,
}

impl Call {
    /// The arguments as a value, for vendors that send one.
    pub(super) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }
}

/// Token counts of an answer; a word is a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Words of all messages.
    pub(super) prompt: usize,
    /// Words of the answer, thoughts included, over all choices.
    pub(super) completion: usize,
    /// Words of the thoughts, over all choices.
    pub(super) reasoning: usize,
}

impl Answer {
    /// Chooses the answer to a request.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the request names an unknown tool or carries an unreadable schema.
    pub(super) fn choose(prompt: &Prompt<'_>, order: Order, number: u64) -> Result<Self, Failure> {
        let reasoning = (prompt.thinks || order == Order::Reasoning).then_some(REASONING);
        let outcome = match order {
            Order::Refusal => Outcome::Refusal(REFUSAL),
            Order::Big(bytes) => Outcome::Text("x".repeat(bytes)),
            Order::Drip(_) => Outcome::Text(DRIP_TEXT.repeat(DRIP_CHUNKS as usize)),
            _ => {
                let calls = tool_calls(prompt, number)?;
                if calls.is_empty() {
                    Outcome::Text(text(prompt)?)
                } else {
                    Outcome::Calls(calls)
                }
            }
        };
        Ok(Self { reasoning, outcome })
    }

    /// Token counts for `choices` copies of this answer.
    pub(super) fn usage(&self, digest: &Digest<'_>, choices: u32) -> Usage {
        let said = match &self.outcome {
            Outcome::Text(text) => words(text),
            Outcome::Refusal(text) => words(text),
            Outcome::Calls(calls) => calls
                .iter()
                .map(|call| words(&call.name) + words(&call.arguments))
                .sum(),
        };
        let reasoning = self.reasoning.map_or(0, words);
        let choices = choices as usize;
        Usage {
            prompt: digest.words,
            completion: (said + reasoning) * choices,
            reasoning: reasoning * choices,
        }
    }

    /// The finish reason in OpenAI's words.
    pub(super) fn finish_reason(&self) -> &'static str {
        match self.outcome {
            Outcome::Text(_) | Outcome::Refusal(_) => "stop",
            Outcome::Calls(_) => "tool_calls",
        }
    }
}

/// Into how many pieces a text is cut: as the arguments say, unless the model orders a drip.
pub(super) fn pieces_wanted(order: Order, chunks: u32) -> usize {
    match order {
        Order::Drip(_) => DRIP_CHUNKS as usize,
        _ => chunks as usize,
    }
}

fn text(prompt: &Prompt<'_>) -> Result<String, Failure> {
    let digest = &prompt.digest;
    let mut said = match prompt.format {
        Format::JsonObject | Format::JsonSchema(None) => return Ok(r#"{"ok":true}"#.to_owned()),
        Format::JsonSchema(Some(raw)) => {
            let schema: Value = serde_json::from_str(raw.get()).map_err(|error| Failure::unreadable(&error))?;
            return Ok(schema::instance(&schema).to_string());
        }
        Format::Text if digest.last == Role::Tool => format!("The tool said: {}", digest.last_text),
        Format::Text => format!("You said: {}", digest.user_text),
    };
    // The images come first in the answer, so their sentence is put before the others last.
    for (verb, noun, tally) in [
        ("read", "document", &digest.documents),
        ("see", "image", &digest.images),
    ] {
        if tally.count > 0 {
            said = format!("I {verb} {}{said}", counted(noun, tally));
        }
    }
    Ok(said)
}

fn counted(noun: &str, tally: &Tally) -> String {
    let Tally { count, bytes, .. } = tally;
    format!("{count} {noun}(s) of {bytes} bytes. Types: {}. ", tally.types())
}

/// The calls that answer a user's message when tools are on offer; none in every other case.
fn tool_calls(prompt: &Prompt<'_>, number: u64) -> Result<Vec<Call>, Failure> {
    if prompt.digest.last != Role::User || prompt.functions.is_empty() {
        return Ok(Vec::new());
    }
    let chosen: Vec<&Function<'_>> = match &prompt.choice {
        ToolChoice::Text => return Ok(Vec::new()),
        ToolChoice::Any => {
            let most = if prompt.one_call { 1 } else { usize::MAX };
            prompt.functions.iter().take(most).collect()
        }
        ToolChoice::Named(name) => {
            let found = prompt.functions.iter().find(|function| function.name == *name);
            let message = "Invalid value for 'tool_choice': the function is not among 'tools'.";
            vec![found.ok_or_else(|| Failure::invalid("tool_choice", "invalid_value", message))?]
        }
    };
    chosen
        .into_iter()
        .enumerate()
        .map(|(index, function)| call(number, index, function))
        .collect()
}

fn call(number: u64, index: usize, function: &Function<'_>) -> Result<Call, Failure> {
    let arguments = match function.parameters {
        None => "{}".to_owned(),
        Some(raw) => {
            let schema: Value = serde_json::from_str(raw.get()).map_err(|error| Failure::unreadable(&error))?;
            match schema::instance(&schema) {
                object @ Value::Object(_) => object.to_string(),
                _ => "{}".to_owned(),
            }
        }
    };
    Ok(Call {
        id: format!("mock_{number}_{index}"),
        name: function.name.to_string(),
        arguments,
    })
}

/// Cuts a text into at most `pieces` parts of nearly equal length, at character boundaries; no part is empty.
pub(super) fn split_text(text: &str, pieces: usize) -> Vec<&str> {
    let length = if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    };
    let pieces = pieces.min(length);
    let mut parts = Vec::with_capacity(pieces);
    let mut rest = text;
    let mut done = 0;
    for piece in 1..=pieces {
        // In u128 because `piece * length` may exceed 64 bits for no good reason but a fuzzer's.
        let end = usize::try_from(piece as u128 * length as u128 / pieces as u128).unwrap_or(length);
        let count = end - done;
        done = end;
        let at = if length == text.len() {
            count
        } else {
            rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at)
        };
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts
}
