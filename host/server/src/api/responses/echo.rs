//! What an answer repeats of its request.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use wharf::Error;

use crate::api::fields::{Fields, invalid};
use crate::api::leftover::{Leftover, one_line};

/// The fields, and what stands there when the client did not say. Where a vendor's default is not known it is null;
/// the others cannot be null in OpenAI's form.
const FIELDS: [(&str, &str); 16] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "null"),
    ("top_p", "null"),
    ("truncation", "null"),
    ("user", "null"),
];

/// Copies the fields of a request from which nothing has been taken yet.
///
/// # Errors
/// `InvalidRequest` for `metadata` that a client could not read again.
pub(super) fn of(fields: &Fields<'_>) -> Result<Leftover, Error> {
    let metadata: Option<&RawValue> = fields.peek("metadata");
    if let Some(metadata) = metadata.filter(|raw| raw.get() != "null")
        && serde_json::from_str::<IndexMap<String, String>>(metadata.get()).is_err()
    {
        return Err(invalid("metadata", "this must be an object of strings"));
    }
    let mut echo = Leftover::with_capacity(FIELDS.len());
    for (name, default) in FIELDS {
        let said: Option<&RawValue> = fields.peek(name);
        let value = match said.filter(|raw| raw.get() != "null") {
            Some(raw) => one_line(raw),
            // The defaults are JSON.
            None => RawValue::from_string(default.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        };
        echo.insert(name.to_owned(), value);
    }
    Ok(echo)
}
