//! The contents of a request to Gemini: what was said, and whether the vendor would take it.
//!
//! A turn of the user may hold responses of functions and text; each response counts as a message of its own, so that
//! the same conversation reads the same in OpenAI's shape and in this one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::SIGNATURE;
use crate::mock::failure::Failure;
use crate::mock::prompt::{self, BY_URL, Digest, Role, read_text};

/// What the vendor takes in place of a signature, for conversations that began elsewhere.
const NO_SIGNATURES: [&str; 2] = [
    "skip_thought_signature_validator",
    "context_engineering_is_the_way_to_go",
];

/// Names under which a text is wrapped into the object that a response has to be.
const WRAPPERS: [&str; 3] = ["output", "result", "error"];

/// One turn.
#[derive(Debug, Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(default, alias = "thought_signature")]
    thought_signature: Option<String>,
    #[serde(borrow, default, alias = "inline_data")]
    inline_data: Option<Inline<'a>>,
    #[serde(default, alias = "file_data")]
    file_data: Option<File>,
    #[serde(default, alias = "function_call")]
    function_call: Option<Called>,
    #[serde(default, alias = "function_response")]
    function_response: Option<Responded>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inline<'a> {
    #[serde(borrow, default, alias = "mime_type")]
    mime_type: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default, alias = "mime_type")]
    mime_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Called {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Responded {
    #[serde(default)]
    name: String,
    #[serde(default)]
    response: Value,
}

impl Content<'_> {
    /// The texts of all parts, joined with a space.
    ///
    /// # Errors
    ///
    /// The 400 answer, when a text is no string.
    pub(super) fn text(&self) -> Result<String, Failure> {
        let texts = self.parts.iter().filter_map(|part| part.text);
        let texts: Result<Vec<_>, Failure> = texts.map(read_text).collect();
        Ok(texts?.join(" "))
    }
}

/// Reads a conversation from its beginning.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    digest: Digest<'a>,
    /// Calls of the last turn, which the next one has to respond to.
    calls: usize,
}

impl<'a> Reader<'a> {
    /// Reads the system instruction and all turns.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the vendor would not take them.
    pub(super) fn read(system: Option<&Content<'a>>, contents: &[Content<'a>]) -> Result<Digest<'a>, Failure> {
        let mut reader = Self::default();
        if let Some(system) = system {
            reader.said(Role::Other, &system.parts, 0)?;
        }
        for (at, content) in contents.iter().enumerate() {
            if content.parts.is_empty() {
                return Err(Failure::refused(format!(
                    "* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty.\n"
                )));
            }
            reader.check_responses(&content.parts)?;
            match &*content.role {
                "" | "user" | "function" => reader.user(&content.parts, at)?,
                "model" => reader.said(Role::Other, &content.parts, at)?,
                _ => return Err(Failure::refused("Please use a valid role: user, model.")),
            }
            reader.calls = content.parts.iter().filter(|part| part.function_call.is_some()).count();
        }
        reader.check_responses(&[])?;
        Ok(reader.digest)
    }

    /// Whether a turn responds to all calls of the one before, and to nothing else.
    fn check_responses(&self, parts: &[Part<'_>]) -> Result<(), Failure> {
        let responses = parts.iter().filter(|part| part.function_response.is_some()).count();
        if responses == self.calls {
            return Ok(());
        }
        Err(Failure::refused(
            "Please ensure that the number of function response parts is equal to the number of function call parts \
             of the function call turn.",
        ))
    }

    fn user(&mut self, parts: &[Part<'a>], at: usize) -> Result<(), Failure> {
        let mut rest = parts;
        while let Some(next) = rest.iter().position(|part| part.function_response.is_some()) {
            let (before, from) = rest.split_at(next);
            if !before.is_empty() {
                self.said(Role::User, before, at)?;
            }
            let (responses, after) = from.split_at(1);
            for response in responses.iter().filter_map(|part| part.function_response.as_ref()) {
                self.response(response, at)?;
            }
            rest = after;
        }
        if !rest.is_empty() {
            self.said(Role::User, rest, at)?;
        }
        Ok(())
    }

    fn response(&mut self, response: &Responded, at: usize) -> Result<(), Failure> {
        if response.name.is_empty() {
            return Err(Failure::refused(format!(
                "* GenerateContentRequest.contents[{at}].parts[0].function_response.name: Name cannot be empty.\n"
            )));
        }
        let Value::Object(members) = &response.response else {
            return Err(Failure::refused(format!(
                "Invalid value at 'contents[{at}].parts[0].function_response.response' (Struct)."
            )));
        };
        let wrapped = WRAPPERS.iter().find_map(|name| members.get(*name)?.as_str());
        let text = match wrapped {
            Some(text) if members.len() == 1 => text.to_owned(),
            _ => response.response.to_string(),
        };
        let mut content = prompt::Content::default();
        content.say(Cow::Owned(text));
        self.digest.turn(Role::Tool, content);
        Ok(())
    }

    /// Takes in what parts say and show.
    fn said(&mut self, role: Role, parts: &[Part<'a>], at: usize) -> Result<(), Failure> {
        let mut content = prompt::Content::default();
        for (position, part) in parts.iter().enumerate() {
            part.check(at, position)?;
            if let Some(text) = part.text.filter(|_| part.thought != Some(true)) {
                content.say(read_text(text)?);
            }
            if let Some(inline) = &part.inline_data {
                content.file(&inline.mime_type, &inline.data)?;
            }
            if let Some(file) = &part.file_data {
                let media_type = file.mime_type.as_deref().unwrap_or(BY_URL);
                content.tally(media_type).count_one(media_type, 0);
            }
        }
        self.digest.turn(role, content);
        Ok(())
    }
}

impl Part<'_> {
    /// Signatures must be the emulator's own, as the vendor takes only its own, and calls must name a function.
    fn check(&self, at: usize, position: usize) -> Result<(), Failure> {
        let is_good = |signature: &str| signature.starts_with(SIGNATURE) || NO_SIGNATURES.contains(&signature);
        if self
            .thought_signature
            .as_deref()
            .is_some_and(|signature| !is_good(signature))
        {
            return Err(Failure::refused(format!(
                "Thought signature is not valid at 'contents[{at}].parts[{position}]'."
            )));
        }
        if self.function_call.as_ref().is_some_and(|call| call.name.is_empty()) {
            return Err(Failure::refused(format!(
                "* GenerateContentRequest.contents[{at}].parts[{position}].function_call.name: Name cannot be empty.\n"
            )));
        }
        Ok(())
    }
}
