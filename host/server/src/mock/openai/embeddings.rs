//! Embeddings in OpenAI's shape: lists of numbers, or the same numbers as base64 of little-endian floats.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mock::failure::Failure;
use crate::mock::json::{push_json, push_number, push_text, splice};
use crate::mock::plan::{Ask, Form, Plan, Settings, carry_out};
use crate::mock::prompt::words;
use crate::mock::quirks::{Quirk, Quirks};
use crate::mock::vectors;

#[derive(Debug, Deserialize)]
struct Request<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(default)]
    dimensions: Option<u32>,
    #[serde(default)]
    encoding_format: Option<String>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

/// A text to embed. Tokens are embedded as the text of their list: the emulator has no tokenizer.
#[derive(Debug)]
struct Input {
    text: String,
    tokens: usize,
}

/// Decides about a request; `deployment` is Azure's name for the model.
pub(super) fn decide(settings: &Settings, ask: &Ask<'_>, deployment: Option<&str>) -> Result<Plan, Failure> {
    let request: Request<'_> = serde_json::from_slice(ask.body).map_err(|error| Failure::unreadable(&error))?;
    let model = deployment.unwrap_or(&request.model);
    if model.is_empty() {
        let message = "you must provide a model parameter";
        return Err(Failure::invalid("model", "missing_required_parameter", message));
    }
    let inputs = inputs(request.input)?;
    let in_base64 = match request.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            let message = "Invalid value for 'encoding_format': expected 'float' or 'base64'.";
            return Err(Failure::invalid("encoding_format", "invalid_value", message));
        }
    };
    let order = settings.order(ask.number, model, settings.has_model(model))?;
    carry_out(settings, order, Form::Whole, || {
        let vectors = vectors::of_all(inputs.iter().map(|input| &*input.text), request.dimensions)?;
        let quirks = settings.quirks(order);
        let in_base64 = in_base64 && !quirks.has(Quirk::PlainVectors);
        let tokens = inputs.iter().map(|input| input.tokens).sum();
        let mut body = whole(model, &vectors, in_base64, tokens, quirks);
        splice(&mut body, ask.echo(request.mock_echo == Some(true)).as_deref());
        Ok(settings.whole(order, body))
    })
}

fn inputs(raw: Option<&RawValue>) -> Result<Vec<Input>, Failure> {
    let wrong = || {
        let message = "'$.input' is invalid. Please check the API reference.";
        Failure::invalid("input", "invalid_type", message)
    };
    let text = |text: String| Input {
        tokens: words(&text),
        text,
    };
    let tokens = |tokens: Vec<u32>| Input {
        tokens: tokens.len(),
        text: format!("{tokens:?}"),
    };
    let json = raw.ok_or_else(wrong)?.get();
    let inputs = if let Ok(one) = serde_json::from_str::<String>(json) {
        vec![text(one)]
    } else if let Ok(many) = serde_json::from_str::<Vec<String>>(json) {
        many.into_iter().map(text).collect()
    } else if let Ok(one) = serde_json::from_str::<Vec<u32>>(json) {
        vec![tokens(one)]
    } else if let Ok(many) = serde_json::from_str::<Vec<Vec<u32>>>(json) {
        many.into_iter().map(tokens).collect()
    } else {
        return Err(wrong());
    };
    if inputs.iter().any(|input| input.text.is_empty()) {
        return Err(wrong());
    }
    Ok(inputs)
}

fn whole(model: &str, vectors: &[Vec<f32>], in_base64: bool, tokens: usize, quirks: Quirks) -> Vec<u8> {
    let numbers: usize = vectors.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(256 + vectors.len() * 64 + numbers * 12);
    push_text(&mut out, r#"{"object":"list","data":["#);
    for (index, vector) in vectors.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_text(&mut out, r#"{"object":"embedding","index":"#);
        push_number(&mut out, index as u64);
        push_text(&mut out, r#","embedding":"#);
        if in_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            push_json(&mut out, &STANDARD.encode(bytes));
        } else {
            push_json(&mut out, vector);
        }
        out.push(b'}');
    }
    push_text(&mut out, r#"],"model":"#);
    push_json(&mut out, model);
    if quirks.has(Quirk::ExtraFields) {
        push_text(&mut out, r#","x_vendor":{"region":"mock-1","cache":null}"#);
    }
    if !quirks.has(Quirk::NoUsage) {
        push_text(&mut out, r#","usage":{"prompt_tokens":"#);
        push_number(&mut out, tokens as u64);
        push_text(&mut out, r#","total_tokens":"#);
        push_number(&mut out, tokens as u64);
        out.push(b'}');
    }
    out.push(b'}');
    out
}
