//! A streamed answer in the form of one API or the other.

use wharf_openai_api::{chat, responses};
use wharf_provider_sdk::{Error, Event, EventStream};

/// A running answer.
#[derive(Debug)]
pub enum Stream {
    /// Chunks of a chat completion.
    Chat(chat::stream::Stream),
    /// Events of a response.
    Responses(responses::stream::Stream),
}

impl EventStream for Stream {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        match self {
            Self::Chat(stream) => stream.next(),
            Self::Responses(stream) => stream.next(),
        }
    }
}
