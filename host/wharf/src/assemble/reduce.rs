//! A request without one of its fields, for a caller who does without what cannot be done (`drop_unsupported`).

use wharf_types::{Capabilities, Request};

use wharf_policy::needs;

/// Fields that are left out one after the other before the error is believed.
pub(super) const MOST: usize = 16;

/// The request without everything that the model is known to lack and that it makes sense without; none if it lacks
/// nothing.
pub(super) fn to_fit(request: &Request, model: &Capabilities) -> Option<Request> {
    let fields: Vec<&str> = needs::lacks(request, model)
        .filter(|lack| lack.optional)
        .map(|lack| lack.field)
        .collect();
    let mut reduced = None;
    for field in fields {
        if field == "max_output_tokens" {
            let most = model.max_output_tokens.and_then(|most| u32::try_from(most).ok());
            reduced.get_or_insert_with(|| request.clone()).max_output_tokens = most;
        } else if let Some(next) = without(reduced.as_ref().unwrap_or(request), field) {
            reduced = Some(next);
        }
    }
    reduced
}

/// The request without this field, in whichever API's words it is named; none if it has no such field, or if the field
/// is what the request is about.
pub(super) fn without(request: &Request, field: &str) -> Option<Request> {
    let name = field.split(['.', '[']).next().unwrap_or(field);
    let mut reduced = request.clone();
    match name {
        "tools" => match index(field) {
            Some(at) if at < reduced.tools.len() => {
                reduced.tools.remove(at);
            }
            _ => reduced.tools.clear(),
        },
        "tool_choice" | "toolConfig" => reduced.tool_choice = None,
        "parallel_tool_calls" => reduced.parallel_tool_calls = None,
        "output" | "response_format" | "output_config" | "format" | "text" => reduced.output = None,
        "thinking" | "reasoning" | "reasoning_effort" | "think" => reduced.thinking = None,
        "temperature" => reduced.temperature = None,
        "top_p" => reduced.top_p = None,
        "stop" | "stop_sequences" => reduced.stop.clear(),
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" => reduced.max_output_tokens = None,
        option => reduced.options.retain(|(name, _)| name != option),
    }
    if reduced.tools.is_empty() && !request.tools.is_empty() {
        reduced.tool_choice = None;
        reduced.parallel_tool_calls = None;
    }
    (reduced != *request).then_some(reduced)
}

/// The number in `tools[3]`.
fn index(field: &str) -> Option<usize> {
    let (_, rest) = field.split_once('[')?;
    rest.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use wharf_types::{Json, Message, OutputFormat, Role, Support, Thinking, Tool, ToolChoice};

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

    #[test]
    fn one_field_goes_and_all_others_stay() {
        let one = without(&request(), "tools[0]").unwrap();
        assert_eq!(one.tools, [tool("b")]);
        assert_eq!(one.tool_choice, Some(ToolChoice::Required));
        let none = without(&request(), "tools").unwrap();
        assert_eq!(
            (none.tools.len(), none.tool_choice),
            (0, None),
            "a choice of nothing is none"
        );
        assert_eq!(without(&request(), "response_format").unwrap().output, None);
        assert_eq!(without(&request(), "thinking.effort").unwrap().thinking, None);
        assert!(without(&request(), "logit_bias").unwrap().options.is_empty());
    }

    #[test]
    fn what_the_request_is_about_never_goes() {
        assert_eq!(without(&request(), "messages[0].content[1]"), None);
        assert_eq!(without(&request(), "model"), None);
        assert_eq!(
            without(&request(), "seed"),
            None,
            "what is not there cannot be left out"
        );
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
