//! An answer that comes line by line, for as long as it takes.

use anyhow::{anyhow, ensure};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::api::headers::DEPLOYMENT;

/// The longest line, in bytes: far more than a step of a pull has.
const MAX_LINE: usize = 1 << 20;

/// The lines of an answer. Dropping it closes the connection.
pub(in crate::cli) struct Lines<B = Incoming> {
    headers: HeaderMap,
    body: B,
    held: BytesMut,
    ended: bool,
    /// Who answers, for errors.
    base: String,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    pub(super) fn new(response: Response<B>, base: String) -> Self {
        let (head, body) = response.into_parts();
        Self {
            headers: head.headers,
            body,
            held: BytesMut::new(),
            ended: false,
            base,
        }
    }

    /// The deployment that it is about, if the host says.
    pub(in crate::cli) fn deployment(&self) -> Option<&str> {
        self.headers.get(DEPLOYMENT).and_then(|name| name.to_str().ok())
    }

    /// The next line, without its end; none after the last.
    ///
    /// # Errors
    /// When the connection breaks off before the answer is complete.
    pub(in crate::cli) async fn next(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            if let Some(end) = self.held.iter().position(|&byte| byte == b'\n') {
                let line = self.held.split_to(end + 1);
                return Ok(Some(text(&line[..end])));
            }
            if self.ended {
                let rest = self.held.split();
                return Ok((!rest.is_empty()).then(|| text(&rest)));
            }
            ensure!(
                self.held.len() <= MAX_LINE,
                "{}: a line of the answer is too long",
                self.base
            );
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.held.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    return Err(anyhow!(
                        "{}: the answer broke off: {error}; has the host been stopped?",
                        self.base
                    ));
                }
                None => self.ended = true,
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use axum::body::Body as AxumBody;
    use futures_util::stream;

    use super::*;

    fn lines(pieces: &[Result<&'static str, &'static str>]) -> Lines<AxumBody> {
        let pieces: Vec<Result<&str, std::io::Error>> = pieces
            .iter()
            .map(|piece| piece.map_err(std::io::Error::other))
            .collect();
        let response = Response::new(AxumBody::from_stream(stream::iter(pieces)));
        Lines::new(response, "http://h".to_owned())
    }

    #[tokio::test]
    async fn lines_do_not_depend_on_how_they_arrive() {
        let text = "one\n\ntwo ä\nthree";
        for cut in (0..=text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            let mut lines = lines(&[Ok(&text[..cut]), Ok(&text[cut..])]);
            for expected in ["one", "", "two ä", "three"] {
                assert_eq!(lines.next().await.unwrap().as_deref(), Some(expected), "cut at {cut}");
            }
            assert_eq!(lines.next().await.unwrap(), None);
            assert_eq!(lines.next().await.unwrap(), None, "the end stays the end");
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_end() {
        let mut lines = lines(&[Ok("one\ntw"), Err("reset")]);
        assert_eq!(lines.next().await.unwrap().as_deref(), Some("one"));
        let error = lines.next().await.unwrap_err().to_string();
        assert!(error.contains("http://h") && error.contains("broke off"), "{error}");
    }
}
