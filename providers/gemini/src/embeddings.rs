//! Embeddings through `batchEmbedContents`, which takes a request for each text.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{EmbedRequest, EmbedResponse, Error, ErrorKind, Usage, foreign};

use crate::reply::extension;
use crate::wire::{self, Map, Node};
use crate::{DIALECT, error, model, usage};

/// Options that are Google's own by their name, so they are taken from clients of every dialect: what a text is for
/// changes its vector, and no other API has a word for it. The second name is that of Google's Python client.
const OWN: [(&str, &str); 3] = [("taskType", "taskType"), ("task_type", "taskType"), ("title", "title")];

/// What the vendor takes at once.
const MOST_TEXTS: usize = 100;

/// The body of the request. The options go into the request for each text.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] naming the option that is not JSON, or the model whose name cannot be one, and
/// [`ErrorKind::Unsupported`] naming an option of another dialect that would be lost.
pub fn body(request: &EmbedRequest) -> Result<Vec<u8>, Error> {
    if request.input.len() > MOST_TEXTS {
        let found = request.input.len();
        return Err(wire::unsupported(
            "input",
            &format!("Gemini embeds {MOST_TEXTS} texts at once, and not {found}"),
        ));
    }
    let path = model::path(&request.model)?;
    let name = path.trim_start_matches('/');
    let options = options(request)?;
    let requests = request
        .input
        .iter()
        .map(|text| one(name, text, request.dimensions, &options));
    let failed = |e| {
        Error::new(
            ErrorKind::Internal,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(&Map::one("requests", Node::List(requests.collect()))).map_err(failed)
}

fn one<'a>(name: &'a str, text: &'a str, dimensions: Option<u32>, options: &[(&'a str, &'a RawValue)]) -> Node<'a> {
    let part = Node::Map(Map::one("text", Node::text(text)));
    let mut map = Map::one("model", Node::text(name));
    map.set("content", Node::Map(Map::one("parts", Node::List(vec![part]))));
    if let Some(dimensions) = dimensions {
        map.set("outputDimensionality", Node::Whole(dimensions));
    }
    for &(name, value) in options {
        map.fill(Map::one(name, Node::Raw(value)));
    }
    Node::Map(map)
}

/// The options that are sent on, by Google's names. Null means nothing.
fn options(request: &EmbedRequest) -> Result<Vec<(&str, &RawValue)>, Error> {
    let same_dialect = matches!(request.dialect.as_str(), DIALECT | "wharf");
    if !same_dialect {
        foreign::check_options(&request.options, &OWN.map(|(ours, _)| ours))?;
    }
    let mut found = Vec::new();
    for (name, value) in &request.options {
        let own = OWN.iter().find(|(ours, _)| ours == name).map(|(_, theirs)| *theirs);
        // `user` and the form of the client's vectors have no place in this API.
        let theirs = own.or_else(|| {
            let passed = same_dialect && !matches!(name.as_str(), "user" | "encoding_format");
            passed.then_some(name.as_str())
        });
        if let Some(theirs) = theirs {
            let raw = wire::raw(value, name)?;
            if raw.get() != "null" {
                found.push((theirs, raw));
            }
        }
    }
    Ok(found)
}

/// Reads the body of a 200 answer to so many texts. The vendor answers in their order.
///
/// # Errors
/// A protocol error when it does not have one vector for each text, and the vendor's own error when it carries one.
pub fn parse(body: &str, texts: usize) -> Result<EmbedResponse, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = top.take_raw("error").filter(|error| error.get() != "null") {
        return Err(error::in_answer(&format!(r#"{{"error":{error}}}"#)));
    }
    let counts = top.take_if::<Option<Object<'_>>>("usageMetadata").flatten();
    let items: Vec<&RawValue> = top
        .take("embeddings")?
        .ok_or_else(|| Error::protocol("the vendor's answer has no `embeddings`; is `base_url` the right address?"))?;
    if items.len() != texts {
        let found = items.len();
        return Err(Error::protocol(format!(
            "the vendor answered {texts} texts with {found} vectors"
        )));
    }
    let (mut vectors, mut rests) = (Vec::with_capacity(texts), Vec::with_capacity(texts));
    for raw in items {
        let mut item = Object::parse(raw.get())?;
        let vector: Vec<f32> = item.take("values")?.unwrap_or_default();
        if vector.is_empty() || vector.iter().any(|number| !number.is_finite()) {
            return Err(Error::protocol(format!(
                "the vendor's vector {} is empty, or has a number that no float can hold",
                vectors.len()
            )));
        }
        vectors.push(vector);
        rests.push(item);
    }
    let mut extra = Map::of(&top);
    if rests.iter().any(|rest| !rest.is_empty()) {
        let rests = rests.iter().map(|rest| Node::Map(Map::of(rest)));
        extra.set("embeddings", Node::List(rests.collect()));
    }
    Ok(EmbedResponse {
        model: None,
        vectors,
        usage: counts.map_or_else(Usage::default, usage::parse),
        // Serializing strings and unparsed values cannot fail.
        extra: (!extra.is_empty()).then(|| extension(serde_json::to_string(&extra).unwrap_or_default())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(dialect: &str, options: &[(&str, &str)]) -> EmbedRequest {
        EmbedRequest {
            model: "gemini-embedding-001".into(),
            input: vec!["a".into()],
            dimensions: None,
            dialect: dialect.into(),
            options: options
                .iter()
                .map(|(name, json)| ((*name).into(), (*json).into()))
                .collect(),
        }
    }

    fn asked(dialect: &str, options: &[(&str, &str)]) -> String {
        String::from_utf8(body(&request(dialect, options)).unwrap()).unwrap()
    }

    #[test]
    fn an_option_of_another_dialect_that_would_be_lost_is_refused() {
        let error = body(&request("openai.embeddings", &[("user", r#""u""#), ("x", "1")])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.starts_with("`x`: "), "{error:?}");
    }

    #[test]
    fn what_a_text_is_for_can_be_said_in_every_dialect() {
        for name in ["taskType", "task_type"] {
            let body = asked("openai.embeddings", &[(name, r#""CLUSTERING""#), ("user", r#""u""#)]);
            assert_eq!(
                body,
                r#"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}]}"#
            );
        }
    }

    #[test]
    fn more_texts_than_the_vendor_takes_at_once_are_refused_before_it_is_asked() {
        let many = |count: usize| EmbedRequest {
            input: vec!["a".into(); count],
            ..request("openai.embeddings", &[])
        };
        assert!(body(&many(100)).is_ok());
        let error = body(&many(101)).unwrap_err();
        assert_eq!((&error.kind, error.sent), (&ErrorKind::Unsupported, false));
        assert!(error.message.starts_with("`input`: "), "{error:?}");
    }

    #[test]
    fn only_the_same_dialect_says_anything_else() {
        let body = asked(
            "wharf",
            &[("autoTruncate", "false"), ("title", "null"), ("user", r#""u""#)],
        );
        assert!(body.contains(r#""autoTruncate":false"#), "{body}");
        assert!(!body.contains("title") && !body.contains("user"), "{body}");
    }

    #[test]
    fn an_answer_without_one_vector_for_each_text_makes_no_sense() {
        for body in [
            "<html>",
            "[]",
            "{}",
            r#"{"embeddings":null}"#,
            r#"{"embeddings":[]}"#,
            r#"{"embeddings":[{"values":[1]},{"values":[1]}]}"#,
            r#"{"embeddings":[{}]}"#,
            r#"{"embeddings":[{"values":[]}]}"#,
            r#"{"embeddings":[{"values":[1e39]}]}"#,
            r#"{"embeddings":[{"values":["NaN"]}]}"#,
        ] {
            assert_eq!(parse(body, 1).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
    }
}
