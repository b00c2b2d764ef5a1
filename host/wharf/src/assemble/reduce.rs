//! A request without one of its fields, for a caller who does without what cannot be done (`drop_unsupported`).

use serde_json::{Map, Value};
use wharf_policy::needs;
use wharf_types::{
    Capabilities, EmbedRequest, Json, OutputFormat, Part, Request, Thinking, Tool, ToolChoice, ToolPart,
};

/// Fields that are left out one after the other before the error is believed.
pub(super) const MOST: usize = 16;

/// What the APIs call the same field.
const TOOL_CHOICE: &[&str] = &["tool_choice", "toolConfig"];
const OUTPUT: &[&str] = &["output", "response_format", "output_format", "format"];
/// Options that hold several wishes about the answer, its form among them.
const WISHES: &[&str] = &["text", "output_config"];
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
    if WISHES.contains(&name) && !is_part(field, "format") {
        return leave_out_wish(request, name, field);
    }
    if let Some(wish) = field.strip_prefix("thinking.")
        && request
            .thinking
            .as_mut()
            .is_some_and(|thinking| forget(&mut thinking.extra, wish))
    {
        request.thinking = request
            .thinking
            .take()
            .filter(|thinking| *thinking != Thinking::default());
        return true;
    }
    let aliases = [TOOL_CHOICE, OUTPUT, THINKING, STOP, OUTPUT_LIMIT];
    let same = aliases.into_iter().find(|names| names.contains(&name)).unwrap_or(&[]);
    request
        .options
        .retain(|(option, _)| WISHES.contains(&name) || (option != name && !same.contains(&option.as_str())));
    let found = request.options.len() < before;
    let of_output = OUTPUT.contains(&name) || WISHES.contains(&name);
    if of_output {
        for (_, wishes) in request
            .options
            .iter_mut()
            .filter(|(name, _)| WISHES.contains(&name.as_str()))
        {
            let mut json = Some(std::mem::take(wishes));
            forget(&mut json, "format");
            *wishes = json.unwrap_or_else(|| Json("{}".to_owned()));
        }
    }
    let taken = match name {
        "tools" if field.ends_with("].strict") => loosen(request),
        "tools" => leave_out_tools(request, index(field)),
        "messages" => leave_out_of_messages(request, field),
        name if TOOL_CHOICE.contains(&name) => request.tool_choice.take().is_some(),
        "parallel_tool_calls" => request.parallel_tool_calls.take().is_some(),
        // `text.verbosity` and its like stand beside the form of the answer.
        _ if of_output && is_part(field, "format") => match request.output.take() {
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

/// Takes a wish out of an option that holds several.
fn leave_out_wish(request: &mut Request, name: &str, field: &str) -> bool {
    let wish = field.split_once('.').map_or("", |(_, wish)| wish);
    let Some(at) = request.options.iter().position(|(option, _)| option == name) else {
        return false;
    };
    let mut json = Some(request.options[at].1.clone());
    let found = forget(&mut json, wish);
    match json {
        Some(json) => request.options[at].1 = json,
        None => drop(request.options.remove(at)),
    }
    found
}

/// Takes a field out of a JSON object; an object without fields is none. Whether there was one.
fn forget(json: &mut Option<Json>, name: &str) -> bool {
    let parsed = json
        .as_ref()
        .map(|json| serde_json::from_str::<Map<String, Value>>(&json.0));
    let Some(Ok(mut fields)) = parsed else {
        return false;
    };
    if fields.remove(name).is_none() {
        return false;
    }
    *json = (!fields.is_empty()).then(|| Json(Value::Object(fields).to_string()));
    true
}

/// Lets the model err about the schemas of tools.
fn loosen(request: &mut Request) -> bool {
    let strict = request.tools.iter_mut().filter(|tool| tool.strict == Some(true));
    strict.map(|tool| tool.strict = None).count() > 0
}

/// Takes out of all messages what is said about a speaker or about a document; what is said by them stays.
fn leave_out_of_messages(request: &mut Request, field: &str) -> bool {
    let name = field.rsplit('.').next().unwrap_or_default();
    match name {
        "name" => {
            let named = request.messages.iter_mut().filter(|message| message.name.is_some());
            named.map(|message| message.name = None).count() > 0
        }
        "citations" | "context" | "detail" => {
            let parts = request.messages.iter_mut().flat_map(|message| &mut message.parts);
            let mut found = false;
            for part in parts {
                match part {
                    Part::Media(media) => found |= forget(&mut media.extra, name),
                    Part::ToolResult(result) => {
                        for part in &mut result.content {
                            if let ToolPart::Media(media) = part {
                                found |= forget(&mut media.extra, name);
                            }
                        }
                    }
                    Part::Text(_) | Part::ToolCall(_) | Part::Reasoning(_) | Part::Refusal(_) | Part::Extension(_) => {}
                }
            }
            found
        }
        _ => false,
    }
}

/// Takes out a tool, and with a vendor's own tool all of its like; without a number all of them.
fn leave_out_tools(request: &mut Request, at: Option<usize>) -> bool {
    let before = request.tools.len();
    let is_vendors = |tool: &Tool| {
        let extra = tool.extra.as_ref();
        let fields = extra.and_then(|extra| serde_json::from_str::<Map<String, Value>>(&extra.0).ok());
        fields.is_some_and(|fields| fields.contains_key("type"))
    };
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
    fn the_form_of_the_answer_does_not_take_along_what_stands_beside_it() {
        let text = |json: &str| vec![("text".to_owned(), Json(json.to_owned()))];
        let mut request = Request {
            options: text(r#"{"verbosity":"low"}"#),
            ..request()
        };
        assert!(leave_out(&mut request, "output"));
        assert_eq!(
            (request.output, request.options),
            (None, text(r#"{"verbosity":"low"}"#))
        );
    }

    #[test]
    fn wishes_about_thoughts_speakers_and_schemas_go_alone() {
        let mut request = Request {
            thinking: Some(Thinking {
                effort: Some("high".to_owned()),
                budget_tokens: None,
                extra: Some(Json(r#"{"context":"all_turns"}"#.to_owned())),
            }),
            messages: vec![Message {
                name: Some("ada".to_owned()),
                ..Message::text(Role::User, "hello")
            }],
            tools: vec![Tool {
                strict: Some(true),
                ..tool("a")
            }],
            ..request()
        };
        assert!(leave_out(&mut request, "thinking.context"));
        let thinking = request.thinking.clone().unwrap();
        assert_eq!((thinking.effort.as_deref(), thinking.extra), (Some("high"), None));
        assert!(leave_out(&mut request, "messages[0].name"));
        assert_eq!(
            (request.messages[0].name.as_ref(), request.messages[0].parts.len()),
            (None, 1)
        );
        assert!(leave_out(&mut request, "tools[0].strict"));
        assert_eq!(request.tools, [tool("a")]);
        assert!(!leave_out(&mut request, "tools[0].strict"), "it is gone already");
    }

    #[test]
    fn what_is_wished_of_a_document_goes_and_the_document_stays() {
        let media = wharf_types::Media {
            mime_type: "application/pdf".to_owned(),
            data: wharf_types::MediaData::Inline(vec![1]),
            name: None,
            extra: Some(Json(r#"{"citations":{"enabled":true},"context":"a draft"}"#.to_owned())),
        };
        let mut request = Request {
            messages: vec![Message {
                parts: vec![Part::Media(media)],
                ..Message::text(Role::User, "")
            }],
            ..request()
        };
        assert!(leave_out(&mut request, "messages[0].content[0].citations"));
        let [Part::Media(media)] = request.messages[0].parts.as_slice() else {
            panic!("{request:?}")
        };
        assert_eq!(media.extra, Some(Json(r#"{"context":"a draft"}"#.to_owned())));
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
        let cached = Tool {
            extra: Some(Json(r#"{"cache_control":{"type":"ephemeral"}}"#.to_owned())),
            ..tool("f")
        };
        let mut request = Request {
            tools: (0..40)
                .map(|n| search(&n.to_string()))
                .chain([cached.clone()])
                .collect(),
            ..request()
        };
        assert!(leave_out(&mut request, "tools[0]"));
        assert_eq!(request.tools, [cached], "a function stays, whatever is in its fields");
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
