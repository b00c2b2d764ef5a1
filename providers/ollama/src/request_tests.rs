//! What goes on the wire. Whole requests are in `tests/fixtures/requests`.

use serde_json::json;
use wharf_provider_sdk::{
    ErrorKind, Extension, JsonSchema, Media, MediaData, Message, Part, Reasoning, Role, Text, Tool, ToolCall,
    ToolChoice, ToolPart, ToolResult,
};

use super::*;

fn request() -> Request {
    Request {
        model: "m".into(),
        dialect: "openai.chat".into(),
        ..Request::default()
    }
}

fn settings(json: &str) -> Settings {
    serde_json::from_str(json).unwrap()
}

fn wire_with(request: &Request, settings: &Settings) -> serde_json::Value {
    serde_json::from_slice(&body(request, settings, false).unwrap()).unwrap()
}

fn wire(request: &Request) -> serde_json::Value {
    wire_with(request, &Settings::default())
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn messages(messages: Vec<Message>) -> serde_json::Value {
    wire(&Request { messages, ..request() })["messages"].take()
}

fn media(mime: &str, data: MediaData) -> Part {
    Part::Media(Media {
        mime_type: mime.into(),
        data,
        name: None,
        extra: None,
    })
}

fn call(id: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: format!("f_{id}"),
        arguments: arguments.into(),
        extra: None,
    })
}

fn result(id: &str, content: Vec<ToolPart>) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        is_error: false,
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

fn tool(extra: Option<&str>) -> Tool {
    Tool {
        name: "f".into(),
        description: None,
        parameters: None,
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

/// Fails as it should: with this kind, and naming this field.
fn refused(request: &Request, kind: &ErrorKind, field: &str) {
    let error = body(request, &Settings::default(), false).unwrap_err();
    assert_eq!(&error.kind, kind, "{error:?}");
    assert!(error.message.starts_with(&format!("`{field}`: ")), "{error:?}");
    assert!(!error.sent, "nothing was sent");
}

#[test]
fn whether_it_is_streamed_is_always_said() {
    let streamed = body(&request(), &Settings::default(), true).unwrap();
    let streamed: serde_json::Value = serde_json::from_slice(&streamed).unwrap();
    assert_eq!(streamed, json!({"model": "m", "messages": [], "stream": true}));
    assert_eq!(wire(&request()), json!({"model": "m", "messages": [], "stream": false}));
}

#[test]
fn a_message_has_one_text_and_its_images_beside_it() {
    let parts = vec![
        Part::text("look"),
        media("image/png", MediaData::Inline(vec![1, 2, 3])),
        Part::text(""),
        Part::text("and tell"),
    ];
    assert_eq!(
        messages(vec![
            message(Role::Developer, vec![Part::text("be brief")]),
            message(Role::User, parts)
        ]),
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "look\n\nand tell", "images": ["AQID"]},
        ])
    );
}

#[test]
fn thoughts_and_refusals_come_back_as_the_text_they_are() {
    let thought = |text: &str, signature: Option<&str>| {
        Part::Reasoning(Reasoning {
            text: Some(text.into()),
            signature: signature.map(Into::into),
            redacted: None,
            extra: None,
        })
    };
    let theirs = thought("theirs", Some("wharf:anthropic.messages:c2VhbA=="));
    let hidden = Part::Reasoning(Reasoning {
        text: None,
        signature: None,
        redacted: Some("secret".into()),
        extra: None,
    });
    assert_eq!(
        messages(vec![message(
            Role::Assistant,
            vec![thought("hm", None), theirs, hidden, Part::Refusal("no".into())]
        )]),
        json!([{"role": "assistant", "content": "no", "thinking": "hm"}])
    );
}

#[test]
fn what_a_tool_answered_names_the_tool_and_the_call() {
    let image = ToolPart::Media(Media {
        mime_type: "image/png".into(),
        data: MediaData::Inline(vec![1, 2, 3]),
        name: None,
        extra: None,
    });
    let found = messages(vec![
        message(
            Role::Assistant,
            vec![Part::text("wait"), call("x", r#"{"a":1}"#), call("y", " ")],
        ),
        message(
            Role::User,
            vec![
                result("y", vec![said("Y")]),
                result("x", vec![said("X"), image]),
                Part::text("go on"),
            ],
        ),
    ]);
    assert_eq!(
        found,
        json!([
            {"role": "assistant", "content": "wait", "tool_calls": [
                {"id": "x", "function": {"name": "f_x", "arguments": {"a": 1}}},
                {"id": "y", "function": {"name": "f_y", "arguments": {}}},
            ]},
            {"role": "tool", "content": "Y", "tool_name": "f_y", "tool_call_id": "y"},
            {"role": "tool", "content": "X", "images": ["AQID"], "tool_name": "f_x", "tool_call_id": "x"},
            {"role": "user", "content": "go on"},
        ])
    );
}

#[test]
fn an_identifier_that_is_used_again_means_the_latest_call() {
    let again = Part::ToolCall(ToolCall {
        id: "x".into(),
        name: "g".into(),
        arguments: "{}".into(),
        extra: None,
    });
    let found = messages(vec![
        message(Role::Assistant, vec![call("x", "{}")]),
        message(Role::Tool, vec![result("x", vec![])]),
        message(Role::Assistant, vec![again]),
        message(Role::Tool, vec![result("x", vec![])]),
    ]);
    assert_eq!(
        (&found[1]["tool_name"], &found[3]["tool_name"]),
        (&json!("f_x"), &json!("g"))
    );
}

#[test]
fn a_tool_that_answers_without_a_call_is_named_by_its_message() {
    let message = Message {
        name: Some("f".into()),
        ..message(Role::Tool, vec![Part::text("1")])
    };
    assert_eq!(
        messages(vec![message]),
        json!([{"role": "tool", "content": "1", "tool_name": "f"}])
    );
}

#[test]
fn what_a_message_cannot_hold_is_refused_by_its_place() {
    let with = |part: Part| Request {
        messages: vec![
            Message::text(Role::System, "s"),
            message(Role::User, vec![Part::text("a"), part]),
        ],
        ..request()
    };
    let place = "messages[1].content[1]";
    let url = MediaData::Url("https://e.com/a.png".into());
    let foreign = Extension {
        kind: "anthropic.messages".into(),
        value: "{}".into(),
    };
    for part in [
        media("image/*", url),
        media("audio/wav", MediaData::Inline(vec![1])),
        Part::Extension(foreign.clone()),
        result("x", vec![ToolPart::Extension(foreign)]),
        call("x", "not JSON"),
        call("x", "[1]"),
    ] {
        refused(&with(part), &ErrorKind::Unsupported, place);
    }
}

#[test]
fn what_another_vendors_model_did_stays_behind() {
    let searched = || {
        Part::Extension(Extension {
            kind: "anthropic.messages".into(),
            value: r#"{"type":"server_tool_use"}"#.into(),
        })
    };
    assert_eq!(
        messages(vec![
            message(Role::Assistant, vec![searched(), Part::text("a")]),
            message(Role::Assistant, vec![searched()]),
        ]),
        json!([{"role": "assistant", "content": "a"}])
    );
}

#[test]
fn a_model_that_must_not_call_a_tool_is_offered_none() {
    let with = |tool_choice| Request {
        tools: vec![tool(None)],
        tool_choice,
        ..request()
    };
    let offered = json!([{"type": "function", "function": {
        "name": "f", "parameters": {"type": "object", "properties": {}},
    }}]);
    assert_eq!(wire(&with(None))["tools"], offered);
    assert_eq!(wire(&with(Some(ToolChoice::Auto)))["tools"], offered);
    assert!(wire(&with(Some(ToolChoice::None))).get("tools").is_none());
    for choice in [ToolChoice::Required, ToolChoice::Named("f".into())] {
        refused(&with(Some(choice)), &ErrorKind::Unsupported, "tool_choice");
    }
    let one_at_a_time = Request {
        parallel_tool_calls: Some(false),
        ..with(None)
    };
    refused(&one_at_a_time, &ErrorKind::Unsupported, "parallel_tool_calls");
}

#[test]
fn a_tool_of_another_vendors_type_is_refused_by_its_place() {
    let with = |dialect: &str| Request {
        tools: vec![tool(None), tool(Some(r#"{"type":"web_search","max_uses":5}"#))],
        dialect: dialect.into(),
        ..request()
    };
    refused(&with("anthropic.messages"), &ErrorKind::Unsupported, "tools[1]");
    assert_eq!(
        wire(&with(DIALECT))["tools"][1],
        json!({"type": "web_search", "max_uses": 5}),
        "its own words go on as they are"
    );
}

#[test]
fn the_form_of_the_answer_is_a_word_or_a_schema() {
    let with = |output| {
        wire(&Request {
            output: Some(output),
            ..request()
        })
    };
    assert!(with(OutputFormat::Text).get("format").is_none());
    assert_eq!(with(OutputFormat::Json)["format"], "json");
    let schema = JsonSchema {
        name: "s".into(),
        description: Some("d".into()),
        schema: r#"{"type":"object"}"#.into(),
        strict: Some(true),
    };
    assert_eq!(
        with(OutputFormat::JsonSchema(schema))["format"],
        json!({"type": "object"})
    );
    let grammar = |kind: &str| Request {
        output: Some(OutputFormat::Extension(Extension {
            kind: kind.into(),
            value: r#""something new""#.into(),
        })),
        ..request()
    };
    assert_eq!(wire(&grammar(DIALECT))["format"], "something new");
    refused(&grammar("openai.chat"), &ErrorKind::Unsupported, "output");
}

#[test]
fn thinking_is_a_level_or_yes_or_no() {
    let think = |effort: Option<&str>, budget_tokens| {
        let thinking = Thinking {
            effort: effort.map(Into::into),
            budget_tokens,
            extra: None,
        };
        wire(&Request {
            thinking: Some(thinking),
            dialect: DIALECT.into(),
            ..request()
        })["think"]
            .take()
    };
    assert_eq!(think(Some("none"), Some(5)), json!(false));
    assert_eq!(think(None, Some(0)), json!(false));
    assert_eq!(think(None, Some(2048)), json!(true));
    assert_eq!(think(None, None), json!(true));
    assert_eq!(think(Some("minimal"), None), json!("low"));
    assert_eq!(think(Some("medium"), None), json!("medium"));
    assert_eq!(think(Some("xhigh"), None), json!("max"));
    assert_eq!(think(Some("the model's own"), None), json!("the model's own"));
}

#[test]
fn levels_of_other_dialects_are_for_models_that_have_some() {
    let think = |model: &str, effort: &str, set: &str| {
        let request = Request {
            model: model.into(),
            thinking: Some(Thinking {
                effort: Some(effort.into()),
                budget_tokens: None,
                extra: None,
            }),
            ..request()
        };
        wire_with(&request, &settings(set))["think"].take()
    };
    assert_eq!(think("qwen3:8b", "low", "{}"), json!(true));
    assert_eq!(think("qwen3:8b", "none", "{}"), json!(false));
    assert_eq!(think("gpt-oss:20b", "low", "{}"), json!("low"));
    assert_eq!(think("mine/gpt-oss", "minimal", "{}"), json!("low"));
    let set = r#"{"think":"medium"}"#;
    assert_eq!(
        think("qwen3:8b", "low", set),
        json!("low"),
        "the operator knows the model"
    );
    assert_eq!(think("qwen3:8b", "low", r#"{"think":true}"#), json!(true));
    assert_eq!(
        think("qwen3:8b", "low", r#"{"think":false}"#),
        json!(true),
        "the request goes before the deployment"
    );
}

#[test]
fn the_deployments_settings_hold_where_the_request_says_nothing() {
    let settings = settings(
        r#"{"keep_alive":"10m","think":true,"truncate":false,
            "options":{"num_ctx":8192,"temperature":0.1,"top_k":5,"stop":["x"]}}"#,
    );
    assert_eq!(
        wire_with(&request(), &settings),
        json!({"model": "m", "messages": [], "think": true, "truncate": false, "keep_alive": "10m", "stream": false,
            "options": {"num_ctx": 8192, "temperature": 0.1, "top_k": 5, "stop": ["x"]}})
    );
    let request = Request {
        temperature: Some(0.5),
        max_output_tokens: Some(9),
        stop: vec!["y".into()],
        options: options(&[
            ("keep_alive", "0"),
            ("think", r#""low""#),
            ("truncate", "true"),
            ("options", r#"{"num_ctx":4096,"top_k":6}"#),
            ("top_k", "7"),
        ]),
        dialect: DIALECT.into(),
        ..request()
    };
    assert_eq!(
        wire_with(&request, &settings),
        json!({"model": "m", "messages": [], "think": "low", "truncate": true, "keep_alive": 0, "stream": false,
            "options": {"num_ctx": 4096, "temperature": 0.5, "top_k": 7, "stop": ["y"], "num_predict": 9}})
    );
}

#[test]
fn options_of_another_dialect_are_sent_only_where_they_mean_the_same() {
    let theirs = options(&[
        ("seed", "7"),
        ("presence_penalty", "0.25"),
        ("top_k", "null"),
        ("user", r#""u""#),
        ("n", "1"),
        ("logit_bias", "{}"),
        ("truncate", "false"),
    ]);
    let ours = options(&[("keep_alive", "0"), ("options", r#"{"num_ctx":1}"#)]);
    let all = [theirs.clone(), ours].concat();
    let foreign = wire(&Request {
        options: theirs,
        ..request()
    });
    let options = json!({"seed": 7, "presence_penalty": 0.25});
    assert_eq!(
        foreign,
        json!({"model": "m", "messages": [], "options": options, "stream": false})
    );
    let own = wire(&Request {
        options: all,
        dialect: "wharf".into(),
        ..request()
    });
    assert_eq!(
        own,
        json!({"model": "m", "messages": [], "keep_alive": 0, "logit_bias": {}, "truncate": false, "stream": false,
            "options": {"num_ctx": 1, "seed": 7, "presence_penalty": 0.25}})
    );
}

#[test]
fn an_option_of_another_dialect_that_would_be_lost_is_refused() {
    for (name, value) in [
        ("logprobs", "true"),
        ("logit_bias", r#"{"5":1}"#),
        ("web_search_options", r#"{"search_context_size":"low"}"#),
        ("functions", r#"[{"name":"f"}]"#),
        ("something_new", "1"),
    ] {
        let request = Request {
            options: options(&[("seed", "7"), (name, value)]),
            ..request()
        };
        refused(&request, &ErrorKind::Unsupported, name);
    }
}

#[test]
fn several_answers_are_refused() {
    let request = Request {
        options: options(&[("n", "2")]),
        ..request()
    };
    refused(&request, &ErrorKind::Unsupported, "n");
}

#[test]
fn what_is_no_json_is_refused_by_its_name() {
    let with = |name: &str| Request {
        options: options(&[(name, "{")]),
        dialect: DIALECT.into(),
        ..request()
    };
    for name in [
        "options",
        "seed",
        "format",
        "think",
        "keep_alive",
        "truncate",
        "logprobs",
    ] {
        refused(&with(name), &ErrorKind::InvalidRequest, name);
    }
}

#[test]
fn fields_of_the_same_dialect_keep_their_place() {
    let text = Message {
        extra: Some(r#"{"weight":0.10}"#.into()),
        ..message(Role::User, vec![Part::text("a")])
    };
    let called = Part::ToolCall(ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: "{}".into(),
        extra: Some(r#"{"type":"function","function":{"why":1}}"#.into()),
    });
    let part = Part::Extension(Extension {
        kind: DIALECT.into(),
        value: r#"{"audio":"AQ=="}"#.into(),
    });
    let with = |dialect: &str| Request {
        messages: vec![
            text.clone(),
            message(Role::Assistant, vec![called.clone(), part.clone()]),
        ],
        tools: vec![tool(Some(r#"{"items":[],"function":{"strict":true}}"#))],
        dialect: dialect.into(),
        ..request()
    };
    let body = wire(&with(DIALECT));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "a", "weight": 0.10},
            {"role": "assistant", "content": "", "audio": "AQ==", "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "f", "arguments": {}, "why": 1}},
            ]},
        ])
    );
    assert_eq!(
        body["tools"][0],
        json!({"type": "function", "items": [], "function": {
            "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": true,
        }})
    );
    let foreign = wire(&with("openai.chat"));
    assert_eq!(foreign["messages"][0], json!({"role": "user", "content": "a"}));
    assert_eq!(foreign["tools"][0]["function"].get("strict"), None);
}

#[test]
fn a_schema_that_must_be_kept_to_is_refused_by_its_place() {
    let asking = |dialect: &str| Request {
        tools: vec![Tool {
            strict: Some(true),
            ..tool(None)
        }],
        dialect: dialect.into(),
        ..request()
    };
    refused(&asking("openai.chat"), &ErrorKind::Unsupported, "tools[0].strict");
    assert!(body(&asking(DIALECT), &Settings::default(), false).is_ok());
}

#[test]
fn the_name_of_a_speaker_is_refused_by_its_place() {
    let asking = Request {
        messages: vec![Message {
            name: Some("ada".into()),
            ..Message::text(Role::User, "a")
        }],
        ..request()
    };
    refused(&asking, &ErrorKind::Unsupported, "messages[0].name");
}
