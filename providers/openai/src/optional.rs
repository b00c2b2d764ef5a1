//! The optional interfaces: embeddings and the list of models.

use wharf_openai_api::{embeddings, models};
use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Model, Models, NoPull, Provider as _, config, http,
};

use crate::settings::Settings;
use crate::{OpenAi, explain, post};

impl Embeddings for OpenAi {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        let settings: Settings = config::load()?;
        let body = embeddings::body(&request, settings.encoding())?;
        let answer = post(&settings, "/embeddings", body)?.text()?;
        embeddings::parse(&answer, request.input.len())
    }
}

impl Models for OpenAi {
    type Pull = NoPull;

    fn list() -> Result<Vec<Model>, Error> {
        models::list(&ask()?)
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        let model = models::find(&ask()?, &id)?;
        Ok((model, Self::capabilities(Some(id))?))
    }
}

/// The list of models as the server writes it.
fn ask() -> Result<String, Error> {
    const PATH: &str = "/models";
    let settings: Settings = config::load()?;
    let mut answer = settings.apply(http::Request::get(&settings.url(PATH)?)).send()?;
    match answer.status() {
        200..=299 => answer.text(),
        _ => Err(explain(Error::from_response(&mut answer), PATH)),
    }
}
