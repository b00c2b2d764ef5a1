//! Whole requests, as the host hands them over.

use ollama::DIALECT;
use ollama::settings::Settings;
use wharf_provider_sdk::{
    EmbedRequest, JsonSchema, Media, MediaData, Message, OutputFormat, Part, Reasoning, Request, Role, Text, Thinking,
    Tool, ToolCall, ToolChoice, ToolPart, ToolResult,
};

/// The requests, each with its name and the settings of its deployment.
pub(crate) fn requests() -> Vec<(&'static str, Request, Settings)> {
    vec![
        ("from-openai", from_openai(), configured()),
        ("from-anthropic", from_anthropic(), Settings::default()),
        ("same-dialect", same_dialect(), configured()),
        ("from-wharf", from_wharf(), Settings::default()),
    ]
}

fn configured() -> Settings {
    let json = r#"{"keep_alive":"30m","options":{"num_ctx":16384,"temperature":0.1},"think":false}"#;
    serde_json::from_str(json).expect("these settings fit the schema")
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn call(id: &str, name: &str, arguments: &str, extra: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
        extra: extra.map(Into::into),
    })
}

fn result(id: &str, text: &str, is_error: bool) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        is_error,
        content: vec![ToolPart::Text(Text {
            text: text.into(),
            extra: None,
        })],
        extra: None,
    })
}

fn tool(name: &str, parameters: Option<&str>, extra: Option<&str>) -> Tool {
    Tool {
        name: name.into(),
        description: Some(format!("Does {name}.")),
        parameters: parameters.map(Into::into),
        strict: None,
        extra: extra.map(Into::into),
    }
}

fn options(options: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// Parallel calls, their results in messages of their own.
fn from_openai() -> Request {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"additionalProperties":false}"#;
    Request {
        model: "qwen3:8b".into(),
        messages: vec![
            Message::text(Role::System, "Be brief."),
            message(
                Role::User,
                vec![
                    Part::text("How warm is it here and in Oslo?"),
                    Part::Media(Media {
                        mime_type: "image/png".into(),
                        data: MediaData::Inline(vec![137, 80, 78, 71]),
                        name: None,
                        extra: Some(r#"{"image_url":{"detail":"low"}}"#.into()),
                    }),
                ],
            ),
            message(
                Role::Assistant,
                vec![
                    call("call_a", "weather", r#"{"city":"Rome"}"#, None),
                    call("call_b", "weather", r#"{"city":"Oslo"}"#, None),
                ],
            ),
            message(Role::Tool, vec![result("call_a", r#"{"celsius":21.50}"#, false)]),
            message(Role::Tool, vec![result("call_b", "5 degrees", false)]),
            Message::text(Role::User, "And tomorrow?"),
        ],
        tools: vec![tool("weather", Some(schema), None), tool("clock", None, None)],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        max_output_tokens: Some(500),
        temperature: Some(0.5),
        top_p: Some(0.9),
        stop: vec!["END".into()],
        thinking: Some(Thinking {
            effort: Some("low".into()),
            budget_tokens: None,
            extra: None,
        }),
        dialect: "openai.chat".into(),
        options: options(&[
            ("seed", "7"),
            ("frequency_penalty", "0.25"),
            ("n", "1"),
            ("logit_bias", "{}"),
        ]),
        ..Request::default()
    }
}

/// A conversation that another vendor began: its thoughts come along as text, its seals do not.
fn from_anthropic() -> Request {
    Request {
        model: "gpt-oss:20b".into(),
        messages: vec![
            message(
                Role::System,
                vec![Part::Text(Text {
                    text: "Be brief.".into(),
                    extra: Some(r#"{"cache_control":{"type":"ephemeral"}}"#.into()),
                })],
            ),
            Message::text(Role::User, "How warm is it?"),
            message(
                Role::Assistant,
                vec![
                    Part::Reasoning(Reasoning {
                        text: Some("I should look.".into()),
                        signature: Some("another vendor's".into()),
                        redacted: None,
                        extra: None,
                    }),
                    Part::text("Let me see."),
                    call("toolu_1", "weather", "{}", None),
                ],
            ),
            message(
                Role::User,
                vec![result("toolu_1", "no connection", true), Part::text("Try again.")],
            ),
        ],
        tools: vec![tool("weather", Some(r#"{"type":"object"}"#), None)],
        max_output_tokens: Some(4096),
        thinking: Some(Thinking {
            effort: None,
            budget_tokens: Some(2048),
            extra: None,
        }),
        dialect: "anthropic.messages".into(),
        options: options(&[("top_k", "40"), ("metadata", r#"{"user_id":"u"}"#)]),
        ..Request::default()
    }
}

/// Everything of the vendor's own: nothing of it may be lost.
fn same_dialect() -> Request {
    let named = |name: &str, message: Message| Message {
        name: Some(name.into()),
        ..message
    };
    let later = Message {
        extra: Some(r#"{"something_new":[1.50]}"#.into()),
        ..message(Role::User, vec![Part::text("Sum it up.")])
    };
    Request {
        model: "qwen3:8b".into(),
        messages: vec![
            Message::text(Role::User, "Look it up."),
            message(
                Role::Assistant,
                vec![
                    Part::Reasoning(Reasoning {
                        text: Some("Where?".into()),
                        signature: None,
                        redacted: None,
                        extra: None,
                    }),
                    call(
                        "call_0",
                        "look",
                        r#"{"at":1.0}"#,
                        Some(r#"{"type":"function","function":{"sure":true}}"#),
                    ),
                ],
            ),
            named("look", message(Role::Tool, vec![Part::text("nothing")])),
            later,
        ],
        tools: vec![tool(
            "look",
            Some(r#"{"type":"object","required":["at"],"properties":{"at":{"type":"number"}}}"#),
            Some(r#"{"items":{"type":"string"},"function":{"cost":0.10}}"#),
        )],
        output: Some(OutputFormat::JsonSchema(JsonSchema {
            name: "answer".into(),
            description: None,
            schema: r#"{"type":"object","properties":{"n":{"type":"integer","maximum":10}}}"#.into(),
            strict: Some(true),
        })),
        dialect: DIALECT.into(),
        options: options(&[
            ("think", r#""high""#),
            ("keep_alive", "-1"),
            ("options", r#"{"num_ctx":32768,"mirostat":0,"min_p":0.05,"num_keep":5}"#),
            ("truncate", "false"),
            ("logprobs", "true"),
            ("top_logprobs", "2"),
        ]),
        ..Request::default()
    }
}

/// The host's own API: options go on as they are.
fn from_wharf() -> Request {
    Request {
        model: "llama3.2".into(),
        messages: vec![Message::text(Role::User, "a"), Message::text(Role::User, "b")],
        temperature: Some(1.0),
        tools: vec![tool("weather", None, None)],
        tool_choice: Some(ToolChoice::None),
        output: Some(OutputFormat::Json),
        options: options(&[
            ("seed", "1"),
            ("user", r#""u""#),
            ("keep_alive", r#""5m""#),
            ("options", r#"{"repeat_penalty":1.1}"#),
        ]),
        ..Request::default()
    }
}

/// Requests for embeddings, each with its name and the settings of its deployment.
pub(crate) fn embeddings() -> Vec<(&'static str, EmbedRequest, Settings)> {
    let request = |dimensions, dialect: &str, given: &[(&str, &str)]| EmbedRequest {
        model: "nomic-embed-text".into(),
        input: vec!["Why is the sky blue?".into(), "Why is grass green?".into()],
        dimensions,
        dialect: dialect.into(),
        options: options(given),
    };
    let strict = r#"{"truncate":false,"keep_alive":"30m","options":{"num_ctx":2048}}"#;
    let strict: Settings = serde_json::from_str(strict).expect("these settings fit the schema");
    let foreign = [("user", r#""u""#), ("new", "null")];
    let own = [
        ("truncate", "true"),
        ("keep_alive", "-1"),
        ("options", r#"{"num_thread":4}"#),
        ("something_new", "[1.50]"),
    ];
    vec![
        ("from-openai", request(Some(256), "openai.chat", &foreign), strict),
        ("same-dialect", request(None, DIALECT, &own), Settings::default()),
    ]
}
