//! From the contract's request to the JSON of `POST /api/chat`.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::{Error, OutputFormat, Request, Thinking, foreign};

use crate::DIALECT;
use crate::messages::{self, WireMessage};
use crate::options::{NEUTRAL, Options};
use crate::settings::Settings;
use crate::tools::{self, WireTool};
use crate::wire::{self, Value, Words};

/// The client's options that are looked at by name, or have no place in this API.
const LOOKED_AT: [&str; 8] = [
    "format",
    "think",
    "truncate",
    "keep_alive",
    "options",
    "stream",
    "n",
    "user",
];

/// The body of the request.
///
/// # Errors
/// `InvalidRequest` when a JSON value of the request is none, and `Unsupported` for what Ollama's API has no form for.
/// Both name the field.
pub fn body(request: &Request, settings: &Settings, streamed: bool) -> Result<Vec<u8>, Error> {
    one_answer(request)?;
    let words = Words::from(request);
    words.check(&[NEUTRAL.as_slice(), &["n"]].concat())?;
    if !words.are_ours() {
        foreign::check_thinking(request.thinking.as_ref())?;
    }
    let looked_at = [LOOKED_AT.as_slice(), &NEUTRAL].concat();
    let body = Body {
        model: &request.model,
        messages: messages::messages(request)?,
        tools: tools::tools(request)?,
        format: format(request)?,
        think: think(request, settings)?,
        truncate: wire::truncate(words, settings)?,
        keep_alive: words.own("keep_alive")?.or(settings.keep_alive.as_deref()),
        options: Options::of(request, settings)?,
        others: words.others(&looked_at)?,
        streamed,
    };
    wire::bytes(&body)
}

/// The vendor gives one answer, and nobody should take it for several.
fn one_answer(request: &Request) -> Result<(), Error> {
    match request.option("n").and_then(|count| count.trim().parse::<f64>().ok()) {
        Some(count) if count > 1.0 => Err(wire::unsupported("n", "Ollama gives one answer to each request")),
        _ => Ok(()),
    }
}

fn format(request: &Request) -> Result<Option<Value<'_>>, Error> {
    Ok(match &request.output {
        None => Words::from(request).own("format")?.map(Value::Raw),
        Some(OutputFormat::Text) => None,
        Some(OutputFormat::Json) => Some(Value::Text("json")),
        Some(OutputFormat::JsonSchema(schema)) => Some(Value::Raw(wire::raw(&schema.schema, "output")?)),
        Some(OutputFormat::Extension(form)) if form.kind == DIALECT => {
            Some(Value::Raw(wire::raw(&form.value, "output")?))
        }
        Some(OutputFormat::Extension(form)) => {
            let problem = format!("a form of kind `{}` has no form in Ollama's API", form.kind);
            return Err(wire::unsupported("output", &problem));
        }
    })
}

/// What the request says, else what the deployment says, else nothing: then the model's default holds.
fn think<'a>(request: &'a Request, settings: &'a Settings) -> Result<Option<Value<'a>>, Error> {
    if let Some(thinking) = &request.thinking {
        let level = level(thinking);
        let is_word = matches!(level, Value::Text(_));
        let flat = is_word && !Words::from(request).are_ours() && !has_levels(&request.model, settings);
        return Ok(Some(if flat { Value::Flag(true) } else { level }));
    }
    let own = Words::from(request).own("think")?;
    Ok(own.or(settings.think.as_deref()).map(Value::Raw))
}

/// Whether the model thinks at levels. Of most models servers take no more than yes or no, and older servers refuse a
/// level that was meant well. Who speaks this dialect knows the model; clients of other APIs do not. An operator who
/// sets a level says that there are some.
fn has_levels(model: &str, settings: &Settings) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let set = settings
        .think
        .as_deref()
        .is_some_and(|think| think.get().starts_with('"'));
    set || name.starts_with("gpt-oss")
}

/// Ollama has levels and no budgets: whoever gives a budget gets a model that thinks.
fn level(thinking: &Thinking) -> Value<'_> {
    match (thinking.effort.as_deref(), thinking.budget_tokens) {
        (Some("none"), _) | (None, Some(0)) => Value::Flag(false),
        (None, _) => Value::Flag(true),
        (Some("minimal"), _) => Value::Text("low"),
        (Some("xhigh"), _) => Value::Text("max"),
        // The levels of a model are its own; the vendor says so if it has none of that name.
        (Some(level), _) => Value::Text(level),
    }
}

struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    tools: Vec<WireTool<'a>>,
    format: Option<Value<'a>>,
    think: Option<Value<'a>>,
    truncate: Option<Value<'a>>,
    keep_alive: Option<&'a RawValue>,
    options: Options<'a>,
    others: Vec<(&'a str, &'a RawValue)>,
    streamed: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &self.messages)?;
        if !self.tools.is_empty() {
            map.serialize_entry("tools", &self.tools)?;
        }
        if let Some(format) = &self.format {
            map.serialize_entry("format", format)?;
        }
        if let Some(think) = &self.think {
            map.serialize_entry("think", think)?;
        }
        if let Some(truncate) = &self.truncate {
            map.serialize_entry("truncate", truncate)?;
        }
        if let Some(keep_alive) = self.keep_alive {
            map.serialize_entry("keep_alive", keep_alive)?;
        }
        if !self.options.is_empty() {
            map.serialize_entry("options", &self.options)?;
        }
        for (name, value) in &self.others {
            map.serialize_entry(name, value)?;
        }
        // Left out, it would mean yes.
        map.serialize_entry("stream", &self.streamed)?;
        map.end()
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
