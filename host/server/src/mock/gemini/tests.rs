//! Tests of the emulator in Gemini's shape.

use serde_json::{Value, json};

use crate::mock::MockArgs;
use crate::mock::plan::Settings;
use crate::mock::tests::{answer_at, error_at, reply_at, text};

fn path(model: &str, method: &str) -> String {
    format!("/v1beta/models/{model}:{method}")
}

fn ask() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]})
}

fn events(model: &str, body: &Value) -> Vec<Value> {
    let path = path(model, "streamGenerateContent?alt=sse");
    let stream = text(&reply_at(&MockArgs::default(), &path, body));
    let data = |event: &str| -> Value { serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap() };
    stream.split_terminator("\r\n\r\n").map(data).collect()
}

fn parts(events: &[Value]) -> Vec<Value> {
    let parts = events
        .iter()
        .map(|event| event["candidates"][0]["content"]["parts"][0].clone());
    parts.filter(|part| part["text"] != "").collect()
}

#[test]
fn a_whole_answer_has_geminis_form() {
    let answer = answer_at(&path("gpt-4", "generateContent"), &ask());
    assert_eq!(
        answer,
        json!({
            "candidates": [{
                "content": {"parts": [{"text": "You said: hello there"}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": 2, "candidatesTokenCount": 4, "totalTokenCount": 6,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}],
            },
            "modelVersion": "gpt-4",
            "responseId": "mock-1",
        })
    );
}

#[test]
fn every_event_is_an_answer_and_the_last_says_why_it_ended() {
    let mut body = ask();
    body["generationConfig"] = json!({"thinkingConfig": {"includeThoughts": true}});
    let events = events("gpt-4", &body);
    let parts = parts(&events);
    let is_thought = |part: &&Value| part["thought"] == true;
    let thoughts: String = parts
        .iter()
        .filter(is_thought)
        .map(|part| part["text"].as_str().unwrap())
        .collect();
    let said: String = parts
        .iter()
        .filter(|part| !is_thought(part))
        .map(|part| part["text"].as_str().unwrap())
        .collect();
    assert!(thoughts.starts_with("The user said"));
    assert_eq!(said, "You said: hello there");
    let (last, before) = events.split_last().unwrap();
    assert!(
        before
            .iter()
            .all(|event| event["candidates"][0].get("finishReason").is_none())
    );
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(
        last["candidates"][0]["content"]["parts"][0]["thoughtSignature"],
        super::SIGNATURE
    );
    assert_eq!(last["usageMetadata"]["thoughtsTokenCount"], 9);
    assert_eq!(last["usageMetadata"]["totalTokenCount"], 15);
}

#[test]
fn without_sse_a_stream_is_one_array() {
    let path = path("gpt-4", "streamGenerateContent");
    let array: Value = serde_json::from_str(&text(&reply_at(&MockArgs::default(), &path, &ask()))).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 9);
}

#[test]
fn calls_come_in_one_piece_with_one_signature_and_no_ids() {
    let mut body = ask();
    let schema = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}});
    body["tools"] = json!([{"functionDeclarations": [
        {"name": "a", "parameters": schema}, {"name": "b", "parameters": schema}, {"name": "c"},
    ]}]);
    body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["a", "b"]}});
    body["generationConfig"] = json!({"thinkingConfig": {"includeThoughts": true}});
    let events = events("gpt-4", &body);
    let calls: Vec<Value> = parts(&events)
        .into_iter()
        .filter(|part| part.get("functionCall").is_some())
        .collect();
    assert_eq!(
        calls,
        [
            json!({
                "functionCall": {"name": "a", "args": {"city": "mock"}}, "thoughtSignature": super::SIGNATURE,
            }),
            json!({"functionCall": {"name": "b", "args": {"city": "mock"}}}),
        ]
    );
    body["toolConfig"] = json!({"functionCallingConfig": {"mode": "NONE"}});
    let answer = answer_at(&path("gpt-4", "generateContent"), &body);
    assert!(answer["candidates"][0]["content"]["parts"][1]["text"].is_string());
    body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["z"]}});
    assert_eq!(error_at(&path("gpt-4", "generateContent"), &body).0, 400);
}

#[test]
fn faults_come_after_the_ordered_number_of_events() {
    let error = events("mock-error-event", &ask());
    assert_eq!(error.len(), 3);
    assert_eq!(error[2]["error"]["status"], "INTERNAL");
    assert_eq!(events("mock-cut", &ask()).len(), 2);
}

#[test]
fn what_the_vendor_refuses_is_refused() {
    let check = |contents: Value, words: &str| {
        let (status, error) = error_at(&path("gpt-4", "generateContent"), &json!({"contents": contents}));
        assert_eq!(
            (status, &error["error"]["status"]),
            (400, &json!("INVALID_ARGUMENT")),
            "{error}"
        );
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message} says {words}");
    };
    check(json!([]), "contents is not specified");
    check(json!([{"role": "user", "parts": []}]), "parts must not be empty");
    check(json!([{"role": "assistant", "parts": [{"text": "x"}]}]), "valid role");
    let call = json!({"role": "model", "parts": [{"functionCall": {"name": "a", "args": {}}}]});
    check(
        json!([call, {"role": "user", "parts": [{"text": "x"}]}]),
        "number of function response parts",
    );
    check(
        json!([call, {"role": "user", "parts": [{"functionResponse": {"name": "a", "response": "x"}}]}]),
        "Struct",
    );
    check(
        json!([{"role": "model", "parts": [{"text": "x", "thoughtSignature": "theirs"}]}]),
        "signature is not valid",
    );
}

#[test]
fn errors_have_googles_words() {
    let error = |model: &str| error_at(&path(model, "generateContent"), &ask());
    let check = |model: &str, status: u16, word: &str| {
        let (found, error) = error(model);
        assert_eq!(
            (found, error["error"]["status"].as_str().unwrap()),
            (status, word),
            "{error}"
        );
        assert_eq!(error["error"]["code"], status);
    };
    check("mock-status-401", 401, "UNAUTHENTICATED");
    check("mock-status-403", 403, "PERMISSION_DENIED");
    check("mock-status-500", 500, "INTERNAL");
    check("mock-status-503", 503, "UNAVAILABLE");
    check("mock-status-504", 504, "DEADLINE_EXCEEDED");
    check("missing", 404, "NOT_FOUND");
    check("mock-context-length", 400, "INVALID_ARGUMENT");
    let limited = error("mock-status-429").1;
    assert_eq!(limited["error"]["details"][1]["retryDelay"], "2s");
    let quota = error("mock-quota").1;
    assert!(
        quota["error"]["details"][0]["violations"][0]["quotaId"]
            .as_str()
            .unwrap()
            .contains("PerDay")
    );
}

#[test]
fn a_filtered_prompt_is_an_answer_without_candidates() {
    let answer = answer_at(&path("mock-content-filter", "generateContent"), &ask());
    assert_eq!(answer["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    let stream = events("mock-content-filter", &ask());
    assert_eq!(stream[0]["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    let refused = answer_at(&path("mock-refusal", "generateContent"), &ask());
    assert_eq!(refused["candidates"][0]["finishReason"], "SAFETY");
}

#[test]
fn tokens_are_counted_for_contents_and_for_whole_requests() {
    let path = path("gpt-4", "countTokens");
    assert_eq!(answer_at(&path, &ask())["totalTokens"], 2);
    let mut request = ask();
    request["model"] = json!("models/gpt-4");
    request["systemInstruction"] = json!({"parts": [{"text": "be kind"}]});
    assert_eq!(
        answer_at(&path, &json!({"generateContentRequest": request}))["totalTokens"],
        4
    );
}

#[test]
fn embeddings_are_one_or_many_of_the_same_model() {
    let one = |model: &str, text: &str| {
        let content = json!({"parts": [{"text": text}]});
        json!({"model": model, "content": content, "outputDimensionality": 3})
    };
    let single = answer_at(&path("gpt-4", "embedContent"), &one("models/gpt-4", "a"));
    let batch = json!({"requests": [one("models/gpt-4", "a"), one("models/gpt-4", "b")]});
    let many = answer_at(&path("gpt-4", "batchEmbedContents"), &batch);
    assert_eq!(single["embedding"]["values"].as_array().unwrap().len(), 3);
    assert_eq!(many["embeddings"][0], single["embedding"]);
    assert_eq!(many["embeddings"].as_array().unwrap().len(), 2);
    let mixed = json!({"requests": [one("models/other", "a")]});
    assert_eq!(error_at(&path("gpt-4", "batchEmbedContents"), &mixed).0, 400);
}

#[test]
fn models_come_in_pages() {
    let settings = Settings::new(MockArgs {
        models: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ..MockArgs::default()
    })
    .unwrap();
    let page = |token: Option<&str>| -> Value {
        serde_json::from_str(&text(&super::models::list(&settings, Some("2"), token))).unwrap()
    };
    let first = page(None);
    assert_eq!(first["models"][0]["name"], "models/a");
    let token = first["nextPageToken"].as_str().unwrap();
    let last = page(Some(token));
    assert_eq!(last["models"][0]["name"], "models/c");
    assert_eq!(last.get("nextPageToken"), None);
}
