//! What whole answers look like.

use serde_json::{Value, json};
use wharf::{Extension, Text, ToolCall, Usage};

use super::*;

fn response(parts: Vec<Part>) -> Response {
    Response {
        id: Some("msg_1".into()),
        model: Some("big-1".into()),
        parts,
        finish: FinishReason::Stop,
        usage: Usage::default(),
        extra: None,
    }
}

fn ours(value: &str) -> Extension {
    Extension {
        kind: "anthropic.messages".into(),
        value: Json(value.into()),
    }
}

fn wire(response: &Response) -> Value {
    let own = Identity {
        id: "own",
        model: "route",
    };
    let text = render(response, &own);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn call(arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: Json(arguments.into()),
        extra: None,
    })
}

#[test]
fn an_answer_of_any_vendor_is_a_message() {
    let thought = Reasoning {
        text: Some("hm".into()),
        ..Reasoning::default()
    };
    let hidden = Reasoning {
        redacted: Some("d".into()),
        ..Reasoning::default()
    };
    let answer = Response {
        id: None,
        model: None,
        finish: FinishReason::ToolCalls,
        usage: Usage {
            input_tokens: Some(3),
            output_tokens: Some(4),
            ..Usage::default()
        },
        ..response(vec![
            Part::Reasoning(thought),
            Part::Reasoning(hidden),
            Part::text("a\"b"),
            call(r#"{"b":1.10}"#),
        ])
    };
    assert_eq!(
        wire(&answer),
        json!({
            "id": "own", "type": "message", "role": "assistant", "model": "route",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": ""},
                {"type": "redacted_thinking", "data": "d"},
                {"type": "text", "text": "a\"b"},
                {"type": "tool_use", "id": "x", "name": "f", "input": {"b": 1.10}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 3, "output_tokens": 4},
        })
    );
}

#[test]
fn seals_are_bare_for_their_own_dialect_and_keep_their_mark_in_others() {
    let sealed = |dialect: &str| {
        let seal = format!("wharf:{dialect}:s");
        let thought = Reasoning {
            text: Some("hm".into()),
            signature: Some(seal.clone()),
            redacted: Some(seal.clone()),
            extra: None,
        };
        let called = ToolCall {
            id: "x".into(),
            name: "f".into(),
            arguments: Json("{}".into()),
            extra: Some(Json(format!(r#"{{"caller":1,"thoughtSignature":"{seal}"}}"#))),
        };
        wire(&response(vec![Part::Reasoning(thought), Part::ToolCall(called)]))["content"].take()
    };
    assert_eq!(
        sealed("gemini.generate"),
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "wharf:gemini.generate:s"},
            {"type": "redacted_thinking", "data": "wharf:gemini.generate:s"},
            {"type": "tool_use", "id": "x", "name": "f", "input": {}, "thoughtSignature": "wharf:gemini.generate:s"},
        ])
    );
    let own = sealed("anthropic.messages");
    assert_eq!((&own[0]["signature"], &own[1]["data"]), (&json!("s"), &json!("s")));
}

#[test]
fn what_is_left_of_the_same_dialect_is_laid_over() {
    let text = Text {
        text: "a".into(),
        extra: Some(Json(r#"{"citations":[{"x":123456789012345678901234}]}"#.into())),
    };
    let own_block = ours(r#"{"type":"server_tool_use","id":"s","input":{}}"#);
    let answer = Response {
        extra: Some(ours(r#"{"stop_sequence":"END","container":{"id":"c"}}"#)),
        ..response(vec![Part::Text(text), Part::Extension(own_block)])
    };
    let own = Identity {
        id: "own",
        model: "route",
    };
    assert!(
        render(&answer, &own).contains("123456789012345678901234"),
        "digit for digit"
    );
    let wire = wire(&answer);
    assert_eq!(wire["container"], json!({"id": "c"}));
    assert_eq!(
        (&wire["stop_reason"], &wire["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
    assert!(wire["content"][0]["citations"].is_array());
    assert_eq!(wire["content"][1]["type"], "server_tool_use");
}

#[test]
fn what_is_left_of_another_dialect_is_dropped() {
    let foreign = |value: &str| Extension {
        kind: "openai.chat".into(),
        value: Json(value.into()),
    };
    let text = Text {
        text: "a".into(),
        extra: Some(Json(r#"{"x":1}"#.into())),
    };
    let answer = Response {
        extra: Some(foreign(r#"{"system_fingerprint":"fp"}"#)),
        ..response(vec![Part::Text(text), Part::Extension(foreign(r#"{"type":"y"}"#))])
    };
    let wire = wire(&answer);
    assert_eq!(wire.get("system_fingerprint"), None);
    assert_eq!(wire["content"], json!([{"type": "text", "text": "a"}]));
}

#[test]
fn why_the_model_stopped_has_anthropics_word() {
    for (finish, word) in [
        (FinishReason::Stop, "end_turn"),
        (FinishReason::Length, "max_tokens"),
        (FinishReason::ToolCalls, "tool_use"),
        (FinishReason::ContentFilter, "refusal"),
        (FinishReason::Refusal, "refusal"),
        (FinishReason::Error, "error"),
        (FinishReason::Other, "max_tokens"),
    ] {
        let answer = Response {
            finish,
            ..response(vec![])
        };
        assert_eq!(wire(&answer)["stop_reason"], word);
        let own = Response {
            extra: Some(ours(r#"{"stop_reason":"pause_turn"}"#)),
            ..answer
        };
        assert_eq!(
            wire(&own)["stop_reason"],
            "pause_turn",
            "the vendor's own word goes first"
        );
    }
    let refused = response(vec![Part::Refusal("no".into())]);
    assert_eq!(wire(&refused)["stop_reason"], "refusal");
    assert_eq!(wire(&refused)["content"], json!([{"type": "text", "text": "no"}]));
}

#[test]
fn arguments_that_are_no_json_are_not_hidden() {
    for (arguments, input) in [
        ("", json!({})),
        (" {\"a\":1}\n", json!({"a": 1})),
        ("{\"a\":", json!("{\"a\":")),
    ] {
        assert_eq!(wire(&response(vec![call(arguments)]))["content"][0]["input"], input);
    }
}

#[test]
fn a_picture_has_the_form_that_a_request_has() {
    let media = |data| {
        Part::Media(Media {
            mime_type: "image/png".into(),
            data,
            name: None,
            extra: None,
        })
    };
    let answer = response(vec![
        media(MediaData::Inline(vec![1, 2, 3])),
        media(MediaData::Url("u".into())),
    ]);
    assert_eq!(
        wire(&answer)["content"],
        json!([
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AQID"}},
            {"type": "image", "source": {"type": "url", "url": "u"}},
        ])
    );
}

#[test]
fn a_leftover_is_kept_though_another_kind_of_block_has_its_name() {
    let text = Text {
        text: "a".into(),
        extra: Some(Json(r#"{"id":"t","data":1}"#.into())),
    };
    let signed = ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: Json("{}".into()),
        extra: Some(Json(r#"{"signature":"s"}"#.into())),
    };
    let answer = Response {
        extra: Some(ours("{}")),
        ..response(vec![Part::Text(text), Part::ToolCall(signed)])
    };
    assert_eq!(
        wire(&answer)["content"],
        json!([
            {"type": "text", "text": "a", "id": "t", "data": 1},
            {"type": "tool_use", "id": "x", "name": "f", "input": {}, "signature": "s"},
        ])
    );
}

#[test]
fn a_field_is_never_there_twice() {
    let text = Text {
        text: "a".into(),
        extra: Some(Json(r#"{"type":"text","text":"b"}"#.into())),
    };
    let answer = Response {
        extra: Some(ours(r#"{"type":"message","role":"assistant","usage":{},"content":[]}"#)),
        ..response(vec![Part::Text(text)])
    };
    let own = Identity {
        id: "own",
        model: "route",
    };
    let out = render(&answer, &own);
    for field in ["\"role\":", "\"usage\":", "\"content\":", "\"text\":"] {
        assert_eq!(out.matches(field).count(), 1, "{field} in {out}");
    }
}
