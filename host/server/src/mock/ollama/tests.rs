//! Tests of the emulator in Ollama's shape.

use http::HeaderMap;
use serde_json::{Value, json};

use super::shelf::Shelf;
use super::{Operation, models, plan};
use crate::mock::MockArgs;
use crate::mock::plan::{Ask, Plan, Settings};
use crate::mock::tests::{answer_at, error_at, reply_at, text};

const CHAT: &str = "/api/chat";

fn ask(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello there"}]})
}

fn lines(path: &str, body: &Value) -> Vec<Value> {
    let reply = reply_at(&MockArgs::default(), path, body);
    assert_eq!(reply.content_type, "application/x-ndjson");
    let text = text(&reply);
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn chats_are_streamed_line_by_line_unless_the_request_says_no() {
    let lines = lines(CHAT, &ask("gpt-4"));
    let said: String = lines
        .iter()
        .map(|line| line["message"]["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, "You said: hello there");
    assert!(lines[..lines.len() - 1].iter().all(|line| line["done"] == false));
    let end = lines.last().unwrap();
    assert_eq!((&end["done"], &end["done_reason"]), (&json!(true), &json!("stop")));
    assert_eq!((&end["prompt_eval_count"], &end["eval_count"]), (&json!(2), &json!(4)));

    let mut body = ask("gpt-4");
    body["stream"] = json!(false);
    let whole = answer_at(CHAT, &body);
    assert_eq!(
        whole["message"],
        json!({"role": "assistant", "content": "You said: hello there"})
    );
    assert_eq!(whole["done"], true);
}

#[test]
fn calls_come_in_one_piece_and_without_ids() {
    let mut body = ask("gpt-4");
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
    let lines = lines(CHAT, &body);
    assert_eq!(
        lines[0]["message"],
        json!({
            "role": "assistant", "content": "",
            "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "mock"}}}],
        })
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn thoughts_are_streamed_in_a_field_of_their_own() {
    let mut body = ask("gpt-4");
    body["think"] = json!("low");
    let lines = lines(CHAT, &body);
    let thoughts: String = lines
        .iter()
        .filter_map(|line| line["message"]["thinking"].as_str())
        .collect();
    assert!(thoughts.starts_with("The user said"));
    assert_eq!(lines[0]["message"]["content"], "");
}

#[test]
fn a_model_is_named_with_or_without_its_usual_tag() {
    assert_eq!(lines(CHAT, &ask("gpt-4:latest")).len(), 9);
    assert_eq!(error_at(CHAT, &ask("mock-status-429:latest")).0, 429);
    let (status, error) = error_at(CHAT, &ask("missing"));
    assert_eq!((status, error), (404, json!({"error": "model 'missing' not found"})));
}

#[test]
fn a_broken_model_is_a_line_of_the_stream() {
    let lines = lines(CHAT, &ask("mock-error-event"));
    assert_eq!(lines.len(), 3);
    assert!(lines[2]["error"].as_str().unwrap().contains("while running the model"));
}

#[test]
fn what_the_decoder_cannot_read_is_refused() {
    let check = |change: &dyn Fn(&mut Value)| {
        let mut body = ask("gpt-4");
        change(&mut body);
        let (status, error) = error_at(CHAT, &body);
        assert_eq!(status, 400, "{body}");
        assert!(error["error"].is_string());
    };
    check(&|body| body["messages"][0]["content"] = json!([{"type": "text", "text": "x"}]));
    check(&|body| body["messages"][0]["images"] = json!(["https://example.com/a.png"]));
    check(&|body| body["messages"][0]["tool_calls"] = json!([{"function": {"name": "w", "arguments": "{}"}}]));
    check(&|body| body["format"] = json!("xml"));
    check(&|body| body["model"] = json!(""));
}

#[test]
fn embeddings_are_as_many_as_texts() {
    let answer = answer_at(
        "/api/embed",
        &json!({"model": "gpt-4", "input": ["a", "b c"], "dimensions": 3}),
    );
    assert_eq!(answer["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(answer["embeddings"][1].as_array().unwrap().len(), 3);
    assert_eq!(answer["prompt_eval_count"], 3);
    let one = answer_at("/api/embed", &json!({"model": "gpt-4", "input": "a", "dimensions": 3}));
    assert_eq!(one["embeddings"][0], answer["embeddings"][0]);
}

/// One server with what it remembers.
struct Server {
    settings: Settings,
    shelf: Shelf,
}

impl Server {
    fn new() -> Self {
        Self {
            settings: Settings::new(MockArgs::default()).unwrap(),
            shelf: Shelf::default(),
        }
    }

    fn send(&self, operation: Operation, body: &Value) -> String {
        let body = body.to_string();
        let ask = Ask {
            number: 1,
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
            key_header: "authorization",
        };
        match plan(&self.settings, &self.shelf, &ask, operation) {
            Plan::Answer { reply, .. } => text(&reply),
            Plan::Hang => panic!("{body} is answered"),
        }
    }

    fn pull(&self, body: &Value) -> Vec<Value> {
        let lines = self.send(Operation::Pull, body);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn names(&self) -> Vec<String> {
        let list: Value = serde_json::from_str(&text(&models::tags(&self.settings, &self.shelf))).unwrap();
        let models = list["models"].as_array().unwrap().clone();
        models
            .iter()
            .map(|model| model["name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn delete(&self, name: &str) -> u16 {
        let body = json!({"model": name}).to_string();
        models::delete(&self.settings, &self.shelf, body.as_bytes())
            .status
            .as_u16()
    }
}

#[test]
fn a_model_can_be_pulled_used_and_deleted() {
    let server = Server::new();
    assert_eq!(server.names(), ["gpt-4:latest", "gpt-3.5-turbo:latest"]);
    let progress = server.pull(&json!({"model": "tiny"}));
    assert_eq!(progress[0], json!({"status": "pulling manifest"}));
    assert_eq!(progress.last(), Some(&json!({"status": "success"})));
    let layer = &progress[1];
    assert!(layer["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(layer.get("completed"), None, "nothing is done at first");
    let done: Vec<&Value> = progress
        .iter()
        .filter(|line| line["completed"] == line["total"])
        .collect();
    assert!(
        done.iter().any(|line| line["digest"] == layer["digest"]),
        "the layer arrives"
    );
    assert!(server.names().contains(&"tiny:latest".to_owned()));

    let answer = server.send(Operation::Chat, &json!({"model": "tiny", "messages": []}));
    assert!(answer.contains(r#""done_reason":"load""#), "{answer}");
    let loaded = text(&models::loaded(&server.shelf));
    assert!(loaded.contains(r#""name":"tiny:latest""#), "{loaded}");

    assert_eq!(server.delete("tiny"), 200);
    assert_eq!(server.delete("tiny"), 404);
    assert_eq!(server.delete("gpt-4:latest"), 200);
    assert_eq!(server.names(), ["gpt-3.5-turbo:latest"]);
    server.shelf.reset();
    assert_eq!(server.names(), ["gpt-4:latest", "gpt-3.5-turbo:latest"]);
}

#[test]
fn a_pull_can_fail() {
    let server = Server::new();
    let unknown = server.pull(&json!({"model": "mock-status-404"}));
    assert_eq!(
        unknown,
        [
            json!({"status": "pulling manifest"}),
            json!({"error": "pull model manifest: file does not exist"}),
        ]
    );
    let broken = server.pull(&json!({"model": "mock-error-event"}));
    assert!(broken.last().unwrap()["error"].is_string());
    assert!(
        !server.names().iter().any(|name| name.starts_with("mock-")),
        "what broke is not there"
    );
    let whole = server.pull(&json!({"model": "tiny", "stream": false}));
    assert_eq!(whole, [json!({"status": "success"})]);
}

#[test]
fn a_model_says_what_it_can_do() {
    let server = Server::new();
    let show = |name: &str| -> Value {
        let body = json!({"model": name}).to_string();
        serde_json::from_str(&text(&models::show(&server.settings, &server.shelf, body.as_bytes()))).unwrap()
    };
    let model = show("gpt-4");
    assert_eq!(model["model_info"]["mock.context_length"], 8192);
    assert!(model["capabilities"].as_array().unwrap().contains(&json!("tools")));
    assert_eq!(show("mock-embed")["capabilities"], json!(["embedding"]));
    assert_eq!(show("missing"), json!({"error": "model 'missing' not found"}));
}
