//! What goes on the wire.

use serde_json::{Value, json};
use wharf_provider_sdk::{
    ErrorKind, Extension, Media, MediaData, Message, OutputFormat, Part, Reasoning, Role, Text, Thinking, Tool,
    ToolCall, ToolChoice, ToolPart, ToolResult,
};

use super::*;
use crate::chat::Thoughts;

fn request() -> Request {
    Request {
        model: "m".into(),
        dialect: DIALECT.into(),
        ..Request::default()
    }
}

fn wire(request: &Request) -> Value {
    serde_json::from_slice(&body(request, &Server::default(), false).unwrap()).unwrap()
}

fn content_of(parts: Vec<Part>) -> Value {
    let message = Message {
        role: Role::User,
        name: None,
        parts,
        extra: None,
    };
    wire(&Request {
        messages: vec![message],
        ..request()
    })["messages"][0]["content"]
        .take()
}

#[test]
fn one_text_is_a_string() {
    assert_eq!(content_of(vec![Part::text("hi")]), json!("hi"));
}

#[test]
fn a_text_with_vendor_fields_is_a_list() {
    let text = Text {
        text: "hi".into(),
        extra: Some(r#"{"cache_control":{"type":"ephemeral"}}"#.into()),
    };
    assert_eq!(
        content_of(vec![Part::Text(text)]),
        json!([{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}])
    );
}

#[test]
fn media_take_the_form_of_their_kind() {
    let media = |mime: &str, data, extra: Option<&str>| {
        Part::Media(Media {
            mime_type: mime.into(),
            data,
            name: Some("n".into()),
            extra: extra.map(Into::into),
        })
    };
    assert_eq!(
        content_of(vec![
            Part::text("look"),
            media(
                "image/*",
                MediaData::Url("https://e.com/a.png".into()),
                Some(r#"{"image_url":{"detail":"low"}}"#)
            ),
            media("image/png", MediaData::Inline(vec![1, 2, 3]), None),
            media("audio/mpeg", MediaData::Inline(vec![1]), None),
            media("application/pdf", MediaData::Inline(vec![2]), None),
        ]),
        json!([
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://e.com/a.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQID"}},
            {"type": "input_audio", "input_audio": {"data": "AQ==", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,Ag==", "filename": "n"}},
        ])
    );
}

#[test]
fn a_tool_conversation_keeps_its_ids_and_order() {
    let call = |id: &str| ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: "{\"a\":1}".into(),
        extra: None,
    };
    let result = |id: &str| {
        Part::ToolResult(ToolResult {
            call_id: id.into(),
            is_error: false,
            content: vec![ToolPart::Text(Text {
                text: id.to_uppercase(),
                extra: None,
            })],
            extra: None,
        })
    };
    let messages = vec![
        Message {
            role: Role::Assistant,
            name: None,
            parts: vec![Part::ToolCall(call("x")), Part::ToolCall(call("y"))],
            extra: None,
        },
        Message {
            role: Role::User,
            name: None,
            parts: vec![result("x"), result("y"), Part::text("go on")],
            extra: None,
        },
    ];
    assert_eq!(
        wire(&Request { messages, ..request() })["messages"],
        json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "y", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "x", "content": "X"},
            {"role": "tool", "tool_call_id": "y", "content": "Y"},
            {"role": "user", "content": "go on"},
        ])
    );
}

#[test]
fn tools_choice_format_and_thinking_are_written() {
    let tools = vec![
        Tool {
            name: "f".into(),
            description: Some("d".into()),
            parameters: Some(r#"{"type":"object"}"#.into()),
            strict: Some(true),
            extra: Some(r#"{"x":1,"function":{"y":2}}"#.into()),
        },
        Tool {
            name: "g".into(),
            description: None,
            parameters: None,
            strict: None,
            extra: Some(r#"{"type":"custom","custom":{"name":"g"}}"#.into()),
        },
    ];
    let schema = JsonSchema {
        name: "s".into(),
        description: None,
        schema: r#"{"b":1,"a":2}"#.into(),
        strict: Some(true),
    };
    let thinking = Thinking {
        effort: Some("low".into()),
        budget_tokens: None,
        extra: None,
    };
    let body = wire(&Request {
        tools,
        tool_choice: Some(ToolChoice::Named("f".into())),
        parallel_tool_calls: Some(false),
        output: Some(OutputFormat::JsonSchema(schema)),
        thinking: Some(thinking),
        temperature: Some(1.0),
        top_p: Some(0.25),
        stop: vec!["a".into()],
        ..request()
    });
    assert_eq!(
        body,
        json!({
            "model": "m", "messages": [],
            "tools": [
                {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true, "y": 2}, "x": 1},
                {"type": "custom", "custom": {"name": "g"}},
            ],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "parallel_tool_calls": false, "temperature": 1, "top_p": 0.25, "stop": ["a"],
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"b": 1, "a": 2}, "strict": true}},
            "reasoning_effort": "low",
        })
    );
}

#[test]
fn unknown_fields_pass_digit_for_digit_in_the_same_dialect_only() {
    let options = vec![
        ("seed".to_owned(), "12345678901234567890123".to_owned()),
        ("vllm_x".to_owned(), "1.10".to_owned()),
    ];
    let text = |dialect: &str| {
        let request = Request {
            dialect: dialect.into(),
            options: options.clone(),
            ..request()
        };
        String::from_utf8(body(&request, &Server::default(), false).unwrap()).unwrap()
    };
    assert!(text(DIALECT).contains(r#""seed":12345678901234567890123,"vllm_x":1.10"#));
    let request = Request {
        dialect: "anthropic.messages".into(),
        options,
        ..request()
    };
    let error = body(&request, &Server::default(), false).unwrap_err();
    assert!(error.message.contains("`vllm_x`"), "{error:?}");
}

#[test]
fn the_output_limit_is_sent_once_under_the_clients_name() {
    let limited = Request {
        max_output_tokens: Some(5),
        ..request()
    };
    assert_eq!(wire(&limited)["max_tokens"], 5);
    let options = vec![("max_completion_tokens".to_owned(), "5".to_owned())];
    let body = wire(&Request { options, ..limited });
    assert_eq!(
        (&body["max_completion_tokens"], &body["max_tokens"]),
        (&json!(5), &Value::Null)
    );
}

#[test]
fn a_server_that_knows_one_name_of_the_limit_gets_that() {
    let server = Server {
        max_tokens_fixed: true,
        ..Server::default()
    };
    let limited = Request {
        max_output_tokens: Some(5),
        options: vec![("max_completion_tokens".to_owned(), "5".to_owned())],
        ..request()
    };
    let body: Value = serde_json::from_slice(&body(&limited, &server, false).unwrap()).unwrap();
    assert_eq!(body, json!({"model": "m", "messages": [], "max_tokens": 5}));
}

#[test]
fn a_developer_is_the_system_to_servers_that_know_no_developer() {
    let asked = Request {
        messages: vec![Message::text(Role::Developer, "Be brief.")],
        ..request()
    };
    for (server, role) in [(Server::default(), "system"), (Server::openai(), "developer")] {
        let body: Value = serde_json::from_slice(&body(&asked, &server, false).unwrap()).unwrap();
        assert_eq!(body["messages"][0]["role"], role);
    }
}

#[test]
fn rules_about_tools_that_there_are_not_are_left_out() {
    let asked = |dialect: &str, choice| Request {
        tool_choice: Some(choice),
        parallel_tool_calls: Some(true),
        dialect: dialect.to_owned(),
        ..request()
    };
    let body = wire(&asked("openai.responses", ToolChoice::Auto));
    assert_eq!(body, json!({"model": "m", "messages": []}), "OpenAI refuses them");
    let body = wire(&asked(DIALECT, ToolChoice::Auto));
    assert_eq!(body["tool_choice"], "auto", "a client of this API is taken at its word");
    let body = wire(&asked("openai.responses", ToolChoice::Required));
    assert_eq!(
        body["tool_choice"], "required",
        "the server says what it thinks of that"
    );
}

#[test]
fn the_functions_that_may_be_called_are_listed_as_this_api_does() {
    let rule = r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}"#;
    let asked = |rule: &str| Request {
        tool_choice: Some(ToolChoice::Extension(Extension::new("openai.responses", rule))),
        dialect: "openai.responses".to_owned(),
        ..request()
    };
    assert_eq!(
        wire(&asked(rule))["tool_choice"],
        json!({"type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}})
    );
    let other = r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"}]}"#;
    let error = body(&asked(other), &Server::default(), false).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error:?}");
}

#[test]
fn a_server_decides_what_the_client_leaves_open() {
    let server = Server {
        max_tokens_field: "max_completion_tokens",
        stream_usage: false,
        ..Server::default()
    };
    let limited = Request {
        max_output_tokens: Some(5),
        ..request()
    };
    let body: Value = serde_json::from_slice(&body(&limited, &server, true).unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"model": "m", "messages": [], "max_completion_tokens": 5, "stream": true})
    );
}

#[test]
fn streams_ask_for_usage_and_keep_the_clients_stream_options() {
    let options = vec![(
        "stream_options".to_owned(),
        r#"{"include_usage":false,"include_obfuscation":false}"#.to_owned(),
    )];
    let request = Request { options, ..request() };
    let streamed: Value = serde_json::from_slice(&body(&request, &Server::default(), true).unwrap()).unwrap();
    assert_eq!(streamed["stream"], true);
    assert_eq!(
        streamed["stream_options"],
        json!({"include_usage": true, "include_obfuscation": false})
    );
    assert!(
        wire(&request).get("stream_options").is_none(),
        "OpenAI refuses stream_options without stream"
    );
}

#[test]
fn a_part_of_another_dialect_is_refused_by_name() {
    let part = Part::Extension(Extension {
        kind: "anthropic.messages".into(),
        value: "{}".into(),
    });
    let message = Message {
        role: Role::User,
        name: None,
        parts: vec![part],
        extra: None,
    };
    let error = body(
        &Request {
            messages: vec![message],
            ..request()
        },
        &Server::default(),
        false,
    )
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    for word in ["anthropic.messages", "`messages[0].content[0]`"] {
        assert!(error.message.contains(word), "{error:?}");
    }
}

#[test]
fn what_another_vendors_model_did_and_thought_stays_behind() {
    let searched = Part::Extension(Extension {
        kind: "anthropic.messages".into(),
        value: r#"{"type":"server_tool_use"}"#.into(),
    });
    let thought = Part::Reasoning(Reasoning {
        text: Some("hm".into()),
        signature: Some("wharf:anthropic.messages:c2VhbA==".into()),
        redacted: None,
        extra: None,
    });
    let turn = |parts| Message {
        role: Role::Assistant,
        name: None,
        parts,
        extra: None,
    };
    let body = wire(&Request {
        messages: vec![
            turn(vec![thought.clone(), searched.clone(), Part::text("a")]),
            turn(vec![thought, searched]),
        ],
        ..request()
    });
    assert_eq!(body["messages"], json!([{"role": "assistant", "content": "a"}]));
}

#[test]
fn what_only_another_vendor_has_is_refused_by_name() {
    let refused = |request: Request, field: &str| {
        let error = body(&request, &Server::default(), false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{field}");
        assert!(error.message.contains(field), "{error:?}");
    };
    let foreign = || Extension {
        kind: "openai.responses".into(),
        value: "{}".into(),
    };
    let search = Tool {
        name: "web_search".into(),
        description: None,
        parameters: None,
        strict: None,
        extra: Some(r#"{"type":"web_search"}"#.into()),
    };
    let tools = Request {
        tools: vec![search],
        dialect: "openai.responses".into(),
        ..request()
    };
    refused(tools, "`tools[0]`");
    let choice = Request {
        tool_choice: Some(ToolChoice::Extension(foreign())),
        ..request()
    };
    refused(choice, "`tool_choice`");
    let output = Request {
        output: Some(OutputFormat::Extension(foreign())),
        ..request()
    };
    refused(output, "`response_format`");
}

#[test]
fn seals_of_others_do_not_reach_the_server() {
    let call = ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: "{}".into(),
        extra: Some(r#"{"thoughtSignature":"wharf:gemini.generate:eA==","kept":1}"#.into()),
    };
    let message = Message {
        role: Role::Assistant,
        name: None,
        parts: vec![Part::ToolCall(call)],
        extra: None,
    };
    let mut body = wire(&Request {
        messages: vec![message],
        ..request()
    });
    assert_eq!(
        body["messages"][0]["tool_calls"][0].take(),
        json!({"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}, "kept": 1})
    );
}

#[test]
fn fields_of_a_call_and_calls_of_other_types_come_back_as_they_went() {
    let call = |extra: &str| {
        let call = ToolCall {
            id: "x".into(),
            name: "f".into(),
            arguments: "{}".into(),
            extra: Some(extra.into()),
        };
        let message = Message {
            role: Role::Assistant,
            name: None,
            parts: vec![Part::ToolCall(call)],
            extra: None,
        };
        wire(&Request {
            messages: vec![message],
            ..request()
        })["messages"][0]["tool_calls"][0]
            .take()
    };
    assert_eq!(
        call(r#"{"sig":1,"function":{"thought":2}}"#),
        json!({"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}", "thought": 2}, "sig": 1})
    );
    let custom = json!({"id": "x", "type": "custom", "custom": {"name": "f", "input": "a"}});
    assert_eq!(call(&custom.to_string()), custom);
}

#[test]
fn what_the_client_called_a_file_or_a_function_stays_one() {
    let media = Media {
        mime_type: "image/png".into(),
        data: MediaData::Inline(vec![1]),
        name: Some("n".into()),
        extra: Some(r#"{"file":{}}"#.into()),
    };
    assert_eq!(
        content_of(vec![Part::Media(media)]),
        json!([{"type": "file", "file": {"file_data": "data:image/png;base64,AQ==", "filename": "n"}}])
    );
    let legacy = Message {
        role: Role::Tool,
        name: Some("f".into()),
        parts: vec![Part::text("1")],
        extra: Some(r#"{"role":"function"}"#.into()),
    };
    let body = wire(&Request {
        messages: vec![legacy],
        ..request()
    });
    assert_eq!(
        body["messages"],
        json!([{"name": "f", "content": "1", "role": "function"}])
    );
}

fn effort_of(dialect: &str, thinking: Thinking) -> Value {
    wire(&Request {
        thinking: Some(thinking),
        dialect: dialect.into(),
        ..request()
    })["reasoning_effort"]
        .take()
}

#[test]
fn a_budget_for_thoughts_becomes_a_level() {
    for (budget, level) in [(0, "none"), (1024, "low"), (4096, "medium"), (16_000, "high")] {
        let thinking = Thinking {
            budget_tokens: Some(budget),
            ..Thinking::default()
        };
        assert_eq!(effort_of(DIALECT, thinking), level);
    }
}

#[test]
fn another_vendors_words_for_thinking_become_those_of_all_models() {
    let word = |dialect: &str, word: &str| {
        let thinking = Thinking {
            effort: Some(word.into()),
            ..Thinking::default()
        };
        effort_of(dialect, thinking)
    };
    for (theirs, ours) in [("low", "low"), ("high", "high"), ("xhigh", "high"), ("max", "high")] {
        assert_eq!(word("anthropic.messages", theirs), ours);
    }
    assert_eq!(
        word("anthropic.messages", "none"),
        Value::Null,
        "who wants no thinking has to leave the field out"
    );
    for dialect in [DIALECT, "openai.responses", "wharf"] {
        assert_eq!(
            (word(dialect, "none"), word(dialect, "xhigh")),
            (json!("none"), json!("xhigh"))
        );
    }
}

const PICTURE: &str = "data:image/png;base64,AQ==";

fn picture() -> Media {
    Media {
        mime_type: "image/png".into(),
        data: MediaData::Inline(vec![1]),
        name: None,
        extra: None,
    }
}

fn result(id: &str, content: Vec<ToolPart>) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        is_error: false,
        content,
        extra: None,
    })
}

fn say(text: &str) -> ToolPart {
    ToolPart::Text(Text {
        text: text.into(),
        extra: None,
    })
}

fn of_role(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn messages(dialect: &str, messages: Vec<Message>) -> Value {
    wire(&Request {
        messages,
        dialect: dialect.into(),
        ..request()
    })["messages"]
        .take()
}

#[test]
fn what_tools_show_is_shown_by_the_user_after_all_results_of_the_turn() {
    let shown = |id: &str| {
        [
            json!({"type": "text", "text": format!("The answer to call {id}:")}),
            json!({"type": "image_url", "image_url": {"url": PICTURE}}),
        ]
    };
    let note = "What the tool has to show comes with the next message of the user.";
    let results = || {
        [
            json!({"role": "tool", "tool_call_id": "x", "content": note}),
            json!({"role": "tool", "tool_call_id": "y", "content": "Y"}),
            json!({"role": "tool", "tool_call_id": "z", "content": [
                {"type": "text", "text": "Z"}, {"type": "text", "text": note},
            ]}),
        ]
    };
    let parts = || {
        vec![
            result("x", vec![ToolPart::Media(picture())]),
            result("y", vec![say("Y")]),
            result("z", vec![ToolPart::Media(picture()), say("Z")]),
        ]
    };
    let mut expected = results().to_vec();
    let mut content = [shown("x"), shown("z")].concat();
    expected.push(json!({"role": "user", "content": content.clone()}));

    let apart: Vec<Message> = parts()
        .into_iter()
        .map(|part| of_role(Role::Tool, vec![part]))
        .collect();
    assert_eq!(
        messages("openai.responses", apart.clone()),
        Value::from(expected.clone())
    );

    let mut goes_on = apart;
    goes_on.push(Message::text(Role::Assistant, "I see."));
    expected.push(json!({"role": "assistant", "content": "I see."}));
    assert_eq!(messages("openai.responses", goes_on), Value::from(expected));

    let mut together = parts();
    together.push(Part::text("What is it?"));
    content.push(json!({"type": "text", "text": "What is it?"}));
    let mut expected = results().to_vec();
    expected.push(json!({"role": "user", "content": content}));
    assert_eq!(
        messages("anthropic.messages", vec![of_role(Role::User, together)]),
        Value::from(expected)
    );
}

#[test]
fn a_client_of_the_same_dialect_says_itself_where_pictures_go() {
    let message = of_role(Role::Tool, vec![result("x", vec![ToolPart::Media(picture())])]);
    assert_eq!(
        messages(DIALECT, vec![message]),
        json!([{"role": "tool", "tool_call_id": "x", "content": [
            {"type": "image_url", "image_url": {"url": PICTURE}},
        ]}])
    );
}

#[test]
fn a_tool_that_failed_says_so_in_its_text() {
    let failed = |content| {
        let part = Part::ToolResult(ToolResult {
            call_id: "x".into(),
            is_error: true,
            content,
            extra: None,
        });
        messages("anthropic.messages", vec![of_role(Role::User, vec![part])])[0]["content"].take()
    };
    assert_eq!(failed(vec![say("no such file")]), "Error: no such file");
    assert_eq!(failed(vec![say("Error: no such file")]), "Error: no such file");
    assert_eq!(failed(Vec::new()), "Error:");
}

fn document(mime: &str, data: MediaData, name: Option<&str>) -> Message {
    let media = Media {
        mime_type: mime.into(),
        data,
        name: name.map(Into::into),
        extra: None,
    };
    of_role(Role::User, vec![Part::Media(media)])
}

#[test]
fn a_pdf_always_has_the_name_of_one() {
    for (given, sent) in [
        (None, "document.pdf"),
        (Some("Report"), "Report.pdf"),
        (Some("Report.PDF"), "Report.PDF"),
    ] {
        let message = document("application/pdf", MediaData::Inline(vec![2]), given);
        assert_eq!(
            messages("anthropic.messages", vec![message])[0]["content"][0]["file"],
            json!({"file_data": "data:application/pdf;base64,Ag==", "filename": sent})
        );
    }
}

#[test]
fn a_document_that_is_a_text_is_said() {
    let text = || MediaData::Inline(b"Wind from the west.".to_vec());
    let said = |name| messages("anthropic.messages", vec![document("text/plain", text(), name)])[0]["content"].take();
    assert_eq!(said(None), "Wind from the west.");
    assert_eq!(said(Some("Log")), "Log\n\nWind from the west.");
}

#[test]
fn a_document_in_a_form_that_openai_does_not_take_is_refused_by_its_place() {
    for message in [
        document("application/pdf", MediaData::Url("https://e.com/a.pdf".into()), None),
        document("text/plain", MediaData::Inline(vec![0xff]), None),
    ] {
        let request = Request {
            messages: vec![message],
            dialect: "anthropic.messages".into(),
            ..request()
        };
        let error = body(&request, &Server::default(), false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains("`messages[0].content[0]`"), "{error:?}");
    }
}

#[test]
fn openais_other_api_has_the_same_stream_options() {
    let asked = Request {
        dialect: "openai.responses".into(),
        options: vec![("stream_options".into(), r#"{"include_obfuscation":false}"#.into())],
        ..request()
    };
    let streamed: Value = serde_json::from_slice(&body(&asked, &Server::default(), true).unwrap()).unwrap();
    assert_eq!(
        streamed["stream_options"],
        json!({"include_usage": true, "include_obfuscation": false})
    );
}

#[test]
fn thoughts_go_back_to_where_the_server_had_them_whatever_the_client_speaks() {
    let thought = |text: &str, mark: &str| {
        Part::Reasoning(Reasoning {
            text: Some(text.to_owned()),
            signature: Some(mark.to_owned()),
            redacted: None,
            extra: None,
        })
    };
    let asked = |dialect: &str, mark: &str| Request {
        messages: vec![Message {
            role: Role::Assistant,
            name: None,
            parts: vec![thought("a", mark), thought("b", mark), Part::text("c")],
            extra: None,
        }],
        dialect: dialect.to_owned(),
        ..request()
    };
    let written = |asked: &Request, thoughts| {
        let server = Server {
            thoughts,
            ..Server::default()
        };
        let body: Value = serde_json::from_slice(&body(asked, &server, false).unwrap()).unwrap();
        body["messages"][0].clone()
    };
    for dialect in ["anthropic.messages", "openai.responses", DIALECT] {
        let field = |name: &str| asked(dialect, &format!("wharf:openai.chat:{name}"));
        let found = |name: &str| written(&field(name), Thoughts::AsReceived);
        assert_eq!(found("reasoning_content")["reasoning_content"], "ab", "{dialect}");
        assert_eq!(found("reasoning")["reasoning"], "ab", "{dialect}");
        let part = |text: &str| json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]});
        assert_eq!(
            found("content")["content"],
            json!([part("a"), part("b"), {"type": "text", "text": "c"}]),
            "{dialect}"
        );
        let refusing = written(&field("reasoning_content"), Thoughts::None);
        assert_eq!(refusing, json!({"role": "assistant", "content": "c"}), "{dialect}");
        let foreign = asked(dialect, "wharf:anthropic.messages:c2VhbA==");
        assert_eq!(
            written(&foreign, Thoughts::AsReceived),
            json!({"role": "assistant", "content": "c"}),
            "{dialect}"
        );
    }
}
