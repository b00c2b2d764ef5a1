//! From the contract's request to the JSON of `POST /responses`.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use wharf_provider_sdk::call_ids::{Form, Rule};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, OutputFormat, Request, foreign};

use super::DIALECT;
use super::input::{self, Input};
use super::options::{self, Options};
use super::tools::{self, Choice, Tools};
use crate::chat::DIALECT as CHAT;
use crate::wire::{self, Number, optional, raw};

/// What OpenAI takes as the identifier of a call.
const CALL_IDS: Rule = Rule {
    form: Form::Any,
    longest: 64,
    unique: false,
};

/// What one server is known to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Server<'a> {
    /// Whether the model thinks, as the operator says. Its thoughts are then always asked for in the sealed form in
    /// which they can come back: nothing is kept at the vendor.
    pub thinks: bool,
    /// Which summary of its thoughts the model is asked for when a client of another API wants it to think. Clients of
    /// this API ask themselves.
    pub summary: Option<&'a str>,
}

/// The body of the request.
///
/// # Errors
/// `InvalidRequest` when a JSON value of the request is not JSON, and `Unsupported` for what this API has no form for,
/// naming the field.
pub fn body(request: &Request, server: Server<'_>, streamed: bool) -> Result<Vec<u8>, Error> {
    tools::check(request)?;
    if let Some(OutputFormat::Extension(form)) = &request.output {
        foreign::checked(form, DIALECT, "text.format")?;
    }
    if request.dialect != DIALECT {
        foreign::check_thinking(request.thinking.as_ref())?;
    }
    if !request.stop.is_empty() {
        return Err(Error::unsupported("`stop`: OpenAI's responses have no stop sequences"));
    }
    wire::bytes(&Body {
        request,
        input: input::of(request, CALL_IDS)?,
        options: options::of(request, server.thinks || wire::wants_thinking(request))?,
        summary: server
            .summary
            .filter(|_| request.dialect != DIALECT && wire::wants_thinking(request)),
        streamed,
    })
}

struct Body<'a> {
    request: &'a Request,
    input: Input<'a>,
    options: Options<'a>,
    summary: Option<&'a str>,
    streamed: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let r = self.request;
        let same_dialect = r.dialect == DIALECT;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &r.model)?;
        optional(&mut map, "instructions", &self.input.instructions)?;
        map.serialize_entry("input", &self.input.items)?;
        if !r.tools.is_empty() {
            map.serialize_entry("tools", &Tools(&r.tools, same_dialect))?;
        }
        if let Some(choice) = &r.tool_choice {
            map.serialize_entry("tool_choice", &Choice(choice))?;
        }
        optional(&mut map, "parallel_tool_calls", &r.parallel_tool_calls)?;
        optional(&mut map, "max_output_tokens", &r.max_output_tokens)?;
        optional(&mut map, "temperature", &r.temperature.map(Number))?;
        optional(&mut map, "top_p", &r.top_p.map(Number))?;
        if r.output.is_some() || !self.options.text.is_empty() {
            map.serialize_entry("text", &Text(r.output.as_ref(), &self.options.text))?;
        }
        self.reasoning::<S, _>(same_dialect, &mut map)?;
        if !self.options.include.is_empty() {
            map.serialize_entry("include", &self.options.include)?;
        }
        for (name, value) in &self.options.others {
            map.serialize_entry(name, raw::<S>(value)?)?;
        }
        // Nobody could ask for it later: the host keeps no state, and the vendor is not to either.
        map.serialize_entry("store", &false)?;
        if self.streamed {
            map.serialize_entry("stream", &true)?;
            if let Some(options) = self.options.stream {
                map.serialize_entry("stream_options", raw::<S>(options)?)?;
            }
        }
        map.end()
    }
}

impl Body<'_> {
    fn reasoning<S: Serializer, M: SerializeMap<Ok = S::Ok, Error = S::Error>>(
        &self,
        same_dialect: bool,
        map: &mut M,
    ) -> Result<(), S::Error> {
        let Some(thinking) = &self.request.thinking else {
            return Ok(());
        };
        let extra = wire::extra(thinking.extra.as_deref(), same_dialect);
        let extra = extra.map_err(|e| serde::ser::Error::custom(e.message))?;
        let ours = matches!(self.request.dialect.as_str(), DIALECT | CHAT | "wharf");
        let effort = wire::effort(self.request, ours);
        if effort.is_some() || self.summary.is_some() || !extra.is_empty() {
            map.serialize_entry("reasoning", &Reasoning(effort, self.summary, &extra))?;
        }
        Ok(())
    }
}

struct Reasoning<'a>(Option<&'a str>, Option<&'a str>, &'a Object<'a>);

impl Serialize for Reasoning<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        optional(&mut map, "effort", &self.0)?;
        optional(&mut map, "summary", &self.1)?;
        self.2.serialize_into(&mut map)?;
        map.end()
    }
}

/// The form of the answer, and what else is wished of its text.
struct Text<'a>(Option<&'a OutputFormat>, &'a Object<'a>);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        optional(&mut map, "format", &self.0.map(Format))?;
        self.1.serialize_into(&mut map)?;
        map.end()
    }
}

struct Format<'a>(&'a OutputFormat);

impl Serialize for Format<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self.0 {
            OutputFormat::Extension(extension) => return raw::<S>(&extension.value)?.serialize(serializer),
            _ => serializer.serialize_map(None)?,
        };
        match self.0 {
            OutputFormat::Text => map.serialize_entry("type", "text")?,
            OutputFormat::Json => map.serialize_entry("type", "json_object")?,
            OutputFormat::JsonSchema(schema) => {
                map.serialize_entry("type", "json_schema")?;
                wire::schema::<S, _>(schema, &mut map)?;
            }
            OutputFormat::Extension(_) => {}
        }
        map.end()
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
