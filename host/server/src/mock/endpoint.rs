//! Which vendor's API a path belongs to, and what it asks for there.
//!
//! Pure. One emulator stands for all vendors at once, so the path decides; where two vendors share one, as for lists
//! of models, the headers do.

use http::{HeaderMap, Uri};

use super::failure::Failure;
use super::ollama::shelf::Shelf;
use super::openai::azure::{self, Deployment};
use super::plan::{Ask, Form, Plan, Reply, Settings};
use super::{anthropic, gemini, ollama, openai};

/// What a request to a model asks for, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// OpenAI and whoever imitates it.
    OpenAi(openai::Operation),
    /// OpenAI's models on Azure.
    Azure(openai::Operation, Deployment),
    /// Anthropic.
    Anthropic(anthropic::Operation),
    /// Ollama.
    Ollama(ollama::Operation),
    /// Gemini.
    Gemini {
        /// Model in the path.
        model: String,
        /// What is asked of it.
        operation: gemini::Operation,
        /// Key in the query.
        key: Option<String>,
    },
}

impl Endpoint {
    /// Reads path and query of a POST request; none if no vendor has such a path.
    pub(super) fn of(path: &str, query: Option<&str>) -> Option<Self> {
        if let Some(before) = path.strip_suffix("/chat/completions") {
            return Some(Self::of_openai(openai::Operation::Chat, before, query));
        }
        if let Some(before) = path.strip_suffix("/embeddings") {
            return Some(Self::of_openai(openai::Operation::Embeddings, before, query));
        }
        if path.ends_with("/responses") {
            return Some(Self::OpenAi(openai::Operation::Responses));
        }
        let fixed = [
            ("/v1/messages", Self::Anthropic(anthropic::Operation::Messages)),
            (
                "/v1/messages/count_tokens",
                Self::Anthropic(anthropic::Operation::Count),
            ),
            ("/api/chat", Self::Ollama(ollama::Operation::Chat)),
            ("/api/embed", Self::Ollama(ollama::Operation::Embed)),
            ("/api/pull", Self::Ollama(ollama::Operation::Pull)),
        ];
        let found = fixed.into_iter().find(|(suffix, _)| path.ends_with(*suffix));
        found
            .map(|(_, endpoint)| endpoint)
            .or_else(|| Self::of_gemini(path, query))
    }

    fn of_openai(operation: openai::Operation, before: &str, query: Option<&str>) -> Self {
        match before.rsplit_once("/openai/deployments/") {
            Some((_, name)) => {
                let deployment = Deployment {
                    name: decoded(name),
                    has_version: query_value(query, "api-version").is_some(),
                };
                Self::Azure(operation, deployment)
            }
            None => Self::OpenAi(operation),
        }
    }

    fn of_gemini(path: &str, query: Option<&str>) -> Option<Self> {
        let (_, call) = path.rsplit_once("/models/")?;
        let (model, method) = call.rsplit_once(':')?;
        let operation = match method {
            "generateContent" => gemini::Operation::Generate,
            "streamGenerateContent" => gemini::Operation::Stream {
                sse: query_value(query, "alt") == Some("sse"),
            },
            "countTokens" => gemini::Operation::Count,
            "embedContent" => gemini::Operation::Embed,
            "batchEmbedContents" => gemini::Operation::BatchEmbed,
            _ => return None,
        };
        Some(Self::Gemini {
            model: decoded(model),
            operation,
            key: query_value(query, "key").map(str::to_owned),
        })
    }

    /// The header in which the vendor expects a key.
    pub(super) fn key_header(&self) -> &'static str {
        match self {
            Self::OpenAi(_) | Self::Ollama(_) => "authorization",
            Self::Azure(..) => azure::KEY_HEADER,
            Self::Anthropic(_) => anthropic::KEY_HEADER,
            Self::Gemini { .. } => gemini::KEY_HEADER,
        }
    }

    /// Decides about a request.
    pub(super) fn plan(&self, settings: &Settings, shelf: &Shelf, ask: &Ask<'_>) -> Plan {
        match self {
            Self::OpenAi(operation) => openai::plan(settings, ask, *operation, None),
            Self::Azure(operation, deployment) => openai::plan(settings, ask, *operation, Some(deployment)),
            Self::Anthropic(operation) => anthropic::plan(settings, ask, *operation),
            Self::Ollama(operation) => ollama::plan(settings, shelf, ask, *operation),
            Self::Gemini { model, operation, key } => {
                let call = gemini::Call {
                    model,
                    operation: *operation,
                    key: key.as_deref(),
                };
                gemini::plan(settings, ask, call)
            }
        }
    }

    /// An error answer in the vendor's shape.
    pub(super) fn error(&self, failure: &Failure, number: u64) -> Reply {
        match self {
            Self::OpenAi(_) => openai::error(failure),
            Self::Azure(..) => azure::error(failure),
            Self::Anthropic(_) => anthropic::error::error(failure, Some(number)),
            Self::Ollama(_) => ollama::error::error(failure),
            Self::Gemini { .. } => gemini::error::error(failure, Form::Whole),
        }
    }
}

/// Whose list of models is asked for. Ollama's has a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// OpenAI and whoever imitates it.
    OpenAi,
    /// Azure, whose paths are OpenAI's with a version in the query.
    Azure,
    /// Anthropic, who answers nothing without a header with a version.
    Anthropic,
    /// Gemini, by the version in its path or the header with the key.
    Gemini,
}

impl Family {
    /// Reads address and headers of a request.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let path = uri.path();
        if headers.contains_key(anthropic::VERSION_HEADER) {
            Self::Anthropic
        } else if path.contains("/openai/") {
            // Gemini has OpenAI's paths below this one too.
            match query_value(uri.query(), "api-version") {
                Some(_) => Self::Azure,
                None => Self::OpenAi,
            }
        } else if path.contains("/v1beta/") || headers.contains_key(gemini::KEY_HEADER) {
            Self::Gemini
        } else {
            Self::OpenAi
        }
    }
}

/// The value of a parameter in a query, as it stands there.
pub(super) fn query_value<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

/// A part of a path with its percent signs resolved; what is no such sign stays.
fn decoded(part: &str) -> String {
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}
