//! Pulls a model: progress line by line, layer after layer.
//!
//! The registry has every model, so any name can be pulled. The orders in a model's name hold here too; a 404 is said
//! as Ollama says it when the registry does not know the model, inside the stream.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::models::digest;
use super::shelf::{Shelf, canonical};
use super::stream::record_lines;
use crate::mock::failure::Failure;
use crate::mock::json::bytes;
use crate::mock::order::{Ending, Order};
use crate::mock::plan::{Ask, Form, NDJSON, Plan, Settings, carry_out};
use crate::mock::tape::Tape;

/// Bytes of the layers: the weights and the template.
const LAYERS: [u64; 2] = [2_000_000_000, 1_429];

/// What the registry says about a model it does not have.
const UNKNOWN: &str = "pull model manifest: file does not exist";

#[derive(Debug, Deserialize)]
struct Request {
    #[serde(default, alias = "name")]
    model: String,
    #[serde(default)]
    stream: Option<bool>,
}

/// Decides about a request.
pub(super) fn decide(settings: &Settings, shelf: &Shelf, ask: &Ask<'_>) -> Result<Plan, Failure> {
    let request: Request = serde_json::from_slice(ask.body).map_err(|error| Failure::unreadable(&error))?;
    let model = canonical(&request.model);
    if model.is_empty() {
        return Err(Failure::refused("model is required"));
    }
    let is_stream = request.stream != Some(false);
    let form = if is_stream { Form::Lines } else { Form::Whole };
    if is_stream && Order::of_model(model) == Order::Status(StatusCode::NOT_FOUND) {
        let tape = record_lines(&[], &[manifest(), json!({"error": UNKNOWN})], Ending::Done, None);
        return carry_out(settings, Order::Normal, form, || {
            Ok(settings.stream(Order::Normal, NDJSON, tape))
        });
    }
    let order = settings.order(ask.number, model, true)?;
    carry_out(settings, order, form, || {
        let ending = settings.ending(order);
        if !is_stream || ending == Ending::Done {
            shelf.pull(model);
        }
        if !is_stream {
            return Ok(settings.whole(order, bytes(&json!({"status": "success"}))));
        }
        Ok(settings.stream(order, NDJSON, progress(model, settings.pieces(order), ending)))
    })
}

fn progress(model: &str, pieces: usize, ending: Ending) -> Tape {
    let pieces = pieces.max(1) as u64;
    let mut lines = vec![manifest()];
    for (layer, total) in LAYERS.into_iter().enumerate() {
        let digest = digest(model, layer);
        let status = format!("pulling {}", &digest[..12]);
        for piece in 0..=pieces {
            let mut line = json!({"status": status, "digest": format!("sha256:{digest}"), "total": total});
            // Nothing done yet goes without saying.
            if piece > 0 {
                line["completed"] = json!(total * piece / pieces);
            }
            lines.push(line);
        }
    }
    let status = |text: &str| json!({"status": text});
    let end = ["verifying sha256 digest", "writing manifest", "success"].map(status);
    record_lines(&lines, &end, ending, None)
}

fn manifest() -> Value {
    json!({"status": "pulling manifest"})
}
