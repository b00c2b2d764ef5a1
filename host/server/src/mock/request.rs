//! A chat request as far as the emulator needs it, borrowed from the body.
//!
//! Decides what OpenAI would refuse as malformed. Only the fields that steer the answer are read; message contents
//! stay raw JSON until `digest`, so that a long conversation is scanned, not copied.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::Failure;

/// Most choices per request, as at OpenAI.
const MAX_CHOICES: u32 = 128;

/// The fields of a chat request that steer the answer.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest<'a> {
    /// Model asked for; never empty after `parse`.
    #[serde(borrow, default)]
    pub(super) model: Cow<'a, str>,
    #[serde(borrow, default)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow, default)]
    tool_choice: Option<&'a RawValue>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(borrow, default)]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(default)]
    n: Option<u32>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

/// A function the model may call.
#[derive(Debug, Deserialize)]
pub(super) struct Function<'a> {
    /// Its name.
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    /// JSON schema of its arguments.
    #[serde(borrow, default)]
    pub(super) parameters: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Debug, Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<ImageUrl<'a>>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct NamedChoice {
    #[serde(default)]
    function: Option<NamedFunction>,
}

#[derive(Debug, Deserialize)]
struct NamedFunction {
    #[serde(default)]
    name: String,
}

/// `tool_choice`, reduced to what matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ToolChoice {
    /// `"none"`: answer in text.
    Text,
    /// Absent, `"auto"` or `"required"`.
    Any,
    /// This function.
    Named(String),
}

/// `response_format`, reduced to what matters here.
#[derive(Debug)]
pub(super) enum Format<'a> {
    /// Plain text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON after a schema; without one, any object will do.
    JsonSchema(Option<&'a RawValue>),
}

/// The conversation in numbers and the two texts an answer repeats.
#[derive(Debug, Default)]
pub(super) struct Digest<'a> {
    /// Words in the text of all messages: the prompt tokens.
    pub(super) words: usize,
    /// Text of the last message with role `user`.
    pub(super) user_text: Cow<'a, str>,
    /// Text of the last message.
    pub(super) last_text: Cow<'a, str>,
    /// Image parts in all messages.
    pub(super) images: usize,
    /// Bytes of inline images after decoding.
    pub(super) image_bytes: usize,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON, lacks the model or the messages, or asks for too many choices.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        if request.model.is_empty() {
            return Err(Failure::invalid(
                "model",
                "missing_required_parameter",
                "you must provide a model parameter",
            ));
        }
        if request.messages.is_none() {
            let message = "Missing required parameter: 'messages'.";
            return Err(Failure::invalid("messages", "missing_required_parameter", message));
        }
        if request.messages().is_empty() {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1.";
            return Err(Failure::invalid("messages", "empty_array", message));
        }
        if !(1..=MAX_CHOICES).contains(&request.choices()) {
            let message = format!("Invalid 'n': expected a value from 1 to {MAX_CHOICES}.");
            return Err(Failure::invalid("n", "invalid_value", message));
        }
        Ok(request)
    }

    fn messages(&self) -> &[Message<'a>] {
        self.messages.as_deref().unwrap_or_default()
    }

    /// Role of the last message.
    pub(super) fn last_role(&self) -> &str {
        self.messages().last().map_or("", |message| &*message.role)
    }

    /// Whether the answer is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether a stream ends with a usage chunk.
    pub(super) fn include_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .is_some_and(|options| options.include_usage == Some(true))
    }

    /// How many choices to answer with.
    pub(super) fn choices(&self) -> u32 {
        self.n.unwrap_or(1)
    }

    /// Whether log probabilities are asked for.
    pub(super) fn logprobs(&self) -> bool {
        self.logprobs == Some(true)
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// Whether several tools may be called at once.
    pub(super) fn parallel_tool_calls(&self) -> bool {
        self.parallel_tool_calls != Some(false)
    }

    /// The functions on offer.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function<'a>> {
        self.tools.iter().flatten().filter_map(|tool| tool.function.as_ref())
    }

    /// Which functions may be called.
    pub(super) fn tool_choice(&self) -> ToolChoice {
        let Some(raw) = self.tool_choice else {
            return ToolChoice::Any;
        };
        if raw.get() == "\"none\"" {
            return ToolChoice::Text;
        }
        let named = serde_json::from_str::<NamedChoice>(raw.get())
            .ok()
            .and_then(|choice| choice.function);
        named.map_or(ToolChoice::Any, |function| ToolChoice::Named(function.name))
    }

    /// The form of the content.
    pub(super) fn format(&self) -> Format<'a> {
        let Some(format) = &self.response_format else {
            return Format::Text;
        };
        match &*format.kind {
            "json_object" => Format::JsonObject,
            "json_schema" => Format::JsonSchema(format.json_schema.as_ref().and_then(|named| named.schema)),
            _ => Format::Text,
        }
    }

    /// Reads the contents of all messages, once.
    ///
    /// # Errors
    ///
    /// The 400 answer, when a content is neither text nor parts, or inline image data is no base64.
    pub(super) fn digest(&self) -> Result<Digest<'a>, Failure> {
        let mut digest = Digest::default();
        for message in self.messages() {
            let content = Content::read(message.content)?;
            digest.words += words(&content.text);
            digest.images += content.images;
            digest.image_bytes += content.image_bytes;
            if message.role == "user" {
                digest.user_text.clone_from(&content.text);
            }
            digest.last_text = content.text;
        }
        Ok(digest)
    }
}

/// Words of a text: what the emulator takes for tokens.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The content of one message. Text parts are joined with a space.
#[derive(Debug, Default)]
struct Content<'a> {
    text: Cow<'a, str>,
    images: usize,
    image_bytes: usize,
}

impl<'a> Content<'a> {
    fn read(raw: Option<&'a RawValue>) -> Result<Self, Failure> {
        let Some(raw) = raw else {
            return Ok(Self::default());
        };
        match raw.get().as_bytes().first() {
            Some(b'"') => Ok(Self {
                text: read_text(raw)?,
                ..Self::default()
            }),
            Some(b'[') => Self::read_parts(raw.get()),
            _ => {
                let message = "Invalid type for 'messages.content': expected a string or an array of objects.";
                Err(Failure::invalid("messages", "invalid_type", message))
            }
        }
    }

    fn read_parts(json: &'a str) -> Result<Self, Failure> {
        let parts: Vec<Part<'a>> = serde_json::from_str(json).map_err(|error| Failure::unreadable(&error))?;
        let mut content = Self::default();
        for part in parts {
            if part.kind == "image_url" {
                content.images += 1;
                if let Some(url) = part.image_url.and_then(|image| image.url) {
                    content.image_bytes += inline_bytes(&read_text(url)?)?;
                }
            } else if let Some(text) = part.text {
                let text = read_text(text)?;
                if content.text.is_empty() {
                    content.text = text;
                } else {
                    let joined = content.text.to_mut();
                    joined.push(' ');
                    joined.push_str(&text);
                }
            }
        }
        Ok(content)
    }
}

/// A JSON string as text; borrowed when it has no escapes, which is the common case.
fn read_text(raw: &RawValue) -> Result<Cow<'_, str>, Failure> {
    let json = raw.get();
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner
        && !inner.contains('\\')
    {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(json)
        .map(Cow::Owned)
        .map_err(|error| Failure::unreadable(&error))
}

/// Decoded length of a `data:` URL; nothing for any other URL.
fn inline_bytes(url: &str) -> Result<usize, Failure> {
    let Some((kind, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        return Ok(0);
    };
    if !kind.ends_with(";base64") {
        return Ok(data.len());
    }
    match STANDARD.decode(data) {
        Ok(bytes) => Ok(bytes.len()),
        Err(_) => Err(Failure::invalid(
            "messages",
            "invalid_base64",
            "Invalid base64 data in an image_url.",
        )),
    }
}
