//! `generationConfig`: limits, sampling, the form of the answer, thinking.

use wharf_provider_sdk::{Error, OutputFormat, Request, Thinking};

use crate::wire::{self, Map, Node};
use crate::{DIALECT, model};

/// Options that mean the same in every dialect, and what Gemini calls them.
pub(crate) const NEUTRAL: [(&str, &str); 4] = [
    ("top_k", "topK"),
    ("seed", "seed"),
    ("frequency_penalty", "frequencyPenalty"),
    ("presence_penalty", "presencePenalty"),
];

/// The most stop texts that the vendor takes.
const MOST_STOPS: usize = 5;

/// `generationConfig` without what the client's options add.
///
/// # Errors
/// `InvalidRequest` and `Unsupported`, naming the field.
pub(crate) fn config(request: &Request) -> Result<Map<'_>, Error> {
    let mut map = Map::default();
    if let Some(limit) = request.max_output_tokens {
        map.set("maxOutputTokens", Node::Whole(limit));
    }
    if let Some(temperature) = request.temperature {
        map.set("temperature", Node::Float(temperature));
    }
    if let Some(top_p) = request.top_p {
        map.set("topP", Node::Float(top_p));
    }
    for (name, theirs) in NEUTRAL {
        if let Some(json) = request.option(name) {
            let raw = wire::raw(json, name)?;
            if raw.get() != "null" && !is_no_penalty(request, name, raw.get())? {
                map.set(theirs, Node::Raw(raw));
            }
        }
    }
    if request.stop.len() > MOST_STOPS && request.dialect != DIALECT {
        let problem = format!("Gemini takes {MOST_STOPS} stop texts at most");
        return Err(wire::unsupported("stop", &problem));
    }
    if !request.stop.is_empty() {
        let texts = request.stop.iter().map(|text| Node::text(text.as_str()));
        map.set("stopSequences", Node::List(texts.collect()));
    }
    output(request, &mut map)?;
    if let Some(thinking) = &request.thinking {
        let config = thinking_config(request, thinking)?;
        if !config.is_empty() {
            map.set("thinkingConfig", Node::Map(config));
        }
    }
    Ok(map)
}

/// Whether a penalty is none, which is left out for models that have none. One that says something is refused for them.
fn is_no_penalty(request: &Request, name: &str, json: &str) -> Result<bool, Error> {
    if !name.ends_with("_penalty") || !model::takes_no_penalty(&request.model) {
        return Ok(false);
    }
    let none = json.parse() == Ok(0.0);
    if none || request.dialect == DIALECT {
        return Ok(none);
    }
    Err(wire::unsupported(name, "this model has no penalties"))
}

fn output<'a>(request: &'a Request, map: &mut Map<'a>) -> Result<(), Error> {
    let json = matches!(request.output, Some(OutputFormat::Json | OutputFormat::JsonSchema(_)));
    let calls = !request.tools.is_empty() && request.dialect != DIALECT;
    if json && calls && model::calls_or_writes_json(&request.model) {
        let problem = "this model gives JSON only where it has no tools; leave out one of them";
        return Err(wire::unsupported("output", problem));
    }
    match &request.output {
        // Text is what the vendor writes when nothing is said.
        None | Some(OutputFormat::Text) => {}
        Some(OutputFormat::Json) => map.set("responseMimeType", Node::text("application/json")),
        Some(OutputFormat::JsonSchema(schema)) => {
            map.set("responseMimeType", Node::text("application/json"));
            map.set(
                "responseJsonSchema",
                Node::Raw(wire::raw(&schema.schema, "output.schema")?),
            );
        }
        Some(OutputFormat::Extension(form)) if form.kind == DIALECT => {
            map.fill(Map::of(&wire::object(&form.value, "output")?));
        }
        Some(OutputFormat::Extension(form)) => {
            let problem = format!("a form of kind `{}` has no form in Gemini's API", form.kind);
            return Err(wire::unsupported("output", &problem));
        }
    }
    Ok(())
}

/// Who asks for thinking wants to see the thoughts; who asks for none does not.
fn thinking_config<'a>(request: &'a Request, thinking: &'a Thinking) -> Result<Map<'a>, Error> {
    let mut map = Map::default();
    let wanted = match (thinking.budget_tokens, thinking.effort.as_deref()) {
        (Some(tokens), _) => {
            let tokens = if request.dialect == DIALECT {
                tokens
            } else {
                within(&request.model, tokens)
            };
            map.set("thinkingBudget", Node::Whole(tokens));
            tokens > 0
        }
        (None, Some(effort)) => {
            if model::is_third_generation(&request.model) {
                map.set("thinkingLevel", Node::text(level(&request.model, effort)));
            } else {
                map.set("thinkingBudget", Node::Whole(budget(&request.model, effort)?));
            }
            effort != "none"
        }
        (None, None) => true,
    };
    if let Some(json) = thinking.extra.as_deref().filter(|_| request.dialect == DIALECT) {
        map.fill(Map::of(&wire::object(json, "thinking")?));
    }
    if wanted && map.get("includeThoughts").is_none() {
        map.set("includeThoughts", Node::Flag(true));
    }
    Ok(map)
}

/// The level for an effort. These models cannot stop thinking altogether; the least is `minimal` for some of them and
/// `low` for the others, which refuse the former. A word that is none of ours is the vendor's to judge.
fn level<'a>(model: &str, effort: &'a str) -> &'a str {
    let knows_minimal = || {
        ["flash-lite", "gemini-3-flash", "gemini-3.5-flash"]
            .iter()
            .any(|name| model.contains(name))
    };
    match effort {
        "none" | "minimal" if !knows_minimal() => "low",
        "none" => "minimal",
        "xhigh" | "max" => "high",
        other => other,
    }
}

/// A budget of a client that knows nothing of the model's limits: the most that it may spend is no more than it can.
/// The numbers are those of Google's documentation for the second generation, of which the newest take the same.
fn within(model: &str, tokens: u32) -> u32 {
    let (least, most) = match model {
        _ if model.contains("flash-lite") => (512, 24_576),
        _ if model.contains("pro") => (128, 32_768),
        _ => (0, 24_576),
    };
    // Not to think is another wish than to think little; the large models cannot grant it.
    let nothing = tokens == 0 && !model.contains("pro");
    if nothing { 0 } else { tokens.clamp(least, most) }
}

/// The tokens for an effort: the numbers of Google's own OpenAI-compatible API. The large models of the second
/// generation cannot stop thinking; 128 tokens are their least.
///
/// # Errors
/// `Unsupported` for a word without a number.
fn budget(model: &str, effort: &str) -> Result<u32, Error> {
    Ok(match effort {
        "none" if model.contains("pro") => 128,
        "none" => 0,
        "minimal" | "low" => 1024,
        "medium" => 8192,
        "high" | "xhigh" | "max" => 24_576,
        other => {
            let problem =
                format!("`{other}` is no effort that this model knows; use none, minimal, low, medium or high");
            return Err(wire::unsupported("thinking.effort", &problem));
        }
    })
}
