//! What is refused. What is written is compared with files, in `tests/fixtures`.

use wharf_provider_sdk::{
    ErrorKind, Extension, Media, MediaData, Message, Part, Reasoning, Role, Thinking, Tool, ToolChoice,
};

use super::*;

fn request(dialect: &str, parts: Vec<Part>) -> Request {
    Request {
        model: "m".into(),
        messages: vec![Message {
            role: Role::User,
            name: None,
            parts,
            extra: None,
        }],
        dialect: dialect.into(),
        ..Request::default()
    }
}

fn refusal(request: &Request, kind: &ErrorKind) -> String {
    let error = body(request, Server::default(), false).unwrap_err();
    assert_eq!((&error.kind, error.sent), (kind, false), "{error:?}");
    error.message
}

fn written(request: &Request, thinks: bool) -> serde_json::Value {
    let server = Server { thinks, summary: None };
    serde_json::from_slice(&body(request, server, false).unwrap()).unwrap()
}

#[test]
fn what_this_api_has_no_form_for_is_refused_by_name() {
    let media = |mime: &str| {
        Part::Media(Media {
            mime_type: mime.into(),
            data: MediaData::Inline(vec![0]),
            name: None,
            extra: None,
        })
    };
    let asked = || request("openai.chat", vec![Part::text("a")]);
    let own = || Extension::new("anthropic.messages", r#"{"type":"x"}"#);
    let with = |option: (&str, &str)| Request {
        options: vec![(option.0.into(), option.1.into())],
        ..asked()
    };
    let named = Message {
        name: Some("ada".into()),
        ..Message::text(Role::User, "a")
    };
    let painted = Message {
        role: Role::Assistant,
        parts: vec![media("image/png")],
        ..Message::text(Role::Assistant, "")
    };
    for (asked, name) in [
        (
            Request {
                stop: vec!["END".into()],
                ..asked()
            },
            "`stop`",
        ),
        (
            Request {
                messages: vec![named],
                ..asked()
            },
            "`messages[0].name`",
        ),
        (
            Request {
                messages: vec![painted],
                ..asked()
            },
            "`messages[0].content[0]`",
        ),
        (
            request("openai.chat", vec![Part::text("a"), media("audio/wav")]),
            "`messages[0].content[1]`",
        ),
        (
            request("openai.chat", vec![Part::Extension(own())]),
            "`messages[0].content[0]`",
        ),
        (
            Request {
                tool_choice: Some(ToolChoice::Extension(own())),
                ..asked()
            },
            "`tool_choice`",
        ),
        (
            Request {
                output: Some(OutputFormat::Extension(own())),
                ..asked()
            },
            "`text.format`",
        ),
        (with(("seed", "7")), "`seed`"),
        (with(("n", "2")), "`n`"),
        (with(("logit_bias", r#"{"1":2}"#)), "`logit_bias`"),
    ] {
        let message = refusal(&asked, &ErrorKind::Unsupported);
        assert!(message.starts_with(name), "{name}: {message}");
    }
    let tool = Tool {
        name: "search".into(),
        description: None,
        parameters: None,
        strict: None,
        extra: Some(r#"{"type":"web_search_20250305"}"#.into()),
    };
    let asked = Request {
        tools: vec![tool],
        dialect: "anthropic.messages".into(),
        ..asked()
    };
    assert!(refusal(&asked, &ErrorKind::Unsupported).starts_with("`tools[0]`"));
}

#[test]
fn what_is_no_json_is_named() {
    for (name, json) in [("include", "7"), ("text", "[]"), ("include", "no")] {
        let asked = Request {
            options: vec![(name.into(), json.into())],
            ..request(DIALECT, vec![Part::text("a")])
        };
        let message = refusal(&asked, &ErrorKind::InvalidRequest);
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn thoughts_are_asked_for_in_the_form_in_which_they_can_come_back() {
    let seals = serde_json::json!(["reasoning.encrypted_content"]);
    let plain = request(DIALECT, vec![Part::text("a")]);
    assert_eq!(
        written(&plain, false).get("include"),
        None,
        "models that do not think refuse it"
    );
    assert_eq!(
        written(&plain, true)["include"],
        seals,
        "the operator says that it thinks"
    );
    let asked = Request {
        thinking: Some(Thinking::default()),
        options: vec![("include".into(), r#"["reasoning.encrypted_content"]"#.into())],
        ..plain
    };
    assert_eq!(written(&asked, false)["include"], seals, "once is enough");
}

#[test]
fn nothing_is_kept_at_the_vendor() {
    for dialect in [DIALECT, "openai.chat", "wharf"] {
        let asked = Request {
            options: vec![("store".into(), "true".into())],
            ..request(dialect, vec![Part::text("a")])
        };
        assert_eq!(written(&asked, false)["store"], false, "{dialect}");
    }
}

#[test]
fn a_turn_of_which_nothing_is_left_is_no_item() {
    let thought = Part::Reasoning(Reasoning {
        text: Some("Hm.".into()),
        signature: None,
        redacted: None,
        extra: None,
    });
    let asked = Request {
        messages: vec![
            Message::text(Role::User, "a"),
            Message {
                parts: vec![thought],
                ..Message::text(Role::Assistant, "")
            },
        ],
        ..request("anthropic.messages", Vec::new())
    };
    let input = written(&asked, false)["input"].clone();
    assert_eq!(input.as_array().map(Vec::len), Some(1), "{input}");
}

#[test]
fn clients_of_other_apis_get_the_summary_that_the_operator_wants() {
    let server = Server {
        summary: Some("auto"),
        ..Server::default()
    };
    let asked = |dialect: &str, effort: &str| {
        let asked = Request {
            thinking: Some(Thinking {
                effort: Some(effort.into()),
                ..Thinking::default()
            }),
            ..request(dialect, vec![Part::text("a")])
        };
        let body: serde_json::Value = serde_json::from_slice(&body(&asked, server, false).unwrap()).unwrap();
        body["reasoning"].clone()
    };
    assert_eq!(
        asked("openai.chat", "low"),
        serde_json::json!({"effort": "low", "summary": "auto"})
    );
    assert_eq!(asked("openai.chat", "none"), serde_json::json!({"effort": "none"}));
    assert_eq!(asked(DIALECT, "low"), serde_json::json!({"effort": "low"}));
}

#[test]
fn who_wants_no_thoughts_is_not_asked_for_any() {
    let asked = |effort: Option<&str>, budget_tokens| Request {
        thinking: Some(Thinking {
            effort: effort.map(Into::into),
            budget_tokens,
            extra: None,
        }),
        ..request("anthropic.messages", vec![Part::text("a")])
    };
    let server = Server {
        thinks: false,
        summary: Some("auto"),
    };
    for (effort, budget, wanted) in [
        (Some("none"), None, false),
        (None, Some(0), false),
        (None, Some(4096), true),
    ] {
        let asked = asked(effort, budget);
        let body: serde_json::Value = serde_json::from_slice(&body(&asked, server, false).unwrap()).unwrap();
        assert_eq!(body["reasoning"]["summary"] == "auto", wanted, "{body}");
        assert_eq!(body.get("include").is_some(), wanted, "{body}");
    }
}

#[test]
fn an_identifier_of_another_vendor_is_left_out_whoever_spoke() {
    let said = |id: &str| {
        let mut asked = request(DIALECT, vec![Part::text("a")]);
        asked.messages[0].extra = Some(format!(r#"{{"id":"{id}"}}"#));
        written(&asked, false)["input"][0]["id"].take()
    };
    assert_eq!(said("msg_1"), "msg_1");
    assert_eq!(said("item_1"), serde_json::Value::Null);
}

#[test]
fn a_message_with_parts_that_nobody_knows_goes_back_as_it_came() {
    let content = r#"[{"type":"output_text","text":"a"},{"type":"new_part","x":1}]"#;
    let item = format!(r#"{{"type":"message","id":"msg_1","role":"assistant","content":{content}}}"#);
    let answer = super::super::answer::parse(&format!(r#"{{"status":"completed","output":[{item}]}}"#)).unwrap();
    assert!(
        matches!(&answer.parts[..], [Part::Text(text)] if text.text == "a"),
        "others get what they know"
    );
    let mut asked = request(DIALECT, answer.parts);
    asked.messages[0].role = Role::Assistant;
    let expected: serde_json::Value = serde_json::from_str(&item).unwrap();
    assert_eq!(written(&asked, false)["input"][0], expected);
}
