//! Tests of what is OpenAI's own besides chats, and of what Azure changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::mock::tests::{answer_at, error_at, reply_at, text};
use crate::mock::{MockArgs, Quirk};

const EMBEDDINGS: &str = "/v1/embeddings";
const AZURE: &str = "/openai/deployments/gpt-4/chat/completions?api-version=2024-10-21";

fn chat(stream: bool) -> Value {
    json!({"stream": stream, "messages": [{"role": "user", "content": "hello there"}]})
}

fn numbers(vector: &Value) -> Vec<f32> {
    let values = vector.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

#[test]
fn a_text_has_one_vector_whatever_the_form() {
    let body = json!({"model": "gpt-4", "input": ["hello there", "hello"], "dimensions": 5});
    let plain = answer_at(EMBEDDINGS, &body);
    assert_eq!(plain["object"], "list");
    assert_eq!(plain["data"][1]["index"], 1);
    assert_eq!(plain["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let first = numbers(&plain["data"][0]["embedding"]);
    assert_eq!(first.len(), 5);
    let length: f32 = first.iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-5, "a vector has the length one");
    assert_ne!(first, numbers(&plain["data"][1]["embedding"]));

    let mut body = body;
    body["encoding_format"] = json!("base64");
    let packed = answer_at(EMBEDDINGS, &body);
    let bytes = STANDARD
        .decode(packed["data"][0]["embedding"].as_str().unwrap())
        .unwrap();
    let unpacked: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(unpacked, first);
}

#[test]
fn embeddings_take_one_text_and_tokens() {
    let count = |input: Value| {
        let answer = answer_at(EMBEDDINGS, &json!({"model": "gpt-4", "input": input}));
        (
            answer["data"].as_array().unwrap().len(),
            answer["usage"]["total_tokens"].as_u64().unwrap(),
        )
    };
    assert_eq!(count(json!("one two")), (1, 2));
    assert_eq!(count(json!([1, 2, 3])), (1, 3));
    assert_eq!(count(json!([[1], [2, 3]])), (2, 3));
    for wrong in [json!(""), json!([]), json!(7), Value::Null] {
        let (status, error) = error_at(EMBEDDINGS, &json!({"model": "gpt-4", "input": wrong}));
        assert_eq!((status, &error["error"]["param"]), (400, &json!("input")), "{wrong}");
    }
    let (status, _) = error_at(EMBEDDINGS, &json!({"model": "gpt-4", "input": "x", "dimensions": 0}));
    assert_eq!(status, 400);
    assert_eq!(
        error_at(EMBEDDINGS, &json!({"model": "mock-status-429", "input": "x"})).0,
        429
    );
}

#[test]
fn a_server_may_give_plain_vectors_to_who_asks_for_base64() {
    let args = MockArgs {
        quirks: vec![Quirk::PlainVectors, Quirk::NoUsage],
        ..MockArgs::default()
    };
    let body = json!({"model": "gpt-4", "input": "x", "encoding_format": "base64"});
    let answer: Value = serde_json::from_str(&text(&reply_at(&args, EMBEDDINGS, &body))).unwrap();
    assert!(answer["data"][0]["embedding"].is_array());
    assert_eq!(answer.get("usage"), None);
}

#[test]
fn azure_answers_with_what_its_filter_says() {
    let answer = answer_at(AZURE, &chat(false));
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: hello there");
    assert_eq!(answer["prompt_filter_results"][0]["prompt_index"], 0);
    assert!(answer["choices"][0]["content_filter_results"].is_object());

    let stream = text(&reply_at(&MockArgs::default(), AZURE, &chat(true)));
    let first: Value = serde_json::from_str(stream.lines().next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(first["choices"], json!([]));
    assert!(first["prompt_filter_results"].is_array());
    assert!(stream.ends_with("data: [DONE]\n\n"));
}

#[test]
fn azures_errors_are_those_of_its_gateway() {
    let check = |path: &str, status: u16, code: &str| {
        let (found, error) = error_at(path, &chat(false));
        assert_eq!(found, status, "{error}");
        assert_eq!(error["error"]["code"], code, "{error}");
        error
    };
    check("/openai/deployments/gpt-4/chat/completions", 404, "404");
    check(
        "/openai/deployments/missing/chat/completions?api-version=1",
        404,
        "DeploymentNotFound",
    );
    let path = |model: &str| format!("/openai/deployments/{model}/chat/completions?api-version=1");
    check(&path("mock-status-401"), 401, "401");
    check(&path("mock-status-429"), 429, "429");
    check(&path("mock-status-500"), 500, "InternalServerError");
    check(&path("mock-context-length"), 400, "context_length_exceeded");
    let error = check(&path("mock-content-filter"), 400, "content_filter");
    assert_eq!(error["error"]["innererror"]["code"], "ResponsibleAIPolicyViolation");
}

#[test]
fn azure_embeds_by_deployment_too() {
    let path = "/openai/deployments/gpt%2D4/embeddings?api-version=1";
    let answer = answer_at(path, &json!({"input": "x"}));
    assert_eq!(answer["model"], "gpt-4");
    assert_eq!(answer["data"][0]["embedding"].as_array().unwrap().len(), 8);
}
