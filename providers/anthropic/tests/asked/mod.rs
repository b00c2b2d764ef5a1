//! Whole requests, as the host hands them over.

use anthropic::DIALECT;
use anthropic::settings::Settings;
use wharf_provider_sdk::{
    Extension, JsonSchema, Media, MediaData, Message, OutputFormat, Part, Reasoning, Request, Role, Text, Thinking,
    Tool, ToolCall, ToolChoice, ToolPart, ToolResult,
};

/// The requests, each with its name and the settings of its deployment.
pub(crate) fn requests() -> Vec<(&'static str, Request, Settings)> {
    vec![
        ("from-openai", from_openai(), Settings::default()),
        ("same-dialect", same_dialect(), Settings::default()),
        ("from-wharf", from_wharf(), with_budget()),
        ("streamed", streamed(), Settings::default()),
    ]
}

fn with_budget() -> Settings {
    serde_json::from_str(r#"{"max_tokens":1000,"effort":"budget"}"#).expect("these settings fit the schema")
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn text(text: &str, extra: &str) -> Text {
    Text {
        text: text.into(),
        extra: Some(extra.into()),
    }
}

fn picture(extra: Option<&str>) -> Media {
    Media {
        mime_type: "image/png".into(),
        data: MediaData::Inline(vec![137, 80, 78, 71]),
        name: None,
        extra: extra.map(Into::into),
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

fn result(id: &str, text: &str) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        is_error: false,
        content: vec![ToolPart::Text(Text {
            text: text.into(),
            extra: None,
        })],
        extra: None,
    })
}

fn tool(name: &str, parameters: Option<&str>, strict: Option<bool>, extra: Option<&str>) -> Tool {
    Tool {
        name: name.into(),
        description: Some(format!("Does {name}.")),
        parameters: parameters.map(Into::into),
        strict,
        extra: extra.map(Into::into),
    }
}

fn options(options: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// Parallel calls, their results in messages of their own, and identifiers of another vendor.
fn from_openai() -> Request {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"additionalProperties":false}"#;
    Request {
        model: "claude-opus-4-6".into(),
        messages: vec![
            Message::text(Role::System, "Be brief."),
            message(
                Role::User,
                vec![
                    Part::text("How warm is it here and in Oslo?"),
                    Part::Media(picture(Some(r#"{"image_url":{"detail":"low"}}"#))),
                ],
            ),
            message(
                Role::Assistant,
                vec![
                    Part::text(""),
                    call("call_a", "weather", r#"{"city":"Rome"}"#, None),
                    call("call.b", "weather", r#"{"city":"Oslo"}"#, None),
                ],
            ),
            message(Role::Tool, vec![result("call_a", r#"{"celsius":21.50}"#)]),
            message(Role::Tool, vec![result("call.b", "5 degrees")]),
            Message::text(Role::Developer, "Use Celsius."),
            Message::text(Role::User, "And tomorrow?"),
        ],
        tools: vec![
            tool("weather", Some(schema), Some(true), None),
            tool("clock", None, Some(false), None),
        ],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(false),
        max_output_tokens: Some(500),
        temperature: Some(0.5),
        stop: vec!["END".into()],
        output: Some(OutputFormat::JsonSchema(JsonSchema {
            name: "answer".into(),
            description: None,
            schema: schema.into(),
            strict: Some(true),
        })),
        dialect: "openai.chat".into(),
        options: options(&[
            ("frequency_penalty", "0"),
            ("logit_bias", "{}"),
            ("service_tier", r#""auto""#),
            ("user", r#""u""#),
        ]),
        ..Request::default()
    }
}

/// Everything of the vendor's own: nothing of it may be lost.
pub(crate) fn same_dialect() -> Request {
    let cached = r#"{"cache_control":{"type":"ephemeral","ttl":"1h"}}"#;
    let search = r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"Oslo"}}"#;
    let found = r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#;
    let web_search = r#"{"type":"web_search_20250305","name":"web_search","max_uses":3}"#;
    Request {
        model: "claude-sonnet-4-5".into(),
        messages: vec![
            message(
                Role::System,
                vec![Part::text("Be brief."), Part::Text(text("Be kind.", cached))],
            ),
            message(
                Role::User,
                vec![
                    Part::Media(Media {
                        mime_type: "application/pdf".into(),
                        data: MediaData::Url("https://e.com/a.pdf".into()),
                        name: Some("A".into()),
                        extra: Some(r#"{"citations":{"enabled":true},"context":"c"}"#.into()),
                    }),
                    Part::Media(Media {
                        mime_type: "text/plain".into(),
                        data: MediaData::Inline(b"plain".to_vec()),
                        name: None,
                        extra: None,
                    }),
                    Part::Media(picture(Some(
                        r#"{"cache_control":{"type":"ephemeral"},"source":{"something_new":1}}"#,
                    ))),
                ],
            ),
            message(
                Role::Assistant,
                vec![
                    Part::Reasoning(Reasoning {
                        text: Some("A picture.".into()),
                        signature: Some("c2VhbA==".into()),
                        redacted: None,
                        extra: None,
                    }),
                    Part::Reasoning(Reasoning {
                        text: None,
                        signature: None,
                        redacted: Some("aGlkZGVu".into()),
                        extra: None,
                    }),
                    Part::Extension(Extension {
                        kind: DIALECT.into(),
                        value: search.into(),
                    }),
                    Part::Extension(Extension {
                        kind: DIALECT.into(),
                        value: found.into(),
                    }),
                    call(
                        "toolu_1",
                        "look",
                        r#"{"at":1.0}"#,
                        Some(r#"{"caller":{"type":"direct"}}"#),
                    ),
                ],
            ),
            message(
                Role::User,
                vec![
                    Part::ToolResult(ToolResult {
                        call_id: "toolu_1".into(),
                        is_error: true,
                        content: vec![ToolPart::Text(text("no light", cached)), ToolPart::Media(picture(None))],
                        extra: Some(r#"{"cache_control":{"type":"ephemeral"}}"#.into()),
                    }),
                    Part::text("Try again."),
                ],
            ),
            message(Role::System, vec![Part::Text(text("It is night.", cached))]),
        ],
        tools: vec![
            tool("look", Some(r#"{"type":"object"}"#), Some(false), Some(cached)),
            tool("web_search", None, None, Some(web_search)),
        ],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        max_output_tokens: Some(4096),
        temperature: Some(1.0),
        stop: vec!["END".into()],
        thinking: Some(Thinking {
            effort: Some("high".into()),
            budget_tokens: Some(2048),
            extra: Some(r#"{"display":"summarized"}"#.into()),
        }),
        dialect: DIALECT.into(),
        options: options(&[
            ("top_k", "40"),
            ("metadata", r#"{"user_id":"u"}"#),
            ("service_tier", r#""auto""#),
            ("anthropic_beta", r#""context-1m-2025-08-07""#),
            ("context_management", r#"{"edits":[]}"#),
            ("output_config", r#"{"task_budget":{"type":"tokens","total":9}}"#),
        ]),
        ..Request::default()
    }
}

/// The host's own API: options go on as they are, and an effort becomes a budget beside what the operator allows.
fn from_wharf() -> Request {
    Request {
        model: "claude-sonnet-4-5".into(),
        messages: vec![Message::text(Role::User, "a"), Message::text(Role::User, "b")],
        thinking: Some(Thinking {
            effort: Some("medium".into()),
            budget_tokens: None,
            extra: None,
        }),
        options: options(&[
            ("top_k", "5"),
            ("user", r#""u""#),
            ("container", r#""c""#),
            ("stream", "true"),
        ]),
        ..Request::default()
    }
}

/// The least there can be.
fn streamed() -> Request {
    Request {
        model: "claude-haiku-4-5".into(),
        messages: vec![Message::text(Role::User, "a")],
        dialect: "openai.responses".into(),
        thinking: Some(Thinking {
            effort: Some("minimal".into()),
            budget_tokens: None,
            extra: None,
        }),
        ..Request::default()
    }
}
