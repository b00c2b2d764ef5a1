//! Tools, and whether the model has to call one.
//!
//! What nobody mapped of a tool stands in its `extra`. An `extra` whose `type` is not `custom` is a whole tool of the
//! vendor's own, such as web search, and is sent as it is.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Request, Tool, ToolChoice, foreign};

use crate::wire::{self, Map, Node};
use crate::{DIALECT, model, schema};

/// The tools on offer.
///
/// # Errors
/// `InvalidRequest` for a schema that is none, and `Unsupported` for tools of another dialect.
pub(crate) fn tools(request: &Request) -> Result<Vec<Node<'_>>, Error> {
    let same_dialect = request.dialect == DIALECT;
    let tools = request.tools.iter().enumerate();
    tools.map(|(index, tool)| one(tool, same_dialect, index)).collect()
}

fn one(tool: &Tool, same_dialect: bool, at: usize) -> Result<Node<'_>, Error> {
    let field = &format!("tools[{at}]");
    // Without what makes it special it would be a function, which is not what the client has.
    if !same_dialect {
        foreign::check_tool(tool, at)?;
    }
    let extra = wire::extra(tool.extra.as_deref(), same_dialect, field)?;
    let kind: Option<String> = extra.peek("type");
    if kind.is_some_and(|kind| kind != "custom") {
        let mut whole = Map::default();
        whole.fill(&extra);
        return Ok(whole.into());
    }
    let mut map = Map::default().with("name", tool.name.as_str());
    if let Some(description) = &tool.description {
        map.add("description", description.as_str());
    }
    map.add("input_schema", arguments(tool, same_dialect, field)?);
    // Not strict is the default here, as elsewhere.
    if let Some(strict) = tool.strict.filter(|strict| *strict || same_dialect) {
        map.add("strict", strict);
    }
    map.fill(&extra);
    Ok(map.into())
}

/// The schema of the arguments. Anthropic wants one that says it is of an object; other vendors do without. One that the
/// model is held to has to be of the form that those of answers have.
fn arguments<'a>(tool: &'a Tool, same_dialect: bool, field: &str) -> Result<Node<'a>, Error> {
    let Some(json) = &tool.parameters else {
        return Ok(Map::typed("object").with("properties", Map::default()).into());
    };
    let field = format!("{field}.parameters");
    if same_dialect {
        return Ok(Node::Raw(wire::raw(json, &field)?));
    }
    let fields: Object<'_> = wire::object(json, &field)?;
    let raw = wire::raw(json, &field)?;
    let mut given = match tool.strict {
        Some(true) => schema::accepted(raw),
        _ if fields.contains("type") => return Ok(Node::Raw(raw)),
        _ => {
            let mut map = Map::default();
            map.fill(&fields);
            map.into()
        }
    };
    if let Node::Map(map) = &mut given {
        map.add("type", "object");
    }
    Ok(given)
}

/// Whether a tool has to be called, and whether only one may be.
///
/// # Errors
/// `Unsupported` for a rule of another dialect.
pub(crate) fn choice(request: &Request) -> Result<Option<Node<'_>>, Error> {
    let same_dialect = request.dialect == DIALECT;
    let offered = !request.tools.is_empty();
    let one_at_once = request.parallel_tool_calls == Some(false);
    let mut choice = match &request.tool_choice {
        Some(ToolChoice::Extension(rule)) if rule.kind == DIALECT => {
            return wire::raw(&rule.value, "tool_choice").map(|raw| Some(Node::Raw(raw)));
        }
        Some(ToolChoice::Extension(rule)) => {
            let problem = format!("a rule of `{}` means nothing to Anthropic", rule.kind);
            return Err(wire::unsupported("tool_choice", &problem));
        }
        // Anthropic refuses a choice where there is nothing to choose from.
        Some(ToolChoice::Auto | ToolChoice::None) if !offered && !same_dialect => return Ok(None),
        Some(ToolChoice::None) => return Ok(Some(Map::typed("none").into())),
        Some(ToolChoice::Required | ToolChoice::Named(_)) if !same_dialect && model::is_bound(&request.model) => {
            let problem = "this model cannot be made to call a tool; use auto or none";
            return Err(wire::unsupported("tool_choice", problem));
        }
        Some(ToolChoice::Auto) => Map::typed("auto"),
        Some(ToolChoice::Required) => Map::typed("any"),
        Some(ToolChoice::Named(name)) => Map::typed("tool").with("name", name.as_str()),
        None if offered && one_at_once => Map::typed("auto"),
        None => return Ok(None),
    };
    if let Some(parallel) = request.parallel_tool_calls.filter(|_| same_dialect || one_at_once) {
        choice.add("disable_parallel_tool_use", !parallel);
    }
    Ok(Some(choice.into()))
}
