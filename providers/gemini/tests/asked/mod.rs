//! Whole requests, as the host hands them over.

use gemini::DIALECT;
use gemini::settings::Settings;
use wharf_provider_sdk::{
    EmbedRequest, Extension, JsonSchema, Media, MediaData, Message, OutputFormat, Part, Reasoning, Request, Role, Text,
    Thinking, Tool, ToolCall, ToolChoice, ToolPart, ToolResult,
};

/// The requests, each with its name and the settings of its deployment.
pub(crate) fn requests() -> Vec<(&'static str, Request, Settings)> {
    vec![
        ("from-openai", from_openai(), safe()),
        ("from-anthropic", from_anthropic(), Settings::default()),
        ("same-dialect", same_dialect(), safe()),
        ("from-wharf", from_wharf(), Settings::default()),
    ]
}

fn safe() -> Settings {
    let json = r#"{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"}]}"#;
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

/// Parallel calls, their results in messages of their own, one call named.
fn from_openai() -> Request {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"additionalProperties":false}"#;
    Request {
        model: "gemini-2.5-flash".into(),
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
        tool_choice: Some(ToolChoice::Named("weather".into())),
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
        options: options(&[("seed", "7"), ("frequency_penalty", "0"), ("logit_bias", "{}")]),
        ..Request::default()
    }
}

/// A conversation that another vendor began: its thoughts stay behind, its calls are marked.
fn from_anthropic() -> Request {
    Request {
        model: "gemini-3-pro-preview".into(),
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
                    call("toolu_1", "weather", "{}", None),
                ],
            ),
            message(
                Role::User,
                vec![result("toolu_1", "no connection", true), Part::text("Try again.")],
            ),
        ],
        tools: vec![tool("weather", Some(r#"{"type":"object"}"#), None)],
        tool_choice: Some(ToolChoice::Required),
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
    let code = r#"{"executableCode":{"language":"PYTHON","code":"print(1)"},"thoughtSignature":"c2ln"}"#;
    Request {
        model: "gemini-3-flash-preview".into(),
        messages: vec![
            message(
                Role::User,
                vec![Part::Media(Media {
                    mime_type: "video/mp4".into(),
                    data: MediaData::Url("https://e.com/v".into()),
                    name: None,
                    extra: Some(r#"{"videoMetadata":{"fps":2},"fileData":{"displayName":"v"}}"#.into()),
                })],
            ),
            message(
                Role::Assistant,
                vec![
                    Part::Reasoning(Reasoning {
                        text: Some("A video.".into()),
                        signature: Some("c2VhbA==".into()),
                        redacted: None,
                        extra: None,
                    }),
                    Part::Extension(Extension {
                        kind: DIALECT.into(),
                        value: code.into(),
                    }),
                    call("x", "look", r#"{"at":1.0}"#, Some(r#"{"thoughtSignature":"c2lnMg=="}"#)),
                    Part::Text(Text {
                        text: String::new(),
                        extra: Some(r#"{"thoughtSignature":"c2lnMw=="}"#.into()),
                    }),
                ],
            ),
            message(
                Role::Tool,
                vec![Part::ToolResult(ToolResult {
                    call_id: "x".into(),
                    is_error: false,
                    content: vec![ToolPart::Media(Media {
                        mime_type: "image/png".into(),
                        data: MediaData::Inline(vec![1, 2]),
                        name: None,
                        extra: None,
                    })],
                    extra: Some(r#"{"functionResponse":{"scheduling":"SILENT"}}"#.into()),
                })],
            ),
        ],
        tools: vec![
            tool("look", None, Some(r#"{"behavior":"BLOCKING"}"#)),
            tool("googleSearch", None, Some(r#"{"googleSearch":{}}"#)),
        ],
        tool_choice: Some(ToolChoice::Auto),
        output: Some(OutputFormat::JsonSchema(JsonSchema {
            name: "answer".into(),
            description: None,
            schema: r#"{"type":"object","properties":{"n":{"type":"integer","maximum":10}}}"#.into(),
            strict: Some(true),
        })),
        thinking: Some(Thinking {
            effort: Some("medium".into()),
            budget_tokens: None,
            extra: Some(r#"{"includeThoughts":false,"somethingNew":1}"#.into()),
        }),
        dialect: DIALECT.into(),
        options: options(&[
            (
                "generationConfig",
                r#"{"mediaResolution":"MEDIA_RESOLUTION_LOW","candidateCount":1}"#,
            ),
            ("toolConfig", r#"{"retrievalConfig":{"languageCode":"de"}}"#),
            ("tools", r#"[{"urlContext":{}}]"#),
            ("cachedContent", r#""cachedContents/1""#),
            ("safetySettings", "[]"),
        ]),
        ..Request::default()
    }
}

/// The host's own API: options go on as they are.
fn from_wharf() -> Request {
    Request {
        model: "models/gemini-2.5-pro".into(),
        messages: vec![Message::text(Role::User, "a"), Message::text(Role::User, "b")],
        temperature: Some(1.0),
        output: Some(OutputFormat::Json),
        options: options(&[
            ("seed", "1"),
            ("user", r#""u""#),
            ("generationConfig", r#"{"responseModalities":["TEXT"]}"#),
            ("labels", r#"{"team":"a"}"#),
        ]),
        ..Request::default()
    }
}

/// Requests for vectors: of a client of OpenAI's API, and of one that speaks this dialect.
pub(crate) fn embeddings() -> Vec<(&'static str, EmbedRequest)> {
    let texts = |texts: [&str; 2]| -> Vec<String> { texts.map(str::to_owned).into() };
    let from_openai = EmbedRequest {
        model: "gemini-embedding-001".into(),
        input: texts(["Ships are loaded there.", "Schiffe — dort \"beladen\""]),
        dimensions: Some(256),
        dialect: "openai.embeddings".into(),
        options: options(&[("user", r#""u""#), ("taskType", r#""RETRIEVAL_DOCUMENT""#)]),
    };
    let same_dialect = EmbedRequest {
        model: "models/gemini-embedding-001".into(),
        input: texts(["a", ""]),
        dimensions: None,
        dialect: DIALECT.into(),
        options: options(&[
            ("title", r#""T""#),
            ("outputDimensionality", "768"),
            ("somethingNew", "1.0"),
        ]),
    };
    vec![("from-openai", from_openai), ("same-dialect", same_dialect)]
}
