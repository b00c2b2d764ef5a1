//! Embeddings in Ollama's shape.

use serde::Deserialize;
use serde_json::json;

use super::shelf::{Shelf, canonical};
use crate::mock::failure::Failure;
use crate::mock::json::{bytes, splice};
use crate::mock::plan::{Ask, Form, Plan, Settings, carry_out};
use crate::mock::prompt::words;
use crate::mock::vectors;

#[derive(Debug, Deserialize)]
struct Request {
    #[serde(default)]
    model: String,
    #[serde(default)]
    input: Input,
    #[serde(default)]
    dimensions: Option<u32>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

impl Default for Input {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// Decides about a request.
pub(super) fn decide(settings: &Settings, shelf: &Shelf, ask: &Ask<'_>) -> Result<Plan, Failure> {
    let request: Request = serde_json::from_slice(ask.body).map_err(|error| Failure::unreadable(&error))?;
    if request.model.is_empty() {
        return Err(Failure::refused("model is required"));
    }
    let model = canonical(&request.model);
    let texts: &[String] = match &request.input {
        Input::One(text) => std::slice::from_ref(text),
        Input::Many(texts) => texts,
    };
    let order = settings.order(ask.number, model, shelf.has(settings, model))?;
    carry_out(settings, order, Form::Whole, || {
        shelf.load(model, true);
        let vectors = vectors::of_all(texts.iter().map(String::as_str), request.dimensions)?;
        let mut body = bytes(&json!({
            "model": request.model,
            "embeddings": vectors,
            "total_duration": 2_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": texts.iter().map(|text| words(text)).sum::<usize>(),
        }));
        splice(&mut body, ask.echo(request.mock_echo == Some(true)).as_deref());
        Ok(settings.whole(order, body))
    })
}
