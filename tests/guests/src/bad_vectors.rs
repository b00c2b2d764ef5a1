//! Embeds two texts into what the request's option `how` says: too few vectors, vectors that are none, or far too
//! much of them.

use serde_json::Value;
use wharf_provider_sdk::{EmbedRequest, EmbedResponse, Embeddings, Error, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct BadVectors;

wharf_provider_sdk::provider!(BadVectors: Embeddings);

impl Provider for BadVectors {
    wharf_test_guests::plain!("bad-vectors");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("no vectors here"))
    }
}

impl Embeddings for BadVectors {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        let how: Option<Value> = request.option("how").and_then(|how| serde_json::from_str(how).ok());
        let vectors = match how.as_ref().and_then(Value::as_str) {
            Some("few") => vec![vec![1.0]],
            Some("many") => vec![vec![1.0]; 3],
            Some("none") => Vec::new(),
            Some("nan") => vec![vec![1.0], vec![f32::NAN]],
            Some("infinite") => vec![vec![f32::INFINITY], vec![1.0]],
            Some("empty") => vec![Vec::new(), Vec::new()],
            Some("ragged") => vec![vec![1.0], vec![1.0, 2.0]],
            Some("huge") => vec![vec![1.0; 1 << 20]; 2],
            _ => vec![vec![1.0], vec![2.0]],
        };
        Ok(EmbedResponse {
            vectors,
            ..EmbedResponse::default()
        })
    }
}
