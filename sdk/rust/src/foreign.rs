//! What a request holds in the words of another vendor's dialect, and what becomes of it.
//!
//! One rule for all providers: what the client said and what would silently be lost is refused, by name. What a vendor
//! left in its own earlier answers is bookkeeping and stays behind, so that a conversation can go on elsewhere.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::Object;
use crate::{Error, Extension, Media, Message, Role, Thinking, Tool};

/// Whether a part that the contract has no word for is sent. One of another dialect in the assistant's turn is what
/// that vendor's model did there (a search, code that was run): it stays behind, as it would mean nothing here. From
/// anybody else it is something that the client wants said.
///
/// # Errors
/// `Unsupported` naming the field, which is `place`.
pub fn is_sent(part: &Extension, dialect: &str, role: Role, place: &str) -> Result<bool, Error> {
    if part.kind == dialect {
        return Ok(true);
    }
    if matches!(role, Role::Assistant) {
        return Ok(false);
    }
    Err(refused(part, place))
}

/// A value in the words of its dialect, which has to be this one.
///
/// # Errors
/// `Unsupported` naming the field, which is `place`.
pub fn checked<'a>(value: &'a Extension, dialect: &str, place: &str) -> Result<&'a str, Error> {
    if value.kind == dialect {
        Ok(&value.value)
    } else {
        Err(refused(value, place))
    }
}

fn refused(value: &Extension, place: &str) -> Error {
    let kind = &value.kind;
    Error::unsupported(format!(
        "`{place}`: this is in the words of `{kind}` and has no form in this vendor's API"
    ))
}

/// Refuses a tool that is no function but one of a vendor's own, such as a web search: of another dialect than the
/// provider's. Such a tool stands whole in `extra`, by its `type` or, with Gemini, under its own name.
///
/// # Errors
/// `Unsupported` naming the field, `tools[at]`.
pub fn check_tool(tool: &Tool, at: usize) -> Result<(), Error> {
    // What is no object is for the provider to complain about.
    let extra: Option<Object<'_>> = tool.extra.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let own = extra.is_some_and(|extra| extra.contains("type") || extra.contains(&tool.name));
    if !own {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "`tools[{at}]`: `{}` is no function, and this vendor has no tool of its type",
        tool.name
    )))
}

/// Refuses what a client of another dialect wishes of the model's thoughts beside how many: a level and a budget are in
/// the contract. How thoughts are shown is a hint.
///
/// # Errors
/// `Unsupported` naming the field, `thinking.…`.
pub fn check_thinking(thinking: Option<&Thinking>) -> Result<(), Error> {
    const HINTS: [&str; 4] = ["type", "summary", "generate_summary", "display"];
    let extra = thinking.and_then(|thinking| thinking.extra.as_deref());
    let Some(wishes) = extra.and_then(|json| serde_json::from_str::<Object<'_>>(json).ok()) else {
        return Ok(());
    };
    let lost = wishes
        .iter()
        .find(|(name, value)| !HINTS.contains(name) && !matches!(value.get(), "null" | "false"));
    match lost {
        Some((name, _)) => Err(Error::unsupported(format!(
            "`thinking.{name}`: this vendor's API has no such option, and the answer may depend on it"
        ))),
        None => Ok(()),
    }
}

/// Refuses what a client of another dialect says of a picture or a document for the model to read, or asks of it, and
/// that would be lost. `place` names the part.
///
/// # Errors
/// `Unsupported` naming the field.
pub fn check_media(media: &Media, place: &str) -> Result<(), Error> {
    let extra = media.extra.as_deref();
    let Some(extra) = extra.and_then(|json| serde_json::from_str::<Object<'_>>(json).ok()) else {
        return Ok(());
    };
    let citations: Option<Object<'_>> = extra.peek("citations");
    let cited = citations.is_some_and(|citations| citations.peek("enabled") == Some(true));
    let context = extra.peek::<String>("context").is_some_and(|text| !text.is_empty());
    let lost = match (cited, context) {
        (true, _) => "citations",
        (_, true) => "context",
        (false, false) => return Ok(()),
    };
    Err(Error::unsupported(format!(
        "`{place}.{lost}`: this vendor's API has no such thing, and the answer may depend on it"
    )))
}

/// Refuses the name of a speaker, for vendors that have no place for one. `at` is the message's place.
///
/// # Errors
/// `Unsupported` naming the field, `messages[at].name`.
pub fn check_name(message: &Message, at: usize) -> Result<(), Error> {
    match &message.name {
        // The result of a tool is told by its call.
        Some(name) if !name.is_empty() && message.role != Role::Tool => Err(Error::unsupported(format!(
            "`messages[{at}].name`: this vendor's API has no names of speakers; say in the text who speaks"
        ))),
        _ => Ok(()),
    }
}

/// Options of any dialect that change nothing about the answer, or that are read by the host: who asks and what for,
/// how the vendor bills, caches and keeps, how the host writes its answer.
const HARMLESS: [&str; 20] = [
    // Both names of the output limit stay among the options; the request has it as a field of its own.
    "max_tokens",
    "max_completion_tokens",
    "stream",
    "stream_options",
    "encoding_format",
    "user",
    "metadata",
    "client_metadata",
    "safety_identifier",
    "store",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "cache_control",
    // How often the vendor's own tools may be called: there are none in a request that another vendor can serve.
    "max_tool_calls",
    // What the vendor may guess beforehand, so that it is faster.
    "prediction",
    // What the vendor may forget of a long conversation. Without it nothing is forgotten.
    "context_management",
    // New features that the client knows. What it wants of them stands in other options.
    "anthropic_beta",
    "betas",
];

/// Refuses the first option of another dialect that would be lost and that the answer may depend on. Let through are
/// those that the provider handles itself, which are `known`; hints that change no answer (who asks, billing, caches,
/// storage); `null`, `false` and what is empty; and values that hold anyway, such as `n: 1` or a penalty of 0.
///
/// Not for requests in the provider's own dialect or in `wharf`, whose options are sent on.
///
/// # Errors
/// `Unsupported` naming the option. The host leaves it out by that name when its caller does without.
pub fn check_options(options: &[(String, String)], known: &[&str]) -> Result<(), Error> {
    let mut unknown = options.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let Some(place) = unknown.find_map(|(name, json)| lost(name, json)) else {
        return Ok(());
    };
    Err(Error::unsupported(format!(
        "`{place}`: this vendor's API has no such option, and the answer may depend on it"
    )))
}

/// Which option would be lost, if it says anything.
fn lost(name: &str, json: &str) -> Option<String> {
    if HARMLESS.contains(&name) {
        return None;
    }
    let value: Option<Value> = serde_json::from_str(json).ok();
    match (name, &value) {
        // Several wishes in one. What has a field of its own in the request is no longer in there.
        ("text" | "output_config", Some(Value::Object(wishes))) => wishes
            .iter()
            .find(|(wish, value)| !says_nothing(wish, value))
            .map(|(wish, _)| format!("{name}.{wish}")),
        (_, Some(value)) if says_nothing(name, value) => None,
        _ => Some(name.to_owned()),
    }
}

/// Whether an option of this value asks for nothing that would not be so without it.
fn says_nothing(name: &str, value: &Value) -> bool {
    let is = |number: f64| value.as_f64() == Some(number);
    let words = |fits: fn(&str) -> bool| {
        let list = value.as_array();
        list.is_some_and(|list| list.iter().all(|word| word.as_str().is_some_and(fits)))
    };
    match value {
        // Whoever asks for a search like this wants it with the vendor's own settings.
        Value::Object(_) if name == "web_search_options" => return false,
        Value::Null | Value::Bool(false) => return true,
        Value::String(text) if text.is_empty() => return true,
        Value::Array(items) if items.is_empty() => return true,
        Value::Object(fields) if fields.is_empty() => return true,
        _ => {}
    }
    match name {
        "n" | "best_of" | "repetition_penalty" => is(1.0),
        "frequency_penalty" | "presence_penalty" | "top_logprobs" | "min_p" => is(0.0),
        "modalities" => words(|word| word == "text"),
        // Mostly what the vendor adds of its own; but who wants to see probabilities would miss them.
        "include" => words(|word| !word.ends_with("logprobs")),
        "truncation" => value == "disabled",
        "verbosity" => value == "medium",
        "speed" => value == "standard",
        // Left here where the request has another level already.
        "effort" => true,
        _ => false,
    }
}

/// Whether a vendor field holds a seal with the mark of a dialect, see [`crate::seal`]. Clients hand back the fields of
/// earlier answers, whoever gave them; a vendor field that is to survive other vendors' APIs is a marked seal.
#[must_use]
pub fn is_sealed(value: &RawValue) -> bool {
    let text: Option<String> = value
        .get()
        .starts_with('"')
        .then(|| serde_json::from_str(value.get()).ok())
        .flatten();
    text.is_some_and(|text| crate::seal::is_marked(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn of(kind: &str) -> Extension {
        Extension {
            kind: kind.to_owned(),
            value: "{}".to_owned(),
        }
    }

    #[test]
    fn what_another_model_did_stays_behind_and_what_a_client_said_is_refused() {
        assert_eq!(is_sent(&of("a.chat"), "a.chat", Role::User, "x"), Ok(true));
        assert_eq!(is_sent(&of("b.chat"), "a.chat", Role::Assistant, "x"), Ok(false));
        for role in [Role::User, Role::System, Role::Developer, Role::Tool] {
            let error = is_sent(&of("b.chat"), "a.chat", role, "messages[1]").unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
            assert!(
                error.message.contains("`messages[1]`") && error.message.contains("b.chat"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_value_of_another_dialect_is_refused() {
        assert_eq!(checked(&of("a.chat"), "a.chat", "tool_choice"), Ok("{}"));
        let error = checked(&of("b.chat"), "a.chat", "tool_choice").unwrap_err();
        assert!(error.message.contains("`tool_choice`"), "{error:?}");
    }

    #[test]
    fn only_functions_are_tools_of_every_vendor() {
        let tool = |extra: Option<&str>| Tool {
            name: "search".to_owned(),
            description: None,
            parameters: None,
            strict: None,
            extra: extra.map(str::to_owned),
        };
        for extra in [
            None,
            Some("{}"),
            Some(r#"{"cache_control":{"type":"ephemeral"}}"#),
            Some("no JSON"),
        ] {
            assert_eq!(check_tool(&tool(extra), 0), Ok(()), "{extra:?}");
        }
        for extra in [r#"{"type":"web_search"}"#, r#"{"search":{}}"#] {
            let error = check_tool(&tool(Some(extra)), 3).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
            assert!(error.message.contains("`tools[3]`"), "{error:?}");
        }
    }

    #[test]
    fn wishes_about_thoughts_are_refused_unless_they_are_hints() {
        let wish = |json: &str| {
            let thinking = Thinking {
                extra: Some(json.to_owned()),
                ..Thinking::default()
            };
            check_thinking(Some(&thinking)).map_err(|error| error.message)
        };
        assert_eq!(check_thinking(None), Ok(()));
        for hint in [
            r#"{"summary":"auto"}"#,
            r#"{"type":"adaptive"}"#,
            r#"{"display":"omitted","context":null}"#,
            "{}",
        ] {
            assert_eq!(wish(hint), Ok(()), "{hint}");
        }
        let message = wish(r#"{"summary":"auto","context":"all_turns"}"#).unwrap_err();
        assert!(message.starts_with("`thinking.context`"), "{message}");
    }

    #[test]
    fn what_a_model_should_know_of_a_document_is_not_left_out() {
        let media = |extra: &str| Media {
            mime_type: "application/pdf".to_owned(),
            data: crate::MediaData::Inline(Vec::new()),
            name: None,
            extra: Some(extra.to_owned()),
        };
        let check = |extra: &str| check_media(&media(extra), "messages[0].content[1]").map_err(|error| error.message);
        for extra in [
            r#"{"citations":{"enabled":false}}"#,
            r#"{"context":null,"cache_control":{}}"#,
            "no",
        ] {
            assert_eq!(check(extra), Ok(()), "{extra}");
        }
        for (extra, name) in [
            (r#"{"citations":{"enabled":true}}"#, "citations"),
            (r#"{"context":"a draft"}"#, "context"),
        ] {
            let message = check(extra).unwrap_err();
            assert!(
                message.starts_with(&format!("`messages[0].content[1].{name}`")),
                "{message}"
            );
        }
    }

    #[test]
    fn names_of_speakers_are_refused_and_those_of_tools_are_not() {
        let message = |role, name: &str| Message {
            name: Some(name.to_owned()),
            ..Message::text(role, "a")
        };
        assert_eq!(check_name(&message(Role::Tool, "clock"), 0), Ok(()));
        assert_eq!(check_name(&message(Role::User, ""), 0), Ok(()));
        let error = check_name(&message(Role::User, "ada"), 3).unwrap_err();
        assert!(error.message.starts_with("`messages[3].name`"), "{error:?}");
    }

    fn refusal(name: &str, json: &str) -> Option<String> {
        let options = [
            ("user".to_owned(), "\"u\"".to_owned()),
            (name.to_owned(), json.to_owned()),
        ];
        let error = check_options(&options, &["seed"]).err()?;
        assert_eq!((error.kind, error.sent), (ErrorKind::Unsupported, false));
        Some(error.message)
    }

    #[test]
    fn an_option_that_would_be_lost_is_refused_by_its_name() {
        for (name, json) in [
            ("logprobs", "true"),
            ("top_logprobs", "2"),
            ("logit_bias", r#"{"50256":-100}"#),
            ("frequency_penalty", "0.5"),
            ("presence_penalty", "-1"),
            ("n", "2"),
            ("modalities", r#"["text","audio"]"#),
            ("include", r#"["message.output_text.logprobs"]"#),
            ("web_search_options", r#"{"search_context_size":"low"}"#),
            ("functions", r#"[{"name":"f"}]"#),
            ("function_call", r#"{"name":"f"}"#),
            ("mcp_servers", r#"[{"name":"s"}]"#),
            ("container", r#""c""#),
            ("truncation", r#""auto""#),
            ("verbosity", r#""low""#),
            ("something_new", "true"),
            ("something_new", "no JSON"),
        ] {
            let message = refusal(name, json).unwrap_or_default();
            assert!(message.starts_with(&format!("`{name}`: ")), "{name} {json}: {message}");
        }
        let message = refusal("text", r#"{"verbosity":"low"}"#).unwrap_or_default();
        assert!(message.starts_with("`text.verbosity`: "), "{message}");
    }

    #[test]
    fn hints_and_what_holds_anyway_are_left_out_without_a_word() {
        for (name, json) in [
            ("metadata", r#"{"user_id":"u"}"#),
            ("max_tool_calls", "5"),
            ("store", "true"),
            ("service_tier", r#""flex""#),
            ("stream_options", r#"{"include_usage":true}"#),
            ("max_completion_tokens", "10"),
            ("prompt_cache_key", r#""k""#),
            ("anthropic_beta", r#""a,b""#),
            ("include", r#"["reasoning.encrypted_content"]"#),
            ("modalities", r#"["text"]"#),
            ("logprobs", "false"),
            ("top_logprobs", "0"),
            ("n", "1"),
            ("frequency_penalty", "0.0"),
            ("presence_penalty", "0"),
            ("truncation", r#""disabled""#),
            ("text", r#"{"verbosity":"medium"}"#),
            ("output_config", r#"{"effort":"low"}"#),
            ("logit_bias", "{}"),
            ("functions", "[]"),
            ("something_new", "null"),
            ("something_new", r#""""#),
        ] {
            assert_eq!(refusal(name, json), None, "{name} {json}");
        }
    }

    #[test]
    fn what_a_provider_handles_is_not_lost() {
        assert_eq!(refusal("seed", "7"), None);
    }

    #[test]
    fn a_sealed_field_is_known_by_its_mark() {
        let raw = |json: &'static str| serde_json::from_str::<&RawValue>(json).unwrap();
        assert!(is_sealed(raw(r#""wharf:a.chat:c2VhbA==""#)));
        for json in [r#""c2VhbA==""#, "1", r#"{"wharf:":1}"#, "null"] {
            assert!(!is_sealed(raw(json)), "{json}");
        }
    }
}
