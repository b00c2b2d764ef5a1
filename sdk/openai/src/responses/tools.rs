//! Tools, and whether one of them has to be called. Fields are beside each other here, so what nobody mapped stands in
//! `extra` beside them; an `extra` with a `type` is a whole tool of another type and is sent as it is.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::json;
use wharf_provider_sdk::{Error, Request, Tool, ToolChoice, foreign};

use super::DIALECT;
use crate::wire::{self, optional, raw};

/// Whether there are tools, or a rule about them, that only a vendor of another dialect has.
///
/// # Errors
/// `Unsupported` naming the field.
pub(super) fn check(request: &Request) -> Result<(), Error> {
    if request.dialect != DIALECT {
        let mut tools = request.tools.iter().enumerate();
        tools.try_for_each(|(at, tool)| foreign::check_tool(tool, at))?;
    }
    match &request.tool_choice {
        Some(ToolChoice::Extension(rule)) => foreign::checked(rule, DIALECT, "tool_choice").map(|_| ()),
        _ => Ok(()),
    }
}

/// The tools on offer, and whether the client speaks this dialect.
pub(super) struct Tools<'a>(pub(super) &'a [Tool], pub(super) bool);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for tool in self.0 {
            list.serialize_element(&WireTool(tool, self.1))?;
        }
        list.end()
    }
}

struct WireTool<'a>(&'a Tool, bool);

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(tool, same_dialect) = *self;
        let extra = wire::extra(tool.extra.as_deref(), same_dialect);
        let extra = extra.map_err(|e| serde::ser::Error::custom(e.message))?;
        if extra.contains("type") {
            return extra.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("name", &tool.name)?;
        optional(&mut map, "description", &tool.description)?;
        match &tool.parameters {
            Some(parameters) => wire::parameters::<S, _>(&mut map, parameters, same_dialect)?,
            None if same_dialect => {}
            None => map.serialize_entry("parameters", &json!({"type": "object", "properties": {}}))?,
        }
        // This API is strict unless it is told otherwise, all others are not.
        let strict = tool.strict.or((!same_dialect).then_some(false));
        optional(&mut map, "strict", &strict)?;
        extra.serialize_into(&mut map)?;
        map.end()
    }
}

/// Whether a tool has to be called.
pub(super) struct Choice<'a>(pub(super) &'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Named(name) => json!({"type": "function", "name": name}).serialize(serializer),
            ToolChoice::Extension(extension) => raw::<S>(&extension.value)?.serialize(serializer),
        }
    }
}
