//! The items of a request: what was said, and whether the vendor would take it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::SEAL;
use crate::mock::failure::Failure;
use crate::mock::prompt::{BY_URL, Content, Digest, Parts, Role, read_text};

/// Longest identifier of an item or a call.
const LONGEST_ID: usize = 64;

#[derive(Debug, Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(default)]
    encrypted_content: Option<String>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    file_data: Option<&'a RawValue>,
}

/// Reads instructions and input.
///
/// # Errors
///
/// The 400 answer, when the vendor would not take them.
pub(super) fn read<'a>(instructions: Option<&'a RawValue>, input: Option<&'a RawValue>) -> Result<Digest<'a>, Failure> {
    let mut conversation = Conversation::default();
    if let Some(instructions) = instructions.filter(|raw| raw.get() != "null") {
        let mut content = Content::default();
        content.say(read_text(instructions)?);
        conversation.digest.turn(Role::Other, content);
    }
    let Some(input) = input else {
        return Ok(conversation.digest);
    };
    match Parts::of(input)? {
        Parts::Text(text) => {
            let mut content = Content::default();
            content.say(text);
            conversation.digest.turn(Role::User, content);
        }
        Parts::List(list) => {
            let items: Vec<Item<'a>> = serde_json::from_str(list).map_err(|error| Failure::unreadable(&error))?;
            for (at, item) in items.into_iter().enumerate() {
                conversation.item(item, at)?;
            }
        }
    }
    match conversation.open.first() {
        Some(call) => Err(refused(format!("No tool output found for function call {call}."))),
        None => Ok(conversation.digest),
    }
}

fn refused(message: String) -> Failure {
    Failure::invalid("input", "invalid_value", message)
}

#[derive(Default)]
struct Conversation<'a> {
    digest: Digest<'a>,
    /// All calls so far, and those without a result.
    calls: Vec<String>,
    open: Vec<String>,
}

impl<'a> Conversation<'a> {
    fn item(&mut self, item: Item<'a>, at: usize) -> Result<(), Failure> {
        let kind = item.kind.clone().unwrap_or(Cow::Borrowed("message"));
        let beginning = match &*kind {
            "message" => "msg",
            "reasoning" => "rs",
            "function_call" | "function_call_output" => "fc",
            _ => "",
        };
        if let Some(id) = &item.id
            && (!id.starts_with(beginning) || id.len() > LONGEST_ID)
        {
            let problem = format!("Invalid 'input[{at}].id': '{id}'. Expected an ID that begins with '{beginning}'.");
            return Err(refused(problem));
        }
        match &*kind {
            "message" => self.message(&item, at),
            "reasoning" => reasoning(&item, at),
            "function_call" => self.call(item, at),
            "function_call_output" => self.result(&item, at),
            // What other tools did.
            _ => Ok(()),
        }
    }

    fn message(&mut self, item: &Item<'a>, at: usize) -> Result<(), Failure> {
        let role = match &*item.role {
            "user" => Role::User,
            "assistant" | "system" | "developer" => Role::Other,
            other => return Err(refused(format!("Invalid value: '{other}' at 'input[{at}].role'."))),
        };
        let is_said = item.role == "assistant";
        let Some(raw) = item.content else {
            return Err(refused(format!("Missing required parameter: 'input[{at}].content'.")));
        };
        let content = content(raw, |kind| matches!(kind, "output_text" | "refusal") == is_said)?;
        self.digest.turn(role, content);
        Ok(())
    }

    fn call(&mut self, item: Item<'a>, at: usize) -> Result<(), Failure> {
        let (Some(id), Some(_), Some(_)) = (item.call_id, item.name, item.arguments) else {
            let problem = format!("Missing required parameter: 'input[{at}]' needs call_id, name and arguments.");
            return Err(refused(problem));
        };
        if id.len() > LONGEST_ID {
            return Err(refused(format!("Invalid 'input[{at}].call_id': string too long.")));
        }
        self.calls.push(id.clone());
        self.open.push(id);
        Ok(())
    }

    fn result(&mut self, item: &Item<'a>, at: usize) -> Result<(), Failure> {
        let id = item.call_id.as_deref().unwrap_or_default();
        if !self.calls.iter().any(|call| call == id) {
            let problem = format!("No tool call found for function call output with call_id {id}.");
            return Err(refused(problem));
        }
        self.open.retain(|call| call != id);
        let Some(raw) = item.output else {
            return Err(refused(format!("Missing required parameter: 'input[{at}].output'.")));
        };
        let content = content(raw, |kind| kind.starts_with("input_"))?;
        self.digest.turn(Role::Tool, content);
        Ok(())
    }
}

/// Thoughts have to bring what the vendor does not keep.
fn reasoning(item: &Item<'_>, at: usize) -> Result<(), Failure> {
    if item.summary.is_none() {
        return Err(refused(format!("Missing required parameter: 'input[{at}].summary'.")));
    }
    match item.encrypted_content.as_deref() {
        Some(SEAL) => Ok(()),
        Some(_) => Err(Failure::invalid(
            "input",
            "invalid_encrypted_content",
            "The encrypted content could not be verified.",
        )),
        None if item.content.is_some() => Ok(()),
        None => {
            let id = item.id.as_deref().unwrap_or_default();
            let problem = format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with \
                 `store` set to true, or remove this item from your input."
            );
            Err(refused(problem))
        }
    }
}

fn content<'a>(raw: &'a RawValue, is_allowed: impl Fn(&str) -> bool) -> Result<Content<'a>, Failure> {
    let mut content = Content::default();
    let list = match Parts::of(raw)? {
        Parts::Text(text) => {
            content.text = text;
            return Ok(content);
        }
        Parts::List(list) => list,
    };
    let parts: Vec<Part<'a>> = serde_json::from_str(list).map_err(|error| Failure::unreadable(&error))?;
    for part in parts {
        if !is_allowed(&part.kind) {
            return Err(refused(format!("Invalid value: '{}'.", part.kind)));
        }
        match (part.text.or(part.refusal), part.image_url.or(part.file_data)) {
            (Some(text), _) => content.say(read_text(text)?),
            (None, Some(data)) => file(&mut content, &read_text(data)?)?,
            (None, None) => content.tally(BY_URL).count_one(BY_URL, 0),
        }
    }
    Ok(content)
}

/// Counts a file that is inline if its address is a `data:` URL.
fn file(content: &mut Content<'_>, url: &str) -> Result<(), Failure> {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((media_type, data)) => content.file(media_type, data),
        None => {
            content.tally(BY_URL).count_one(BY_URL, 0);
            Ok(())
        }
    }
}
