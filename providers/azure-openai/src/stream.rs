//! A streamed answer: OpenAI's chunks, and errors that mean what Azure's do.

use wharf_openai_api::chat::stream;
use wharf_provider_sdk::{Error, Event, EventStream, http};

use crate::error;

/// A running answer.
#[derive(Debug)]
pub struct Stream<B = http::Body>(stream::Stream<B>);

impl<B: http::Chunks> Stream<B> {
    /// Reads the answer from this body.
    pub fn new(body: B) -> Self {
        Self(stream::Stream::new(body))
    }
}

impl<B: http::Chunks + 'static> EventStream for Stream<B> {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        self.0.next().map_err(error::refine)
    }
}
