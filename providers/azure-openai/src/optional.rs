//! The optional interfaces: embeddings and the list of models.

use serde_json::Value;
use wharf_openai_api::embeddings::{self, Encoding};
use wharf_openai_api::{capabilities, models};
use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Model, Models, NoPull, Support, config, http,
};

use crate::settings::Settings;
use crate::{AzureOpenAi, error, succeeded};

impl Embeddings for AzureOpenAi {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        let settings: Settings = config::load()?;
        let url = settings.embeddings_url(&request.model)?;
        let body = embeddings::body(&request, Encoding::Base64)?;
        let mut answer = succeeded(settings.apply(http::Request::post(&url)).json(body).send()?)?;
        embeddings::parse(&answer.text()?, request.input.len()).map_err(error::refine)
    }
}

impl Models for AzureOpenAi {
    type Pull = NoPull;

    fn list() -> Result<Vec<Model>, Error> {
        models::list(&ask()?).map_err(error::refine)
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        // `refine` would take a model that is not listed for a path that is not there.
        let model = models::find(&ask()?, &id)?;
        let settings: Settings = config::load()?;
        let known = capabilities(&model, &settings);
        Ok((model, known))
    }
}

/// The list of models as Azure writes it.
fn ask() -> Result<String, Error> {
    let settings: Settings = config::load()?;
    let answer = settings.apply(http::Request::get(&settings.models_url()?)).send()?;
    succeeded(answer)?.text()
}

/// What the operator says of a model, and what Azure does: whether it is one for chats at all.
fn capabilities(model: &Model, settings: &Settings) -> Capabilities {
    let extra: Option<Value> = model
        .extra
        .as_deref()
        .and_then(|extra| serde_json::from_str(extra).ok());
    let chats = extra
        .as_ref()
        .and_then(|extra| extra.pointer("/capabilities/chat_completion"));
    Capabilities {
        streaming: match chats.and_then(Value::as_bool) {
            Some(false) => Support::No,
            Some(true) | None => Support::Yes,
        },
        ..capabilities::of(&settings.capabilities, Some(&model.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_only_embeds_does_not_stream() {
        let list = r#"{"data":[{"id":"ada","capabilities":{"chat_completion":false,"embeddings":true}},
            {"id":"gpt","capabilities":{"chat_completion":true}},{"id":"new"}]}"#;
        let settings: Settings = serde_json::from_str(r#"{"capabilities":{"gpt":{"images":true}}}"#).unwrap();
        let known = |id| capabilities(&models::find(list, id).unwrap(), &settings);
        assert_eq!(known("ada").streaming, Support::No);
        assert_eq!(known("gpt").streaming, Support::Yes);
        assert_eq!(known("new").streaming, Support::Yes);
        assert_eq!(known("gpt").images, Support::Yes, "the operator knows");
        assert_eq!(known("new").images, Support::Unknown);
    }
}
