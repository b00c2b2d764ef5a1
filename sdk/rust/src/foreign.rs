//! What a request holds in the words of another vendor's dialect, and what becomes of it.
//!
//! One rule for all providers: what the client said and what would silently be lost is refused, by name. What a vendor
//! left in its own earlier answers is bookkeeping and stays behind, so that a conversation can go on elsewhere.

use serde_json::value::RawValue;

use crate::json::Object;
use crate::{Error, Extension, Role, Tool};

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
    fn a_sealed_field_is_known_by_its_mark() {
        let raw = |json: &'static str| serde_json::from_str::<&RawValue>(json).unwrap();
        assert!(is_sealed(raw(r#""wharf:a.chat:c2VhbA==""#)));
        for json in [r#""c2VhbA==""#, "1", r#"{"wharf:":1}"#, "null"] {
            assert!(!is_sealed(raw(json)), "{json}");
        }
    }
}
