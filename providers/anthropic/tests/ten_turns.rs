//! A conversation that every vendor had a part in goes on here.

#[path = "../../../sdk/rust/testdata/ten_turns.rs"]
mod ten_turns;

use std::collections::HashSet;

use anthropic::settings::Settings;
use anthropic::{DIALECT, request};
use serde_json::Value;
use ten_turns::Step;

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} must be a text"))
        .to_owned()
}

fn messages(dialect: &str) -> Vec<Value> {
    let asked = ten_turns::request("claude-sonnet-4-5", dialect);
    let body = request::body(&asked, &Settings::default(), false).expect("the conversation must be sent");
    let body: Value = serde_json::from_slice(&body).expect("a body must be JSON");
    body["messages"].as_array().expect("there must be messages").clone()
}

fn blocks(messages: &[Value]) -> impl Iterator<Item = &Value> {
    messages
        .iter()
        .flat_map(|message| message["content"].as_array().into_iter().flatten())
}

fn steps(messages: &[Value]) -> Vec<Step> {
    let step = |block: &Value| match block["type"].as_str() {
        Some("tool_use") => Some(Step::Call(text(&block["id"]), text(&block["input"]["at"]))),
        Some("tool_result") => Some(Step::Result(text(&block["tool_use_id"]), text(&block["content"]))),
        _ => None,
    };
    blocks(messages).filter_map(step).collect()
}

#[test]
fn a_conversation_of_all_vendors_keeps_its_order_and_has_identifiers_that_anthropic_takes() {
    for dialect in [DIALECT, "openai.chat", "openai.responses", "wharf"] {
        let ids = ten_turns::check(&steps(&messages(dialect)));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        for id in &ids {
            assert!((1..=64).contains(&id.len()) && id.chars().all(plain), "{id}");
        }
        let different: HashSet<&String> = ids.iter().collect();
        assert_eq!(
            different.len(),
            ids.len(),
            "each identifier must be there once: {ids:?}"
        );
    }
}

#[test]
fn only_the_vendors_own_thoughts_come_back_and_without_their_mark() {
    let messages = messages("openai.chat");
    let seals: Vec<String> = blocks(&messages)
        .filter_map(|block| block.get("signature").or_else(|| block.get("data")))
        .map(text)
        .collect();
    let own = [0, 1, 5, 6].map(ten_turns::made);
    assert_eq!(seals, own);
    let written = Value::from(messages.clone()).to_string();
    assert!(!written.contains("wharf:"), "{written}");
    assert!(
        written.contains("web_search"),
        "what this vendor's model did comes back"
    );
}

#[test]
fn who_speaks_takes_turns() {
    for dialect in ["openai.chat", "openai.responses", "wharf"] {
        let messages = messages(dialect);
        let roles: Vec<String> = messages.iter().map(|message| text(&message["role"])).collect();
        assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{roles:?}");
    }
}
