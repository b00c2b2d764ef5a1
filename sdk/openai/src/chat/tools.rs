//! Tools and calls of tools. What nobody mapped of them stands in `extra`, in the structure of the wire: fields beside
//! `function`, and under `function` those inside it. An `extra` with a `type` is a whole tool or call of another type
//! and is sent as it is.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, Request, Tool, ToolCall, ToolChoice, foreign};

use crate::chat::DIALECT;
use crate::responses::DIALECT as RESPONSES;
use crate::wire::{self, optional};

/// Whether there are tools, or a rule about them, that only a vendor of another dialect has.
///
/// # Errors
/// `Unsupported` naming the field.
pub(crate) fn check(request: &Request) -> Result<(), Error> {
    if request.dialect != DIALECT {
        let mut tools = request.tools.iter().enumerate();
        tools.try_for_each(|(at, tool)| foreign::check_tool(tool, at))?;
    }
    match &request.tool_choice {
        Some(ToolChoice::Extension(rule)) if allowed(rule).is_none() => {
            foreign::checked(rule, DIALECT, "tool_choice").map(|_| ())
        }
        _ => Ok(()),
    }
}

/// The rule of OpenAI's other API that only some functions may be called, which this API writes otherwise; `None` for
/// any other rule.
pub(crate) fn allowed(rule: &Extension) -> Option<Value> {
    if rule.kind != RESPONSES {
        return None;
    }
    let rule: Value = serde_json::from_str(&rule.value).ok()?;
    let functions = rule["tools"].as_array()?.iter().map(|tool| {
        let name = tool["name"].as_str().filter(|_| tool["type"] == "function")?;
        Some(json!({"type": "function", "function": {"name": name}}))
    });
    let functions: Vec<Value> = functions.collect::<Option<_>>()?;
    let is_one = rule["type"] == "allowed_tools";
    is_one.then(|| json!({"type": "allowed_tools", "allowed_tools": {"mode": rule["mode"], "tools": functions}}))
}

/// The tools on offer, and whether the client speaks this dialect.
pub(crate) struct Tools<'a>(pub(crate) &'a [Tool], pub(crate) bool);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for tool in self.0 {
            list.serialize_element(&WireTool(tool, self.1))?;
        }
        list.end()
    }
}

/// A tool. Its `extra` mirrors the structure of the wire: fields beside `function`, and under `function`
/// those inside it. An `extra` with a `type` is a whole tool of another type and is sent as it is.
struct WireTool<'a>(&'a Tool, bool);

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (extra, inner) = split_extra::<S>(self.0.extra.as_deref(), self.1)?;
        if extra.contains("type") {
            return extra.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &Function(self.0, inner, self.1))?;
        extra.serialize_into(&mut map)?;
        map.end()
    }
}

/// The function, what is left inside it, and whether the client speaks this dialect.
struct Function<'a>(&'a Tool, Object<'a>, bool);

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tool = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &tool.name)?;
        optional(&mut map, "description", &tool.description)?;
        if let Some(parameters) = &tool.parameters {
            wire::parameters::<S, _>(&mut map, parameters, self.2)?;
        }
        optional(&mut map, "strict", &tool.strict)?;
        self.1.serialize_into(&mut map)?;
        map.end()
    }
}

/// A call with the identifier that the server takes.
pub(crate) type Called<'a> = (Cow<'a, str>, &'a ToolCall);

/// The calls of a message, and whether the client speaks this dialect.
pub(crate) struct ToolCalls<'a>(pub(crate) &'a [Called<'a>], pub(crate) bool);

impl Serialize for ToolCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for call in self.0 {
            list.serialize_element(&WireCall(call, self.1))?;
        }
        list.end()
    }
}

/// A call. Its `extra` mirrors the wire as that of a [`WireTool`] does: one with a `type` is the whole call.
struct WireCall<'a>(&'a Called<'a>, bool);

impl Serialize for WireCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (id, call) = self.0;
        let (extra, inner) = split_extra::<S>(call.extra.as_deref(), self.1)?;
        if extra.contains("type") {
            return extra.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &CalledFunction(call, inner))?;
        extra.serialize_into(&mut map)?;
        map.end()
    }
}

struct CalledFunction<'a>(&'a ToolCall, Object<'a>);

impl Serialize for CalledFunction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("arguments", &self.0.arguments)?;
        self.1.serialize_into(&mut map)?;
        map.end()
    }
}

/// The vendor fields of a tool or call: those beside `function`, and those inside it.
fn split_extra<S: Serializer>(extra: Option<&str>, same_dialect: bool) -> Result<(Object<'_>, Object<'_>), S::Error> {
    let extra = extra.filter(|_| same_dialect).unwrap_or("{}");
    let extra: Object<'_> = serde_json::from_str(extra).map_err(serde::ser::Error::custom)?;
    let mut extra = extra.without_seals();
    if extra.contains("type") {
        return Ok((extra, Object::default()));
    }
    let inner = extra
        .take_raw("function")
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose();
    Ok((extra, inner.map_err(serde::ser::Error::custom)?.unwrap_or_default()))
}
