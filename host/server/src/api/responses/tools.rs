//! Tools, and whether one of them has to be called.

use serde_json::value::RawValue;
use wharf::{Error, Json, Tool, ToolChoice};

use super::request::extension;
use crate::api::fields::{Fields, invalid};

/// A tool. One of another type than `function`, such as web search, is kept whole for a provider of the same dialect.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn tool(mut fields: Fields<'_>, raw: &RawValue) -> Result<Tool, Error> {
    let kind: String = fields.need("type")?;
    if kind != "function" {
        return Ok(Tool {
            name: fields.peek("name").unwrap_or(kind),
            description: None,
            parameters: None,
            strict: None,
            extra: Some(Json(raw.get().to_owned())),
        });
    }
    let parameters: Option<&RawValue> = fields.take("parameters")?;
    Ok(Tool {
        name: fields.need("name")?,
        description: fields.take("description")?,
        parameters: parameters.map(|raw| Json(raw.get().to_owned())),
        strict: fields.take("strict")?,
        extra: fields.rest(),
    })
}

/// Whether a tool has to be called. A rule that names several tools or one of another type is kept whole.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn choice(raw: &RawValue) -> Result<ToolChoice, Error> {
    match raw.get() {
        r#""auto""# => return Ok(ToolChoice::Auto),
        r#""none""# => return Ok(ToolChoice::None),
        r#""required""# => return Ok(ToolChoice::Required),
        _ => {}
    }
    let wrong = "this must be \"auto\", \"none\", \"required\" or an object that names a tool";
    let mut fields = Fields::of_value(raw, "tool_choice").map_err(|_| invalid("tool_choice", wrong))?;
    let kind: String = fields.need("type")?;
    if kind == "function" {
        let name = fields.need("name")?;
        if fields.is_empty() {
            return Ok(ToolChoice::Named(name));
        }
    }
    Ok(ToolChoice::Extension(extension(raw)))
}
