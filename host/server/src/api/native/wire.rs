//! The seed's request and response as JSON. Also what `wharf ask --json` prints.

use serde::Serialize;
use serde_json::{Map, Value, json};
use wharf::{Answered, Error, Message, Part, Request, Response, Role};

use crate::api::degraded;
use crate::api::fields::{Fields, invalid};
use crate::api::openai::render_usage;

/// The dialect of `options`.
const DIALECT: &str = "wharf";

/// Reads a request. `context` holds earlier turns, oldest first: the texts of the conversation so far, which
/// go before the prompt as messages of the user.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(crate) fn parse(body: &[u8]) -> Result<Request, Error> {
    let mut fields = Fields::of_body(body)?;
    let prompt: String = fields.need("prompt")?;
    let model = fields.need("model")?;
    let context: Vec<String> = fields.take("context")?.unwrap_or_default();
    let max_output_tokens = fields.take("max_tokens")?;
    let temperature = fields.take("temperature")?;
    let options = fields
        .take_fields("options")?
        .map(Fields::into_options)
        .transpose()?
        .unwrap_or_default();
    if let Some((name, _)) = fields.into_options()?.first() {
        let known = "prompt, model, max_tokens, temperature, context and options";
        return Err(invalid(
            name,
            format!("there is no such field; there are {known}. Vendor fields go into `options`"),
        ));
    }
    if let Some((name, _)) = options.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
        return Err(invalid(
            &format!("options.{name}"),
            "this is set by a field of the request itself",
        ));
    }
    let texts = context.into_iter().chain([prompt]);
    Ok(Request {
        model,
        messages: texts.map(|text| Message::text(Role::User, text)).collect(),
        max_output_tokens,
        temperature,
        dialect: DIALECT.to_owned(),
        options,
        ..Request::default()
    })
}

/// Names that vendors use for what the request says elsewhere; given twice, one would silently win.
const RESERVED: [&str; 6] = [
    "model",
    "messages",
    "max_tokens",
    "temperature",
    "stream",
    "stream_options",
];

/// The seed's response.
#[derive(Debug, Serialize)]
pub(crate) struct GenerateResponse {
    text: String,
    model: String,
    usage: Value,
    metadata: Map<String, Value>,
}

/// An answer in the seed's words. `metadata` says who answered, if anybody did, and holds whatever else the vendor
/// said.
pub(crate) fn generate_response(route: &str, answered: &Answered<Response>) -> GenerateResponse {
    let response = &answered.value;
    let mut metadata = Map::new();
    if let Some(deployment) = &answered.deployment {
        metadata.insert("deployment".to_owned(), json!(deployment.as_str()));
    }
    metadata.insert("attempts".to_owned(), json!(answered.attempts));
    if let Some(degraded) = &answered.degraded {
        metadata.insert("degraded".to_owned(), degraded::value(degraded));
    }
    metadata.insert("finish_reason".to_owned(), json!(finish(response)));
    if let Some(id) = &response.id {
        metadata.insert("id".to_owned(), json!(id));
    }
    let reasoning: Vec<&str> = response
        .parts
        .iter()
        .filter_map(|part| {
            if let Part::Reasoning(reasoning) = part {
                reasoning.text.as_deref()
            } else {
                None
            }
        })
        .collect();
    if !reasoning.is_empty() {
        metadata.insert("reasoning".to_owned(), json!(reasoning.join("")));
    }
    let extra = response
        .extra
        .as_ref()
        .and_then(|extra| serde_json::from_str(&extra.value.0).ok());
    if let Some(Value::Object(extra)) = extra {
        for (name, value) in extra {
            metadata.entry(name).or_insert(value);
        }
    }
    GenerateResponse {
        text: response.text(),
        model: response.model.clone().unwrap_or_else(|| route.to_owned()),
        usage: render_usage(&response.usage).unwrap_or_else(|| json!({})),
        metadata,
    }
}

fn finish(response: &Response) -> &'static str {
    match response.finish {
        wharf::FinishReason::Stop => "stop",
        wharf::FinishReason::Length => "length",
        wharf::FinishReason::ToolCalls => "tool_calls",
        wharf::FinishReason::ContentFilter => "content_filter",
        wharf::FinishReason::Refusal => "refusal",
        wharf::FinishReason::Error => "error",
        wharf::FinishReason::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use wharf::{ErrorKind, Json};

    use super::*;

    #[test]
    fn the_seeds_fields_are_understood() {
        let body =
            br#"{"prompt":"p","model":"m","max_tokens":5,"temperature":0.5,"context":["a","b"],"options":{"seed":1}}"#;
        let request = parse(body).unwrap();
        let texts: Vec<&Part> = request.messages.iter().flat_map(|m| &m.parts).collect();
        assert_eq!(texts, [&Part::text("a"), &Part::text("b"), &Part::text("p")]);
        assert_eq!((request.max_output_tokens, request.temperature), (Some(5), Some(0.5)));
        assert_eq!(request.options, [("seed".to_owned(), Json("1".to_owned()))]);
    }

    #[test]
    fn mistakes_are_named() {
        for (body, param) in [
            (r#"{"model":"m"}"#, "prompt"),
            (r#"{"prompt":"p"}"#, "model"),
            (r#"{"prompt":"p","model":"m","context":"a"}"#, "context"),
            (r#"{"prompt":"p","model":"m","maxtokens":1}"#, "maxtokens"),
            (r#"{"prompt":"p","model":"m","options":{"model":"x"}}"#, "options.model"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind(), error.param()),
                (ErrorKind::InvalidRequest, Some(param)),
                "{body}"
            );
        }
    }
}
