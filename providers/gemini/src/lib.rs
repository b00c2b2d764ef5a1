//! Google's Gemini models through `generateContent`, its embeddings and its token counts.
//!
//! This file is the glue: settings, the exchanges of a chat, the manifest; `optional.rs` has those of the optional
//! interfaces. What is said on the wire is decided in [`request`], [`answer`], [`stream`], [`embeddings`], [`tokens`],
//! [`models`] and [`error`], which are pure and tested natively.

pub mod answer;
mod answer_parts;
mod call_ids;
mod contents;
pub mod embeddings;
pub mod error;
mod generation;
mod model;
pub mod models;
mod optional;
mod reply;
pub mod request;
mod request_parts;
mod residual;
pub mod settings;
pub mod stream;
pub mod tokens;
mod tools;
mod usage;
mod wire;

use settings::Settings;
use wharf_provider_sdk::{
    Capabilities, Credential, Error, HealthStatus, Manifest, Provider, Request, Response, config, http,
};

/// The dialect of this provider: what neither side maps passes through unchanged.
pub const DIALECT: &str = "gemini.generate";
/// The vendor's name for the seal of a thought, which stands on the part that follows from it.
const SIGNATURE: &str = "thoughtSignature";

/// The provider.
#[derive(Debug)]
pub struct Gemini;

wharf_provider_sdk::provider!(Gemini: Embeddings, Tokens, Models);

impl Provider for Gemini {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            vendor: "gcp.gemini".to_owned(),
            base_url: Some("https://generativelanguage.googleapis.com/v1beta".to_owned()),
            credential: Credential::Header("x-goog-api-key".to_owned()),
            credential_required: true,
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://ai.google.dev/api/generate-content".to_owned()),
            ..Manifest::new("gemini", env!("CARGO_PKG_VERSION"), "Google's Gemini models")
        }
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let Some(model) = model else {
            return Ok(model::at_best());
        };
        let body = get(&model::path(&model)?)?.text()?;
        model::capabilities(&model, &body)
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let body = send(&request, "generateContent")?.text()?;
        answer::parse(&body)
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        let answer = send(&request, "streamGenerateContent?alt=sse")?;
        Ok(stream::Stream::new(answer.into_body()))
    }

    /// Lists one model: it costs no tokens and shows that the credential works.
    fn health_check() -> Result<HealthStatus, Error> {
        get("/models?pageSize=1")?;
        Ok(HealthStatus {
            message: None,
            extra: None,
        })
    }
}

fn send(request: &Request, operation: &str) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    let url = settings.url(&format!("{}:{operation}", model::path(&request.model)?))?;
    let body = request::body(request, &settings)?;
    succeeded(http::Request::post(&url).json(body).send()?)
}

fn get(path: &str) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    succeeded(http::Request::get(&settings.url(path)?).send()?)
}

fn succeeded(mut answer: http::Response) -> Result<http::Response, Error> {
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(error::of_answer(&mut answer)),
    }
}
