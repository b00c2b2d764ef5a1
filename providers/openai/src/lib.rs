//! OpenAI's API: chat completions, responses, embeddings and the list of models, and every server that speaks it.
//!
//! This file is the glue: settings, the exchanges of a chat, the manifest; `optional.rs` has those of the optional
//! interfaces. What is said on the wire is decided in [`wharf_openai_api`], which is pure and shared with other
//! providers.

mod optional;
pub mod settings;
mod stream;

use settings::Settings;
use stream::Stream;
use wharf_openai_api::{capabilities, chat, responses};
use wharf_provider_sdk::{
    Capabilities, Credential, Error, ErrorKind, HealthStatus, Manifest, Provider, Request, Response, config, http, log,
};

/// The provider.
#[derive(Debug)]
pub struct OpenAi;

wharf_provider_sdk::provider!(OpenAi: Embeddings, Models);

impl Provider for OpenAi {
    type Stream = Stream;

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
                "OpenAI's APIs and compatible servers",
            )
        }
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let settings: Settings = config::load()?;
        Ok(capabilities::of(&settings.capabilities, model.as_deref()))
    }

    fn generate(request: Request) -> Result<Response, Error> {
        match send(&request, false)? {
            Answer::Chat(mut answer) => chat::answer::parse(&answer.text()?),
            Answer::Responses(mut answer) => responses::answer::parse(&answer.text()?),
        }
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        Ok(match send(&request, true)? {
            Answer::Chat(answer) => Stream::Chat(chat::stream::Stream::new(answer.into_body())),
            Answer::Responses(answer) => {
                Stream::Responses(responses::stream::Stream::new(answer.into_body(), &request.dialect))
            }
        })
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

/// An answer, in the form of one API or the other.
enum Answer {
    Chat(http::Response),
    Responses(http::Response),
}

fn send(request: &Request, streamed: bool) -> Result<Answer, Error> {
    let settings: Settings = config::load()?;
    if settings.takes_responses(&request.dialect) {
        let body = responses::request::body(request, settings.responses(&request.model), streamed)?;
        return post(&settings, "/responses", body).map(Answer::Responses);
    }
    let body = chat::request::body(request, &settings.server(), streamed)?;
    post(&settings, "/chat/completions", body).map(Answer::Chat)
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
