//! Embeddings in Gemini's shape, one or many.

use serde::Deserialize;
use serde_json::{Value, json};

use super::contents::Content;
use super::{Call, Operation};
use crate::mock::failure::Failure;
use crate::mock::json::bytes;
use crate::mock::plan::{Ask, Form, Plan, Settings, carry_out};
use crate::mock::vectors;

#[derive(Debug, Deserialize)]
struct Batch<'a> {
    #[serde(borrow, default)]
    requests: Vec<One<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(default, alias = "output_dimensionality")]
    output_dimensionality: Option<u32>,
}

/// Decides about a request.
pub(super) fn decide(settings: &Settings, ask: &Ask<'_>, call: Call<'_>) -> Result<Plan, Failure> {
    let is_batch = call.operation == Operation::BatchEmbed;
    let requests = if is_batch {
        let batch: Batch<'_> = serde_json::from_slice(ask.body).map_err(|error| Failure::unreadable(&error))?;
        batch.requests
    } else {
        vec![serde_json::from_slice(ask.body).map_err(|error| Failure::unreadable(&error))?]
    };
    let order = settings.order(ask.number, call.model, settings.has_model(call.model))?;
    carry_out(settings, order, Form::Whole, || {
        let vectors: Result<Vec<Value>, Failure> = requests
            .iter()
            .map(|request| request.vector(call.model, is_batch))
            .collect();
        let mut vectors = vectors?;
        let body = if is_batch {
            json!({"embeddings": vectors})
        } else {
            json!({"embedding": vectors.pop()})
        };
        Ok(settings.whole(order, bytes(&body)))
    })
}

impl One<'_> {
    fn vector(&self, model: &str, is_batch: bool) -> Result<Value, Failure> {
        let named = self.model.as_deref();
        let named = named.map(|name| name.strip_prefix("models/").unwrap_or(name));
        let is_same = named.map_or(!is_batch, |named| named == model);
        if !is_same {
            let message = "* BatchEmbedContentsRequest.requests[0].model: model must match the model of the batch.\n";
            return Err(Failure::refused(message));
        }
        let Some(content) = &self.content else {
            return Err(Failure::refused(
                "* EmbedContentRequest.content: contents is not specified\n",
            ));
        };
        let text = content.text()?;
        let vectors = vectors::of_all(std::iter::once(&*text), self.output_dimensionality)?;
        Ok(json!({"values": vectors.first()}))
    }
}
