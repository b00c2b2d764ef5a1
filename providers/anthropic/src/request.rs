//! From the contract's request to the JSON of `POST /v1/messages` and of `POST /v1/messages/count_tokens`.

use serde::Deserialize;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, OutputFormat, Request, foreign};

use crate::conversation::Conversation;
use crate::settings::Settings;
use crate::thinking::Plan;
use crate::wire::{self, Map, Node};
use crate::{DIALECT, sampling, schema, thinking, tools};

/// Options by which a client asks for features that the vendor wants named in a header.
const BETAS: [&str; 2] = ["anthropic_beta", "betas"];
/// Options that mean in every dialect what they mean at OpenAI, and have no field of that name here. A client that
/// speaks this dialect has its reasons for such a field and hears the vendor's opinion.
const FOREIGN: [&str; 4] = ["seed", "frequency_penalty", "presence_penalty", "user"];
/// Options of other dialects that are sent or refused by name.
const KNOWN: [&str; 3] = ["n", "top_k", "user"];
/// Options that decide about the answer alone, and that the vendor refuses where it only counts.
const UNCOUNTED: [&str; 5] = ["container", "inference_geo", "metadata", "service_tier", "top_k"];

/// The body of the request.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] when a JSON value of the request is not JSON, and [`ErrorKind::Unsupported`] for what
/// Anthropic's API has no form for. Both name the field.
pub fn body(request: &Request, settings: &Settings, streamed: bool) -> Result<Vec<u8>, Error> {
    check(request)?;
    let plan = thinking::plan(request, settings)?;
    let sampling = sampling::fields(request, plan.thinks())?;
    let mut body = Map::default()
        .with("model", request.model.as_str())
        .with("max_tokens", plan.max_tokens);
    prompt(request, plan, &mut body)?;
    for (name, value) in sampling {
        body.add(name, value);
    }
    if !request.stop.is_empty() {
        let stop: Vec<Node<'_>> = request.stop.iter().map(|text| text.as_str().into()).collect();
        body.add("stop_sequences", stop);
    }
    options(request, &[], &mut body)?;
    if let Some(user) = user(request)? {
        body.add("metadata", Map::default().with("user_id", user));
    }
    if streamed {
        body.add("stream", true);
    }
    written(&body)
}

/// The body of a question for the tokens of the request: the same, without what only matters for the answer.
///
/// # Errors
/// As [`body`].
pub fn count(request: &Request, settings: &Settings) -> Result<Vec<u8>, Error> {
    let mut body = Map::default().with("model", request.model.as_str());
    prompt(request, thinking::plan(request, settings)?, &mut body)?;
    options(request, &UNCOUNTED, &mut body)?;
    written(&body)
}

/// Adds what the model reads, and what decides how it reads it.
fn prompt<'a>(request: &'a Request, plan: Plan<'a>, body: &mut Map<'a>) -> Result<(), Error> {
    let conversation = Conversation::of(request)?;
    if let Some(system) = conversation.system {
        body.add("system", system);
    }
    body.add("messages", conversation.messages);
    let tools = tools::tools(request)?;
    if !tools.is_empty() {
        body.add("tools", tools);
    }
    if let Some(choice) = tools::choice(request)? {
        body.add("tool_choice", choice);
    }
    if let Some(thinking) = plan.thinking {
        body.add("thinking", thinking);
    }
    let output = output_config(request, plan.effort)?;
    if !output.is_empty() {
        body.add("output_config", output);
    }
    Ok(())
}

fn written(body: &Map<'_>) -> Result<Vec<u8>, Error> {
    let failed = |e| {
        Error::new(
            ErrorKind::Internal,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(body).map_err(failed)
}

/// What the vendor would refuse, or misunderstand because the client's API means something else by it.
fn check(request: &Request) -> Result<(), Error> {
    let answers: Option<f64> = request.option("n").and_then(|n| n.parse().ok());
    if answers.is_some_and(|n| n > 1.0) {
        return Err(wire::unsupported("n", "one answer for each request"));
    }
    if request.dialect != DIALECT && request.stop.iter().any(|text| text.trim().is_empty()) {
        return Err(wire::unsupported(
            "stop",
            "Anthropic stops at nothing that is white space only",
        ));
    }
    if is_ours(request) {
        let options = request.options.iter();
        let missing = options.filter(|(name, _)| request.dialect != DIALECT && FOREIGN.contains(&name.as_str()));
        let missing: Vec<_> = missing.cloned().collect();
        return foreign::check_options(&missing, &KNOWN);
    }
    foreign::check_thinking(request.thinking.as_ref())?;
    foreign::check_options(&request.options, &KNOWN)
}

/// The form of the answer and the effort that goes into it. What the client says of its own accord stands beside.
fn output_config<'a>(request: &'a Request, effort: Option<&'a str>) -> Result<Map<'a>, Error> {
    let mut config = Map::default();
    if let Some(effort) = effort {
        config.add("effort", effort);
    }
    match &request.output {
        None | Some(OutputFormat::Text) => {}
        Some(OutputFormat::JsonSchema(schema)) => {
            let raw = wire::raw(&schema.schema, "output.schema")?;
            let schema = if request.dialect == DIALECT {
                Node::Raw(raw)
            } else {
                schema::accepted(raw)
            };
            config.add("format", Map::typed("json_schema").with("schema", schema));
        }
        Some(OutputFormat::Json) => {
            let problem = "Anthropic has no form for JSON without a schema; give a schema";
            return Err(wire::unsupported("output", problem));
        }
        Some(OutputFormat::Extension(format)) if format.kind == DIALECT => {
            config.add("format", Node::Raw(wire::raw(&format.value, "output")?));
        }
        Some(OutputFormat::Extension(format)) => {
            let problem = format!("a form of `{}` means nothing to Anthropic", format.kind);
            return Err(wire::unsupported("output", &problem));
        }
    }
    if is_ours(request)
        && let Some(theirs) = request.option("output_config").filter(|json| *json != "null")
    {
        let theirs: Object<'_> = wire::object(theirs, "output_config")?;
        config.fill(&theirs);
    }
    Ok(config)
}

/// Sends on the options of a client that speaks this dialect or the host's own, except those `without` a place here.
/// Of other dialects only what means the same everywhere is sent; what would be missed was refused before.
fn options<'a>(request: &'a Request, without: &[&str], body: &mut Map<'a>) -> Result<(), Error> {
    let neutral = request.dialect != DIALECT;
    for (name, value) in &request.options {
        let name = name.as_str();
        let handled = BETAS.contains(&name)
            || without.contains(&name)
            || matches!(name, "output_config" | "stream" | "n")
            || (neutral && FOREIGN.contains(&name));
        if !handled && (is_ours(request) || name == "top_k") {
            body.add(name, Node::Raw(wire::raw(value, name)?));
        }
    }
    Ok(())
}

/// Who is asking, which Anthropic wants among the metadata.
fn user(request: &Request) -> Result<Option<Node<'_>>, Error> {
    let user = request
        .option("user")
        .filter(|json| request.dialect != DIALECT && *json != "null");
    let raw = user.map(|json| wire::raw(json, "user")).transpose()?;
    Ok(raw.map(Node::Raw))
}

/// The features that the client asks for, by the vendor's names.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] when they are no names.
pub fn betas(request: &Request) -> Result<Vec<String>, Error> {
    /// A list, or the header's own form.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        List(Vec<String>),
        Line(String),
    }
    let mut betas = Vec::new();
    for option in BETAS {
        let Some(value) = request.option(option).filter(|_| is_ours(request)) else {
            continue;
        };
        let wrong = || wire::invalid(option, "this must be a list of names");
        let names: Names = serde_json::from_str(value).map_err(|_| wrong())?;
        let names = match names {
            Names::List(names) => names,
            Names::Line(line) => line.split(',').map(|name| name.trim().to_owned()).collect(),
        };
        // They go into a header, where anything else would end the call as a defect of the provider.
        if !names.iter().all(|name| name.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(wrong());
        }
        betas.extend(names);
    }
    Ok(betas)
}

/// Whether the options are in words that the vendor understands.
fn is_ours(request: &Request) -> bool {
    matches!(request.dialect.as_str(), DIALECT | "wharf")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
