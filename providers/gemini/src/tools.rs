//! Tools, and whether one has to be called.
//!
//! In this dialect a tool's `extra` is laid over its function declaration. One that has a field of the tool's own name
//! (`googleSearch`, `codeExecution`, …) is a tool of another type and is sent as it is.

use wharf_provider_sdk::{Error, Request, Tool, ToolChoice, foreign};

use crate::DIALECT;
use crate::wire::{self, Map, Node};

/// `tools` without what the client's options add.
///
/// # Errors
/// `InvalidRequest` and `Unsupported`, naming the field.
pub(crate) fn tools(request: &Request) -> Result<Vec<Node<'_>>, Error> {
    let (mut declarations, mut others) = (Vec::new(), Vec::new());
    for (at, tool) in request.tools.iter().enumerate() {
        let place = format!("tools[{at}]");
        let extra = match tool.extra.as_deref() {
            Some(json) => Map::of(&wire::object(json, &place)?),
            None => Map::default(),
        };
        if request.dialect != DIALECT {
            foreign::check_tool(tool, at)?;
            declarations.push(declaration(tool, Map::default(), &place)?);
        } else if extra.get(&tool.name).is_some() {
            others.push(Node::Map(extra));
        } else {
            declarations.push(declaration(tool, extra, &place)?);
        }
    }
    let mut tools = Vec::new();
    if !declarations.is_empty() {
        tools.push(Node::Map(Map::one("functionDeclarations", Node::List(declarations))));
    }
    tools.append(&mut others);
    Ok(tools)
}

fn declaration<'a>(tool: &'a Tool, extra: Map<'a>, place: &str) -> Result<Node<'a>, Error> {
    let mut map = Map::one("name", Node::text(tool.name.as_str()));
    if let Some(description) = &tool.description {
        map.set("description", Node::text(description.as_str()));
    }
    if let Some(parameters) = &tool.parameters {
        map.set("parametersJsonSchema", Node::Raw(wire::raw(parameters, place)?));
    }
    map.fill(extra);
    Ok(Node::Map(map))
}

/// `toolConfig` without what the client's options add.
///
/// # Errors
/// `InvalidRequest` and `Unsupported`, naming the field.
pub(crate) fn config(request: &Request) -> Result<Map<'_>, Error> {
    if request.parallel_tool_calls == Some(false) && !request.tools.is_empty() {
        return Err(wire::unsupported(
            "parallel_tool_calls",
            "Gemini cannot be kept from calling several tools at once",
        ));
    }
    let mode = |mode: &'static str| Map::one("mode", Node::text(mode));
    // Where the model decides, it keeps to schemas only if it has to keep to all of them; where it has to call, it does.
    let strict = request.tools.iter().any(|tool| tool.strict == Some(true));
    let rule = match &request.tool_choice {
        None if strict => Node::Map(mode("VALIDATED")),
        None => return Ok(Map::default()),
        // The vendor refuses a rule about functions where there are none.
        Some(ToolChoice::Auto | ToolChoice::None) if request.tools.is_empty() => return Ok(Map::default()),
        Some(ToolChoice::Auto) => Node::Map(mode(if strict { "VALIDATED" } else { "AUTO" })),
        Some(ToolChoice::None) => Node::Map(mode("NONE")),
        Some(ToolChoice::Required) => Node::Map(mode("ANY")),
        Some(ToolChoice::Named(name)) => {
            let mut rule = mode("ANY");
            let names = vec![Node::text(name.as_str())];
            rule.set("allowedFunctionNames", Node::List(names));
            Node::Map(rule)
        }
        Some(ToolChoice::Extension(rule)) if rule.kind == DIALECT => Node::Raw(wire::raw(&rule.value, "tool_choice")?),
        Some(ToolChoice::Extension(rule)) => {
            let problem = format!("a rule of kind `{}` has no form in Gemini's API", rule.kind);
            return Err(wire::unsupported("tool_choice", &problem));
        }
    };
    Ok(Map::one("functionCallingConfig", rule))
}
