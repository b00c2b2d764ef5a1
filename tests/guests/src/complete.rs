//! Has every optional interface and does nothing wrong: the others are measured against it. Each call asks the
//! upstream once, and what it returns shows what the host handed over.

use serde_json::{Map, Value, json};
use wharf_provider_sdk::http::{Body, Chunks as _};
use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Extension, Model, Models, Part, Provider,
    PullProgress, PullStream, Request, Response, TokenCount, Tokens, Usage, config, http,
};

/// The provider.
#[derive(Debug)]
pub struct Complete;

// In another order than the contract's: the order means nothing.
wharf_provider_sdk::provider!(Complete: Models, Embeddings, Tokens);

impl Provider for Complete {
    wharf_test_guests::plain!("complete");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("complete"))
    }
}

/// One exchange: a path below the base URL.
fn ask(path: &str) -> Result<http::Response, Error> {
    judged(http::Request::get(&format!("{}{path}", config::base_url()?)))
}

fn judged(request: http::Request) -> Result<http::Response, Error> {
    let mut answer = request.send()?;
    if answer.status() >= 400 {
        return Err(Error::from_response(&mut answer));
    }
    Ok(answer)
}

impl Embeddings for Complete {
    /// A text's vector is its length and its place.
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        ask("/embed")?;
        let lengths = request.input.iter().map(|text| text.len() as f32);
        let vectors = lengths.zip(0_u16..).map(|(length, at)| vec![length, f32::from(at)]);
        let options: Map<String, Value> = request
            .options
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        let heard = json!({"dialect": request.dialect, "dimensions": request.dimensions, "options": options});
        Ok(EmbedResponse {
            model: Some(request.model.clone()),
            vectors: vectors.collect(),
            usage: Usage {
                input_tokens: Some(request.input.len() as u64),
                ..Usage::default()
            },
            extra: Some(Extension::new("tests.embed", heard.to_string())),
        })
    }
}

impl Tokens for Complete {
    /// A token for each byte of text.
    fn count(request: Request) -> Result<TokenCount, Error> {
        ask("/count")?;
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let bytes = parts.map(|part| match part {
            Part::Text(text) => text.text.len(),
            _ => 0,
        });
        Ok(TokenCount {
            extra: Some(Extension::new("tests.count", r#"{"unit":"byte"}"#)),
            ..TokenCount::new(bytes.sum::<usize>() as u64)
        })
    }
}

impl Models for Complete {
    type Pull = Arriving;

    /// A model for each line that the upstream answers.
    fn list() -> Result<Vec<Model>, Error> {
        let names = ask("/models")?.text()?;
        Ok(names.lines().map(Model::new).collect())
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        ask(&format!("/models/{id}"))?;
        let model = Model {
            created: Some(1_700_000_000),
            owner: Some("the tests".to_owned()),
            size: Some(7 << 30),
            loaded: Some(true),
            extra: Some(r#"{"family":"small"}"#.to_owned()),
            ..Model::new(id)
        };
        let capabilities = Capabilities {
            context_tokens: Some(8192),
            ..Capabilities::default()
        };
        Ok((model, capabilities))
    }

    fn pull(id: String) -> Result<Arriving, Error> {
        Ok(Arriving(ask(&format!("/pull/{id}"))?.into_body()))
    }

    fn delete(id: String) -> Result<(), Error> {
        let url = format!("{}/models/{id}", config::base_url()?);
        judged(http::Request::delete(&url)).map(|_| ())
    }
}

/// A pull of one step for each piece of the upstream's answer.
#[derive(Debug)]
pub struct Arriving(Body);

impl PullStream for Arriving {
    fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        let Some(piece) = self.0.next_chunk()? else {
            return Ok(Vec::new());
        };
        let size = piece.len() as u64;
        Ok(vec![PullProgress {
            digest: Some("sha256:0".to_owned()),
            total: Some(size),
            completed: Some(size),
            extra: Some(r#"{"from":"here"}"#.to_owned()),
            ..PullProgress::new(String::from_utf8_lossy(&piece))
        }])
    }
}
