//! How chat requests are read.

use serde_json::{Value, json};
use wharf::{ErrorKind, Media, MediaData, Part, Role, Text};

use super::*;

fn read(body: Value) -> ChatRequest {
    parse(body.to_string().as_bytes()).unwrap()
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body[field] = value;
    body
}

fn refuse(body: &str, param: Option<&str>) {
    let error = parse(body.as_bytes()).unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (ErrorKind::InvalidRequest, param),
        "{body}: {error}"
    );
}

#[test]
fn what_is_not_understood_is_handed_on_digit_for_digit() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"a"}],"seed":123456789012345678901234,"x":{"b":1.10,"a":null}}"#;
    let request = parse(body.as_bytes()).unwrap().request;
    let text = |t: &str| Json(t.to_owned());
    assert_eq!(
        request.options,
        [
            ("seed".to_owned(), text("123456789012345678901234")),
            ("x".to_owned(), text(r#"{"b":1.10,"a":null}"#))
        ]
    );
}

#[test]
fn known_fields_are_understood() {
    let request = read(json!({
        "model": "m", "messages": [{"role": "user", "content": "a"}], "temperature": 0.5, "top_p": null,
        "stop": "x", "max_tokens": 7, "parallel_tool_calls": false, "reasoning_effort": "low",
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "tools": [{"type": "function", "x": 1, "function": {"name": "f", "parameters": {"a": 1}, "strict": true, "y": 2}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"b": 1, "a": 2}}},
    }))
    .request;
    assert_eq!(request.temperature, Some(0.5));
    assert_eq!(request.top_p, None);
    assert_eq!(request.stop, ["x"]);
    assert_eq!(request.max_output_tokens, Some(7));
    assert_eq!(request.parallel_tool_calls, Some(false));
    assert_eq!(request.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!(
        request.tools[0].extra,
        Some(Json(r#"{"x":1,"function":{"y":2}}"#.into()))
    );
    assert_eq!(request.tools[0].parameters, Some(Json(r#"{"a":1}"#.into())));
    let Some(OutputFormat::JsonSchema(schema)) = &request.output else {
        panic!("{:?}", request.output)
    };
    assert_eq!(
        schema.schema,
        Json(r#"{"b":1,"a":2}"#.into()),
        "the order of a schema's keys is part of it"
    );
    assert_eq!(request.options, [("max_tokens".to_owned(), Json("7".to_owned()))]);
}

#[test]
fn parts_keep_their_vendor_fields() {
    let content = json!([
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQID", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://e.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "AQ==", "format": "mp3"}},
        {"type": "video_url", "video_url": {"url": "x"}},
    ]);
    let request = read(with("messages", json!([{"role": "user", "content": content}]))).request;
    let parts = &request.messages[0].parts;
    let extra = |t: &str| Some(Json(t.to_owned()));
    assert_eq!(
        parts[0],
        Part::Text(Text {
            text: "a".into(),
            extra: extra(r#"{"cache_control":{"type":"ephemeral"}}"#)
        })
    );
    let media = |mime: &str, data, extra| {
        Part::Media(Media {
            mime_type: mime.into(),
            data,
            name: None,
            extra,
        })
    };
    assert_eq!(
        parts[1],
        media(
            "image/png",
            MediaData::Inline(vec![1, 2, 3]),
            extra(r#"{"image_url":{"detail":"low"}}"#)
        )
    );
    assert_eq!(
        parts[2],
        media("image/*", MediaData::Url("https://e.com/a.png".into()), None)
    );
    assert_eq!(parts[3], media("audio/mpeg", MediaData::Inline(vec![1]), None));
    assert!(
        matches!(&parts[4], Part::Extension(e) if e.value.0.contains("video_url")),
        "{:?}",
        parts[4]
    );
}

#[test]
fn a_tool_conversation_keeps_ids_and_order() {
    let request = read(with(
        "messages",
        json!([
            {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
            {"role": "tool", "tool_call_id": "x", "content": "done"},
        ]),
    ))
    .request;
    let [first, second] = request.messages.as_slice() else {
        panic!("{:?}", request.messages)
    };
    assert!(matches!(&first.parts[0], Part::Reasoning(r) if r.text.as_deref() == Some("hm")));
    assert!(matches!(&first.parts[1], Part::ToolCall(c) if c.id == "x" && c.arguments.0 == "{\"a\": 1}"));
    assert_eq!(second.role, Role::Tool);
    assert!(matches!(&second.parts[0], Part::ToolResult(r) if r.call_id == "x"));
}

#[test]
fn usage_in_a_stream_is_wanted_only_when_asked_for() {
    assert!(!read(with("stream", json!(true))).include_usage);
    let mut body = with("stream", json!(true));
    body["stream_options"] = json!({"include_usage": true});
    assert!(read(body).include_usage);
    assert!(
        !read(with("stream_options", json!({"include_usage": true}))).include_usage,
        "not a stream"
    );
}

#[test]
fn a_mistake_is_named_where_it_is() {
    refuse("", None);
    refuse("[]", None);
    refuse("{", None);
    refuse(r#"{"messages":[]}"#, Some("model"));
    refuse(r#"{"model":"m"}"#, Some("messages"));
    refuse(r#"{"model":"m","messages":[]}"#, Some("messages"));
    refuse(r#"{"model":"m","messages":"hi"}"#, Some("messages"));
    refuse(r#"{"model":"m","messages":[1]}"#, Some("messages[0]"));
    refuse(
        r#"{"model":"m","messages":[{"role":"robot","content":"a"}]}"#,
        Some("messages[0].role"),
    );
    refuse(
        r#"{"model":"m","messages":[{"role":"user","content":5}]}"#,
        Some("messages[0].content"),
    );
    refuse(
        r#"{"model":"m","messages":[{"role":"tool","content":"a"}]}"#,
        Some("messages[0].tool_call_id"),
    );
    for (field, value) in [
        ("temperature", json!("hot")),
        ("stream", json!("yes")),
        ("stop", json!(1)),
        ("tool_choice", json!("maybe")),
        ("max_tokens", json!(-1)),
        ("stream_options", json!(true)),
    ] {
        let mut body = with("stream", json!(true));
        body[field] = value;
        refuse(&body.to_string(), Some(field));
    }
    refuse(
        &with("tools", json!([{"type": "function"}])).to_string(),
        Some("tools[0].function"),
    );
}

#[test]
fn what_a_vendor_may_understand_is_left_to_the_vendor() {
    let part = |part: Value| {
        let message = json!([{"role": "user", "content": [part]}]);
        read(with("messages", message))
            .request
            .messages
            .remove(0)
            .parts
            .remove(0)
    };
    let unpadded = "data:image/png;base64,AQ";
    let media = part(json!({"type": "image_url", "image_url": {"url": unpadded}}));
    assert!(
        matches!(&media, Part::Media(m) if m.data == MediaData::Url(unpadded.into())),
        "{media:?}"
    );
    let file = part(json!({"type": "file", "file": {"file_data": "data:image/png;base64,AQ==", "filename": "n"}}));
    let Part::Media(file) = file else { panic!("{file:?}") };
    assert_eq!(file.extra, Some(Json(r#"{"file":{}}"#.into())), "it stays a file");
    let legacy = read(with(
        "messages",
        json!([{"role": "function", "name": "f", "content": "1"}]),
    ))
    .request;
    assert_eq!(legacy.messages[0].extra, Some(Json(r#"{"role":"function"}"#.into())));
}

#[test]
fn a_limit_that_is_null_is_no_limit() {
    let request = read(with("max_tokens", Value::Null)).request;
    assert_eq!((request.max_output_tokens, request.options), (None, vec![]));
    assert_eq!(
        read(with("max_tokens", json!(100.0))).request.max_output_tokens,
        Some(100)
    );
}
