//! A conversation that every vendor had a part in goes on here.

#[path = "../../rust/testdata/ten_turns.rs"]
mod ten_turns;

use serde_json::Value;
use ten_turns::Step;
use wharf_openai_api::chat::{DIALECT, Server, request};
use wharf_provider_sdk::call_ids::{Form, Rule};

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} must be a text"))
        .to_owned()
}

fn messages(dialect: &str, server: &Server<'_>) -> Vec<Value> {
    let asked = ten_turns::request("gpt-5", dialect);
    let body = request::body(&asked, server, false).expect("the conversation must be sent");
    let body: Value = serde_json::from_slice(&body).expect("a body must be JSON");
    body["messages"].as_array().expect("there must be messages").clone()
}

fn steps(messages: &[Value]) -> Vec<Step> {
    let mut steps = Vec::new();
    for message in messages {
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments: Value = serde_json::from_str(&text(&call["function"]["arguments"])).expect("JSON");
            steps.push(Step::Call(text(&call["id"]), text(&arguments["at"])));
        }
        if message["role"] == "tool" {
            steps.push(Step::Result(text(&message["tool_call_id"]), text(&message["content"])));
        }
    }
    steps
}

#[test]
fn a_conversation_of_all_vendors_keeps_its_order_and_has_identifiers_that_openai_takes() {
    for dialect in [DIALECT, "anthropic.messages", "openai.responses", "wharf"] {
        let messages = messages(dialect, &Server::default());
        let ids = ten_turns::check(&steps(&messages));
        for id in ids {
            assert!(!id.is_empty() && id.chars().count() <= 40, "{id}");
        }
        let written = Value::from(messages).to_string();
        assert!(
            !written.contains("wharf:") && !written.contains("c2VhbA"),
            "seals stay behind: {written}"
        );
        assert!(
            !written.contains("web_search"),
            "what another vendor's model did stays behind"
        );
    }
}

#[test]
fn a_server_that_wants_nine_letters_gets_them() {
    let openai = Server::default();
    let server = Server {
        call_ids: Rule {
            form: Form::Nine,
            ..openai.call_ids
        },
        ..openai
    };
    for id in ten_turns::check(&steps(&messages("anthropic.messages", &server))) {
        assert!(id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    }
}
