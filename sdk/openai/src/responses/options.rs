//! The options of a request in the words of this API: all fields of it that the contract has no word for.

use serde::Deserialize;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Request, foreign};

use super::DIALECT;
use crate::chat::DIALECT as CHAT;

/// What is written with other things, or is not the client's to decide.
const WRITTEN: [&str; 4] = ["text", "include", "store", "stream_options"];
/// The option that means the same in every dialect. (The others of that kind this API does not have.)
const NEUTRAL: &str = "user";
/// Options that chat completions have under the same name.
const SHARED: [&str; 5] = [
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
];
/// The option of chat completions that is something else here. (Probabilities are too, but an answer of this API has
/// them in a form that clients of the other do not know.)
const TRANSLATED: [&str; 1] = ["verbosity"];
/// What `include` has for thoughts that can come back.
const SEALS: &str = "reasoning.encrypted_content";

/// The options, each in its place.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// What is wished of the answer's text beside its form.
    pub(super) text: Object<'a>,
    /// What else the answer is to hold.
    pub(super) include: Vec<String>,
    /// What is wished of the stream, as JSON text.
    pub(super) stream: Option<&'a str>,
    /// All others by name, as JSON text.
    pub(super) others: Vec<(&'a str, &'a str)>,
}

/// The options of this request. `seals`: thoughts are to come in a form in which they can be sent back.
///
/// # Errors
/// `Unsupported` naming the option of another dialect that would be lost, and `InvalidRequest` for one that is not what
/// its dialect has under its name.
pub(super) fn of(request: &Request, seals: bool) -> Result<Options<'_>, Error> {
    let mut options = match request.dialect.as_str() {
        DIALECT | "wharf" => own(request)?,
        CHAT => of_chat(request)?,
        _ => {
            foreign::check_options(&request.options, &[NEUTRAL])?;
            named(request, &[NEUTRAL])
        }
    };
    if seals && !options.include.iter().any(|word| word == SEALS) {
        options.include.push(SEALS.to_owned());
    }
    Ok(options)
}

/// Whoever speaks this dialect or the host's is taken at their word.
fn own(request: &Request) -> Result<Options<'_>, Error> {
    let others = request
        .options
        .iter()
        .map(|(name, json)| (name.as_str(), json.as_str()));
    Ok(Options {
        text: read(request, "text")?.unwrap_or_default(),
        include: read(request, "include")?.unwrap_or_default(),
        stream: request.option("stream_options").filter(|json| *json != "null"),
        others: others.filter(|(name, _)| !WRITTEN.contains(name)).collect(),
    })
}

fn of_chat(request: &Request) -> Result<Options<'_>, Error> {
    let known = [[NEUTRAL].as_slice(), &SHARED, &TRANSLATED].concat();
    foreign::check_options(&request.options, &known)?;
    let mut options = named(request, &[[NEUTRAL].as_slice(), &SHARED].concat());
    if let Some(verbosity) = read(request, "verbosity")? {
        options.text.put("verbosity", verbosity);
    }
    Ok(options)
}

/// The options of these names that say something.
fn named<'a>(request: &'a Request, names: &[&str]) -> Options<'a> {
    let all = request.options.iter();
    let said = all.filter(|(name, json)| names.contains(&name.as_str()) && json != "null");
    Options {
        others: said.map(|(name, json)| (name.as_str(), json.as_str())).collect(),
        ..Options::default()
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request, name: &str) -> Result<Option<T>, Error> {
    let wrong = |e| Error::new(ErrorKind::InvalidRequest, format!("`{name}`: {e}"));
    match request.option(name).filter(|json| *json != "null") {
        Some(json) => serde_json::from_str(json).map(Some).map_err(wrong),
        None => Ok(None),
    }
}
