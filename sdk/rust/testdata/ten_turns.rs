//! A conversation of ten rounds with tools, each answered by another vendor than the one before, as a client hands it
//! back whose dialect is none of theirs. Every provider's test of this name sends it on to its vendor.
//!
//! It holds what makes such conversations fail: identifiers that are too long, of other characters, or used again;
//! several calls at once; thoughts with every vendor's seal and without one; what a vendor's model did by itself.

use wharf_provider_sdk::{
    Extension, Message, Part, Reasoning, Request, Role, Text, Tool, ToolCall, ToolPart, ToolResult, seal,
};

/// The calls of each round: the vendors' identifiers. The text of a result names its call's place, `3.1` for the second
/// call of the fourth round, and so do the arguments of the call.
pub(crate) const ROUNDS: [&[&str]; 10] = [
    &["toolu_01A09q90qw90lq917835lq9"],
    &["call_9cJ2mMaMSIRMKZRSIRgtyQ0g", "call_0"],
    // A compatible server that numbers the calls of each answer from the start.
    &["call_0", "call_1"],
    // vLLM's are longer than OpenAI takes.
    &["chatcmpl-tool-0fab1c2d3e4f5a6b7c8d9e0f1a2b3c4d"],
    &["chatcmpl-tool-0fab1c2d3e4f5a6b7c8d9e0f1a2b3c4e", "call_0"],
    // Mistral's are nine letters and digits.
    &["D681PevKs", "D681PevKt"],
    // Others count with dots and colons, or give none that could be told from another's once these are replaced.
    &["functions.look:0", "functions_look:0", "functions.look.0"],
    &["call_gemini-1_0"],
    &["é"],
    &["toolu_01A09q90qw90lq917835lq9"],
];

/// The request, in these words, with a tool `look` that every call is of.
pub(crate) fn request(model: &str, dialect: &str) -> Request {
    let mut messages = vec![
        Message::text(Role::System, "Be brief."),
        Message::text(Role::User, "Look everywhere."),
    ];
    for (at, ids) in ROUNDS.iter().enumerate() {
        messages.push(message(Role::Assistant, answer(at, ids)));
        messages.extend(results(at, ids));
    }
    messages.push(Message::text(Role::User, "What have you seen?"));
    Request {
        model: model.to_owned(),
        messages,
        tools: vec![Tool {
            name: "look".to_owned(),
            description: None,
            parameters: Some(r#"{"type":"object","properties":{"at":{"type":"string"}}}"#.to_owned()),
            strict: None,
            extra: None,
        }],
        dialect: dialect.to_owned(),
        ..Request::default()
    }
}

/// What a vendor answered: thoughts, maybe a search of its own, a word, the calls.
fn answer(at: usize, ids: &[&str]) -> Vec<Part> {
    let mut parts = vec![thought(at)];
    if at == 0 {
        parts.push(Part::Extension(Extension {
            kind: "anthropic.messages".to_owned(),
            value: r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#.to_owned(),
        }));
    }
    parts.push(Part::text(format!("Round {at}.")));
    parts.extend(ids.iter().enumerate().map(|(nth, id)| {
        let sealed = nth == 0 && at % 5 == 2;
        let extra = sealed.then(|| {
            format!(
                r#"{{"thoughtSignature":"{}"}}"#,
                seal::mark("gemini.generate", &made(at))
            )
        });
        Part::ToolCall(ToolCall {
            id: (*id).to_owned(),
            name: "look".to_owned(),
            arguments: format!(r#"{{"at":"{at}.{nth}"}}"#),
            extra,
        })
    }));
    parts
}

/// Thoughts of five kinds, in turn: of Anthropic's shown and hidden, Gemini's, an unsealed one, and one that is sealed by
/// nobody known.
fn thought(at: usize) -> Part {
    let theirs = |dialect: &str| Some(seal::mark(dialect, &made(at)));
    let (signature, redacted) = match at % 5 {
        0 => (theirs("anthropic.messages"), None),
        1 => (None, theirs("anthropic.messages")),
        2 => (theirs("gemini.generate"), None),
        3 => (None, None),
        _ => (Some(made(at)), None),
    };
    Part::Reasoning(Reasoning {
        text: Some(format!("thought {at}")),
        signature,
        redacted,
        extra: None,
    })
}

/// The bare seal of a round.
pub(crate) fn made(at: usize) -> String {
    format!("c2VhbA{at}==")
}

/// The results of a round: some clients send a message for each, others one for all.
fn results(at: usize, ids: &[&str]) -> Vec<Message> {
    let result = |(nth, id): (usize, &&str)| {
        Part::ToolResult(ToolResult {
            call_id: (*id).to_owned(),
            is_error: false,
            content: vec![ToolPart::Text(Text {
                text: format!("{at}.{nth}"),
                extra: None,
            })],
            extra: None,
        })
    };
    let results = ids.iter().enumerate().map(result);
    if at.is_multiple_of(2) {
        results.map(|part| message(Role::Tool, vec![part])).collect()
    } else {
        vec![message(Role::User, results.collect())]
    }
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        name: None,
        parts,
        extra: None,
    }
}

/// A call or a result on the wire: its identifier, and the place that it names.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// A call.
    Call(String, String),
    /// A result.
    Result(String, String),
}

/// Fails unless the steps are those of the conversation, in its order: every round's calls, then its results in the
/// order of their calls, each with its call's identifier. Returns the identifiers of the calls.
pub(crate) fn check(steps: &[Step]) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = steps.iter();
    for (at, ids) in ROUNDS.iter().enumerate() {
        let mut round = Vec::new();
        for nth in 0..ids.len() {
            match rest.next() {
                Some(Step::Call(id, place)) if *place == format!("{at}.{nth}") => round.push(id.clone()),
                other => panic!("call {at}.{nth} must come here, and not {other:?}"),
            }
        }
        for (nth, id) in round.iter().enumerate() {
            let expected = Step::Result(id.clone(), format!("{at}.{nth}"));
            assert_eq!(
                rest.next(),
                Some(&expected),
                "the result of call {at}.{nth} must come here, by its identifier"
            );
            assert!(
                !round[..nth].contains(id),
                "calls of one answer must be told apart: {round:?}"
            );
        }
        all.extend(round);
    }
    assert_eq!(rest.next(), None, "there must be nothing else");
    all
}
