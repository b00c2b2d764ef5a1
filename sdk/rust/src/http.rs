//! A blocking HTTP client over wasi-http.
//!
//! It does one request at a time and never retries. Leave the credential out: the host attaches it.
//! Connections, TLS, proxies, timeouts and the addresses that may be reached are the host's business too.
//!
//! ```no_run
//! use wharf_provider_sdk::{Error, http};
//!
//! # fn main() -> Result<(), Error> {
//! let mut answer = http::Request::post("https://api.example.com/v1/chat").json(br#"{"hello":true}"#.to_vec()).send()?;
//! if answer.status() != 200 {
//!     return Err(Error::from_response(&mut answer));
//! }
//! let body = answer.text()?;
//! # Ok(()) }
//! ```

mod body;
mod request;
mod transport_error;

pub use body::{Body, Chunks};
pub use request::Request;

use crate::Error;

/// An answer whose head has arrived.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

impl Response {
    /// The status, 100 to 599.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header's first value, if it is text. `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The body, to read piece by piece.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Reads the rest of the body. The host's cap on response bytes applies.
    ///
    /// # Errors
    /// When the connection fails or the body is not UTF-8.
    pub fn text(&mut self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.body.next_chunk()? {
            if bytes.is_empty() {
                bytes = chunk;
            } else {
                bytes.extend_from_slice(&chunk);
            }
        }
        String::from_utf8(bytes).map_err(|_| Error::protocol("the vendor's answer is not UTF-8"))
    }

    /// Reads at most this many bytes and takes a failing connection for the end; for error bodies.
    pub(crate) fn read_up_to(&mut self, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < limit {
            match self.body.next_chunk() {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        bytes.truncate(limit);
        bytes
    }
}
