//! A conversation that every vendor had a part in goes on here.

#[path = "../../../sdk/rust/testdata/ten_turns.rs"]
mod ten_turns;

use ollama::settings::Settings;
use ollama::{DIALECT, request};
use serde_json::Value;
use ten_turns::Step;

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} must be a text"))
        .to_owned()
}

fn messages(dialect: &str) -> Vec<Value> {
    let asked = ten_turns::request("gpt-oss:20b", dialect);
    let body = request::body(&asked, &Settings::default(), false).expect("the conversation must be sent");
    let body: Value = serde_json::from_slice(&body).expect("a body must be JSON");
    body["messages"].as_array().expect("there must be messages").clone()
}

fn steps(messages: &[Value]) -> Vec<Step> {
    let mut steps = Vec::new();
    for message in messages {
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let place = text(&call["function"]["arguments"]["at"]);
            steps.push(Step::Call(text(&call["id"]), place));
        }
        if message["role"] == "tool" {
            assert_eq!(message["tool_name"], "look", "a result repeats the name of its call");
            steps.push(Step::Result(text(&message["tool_call_id"]), text(&message["content"])));
        }
    }
    steps
}

#[test]
fn a_conversation_of_all_vendors_keeps_its_order_and_its_identifiers() {
    for dialect in [DIALECT, "openai.chat", "anthropic.messages", "wharf"] {
        let messages = messages(dialect);
        let ids = ten_turns::check(&steps(&messages));
        assert_eq!(ids, ten_turns::ROUNDS.concat(), "Ollama takes any");
        let thoughts: Vec<String> = messages
            .iter()
            .filter_map(|message| message.get("thinking"))
            .map(text)
            .collect();
        assert_eq!(thoughts, ["thought 3", "thought 8"], "those with a seal are others'");
        let written = Value::from(messages).to_string();
        for theirs in ["wharf:", "c2VhbA", "web_search"] {
            assert!(!written.contains(theirs), "{theirs} stays behind: {written}");
        }
    }
}
