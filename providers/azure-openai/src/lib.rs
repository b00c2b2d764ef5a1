//! OpenAI's models on Azure: the same chat completions and embeddings at another address, with another credential and
//! with words about Azure's content filter.
//!
//! This file is the glue. What is said on the wire is decided in [`wharf_openai_api`]; Azure's own are the addresses
//! ([`settings`]) and what its errors mean ([`error`]). What the filter says about a prompt or an answer is mapped
//! nowhere: it passes through with everything else that nobody mapped.

pub mod error;
mod optional;
pub mod settings;
pub mod stream;

use settings::Settings;
use wharf_openai_api::capabilities;
use wharf_openai_api::chat::{answer, request};
use wharf_provider_sdk::{
    Capabilities, Credential, Error, HealthStatus, Manifest, Provider, Request, Response, config, http,
};

/// The provider.
#[derive(Debug)]
pub struct AzureOpenAi;

wharf_provider_sdk::provider!(AzureOpenAi: Embeddings, Models);

impl Provider for AzureOpenAi {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            vendor: "azure.ai.openai".to_owned(),
            // Every resource has an address of its own.
            base_url: None,
            credential: Credential::Header("api-key".to_owned()),
            credential_required: true,
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://learn.microsoft.com/azure/ai-services/openai/reference".to_owned()),
            ..Manifest::new("azure-openai", env!("CARGO_PKG_VERSION"), "OpenAI's models on Azure")
        }
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let settings: Settings = config::load()?;
        Ok(capabilities::of(&settings.capabilities, model.as_deref()))
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let mut answer = send(&request, false)?;
        let body = answer.text()?;
        answer::parse(&body).map_err(error::refine)
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        Ok(stream::Stream::new(send(&request, true)?.into_body()))
    }

    /// Lists the models: it costs no tokens and shows that the credential works. A gateway in front of Azure may let
    /// nothing but chats through; its 404 still shows that it is there.
    fn health_check() -> Result<HealthStatus, Error> {
        let settings: Settings = config::load()?;
        let mut answer = settings.apply(http::Request::get(&settings.models_url()?)).send()?;
        match answer.status() {
            200..=299 | 404 | 405 => Ok(HealthStatus {
                message: None,
                extra: None,
            }),
            _ => Err(error::of_answer(&mut answer)),
        }
    }
}

fn send(request: &Request, streamed: bool) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    let url = settings.chat_url(&request.model)?;
    let body = request::body(request, &settings.server(request), streamed)?;
    succeeded(settings.apply(http::Request::post(&url)).json(body).send()?)
}

fn succeeded(mut answer: http::Response) -> Result<http::Response, Error> {
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(error::of_answer(&mut answer)),
    }
}
