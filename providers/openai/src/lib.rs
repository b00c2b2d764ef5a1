//! OpenAI chat completions, and every server that speaks them.
//!
//! This file is the glue: settings, the two exchanges, the manifest. What is said on the wire is decided in
//! [`request`], [`answer`] and [`stream`], which are pure and tested natively.

pub mod answer;
mod content;
pub mod request;
mod residual;
pub mod settings;
pub mod stream;
mod tools;
mod usage;

use settings::Settings;
use wharf_provider_sdk::{
    Capabilities, Credential, Error, ErrorKind, HealthStatus, Manifest, Provider, Request, Response, Support, config,
    http, log,
};

/// The dialect this provider shares with the host's OpenAI API: what neither maps passes through unchanged.
pub const DIALECT: &str = "openai.chat";

/// The provider.
#[derive(Debug)]
pub struct OpenAi;

wharf_provider_sdk::provider!(OpenAi);

impl Provider for OpenAi {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            vendor: "openai".to_owned(),
            base_url: Some("https://api.openai.com/v1".to_owned()),
            credential: Credential::Bearer,
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://platform.openai.com/docs/api-reference/chat".to_owned()),
            ..Manifest::new(
                "openai",
                env!("CARGO_PKG_VERSION"),
                "OpenAI chat completions and compatible servers",
            )
        }
    }

    fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> {
        // A compatible server can be anything, and OpenAI's API does not say what a model can do.
        Ok(Capabilities {
            streaming: Support::Yes,
            ..Capabilities::default()
        })
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
    let body = request::body(request, &settings, streamed)?;
    let mut answer = settings
        .apply(http::Request::post(&settings.url("/chat/completions")?))
        .json(body)
        .send()?;
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(explain(Error::from_response(&mut answer))),
    }
}

/// A 404 that does not speak of a model comes from a server that has no such path: the operator's mistake, which
/// must not look like the client's.
fn explain(error: Error) -> Error {
    let about_model = error.provider_code.is_some() || error.message.to_ascii_lowercase().contains("model");
    if error.kind != ErrorKind::NotFound || about_model {
        return error;
    }
    let message =
        "the server has no path /chat/completions below `base_url`; most servers want a base_url that ends in /v1";
    log::warn(message);
    Error {
        kind: ErrorKind::Protocol,
        message: message.to_owned(),
        ..error
    }
}
