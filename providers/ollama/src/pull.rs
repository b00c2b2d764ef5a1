//! Fetching a model: `POST /api/pull`, whose answer says line by line how far it is.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{Error, ErrorKind, PullProgress, PullStream, http, ndjson};

use crate::error;

/// What the last line says. An answer without it broke off, whatever came before.
const SUCCESS: &str = "success";

/// The body of the request.
#[must_use]
pub fn body(id: &str) -> Vec<u8> {
    let body = serde_json::json!({"model": id, "stream": true});
    body.to_string().into_bytes()
}

/// A running pull.
#[derive(Debug)]
pub struct Pull<B = http::Body>(Reading<ndjson::Reader<B>, Steps>);

impl<B: http::Chunks> Pull<B> {
    /// Reads the answer from this body.
    pub fn new(body: B) -> Self {
        Self(Reading::new(ndjson::Reader::new(body), Steps::default()))
    }
}

impl<B: http::Chunks + 'static> PullStream for Pull<B> {
    fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        self.0.next_batch()
    }
}

#[derive(Debug, Default)]
struct Steps {
    succeeded: bool,
}

impl Pieces for Steps {
    type Piece = String;
    type Said = PullProgress;

    fn piece(&mut self, line: &String, said: &mut Vec<PullProgress>) -> Result<(), Error> {
        let mut step = Object::parse(line)?;
        if let Some(error) = error::carried(&step, line) {
            return Err(error);
        }
        let status: String = step.take("status")?.unwrap_or_default();
        self.succeeded = status == SUCCESS;
        said.push(PullProgress {
            status,
            // Without them nobody knows how far it is, but the pull goes on.
            digest: step.take_if("digest"),
            total: step.take_if("total"),
            completed: step.take_if("completed"),
            extra: step.rest(),
        });
        Ok(())
    }

    fn ended(&self) -> bool {
        self.succeeded
    }

    fn broke_off(&mut self, _: &mut Vec<PullProgress>) -> Result<(), Error> {
        Err(Error {
            sent: true,
            ..Error::new(
                ErrorKind::Unavailable,
                "the vendor's answer ended before the model was there",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(text: &str) -> Pull<std::vec::IntoIter<Vec<u8>>> {
        Pull::new(vec![text.as_bytes().to_vec()].into_iter())
    }

    #[test]
    fn a_pull_that_does_not_succeed_broke_off() {
        for text in ["", "{\"status\":\"verifying sha256 digest\"}\n"] {
            let mut pull = pull(text);
            let mut last = pull.next();
            if !text.is_empty() {
                assert_eq!(last.unwrap().len(), 1, "{text}");
                last = pull.next();
            }
            let error = last.unwrap_err();
            assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, true), "`{text}`");
        }
    }

    #[test]
    fn nothing_follows_the_success() {
        let mut pull = pull("{\"status\":\"success\"}\n{\"error\":\"too late\"}\n");
        assert_eq!(pull.next().unwrap()[0].status, "success");
        assert!(pull.next().unwrap().is_empty());
    }

    #[test]
    fn what_came_before_an_error_is_told_before_it() {
        for broken in ["{\"error\":\"the disk is full\"}\n", "{\"sta\n", "{\"status\":1}\n"] {
            let mut pull = pull(&format!("{{\"status\":\"pulling manifest\"}}\n{broken}"));
            assert_eq!(pull.next().unwrap()[0].status, "pulling manifest", "{broken}");
            assert!(pull.next().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_pull_asks_for_its_progress() {
        let body: serde_json::Value = serde_json::from_slice(&body("m:1b")).unwrap();
        assert_eq!(body, serde_json::json!({"model": "m:1b", "stream": true}));
    }
}
