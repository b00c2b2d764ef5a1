//! The messages of a request and its system prompt.

use serde_json::value::RawValue;
use wharf::{Error, Message, Part, Role};

use super::block::content;
use crate::api::fields::{Fields, invalid};

/// Takes the system prompt, which the host's request has as its first message. An empty one is none.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn system(fields: &mut Fields<'_>) -> Result<Option<Message>, Error> {
    let place = fields.place("system");
    let Some(raw) = fields.take::<&RawValue>("system")? else {
        return Ok(None);
    };
    let parts = if raw.get() == r#""""# {
        Vec::new()
    } else {
        content(raw, &place)?
    };
    Ok((!parts.is_empty()).then_some(Message {
        role: Role::System,
        name: None,
        parts,
        extra: None,
    }))
}

/// Reads a message. Tool results stay in the user's message, in their place among what else is said there.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn parse(mut fields: Fields<'_>) -> Result<Message, Error> {
    let place = fields.place("role");
    let role: String = fields.need("role")?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let help = format!("`{other}` is not a role; use user, assistant or system");
            return Err(invalid(&place, help));
        }
    };
    let place = fields.place("content");
    let raw: &RawValue = fields.need("content")?;
    let parts: Vec<Part> = content(raw, &place)?;
    Ok(Message {
        role,
        name: None,
        parts,
        extra: fields.rest(),
    })
}
