//! A request to a model and its whole answer.

use std::hash::{Hash, Hasher};

use crate::{Extension, Part};

/// One JSON value as text. The host carries it without looking inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Json(pub String);

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Hash, Default)]
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

/// By hand, since a float has no `Hash`: a temperature counts by its bits. Nothing needs `0.0` and `-0.0` to be
/// the same, as a request is not `Eq` and never a key itself.
impl Hash for Request {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without `..`: a new field does not compile until it is hashed.
        let Self {
            model,
            messages,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_output_tokens,
            temperature,
            top_p,
            stop,
            output,
            thinking,
            dialect,
            options,
        } = self;
        model.hash(state);
        messages.hash(state);
        tools.hash(state);
        tool_choice.hash(state);
        parallel_tool_calls.hash(state);
        max_output_tokens.hash(state);
        temperature.map(f64::to_bits).hash(state);
        top_p.map(f64::to_bits).hash(state);
        stop.hash(state);
        output.hash(state);
        thinking.hash(state);
        dialect.hash(state);
        options.hash(state);
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::hash::DefaultHasher;

    use super::*;
    use crate::{Media, MediaData, Reasoning, Text, ToolCall, ToolPart, ToolResult};

    /// One way in which a request can differ from another, with a name for it.
    type Change = (&'static str, fn(&mut Request));

    fn json(text: &str) -> Json {
        Json(text.to_owned())
    }

    fn extension() -> Extension {
        Extension {
            kind: "openai.chat".to_owned(),
            value: json("{}"),
        }
    }

    /// A message with one part of every kind.
    fn message() -> Message {
        let media = Media {
            mime_type: "image/png".to_owned(),
            data: MediaData::Inline(vec![1, 2, 3]),
            name: None,
            extra: None,
        };
        let call = ToolCall {
            id: "1".to_owned(),
            name: "clock".to_owned(),
            arguments: json("{}"),
            extra: None,
        };
        let result = ToolResult {
            call_id: "1".to_owned(),
            is_error: false,
            content: vec![
                ToolPart::Text(Text::default()),
                ToolPart::Media(media.clone()),
                ToolPart::Extension(extension()),
            ],
            extra: None,
        };
        Message {
            role: Role::User,
            name: None,
            parts: vec![
                Part::text("hello"),
                Part::Media(media),
                Part::ToolCall(call),
                Part::ToolResult(result),
                Part::Reasoning(Reasoning::default()),
                Part::Refusal("no".to_owned()),
                Part::Extension(extension()),
            ],
            extra: None,
        }
    }

    fn tool() -> Tool {
        Tool {
            name: "clock".to_owned(),
            description: None,
            parameters: None,
            strict: None,
            extra: None,
        }
    }

    fn schema() -> JsonSchema {
        JsonSchema {
            name: "answer".to_owned(),
            description: None,
            schema: json("{}"),
            strict: None,
        }
    }

    fn request() -> Request {
        Request {
            model: "small".to_owned(),
            messages: vec![message()],
            tools: vec![tool()],
            tool_choice: Some(ToolChoice::Auto),
            parallel_tool_calls: Some(false),
            max_output_tokens: Some(1),
            temperature: Some(0.5),
            top_p: Some(0.5),
            stop: vec!["ab".to_owned()],
            output: Some(OutputFormat::Text),
            thinking: Some(Thinking::default()),
            dialect: "openai.chat".to_owned(),
            options: vec![("seed".to_owned(), json("1"))],
        }
    }

    fn hash(request: &Request) -> u64 {
        let mut hasher = DefaultHasher::new();
        request.hash(&mut hasher);
        hasher.finish()
    }

    /// Fails when two of the changed requests, or one and the unchanged, hash alike.
    fn all_differ(changes: &[Change]) {
        let mut seen = HashMap::from([(hash(&request()), "nothing")]);
        for &(name, change) in changes {
            let mut changed = request();
            change(&mut changed);
            assert_ne!(changed, request(), "the change of {name} must change something");
            let before = seen.insert(hash(&changed), name);
            assert_eq!(before, None, "a change of {name} must show in the hash");
        }
    }

    #[test]
    fn equal_requests_hash_alike() {
        assert_eq!(hash(&request()), hash(&request()));
    }

    #[test]
    fn every_field_of_a_request_shows_in_its_hash() {
        all_differ(&[
            ("model", |request| request.model.push('x')),
            ("messages", |request| {
                request.messages.push(Message::text(Role::User, "more"))
            }),
            ("tools", |request| request.tools.clear()),
            ("tool_choice", |request| {
                request.tool_choice = Some(ToolChoice::Required)
            }),
            ("tool_choice, left out", |request| request.tool_choice = None),
            ("tool_choice, another", |request| {
                request.tool_choice = Some(ToolChoice::Named("clock".to_owned()))
            }),
            ("parallel_tool_calls", |request| {
                request.parallel_tool_calls = Some(true)
            }),
            ("max_output_tokens", |request| request.max_output_tokens = Some(2)),
            ("temperature", |request| request.temperature = Some(0.25)),
            ("temperature, left out", |request| request.temperature = None),
            ("top_p", |request| request.top_p = Some(0.25)),
            ("top_p, left out", |request| request.top_p = None),
            ("stop", |request| request.stop = vec!["a".to_owned(), "b".to_owned()]),
            ("output", |request| request.output = Some(OutputFormat::Json)),
            ("output, by a schema", |request| {
                request.output = Some(OutputFormat::JsonSchema(schema()))
            }),
            ("thinking", |request| request.thinking = None),
            ("dialect", |request| request.dialect.clear()),
            ("options", |request| request.options[0].1 = json("2")),
            ("options, another name", |request| request.options[0].0.push('s')),
        ]);
    }

    #[test]
    fn every_part_of_a_message_shows_in_the_hash() {
        all_differ(&[
            ("role", |request| request.messages[0].role = Role::System),
            ("name", |request| request.messages[0].name = Some("Ada".to_owned())),
            ("extra", |request| request.messages[0].extra = Some(json("{}"))),
            ("order", |request| request.messages[0].parts.swap(0, 1)),
            ("text", |request| request.messages[0].parts[0] = Part::text("hallo")),
            ("media", |request| request.messages[0].parts.truncate(1)),
            ("kind of part", |request| {
                request.messages[0].parts[5] = Part::text("no")
            }),
            ("bytes", |request| {
                if let Part::Media(media) = &mut request.messages[0].parts[1] {
                    media.data = MediaData::Inline(vec![1, 2, 4]);
                }
            }),
            ("arguments", |request| {
                if let Part::ToolCall(call) = &mut request.messages[0].parts[2] {
                    call.arguments = json("{ }");
                }
            }),
            ("tool's failure", |request| {
                if let Part::ToolResult(result) = &mut request.messages[0].parts[3] {
                    result.is_error = true;
                }
            }),
            ("tool's answer", |request| {
                if let Part::ToolResult(result) = &mut request.messages[0].parts[3] {
                    result.content.clear();
                }
            }),
            ("reasoning", |request| {
                if let Part::Reasoning(reasoning) = &mut request.messages[0].parts[4] {
                    reasoning.signature = Some(String::new());
                }
            }),
        ]);
    }
}
