//! OpenAI's API: chat completions, embeddings and the list of models, and every server that speaks it.
//!
//! This file is the glue: settings, the exchanges of a chat, the manifest; `optional.rs` has those of the optional
//! interfaces. What is said on the wire is decided in [`wharf_openai_api`], which is pure and shared with other
//! providers.

mod optional;
pub mod settings;

use settings::Settings;
use wharf_openai_api::capabilities;
use wharf_openai_api::chat::{answer, request, stream};
use wharf_provider_sdk::{
    Capabilities, Credential, Error, ErrorKind, HealthStatus, Manifest, Provider, Request, Response, config, http, log,
};

/// The provider.
#[derive(Debug)]
pub struct OpenAi;

wharf_provider_sdk::provider!(OpenAi: Embeddings, Models);

impl Provider for OpenAi {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            vendor: "openai".to_owned(),
            base_url: Some("https://api.openai.com/v1".to_owned()),
            credential: Credential::Bearer,
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://platform.openai.com/docs/api-reference".to_owned()),
            ..Manifest::new(
                "openai",
                env!("CARGO_PKG_VERSION"),
                "OpenAI chat completions and compatible servers",
            )
        }
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let settings: Settings = config::load()?;
        Ok(capabilities::of(&settings.capabilities, model.as_deref()))
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let mut answer = send(&request, false)?;
        let body = answer.text()?;
        answer::parse(&body)
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        Ok(stream::Stream::new(send(&request, true)?.into_body()))
    }

    /// Lists the models: it costs no tokens and shows that the credential works. A server without that list
    /// answers 404, which still shows that it is there.
    fn health_check() -> Result<HealthStatus, Error> {
        let settings: Settings = config::load()?;
        let mut answer = settings.apply(http::Request::get(&settings.url("/models")?)).send()?;
        match answer.status() {
            200..=299 | 404 | 405 => Ok(HealthStatus {
                message: None,
                extra: None,
            }),
            _ => Err(Error::from_response(&mut answer)),
        }
    }
}

fn send(request: &Request, streamed: bool) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    let body = request::body(request, &settings.server(), streamed)?;
    post(&settings, "/chat/completions", body)
}

/// One exchange with an operation of the server.
fn post(settings: &Settings, path: &str, body: Vec<u8>) -> Result<http::Response, Error> {
    let mut answer = settings
        .apply(http::Request::post(&settings.url(path)?))
        .json(body)
        .send()?;
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(explain(Error::from_response(&mut answer), path)),
    }
}

/// A 404 that does not speak of a model comes from a server that has no such path: the operator's mistake, which
/// must not look like the client's.
fn explain(error: Error, path: &str) -> Error {
    let about_model = error.provider_code.is_some() || error.message.to_ascii_lowercase().contains("model");
    if error.kind != ErrorKind::NotFound || about_model {
        return error;
    }
    let message =
        format!("the server has no path {path} below `base_url`; most servers want a base_url that ends in /v1");
    log::warn(&message);
    Error {
        kind: ErrorKind::Protocol,
        message,
        ..error
    }
}
