//! How requests for responses are read.

use serde_json::{Value, json};
use wharf::{Media, MediaData, Part, Reasoning, Text, ToolCall, ToolPart};

use super::*;

fn read(body: Value) -> ResponsesRequest {
    parse(body.to_string().as_bytes()).unwrap()
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "input": "hi"});
    body[field] = value;
    body
}

/// The messages of these items.
fn messages(items: Value) -> Vec<Message> {
    read(with("input", items)).request.messages
}

/// The parts of a message of the user.
fn parts(content: Value) -> Vec<Part> {
    messages(json!([{"role": "user", "content": content}])).remove(0).parts
}

fn refuse_as(kind: ErrorKind, body: &str, param: Option<&str>) {
    let error = parse(body.as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.param()), (kind, param), "{body}: {error}");
}

fn refuse(body: &str, param: Option<&str>) {
    refuse_as(ErrorKind::InvalidRequest, body, param);
}

fn json_text(text: &str) -> Json {
    Json(text.to_owned())
}

fn some(text: &str) -> Option<Json> {
    Some(json_text(text))
}

#[test]
fn a_text_is_a_message_of_the_user_after_the_instructions() {
    let request = read(json!({"model": "m", "instructions": "be brief", "input": "hi"})).request;
    let instructions = Message {
        extra: some(r#"{"type":"instructions"}"#),
        ..Message::text(Role::System, "be brief")
    };
    assert_eq!(request.messages, [instructions, Message::text(Role::User, "hi")]);
    assert_eq!(request.dialect, "openai.responses");
    let silent = read(json!({"model": "m", "instructions": "", "input": "hi"})).request;
    assert_eq!(silent.messages.len(), 1, "empty instructions are none");
}

#[test]
fn known_fields_are_understood() {
    let schema = json!({"type": "json_schema", "name": "s", "description": "d", "strict": true,
        "schema": {"b": 1, "a": 2}});
    let request = read(json!({
        "model": "m", "input": "hi", "temperature": 0.5, "top_p": null, "max_output_tokens": 7,
        "parallel_tool_calls": false, "reasoning": {"effort": "low", "summary": "auto"},
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"a": 1}, "strict": true, "x": 1}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": schema, "verbosity": "low"},
    }))
    .request;
    assert_eq!((request.temperature, request.top_p), (Some(0.5), None));
    assert_eq!(request.max_output_tokens, Some(7));
    assert_eq!(request.parallel_tool_calls, Some(false));
    let thinking = request.thinking.unwrap();
    assert_eq!(thinking.effort.as_deref(), Some("low"));
    assert_eq!(thinking.extra, some(r#"{"summary":"auto"}"#));
    let tool = Tool {
        name: "f".into(),
        description: Some("d".into()),
        parameters: some(r#"{"a":1}"#),
        strict: Some(true),
        extra: some(r#"{"x":1}"#),
    };
    assert_eq!(request.tools, [tool]);
    assert_eq!(request.tool_choice, Some(ToolChoice::Named("f".into())));
    let schema = JsonSchema {
        name: "s".into(),
        description: Some("d".into()),
        // The order of a schema's keys is part of it.
        schema: json_text(r#"{"b":1,"a":2}"#),
        strict: Some(true),
    };
    assert_eq!(request.output, Some(OutputFormat::JsonSchema(schema)));
    assert!(
        request
            .options
            .contains(&("text".to_owned(), json_text(r#"{"verbosity":"low"}"#))),
        "{:?}",
        request.options
    );
}

#[test]
fn the_forms_of_an_answer_without_a_schema_are_understood() {
    let form = |format: Value| read(with("text", json!({"format": format}))).request.output.unwrap();
    assert_eq!(form(json!({"type": "text"})), OutputFormat::Text);
    assert_eq!(form(json!({"type": "json_object"})), OutputFormat::Json);
    assert!(matches!(form(json!({"type": "grammar"})), OutputFormat::Extension(_)));
}

#[test]
fn what_is_not_understood_is_handed_on_digit_for_digit() {
    let body = r#"{"model":"m","input":"a","seed":123456789012345678901234,"x":{"b":1.10,"a":null}}"#;
    let options = parse(body.as_bytes()).unwrap().request.options;
    assert_eq!(
        options,
        [
            ("seed".to_owned(), json_text("123456789012345678901234")),
            ("x".to_owned(), json_text(r#"{"b":1.10,"a":null}"#)),
            ("store".to_owned(), json_text("false"))
        ]
    );
}

#[test]
fn who_asks_for_nothing_about_thinking_gets_the_vendors_default() {
    for reasoning in [json!(null), json!({}), json!({"effort": null, "summary": null})] {
        let request = read(with("reasoning", reasoning.clone())).request;
        assert_eq!(request.thinking, None, "{reasoning}");
    }
    let request = read(with("reasoning", json!({"summary": "auto"}))).request;
    assert!(request.thinking.is_some(), "a summary needs thoughts");
}

#[test]
fn parts_become_what_every_provider_knows() {
    let parts = parts(json!([
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "detail": "low", "image_url": "data:image/png;base64,AQID"},
        {"type": "input_image", "file_id": null, "image_url": "https://e.com/a.png"},
        {"type": "input_file", "filename": "n.pdf", "file_data": "data:application/pdf;base64,AQ=="},
        {"type": "input_file", "file_url": "https://e.com/a.pdf"},
        {"type": "input_file", "filename": "n.png", "file_data": "data:image/png;base64,AQ=="},
        {"type": "input_file", "file_data": "AQ=="},
        {"type": "input_smell", "smell": "x"},
    ]));
    let media = |mime: &str, data, name: Option<&str>, extra| {
        Part::Media(Media {
            mime_type: mime.into(),
            data,
            name: name.map(str::to_owned),
            extra,
        })
    };
    let url = |url: &str| MediaData::Url(url.into());
    let bytes = |bytes: &[u8]| MediaData::Inline(bytes.to_vec());
    assert_eq!(parts[0], Part::text("a"));
    assert_eq!(
        parts[1],
        media("image/png", bytes(&[1, 2, 3]), None, some(r#"{"detail":"low"}"#))
    );
    assert_eq!(parts[2], media("image/*", url("https://e.com/a.png"), None, None));
    assert_eq!(parts[3], media("application/pdf", bytes(&[1]), Some("n.pdf"), None));
    assert_eq!(
        parts[4],
        media("application/pdf", url("https://e.com/a.pdf"), None, None)
    );
    let file = some(r#"{"type":"input_file"}"#);
    assert_eq!(
        parts[5],
        media("image/png", bytes(&[1]), Some("n.png"), file),
        "it stays a file"
    );
    for part in &parts[6..] {
        assert!(
            matches!(part, Part::Extension(own) if own.kind == DIALECT),
            "nobody else could read it: {part:?}"
        );
    }
}

#[test]
fn what_was_answered_earlier_comes_back_as_one_turn() {
    let messages = messages(json!([
        {"role": "user", "content": "weather?"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gA"},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "I look.", "annotations": [], "logprobs": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\": 1}", "status": "completed"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "sun"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "rain"},
            {"type": "input_image", "image_url": "https://e.com/a.png"}]},
    ]));
    let roles: Vec<Role> = messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Tool]);
    let call = |id: &str, arguments: &str, extra| {
        Part::ToolCall(ToolCall {
            id: id.into(),
            name: "f".into(),
            arguments: json_text(arguments),
            extra,
        })
    };
    assert_eq!(
        messages[1].parts,
        [
            Part::Reasoning(Reasoning {
                text: Some("hm".into()),
                redacted: Some("gA".into()),
                extra: some(r#"{"id":"rs_1"}"#),
                ..Reasoning::default()
            }),
            Part::Text(Text {
                text: "I look.".into(),
                extra: some(r#"{"message":{"id":"msg_1","status":"completed"}}"#),
            }),
            call("c1", "{\"a\": 1}", some(r#"{"id":"fc_1","status":"completed"}"#)),
            call("c2", "{}", None),
        ]
    );
    let Part::ToolResult(result) = &messages[3].parts[0] else {
        panic!("{:?}", messages[3])
    };
    assert_eq!(result.call_id, "c2");
    assert!(matches!(
        result.content.as_slice(),
        [ToolPart::Text(_), ToolPart::Media(_)]
    ));
}

#[test]
fn messages_of_the_assistant_stay_apart_unless_calls_wait() {
    let say = |text: &str| json!({"role": "assistant", "content": text});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "c", "output": "1"});
    let lengths = |items: Value| -> Vec<usize> { messages(items).iter().map(|message| message.parts.len()).collect() };
    assert_eq!(lengths(json!([say("a"), say("b")])), [1, 1]);
    assert_eq!(
        lengths(json!([say("a"), call, say("b"), output, say("c")])),
        [3, 1, 1],
        "nothing may come between a call and its answer"
    );
    let thought = json!({"type": "reasoning", "id": "r", "summary": []});
    assert_eq!(lengths(json!([thought, say("a"), say("b")])), [2, 1]);
}

#[test]
fn thoughts_come_back_with_their_seal() {
    let thought = |item: Value| match messages(json!([item])).remove(0).parts.remove(0) {
        Part::Reasoning(reasoning) => reasoning,
        other => panic!("{other:?}"),
    };
    let text = |text: &str| json!({"type": "summary_text", "text": text});
    let sealed = thought(json!({"type": "reasoning", "id": "r", "summary": [text("a")],
        "encrypted_content": "signature:abc"}));
    assert_eq!((sealed.signature.as_deref(), sealed.redacted), (Some("abc"), None));
    let two = thought(json!({"type": "reasoning", "summary": [text("a"), text("b")]}));
    assert_eq!(two.text.as_deref(), Some("a\n\nb"));
    assert!(
        two.extra.unwrap().0.contains("summary_text"),
        "two texts cannot be told from one again"
    );
    let raw = thought(json!({"type": "reasoning", "summary": [text("short")],
        "content": [{"type": "reasoning_text", "text": "long"}]}));
    assert_eq!(
        raw.text.as_deref(),
        Some("long"),
        "the thoughts say more than their summary"
    );
}

#[test]
fn items_of_other_kinds_are_kept_whole_in_their_place() {
    let search = json!({"type": "web_search_call", "id": "ws_1", "status": "completed"});
    let output = json!({"type": "computer_call_output", "call_id": "c", "output": {}});
    let messages = messages(json!([{"role": "user", "content": "a"}, search, output]));
    let own = |message: &Message| match message.parts.as_slice() {
        [Part::Extension(own)] => (message.role, own.kind.clone(), own.value.0.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        own(&messages[1]),
        (Role::Assistant, DIALECT.to_owned(), search.to_string())
    );
    assert_eq!(own(&messages[2]), (Role::Tool, DIALECT.to_owned(), output.to_string()));
}

#[test]
fn what_a_client_says_in_an_item_of_its_own_is_not_taken_for_the_models() {
    for kind in [
        "additional_tools",
        "configuration_update",
        "mcp_approval_response",
        "compaction",
    ] {
        let messages = messages(json!([{"role": "user", "content": "a"}, {"type": kind}]));
        assert_eq!(messages[1].role, Role::Tool, "{kind}: others have to refuse it");
    }
    for kind in [
        "custom_tool_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "shell_call",
    ] {
        let messages = messages(json!([{"role": "user", "content": "a"}, {"type": kind}]));
        assert_eq!(messages[1].role, Role::Assistant, "{kind}: others go on without it");
    }
}

#[test]
fn messages_of_one_turn_keep_their_own_fields() {
    let said = |text: &str, fields: Value| {
        let mut item = json!({"role": "assistant", "content": [{"type": "output_text", "text": text}]});
        for (name, value) in fields.as_object().into_iter().flatten() {
            item[name] = value.clone();
        }
        item
    };
    let refusal = json!({"id": "msg_3", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let input = json!([
        {"role": "user", "content": "a"},
        said("one", json!({"phase": "commentary"})), call, said("two", json!({"phase": "final_answer"})),
        said("three", json!({})), refusal,
    ]);
    let turn = messages(input).remove(1);
    let fields: Vec<(String, Option<Json>)> = turn
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some((text.text.clone(), text.extra.clone())),
            _ => None,
        })
        .collect();
    let expected = [
        ("one", r#"{"message":{"phase":"commentary"}}"#),
        ("two", r#"{"message":{"phase":"final_answer"}}"#),
        ("three", r#"{"message":{}}"#),
        ("", r#"{"message":{"id":"msg_3"}}"#),
    ];
    assert_eq!(fields, expected.map(|(text, extra)| (text.to_owned(), some(extra))));
}

#[test]
fn tools_and_rules_of_other_kinds_are_kept_whole() {
    let search = json!({"type": "web_search", "search_context_size": "low"});
    let rule = json!({"type": "allowed_tools", "mode": "auto", "tools": []});
    let mut body = with("tools", json!([search]));
    body["tool_choice"] = rule.clone();
    let request = read(body).request;
    assert_eq!(request.tools[0].name, "web_search");
    assert_eq!(request.tools[0].extra, some(&search.to_string()));
    let choice = ToolChoice::Extension(Extension {
        kind: DIALECT.into(),
        value: json_text(&rule.to_string()),
    });
    assert_eq!(request.tool_choice, Some(choice));
}

#[test]
fn what_needs_state_is_refused_by_name() {
    for (field, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({"id": "p"})),
        ("background", json!(true)),
    ] {
        let body = with(field, value).to_string();
        refuse_as(ErrorKind::Unsupported, &body, Some(field));
        assert!(parse(body.as_bytes()).unwrap_err().message().contains("keeps no state"));
        read(with(field, Value::Null));
    }
    for item in [json!({"type": "item_reference", "id": "msg_1"}), json!({"id": "msg_1"})] {
        let body = with("input", json!([item])).to_string();
        refuse_as(ErrorKind::Unsupported, &body, Some("input[0]"));
    }
    for kind in ["input_image", "input_file"] {
        let part = json!({"type": kind, "file_id": "file_1"});
        let body = with("input", json!([{"role": "user", "content": [part]}])).to_string();
        refuse_as(ErrorKind::Unsupported, &body, Some("input[0].content[0].file_id"));
    }
}

#[test]
fn no_vendor_is_asked_to_keep_the_answer() {
    for store in [json!(true), json!(false), json!(null)] {
        let options = read(with("store", store)).request.options;
        assert_eq!(options, [("store".to_owned(), json_text("false"))]);
    }
}

#[test]
fn a_mistake_is_named_where_it_is() {
    refuse("", None);
    refuse("[]", None);
    refuse(r#"{"input":"a"}"#, Some("model"));
    refuse(r#"{"model":"m"}"#, Some("input"));
    refuse(r#"{"model":"m","input":[]}"#, Some("input"));
    refuse(r#"{"model":"m","input":1}"#, Some("input"));
    refuse(r#"{"model":"m","input":[1]}"#, Some("input[0]"));
    for (item, param) in [
        (json!({"role": "robot", "content": "a"}), "input[0].role"),
        (json!({"role": "user"}), "input[0].content"),
        (json!({"role": "user", "content": 5}), "input[0].content"),
        (
            json!({"role": "user", "content": [{"type": "input_text"}]}),
            "input[0].content[0].text",
        ),
        (
            json!({"type": "function_call", "name": "f", "arguments": "{}"}),
            "input[0].call_id",
        ),
        (
            json!({"type": "function_call_output", "output": "1"}),
            "input[0].call_id",
        ),
        (
            json!({"type": "function_call_output", "call_id": "c", "output": {}}),
            "input[0].output",
        ),
        (json!({"type": "reasoning", "summary": "hm"}), "input[0].summary"),
    ] {
        refuse(&with("input", json!([item])).to_string(), Some(param));
    }
    for (field, value, param) in [
        ("temperature", json!("hot"), "temperature"),
        ("stream", json!("yes"), "stream"),
        ("store", json!("yes"), "store"),
        ("background", json!(1), "background"),
        ("max_output_tokens", json!(-1), "max_output_tokens"),
        ("instructions", json!([]), "instructions"),
        ("metadata", json!({"a": 1}), "metadata"),
        ("tool_choice", json!("maybe"), "tool_choice"),
        ("tools", json!([{"type": "function"}]), "tools[0].name"),
        (
            "text",
            json!({"format": {"type": "json_schema", "name": "s"}}),
            "text.format.schema",
        ),
        ("reasoning", json!("low"), "reasoning"),
    ] {
        refuse(&with(field, value).to_string(), Some(param));
    }
}

#[test]
fn the_answer_repeats_what_was_asked() {
    let echo = read(
        json!({"model": "m", "input": "hi", "temperature": 0.50, "metadata": {"a": "b"},
        "tools": [{"type": "function", "name": "f", "parameters": null}], "user": null}),
    )
    .echo;
    let said = |name: &str| echo[name].get().to_owned();
    assert_eq!(said("temperature"), "0.5");
    assert_eq!(said("metadata"), r#"{"a":"b"}"#);
    assert_eq!(said("tools"), r#"[{"type":"function","name":"f","parameters":null}]"#);
    assert_eq!(said("user"), "null");
    assert_eq!(said("tool_choice"), r#""auto""#);
    assert_eq!(said("parallel_tool_calls"), "true");
}

#[test]
fn a_text_keeps_the_fields_that_say_something() {
    let cited = json!([{"type": "url_citation", "url": "u"}]);
    let text = json!({"type": "output_text", "text": "a", "annotations": cited, "logprobs": []});
    let messages = messages(json!([{"role": "assistant", "content": [text, {"type": "refusal", "refusal": "no"}]}]));
    let extra = Some(Json(json!({"annotations": cited}).to_string()));
    assert_eq!(
        messages[0].parts,
        [
            Part::Text(Text {
                text: "a".into(),
                extra
            }),
            Part::Refusal("no".into())
        ]
    );
}

#[test]
fn a_message_of_the_assistant_keeps_parts_that_nobody_knows() {
    let unknown = json!({"type": "new_part", "x": 1});
    let refusal = json!({"type": "refusal", "refusal": "no", "x": 1});
    for (part, known) in [(&unknown, None), (&refusal, Some(Part::Refusal("no".into())))] {
        let content = json!([{"type": "output_text", "text": "a"}, part]);
        let item = json!({"type": "message", "role": "assistant", "id": "msg_1", "content": content});
        let message = messages(json!([item])).remove(0);
        let fields = json!({"message": {"id": "msg_1", "content": content}}).to_string();
        let text = Part::Text(Text {
            text: "a".into(),
            extra: some(&fields),
        });
        let mut expected = vec![text];
        expected.extend(known);
        assert_eq!(message.parts, expected);
    }
    assert_eq!(
        parts(json!([unknown.clone()])),
        [Part::Extension(extension(&raw(&unknown)))],
        "what a user says is refused by whoever does not know it"
    );
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

#[test]
fn bytes_that_nobody_calls_a_picture_stay_as_they_came() {
    let image =
        json!({"type": "input_image", "detail": "high", "image_url": "data:application/octet-stream;base64,AQID"});
    assert_eq!(
        parts(json!([image.clone()])),
        [Part::Extension(extension(&raw(&image)))]
    );
}

#[test]
fn parts_are_found_again_where_the_client_has_them() {
    let image = json!({"type": "input_image", "image_url": "https://example.com/a.png"});
    let said = json!({"type": "message", "role": "assistant", "id": "msg_1", "content": [image]});
    let thought = json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]});
    let alone = read(with("input", json!([said])));
    assert_eq!(alone.request.messages[0].parts.len(), 2, "the fields stand with a text");
    assert_eq!(alone.places.of(0, Some(1)).unwrap(), "input[0].content[0]");
    let after = read(with("input", json!([thought, said])));
    assert_eq!(after.places.of(0, Some(0)).unwrap(), "input[0]");
    assert_eq!(after.places.of(0, Some(2)).unwrap(), "input[1].content[0]");
}
