//! The optional interfaces: embeddings, token counts and the list of models.

use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Model, Models, NoPull, Request, TokenCount, Tokens,
    config, http,
};

use crate::settings::Settings;
use crate::{Gemini, embeddings, get, model, models, request, succeeded, tokens};

impl Embeddings for Gemini {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        let settings: Settings = config::load()?;
        let url = settings.url(&format!("{}:batchEmbedContents", model::path(&request.model)?))?;
        let body = embeddings::body(&request)?;
        let answer = succeeded(http::Request::post(&url).json(body).send()?)?.text()?;
        embeddings::parse(&answer, request.input.len())
    }
}

impl Tokens for Gemini {
    fn count(request: Request) -> Result<TokenCount, Error> {
        let settings: Settings = config::load()?;
        let url = settings.url(&format!("{}:countTokens", model::path(&request.model)?))?;
        let body = request::count(&request, &settings)?;
        tokens::parse(&succeeded(http::Request::post(&url).json(body).send()?)?.text()?)
    }
}

impl Models for Gemini {
    type Pull = NoPull;

    fn list() -> Result<Vec<Model>, Error> {
        let mut all = Vec::new();
        let mut path = models::FIRST_PAGE.to_owned();
        for _ in 0..models::MAX_PAGES {
            let (found, token) = models::page(&get(&path)?.text()?)?;
            all.extend(found);
            let Some(token) = token else { return Ok(all) };
            path = models::next_page(&token);
        }
        Err(Error::protocol("the vendor's list of models has no end"))
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        let body = get(&model::path(&id)?)?.text()?;
        Ok((models::one(&body)?, model::capabilities(&id, &body)?))
    }
}
