//! Whole requests, as the host hands them over.

use wharf_provider_sdk::{
    Extension, JsonSchema, Media, MediaData, Message, OutputFormat, Part, Reasoning, Request, Role, Text, Thinking,
    Tool, ToolCall, ToolChoice, ToolPart, ToolResult,
};

const RESPONSES: &str = "openai.responses";

/// The requests, each with its name. Every API has to write them all.
pub(crate) fn requests() -> Vec<(&'static str, Request)> {
    vec![
        ("from-chat", from_chat()),
        ("from-responses", from_responses()),
        ("from-anthropic", from_anthropic()),
        ("from-wharf", from_wharf()),
    ]
}

/// What only a server with responses understands.
pub(crate) fn of_responses() -> Vec<(&'static str, Request)> {
    vec![("own-items", own_items()), ("sealed", sealed())]
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn text(text: &str, extra: &str) -> Part {
    Part::Text(Text {
        text: text.into(),
        extra: Some(extra.into()),
    })
}

fn call(id: &str, arguments: &str, extra: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: "tide".into(),
        arguments: arguments.into(),
        extra: extra.map(Into::into),
    })
}

fn result(id: &str, is_error: bool, content: Vec<ToolPart>) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        is_error,
        content,
        extra: None,
    })
}

fn said(text: &str) -> ToolPart {
    ToolPart::Text(Text {
        text: text.into(),
        extra: None,
    })
}

fn picture(extra: Option<&str>) -> Media {
    Media {
        mime_type: "image/png".into(),
        data: MediaData::Inline(vec![137, 80, 78, 71]),
        name: None,
        extra: extra.map(Into::into),
    }
}

fn thought(text: Option<&str>, redacted: Option<&str>, extra: Option<&str>) -> Part {
    Part::Reasoning(Reasoning {
        text: text.map(Into::into),
        signature: None,
        redacted: redacted.map(Into::into),
        extra: extra.map(Into::into),
    })
}

fn tool(name: &str, parameters: Option<&str>, strict: Option<bool>) -> Tool {
    Tool {
        name: name.into(),
        description: Some(format!("Does {name}.")),
        parameters: parameters.map(Into::into),
        strict,
        extra: None,
    }
}

fn options(options: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn schema() -> OutputFormat {
    OutputFormat::JsonSchema(JsonSchema {
        name: "tide".into(),
        description: None,
        schema:
            r#"{"type":"object","properties":{"at":{"type":"string"}},"required":["at"],"additionalProperties":false}"#
                .into(),
        strict: Some(true),
    })
}

/// A picture, parallel calls, a tool that failed and one that shows something.
fn from_chat() -> Request {
    Request {
        model: "gpt-4o".into(),
        messages: vec![
            Message::text(Role::Developer, "Be brief."),
            message(
                Role::User,
                vec![
                    Part::text("When can we leave?"),
                    Part::Media(picture(Some(r#"{"image_url":{"detail":"low"}}"#))),
                ],
            ),
            message(
                Role::Assistant,
                vec![
                    Part::text("I look."),
                    call("call_a", r#"{"port":"Emden"}"#, None),
                    call("call_b", r#"{"port":"Husum"}"#, None),
                ],
            ),
            message(Role::Tool, vec![result("call_a", true, vec![said("no such port")])]),
            message(
                Role::Tool,
                vec![result(
                    "call_b",
                    false,
                    vec![said("noon"), ToolPart::Media(picture(None))],
                )],
            ),
            Message::text(Role::User, "And tomorrow?"),
        ],
        tools: vec![
            tool(
                "tide",
                Some(r#"{"type":"object","properties":{"port":{"type":"string"}}}"#),
                None,
            ),
            tool("clock", None, Some(true)),
        ],
        tool_choice: Some(ToolChoice::Named("tide".into())),
        parallel_tool_calls: Some(false),
        max_output_tokens: Some(500),
        temperature: Some(1.0),
        top_p: Some(0.9),
        output: Some(schema()),
        thinking: Some(Thinking {
            effort: Some("low".into()),
            ..Thinking::default()
        }),
        dialect: "openai.chat".into(),
        options: options(&[
            ("verbosity", r#""low""#),
            ("service_tier", r#""flex""#),
            ("metadata", r#"{"a":"b"}"#),
        ]),
        ..Request::default()
    }
}

/// What every vendor has, in the words of the responses API.
fn from_responses() -> Request {
    Request {
        model: "gpt-5.1".into(),
        messages: vec![
            Message {
                extra: Some(r#"{"type":"instructions"}"#.into()),
                ..Message::text(Role::System, "Be brief.")
            },
            message(
                Role::User,
                vec![
                    Part::text("When can we leave?"),
                    Part::Media(picture(Some(r#"{"detail":"low"}"#))),
                ],
            ),
            message(Role::Assistant, vec![call("call_a", "{}", None)]),
            message(Role::Tool, vec![result("call_a", false, vec![said("noon")])]),
        ],
        tools: vec![tool("tide", Some(r#"{"type":"object","properties":{}}"#), Some(true))],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        max_output_tokens: Some(500),
        output: Some(schema()),
        thinking: Some(Thinking {
            effort: Some("xhigh".into()),
            budget_tokens: None,
            extra: Some(r#"{"summary":"auto"}"#.into()),
        }),
        dialect: RESPONSES.into(),
        options: options(&[
            ("text", r#"{"verbosity":"low"}"#),
            ("prompt_cache_key", r#""k""#),
            ("metadata", r#"{"a":"b"}"#),
            ("stream_options", r#"{"include_obfuscation":false}"#),
            ("store", "false"),
        ]),
        ..Request::default()
    }
}

/// A conversation that another vendor began: its thoughts stay behind.
fn from_anthropic() -> Request {
    let cache = r#"{"cache_control":{"type":"ephemeral"}}"#;
    Request {
        model: "gpt-5.1".into(),
        messages: vec![
            message(Role::System, vec![text("Be brief.", cache)]),
            message(
                Role::User,
                vec![
                    text("When can we leave?", cache),
                    Part::Media(Media {
                        mime_type: "text/plain".into(),
                        data: MediaData::Inline(b"tides".to_vec()),
                        name: Some("table".into()),
                        extra: None,
                    }),
                    Part::Media(Media {
                        mime_type: "application/pdf".into(),
                        data: MediaData::Inline(b"%PDF".to_vec()),
                        name: None,
                        extra: None,
                    }),
                ],
            ),
            message(
                Role::Assistant,
                vec![
                    Part::Reasoning(Reasoning {
                        text: Some("Hm.".into()),
                        signature: Some("c2VhbA==".into()),
                        redacted: None,
                        extra: None,
                    }),
                    call("toolu_01A09q90qw90lq917835lq9", "{}", None),
                    Part::Extension(Extension::new("anthropic.messages", r#"{"type":"server_tool_use"}"#)),
                ],
            ),
            message(
                Role::User,
                vec![
                    result("toolu_01A09q90qw90lq917835lq9", false, vec![said("noon")]),
                    Part::text("Go on."),
                ],
            ),
        ],
        tools: vec![tool("tide", Some(r#"{"type":"object","properties":{}}"#), None)],
        tool_choice: Some(ToolChoice::Required),
        max_output_tokens: Some(500),
        thinking: Some(Thinking {
            effort: None,
            budget_tokens: Some(4096),
            extra: None,
        }),
        dialect: "anthropic.messages".into(),
        options: options(&[("metadata", r#"{"user_id":"u"}"#), ("user", r#""u""#)]),
        ..Request::default()
    }
}

fn from_wharf() -> Request {
    Request {
        model: "gpt-4o".into(),
        messages: vec![Message::text(Role::User, "When can we leave?")],
        temperature: Some(0.5),
        dialect: "wharf".into(),
        options: options(&[("top_logprobs", "1"), ("something_new", "1.10")]),
        ..Request::default()
    }
}

/// Items as a client sends them back, with whatever the vendor said of them.
fn own_items() -> Request {
    Request {
        model: "gpt-5.1".into(),
        messages: vec![
            message(
                Role::User,
                vec![Part::Extension(Extension::new(
                    RESPONSES,
                    r#"{"type":"input_file","file_data":"x"}"#,
                ))],
            ),
            message(
                Role::Assistant,
                vec![
                    thought(Some("Hm."), Some("c2VhbA=="), Some(r#"{"id":"rs_1","status":null}"#)),
                    text(
                        "One.",
                        r#"{"annotations":[{"type":"x"}],"message":{"id":"msg_1","status":"completed","phase":"commentary"}}"#,
                    ),
                    Part::Extension(Extension::new(RESPONSES, r#"{"type":"web_search_call","id":"ws_1"}"#)),
                    text("Two.", r#"{"message":{"id":"another-vendors","status":"completed"}}"#),
                    Part::text("Three."),
                    text("", r#"{"message":{"id":"msg_3"}}"#),
                    Part::Refusal("No.".into()),
                    call(
                        "call_a",
                        "{}",
                        Some(r#"{"id":"fc_1","status":"completed","namespace":"n"}"#),
                    ),
                ],
            ),
            message(
                Role::Tool,
                vec![
                    Part::Extension(Extension::new(
                        RESPONSES,
                        r#"{"type":"custom_tool_call_output","call_id":"c"}"#,
                    )),
                    result("call_a", false, vec![said("a"), said("b")]),
                ],
            ),
        ],
        tools: vec![Tool {
            extra: Some(r#"{"type":"web_search","search_context_size":"low"}"#.into()),
            ..tool("web_search", None, None)
        }],
        tool_choice: Some(ToolChoice::Extension(Extension::new(
            RESPONSES,
            r#"{"type":"web_search"}"#,
        ))),
        output: Some(OutputFormat::Extension(Extension::new(
            RESPONSES,
            r#"{"type":"grammar"}"#,
        ))),
        dialect: RESPONSES.into(),
        ..Request::default()
    }
}

/// Thoughts that come back, and those that cannot.
fn sealed() -> Request {
    Request {
        model: "gpt-5.1".into(),
        messages: vec![
            Message::text(Role::User, "Go on."),
            message(
                Role::Assistant,
                vec![
                    thought(Some("Kept."), Some("wharf:openai.responses:c2VhbA=="), None),
                    thought(Some("Another's."), Some("wharf:anthropic.messages:c2VhbA=="), None),
                    thought(Some("Unsealed."), None, Some(r#"{"id":"rs_2"}"#)),
                    thought(
                        Some("Shown."),
                        None,
                        Some(r#"{"id":"rs_3","content":[{"type":"reasoning_text","text":"Shown."}],"summary":[]}"#),
                    ),
                    Part::text("Noon."),
                ],
            ),
        ],
        dialect: RESPONSES.into(),
        ..Request::default()
    }
}
