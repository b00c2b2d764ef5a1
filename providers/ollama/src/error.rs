//! What Ollama's errors mean.
//!
//! An error of Ollama is a status and one sentence; there are no codes. The SDK reads the status. The sentence is read
//! for what no status says: what a model cannot do, a prompt that is too long, an account that is used up, a machine
//! that is too small.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, http, log};

/// The error of an answer that is not a success.
pub(crate) fn of_answer(answer: &mut http::Response) -> Error {
    let error = refine(Error::from_response(answer));
    if error.kind == ErrorKind::Protocol {
        log::warn(&error.message);
    }
    error
}

/// The error that an answer carries although it began as a success. `body` is its JSON, `top` the same in parts.
pub(crate) fn carried(top: &Object<'_>, body: &str) -> Option<Error> {
    let error: Option<&RawValue> = top.peek("error");
    let there = error.is_some_and(|error| error.get() != "null");
    there.then(|| refine(Error::from_event(body)))
}

/// Gives an error that the SDK has classified the kind that its sentence tells.
#[must_use]
pub fn refine(error: Error) -> Error {
    let error = unwrapped(error);
    match kind(&error) {
        Some(kind) => Error { kind, ..error },
        None => astray(error),
    }
}

/// Newer servers hand on what the program that runs the model said: its whole error, written into the sentence.
fn unwrapped(error: Error) -> Error {
    #[derive(Deserialize)]
    struct Inner {
        message: String,
        #[serde(rename = "type")]
        class: Option<String>,
    }
    let inner: Option<Inner> = Object::parse(&error.message)
        .ok()
        .and_then(|sentence| sentence.peek("error"));
    match inner {
        Some(inner) => Error {
            message: inner.message,
            provider_code: inner.class,
            ..error
        },
        None => error,
    }
}

/// Ollama's own 404 speaks of a model. Another one is of a server that has no such path: the operator's mistake, which
/// must not look like the client's.
fn astray(error: Error) -> Error {
    if error.kind != ErrorKind::NotFound || error.message.to_ascii_lowercase().contains("model") {
        return error;
    }
    let message = "the server has no such path below `base_url`; an Ollama server's has no path, as in \
                   http://localhost:11434";
    Error {
        kind: ErrorKind::Protocol,
        message: message.to_owned(),
        ..error
    }
}

fn kind(error: &Error) -> Option<ErrorKind> {
    let sentence = error.message.to_ascii_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| sentence.contains(needle));
    let callers = || {
        if says(&["context length", "context size", "prompt too long"]) {
            Some(ErrorKind::ContextLengthExceeded)
        } else if says(&[
            "does not support",
            "is not supported for this model",
            "requires a newer version",
        ]) {
            Some(ErrorKind::Unsupported)
        } else if says(&["pull model manifest: file does not exist"]) {
            // The library has no such model. By then the answer to the pull has begun as a success.
            Some(ErrorKind::NotFound)
        } else {
            None
        }
    };
    // Other models may make room.
    let no_room = || says(&["requires more system memory", "out of memory"]).then_some(ErrorKind::Overloaded);
    match error.http_status {
        // The server gave the request up, which nobody on this side asked for.
        Some(499) => Some(ErrorKind::Unavailable),
        // The limits of an account of its cloud hold for hours and longer.
        Some(429) => says(&["usage limit"]).then_some(ErrorKind::QuotaExhausted),
        Some(401..=404) => None,
        Some(400..=498) => callers(),
        // A vendor that failed cannot put it on the caller.
        Some(_) => no_room(),
        None => no_room().or_else(callers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_stream(sentence: &str) -> ErrorKind {
        let body = serde_json::json!({"error": sentence}).to_string();
        carried(&Object::parse(&body).unwrap(), &body).unwrap().kind
    }

    #[test]
    fn a_sentence_in_a_stream_tells_as_much_as_with_a_status() {
        assert_eq!(
            in_stream("an error was encountered while running the model"),
            ErrorKind::Unavailable
        );
        assert_eq!(
            in_stream("prompt too long; exceeded max context length by 7 tokens"),
            ErrorKind::ContextLengthExceeded
        );
        assert_eq!(in_stream("CUDA error: out of memory"), ErrorKind::Overloaded);
        assert_eq!(in_stream("\"m\" does not support tools"), ErrorKind::Unsupported);
        assert_eq!(
            in_stream("pull model manifest: file does not exist"),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn an_error_that_is_null_or_missing_is_none() {
        for body in [r#"{"error":null,"done":true}"#, "{}"] {
            assert_eq!(carried(&Object::parse(body).unwrap(), body), None, "{body}");
        }
    }

    #[test]
    fn a_path_that_is_not_there_is_not_the_clients_mistake() {
        let kind = |body| refine(Error::from_parts(404, |_| None, body)).kind;
        assert_eq!(kind("404 page not found"), ErrorKind::Protocol);
        assert_eq!(kind(r#"{"error":"model 'm' not found"}"#), ErrorKind::NotFound);
    }

    #[test]
    fn a_vendor_that_failed_cannot_put_it_on_the_caller() {
        let body = r#"{"error":"\"m\" does not support tools"}"#;
        let error = refine(Error::from_parts(500, |_| None, body));
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }

    #[test]
    fn a_refused_credential_stays_one_whatever_is_said() {
        let body = r#"{"error":"this account does not support cloud models"}"#;
        let error = refine(Error::from_parts(403, |_| None, body));
        assert_eq!(error.kind, ErrorKind::PermissionDenied);
    }
}
