//! Ollama's own API: models on the operator's machine, and those of its cloud.
//!
//! This file is the glue: the manifest, and which exchange answers what. What is said on the wire is decided in
//! [`request`], [`answer`], [`stream`], [`embed`], [`models`], [`pull`], [`capabilities`] and [`error`], which are pure
//! and tested natively.

pub mod answer;
pub mod call_ids;
pub mod capabilities;
pub mod embed;
pub mod error;
mod exchange;
mod messages;
pub mod models;
mod options;
pub mod pull;
mod reply;
pub mod request;
mod residual;
pub mod settings;
pub mod stream;
mod time;
mod tools;
mod usage;
mod wire;

use call_ids::CallIds;
use settings::Settings;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, HealthStatus, Manifest, Model, Models, Provider,
    Request, Response, config,
};

/// The dialect of this provider: what neither side maps passes through unchanged.
pub const DIALECT: &str = "ollama.chat";

/// The provider.
#[derive(Debug)]
pub struct Ollama;

wharf_provider_sdk::provider!(Ollama: Embeddings, Models);

impl Provider for Ollama {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            vendor: "ollama".to_owned(),
            base_url: Some("http://localhost:11434".to_owned()),
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://docs.ollama.com/api".to_owned()),
            ..Manifest::new("ollama", env!("CARGO_PKG_VERSION"), "Models that an Ollama server runs")
        }
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let Some(model) = model else {
            return Ok(capabilities::at_best());
        };
        let settings: Settings = config::load()?;
        capabilities::parse(&exchange::show(&settings, &model)?, &settings)
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let body = exchange::chat(&request, false)?.text()?;
        answer::parse(&body, CallIds::after(&request.messages))
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        let answer = exchange::chat(&request, true)?;
        Ok(stream::Stream::new(
            answer.into_body(),
            CallIds::after(&request.messages),
        ))
    }

    /// Asks for the version: it needs no model and no credential, and shows that it is an Ollama server.
    fn health_check() -> Result<HealthStatus, Error> {
        let settings: Settings = config::load()?;
        let body = exchange::get(&settings, "/api/version")?.text()?;
        let version = Object::parse(&body)?.take_if::<String>("version");
        Ok(HealthStatus {
            message: version.map(|version| format!("Ollama {version}")),
            extra: None,
        })
    }
}

impl Embeddings for Ollama {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        let settings: Settings = config::load()?;
        let body = embed::body(&request, &settings)?;
        let body = exchange::post(&settings, "/api/embed", body)?.text()?;
        embed::parse(&body, request.input.len())
    }
}

impl Models for Ollama {
    type Pull = pull::Pull;

    fn list() -> Result<Vec<Model>, Error> {
        let settings: Settings = config::load()?;
        let tags = exchange::get(&settings, "/api/tags")?.text()?;
        let running = exchange::running(&settings)?;
        models::list(&tags, running.as_deref())
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        let settings: Settings = config::load()?;
        let body = exchange::show(&settings, &id)?;
        models::show(id, &body, &settings)
    }

    fn pull(id: String) -> Result<Self::Pull, Error> {
        let settings: Settings = config::load()?;
        let answer = exchange::post(&settings, "/api/pull", pull::body(&id))?;
        Ok(pull::Pull::new(answer.into_body()))
    }

    fn delete(id: String) -> Result<(), Error> {
        exchange::delete(&config::load()?, &id)
    }
}
