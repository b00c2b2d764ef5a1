//! Sending a request.

use super::{Body, Response, transport_error};
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use crate::bindings::wasi::io::streams::StreamError;
use crate::{Error, ErrorKind};

/// A request to the vendor.
#[derive(Debug)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Asks for a URL.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new(Method::Get, url)
    }

    /// Sends something to a URL.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new(Method::Post, url)
    }

    /// Deletes what a URL stands for.
    #[must_use]
    pub fn delete(url: &str) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a header. The host removes those that carry credentials and those it sets itself.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Sets the body to this JSON text.
    #[must_use]
    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", "application/json")
    }

    /// Sends the request and waits for the head of the answer, whatever its status.
    ///
    /// # Errors
    /// When the URL makes no sense or is not on the deployment's allow-list, and when the vendor cannot be
    /// reached or does not answer in time. Not for a status: see [`Error::from_response`].
    pub fn send(mut self) -> Result<Response, Error> {
        let bad_url = |part: &str| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("the URL `{}` has no valid {part}", self.url),
            )
        };
        let (scheme, rest) = self.url.split_once("://").ok_or_else(|| bad_url("scheme"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        if !self.body.is_empty() {
            self.headers
                .push(("content-length".to_owned(), self.body.len().to_string().into_bytes()));
        }
        let headers = Fields::from_list(&self.headers)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("a request header was refused: {e:?}")))?;
        let request = OutgoingRequest::new(headers);
        request.set_method(&self.method).map_err(|()| bad_url("method"))?;
        request.set_scheme(Some(&scheme)).map_err(|()| bad_url("scheme"))?;
        request.set_authority(Some(authority)).map_err(|()| bad_url("host"))?;
        request.set_path_with_query(Some(path)).map_err(|()| bad_url("path"))?;

        let body = if self.body.is_empty() {
            None
        } else {
            request.body().ok()
        };
        let pending = outgoing_handler::handle(request, None).map_err(|e| transport_error::while_sending(&e))?;
        // A failing write says less than the answer, which may well be there already (413, 401): the answer
        // is looked at first, and only without one the write's failure counts.
        let written = body.map_or(Ok(()), |body| write(body, &self.body));
        let answer = match pending.get() {
            Some(answer) => answer,
            None => {
                pending.subscribe().block();
                pending
                    .get()
                    .ok_or_else(|| Error::new(ErrorKind::Internal, "the answer was ready and is not there"))?
            }
        };
        let answer = answer.map_err(|()| Error::new(ErrorKind::Internal, "the answer was taken already"))?;
        let answer = answer.map_err(|e| transport_error::while_sending(&e));
        let answer = match (answer, written) {
            (Ok(answer), _) => answer,
            (Err(e), _) => return Err(e),
        };
        let status = answer.status();
        let headers = answer.headers().entries();
        Ok(Response {
            status,
            headers,
            body: Body::new(answer)?,
        })
    }
}

/// Writes the whole body. Whoever reads it is the host, so it moves in the largest pieces the host takes.
fn write(body: OutgoingBody, mut bytes: &[u8]) -> Result<(), Error> {
    {
        let failed = |_: StreamError| Error::new(ErrorKind::Unavailable, "the connection broke while sending");
        let stream = body
            .write()
            .map_err(|()| Error::new(ErrorKind::Internal, "the body was written already"))?;
        while !bytes.is_empty() {
            let room = usize::try_from(stream.check_write().map_err(failed)?).unwrap_or(usize::MAX);
            if room == 0 {
                stream.subscribe().block();
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            stream.write(now).map_err(failed)?;
            bytes = later;
        }
    }
    OutgoingBody::finish(body, None).map_err(|e| transport_error::while_sending(&e))
}
