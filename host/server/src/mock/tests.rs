//! Tests of the emulator: the pure parts through `plan`, timing and counting through one real connection each.
//!
//! Here is what all vendors share, and OpenAI's chat completions; what is a vendor's own is tested in its folder.

use std::time::Duration;

use clap::Parser as _;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::split_text;
use super::body::{MockBody, Payload};
use super::endpoint::Endpoint;
use super::ollama::shelf::Shelf;
use super::order::{Order, fails};
use super::plan::{Ask, Plan, Reply, Settings};
use super::quirks::Quirks;
use super::{Mock, MockArgs, Quirk, parse_duration, schema};

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    mock: MockArgs,
}

fn parse(arguments: &[&str]) -> Result<MockArgs, clap::Error> {
    Cli::try_parse_from(std::iter::once("mock").chain(arguments.iter().copied())).map(|cli| cli.mock)
}

/// What happens to the first request, at a path with its query.
pub(super) fn plan_at(args: &MockArgs, path: &str, headers: &HeaderMap, body: &str) -> Plan {
    let settings = Settings::new(args.clone()).unwrap();
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let endpoint = Endpoint::of(path, query).unwrap_or_else(|| panic!("{path} is a path of some vendor"));
    let ask = Ask {
        number: 1,
        headers,
        body: body.as_bytes(),
        key_header: endpoint.key_header(),
    };
    endpoint.plan(&settings, &Shelf::default(), &ask)
}

/// The answer to a request with the headers that vendors ask for.
pub(super) fn reply_at(args: &MockArgs, path: &str, body: &Value) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    match plan_at(args, path, &headers, &body.to_string()) {
        Plan::Answer { reply, .. } => reply,
        Plan::Hang => panic!("{body} is answered"),
    }
}

/// The whole answer to a request that is answered well.
pub(super) fn answer_at(path: &str, body: &Value) -> Value {
    let reply = reply_at(&MockArgs::default(), path, body);
    assert_eq!(reply.status, StatusCode::OK, "{}", text(&reply));
    serde_json::from_str(&text(&reply)).unwrap()
}

/// Status and body of the answer to a request that is refused.
pub(super) fn error_at(path: &str, body: &Value) -> (u16, Value) {
    let reply = reply_at(&MockArgs::default(), path, body);
    (reply.status.as_u16(), serde_json::from_str(&text(&reply)).unwrap())
}

fn reply_with(args: &MockArgs, headers: &HeaderMap, body: &str) -> Reply {
    match plan_at(args, "/v1/chat/completions", headers, body) {
        Plan::Answer { reply, .. } => reply,
        Plan::Hang => panic!("{body} is answered"),
    }
}

fn reply(args: &MockArgs, body: &Value) -> Reply {
    reply_with(args, &HeaderMap::new(), &body.to_string())
}

pub(super) fn text(reply: &Reply) -> String {
    let bytes = match &reply.payload {
        Payload::Whole(bytes) | Payload::Torn(bytes) => bytes,
        Payload::Stream { tape, .. } => &tape.bytes,
    };
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn whole(body: &Value) -> Value {
    serde_json::from_str(&text(&reply(&MockArgs::default(), body))).unwrap()
}

/// The data of all events; `[DONE]` becomes null.
fn events(reply: &Reply) -> Vec<Value> {
    let data = |event: &str| match event.strip_prefix("data: ") {
        Some("[DONE]") => Value::Null,
        Some(data) => serde_json::from_str(data).unwrap(),
        None => panic!("{event} starts with the field name"),
    };
    text(reply).split_terminator("\n\n").map(data).collect()
}

fn ask(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello there"}]})
}

/// All values at a path below `choices[0].delta`, joined.
fn joined(events: &[Value], pointer: &str) -> String {
    let pointer = format!("/choices/0/delta/{pointer}");
    events
        .iter()
        .filter_map(|event| event.pointer(&pointer))
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn an_empty_command_line_means_the_documented_defaults() {
    let parsed = parse(&[]).unwrap();
    assert_eq!(format!("{parsed:?}"), format!("{:?}", MockArgs::default()));
}

#[test]
fn lists_on_the_command_line_are_split_at_commas() {
    let args = parse(&["--models", "a,b", "--quirks", "no-usage,tight-data", "--delay", "1.5s"]).unwrap();
    assert_eq!(args.models, ["a", "b"]);
    assert_eq!(args.quirks, [Quirk::NoUsage, Quirk::TightData]);
    assert_eq!(args.delay, Duration::from_millis(1500));
    for wrong in [
        ["--failure-rate", "1.1"],
        ["--chunks", "0"],
        ["--failure-status", "200"],
        ["--quirks", "odd"],
    ] {
        assert!(parse(&wrong).is_err(), "{wrong:?} is refused");
    }
}

#[test]
fn durations_need_a_number_and_a_unit() {
    for (text, expected) in [
        ("0", 0),
        ("0ms", 0),
        ("250ms", 250),
        ("1s", 1000),
        ("0.1s", 100),
        ("2m", 120_000),
    ] {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(expected)), "{text}");
    }
    for text in [
        "",
        "5",
        "ms",
        "-1s",
        "1 s",
        "1.2.3s",
        "1e9s",
        "99999999999999999999999s",
    ] {
        assert!(parse_duration(text).is_err(), "{text} is refused");
    }
}

#[test]
fn splitting_keeps_the_text_and_never_makes_an_empty_piece() {
    for text in ["", "a", "hello there", "äöü", "a😀b😀c", "x"] {
        for pieces in 1..12 {
            let parts = split_text(text, pieces);
            assert_eq!(parts.concat(), text);
            assert_eq!(parts.len(), pieces.min(text.chars().count()), "{text} in {pieces}");
            assert!(parts.iter().all(|part| !part.is_empty()));
        }
    }
}

#[test]
fn schema_instances_have_the_required_properties_and_end() {
    let check = |schema: Value, expected: Value| assert_eq!(schema::instance(&schema), expected, "{schema}");
    check(json!({"type": "string"}), json!("mock"));
    check(json!({"type": ["null", "integer"]}), json!(1));
    check(json!({"enum": ["c", "f"]}), json!("c"));
    check(json!({"type": "array", "items": {"type": "string"}}), json!([]));
    check(
        json!({"type": "object", "required": ["b"], "properties": {"a": {"type": "number"}, "b": {"type": "boolean"}}}),
        json!({"b": true}),
    );
    check(
        json!({"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"anyOf": [{"type": "object"}]}}}),
        json!({"a": {}}),
    );
    let endless = json!({"type": "object", "properties": {"l": {"$ref": "#"}, "r": {"$ref": "#"}}});
    assert!(
        schema::instance(&endless).is_object(),
        "a schema that refers to itself ends"
    );
}

#[test]
fn the_failure_schedule_is_deterministic_and_near_its_rate() {
    let schedule = |seed| (1..=2000).map(|number| fails(seed, number, 0.25)).collect::<Vec<_>>();
    assert_eq!(schedule(7), schedule(7));
    assert_ne!(schedule(7), schedule(8));
    let failed = schedule(7).into_iter().filter(|fails| *fails).count();
    assert!((400..600).contains(&failed), "{failed} of 2000 is about a quarter");
    assert!((1..100).all(|number| fails(7, number, 1.0)));
    assert!(!(1..100).any(|number| fails(7, number, 0.0)));
}

#[test]
fn model_names_order_behaviour() {
    let check = |model, expected| assert_eq!(Order::of_model(model), expected, "{model}");
    check("gpt-4", Order::Normal);
    check("mock-anything", Order::Normal);
    check("mock-status-429", Order::Status(StatusCode::TOO_MANY_REQUESTS));
    check("mock-status-200", Order::Normal);
    check("mock-slow-20", Order::Slow(Duration::from_millis(20)));
    check("mock-big-100", Order::Big(100));
    check("mock-html-502", Order::Html502);
    check(
        "mock-quirks-no-usage+no-ids",
        Order::Quirks(Quirks::of(&[Quirk::NoUsage, Quirk::NoIds])),
    );
    check("mock-quirks-odd", Order::Normal);
}

#[test]
fn a_whole_answer_repeats_the_user_and_counts_words() {
    let answer = whole(&ask("gpt-4", false));
    assert_eq!(answer["id"], "chatcmpl-mock-1");
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: hello there");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["choices"][0]["logprobs"], Value::Null);
    assert_eq!(answer["usage"]["prompt_tokens"], 2);
    assert_eq!(answer["usage"]["completion_tokens"], 4);
    assert_eq!(answer["usage"]["total_tokens"], 6);
    assert_eq!(answer.get("mock_request"), None);
}

#[test]
fn choices_logprobs_and_structured_output_are_given_when_asked_for() {
    let mut body = ask("gpt-4", false);
    body["n"] = json!(2);
    body["logprobs"] = json!(true);
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "s", "schema":
        {"type": "object", "properties": {"city": {"type": "string"}}}}});
    let answer = whole(&body);
    assert_eq!(answer["choices"].as_array().unwrap().len(), 2);
    assert_eq!(answer["choices"][1]["index"], 1);
    assert_eq!(answer["choices"][1]["message"]["content"], r#"{"city":"mock"}"#);
    assert_eq!(answer["choices"][0]["logprobs"]["content"][0]["logprob"], -0.1);
}

#[test]
fn images_are_counted_with_their_decoded_size() {
    let parts = json!([
        {"type": "text", "text": "what \"is\" it"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]);
    let answer = whole(&json!({"model": "gpt-4", "messages": [{"role": "user", "content": parts}]}));
    let content = &answer["choices"][0]["message"]["content"];
    assert_eq!(
        content,
        "I see 2 image(s) of 3 bytes. Types: image/png, url. You said: what \"is\" it"
    );
}

fn with_tools(stream: bool) -> Value {
    let mut body = ask("gpt-4", stream);
    body["tools"] = json!([
        {"type": "function", "function": {"name": "weather", "parameters":
            {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}},
        {"type": "function", "function": {"name": "time"}},
    ]);
    body
}

#[test]
fn a_user_message_with_tools_is_answered_with_calls() {
    let names = |body: &Value| {
        let answer = whole(body);
        let calls = answer["choices"][0]["message"]["tool_calls"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        calls
            .iter()
            .map(|call| call["function"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut body = with_tools(false);
    assert_eq!(names(&body), ["weather", "time"]);
    body["parallel_tool_calls"] = json!(false);
    assert_eq!(names(&body), ["weather"]);
    body["tool_choice"] = json!({"type": "function", "function": {"name": "time"}});
    assert_eq!(names(&body), ["time"]);
    body["tool_choice"] = json!({"type": "function", "function": {"name": "missing"}});
    assert_eq!(reply(&MockArgs::default(), &body).status, StatusCode::BAD_REQUEST);
    body["tool_choice"] = json!("none");
    assert!(names(&body).is_empty());
    body["tool_choice"] = json!("auto");
    body["messages"] = json!([{"role": "user", "content": "x"}, {"role": "tool", "content": "sunny"}]);
    assert_eq!(whole(&body)["choices"][0]["message"]["content"], "The tool said: sunny");
}

#[test]
fn streamed_calls_split_their_arguments() {
    let events = events(&reply(
        &MockArgs {
            chunks: 1,
            ..MockArgs::default()
        },
        &with_tools(true),
    ));
    assert_eq!(
        events[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"],
        "weather"
    );
    assert_eq!(events[1]["choices"][0]["delta"]["tool_calls"][0]["id"], "call_mock_1_0");
    assert_eq!(
        joined(&events, "tool_calls/0/function/arguments"),
        r#"{"city":"mock","days":1}{}"#
    );
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn a_stream_has_openais_form() {
    let mut body = ask("gpt-4", true);
    body["stream_options"] = json!({"include_usage": true});
    let reply = reply(&MockArgs::default(), &body);
    assert_eq!(reply.content_type, "text/event-stream; charset=utf-8");
    let events = events(&reply);
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    assert_eq!(joined(&events, "content"), "You said: hello there");
    // Role, eight pieces, finish reason, usage, [DONE].
    assert_eq!(events.len(), 12);
    assert_eq!(events[9]["choices"][0]["delta"], json!({}));
    assert_eq!(events[9]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[9]["usage"], Value::Null);
    assert!(
        events[9].get("usage").is_some(),
        "usage is null in every chunk but the last"
    );
    assert_eq!(events[10]["choices"], json!([]));
    assert_eq!(events[10]["usage"]["total_tokens"], 6);
    assert_eq!(events[11], Value::Null);
}

#[test]
fn marks_lie_between_events() {
    let reply = reply(&MockArgs::default(), &ask("gpt-4", true));
    let Payload::Stream { tape, .. } = &reply.payload else {
        panic!("a stream is asked for")
    };
    let mut start = 0;
    for mark in &tape.events {
        let event = &tape.bytes[start..mark.end];
        assert!(event.starts_with(b"data: ") && event.ends_with(b"\n\n"));
        start = mark.end;
    }
    assert_eq!(start, tape.bytes.len());
}

#[test]
fn faults_come_after_the_ordered_number_of_content_chunks() {
    let cut = reply(
        &MockArgs {
            cut_after: Some(3),
            ..MockArgs::default()
        },
        &ask("gpt-4", true),
    );
    assert!(matches!(&cut.payload, Payload::Stream { tape, .. } if tape.cut && tape.events.len() == 4));
    let error = events(&reply(&MockArgs::default(), &ask("mock-error-event", true)));
    assert_eq!(error.len(), 4);
    assert_eq!(error[3]["error"]["type"], "server_error");
    let torn = reply(&MockArgs::default(), &ask("mock-cut", false));
    assert!(matches!(torn.payload, Payload::Torn(_)));
}

#[test]
fn special_models_say_what_their_name_says() {
    let answer = whole(&ask("mock-big-5000", false));
    assert_eq!(answer["choices"][0]["message"]["content"].as_str().unwrap().len(), 5000);
    let answer = whole(&ask("mock-refusal", false));
    assert_eq!(answer["choices"][0]["message"]["content"], Value::Null);
    assert!(answer["choices"][0]["message"]["refusal"].is_string());
    let thoughts = events(&reply(&MockArgs::default(), &ask("mock-reasoning", true)));
    assert!(!joined(&thoughts, "reasoning_content").is_empty());
    let drip = events(&reply(&MockArgs::default(), &ask("mock-drip-1", true)));
    assert_eq!(drip.len(), 1003);
    let hang = ask("mock-hang", false).to_string();
    let hang = plan_at(&MockArgs::default(), "/v1/chat/completions", &HeaderMap::new(), &hang);
    assert!(matches!(hang, Plan::Hang));
}

#[test]
fn errors_have_openais_status_and_code() {
    let check = |body: &str, status: u16, code: &str| {
        let reply = reply_with(&MockArgs::default(), &HeaderMap::new(), body);
        let error: Value = serde_json::from_str(&text(&reply)).unwrap();
        assert_eq!(reply.status.as_u16(), status, "{body}");
        assert_eq!(error["error"]["code"].as_str().unwrap_or("null"), code, "{body}");
        assert!(error["error"]["message"].is_string());
    };
    check("{", 400, "null");
    check(r#"{"messages":[]}"#, 400, "missing_required_parameter");
    check(r#"{"model":"gpt-4"}"#, 400, "missing_required_parameter");
    check(r#"{"model":"gpt-4","messages":7}"#, 400, "null");
    check(&ask("gpt-5", false).to_string(), 404, "model_not_found");
    check(
        &ask("mock-context-length", true).to_string(),
        400,
        "context_length_exceeded",
    );
    check(&ask("mock-quota", false).to_string(), 429, "insufficient_quota");
    for status in [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504] {
        let reply = reply(&MockArgs::default(), &ask(&format!("mock-status-{status}"), false));
        assert_eq!(reply.status.as_u16(), status);
        assert_eq!(reply.retry_after, (status == 429).then_some(Duration::from_secs(2)));
    }
}

#[test]
fn a_demanded_key_must_be_present_and_right() {
    let args = MockArgs {
        api_key: Some("k".to_owned()),
        ..MockArgs::default()
    };
    let body = ask("gpt-4", false).to_string();
    let mut headers = HeaderMap::new();
    assert_eq!(reply_with(&args, &headers, &body).status, StatusCode::UNAUTHORIZED);
    headers.insert("authorization", HeaderValue::from_static("Bearer k"));
    headers.insert("x-mock-echo", HeaderValue::from_static("1"));
    let reply = reply_with(&args, &headers, &body);
    assert_eq!(reply.status, StatusCode::OK);
    let answer: Value = serde_json::from_str(&text(&reply)).unwrap();
    assert_eq!(answer["mock_headers"]["authorization"], "present");
    assert_eq!(answer["mock_request"], ask("gpt-4", false));
}

#[test]
fn the_echo_of_a_stream_is_in_its_first_chunk() {
    let mut body = ask("gpt-4", true);
    body["mock_echo"] = json!(true);
    body["top_p"] = json!(0.5);
    let events = events(&reply(&MockArgs::default(), &body));
    assert_eq!(events[0]["mock_request"]["top_p"], 0.5);
    assert_eq!(events[1].get("mock_request"), None);
}

#[test]
fn quirks_can_be_ordered_by_the_model() {
    let answer = whole(&ask("mock-quirks-no-usage+no-ids", false));
    assert_eq!((answer.get("usage"), answer.get("id")), (None, None));
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: hello there");
}

#[test]
fn quirks_change_the_form_and_stay_json() {
    use Quirk::{ExtraFields, NoDone, NoFinish, NoIds, NoUsage, TightData};
    let args = |quirks: &[Quirk]| MockArgs {
        quirks: quirks.to_vec(),
        ..MockArgs::default()
    };
    let answer: Value =
        serde_json::from_str(&text(&reply(&args(&[NoUsage, NoIds, NoFinish]), &ask("gpt-4", false)))).unwrap();
    assert_eq!((answer.get("usage"), answer.get("id")), (None, None));
    assert_eq!(answer["choices"][0]["finish_reason"], Value::Null);
    let extra = text(&reply(&args(&[ExtraFields]), &ask("gpt-4", false)));
    assert!(serde_json::from_str::<Value>(&extra).unwrap().get("x_vendor").is_some());
    let stream = events(&reply(&args(&[ExtraFields, NoDone, NoFinish]), &with_tools(true)));
    assert!(
        stream
            .iter()
            .all(|event| event["choices"][0]["finish_reason"].is_null() && event["x_vendor"].is_object())
    );
    let tight = text(&reply(&args(&[TightData]), &ask("gpt-4", true)));
    assert!(tight.starts_with("data:{") && tight.ends_with("data:[DONE]\n\n"));
}

// ---- one question, all vendors --------------------------------------------------------------------------------

/// A vendor's words for one question, and where its whole answers say what the tests ask.
struct Vendor {
    path: &'static str,
    /// Puts a text, an image (base64 of a PNG) and whether to think into a request.
    ask: fn(&str, Option<&str>, bool) -> Value,
    /// Adds the tool `weather`.
    offer: fn(&mut Value, Value),
    /// Adds the schema of the answer.
    form: fn(&mut Value, Value),
    text: &'static str,
    thoughts: &'static str,
    /// Name and arguments of the first call.
    call: [&'static str; 2],
    /// Counts of prompt and answer.
    counts: [&'static str; 2],
}

/// The beginning of every PNG.
const PNG: &str = "iVBORw0KGgo=";

fn ask_openai(text: &str, image: Option<&str>, thinks: bool) -> Value {
    let mut parts = vec![json!({"type": "text", "text": text})];
    if let Some(image) = image {
        let url = format!("data:image/png;base64,{image}");
        parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
    }
    let mut body = json!({"model": "gpt-4", "messages": [{"role": "user", "content": parts}]});
    if thinks {
        body["reasoning_effort"] = json!("low");
    }
    body
}

fn ask_anthropic(text: &str, image: Option<&str>, thinks: bool) -> Value {
    let mut parts = vec![json!({"type": "text", "text": text})];
    if let Some(image) = image {
        let source = json!({"type": "base64", "media_type": "image/png", "data": image});
        parts.push(json!({"type": "image", "source": source}));
    }
    let mut body = json!({"model": "gpt-4", "max_tokens": 4096, "messages": [{"role": "user", "content": parts}]});
    if thinks {
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
    }
    body
}

fn ask_ollama(text: &str, image: Option<&str>, thinks: bool) -> Value {
    let mut message = json!({"role": "user", "content": text});
    if let Some(image) = image {
        message["images"] = json!([image]);
    }
    json!({"model": "gpt-4", "stream": false, "think": thinks, "messages": [message]})
}

fn ask_gemini(text: &str, image: Option<&str>, thinks: bool) -> Value {
    let mut parts = vec![json!({"text": text})];
    if let Some(image) = image {
        parts.push(json!({"inlineData": {"mimeType": "image/png", "data": image}}));
    }
    let mut body = json!({"contents": [{"role": "user", "parts": parts}], "generationConfig": {}});
    if thinks {
        body["generationConfig"]["thinkingConfig"] = json!({"includeThoughts": true});
    }
    body
}

fn offer_openai(body: &mut Value, schema: Value) {
    body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
}

fn form_openai(body: &mut Value, schema: Value) {
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
}

const OPENAI: Vendor = Vendor {
    path: "/v1/chat/completions",
    ask: ask_openai,
    offer: offer_openai,
    form: form_openai,
    text: "/choices/0/message/content",
    thoughts: "/choices/0/message/reasoning_content",
    call: [
        "/choices/0/message/tool_calls/0/function/name",
        "/choices/0/message/tool_calls/0/function/arguments",
    ],
    counts: ["/usage/prompt_tokens", "/usage/completion_tokens"],
};

fn vendors() -> [Vendor; 5] {
    [
        OPENAI,
        Vendor {
            path: "/openai/deployments/gpt-4/chat/completions?api-version=2024-10-21",
            ..OPENAI
        },
        Vendor {
            path: "/v1/messages",
            ask: ask_anthropic,
            offer: |body, schema| body["tools"] = json!([{"name": "weather", "input_schema": schema}]),
            form: |body, schema| {
                body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
            },
            text: "/content/0/text",
            thoughts: "/content/0/thinking",
            call: ["/content/0/name", "/content/0/input"],
            counts: ["/usage/input_tokens", "/usage/output_tokens"],
        },
        Vendor {
            path: "/api/chat",
            ask: ask_ollama,
            offer: offer_openai,
            form: |body, schema| body["format"] = schema,
            text: "/message/content",
            thoughts: "/message/thinking",
            call: [
                "/message/tool_calls/0/function/name",
                "/message/tool_calls/0/function/arguments",
            ],
            counts: ["/prompt_eval_count", "/eval_count"],
        },
        Vendor {
            path: "/v1beta/models/gpt-4:generateContent",
            ask: ask_gemini,
            offer: |body, schema| {
                let declaration = json!({"name": "weather", "parametersJsonSchema": schema});
                body["tools"] = json!([{"functionDeclarations": [declaration]}]);
            },
            form: |body, schema| {
                body["generationConfig"]["responseMimeType"] = json!("application/json");
                body["generationConfig"]["responseJsonSchema"] = schema;
            },
            text: "/candidates/0/content/parts/0/text",
            thoughts: "/candidates/0/content/parts/0/text",
            call: [
                "/candidates/0/content/parts/0/functionCall/name",
                "/candidates/0/content/parts/0/functionCall/args",
            ],
            counts: ["/usageMetadata/promptTokenCount", "/usageMetadata/candidatesTokenCount"],
        },
    ]
}

fn schema_of_a_city() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}})
}

#[test]
fn every_vendor_gives_the_same_answer() {
    for vendor in vendors() {
        let at = |answer: &Value, pointer| answer.pointer(pointer).cloned().unwrap_or_default();
        let answer = answer_at(vendor.path, &(vendor.ask)("hello there", None, false));
        assert_eq!(at(&answer, vendor.text), "You said: hello there", "{answer}");
        assert_eq!(at(&answer, vendor.counts[0]), 2, "{answer}");
        assert_eq!(at(&answer, vendor.counts[1]), 4, "{answer}");

        let answer = answer_at(vendor.path, &(vendor.ask)("look", Some(PNG), false));
        let expected = "I see 1 image(s) of 8 bytes. Types: image/png. You said: look";
        assert_eq!(at(&answer, vendor.text), expected, "{answer}");

        let answer = answer_at(vendor.path, &(vendor.ask)("hello", None, true));
        let expected = "The user said something. I should say it back.";
        assert_eq!(at(&answer, vendor.thoughts), expected, "{answer}");

        let mut body = (vendor.ask)("hello", None, false);
        (vendor.form)(&mut body, schema_of_a_city());
        let answer = answer_at(vendor.path, &body);
        assert_eq!(at(&answer, vendor.text), r#"{"city":"mock"}"#, "{answer}");

        let mut body = (vendor.ask)("hello", None, false);
        (vendor.offer)(&mut body, schema_of_a_city());
        let answer = answer_at(vendor.path, &body);
        assert_eq!(at(&answer, vendor.call[0]), "weather", "{answer}");
        let arguments = match at(&answer, vendor.call[1]) {
            Value::String(text) => serde_json::from_str(&text).unwrap(),
            arguments => arguments,
        };
        assert_eq!(arguments, json!({"city": "mock"}), "{answer}");
    }
}

#[test]
fn every_vendor_demands_the_key_in_its_own_header() {
    let args = MockArgs {
        api_key: Some("k".to_owned()),
        ..MockArgs::default()
    };
    let headers = [
        ("authorization", "Bearer k", "Bearer x"),
        ("api-key", "k", "x"),
        ("x-api-key", "k", "x"),
        ("authorization", "Bearer k", "Bearer x"),
        ("x-goog-api-key", "k", "x"),
    ];
    for (vendor, (name, right, wrong)) in vendors().into_iter().zip(headers) {
        let body = (vendor.ask)("hello", None, false).to_string();
        let send = |key: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
            headers.insert(name, HeaderValue::from_static(key));
            headers.insert("x-mock-echo", HeaderValue::from_static("1"));
            headers.insert("x-other-key", HeaderValue::from_static("theirs"));
            match plan_at(&args, vendor.path, &headers, &body) {
                Plan::Answer { reply, .. } => reply,
                Plan::Hang => panic!("{body} is answered"),
            }
        };
        let reply = send(right);
        assert_eq!(reply.status, StatusCode::OK, "{}", vendor.path);
        let answer: Value = serde_json::from_str(&text(&reply)).unwrap();
        assert_eq!(answer["mock_headers"][name], "present", "the key is not repeated");
        assert_eq!(answer["mock_headers"]["x-other-key"], "theirs", "what leaks is seen");
        assert!(matches!(send(wrong).status.as_u16(), 400 | 401), "{}", vendor.path);
    }
}

#[test]
fn orders_and_faults_hold_for_every_vendor() {
    let gemini = |model: &str| format!("/v1beta/models/{model}:generateContent");
    let azure = |model: &str| format!("/openai/deployments/{model}/chat/completions?api-version=1");
    let status = |args: &MockArgs, model: &str| {
        let statuses = vendors().map(|vendor| {
            let mut body = (vendor.ask)("hello", None, false);
            body["model"] = json!(model);
            let path = match vendor.path {
                path if path.contains("v1beta") => gemini(model),
                path if path.contains("deployments") => azure(model),
                path => path.to_owned(),
            };
            reply_at(args, &path, &body).status.as_u16()
        });
        assert!(
            statuses.iter().all(|status| *status == statuses[0]),
            "{model}: {statuses:?}"
        );
        statuses[0]
    };
    let fine = MockArgs::default();
    assert_eq!(status(&fine, "mock-status-503"), 503);
    assert_eq!(status(&fine, "mock-status-429"), 429);
    assert_eq!(status(&fine, "mock-context-length"), 400);
    assert_eq!(status(&fine, "mock-html-502"), 502);
    assert_eq!(status(&fine, "missing"), 404);
    let failing = MockArgs {
        failure_rate: 1.0,
        failure_status: 529,
        ..MockArgs::default()
    };
    assert_eq!(status(&failing, "gpt-4"), 529);
}

#[test]
fn a_result_of_a_tool_is_told_in_the_same_words_by_every_vendor() {
    let check = |path: &str, pointer: &str, body: Value| {
        assert_eq!(
            answer_at(path, &body).pointer(pointer),
            Some(&json!("The tool said: sunny")),
            "{path}"
        );
    };
    check(
        "/v1/messages",
        "/content/0/text",
        json!({"model": "gpt-4", "max_tokens": 9, "messages": [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "w", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]},
        ]}),
    );
    check(
        "/api/chat",
        "/message/content",
        json!({"model": "gpt-4", "stream": false, "messages": [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "w", "arguments": {}}}]},
            {"role": "tool", "content": "sunny", "tool_name": "w"},
        ]}),
    );
    check(
        "/v1beta/models/gpt-4:generateContent",
        "/candidates/0/content/parts/0/text",
        json!({"contents": [
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "w", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "w", "response": {"output": "sunny"}}}]},
        ]}),
    );
}

// ---- bodies and connections -----------------------------------------------------------------------------------

#[tokio::test]
async fn a_torn_answer_announces_more_than_it_sends() {
    let mut body = MockBody::new(Payload::Torn("0123456789".into()), None);
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(10));
    let sent = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(sent, "01234");
    assert!(body.frame().await.unwrap().is_err());
    assert!(body.frame().await.is_none());
}

async fn exchange(address: std::net::SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request =
        format!("{head} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_cancelled() {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let mock = Mock::bind(MockArgs {
        listen,
        ..MockArgs::default()
    })
    .await
    .unwrap();
    let address = mock.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(mock.serve(async move { stopped.await.unwrap_or(()) }));

    let answer = exchange(address, "POST /v1/chat/completions", &ask("gpt-4", true).to_string()).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK")
            && answer.contains("x-request-id: req_mock_1")
            && answer.contains("openai-version: "),
        "{answer}"
    );
    assert!(answer.contains("data: [DONE]"), "{answer}");

    let mut leaving = TcpStream::connect(address).await.unwrap();
    let body = ask("mock-drip-1000", true).to_string();
    let head = format!(
        "POST /chat/completions HTTP/1.1\r\nhost: mock\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    leaving.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut first = [0; 64];
    leaving.read_exact(&mut first).await.unwrap();
    let stats = exchange(address, "GET /mock/stats", "").await;
    assert!(stats.contains(r#""requests":2,"in_flight":1,"cancelled":0"#), "{stats}");
    assert!(stats.contains(r#""streams_open":1"#), "{stats}");
    drop(leaving);
    let counted = async {
        while !exchange(address, "GET /mock/stats", "")
            .await
            .contains(r#""in_flight":0,"cancelled":1"#)
        {}
    };
    tokio::time::timeout(Duration::from_secs(5), counted)
        .await
        .expect("the departure is counted");

    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .expect("shutdown is quick")
        .unwrap()
        .unwrap();
}
