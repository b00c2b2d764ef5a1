//! Answers well and crashes in everything that is optional.

use wharf_provider_sdk::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Model, Models, Provider, PullProgress, PullStream,
    Request, Response, TokenCount, Tokens,
};

/// The provider.
#[derive(Debug)]
pub struct TrapsInOptional;

wharf_provider_sdk::provider!(TrapsInOptional: Embeddings, Tokens, Models);

impl Provider for TrapsInOptional {
    wharf_test_guests::plain!("traps-in-optional");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("well behaved"))
    }
}

impl Embeddings for TrapsInOptional {
    fn embed(_request: EmbedRequest) -> Result<EmbedResponse, Error> {
        panic!("this provider crashes over vectors")
    }
}

impl Tokens for TrapsInOptional {
    fn count(_request: Request) -> Result<TokenCount, Error> {
        panic!("this provider cannot count")
    }
}

impl Models for TrapsInOptional {
    type Pull = Breaking;

    fn list() -> Result<Vec<Model>, Error> {
        panic!("this provider has lost its list")
    }

    fn show(_id: String) -> Result<(Model, Capabilities), Error> {
        panic!("this provider has nothing to show")
    }

    fn pull(_id: String) -> Result<Breaking, Error> {
        Ok(Breaking { steps: 0 })
    }

    fn delete(_id: String) -> Result<(), Error> {
        panic!("this provider lets nothing go")
    }
}

/// A pull of one step.
#[derive(Debug)]
pub struct Breaking {
    steps: u32,
}

impl PullStream for Breaking {
    fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        self.steps += 1;
        assert!(self.steps < 2, "this pull crashes at its second step");
        Ok(vec![PullProgress::new("one")])
    }
}
