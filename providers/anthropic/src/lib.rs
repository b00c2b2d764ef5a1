//! Anthropic's Messages API, and servers that speak it.
//!
//! This file is the glue: settings, the exchanges, the manifest. What is said on the wire is decided in [`request`],
//! [`answer`], [`stream`], [`error`], [`model`] and [`tokens`], which are pure and tested natively.

pub mod answer;
mod blocks;
mod conversation;
mod date;
pub mod error;
mod fields;
mod kept;
mod media;
pub mod model;
pub mod request;
mod sampling;
mod schema;
pub mod settings;
pub mod stream;
mod thinking;
pub mod tokens;
mod tools;
mod usage;
mod wire;

use settings::Settings;
use wharf_provider_sdk::{
    Capabilities, Credential, Error, ErrorKind, Extension, HealthStatus, Manifest, Model, Models, NoPull, Provider,
    Request, Response, TokenCount, Tokens, config, http,
};

/// The dialect this provider shares with the host's Anthropic API: what neither maps passes through unchanged.
pub const DIALECT: &str = "anthropic.messages";

/// Where to ask for an answer, for the tokens of a request, and for models.
const MESSAGES: &str = "/messages";
const COUNT: &str = "/messages/count_tokens";
const MODELS: &str = "/models";
/// Pages of the list of models that are read, of which a thousand models are one.
const MAX_PAGES: usize = 100;

/// The provider.
#[derive(Debug)]
pub struct Anthropic;

wharf_provider_sdk::provider!(Anthropic: Tokens, Models);

impl Provider for Anthropic {
    type Stream = stream::Stream;

    fn describe() -> Manifest {
        Manifest {
            base_url: Some("https://api.anthropic.com".to_owned()),
            credential: Credential::Header("x-api-key".to_owned()),
            credential_required: true,
            config_schema: settings::SCHEMA.to_owned(),
            homepage: Some("https://platform.claude.com/docs/en/api/messages".to_owned()),
            ..Manifest::new(
                "anthropic",
                env!("CARGO_PKG_VERSION"),
                "Anthropic's Messages API and compatible servers",
            )
        }
    }

    /// Asks the vendor what the model can do. A server without a list of models leaves it unknown.
    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        let Some(model) = model else {
            return Ok(model::at_best());
        };
        let answer = ask(&model::path(&model))?;
        match answer.status() {
            404 | 405 => Ok(Capabilities::default()),
            _ => model::capabilities(&succeeded(answer, MODELS)?.text()?),
        }
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let body = send(&request, false)?.text()?;
        answer::parse(&body)
    }

    fn stream(request: Request) -> Result<Self::Stream, Error> {
        Ok(stream::Stream::new(send(&request, true)?.into_body()))
    }

    /// Asks for one model: it costs no tokens and shows that the credential works. A server without that list answers
    /// 404, which still shows that it is there.
    fn health_check() -> Result<HealthStatus, Error> {
        let answer = ask("/models?limit=1")?;
        if !matches!(answer.status(), 404 | 405) {
            succeeded(answer, MODELS)?;
        }
        Ok(HealthStatus {
            message: None,
            extra: None,
        })
    }
}

impl Tokens for Anthropic {
    fn count(request: Request) -> Result<TokenCount, Error> {
        let settings: Settings = config::load()?;
        let body = request::count(&request, &settings)?;
        let body = post(COUNT, body, &request, &settings)?.text()?;
        tokens::parse(&body)
    }
}

impl Models for Anthropic {
    type Pull = NoPull;

    /// Asks page by page, of which a thousand models are one.
    fn list() -> Result<Vec<Model>, Error> {
        let mut models = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let answer = ask(&model::list_path(after.as_deref()))?;
            let mut page = model::page(&succeeded(answer, MODELS)?.text()?)?;
            models.append(&mut page.models);
            // A page that ends where the one before did would go on for ever.
            if page.next.is_none() || page.next == after {
                return Ok(models);
            }
            after = page.next;
        }
        Err(Error::protocol("the vendor's list of models has no end"))
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        let body = succeeded(ask(&model::path(&id))?, MODELS)?.text()?;
        Ok((model::describe(&body)?, model::capabilities(&body)?))
    }
}

fn send(request: &Request, streamed: bool) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    let body = request::body(request, &settings, streamed)?;
    post(MESSAGES, body, request, &settings)
}

fn post(path: &str, body: Vec<u8>, request: &Request, settings: &Settings) -> Result<http::Response, Error> {
    let betas = request::betas(request)?;
    let post = http::Request::post(&settings.url(path)?);
    succeeded(settings.apply(post, &betas).json(body).send()?, path)
}

/// Asks for something that is there, whatever the answer.
fn ask(path: &str) -> Result<http::Response, Error> {
    let settings: Settings = config::load()?;
    settings.apply(http::Request::get(&settings.url(path)?), &[]).send()
}

fn succeeded(mut answer: http::Response, path: &str) -> Result<http::Response, Error> {
    // A server may speak the dialect and have nothing else of the API.
    let missing = if path == MESSAGES {
        ErrorKind::Protocol
    } else {
        ErrorKind::Unsupported
    };
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(error::of_answer(&mut answer, path, missing)),
    }
}

/// A value in Anthropic's words.
pub(crate) fn extension(value: String) -> Extension {
    Extension::new(DIALECT, value)
}
