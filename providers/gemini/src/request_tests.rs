//! What goes on the wire. Whole requests are in `tests/fixtures/requests`.

use serde_json::{Value, json};
use wharf_provider_sdk::{
    Extension, JsonSchema, Media, MediaData, Message, OutputFormat, Part, Reasoning, Role, Text, Thinking, Tool,
    ToolCall, ToolChoice, ToolPart, ToolResult,
};

use super::*;

fn request() -> Request {
    Request {
        model: "gemini-2.5-flash".into(),
        dialect: "openai.chat".into(),
        ..Request::default()
    }
}

fn wire(request: &Request) -> Value {
    serde_json::from_slice(&body(request, &Settings::default()).unwrap()).unwrap()
}

fn refused(request: &Request) -> Error {
    body(request, &Settings::default()).unwrap_err()
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn contents(messages: Vec<Message>) -> Value {
    wire(&Request { messages, ..request() })["contents"].take()
}

fn call(id: &str, extra: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: format!("f_{id}"),
        arguments: r#"{"a":1}"#.into(),
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

fn tool(extra: Option<&str>) -> Tool {
    Tool {
        name: "f".into(),
        description: None,
        parameters: None,
        strict: Some(true),
        extra: extra.map(Into::into),
    }
}

#[test]
fn instructions_are_collected_and_turns_alternate() {
    let messages = vec![
        Message::text(Role::System, "s"),
        Message::text(Role::User, "a"),
        Message::text(Role::Developer, "d"),
        Message::text(Role::User, "b"),
        Message::text(Role::Assistant, "c"),
    ];
    let body = wire(&Request { messages, ..request() });
    assert_eq!(
        body["systemInstruction"],
        json!({"parts": [{"text": "s"}, {"text": "d"}]})
    );
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}]},
        ])
    );
}

#[test]
fn results_of_parallel_calls_are_one_turn_with_the_names_of_their_calls() {
    let turns = contents(vec![
        message(Role::Assistant, vec![call("x", None), call("y", None)]),
        message(Role::Tool, vec![result("x", r#" {"t": 1.50}"#)]),
        message(Role::Tool, vec![result("y", "no object")]),
    ]);
    assert_eq!(
        turns[1],
        json!({"role": "user", "parts": [
            {"functionResponse": {"id": "x", "name": "f_x", "response": {"t": 1.50}}},
            {"functionResponse": {"id": "y", "name": "f_y", "response": {"output": "no object"}}},
        ]})
    );
}

#[test]
fn a_result_without_its_call_is_refused_by_name() {
    let messages = vec![message(Role::Tool, vec![result("x", "")])];
    let error = refused(&Request { messages, ..request() });
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("`messages[0]`"), "{error:?}");
}

#[test]
fn a_failed_tool_says_so() {
    let failed = Part::ToolResult(ToolResult {
        call_id: "x".into(),
        is_error: true,
        content: vec![],
        extra: None,
    });
    let turns = contents(vec![
        message(Role::Assistant, vec![call("x", None)]),
        message(Role::User, vec![failed]),
    ]);
    assert_eq!(
        turns[1]["parts"][0]["functionResponse"]["response"],
        json!({"error": ""})
    );
}

#[test]
fn arguments_that_are_no_object_do_not_end_the_conversation() {
    let with = |arguments: &str| {
        let call = ToolCall {
            id: String::new(),
            name: "f".into(),
            arguments: arguments.into(),
            extra: None,
        };
        contents(vec![message(Role::Assistant, vec![Part::ToolCall(call)])])[0]["parts"][0]["functionCall"].take()
    };
    assert_eq!(with(""), json!({"name": "f", "args": {}}));
    assert_eq!(with("{\"a\":"), json!({"name": "f", "args": {"arguments": "{\"a\":"}}));
}

#[test]
fn signatures_come_back_on_their_calls_whatever_the_client_speaks() {
    let signed = Some(r#"{"thoughtSignature":"wharf:gemini.generate:sig","other":1}"#);
    for dialect in ["openai.chat", "anthropic.messages", DIALECT] {
        let messages = vec![message(Role::Assistant, vec![call("x", signed), call("y", None)])];
        let parts = wire(&Request {
            messages,
            dialect: dialect.into(),
            ..request()
        })["contents"][0]["parts"]
            .take();
        assert_eq!(parts[0]["thoughtSignature"], "sig", "{dialect}");
        assert_eq!(parts[0].get("other").is_some(), dialect == DIALECT, "{dialect}");
        assert!(parts[1].get("thoughtSignature").is_none(), "{dialect}");
    }
}

#[test]
fn a_signature_that_is_not_known_to_be_the_vendors_stays_behind() {
    let of = |dialect: &str, extra: &str| {
        let messages = vec![message(Role::Assistant, vec![call("x", Some(extra))])];
        wire(&Request {
            messages,
            dialect: dialect.into(),
            ..request()
        })["contents"][0]["parts"][0]["thoughtSignature"]
            .take()
    };
    let bare = r#"{"thoughtSignature":"sig"}"#;
    assert_eq!(of("openai.chat", bare), json!(null));
    assert_eq!(of(DIALECT, bare), "sig");
    let theirs = r#"{"thoughtSignature":"wharf:other.chat:sig"}"#;
    assert_eq!(of(DIALECT, theirs), json!(null));
}

#[test]
fn what_another_vendors_model_did_stays_behind() {
    let searched = Part::Extension(Extension {
        kind: "anthropic.messages".into(),
        value: r#"{"type":"server_tool_use"}"#.into(),
    });
    assert_eq!(
        contents(vec![message(Role::Assistant, vec![searched, Part::text("a")])]),
        json!([{"role": "model", "parts": [{"text": "a"}]}])
    );
}

#[test]
fn calls_of_another_vendor_are_marked_for_models_that_insist_on_signatures() {
    let messages = || vec![message(Role::Assistant, vec![call("x", None), call("y", None)])];
    let of = |model: &str| {
        let request = Request {
            model: model.into(),
            messages: messages(),
            ..request()
        };
        wire(&request)["contents"][0]["parts"].take()
    };
    let parts = of("gemini-3-pro-preview");
    assert_eq!(parts[0]["thoughtSignature"], "skip_thought_signature_validator");
    assert!(
        parts[1].get("thoughtSignature").is_none(),
        "the first call speaks for its turn"
    );
    assert!(of("gemini-2.5-pro")[0].get("thoughtSignature").is_none());
}

#[test]
fn thoughts_go_back_only_to_where_they_came_from() {
    let of = |dialect: &str, signature: &str| {
        let thought = Part::Reasoning(Reasoning {
            text: Some("hm".into()),
            signature: Some(signature.into()),
            redacted: None,
            extra: None,
        });
        let messages = vec![message(Role::Assistant, vec![thought, Part::text("a")])];
        wire(&Request {
            messages,
            dialect: dialect.into(),
            ..request()
        })["contents"][0]["parts"]
            .take()
    };
    let without = json!([{"text": "a"}]);
    let with = json!([{"text": "hm", "thought": true, "thoughtSignature": "sig"}, {"text": "a"}]);
    assert_eq!(of("anthropic.messages", "sig"), without);
    assert_eq!(of("anthropic.messages", "wharf:gemini.generate:sig"), with);
    assert_eq!(of(DIALECT, "sig"), with);
    assert_eq!(of(DIALECT, "wharf:gemini.generate:sig"), with);
    assert_eq!(of(DIALECT, "wharf:anthropic.messages:sig"), without);
}

#[test]
fn media_are_sent_or_linked_with_a_precise_type() {
    let media = |mime: &str, data| {
        Part::Media(Media {
            mime_type: mime.into(),
            data,
            name: Some("n".into()),
            extra: None,
        })
    };
    let link = |mime: &str, url: &str| media(mime, MediaData::Url(url.into()));
    assert_eq!(
        contents(vec![message(
            Role::User,
            vec![
                media("application/pdf", MediaData::Inline(vec![1, 2, 3])),
                link("image/*", "https://e.com/a.b/c.JPG?x=1.png"),
                link("image/*", "https://e.com/picture"),
                link("video/mp4", "https://e.com/v"),
            ]
        )])[0]["parts"],
        json!([
            {"inlineData": {"mimeType": "application/pdf", "data": "AQID"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.com/a.b/c.JPG?x=1.png"}},
            {"fileData": {"fileUri": "https://e.com/picture"}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://e.com/v"}},
        ])
    );
}

#[test]
fn pictures_from_tools_go_where_the_model_takes_them() {
    let answer = || {
        Part::ToolResult(ToolResult {
            call_id: "x".into(),
            is_error: false,
            content: vec![ToolPart::Media(Media {
                mime_type: "image/png".into(),
                data: MediaData::Inline(vec![1]),
                name: None,
                extra: None,
            })],
            extra: None,
        })
    };
    let of = |model: &str| {
        let messages = vec![
            message(Role::Assistant, vec![call("x", None)]),
            message(Role::Tool, vec![answer()]),
        ];
        wire(&Request {
            model: model.into(),
            messages,
            ..request()
        })["contents"][1]["parts"]
            .take()
    };
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "AQ=="}});
    let response = json!({"id": "x", "name": "f_x", "response": {"output": ""}});
    assert_eq!(of("gemini-2.5-flash"), json!([picture, {"functionResponse": response}]));
    let mut within = response;
    within["parts"] = json!([picture]);
    assert_eq!(of("gemini-3-flash-preview"), json!([{"functionResponse": within}]));
}

#[test]
fn a_turn_of_nothing_is_left_out() {
    let turns = contents(vec![
        Message::text(Role::User, "a"),
        Message::text(Role::Assistant, ""),
        Message::text(Role::User, "b"),
    ]);
    assert_eq!(
        turns,
        json!([{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}])
    );
}

#[test]
fn a_tool_choice_is_a_mode() {
    let of = |tools: Vec<Tool>, choice: ToolChoice| {
        let request = Request {
            tools,
            tool_choice: Some(choice),
            ..request()
        };
        wire(&request)["toolConfig"]["functionCallingConfig"].take()
    };
    let with = |choice| of(vec![tool(None)], choice);
    let loose = Tool {
        strict: None,
        ..tool(None)
    };
    assert_eq!(of(vec![loose], ToolChoice::Auto), json!({"mode": "AUTO"}));
    assert_eq!(with(ToolChoice::Auto), json!({"mode": "VALIDATED"}), "a tool is strict");
    assert_eq!(with(ToolChoice::None), json!({"mode": "NONE"}));
    assert_eq!(with(ToolChoice::Required), json!({"mode": "ANY"}));
    assert_eq!(
        with(ToolChoice::Named("f".into())),
        json!({"mode": "ANY", "allowedFunctionNames": ["f"]})
    );
    assert_eq!(
        of(vec![], ToolChoice::Auto),
        Value::Null,
        "a rule without functions is refused"
    );
}

#[test]
fn tools_of_other_types_are_sent_in_this_dialect_and_refused_in_others() {
    let search = Tool {
        name: "googleSearch".into(),
        extra: Some(r#"{"googleSearch":{}}"#.into()),
        ..tool(None)
    };
    let tools = vec![tool(Some(r#"{"behavior":"BLOCKING"}"#)), search];
    let own = Request {
        tools,
        dialect: DIALECT.into(),
        ..request()
    };
    assert_eq!(
        wire(&own)["tools"],
        json!([{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}, {"googleSearch": {}}])
    );
    let foreign = Request {
        tools: vec![tool(Some(r#"{"type":"web_search_20250305"}"#))],
        ..request()
    };
    let error = refused(&foreign);
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.contains("`tools[0]`"), "{error:?}");
}

#[test]
fn an_effort_is_a_level_or_a_budget() {
    let of = |model: &str, effort: &str| {
        let thinking = Thinking {
            effort: Some(effort.into()),
            budget_tokens: None,
            extra: None,
        };
        let request = Request {
            model: model.into(),
            thinking: Some(thinking),
            ..request()
        };
        wire(&request)["generationConfig"]["thinkingConfig"].take()
    };
    let level = |level: &str| json!({"thinkingLevel": level, "includeThoughts": true});
    let budget = |tokens: u32| json!({"thinkingBudget": tokens, "includeThoughts": true});
    assert_eq!(of("gemini-3-pro-preview", "high"), level("high"));
    assert_eq!(of("gemini-3-flash-preview", "minimal"), level("minimal"));
    assert_eq!(of("gemini-3-pro-preview", "minimal"), level("low"));
    assert_eq!(of("gemini-3-pro-preview", "none"), json!({"thinkingLevel": "low"}));
    assert_eq!(of("gemini-2.5-flash", "low"), budget(1024));
    assert_eq!(of("gemini-2.5-flash", "high"), budget(24_576));
    assert_eq!(of("gemini-2.5-flash", "none"), json!({"thinkingBudget": 0}));
    assert_eq!(of("gemini-2.5-pro", "none"), json!({"thinkingBudget": 128}));
}

#[test]
fn a_budget_is_a_budget_for_every_model() {
    let thinking = Thinking {
        effort: Some("high".into()),
        budget_tokens: Some(2000),
        extra: None,
    };
    let request = Request {
        model: "gemini-3-pro-preview".into(),
        thinking: Some(thinking),
        ..request()
    };
    assert_eq!(
        wire(&request)["generationConfig"],
        json!({"thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": true}})
    );
}

#[test]
fn a_schema_is_sent_as_it_is() {
    let schema = JsonSchema {
        name: "n".into(),
        description: None,
        schema: r#"{"type":"object","maximum":1.0}"#.into(),
        strict: Some(true),
    };
    let of = |output| {
        let request = Request {
            output: Some(output),
            ..request()
        };
        wire(&request)["generationConfig"].take()
    };
    assert_eq!(
        of(OutputFormat::JsonSchema(schema)),
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object", "maximum": 1.0}})
    );
    assert_eq!(of(OutputFormat::Json), json!({"responseMimeType": "application/json"}));
    assert_eq!(of(OutputFormat::Text), Value::Null);
}

#[test]
fn safety_settings_are_the_requests_before_the_deployments() {
    let settings = Settings {
        safety_settings: Some(RawValue::from_string(r#"[{"category":"C","threshold":"OFF"}]"#.into()).unwrap()),
        ..Settings::default()
    };
    let of = |options: Vec<(String, String)>| -> Value {
        let request = Request {
            dialect: "wharf".into(),
            options,
            ..request()
        };
        serde_json::from_slice(&body(&request, &settings).unwrap()).unwrap()
    };
    assert_eq!(
        of(vec![])["safetySettings"],
        json!([{"category": "C", "threshold": "OFF"}])
    );
    let own = vec![("safetySettings".to_owned(), "[]".to_owned())];
    assert_eq!(of(own)["safetySettings"], json!([]));
}

#[test]
fn of_other_dialects_only_the_neutral_options_are_sent() {
    let options = [
        ("seed", "7"),
        ("top_k", "5"),
        ("user", "\"u\""),
        ("logit_bias", "{}"),
        ("n", "1"),
        ("presence_penalty", "null"),
    ];
    let request = Request {
        options: options
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        ..request()
    };
    assert_eq!(
        wire(&request),
        json!({"contents": [], "generationConfig": {"topK": 5, "seed": 7}})
    );
}

#[test]
fn what_is_counted_is_the_whole_request_with_the_model() {
    let asking = Request {
        messages: vec![Message::text(Role::System, "short"), Message::text(Role::User, "a")],
        options: vec![
            ("n".to_owned(), "2".to_owned()),
            ("logprobs".to_owned(), "true".to_owned()),
        ],
        ..request()
    };
    let found: Value = serde_json::from_slice(&count(&asking, &Settings::default()).unwrap()).unwrap();
    assert_eq!(
        found,
        json!({"generateContentRequest": {
            "model": "models/gemini-2.5-flash",
            "systemInstruction": {"parts": [{"text": "short"}]},
            "contents": [{"role": "user", "parts": [{"text": "a"}]}],
        }})
    );
}

#[test]
fn what_the_api_has_no_form_for_is_refused_by_name() {
    let foreign = || Extension {
        kind: "openai.chat".into(),
        value: "{}".into(),
    };
    let option = |dialect: &str, name: &str, value: &str| Request {
        dialect: dialect.into(),
        options: vec![(name.to_owned(), value.to_owned())],
        ..request()
    };
    let cases = [
        ("n", option("openai.chat", "n", "2")),
        ("logprobs", option("openai.chat", "logprobs", "true")),
        ("logit_bias", option("openai.chat", "logit_bias", r#"{"5":1}"#)),
        ("functions", option("openai.chat", "functions", r#"[{"name":"f"}]"#)),
        (
            "mcp_servers",
            option("anthropic.messages", "mcp_servers", r#"[{"name":"s"}]"#),
        ),
        (
            "generationConfig.candidateCount",
            option("wharf", "generationConfig", r#"{"candidateCount":2}"#),
        ),
        (
            "parallel_tool_calls",
            Request {
                tools: vec![tool(None)],
                parallel_tool_calls: Some(false),
                ..request()
            },
        ),
        (
            "tool_choice",
            Request {
                tool_choice: Some(ToolChoice::Extension(foreign())),
                ..request()
            },
        ),
        (
            "output",
            Request {
                output: Some(OutputFormat::Extension(foreign())),
                ..request()
            },
        ),
        (
            "thinking.effort",
            Request {
                thinking: Some(Thinking {
                    effort: Some("enormous".into()),
                    budget_tokens: None,
                    extra: None,
                }),
                ..request()
            },
        ),
        (
            "messages[0]",
            Request {
                messages: vec![message(Role::User, vec![Part::Extension(foreign())])],
                ..request()
            },
        ),
    ];
    for (field, request) in cases {
        let error = refused(&request);
        assert_eq!(error.kind, ErrorKind::Unsupported, "{field}");
        assert!(error.message.contains(&format!("`{field}`")), "{field}: {error:?}");
        assert!(!error.sent, "{field}");
    }
}

#[test]
fn nothing_follows_what_tools_answered() {
    let turns = contents(vec![
        message(Role::Assistant, vec![call("x", None), call("y", None)]),
        message(
            Role::User,
            vec![result("x", "1"), Part::text("a"), result("y", "2"), Part::text("b")],
        ),
        Message::text(Role::User, "c"),
    ]);
    let kinds: Vec<&str> = turns[1]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["text"].as_str().unwrap_or("answer"))
        .collect();
    assert_eq!(
        kinds,
        ["a", "b", "c", "answer", "answer"],
        "the newest models refuse any other order"
    );
}

#[test]
fn budgets_of_other_clients_stay_within_what_the_model_can_spend() {
    let of = |model: &str, budget| {
        let request = Request {
            model: model.into(),
            thinking: Some(Thinking {
                effort: None,
                budget_tokens: Some(budget),
                extra: None,
            }),
            dialect: "anthropic.messages".into(),
            ..request()
        };
        wire(&request)["generationConfig"]["thinkingConfig"]["thinkingBudget"].take()
    };
    for (model, budget, sent) in [
        ("gemini-2.5-flash", 31_999, 24_576),
        ("gemini-2.5-flash", 1024, 1024),
        ("gemini-2.5-flash", 0, 0),
        ("gemini-2.5-flash-lite", 100, 512),
        ("gemini-2.5-pro", 64_000, 32_768),
        ("gemini-2.5-pro", 0, 128),
    ] {
        assert_eq!(of(model, budget), sent, "{model} {budget}");
    }
}

fn is_refused(request: &Request, field: &str) {
    let error = refused(request);
    assert_eq!(error.kind, wharf_provider_sdk::ErrorKind::Unsupported, "{error:?}");
    assert!(error.message.starts_with(&format!("`{field}`: ")), "{error:?}");
}

#[test]
fn what_a_model_does_not_take_is_refused_by_name_unless_it_says_nothing() {
    let asked = |model: &str, option: (&str, &str)| Request {
        model: model.into(),
        options: vec![(option.0.into(), option.1.into())],
        ..request()
    };
    let penalty = |model, value| asked(model, ("frequency_penalty", value));
    for model in ["gemini-2.5-flash", "gemini-3-pro-preview", "gemini-flash-latest"] {
        is_refused(&penalty(model, "0.5"), "frequency_penalty");
        assert_eq!(wire(&penalty(model, "0"))["generationConfig"], Value::Null, "{model}");
    }
    let older = wire(&penalty("gemini-2.0-flash", "0.5"));
    assert_eq!(older["generationConfig"]["frequencyPenalty"], 0.5);

    let stops = |count: usize| Request {
        stop: vec!["a".into(); count],
        ..request()
    };
    assert_eq!(wire(&stops(5))["generationConfig"]["stopSequences"][4], "a");
    is_refused(&stops(6), "stop");

    let both = |model: &str| Request {
        model: model.into(),
        tools: vec![tool(None)],
        output: Some(OutputFormat::Json),
        ..request()
    };
    is_refused(&both("gemini-2.5-flash-lite"), "output");
    let newer = wire(&both("gemini-3-flash-preview"));
    assert_eq!(newer["generationConfig"]["responseMimeType"], "application/json");
}

#[test]
fn instructions_alone_are_what_is_asked() {
    let asked = Request {
        messages: vec![Message::text(Role::System, "Write a haiku.")],
        ..request()
    };
    let body = wire(&asked);
    assert_eq!(
        body["contents"],
        json!([{"role": "user", "parts": [{"text": "Write a haiku."}]}])
    );
    assert_eq!(body["systemInstruction"], Value::Null);
}
