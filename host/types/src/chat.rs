//! A request to a model and its whole answer.

use crate::{Extension, Part};

/// One JSON value as text. The host carries it without looking inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json(pub String);

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions, as most vendors call them.
    System,
    /// Instructions, as OpenAI's reasoning models call them.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The speaker's name.
    pub name: Option<String>,
    /// What is said.
    pub parts: Vec<Part>,
    /// Vendor fields of the message: a JSON object in the request's dialect.
    pub extra: Option<Json>,
}

impl Message {
    /// A message of one text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            name: None,
            parts: vec![Part::text(text)],
            extra: None,
        }
    }
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub parameters: Option<Json>,
    /// Whether the model must keep to the schema exactly.
    pub strict: Option<bool>,
    /// Vendor fields of the tool: a JSON object.
    pub extra: Option<Json>,
}

/// Whether the model has to call a tool.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// It must not.
    None,
    /// It must.
    Required,
    /// It must call this one.
    Named(String),
    /// Another rule, in a dialect's words.
    Extension(Extension),
}

/// An answer that follows a JSON Schema.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonSchema {
    /// A name for it.
    pub name: String,
    /// What the answer is for.
    pub description: Option<String>,
    /// The schema.
    pub schema: Json,
    /// Whether the model must keep to it exactly.
    pub strict: Option<bool>,
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputFormat {
    /// Free text.
    Text,
    /// Some JSON value.
    Json,
    /// A JSON value that follows this schema.
    JsonSchema(JsonSchema),
    /// Another form, in a dialect's words.
    Extension(Extension),
}

/// How much the model should think.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thinking {
    /// A level in words.
    pub effort: Option<String>,
    /// The most tokens to think with.
    pub budget_tokens: Option<u32>,
    /// Vendor fields: a JSON object.
    pub extra: Option<Json>,
}

/// One request, whole or streamed alike.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The route the client asks for; the vendor's model name once a deployment is picked.
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<Tool>,
    /// Whether a tool has to be called.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called at once.
    pub parallel_tool_calls: Option<bool>,
    /// The most tokens to answer with.
    pub max_output_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    pub top_p: Option<f64>,
    /// Texts at which the model stops.
    pub stop: Vec<String>,
    /// The form of the answer.
    pub output: Option<OutputFormat>,
    /// How much to think.
    pub thinking: Option<Thinking>,
    /// The dialect of `options` and of bare `extra` objects.
    pub dialect: String,
    /// All other fields of the client's request.
    pub options: Vec<(String, Json)>,
}

/// Tokens the vendor counted; `None` where it did not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// All input tokens.
    pub input_tokens: Option<u64>,
    /// All output tokens.
    pub output_tokens: Option<u64>,
    /// Input tokens read from a cache.
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to a cache.
    pub cache_write_tokens: Option<u64>,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// The vendor's other counts.
    pub extra: Option<Extension>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached a limit.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// The vendor's safety system cut it off.
    ContentFilter,
    /// It refused.
    Refusal,
    /// Generation broke off.
    Error,
    /// Something else.
    Other,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The vendor's identifier.
    pub id: Option<String>,
    /// The model that answered, in the vendor's words.
    pub model: Option<String>,
    /// What it said.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What it cost.
    pub usage: Usage,
    /// What is left of the vendor's answer.
    pub extra: Option<Extension>,
}

impl Response {
    /// All text parts, joined.
    #[must_use]
    pub fn text(&self) -> String {
        let mut all = String::new();
        for part in &self.parts {
            if let Part::Text(text) = part {
                all.push_str(&text.text);
            }
        }
        all
    }
}
