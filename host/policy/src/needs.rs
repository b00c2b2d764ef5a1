//! What a request needs of a model, and whether a deployment has it. Who lacks something is left out of the pick, before
//! anything was sent; where nobody knows, the vendor is asked.

use wharf_types::{Capabilities, Features, OutputFormat, Part, Request, Role, Support, ToolPart};

/// Something that a request needs and a deployment lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// What is to be said of the deployment, after its name.
    pub what: &'static str,
    /// The field of the request that asks for it.
    pub field: &'static str,
    /// Whether the request makes sense without it, so that it may be left out for a caller who says so.
    pub optional: bool,
}

/// What a model lacks whose context the request does not fit into.
pub(crate) const SO_LONG_A_PROMPT: &str = "has no room for so long a prompt";

impl Lack {
    const fn of(what: &'static str, field: &'static str, optional: bool) -> Self {
        Self { what, field, optional }
    }
}

/// Bytes of text that make a token at least. English takes four to five, Hindi some seven; no tokenizer fits twelve of
/// what people write into one on average. A deployment is left out only when the request is certain not to fit.
const BYTES_PER_TOKEN: u64 = 12;

/// What a model lacks for this request, the first of it.
#[must_use]
pub fn lack(request: &Request, model: &Capabilities) -> Option<Lack> {
    lacks(request, model).next()
}

/// Everything that a model lacks for this request.
pub fn lacks(request: &Request, model: &Capabilities) -> impl Iterator<Item = Lack> {
    let no = |support: Support| support == Support::No;
    // Who says nothing of how much leaves that to the model, and wants it to think.
    let thinks = request.thinking.as_ref().is_some_and(|thinking| {
        thinking.budget_tokens != Some(0) && thinking.effort.as_deref().is_none_or(|effort| effort != "none")
    });
    let schema = matches!(request.output, Some(OutputFormat::JsonSchema(_)));
    let most = request.max_output_tokens.map_or(0, u64::from);
    let checks = [
        (
            no(model.images) && has_images(request),
            Lack::of("takes no pictures", "messages", false),
        ),
        (
            model.context_tokens.is_some_and(|limit| least_tokens(request) > limit),
            Lack::of(SO_LONG_A_PROMPT, "messages", false),
        ),
        (
            no(model.tools) && !request.tools.is_empty(),
            Lack::of("has no tools", "tools", true),
        ),
        (
            no(model.json_schema) && schema,
            Lack::of("keeps to no JSON schema", "output", true),
        ),
        (
            no(model.thinking) && thinks,
            Lack::of("cannot be asked to think", "thinking", true),
        ),
        (
            model.max_output_tokens.is_some_and(|limit| most > limit),
            Lack::of("gives no answers of so many tokens", "max_output_tokens", true),
        ),
    ];
    checks.into_iter().filter_map(|(lacks, lack)| lacks.then_some(lack))
}

/// What a provider lacks for embedding texts.
#[must_use]
pub fn lack_of_embeddings(features: Features) -> Option<Lack> {
    (!features.embeddings).then_some(Lack::of("has no embeddings", "model", false))
}

/// What a provider lacks for counting tokens.
#[must_use]
pub fn lack_of_counting(features: Features) -> Option<Lack> {
    (!features.tokens).then_some(Lack::of("cannot count tokens", "model", false))
}

fn has_images(request: &Request) -> bool {
    let is_image = |mime_type: &str| mime_type.starts_with("image/");
    let shows = |part: &Part| match part {
        Part::Media(media) => is_image(&media.mime_type),
        Part::ToolResult(result) => result.content.iter().any(|part| match part {
            ToolPart::Media(media) => is_image(&media.mime_type),
            ToolPart::Text(_) | ToolPart::Extension(_) => false,
        }),
        Part::Text(_) | Part::ToolCall(_) | Part::Reasoning(_) | Part::Refusal(_) | Part::Extension(_) => false,
    };
    // What the model itself once showed is not shown to it again by every vendor.
    let asked = request
        .messages
        .iter()
        .filter(|message| message.role != Role::Assistant);
    asked.flat_map(|message| &message.parts).any(shows)
}

/// The tokens that the texts of the request make at least.
fn least_tokens(request: &Request) -> u64 {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let bytes: usize = parts
        .map(|part| match part {
            Part::Text(text) => text.text.len(),
            Part::ToolResult(result) => result
                .content
                .iter()
                .map(|part| match part {
                    ToolPart::Text(text) => text.text.len(),
                    ToolPart::Media(_) | ToolPart::Extension(_) => 0,
                })
                .sum(),
            Part::Media(_) | Part::ToolCall(_) | Part::Reasoning(_) | Part::Refusal(_) | Part::Extension(_) => 0,
        })
        .sum();
    bytes as u64 / BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests {
    use wharf_types::{Json, JsonSchema, Media, MediaData, Message, Thinking, Tool};

    use super::*;

    fn asking(parts: Vec<Part>) -> Request {
        let mut message = Message::text(Role::User, "what is this?");
        message.parts.extend(parts);
        Request {
            messages: vec![message],
            ..Request::default()
        }
    }

    fn picture(mime_type: &str) -> Part {
        Part::Media(Media {
            mime_type: mime_type.to_owned(),
            data: MediaData::Inline(vec![1]),
            name: None,
            extra: None,
        })
    }

    /// One that can do nothing but answer.
    fn plain() -> Capabilities {
        Capabilities {
            tools: Support::No,
            images: Support::No,
            json_schema: Support::No,
            thinking: Support::No,
            context_tokens: Some(1000),
            max_output_tokens: Some(100),
            ..Capabilities::default()
        }
    }

    fn fields(request: &Request, model: &Capabilities) -> Vec<&'static str> {
        lacks(request, model).map(|lack| lack.field).collect()
    }

    #[test]
    fn a_plain_question_needs_nothing() {
        assert_eq!(lack(&asking(Vec::new()), &plain()), None);
    }

    #[test]
    fn each_need_is_found_and_named() {
        assert_eq!(fields(&asking(vec![picture("image/png")]), &plain()), ["messages"]);
        assert!(fields(&asking(vec![picture("application/pdf")]), &plain()).is_empty());
        let tools = Request {
            tools: vec![Tool {
                name: "f".to_owned(),
                description: None,
                parameters: None,
                strict: None,
                extra: None,
            }],
            output: Some(OutputFormat::JsonSchema(JsonSchema {
                name: "s".to_owned(),
                description: None,
                schema: Json("{}".to_owned()),
                strict: None,
            })),
            thinking: Some(Thinking {
                effort: Some("high".to_owned()),
                ..Thinking::default()
            }),
            max_output_tokens: Some(101),
            ..asking(Vec::new())
        };
        assert_eq!(
            fields(&tools, &plain()),
            ["tools", "output", "thinking", "max_output_tokens"]
        );
        let unthinking = Request {
            thinking: Some(Thinking {
                effort: Some("none".to_owned()),
                ..Thinking::default()
            }),
            ..asking(Vec::new())
        };
        assert!(fields(&unthinking, &plain()).is_empty(), "not to think everybody can");
    }

    #[test]
    fn what_nobody_knows_is_tried() {
        let request = asking(vec![picture("image/png")]);
        assert_eq!(lack(&request, &Capabilities::default()), None);
    }

    #[test]
    fn a_prompt_is_too_long_only_when_that_is_certain() {
        let long = |bytes: usize| asking(vec![Part::text("x".repeat(bytes))]);
        assert_eq!(lack(&long(11_000), &plain()), None, "it may be a thousand tokens");
        assert_eq!(
            lack(&long(13_000), &plain()).map(|lack| lack.what),
            Some(SO_LONG_A_PROMPT)
        );
    }
}
