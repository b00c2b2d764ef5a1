//! A conversation that every vendor had a part in goes on here.

#[path = "../../../sdk/rust/testdata/ten_turns.rs"]
mod ten_turns;

use gemini::settings::Settings;
use gemini::{DIALECT, request};
use serde_json::Value;
use ten_turns::Step;

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} must be a text"))
        .to_owned()
}

fn contents(dialect: &str) -> Vec<Value> {
    let asked = ten_turns::request("gemini-3-pro-preview", dialect);
    let body = request::body(&asked, &Settings::default()).expect("the conversation must be sent");
    let body: Value = serde_json::from_slice(&body).expect("a body must be JSON");
    body["contents"].as_array().expect("there must be contents").clone()
}

fn parts(contents: &[Value]) -> impl Iterator<Item = &Value> {
    contents
        .iter()
        .flat_map(|turn| turn["parts"].as_array().into_iter().flatten())
}

fn step(part: &Value) -> Option<Step> {
    if let Some(call) = part.get("functionCall") {
        return Some(Step::Call(text(&call["id"]), text(&call["args"]["at"])));
    }
    let result = part.get("functionResponse")?;
    assert_eq!(result["name"], "look", "a response repeats the name of its call");
    Some(Step::Result(text(&result["id"]), text(&result["response"]["output"])))
}

#[test]
fn a_conversation_of_all_vendors_keeps_its_order_and_its_identifiers() {
    for dialect in [DIALECT, "openai.chat", "anthropic.messages", "wharf"] {
        let contents = contents(dialect);
        let steps: Vec<Step> = parts(&contents).filter_map(step).collect();
        let ids = ten_turns::check(&steps);
        assert_eq!(ids, ten_turns::ROUNDS.concat(), "Gemini takes any");
        let roles: Vec<String> = contents.iter().map(|turn| text(&turn["role"])).collect();
        assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{roles:?}");
        let written = Value::from(contents).to_string();
        assert!(
            !written.contains("web_search"),
            "what another vendor's model did stays behind"
        );
    }
}

#[test]
fn only_the_vendors_own_seals_come_back_and_without_their_mark() {
    let contents = contents("anthropic.messages");
    let of = |key: &str| {
        let sealed = parts(&contents).filter(|part| part.get(key).is_some());
        sealed
            .filter_map(|part| part.get("thoughtSignature"))
            .map(text)
            .collect::<Vec<String>>()
    };
    let own = [2, 7].map(ten_turns::made);
    assert_eq!(of("thought"), own);
    // Of every round's first call: the vendor wants one, and there is a word for those that it did not make.
    let calls: Vec<String> = (0..ten_turns::ROUNDS.len())
        .map(|at| {
            if at % 5 == 2 {
                ten_turns::made(at)
            } else {
                "skip_thought_signature_validator".to_owned()
            }
        })
        .collect();
    assert_eq!(of("functionCall"), calls);
}
