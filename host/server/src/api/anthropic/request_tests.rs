//! How requests for messages are read.

use serde_json::{Value, json};
use wharf::{ErrorKind, Media, MediaData, Message, Part, Reasoning, Role, Text, ToolCall, ToolPart, ToolResult};

use super::*;

fn read(body: &Value) -> MessagesRequest {
    parse(body.to_string().as_bytes(), None).unwrap()
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    body[field] = value;
    body
}

/// The parts of a message with these blocks.
fn parts(blocks: Value) -> Vec<Part> {
    let messages = json!([{"role": "user", "content": blocks}]);
    read(&with("messages", messages)).request.messages.remove(0).parts
}

fn text(json: &str) -> Json {
    Json(json.to_owned())
}

fn extra(json: &str) -> Option<Json> {
    Some(text(json))
}

fn refuse(body: &Value, param: Option<&str>) {
    let error = parse(body.to_string().as_bytes(), None).unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (ErrorKind::InvalidRequest, param),
        "{body}: {error}"
    );
}

#[test]
fn what_is_not_understood_is_handed_on_digit_for_digit() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"a"}],"top_k":5,"metadata":{"user_id":"u"},"x":{"b":1.10,"a":123456789012345678901234}}"#;
    let request = parse(body.as_bytes(), None).unwrap().request;
    assert_eq!(request.dialect, "anthropic.messages");
    assert_eq!(
        request.options,
        [
            ("top_k".to_owned(), text("5")),
            ("metadata".to_owned(), text(r#"{"user_id":"u"}"#)),
            ("x".to_owned(), text(r#"{"b":1.10,"a":123456789012345678901234}"#)),
        ]
    );
}

#[test]
fn known_fields_are_understood() {
    let asked = read(&json!({
        "model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "a"}], "stream": true,
        "temperature": 0.5, "top_p": null, "stop_sequences": ["x", "y"],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }));
    let request = asked.request;
    assert!(asked.stream);
    assert_eq!(request.messages, [Message::text(Role::User, "a")]);
    assert_eq!(request.max_output_tokens, Some(7));
    assert_eq!((request.temperature, request.top_p), (Some(0.5), None));
    assert_eq!(request.stop, ["x", "y"]);
    let budget = Thinking {
        budget_tokens: Some(1024),
        ..Thinking::default()
    };
    assert_eq!(request.thinking, Some(budget));
    assert!(request.options.is_empty(), "{:?}", request.options);
}

#[test]
fn a_system_prompt_is_the_first_message() {
    let first = |system: Value| read(&with("system", system)).request.messages.remove(0);
    assert_eq!(first(json!("be brief")), Message::text(Role::System, "be brief"));
    let blocks = first(json!([{"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}]));
    assert_eq!(blocks.role, Role::System);
    assert_eq!(
        blocks.parts,
        [
            Part::text("a"),
            Part::Text(Text {
                text: "b".into(),
                extra: extra(r#"{"cache_control":{"type":"ephemeral"}}"#)
            })
        ]
    );
    for nothing in [json!(""), json!([]), Value::Null] {
        assert_eq!(first(nothing).role, Role::User, "an empty one is none");
    }
}

#[test]
fn a_system_message_stays_where_it_is() {
    let messages = json!([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]);
    let roles: Vec<Role> = read(&with("messages", messages))
        .request
        .messages
        .iter()
        .map(|message| message.role)
        .collect();
    assert_eq!(roles, [Role::User, Role::System]);
}

#[test]
fn pictures_and_documents_keep_their_vendor_fields() {
    let source = |kind: &str, mime: &str| json!({"type": kind, "media_type": mime, "data": "AQID"});
    let parts = parts(json!([
        {"type": "image", "source": source("base64", "image/png"), "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png", "x": 1}},
        {"type": "document", "source": source("base64", "application/pdf"), "title": "t", "context": "c"},
        {"type": "document", "source": source("text", "text/plain")},
        {"type": "document", "source": {"type": "url", "url": "https://e.com/a.pdf"}},
    ]));
    let media = |mime: &str, data, name: Option<&str>, extra: Option<Json>| {
        Part::Media(Media {
            mime_type: mime.into(),
            data,
            name: name.map(str::to_owned),
            extra,
        })
    };
    let url = |url: &str| MediaData::Url(url.to_owned());
    let bytes = || MediaData::Inline(vec![1, 2, 3]);
    assert_eq!(
        parts,
        [
            media(
                "image/png",
                bytes(),
                None,
                extra(r#"{"cache_control":{"type":"ephemeral"}}"#)
            ),
            media(
                "image/*",
                url("https://e.com/a.png"),
                None,
                extra(r#"{"source":{"x":1}}"#)
            ),
            media("application/pdf", bytes(), Some("t"), extra(r#"{"context":"c"}"#)),
            media("text/plain", MediaData::Inline(b"AQID".to_vec()), None, None),
            media("application/pdf", url("https://e.com/a.pdf"), None, None),
        ]
    );
}

#[test]
fn blocks_that_only_anthropic_understands_stay_whole() {
    for block in [
        json!({"type": "image", "source": {"type": "file", "file_id": "f"}}),
        json!({"type": "document", "source": {"type": "content", "content": "c"}}),
        json!({"type": "document", "source": {"type": "base64", "media_type": "image/png", "data": "AQID"}}),
        json!({"type": "search_result", "title": "t"}),
        json!({"type": "server_tool_use", "id": "x", "name": "web_search", "input": {}}),
    ] {
        let Part::Extension(kept) = parts(json!([block])).remove(0) else {
            panic!("{block} must be kept")
        };
        assert_eq!(kept.kind, "anthropic.messages");
        assert_eq!(serde_json::from_str::<Value>(&kept.value.0).unwrap(), block);
    }
}

#[test]
fn a_tool_conversation_keeps_ids_and_order() {
    let messages = r#"[
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},
            {"type":"redacted_thinking","data":"d"},
            {"type":"tool_use","id":"x","name":"f","input":{"b": 1.10,"a":2},"caller":{"type":"direct"}}]},
        {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"x","is_error":true,"content":"no","cache_control":{"type":"ephemeral"}},
            {"type":"tool_result","tool_use_id":"y","content":[{"type":"text","text":"t"},
                {"type":"image","source":{"type":"url","url":"u"}},{"type":"tool_reference","tool_name":"n"}]},
            {"type":"tool_result","tool_use_id":"z"},
            {"type":"text","text":"go on"}]}]"#;
    let body = format!(r#"{{"model":"m","messages":{messages}}}"#);
    let messages = parse(body.as_bytes(), None).unwrap().request.messages;
    let [first, second] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    let thought = Reasoning {
        text: Some("hm".into()),
        signature: Some("s".into()),
        ..Reasoning::default()
    };
    let hidden = Reasoning {
        redacted: Some("d".into()),
        ..Reasoning::default()
    };
    let call = ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: text(r#"{"b": 1.10,"a":2}"#),
        extra: extra(r#"{"caller":{"type":"direct"}}"#),
    };
    assert_eq!(
        first.parts,
        [Part::Reasoning(thought), Part::Reasoning(hidden), Part::ToolCall(call)]
    );
    let failed = ToolResult {
        call_id: "x".into(),
        is_error: true,
        content: vec![ToolPart::Text(Text {
            text: "no".into(),
            extra: None,
        })],
        extra: extra(r#"{"cache_control":{"type":"ephemeral"}}"#),
    };
    assert_eq!(second.role, Role::User);
    assert_eq!(second.parts[0], Part::ToolResult(failed));
    let Part::ToolResult(result) = &second.parts[1] else {
        panic!("{:?}", second.parts[1])
    };
    assert!(
        matches!(
            &result.content[..],
            [ToolPart::Text(_), ToolPart::Media(_), ToolPart::Extension(_)]
        ),
        "{result:?}"
    );
    assert!(matches!(&second.parts[2], Part::ToolResult(r) if r.call_id == "z" && r.content.is_empty()));
    assert_eq!(second.parts[3], Part::text("go on"), "in its place after the results");
}

#[test]
fn thoughts_without_a_seal_do_not_pretend_to_have_one() {
    let parts = parts(json!([{"type": "thinking", "thinking": "hm", "signature": ""}]));
    assert!(
        matches!(&parts[0], Part::Reasoning(r) if r.signature.is_none()),
        "{parts:?}"
    );
}

#[test]
fn arguments_that_were_no_json_are_again_what_the_model_wrote() {
    let parts = parts(json!([{"type": "tool_use", "id": "x", "name": "f", "input": "{\"a\":"}]));
    assert!(
        matches!(&parts[0], Part::ToolCall(c) if c.arguments.0 == "{\"a\":"),
        "{parts:?}"
    );
}

#[test]
fn tools_are_understood_and_those_of_the_vendor_kept() {
    let tools = json!([
        {"name": "f", "description": "d", "input_schema": {"b": 1, "a": 2}, "strict": true, "cache_control": {"x": 1}},
        {"type": "custom", "name": "g", "input_schema": {}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        {"type": "unnamed_1", "y": 1},
    ]);
    let read = read(&with("tools", tools.clone())).request.tools;
    let custom = Tool {
        name: "f".into(),
        description: Some("d".into()),
        parameters: extra(r#"{"b":1,"a":2}"#),
        strict: Some(true),
        extra: extra(r#"{"cache_control":{"x":1}}"#),
    };
    assert_eq!(read[0], custom);
    assert_eq!((read[1].name.as_str(), &read[1].extra), ("g", &None));
    for (at, name) in [(2, "web_search"), (3, "unnamed_1")] {
        assert_eq!(read[at].name, name);
        assert_eq!(read[at].parameters, None);
        assert_eq!(
            read[at].extra,
            extra(&tools[at].to_string()),
            "a tool of the vendor's stays whole"
        );
    }
}

#[test]
fn a_tool_choice_says_how_many_too() {
    let choice = |value: Value| {
        let request = read(&with("tool_choice", value)).request;
        (request.tool_choice.unwrap(), request.parallel_tool_calls)
    };
    assert_eq!(choice(json!({"type": "auto"})), (ToolChoice::Auto, None));
    assert_eq!(choice(json!({"type": "none"})), (ToolChoice::None, None));
    assert_eq!(
        choice(json!({"type": "any", "disable_parallel_tool_use": true})),
        (ToolChoice::Required, Some(false))
    );
    assert_eq!(
        choice(json!({"type": "tool", "name": "f", "disable_parallel_tool_use": false})),
        (ToolChoice::Named("f".into()), Some(true))
    );
    for other in [json!({"type": "auto", "x": 1}), json!({"type": "some"})] {
        let (ToolChoice::Extension(kept), None) = choice(other.clone()) else {
            panic!("{other} must be kept")
        };
        assert_eq!(kept.value.0, other.to_string());
    }
}

#[test]
fn thinking_keeps_the_words_that_a_budget_does_not_say() {
    let thinking = |value: Value| read(&with("thinking", value)).request.thinking.unwrap();
    let none = thinking(json!({"type": "disabled"}));
    assert_eq!(none.effort.as_deref(), Some("none"));
    assert_eq!(none.extra, extra(r#"{"type":"disabled"}"#));
    let adaptive = thinking(json!({"type": "adaptive", "display": "omitted"}));
    assert_eq!((&adaptive.effort, adaptive.budget_tokens), (&None, None));
    assert_eq!(adaptive.extra, extra(r#"{"display":"omitted","type":"adaptive"}"#));
    let enabled = thinking(json!({"type": "enabled", "budget_tokens": 5, "display": "summarized"}));
    assert_eq!(enabled.extra, extra(r#"{"display":"summarized"}"#));
}

#[test]
fn effort_and_form_of_the_answer_have_places_of_their_own() {
    let config = json!({"effort": "high", "format": {"type": "json_schema", "schema": {"b": 1, "a": 2}}, "x": 1});
    let request = read(&with("output_config", config)).request;
    assert_eq!(request.thinking.unwrap().effort.as_deref(), Some("high"));
    let Some(OutputFormat::JsonSchema(schema)) = request.output else {
        panic!("{:?}", request.output)
    };
    assert_eq!(schema.schema, text(r#"{"b":1,"a":2}"#));
    assert_eq!(request.options, [("output_config".to_owned(), text(r#"{"x":1}"#))]);

    let older = with("output_format", json!({"type": "json_schema", "schema": {}}));
    let request = read(&older).request;
    assert!(matches!(request.output, Some(OutputFormat::JsonSchema(_))));
    assert!(request.options.is_empty(), "{:?}", request.options);
    let request = read(&with("output_format", json!("markdown"))).request;
    assert_eq!(
        (request.output, request.options),
        (None, vec![("output_format".to_owned(), text("\"markdown\""))])
    );
    let other = with("output_config", json!({"format": {"type": "grammar", "grammar": "g"}}));
    assert!(matches!(read(&other).request.output, Some(OutputFormat::Extension(_))));
}

#[test]
fn effort_without_thinking_is_left_to_the_vendor() {
    let mut body = with("thinking", json!({"type": "disabled"}));
    body["output_config"] = json!({"effort": "high"});
    let request = read(&body).request;
    assert_eq!(request.thinking.unwrap().effort.as_deref(), Some("none"));
    assert_eq!(
        request.options,
        [("output_config".to_owned(), text(r#"{"effort":"high"}"#))]
    );
}

#[test]
fn new_features_are_asked_for_in_a_header_or_in_the_body() {
    let mut headers = HeaderMap::new();
    assert_eq!(beta(&headers), None);
    headers.append(BETA_HEADER, http::HeaderValue::from_static("a-1, b-2"));
    headers.append(BETA_HEADER, http::HeaderValue::from_static("c-3"));
    assert_eq!(beta(&headers).as_deref(), Some("a-1, b-2,c-3"));
    let options = |body: &Value| {
        let body = body.to_string();
        parse(body.as_bytes(), Some("a-1".into())).unwrap().request.options
    };
    let plain = with("messages", json!([{"role": "user", "content": "hi"}]));
    assert_eq!(options(&plain), [("anthropic_beta".to_owned(), text("\"a-1\""))]);
    assert_eq!(
        options(&with("anthropic_beta", json!(["b-2"]))),
        [("anthropic_beta".to_owned(), text(r#"["b-2"]"#))],
        "what the body says goes first"
    );
}

#[test]
fn a_mistake_is_named_where_it_is() {
    refuse(&json!([]), None);
    refuse(&json!({"messages": []}), Some("model"));
    refuse(&json!({"model": "m"}), Some("messages"));
    for (field, value, param) in [
        ("messages", json!([]), "messages"),
        ("messages", json!("hi"), "messages"),
        ("messages", json!([1]), "messages[0]"),
        (
            "messages",
            json!([{"role": "tool", "content": "a"}]),
            "messages[0].role",
        ),
        ("messages", json!([{"role": "user"}]), "messages[0].content"),
        (
            "messages",
            json!([{"role": "user", "content": 5}]),
            "messages[0].content",
        ),
        (
            "messages",
            json!([{"role": "user", "content": [{}]}]),
            "messages[0].content[0].type",
        ),
        ("system", json!(5), "system"),
        ("max_tokens", json!(-1), "max_tokens"),
        ("temperature", json!("hot"), "temperature"),
        ("stop_sequences", json!("x"), "stop_sequences"),
        ("stream", json!("yes"), "stream"),
        ("tools", json!([{"input_schema": {}}]), "tools[0].name"),
        ("tool_choice", json!("auto"), "tool_choice"),
        ("tool_choice", json!({"type": "tool"}), "tool_choice.name"),
        ("thinking", json!({"budget_tokens": 5}), "thinking.type"),
        (
            "thinking",
            json!({"type": "enabled", "budget_tokens": "all"}),
            "thinking.budget_tokens",
        ),
        ("output_config", json!({"format": {}}), "output_config.format.type"),
    ] {
        refuse(&with(field, value), Some(param));
    }
    for (block, param) in [
        (json!({"type": "text"}), "text"),
        (json!({"type": "image"}), "source"),
        (
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}}),
            "source.data",
        ),
        (json!({"type": "tool_use", "id": "x"}), "name"),
        (json!({"type": "tool_result", "content": "a"}), "tool_use_id"),
    ] {
        let body = with("messages", json!([{"role": "user", "content": [block]}]));
        refuse(&body, Some(&format!("messages[0].content[0].{param}")));
    }
    let nested = json!([{"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text"}]}]);
    let body = with("messages", json!([{"role": "user", "content": nested}]));
    refuse(&body, Some("messages[0].content[0].content[0].text"));
}

#[test]
fn results_within_results_do_not_exhaust_the_stack() {
    const DEPTH: usize = 50_000;
    let open = r#"{"type":"tool_result","tool_use_id":"x","content":["#.repeat(DEPTH);
    let close = "]}".repeat(DEPTH);
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{open}{close}]}}]}}"#);
    let asked = parse(body.as_bytes(), None).unwrap();
    let [Part::ToolResult(result)] = asked.request.messages[0].parts.as_slice() else {
        panic!("{:?}", asked.request.messages[0].parts.len())
    };
    assert!(
        matches!(result.content.as_slice(), [ToolPart::Extension(_)]),
        "what is inside a result stays as it came"
    );
}
