//! A request without one of its fields, for a caller who does without what cannot be done (`drop_unsupported`).

use wharf_policy::needs;
use wharf_types::{Capabilities, EmbedRequest, OutputFormat, Request, Tool, ToolChoice};

/// Fields that are left out one after the other before the error is believed.
pub(super) const MOST: usize = 16;

/// What the APIs call the same field.
const TOOL_CHOICE: &[&str] = &["tool_choice", "toolConfig"];
const OUTPUT: &[&str] = &[
    "output",
    "response_format",
    "output_config",
    "output_format",
    "format",
    "text",
];
const THINKING: &[&str] = &["thinking", "reasoning", "reasoning_effort", "think"];
const STOP: &[&str] = &["stop", "stop_sequences"];
const OUTPUT_LIMIT: &[&str] = &["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// The request without everything that the model is known to lack and that it makes sense without; none if it lacks
/// nothing.
pub(super) fn to_fit(request: &Request, model: &Capabilities) -> Option<Request> {
    let mut lacks = needs::lacks(request, model).filter(|lack| lack.optional).peekable();
    lacks.peek()?;
    let mut reduced = request.clone();
    for lack in lacks {
        leave_out(&mut reduced, lack.field);
        if lack.field == "max_output_tokens" {
            let most = model.max_output_tokens.and_then(|most| u32::try_from(most).ok());
            reduced.max_output_tokens = most;
            let budget = reduced.thinking.as_ref().and_then(|thinking| thinking.budget_tokens);
            if budget >= most {
                reduced.thinking = None;
            }
        }
    }
    Some(reduced)
}

/// Takes this field out of the request, in whichever API's words it is named. Whether there was one that the request
/// makes sense without.
pub(super) fn leave_out(request: &mut Request, field: &str) -> bool {
    let name = field.split(['.', '[']).next().unwrap_or(field);
    let before = request.options.len();
    // What came under a name of its own is there as well, for a vendor that calls it the same.
    let aliases = [TOOL_CHOICE, OUTPUT, THINKING, STOP, OUTPUT_LIMIT];
    let same = aliases.into_iter().find(|names| names.contains(&name)).unwrap_or(&[]);
    request
        .options
        .retain(|(option, _)| option != name && !same.contains(&option.as_str()));
    let found = request.options.len() < before;
    let taken = match name {
        "tools" => leave_out_tools(request, index(field)),
        name if TOOL_CHOICE.contains(&name) => request.tool_choice.take().is_some(),
        "parallel_tool_calls" => request.parallel_tool_calls.take().is_some(),
        // `text.verbosity` and its like stand beside the form of the answer.
        name if OUTPUT.contains(&name) && is_part(field, "format") => match request.output.take() {
            // Some JSON is nearer to what was asked for than any text.
            Some(OutputFormat::JsonSchema(_)) => {
                request.output = Some(OutputFormat::Json);
                true
            }
            output => output.is_some(),
        },
        name if THINKING.contains(&name) => request.thinking.take().is_some(),
        "temperature" => request.temperature.take().is_some(),
        "top_p" => request.top_p.take().is_some(),
        name if STOP.contains(&name) => !std::mem::take(&mut request.stop).is_empty(),
        name if OUTPUT_LIMIT.contains(&name) => request.max_output_tokens.take().is_some(),
        _ => false,
    };
    taken || found
}

/// Takes this option out of a request for vectors, which has nothing else that it makes sense without. Whether there was
/// one.
pub(super) fn leave_out_option(request: &mut EmbedRequest, field: &str) -> bool {
    let before = request.options.len();
    request.options.retain(|(name, _)| name != field);
    request.options.len() < before
}

/// Takes out a tool, and with a vendor's own tool all of its like; without a number all of them.
fn leave_out_tools(request: &mut Request, at: Option<usize>) -> bool {
    let before = request.tools.len();
    let is_vendors = |tool: &Tool| tool.extra.as_ref().is_some_and(|extra| extra.0.contains("\"type\""));
    match at.filter(|at| *at < before) {
        Some(at) if is_vendors(&request.tools[at]) => request.tools.retain(|tool| !is_vendors(tool)),
        Some(at) => {
            request.tools.remove(at);
        }
        None => request.tools.clear(),
    }
    let gone = match &request.tool_choice {
        Some(ToolChoice::Named(name)) => request.tools.iter().all(|tool| tool.name != *name),
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Required | ToolChoice::Extension(_)) => {
            request.tools.is_empty()
        }
        None => false,
    };
    if gone {
        request.tool_choice = None;
    }
    if request.tools.is_empty() {
        request.parallel_tool_calls = None;
    }
    request.tools.len() < before
}

/// Whether a field is a whole, or its part of this name.
fn is_part(field: &str, part: &str) -> bool {
    field
        .split_once('.')
        .is_none_or(|(_, rest)| rest.split('.').next() == Some(part))
}

/// The number in `tools[3]`.
fn index(field: &str) -> Option<usize> {
    let (_, rest) = field.split_once('[')?;
    rest.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use wharf_types::{Json, Message, Role, Support, Thinking};

    use super::*;

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.to_owned(),
            description: None,
            parameters: None,
            strict: None,
            extra: None,
        }
    }

    fn request() -> Request {
        Request {
            messages: vec![Message::text(Role::User, "hello")],
            tools: vec![tool("a"), tool("b")],
            tool_choice: Some(ToolChoice::Required),
            output: Some(OutputFormat::Json),
            thinking: Some(Thinking {
                effort: Some("high".to_owned()),
                ..Thinking::default()
            }),
            max_output_tokens: Some(5000),
            options: vec![("logit_bias".to_owned(), Json("{}".to_owned()))],
            ..Request::default()
        }
    }

    fn without(field: &str) -> Option<Request> {
        let mut reduced = request();
        leave_out(&mut reduced, field).then_some(reduced)
    }

    #[test]
    fn one_field_goes_and_all_others_stay() {
        let one = without("tools[0]").unwrap();
        assert_eq!(one.tools, [tool("b")]);
        assert_eq!(one.tool_choice, Some(ToolChoice::Required));
        let none = without("tools").unwrap();
        assert_eq!(
            (none.tools.len(), none.tool_choice),
            (0, None),
            "a choice of nothing is none"
        );
        assert_eq!(without("response_format").unwrap().output, None);
        assert_eq!(without("thinking.effort").unwrap().thinking, None);
        assert!(without("logit_bias").unwrap().options.is_empty());
    }

    #[test]
    fn what_stands_beside_the_form_of_the_answer_does_not_take_it_along() {
        let mut request = Request {
            options: vec![("text".to_owned(), Json(r#"{"verbosity":"low"}"#.to_owned()))],
            ..request()
        };
        assert!(leave_out(&mut request, "text.verbosity"));
        assert_eq!((request.output, request.options.len()), (Some(OutputFormat::Json), 0));
        assert_eq!(without("text.format").unwrap().output, None);
    }

    #[test]
    fn a_choice_of_a_tool_that_goes_goes_too() {
        let mut named = Request {
            tool_choice: Some(ToolChoice::Named("a".to_owned())),
            ..request()
        };
        assert!(leave_out(&mut named, "tools[1]"));
        assert_eq!(named.tool_choice, Some(ToolChoice::Named("a".to_owned())));
        assert!(leave_out(&mut named, "tools[0]"));
        assert_eq!(named.tool_choice, None);
    }

    #[test]
    fn a_vendors_own_tools_go_together() {
        let search = |name: &str| Tool {
            extra: Some(Json(r#"{"type":"web_search"}"#.to_owned())),
            ..tool(name)
        };
        let mut request = Request {
            tools: (0..40).map(|n| search(&n.to_string())).chain([tool("f")]).collect(),
            ..request()
        };
        assert!(leave_out(&mut request, "tools[0]"));
        assert_eq!(request.tools, [tool("f")]);
    }

    #[test]
    fn what_the_request_is_about_never_goes() {
        assert_eq!(without("messages[0].content[1]"), None);
        assert_eq!(without("model"), None);
        assert_eq!(without("seed"), None, "what is not there cannot be left out");
    }

    #[test]
    fn what_a_model_is_known_to_lack_goes_at_once() {
        let model = Capabilities {
            tools: Support::No,
            thinking: Support::No,
            max_output_tokens: Some(4096),
            ..Capabilities::default()
        };
        let reduced = to_fit(&request(), &model).unwrap();
        assert!(reduced.tools.is_empty() && reduced.thinking.is_none());
        assert_eq!(reduced.max_output_tokens, Some(4096), "as long as it can");
        assert_eq!(reduced.output, Some(OutputFormat::Json));
        assert_eq!(to_fit(&request(), &Capabilities::default()), None);
    }
}
