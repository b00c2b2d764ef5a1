//! Options of all dialects.

use super::*;

fn request(dialect: &str, options: &[(&str, &str)]) -> Request {
    let options = options
        .iter()
        .map(|(name, json)| ((*name).to_owned(), (*json).to_owned()));
    Request {
        dialect: dialect.to_owned(),
        options: options.collect(),
        ..Request::default()
    }
}

/// As OpenAI gets them.
fn given(request: &Request) -> Result<Vec<Entry<'_>>, Error> {
    of(request, true)
}

fn refused(dialect: &str, option: (&str, &str), name: &str) {
    let error = given(&request(dialect, &[option])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error:?}");
    assert!(error.message.contains(&format!("`{name}`")), "{error:?}");
}

#[test]
fn whoever_speaks_this_dialect_or_the_hosts_is_taken_at_their_word() {
    let options = [("seed", "null"), ("logit_bias", "{}"), ("vllm_x", "1.10")];
    for dialect in [DIALECT, "wharf"] {
        assert_eq!(given(&request(dialect, &options)), Ok(options.to_vec()));
    }
}

#[test]
fn of_another_dialect_only_what_means_the_same_is_sent() {
    let asked = request(
        "anthropic.messages",
        &[("seed", "7"), ("user", "null"), ("anthropic_beta", "\"a\"")],
    );
    assert_eq!(given(&asked), Ok(vec![("seed", "7")]));
}

#[test]
fn what_would_be_lost_of_another_dialect_is_refused_by_name() {
    for option in [
        ("top_k", "40"),
        ("mcp_servers", r#"[{"type":"url","name":"a","url":"https://e.com"}]"#),
        ("container", r#""container_1""#),
    ] {
        refused("anthropic.messages", option, option.0);
    }
    refused(RESPONSES, ("truncation", r#""auto""#), "truncation");
    refused(RESPONSES, ("text", r#"{"verbosity":"low","tone":"dry"}"#), "text.tone");
}

#[test]
fn options_of_openais_other_api_keep_their_names() {
    let same = [
        ("service_tier", r#""flex""#),
        ("prompt_cache_key", r#""k""#),
        ("prompt_cache_options", r#"{"mode":"explicit"}"#),
        ("prompt_cache_retention", r#""24h""#),
        ("safety_identifier", r#""s""#),
        ("user", r#""u""#),
    ];
    assert_eq!(given(&request(RESPONSES, &same)), Ok(same.to_vec()));
}

#[test]
fn hints_that_only_openai_takes_are_left_out_elsewhere() {
    let asked = request(RESPONSES, &[("prompt_cache_key", r#""k""#), ("user", r#""u""#)]);
    assert_eq!(of(&asked, false), Ok(vec![("user", r#""u""#)]));
}

#[test]
fn how_much_to_say_has_another_name_here() {
    let asked = request(RESPONSES, &[("text", r#"{"verbosity":"low"}"#)]);
    assert_eq!(given(&asked), Ok(vec![("verbosity", r#""low""#)]));
}

#[test]
fn probabilities_that_would_be_lost_in_the_answer_are_refused() {
    for (name, json) in [
        (
            "include",
            r#"["reasoning.encrypted_content","message.output_text.logprobs"]"#,
        ),
        ("top_logprobs", "3"),
    ] {
        let error = given(&request(RESPONSES, &[(name, json)])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.starts_with(&format!("`{name}`")), "{error:?}");
    }
}

#[test]
fn what_holds_anyway_and_what_is_about_keeping_is_left_out() {
    let asked = request(
        RESPONSES,
        &[
            ("store", "false"),
            ("metadata", r#"{"a":"b"}"#),
            ("truncation", r#""disabled""#),
            ("max_tool_calls", "3"),
            ("service_tier", "null"),
            ("top_logprobs", "0"),
            ("include", r#"["reasoning.encrypted_content"]"#),
            ("text", r#"{"verbosity":null}"#),
            ("stream_options", r#"{"include_obfuscation":false}"#),
        ],
    );
    assert_eq!(given(&asked), Ok(Vec::new()));
}

#[test]
fn an_option_that_is_not_what_it_is_called_is_named() {
    let error = given(&request(RESPONSES, &[("text", "7")])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("`text`"), "{error:?}");
}
