//! What goes on the wire. Whole requests are in `tests/fixtures/requests`.

use serde_json::{Value, json};
use wharf_provider_sdk::{
    Extension, JsonSchema, Media, MediaData, Message, Part, Reasoning, Role, Text, Thinking, Tool, ToolCall,
    ToolChoice, ToolPart, ToolResult,
};

use super::*;

fn request() -> Request {
    Request {
        model: "claude-opus-4-6".into(),
        dialect: "openai.chat".into(),
        ..Request::default()
    }
}

fn same_dialect() -> Request {
    Request {
        dialect: DIALECT.into(),
        ..request()
    }
}

fn with_budget() -> Settings {
    serde_json::from_str(r#"{"effort":"budget"}"#).unwrap()
}

fn written(request: &Request, settings: &Settings) -> Value {
    serde_json::from_slice(&body(request, settings, false).unwrap()).unwrap()
}

fn wire(request: &Request) -> Value {
    written(request, &Settings::default())
}

/// The error names the field in backticks.
fn refused(request: &Request, kind: ErrorKind, field: &str) {
    let error = body(request, &Settings::default(), false).unwrap_err();
    assert_eq!(error.kind, kind, "{error:?}");
    assert!(error.message.starts_with(&format!("`{field}`")), "{error:?}");
    assert!(!error.sent, "nothing was sent");
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

fn said(messages: Vec<Message>, request: Request) -> Value {
    wire(&Request { messages, ..request })["messages"].take()
}

/// What the assistant said, before the user goes on.
fn answered(parts: Vec<Part>, request: Request) -> Value {
    let messages = vec![message(Role::Assistant, parts), Message::text(Role::User, "And?")];
    said(messages, request)[0].take()
}

fn user(part: Part) -> Vec<Message> {
    vec![message(Role::User, vec![part])]
}

fn call(arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: arguments.into(),
        extra: None,
    })
}

fn result(text: &str) -> Part {
    Part::ToolResult(ToolResult {
        call_id: "x".into(),
        is_error: false,
        content: vec![ToolPart::Text(Text {
            text: text.into(),
            extra: None,
        })],
        extra: None,
    })
}

/// A seal of the vendor's as the host has it.
const OUR_SEAL: &str = "wharf:anthropic.messages:s";

fn thought(signature: Option<&str>) -> Part {
    Part::Reasoning(Reasoning {
        text: Some("t".into()),
        signature: signature.map(Into::into),
        redacted: None,
        extra: None,
    })
}

fn media(mime_type: &str, data: MediaData) -> Part {
    Part::Media(Media {
        mime_type: mime_type.into(),
        data,
        name: Some("n".into()),
        extra: None,
    })
}

fn tool(extra: Option<&str>) -> Tool {
    Tool {
        name: "f".into(),
        description: None,
        parameters: Some(r#"{"properties":{}}"#.into()),
        strict: None,
        extra: extra.map(Into::into),
    }
}

fn effort(effort: &str) -> Option<Thinking> {
    Some(Thinking {
        effort: Some(effort.into()),
        budget_tokens: None,
        extra: None,
    })
}

fn options(options: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

// ---- conversation ---------------------------------------------------------------------------------------------

#[test]
fn instructions_from_anywhere_are_the_system_prompt() {
    let messages = vec![
        Message::text(Role::System, "s"),
        Message::text(Role::User, "a"),
        Message::text(Role::Developer, "d"),
        Message::text(Role::User, "b"),
        Message::text(Role::Assistant, "c"),
        Message::text(Role::User, "e"),
    ];
    let body = wire(&Request { messages, ..request() });
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(body["system"], json!([text("s"), text("d")]));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [text("a"), text("b")]},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": "e"},
        ])
    );
    let messages = vec![Message::text(Role::System, "s")];
    let alone = wire(&Request { messages, ..request() });
    assert_eq!(
        (&alone["system"], &alone["messages"]),
        (&Value::Null, &json!([{"role": "user", "content": "s"}])),
        "somebody has to say something"
    );
}

#[test]
fn an_answer_that_the_client_has_begun_is_for_models_that_go_on_with_it() {
    let begun = |model: &str, dialect: &str| Request {
        model: model.into(),
        dialect: dialect.into(),
        messages: vec![
            Message::text(Role::User, "a"),
            Message::text(Role::Assistant, "The answer is: "),
        ],
        ..request()
    };
    let told = wire(&begun("claude-haiku-4-5", "openai.chat"));
    assert_eq!(told["messages"][1]["content"], "The answer is:");
    let own = wire(&begun("claude-opus-4-6", DIALECT));
    assert_eq!(
        own["messages"][1]["content"], "The answer is: ",
        "the vendor's own words"
    );
    let asked = begun("claude-opus-4-6", "openai.chat");
    refused(&asked, ErrorKind::Unsupported, "messages[1]");
    let mut instructed = begun("claude-opus-4-6", "openai.chat");
    instructed.messages.push(Message::text(Role::System, "b"));
    refused(&instructed, ErrorKind::Unsupported, "messages[1]");
}

#[test]
fn models_that_check_get_no_thoughts_from_before_later_instructions() {
    let messages = vec![
        Message::text(Role::System, "s"),
        Message::text(Role::User, "a"),
        message(Role::Assistant, vec![thought(Some(OUR_SEAL)), Part::text("b")]),
        Message::text(Role::Developer, "d"),
        Message::text(Role::User, "c"),
        message(Role::Assistant, vec![thought(Some(OUR_SEAL)), Part::text("e")]),
        Message::text(Role::User, "f"),
    ];
    let of = |model: &str, dialect: &str| {
        let request = Request {
            model: model.into(),
            dialect: dialect.into(),
            messages: messages.clone(),
            ..request()
        };
        let said = wire(&request)["messages"].take();
        let turns = said
            .as_array()
            .unwrap()
            .iter()
            .filter(|turn| turn["role"] == "assistant");
        turns
            .map(|turn| turn["content"][0]["type"] == "thinking")
            .collect::<Vec<bool>>()
    };
    assert_eq!(of("claude-opus-5-5", "openai.responses"), [false, true]);
    assert_eq!(of("claude-opus-5", "openai.responses"), [true, true]);
    assert_eq!(of("claude-opus-5-5", DIALECT), [true, true], "nothing is moved");
}

#[test]
fn the_newest_models_are_neither_kept_from_thinking_nor_made_to_call() {
    for (model, bound) in [
        ("claude-opus-5-5", true),
        ("claude-sonnet-5-5", true),
        ("claude-fable-5-1", true),
        ("claude-opus-5", false),
        ("claude-haiku-5-5", false),
    ] {
        let quiet = Request {
            model: model.into(),
            thinking: Some(Thinking {
                effort: Some("none".into()),
                ..Thinking::default()
            }),
            ..request()
        };
        let sent = wire(&quiet);
        assert_eq!(sent["thinking"]["type"] == "disabled", !bound, "{model}: {sent}");
        assert_eq!(sent["output_config"]["effort"] == "low", bound, "{model}: {sent}");
        let made = Request {
            model: model.into(),
            tools: vec![tool(None)],
            tool_choice: Some(ToolChoice::Required),
            thinking: effort("high").filter(|_| bound),
            ..request()
        };
        if bound {
            refused(&made, ErrorKind::Unsupported, "tool_choice");
        } else {
            assert_eq!(wire(&made)["tool_choice"]["type"], "any", "{model}");
        }
    }
}

#[test]
fn a_schema_that_a_model_is_held_to_has_the_vendors_form() {
    let with = |strict| {
        let tool = Tool {
            parameters: Some(r#"{"properties":{"n":{"type":"integer","minimum":1}}}"#.into()),
            strict: Some(strict),
            ..tool(None)
        };
        let request = Request {
            tools: vec![tool],
            ..request()
        };
        wire(&request)["tools"][0]["input_schema"].take()
    };
    assert_eq!(
        with(true),
        json!({
            "type": "object",
            "properties": {"n": {"type": "integer", "description": "(minimum: 1)"}},
            "additionalProperties": false,
        })
    );
    assert_eq!(
        with(false),
        json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}})
    );
}

#[test]
fn a_client_of_this_dialect_keeps_its_messages() {
    let mut last = Message::text(Role::User, "b");
    last.extra = Some(r#"{"something_new":1}"#.into());
    let found = said(
        vec![
            Message::text(Role::User, "a"),
            last,
            Message::text(Role::System, "from here on"),
        ],
        same_dialect(),
    );
    assert_eq!(
        found,
        json!([
            {"role": "user", "content": "a"},
            {"role": "user", "content": "b", "something_new": 1},
            {"role": "system", "content": "from here on"},
        ])
    );
}

#[test]
fn results_of_tools_come_first_in_their_turn() {
    let found = said(
        vec![
            message(Role::Assistant, vec![call("{}")]),
            message(Role::User, vec![Part::text("a"), result("r")]),
        ],
        request(),
    );
    assert_eq!(
        found[1]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "x", "content": "r"},
            {"type": "text", "text": "a"},
        ])
    );
}

#[test]
fn arguments_that_are_no_object_do_not_end_the_conversation() {
    for (arguments, expected) in [
        ("", json!({})),
        (r#"{"a":1}"#, json!({"a": 1})),
        (r#"{"a":"#, json!({"INVALID_JSON": "{\"a\":"})),
        ("[1]", json!({"INVALID_JSON": "[1]"})),
    ] {
        let found = answered(vec![call(arguments)], request());
        assert_eq!(found["content"][0]["input"], expected, "{arguments}");
    }
}

#[test]
fn thoughts_without_the_vendors_seal_stay_behind() {
    let parts = vec![
        thought(None),
        thought(Some("")),
        thought(Some("wharf:gemini.generate:s")),
        thought(Some(OUR_SEAL)),
        Part::text("a"),
    ];
    let expected = json!([
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "text", "text": "a"},
    ]);
    for request in [request(), same_dialect()] {
        let found = answered(parts.clone(), request);
        assert_eq!(found["content"], expected);
    }
}

#[test]
fn a_seal_without_a_mark_is_the_vendors_if_its_dialect_is_spoken() {
    let of = |request| answered(vec![thought(Some("s")), Part::text("a")], request);
    assert_eq!(of(same_dialect())["content"][0]["signature"], "s");
    assert_eq!(of(request())["content"], "a");
}

#[test]
fn what_another_vendors_model_did_stays_behind() {
    let code = Part::Extension(Extension {
        kind: "gemini.generate".into(),
        value: r#"{"executableCode":{}}"#.into(),
    });
    let messages = vec![
        message(Role::Assistant, vec![code.clone(), Part::text("a")]),
        message(Role::User, vec![Part::text("b")]),
        message(Role::Assistant, vec![code]),
    ];
    assert_eq!(
        said(messages, request()),
        json!([{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}])
    );
}

#[test]
fn calls_of_other_vendors_get_identifiers_that_the_vendor_takes() {
    let called = |id: &str| {
        Part::ToolCall(ToolCall {
            id: id.into(),
            name: "f".into(),
            arguments: "{}".into(),
            extra: Some(r#"{"thoughtSignature":"wharf:gemini.generate:eA=="}"#.into()),
        })
    };
    let answered = |id: &str| {
        Part::ToolResult(ToolResult {
            call_id: id.into(),
            is_error: false,
            content: Vec::new(),
            extra: None,
        })
    };
    let round = |ids: [&str; 2]| {
        let results = ids.iter().map(|id| answered(id)).collect();
        let calls = ids.iter().map(|id| called(id)).collect();
        [message(Role::Assistant, calls), message(Role::User, results)]
    };
    let messages: Vec<Message> = [round(["a.b", "a/b"]), round(["call_0", "é"]), round(["call_0", ""])].concat();
    for request in [request(), same_dialect()] {
        let found = said(messages.clone(), request);
        let mut all = std::collections::HashSet::new();
        for round in found.as_array().unwrap().chunks(2) {
            let calls = round[0]["content"].as_array().unwrap();
            let results = round[1]["content"].as_array().unwrap();
            assert_eq!((calls.len(), results.len()), (2, 2));
            for (call, result) in calls.iter().zip(results) {
                assert_eq!(call["id"], result["tool_use_id"]);
                assert!(call.get("thoughtSignature").is_none(), "{call}");
                assert!(all.insert(call["id"].as_str().unwrap().to_owned()), "{found:#}");
            }
        }
        let plain = |id: &String| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        assert!(
            all.iter().all(|id| plain(id) && !id.is_empty() && id.len() <= 64),
            "{all:?}"
        );
    }
}

#[test]
fn a_message_of_nothing_is_not_sent() {
    let empty = || message(Role::Assistant, vec![thought(None), Part::Refusal(String::new())]);
    let messages = || vec![Message::text(Role::User, "a"), empty()];
    let expected = json!([{"role": "user", "content": "a"}]);
    assert_eq!(said(messages(), request()), expected);
    assert_eq!(said(messages(), same_dialect()), expected);
}

#[test]
fn vendor_fields_of_another_dialect_stay_behind() {
    let part = || {
        user(Part::Text(Text {
            text: "a".into(),
            extra: Some(r#"{"cache_control":{"type":"ephemeral"}}"#.into()),
        }))
    };
    assert_eq!(said(part(), request())[0]["content"], "a");
    let own = said(part(), same_dialect());
    assert_eq!(own[0]["content"][0]["cache_control"]["type"], "ephemeral");
}

#[test]
fn a_refusal_is_what_the_model_said() {
    let found = answered(vec![Part::Refusal("No.".into())], request());
    assert_eq!(found, json!({"role": "assistant", "content": "No."}));
}

// ---- media ----------------------------------------------------------------------------------------------------

#[test]
fn media_become_the_block_of_their_kind() {
    let url = |url: &str| MediaData::Url(url.to_owned());
    let bytes = || MediaData::Inline(b"ab".to_vec());
    for (mime, data, expected) in [
        (
            "image/*",
            url("https://e.com/a"),
            json!({"type": "image", "source": {"type": "url", "url": "https://e.com/a"}}),
        ),
        (
            "image/jpg",
            bytes(),
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "YWI="}}),
        ),
        (
            "application/pdf",
            bytes(),
            json!({"type": "document", "title": "n",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "YWI="}}),
        ),
        (
            "application/pdf",
            url("https://e.com/a"),
            json!({"type": "document", "title": "n", "source": {"type": "url", "url": "https://e.com/a"}}),
        ),
        (
            "text/markdown; charset=utf-8",
            bytes(),
            json!({"type": "document", "title": "n",
                "source": {"type": "text", "media_type": "text/plain", "data": "ab"}}),
        ),
    ] {
        let found = said(user(media(mime, data)), request());
        assert_eq!(found[0]["content"], json!([expected]), "{mime}");
    }
}

#[test]
fn media_that_the_vendor_does_not_take_are_refused_by_name() {
    for (mime, data) in [
        ("audio/wav", MediaData::Inline(vec![1])),
        ("video/mp4", MediaData::Url("https://e.com/a".into())),
        ("text/plain", MediaData::Url("https://e.com/a".into())),
    ] {
        let messages = user(media(mime, data));
        let refusing = Request { messages, ..request() };
        refused(&refusing, ErrorKind::Unsupported, "messages[0].content[0]");
    }
    let messages = user(media("text/plain", MediaData::Inline(vec![255])));
    let refusing = Request { messages, ..request() };
    refused(&refusing, ErrorKind::InvalidRequest, "messages[0].content[0]");
}

// ---- tools ----------------------------------------------------------------------------------------------------

#[test]
fn a_schema_says_that_it_is_of_an_object() {
    let mut bare = tool(None);
    bare.parameters = None;
    let tools = vec![tool(None), bare];
    let found = wire(&Request { tools, ..request() });
    for tool in found["tools"].as_array().unwrap() {
        assert_eq!(tool["input_schema"], json!({"type": "object", "properties": {}}));
    }
}

#[test]
fn tools_of_the_vendors_own_pass_in_its_dialect_only() {
    let own = r#"{"type":"bash_20250124","name":"bash"}"#;
    let tools = || vec![tool(Some(own))];
    let found = wire(&Request {
        tools: tools(),
        ..same_dialect()
    });
    assert_eq!(found["tools"], json!([{"type": "bash_20250124", "name": "bash"}]));
    let refusing = Request {
        tools: tools(),
        ..request()
    };
    refused(&refusing, ErrorKind::Unsupported, "tools[0]");
}

#[test]
fn every_choice_has_its_word() {
    let named = || Some(ToolChoice::Named("f".into()));
    for (choice, parallel, expected) in [
        (None, None, Value::Null),
        (None, Some(true), Value::Null),
        (
            None,
            Some(false),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (Some(ToolChoice::Auto), Some(true), json!({"type": "auto"})),
        (Some(ToolChoice::None), Some(false), json!({"type": "none"})),
        (Some(ToolChoice::Required), None, json!({"type": "any"})),
        (
            named(),
            Some(false),
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
        ),
    ] {
        let found = wire(&Request {
            tools: vec![tool(None)],
            tool_choice: choice,
            parallel_tool_calls: parallel,
            ..request()
        });
        assert_eq!(found["tool_choice"], expected);
    }
}

#[test]
fn there_is_no_choice_without_tools() {
    let found = wire(&Request {
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(false),
        ..request()
    });
    assert_eq!(found.get("tool_choice"), None);
}

// ---- thinking -------------------------------------------------------------------------------------------------

fn thinks(request: Request, settings: &Settings) -> (Value, Value, Value) {
    let mut body = written(&request, settings);
    (
        body["thinking"].take(),
        body["output_config"].take(),
        body["max_tokens"].take(),
    )
}

#[test]
fn an_effort_is_asked_for_as_the_operator_says() {
    for (word, adaptive, budget) in [
        ("minimal", "low", 1024),
        ("low", "low", 1024),
        ("medium", "medium", 4096),
        ("high", "high", 16_384),
    ] {
        let asking = || Request {
            thinking: effort(word),
            ..request()
        };
        assert_eq!(
            thinks(asking(), &Settings::default()),
            (
                json!({"type": "adaptive"}),
                json!({"effort": adaptive}),
                json!(4096 + budget)
            ),
            "thoughts count for the limit, whoever regulates them"
        );
        assert_eq!(
            thinks(asking(), &with_budget()),
            (
                json!({"type": "enabled", "budget_tokens": budget}),
                Value::Null,
                json!(4096 + budget)
            ),
            "our own limit leaves room for the answer"
        );
    }
}

#[test]
fn without_a_word_of_the_operators_the_model_decides_how_an_effort_is_asked_for() {
    let kind = |model: &str, settings: &str| {
        let asking = Request {
            model: model.into(),
            thinking: effort("medium"),
            ..request()
        };
        let settings: Settings = serde_json::from_str(settings).unwrap();
        thinks(asking, &settings).0["type"].take()
    };
    assert_eq!(kind("claude-opus-4-6", "{}"), "adaptive");
    assert_eq!(kind("claude-sonnet-4-5", "{}"), "enabled");
    assert_eq!(kind("claude-sonnet-4-5", r#"{"effort":"auto"}"#), "enabled");
    assert_eq!(kind("claude-sonnet-4-5", r#"{"effort":"adaptive"}"#), "adaptive");
    assert_eq!(kind("claude-opus-4-6", r#"{"effort":"budget"}"#), "enabled");
}

#[test]
fn no_effort_is_no_thinking() {
    for dialect in ["openai.chat", DIALECT] {
        let asking = Request {
            thinking: effort("none"),
            dialect: dialect.into(),
            ..request()
        };
        let expected = (json!({"type": "disabled"}), Value::Null, json!(4096));
        assert_eq!(thinks(asking, &Settings::default()), expected, "{dialect}");
    }
}

#[test]
fn who_does_not_think_can_still_try_hard() {
    let asking = Request {
        thinking: Some(Thinking {
            effort: Some("none".into()),
            budget_tokens: None,
            extra: Some(r#"{"type":"disabled"}"#.into()),
        }),
        options: options(&[("output_config", r#"{"effort":"high"}"#)]),
        ..same_dialect()
    };
    let (thinking, config, _) = thinks(asking, &Settings::default());
    assert_eq!(
        (thinking, config),
        (json!({"type": "disabled"}), json!({"effort": "high"}))
    );
}

#[test]
fn a_budget_stays_below_the_limit_of_the_client() {
    let asking = |limit| Request {
        thinking: effort("high"),
        max_output_tokens: Some(limit),
        ..request()
    };
    let (thinking, _, limit) = thinks(asking(2000), &with_budget());
    assert_eq!((&thinking["budget_tokens"], limit), (&json!(1999), json!(2000)));
    let (thinking, _, _) = thinks(asking(1024), &with_budget());
    assert_eq!(thinking, Value::Null, "the vendor takes no budget that is so small");
}

#[test]
fn a_budget_is_not_given_in_the_middle_of_a_round_of_calls_without_thoughts() {
    let asking = |parts: Vec<Part>| Request {
        messages: vec![message(Role::Assistant, parts), message(Role::Tool, vec![result("r")])],
        thinking: Some(Thinking {
            effort: None,
            budget_tokens: Some(2048),
            extra: None,
        }),
        ..request()
    };
    let (thinking, _, _) = thinks(asking(vec![call("{}")]), &with_budget());
    assert_eq!(thinking, Value::Null);
    let sealed = |seal| thinks(asking(vec![thought(Some(seal)), call("{}")]), &with_budget());
    let (thinking, _, _) = sealed("wharf:gemini.generate:s");
    assert_eq!(thinking, Value::Null, "the seal is another vendor's");
    let (thinking, _, _) = sealed(OUR_SEAL);
    assert_eq!(thinking, json!({"type": "enabled", "budget_tokens": 2048}));
}

#[test]
fn an_effort_that_cannot_be_counted_is_refused_by_name() {
    let asking = Request {
        thinking: effort("enormous"),
        ..request()
    };
    let error = body(&asking, &with_budget(), false).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.starts_with("`thinking.effort`"), "{error:?}");
}

// ---- the rest -------------------------------------------------------------------------------------------------

#[test]
fn what_the_vendor_has_no_form_for_is_refused_by_name() {
    let foreign = || Extension {
        kind: "openai.chat".into(),
        value: "{}".into(),
    };
    let cases = [
        (
            "n",
            Request {
                options: options(&[("n", "2")]),
                ..request()
            },
        ),
        (
            "temperature",
            Request {
                temperature: Some(1.5),
                ..request()
            },
        ),
        (
            "output",
            Request {
                output: Some(OutputFormat::Json),
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
            "tool_choice",
            Request {
                tool_choice: Some(ToolChoice::Extension(foreign())),
                ..request()
            },
        ),
        (
            "messages[0].content[0]",
            Request {
                messages: user(Part::Extension(foreign())),
                ..request()
            },
        ),
        (
            "messages[0]",
            Request {
                messages: vec![message(
                    Role::System,
                    vec![media("image/png", MediaData::Inline(vec![1]))],
                )],
                ..request()
            },
        ),
    ];
    for (field, refusing) in cases {
        refused(&refusing, ErrorKind::Unsupported, field);
    }
}

#[test]
fn json_that_is_none_is_refused_by_name() {
    let schema = JsonSchema {
        name: "s".into(),
        description: None,
        schema: "{".into(),
        strict: None,
    };
    let refusing = Request {
        output: Some(OutputFormat::JsonSchema(schema)),
        ..request()
    };
    refused(&refusing, ErrorKind::InvalidRequest, "output.schema");
    let refusing = Request {
        options: options(&[("top_k", "many of")]),
        ..request()
    };
    refused(&refusing, ErrorKind::InvalidRequest, "top_k");
}

#[test]
fn options_go_where_they_mean_something() {
    let all = [
        ("top_k", "5"),
        ("n", "1"),
        ("seed", "1"),
        ("something_new", r#"{"a":1.10}"#),
    ];
    let sent = |dialect: &str, asked: &[(&str, &str)]| {
        let body = wire(&Request {
            dialect: dialect.into(),
            options: options(asked),
            ..request()
        });
        let is_there = |name: &&str| body.get(*name).is_some();
        ["top_k", "seed", "something_new", "n"]
            .into_iter()
            .filter(is_there)
            .collect::<Vec<_>>()
    };
    assert_eq!(sent("openai.chat", &all[..2]), ["top_k"]);
    let without_seed = [all[0], all[1], all[3]];
    assert_eq!(sent("wharf", &without_seed), ["top_k", "something_new"]);
    assert_eq!(sent(DIALECT, &all), ["top_k", "seed", "something_new"]);
}

#[test]
fn an_option_of_another_dialect_that_would_be_lost_is_refused() {
    let asking = |name: &str, value: &str| Request {
        options: options(&[("metadata", r#"{"a":"b"}"#), (name, value)]),
        ..request()
    };
    for (name, value) in [
        ("seed", "1"),
        ("logprobs", "true"),
        ("frequency_penalty", "0.5"),
        ("modalities", r#"["text","audio"]"#),
        ("web_search_options", r#"{"search_context_size":"low"}"#),
        ("functions", r#"[{"name":"f"}]"#),
    ] {
        refused(&asking(name, value), ErrorKind::Unsupported, name);
    }
    for (name, value) in [("seed", "1"), ("presence_penalty", "0.5")] {
        let native = Request {
            dialect: "wharf".into(),
            ..asking(name, value)
        };
        refused(&native, ErrorKind::Unsupported, name);
    }
    for (name, value) in [("logprobs", "false"), ("presence_penalty", "0"), ("store", "true")] {
        assert!(wire(&asking(name, value)).get(name).is_none(), "{name}");
    }
    assert!(
        count(&asking("seed", "1"), &Settings::default()).is_ok(),
        "it changes no count"
    );
}

#[test]
fn numbers_keep_their_digits() {
    let asking = Request {
        options: options(&[("something_new", r#"{"a":1.10,"b":12345678901234567890123}"#)]),
        ..same_dialect()
    };
    let bytes = body(&asking, &Settings::default(), false).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(r#"{"a":1.10,"b":12345678901234567890123}"#), "{text}");
}

#[test]
fn features_are_named_as_a_list_or_as_a_line() {
    let asking = |name: &str, value: &str| Request {
        options: options(&[(name, value)]),
        ..same_dialect()
    };
    assert_eq!(betas(&asking("betas", r#"["a","b"]"#)).unwrap(), ["a", "b"]);
    assert_eq!(betas(&asking("anthropic_beta", r#""a, b""#)).unwrap(), ["a", "b"]);
    assert_eq!(betas(&same_dialect()).unwrap(), Vec::<String>::new());
    for wrong in ["7", r#"["a\nb"]"#, r#""a b""#] {
        let error = betas(&asking("betas", wrong)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{wrong}");
    }
    let foreign = Request {
        dialect: "openai.chat".into(),
        ..asking("betas", r#"["a"]"#)
    };
    assert!(betas(&foreign).unwrap().is_empty());
}

#[test]
fn what_is_counted_has_no_limits() {
    let asking = Request {
        messages: vec![Message::text(Role::User, "a")],
        max_output_tokens: Some(9),
        temperature: Some(1.5),
        stop: vec!["END".into()],
        options: options(&[("top_k", "5"), ("user", r#""u""#), ("stream", "true")]),
        ..request()
    };
    let found: Value = serde_json::from_slice(&count(&asking, &Settings::default()).unwrap()).unwrap();
    assert_eq!(
        found,
        json!({"model": "claude-opus-4-6", "messages": [{"role": "user", "content": "a"}]})
    );
}

#[test]
fn a_model_that_has_to_call_a_tool_is_not_asked_to_think() {
    for choice in [ToolChoice::Required, ToolChoice::Named("f".into())] {
        for settings in [Settings::default(), with_budget()] {
            let asking = Request {
                thinking: effort("low"),
                tool_choice: Some(choice.clone()),
                ..request()
            };
            let error = body(&asking, &settings, false).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
            assert!(error.message.starts_with("`thinking`: "), "{error:?}");
        }
    }
}

#[test]
fn models_that_think_unasked_get_room_and_the_least_that_they_can() {
    let named = |model: &str, thinking| Request {
        model: model.into(),
        thinking,
        ..request()
    };
    let (_, _, limit) = thinks(named("claude-opus-5", None), &Settings::default());
    assert_eq!(limit, json!(8192), "it thinks, and there is room for the answer");
    let (thinking, output, _) = thinks(named("claude-fable-5", effort("none")), &Settings::default());
    assert_eq!(
        (thinking, output),
        (Value::Null, json!({"effort": "low"})),
        "it cannot be kept from thinking"
    );
    let (thinking, _, _) = thinks(named("claude-opus-5", effort("none")), &Settings::default());
    assert_eq!(thinking, json!({"type": "disabled"}));
}

#[test]
fn a_budget_is_an_effort_for_models_that_take_none() {
    let asking = |budget| Request {
        thinking: Some(Thinking {
            effort: None,
            budget_tokens: Some(budget),
            extra: None,
        }),
        ..request()
    };
    for (budget, effort) in [(1024, "low"), (4096, "medium"), (31_999, "high")] {
        let (thinking, output, _) = thinks(asking(budget), &Settings::default());
        assert_eq!(
            (thinking, output),
            (json!({"type": "adaptive"}), json!({"effort": effort}))
        );
    }
}

#[test]
fn texts_of_white_space_are_left_out() {
    let turns = written(
        &Request {
            messages: vec![
                message(Role::User, vec![Part::text("a"), Part::text(" \n")]),
                message(Role::Assistant, vec![Part::text("\n\n"), call("{}")]),
                message(Role::Tool, vec![result("r")]),
            ],
            ..request()
        },
        &Settings::default(),
    );
    assert_eq!(turns["messages"][0]["content"], "a");
    assert_eq!(turns["messages"][1]["content"].as_array().map(Vec::len), Some(1));
    let stopping = Request {
        stop: vec!["\n".into()],
        ..request()
    };
    let error = body(&stopping, &Settings::default(), false).unwrap_err();
    assert!(error.message.starts_with("`stop`: "), "{error:?}");
}

#[test]
fn names_of_speakers_and_wishes_about_documents_are_refused_by_name() {
    let named = Message {
        name: Some("ada".into()),
        ..Message::text(Role::User, "a")
    };
    let document = Part::Media(Media {
        mime_type: "application/pdf".into(),
        data: MediaData::Inline(vec![1]),
        name: None,
        extra: Some(r#"{"context":"a draft"}"#.into()),
    });
    for (message, field) in [
        (named, "messages[0].name"),
        (message(Role::User, vec![document]), "messages[0].content[0].context"),
    ] {
        let asking = Request {
            messages: vec![message],
            ..request()
        };
        let error = body(&asking, &Settings::default(), false).unwrap_err();
        assert!(error.message.starts_with(&format!("`{field}`: ")), "{error:?}");
    }
}
