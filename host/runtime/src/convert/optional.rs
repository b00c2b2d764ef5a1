//! What the optional interfaces take and return. A response of vectors is the one answer whose content the host
//! looks at: a caller puts vectors beside each other by position and compares them, so a wrong number of them, or a
//! number that is none, would spoil an index without a trace.

use wharf_types::{EmbedRequest, EmbedResponse, Error, ErrorKind, Model, PullProgress, TokenCount};

use super::{answer, cut, json};
use crate::bindings::exports::wharf::provider::{embeddings as wit, models, tokens};

/// Longest status or digest of a pull, in bytes: a line for people.
const MAX_STATUS: usize = 512;

/// The lists behind a lent request. Build it, then pass it to [`embed_request`].
pub(crate) struct EmbedLists<'a> {
    input: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> EmbedLists<'a> {
    pub(crate) fn new(request: &'a EmbedRequest) -> Self {
        let options = request.options.iter();
        Self {
            input: request.input.iter().map(String::as_str).collect(),
            options: options.map(|(name, value)| (name.as_str(), value.0.as_str())).collect(),
        }
    }
}

/// The request, pointing at the lists. `model` is the vendor's name.
pub(crate) fn embed_request<'a>(
    request: &'a EmbedRequest,
    model: &'a str,
    lists: &'a EmbedLists<'a>,
) -> wit::EmbedRequest<'a> {
    wit::EmbedRequest {
        model,
        input: &lists.input,
        dimensions: request.dimensions,
        dialect: &request.dialect,
        options: &lists.options,
    }
}

/// The vectors of so many texts.
///
/// # Errors
/// A protocol error when they are not.
pub(crate) fn embed_response(response: wit::EmbedResponse, texts: usize) -> Result<EmbedResponse, Error> {
    check(&response.vectors, texts)
        .map_err(|nonsense| Error::new(ErrorKind::UpstreamProtocol, nonsense).with_sent(true))?;
    Ok(EmbedResponse {
        model: response.model,
        vectors: response.vectors,
        usage: answer::usage(response.usage),
        extra: response.extra.map(answer::extension),
    })
}

fn check(vectors: &[Vec<f32>], texts: usize) -> Result<(), String> {
    if vectors.len() != texts {
        return Err(format!(
            "the provider answered {texts} texts with {} vectors",
            vectors.len()
        ));
    }
    let length = vectors.first().map_or(0, Vec::len);
    for (at, vector) in vectors.iter().enumerate() {
        if vector.is_empty() {
            return Err(format!("the provider's vector {at} is empty"));
        }
        if vector.len() != length {
            return Err(format!(
                "the provider's vectors differ in length: vector 0 has {length} numbers, vector {at} has {}",
                vector.len()
            ));
        }
        if !vector.iter().all(|number| number.is_finite()) {
            return Err(format!("the provider's vector {at} has a number that is not finite"));
        }
    }
    Ok(())
}

pub(crate) fn token_count(count: tokens::TokenCount) -> TokenCount {
    TokenCount {
        input_tokens: count.input_tokens,
        extra: count.extra.map(answer::extension),
    }
}

pub(crate) fn model(model: models::Model) -> Model {
    Model {
        id: model.id,
        created: model.created,
        owner: model.owner,
        size: model.size,
        loaded: model.loaded,
        extra: json(model.extra),
    }
}

pub(crate) fn progress(step: models::PullProgress) -> PullProgress {
    PullProgress {
        status: cut(step.status, MAX_STATUS),
        digest: step.digest.map(|digest| cut(digest, MAX_STATUS)),
        total: step.total,
        completed: step.completed,
        extra: json(step.extra),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(vectors: &[Vec<f32>], texts: usize) -> String {
        check(vectors, texts).expect_err("these vectors must be refused")
    }

    #[test]
    fn each_text_needs_its_vector() {
        assert_eq!(check(&[vec![1.0], vec![2.0]], 2), Ok(()));
        assert_eq!(check(&[], 0), Ok(()));
        assert!(refused(&[vec![1.0]], 2).contains("2 texts with 1 vectors"));
        assert!(refused(&[vec![1.0], vec![1.0]], 1).contains("1 texts with 2 vectors"));
        assert!(refused(&[vec![1.0], vec![]], 2).contains("vector 1 is empty"));
        assert!(refused(&[vec![]], 1).contains("vector 0 is empty"));
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        let ragged = refused(&[vec![1.0, 2.0], vec![1.0]], 2);
        assert!(
            ragged.contains("vector 0 has 2") && ragged.contains("vector 1 has 1"),
            "{ragged}"
        );
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(refused(&[vec![1.0, number]], 1).contains("not finite"), "{number}");
        }
        assert_eq!(check(&[vec![f32::MIN_POSITIVE / 2.0, -0.0, f32::MAX]], 1), Ok(()));
    }
}
