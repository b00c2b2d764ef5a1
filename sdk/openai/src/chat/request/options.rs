//! The options of a request: all fields of it that the contract has no word for.

use serde::Deserialize;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Request, foreign};

use crate::chat::DIALECT;
use crate::responses::DIALECT as RESPONSES;

/// Options that mean the same in every dialect, so they are sent on whatever API the client used.
const NEUTRAL: [&str; 4] = ["seed", "frequency_penalty", "presence_penalty", "user"];
/// Hints that both of OpenAI's APIs have under one name, and other servers refuse. `metadata` is none of them: chat completions refuses it for
/// an answer that is not stored, and none of those is.
const SHARED: [&str; 5] = [
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
];
/// Options of the other API that are something else here; `stream_options` are written with the stream. (Probabilities are
/// too, but an answer of this API has them in a form that clients of the other do not know.)
const TRANSLATED: [&str; 2] = ["text", "stream_options"];

/// An option: its name here and its value as JSON text.
pub(super) type Entry<'a> = (&'a str, &'a str);

/// The options in the words of this API, except `stream_options`. `hints`: the server takes OpenAI's own hints.
///
/// # Errors
/// [`ErrorKind::Unsupported`] naming the option of another dialect that would be lost, and
/// [`ErrorKind::InvalidRequest`] for one that is not what that dialect has under its name.
pub(super) fn of(request: &Request, hints: bool) -> Result<Vec<Entry<'_>>, Error> {
    match request.dialect.as_str() {
        DIALECT | "wharf" => Ok(named(request, |name| name != "stream_options")),
        RESPONSES => of_responses(request, hints),
        _ => {
            foreign::check_options(&request.options, &NEUTRAL)?;
            Ok(said(request, |name| NEUTRAL.contains(&name)))
        }
    }
}

fn named(request: &Request, wanted: impl Fn(&str) -> bool) -> Vec<Entry<'_>> {
    let all = request
        .options
        .iter()
        .map(|(name, json)| (name.as_str(), json.as_str()));
    all.filter(|(name, _)| wanted(name)).collect()
}

/// Without nulls, which say the same as nothing and which not every server takes.
fn said(request: &Request, wanted: impl Fn(&str) -> bool) -> Vec<Entry<'_>> {
    let mut entries = named(request, wanted);
    entries.retain(|(_, json)| *json != "null");
    entries
}

fn of_responses(request: &Request, hints: bool) -> Result<Vec<Entry<'_>>, Error> {
    let known = [NEUTRAL.as_slice(), SHARED.as_slice(), TRANSLATED.as_slice()].concat();
    foreign::check_options(&request.options, &known)?;
    let mut entries = said(request, |name| {
        NEUTRAL.contains(&name) || (hints && SHARED.contains(&name))
    });
    entries.extend(verbosity(request)?);
    Ok(entries)
}

/// How much to say. The form of the answer is no longer in `text`: it is the request's `output`.
fn verbosity(request: &Request) -> Result<Option<Entry<'_>>, Error> {
    let Some(mut text): Option<Object<'_>> = read(request, "text")? else {
        return Ok(None);
    };
    let verbosity = text.take_raw("verbosity").filter(|raw| raw.get() != "null");
    let lost = text.iter().find(|(_, raw)| raw.get() != "null");
    if let Some((name, _)) = lost {
        let problem = format!("`text.{name}`: chat completions has no such option");
        return Err(Error::unsupported(problem));
    }
    Ok(verbosity.map(|raw| ("verbosity", raw.get())))
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request, name: &str) -> Result<Option<T>, Error> {
    let wrong = |e| Error::new(ErrorKind::InvalidRequest, format!("`{name}`: {e}"));
    request
        .option(name)
        .map_or(Ok(None), |json| serde_json::from_str(json).map_err(wrong))
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
