//! What a message consists of.

use crate::Json;

/// Vendor fields in the words of a named dialect (`openai.chat`, `anthropic.messages`).
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Extension {
    /// The dialect.
    pub kind: String,
    /// The value.
    pub value: Json,
}

/// Text.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Vendor fields of the part: a JSON object in the request's dialect.
    pub extra: Option<Json>,
}

/// Where the bytes of a medium are.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum MediaData {
    /// The vendor fetches them from here.
    Url(String),
    /// Here, raw.
    Inline(Vec<u8>),
}

/// A picture, a sound, a document.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Media {
    /// The type, or with a URL a mere family (`image/*`).
    pub mime_type: String,
    /// The bytes, or where they are.
    pub data: MediaData,
    /// A file name.
    pub name: Option<String>,
    /// Vendor fields of the part: a JSON object in the request's dialect.
    pub extra: Option<Json>,
}

/// A tool that the model wants called.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct ToolCall {
    /// Its identifier.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: Json,
    /// Vendor fields of the part: a JSON object.
    pub extra: Option<Json>,
}

/// A piece of a tool's answer.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum ToolPart {
    /// Text.
    Text(Text),
    /// A picture or a file.
    Media(Media),
    /// Something else, in a dialect's words.
    Extension(Extension),
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct ToolResult {
    /// The call it answers.
    pub call_id: String,
    /// Whether the tool failed.
    pub is_error: bool,
    /// The answer.
    pub content: Vec<ToolPart>,
    /// Vendor fields of the part: a JSON object.
    pub extra: Option<Json>,
}

/// What the model thought.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct Reasoning {
    /// The visible text.
    pub text: Option<String>,
    /// The vendor's seal, with the mark of its dialect (`wharf:DIALECT:`); goes back unchanged.
    pub signature: Option<String>,
    /// Encrypted reasoning, marked likewise; goes back unchanged.
    pub redacted: Option<String>,
    /// Vendor fields of the part: a JSON object.
    pub extra: Option<Json>,
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Part {
    /// Text.
    Text(Text),
    /// A picture, a sound, a document.
    Media(Media),
    /// The assistant wants a tool called.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// What the model thought.
    Reasoning(Reasoning),
    /// A refusal in the model's words.
    Refusal(String),
    /// Something else, in a dialect's words.
    Extension(Extension),
}

impl Part {
    /// A text without vendor fields.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text {
            text: text.into(),
            extra: None,
        })
    }
}
