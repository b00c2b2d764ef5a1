//! Tools, and calls of tools. What nobody mapped of them stands in `extra`, in the structure of the wire: fields beside
//! `function`, and under `function` those inside it.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Request, Tool, ToolCall, ToolChoice, foreign};

use crate::DIALECT;
use crate::wire;

/// What a tool takes that says nothing about it. Templates of models expect an object.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// The tools to offer. The vendor has no word for whether one has to be called: a model that must not call any is
/// offered none.
///
/// # Errors
/// `Unsupported` and `InvalidRequest`, naming the field.
pub(crate) fn tools(request: &Request) -> Result<Vec<WireTool<'_>>, Error> {
    match &request.tool_choice {
        None | Some(ToolChoice::Auto) => {}
        Some(ToolChoice::None) => return Ok(Vec::new()),
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Extension(_)) => {
            let problem = "Ollama cannot be made to call a tool; use auto or none";
            return Err(wire::unsupported("tool_choice", problem));
        }
    }
    if request.parallel_tool_calls == Some(false) && !request.tools.is_empty() {
        let problem = "Ollama cannot be kept from calling several tools at once";
        return Err(wire::unsupported("parallel_tool_calls", problem));
    }
    let tools = request.tools.iter().enumerate();
    tools.map(|(at, one)| tool(request, one, at)).collect()
}

fn tool<'a>(request: &Request, tool: &'a Tool, at: usize) -> Result<WireTool<'a>, Error> {
    let place = format!("tools[{at}]");
    if request.dialect != DIALECT {
        foreign::check_tool(tool, at)?;
        if tool.strict == Some(true) {
            let problem = "Ollama cannot hold a model to the schema of a tool";
            return Err(wire::unsupported(&format!("{place}.strict"), problem));
        }
    }
    let extra = wire::extra(request, tool.extra.as_deref(), &place)?;
    if extra.contains("type") {
        return Ok(WireTool::Whole(extra));
    }
    let (extra, inner) = leftovers(request, tool.extra.as_deref(), &place)?;
    let parameters = tool.parameters.as_deref().unwrap_or(NO_PARAMETERS);
    Ok(WireTool::Function {
        tool,
        parameters: wire::raw(parameters, &place)?,
        extra,
        inner,
    })
}

/// The vendor fields of a tool or call: those beside `function`, and those inside it.
fn leftovers<'a>(request: &Request, extra: Option<&'a str>, place: &str) -> Result<(Object<'a>, Object<'a>), Error> {
    let mut extra = wire::extra(request, extra, place)?;
    let inner = match extra.take_raw("function") {
        Some(raw) => wire::object(raw.get(), place)?,
        None => Object::default(),
    };
    Ok((extra, inner))
}

/// A tool as Ollama has them.
#[derive(Debug)]
pub(crate) enum WireTool<'a> {
    /// One of another type, as the client wrote it.
    Whole(Object<'a>),
    /// A function.
    Function {
        tool: &'a Tool,
        parameters: &'a RawValue,
        extra: Object<'a>,
        inner: Object<'a>,
    },
}

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(whole) => whole.serialize(serializer),
            Self::Function {
                tool,
                parameters,
                extra,
                inner,
            } => {
                let function = Function {
                    name: &tool.name,
                    description: tool.description.as_deref(),
                    field: "parameters",
                    value: parameters,
                    inner,
                };
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", "function")?;
                map.serialize_entry("function", &function)?;
                extra.serialize_into(&mut map)?;
                map.end()
            }
        }
    }
}

/// What stands under `function`: of a tool its parameters, of a call its arguments.
struct Function<'a> {
    name: &'a str,
    description: Option<&'a str>,
    field: &'static str,
    value: &'a RawValue,
    inner: &'a Object<'a>,
}

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        if let Some(description) = self.description {
            map.serialize_entry("description", description)?;
        }
        map.serialize_entry(self.field, self.value)?;
        self.inner.serialize_into(&mut map)?;
        map.end()
    }
}

/// A call in the conversation so far. Older servers ignore its identifier.
///
/// # Errors
/// `Unsupported` for arguments that are not an object, naming the part.
pub(crate) fn call<'a>(request: &Request, call: &'a ToolCall, place: &str) -> Result<WireCall<'a>, Error> {
    let (extra, inner) = leftovers(request, call.extra.as_deref(), place)?;
    // A model that has nothing to say to a function may write nothing at all.
    let written = match call.arguments.trim() {
        "" => "{}",
        text => text,
    };
    let arguments = serde_json::from_str::<&RawValue>(written).ok();
    let arguments = arguments.filter(|raw| raw.get().starts_with('{')).ok_or_else(|| {
        let problem = "Ollama takes only a JSON object as the arguments of a call";
        wire::unsupported(place, problem)
    })?;
    Ok(WireCall {
        id: &call.id,
        name: &call.name,
        arguments,
        extra,
        inner,
    })
}

/// A call as Ollama has them.
#[derive(Debug)]
pub(crate) struct WireCall<'a> {
    id: &'a str,
    name: &'a str,
    arguments: &'a RawValue,
    extra: Object<'a>,
    inner: Object<'a>,
}

impl Serialize for WireCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = Function {
            name: self.name,
            description: None,
            field: "arguments",
            value: self.arguments,
            inner: &self.inner,
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("function", &function)?;
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}
