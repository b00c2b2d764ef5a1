//! Reading a body piece by piece.

use super::transport_error;
use crate::Error;
use crate::bindings::wasi::http::types::{IncomingBody, IncomingResponse};
use crate::bindings::wasi::io::streams::{InputStream, StreamError};

/// How much one read may bring, in bytes. A read blocks until anything is there and takes all that is, so
/// a large value costs nothing for small events.
const CHUNK: u64 = 64 << 10;

/// Something that brings bytes piece by piece. Readers take any, so that they are tested without a network.
pub trait Chunks {
    /// The next piece, never empty; blocks for it. `None` at the end.
    ///
    /// # Errors
    /// When the connection fails or a limit of the host is reached.
    fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Error>;
}

/// Pieces that are all there already.
impl Chunks for std::vec::IntoIter<Vec<u8>> {
    fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.find(|chunk| !chunk.is_empty()))
    }
}

/// The body of a [`Response`](super::Response). Dropping it closes the connection.
#[derive(Debug)]
pub struct Body {
    // Fields drop in this order, and wasi-http wants children gone before their parents.
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Body {
    pub(super) fn new(response: IncomingResponse) -> Result<Self, Error> {
        let gone = |()| Error::protocol("the answer's body was taken already");
        let body = response.consume().map_err(gone)?;
        let stream = body.stream().map_err(gone)?;
        Ok(Self {
            stream,
            _body: body,
            _response: response,
        })
    }
}

impl Chunks for Body {
    fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            match self.stream.blocking_read(CHUNK) {
                Ok(chunk) if chunk.is_empty() => {}
                Ok(chunk) => return Ok(Some(chunk)),
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(transport_error::while_reading(&error));
                }
            }
        }
    }
}
