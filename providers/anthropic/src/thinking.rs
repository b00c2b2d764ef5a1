//! How much the model should think, and how much room that leaves for the answer.
//!
//! Anthropic has two ways to ask: a budget of tokens, which its newest models refuse, and an effort in words together
//! with thinking that the model regulates itself, which its older models refuse. A client that speaks this dialect has
//! chosen; for all others the name of the model does, unless the operator says it by the setting `effort`.

use wharf_provider_sdk::{Error, Part, Request, Role, Thinking, ToolChoice};

use crate::settings::{Effort, Settings};
use crate::wire::{self, Map};
use crate::{DIALECT, blocks, model};

/// The level at which a model does not think. Anthropic says it with the type `disabled` and has no such effort.
const NONE: &str = "none";
/// The type with which a model is kept from thinking.
const NOT_AT_ALL: &str = "disabled";
/// The least that Anthropic takes as a budget, in tokens.
const LEAST: u32 = 1024;

/// What goes into the request.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) max_tokens: u32,
    pub(crate) thinking: Option<Map<'a>>,
    pub(crate) effort: Option<&'a str>,
}

impl<'a> Plan<'a> {
    /// Whether the model is asked to think.
    pub(crate) fn thinks(&self) -> bool {
        self.thinking.as_ref().is_some_and(|thinking| !thinking.is(NOT_AT_ALL))
    }

    fn without(max_tokens: u32) -> Self {
        Self {
            max_tokens,
            thinking: None,
            effort: None,
        }
    }

    /// Thinking that the model regulates itself.
    fn at(effort: &'a str, max_tokens: u32) -> Self {
        Self {
            thinking: Some(Map::typed("adaptive")),
            effort: Some(effort),
            ..Self::without(max_tokens)
        }
    }

    /// Thinking up to so many tokens, which are a part of `max_tokens`.
    fn within(budget: u32, max_tokens: u32) -> Self {
        let thinking = Map::typed("enabled").with("budget_tokens", budget);
        Self {
            thinking: Some(thinking),
            ..Self::without(max_tokens)
        }
    }
}

/// Decides what to ask for.
///
/// # Errors
/// `InvalidRequest` when the vendor fields are not an object, and `Unsupported` for an effort that cannot be counted in
/// tokens. Both name the field.
pub(crate) fn plan<'a>(request: &'a Request, settings: &Settings) -> Result<Plan<'a>, Error> {
    // Thinking is a part of the output. A limit of ours must leave room for the answer, a client's is the client's.
    let limit = |budget: u32| {
        let ours = || settings.max_tokens.saturating_add(budget);
        request.max_output_tokens.unwrap_or_else(ours)
    };
    let unasked = if model::thinks_unasked(&request.model) {
        4 * LEAST
    } else {
        0
    };
    let none = Plan::without(limit(unasked));
    let Some(asked) = &request.thinking else {
        return Ok(none);
    };
    if request.dialect == DIALECT {
        let max_tokens = limit(asked.budget_tokens.unwrap_or(0));
        return Ok(Plan {
            max_tokens,
            thinking: as_asked(asked)?,
            // Who does not think can still be asked for an effort; that stands in the options then.
            effort: asked.effort.as_deref().filter(|effort| *effort != NONE),
        });
    }
    let adaptive = is_adaptive(settings.effort, &request.model);
    let plan = match (asked.budget_tokens, asked.effort.as_deref()) {
        (None, None) => none,
        // The least that these models can do.
        (Some(0), _) | (None, Some(NONE)) if model::always_thinks(&request.model) => Plan {
            effort: Some("low"),
            ..none
        },
        (Some(0), _) | (None, Some(NONE)) => Plan {
            thinking: Some(Map::typed(NOT_AT_ALL)),
            ..none
        },
        (Some(budget), _) if adaptive => Plan::at(effort(budget), limit(budget)),
        (Some(budget), _) if may_think(request) => Plan::within(budget, limit(budget)),
        (Some(_), _) => none,
        // An effort that nobody knows is the vendor's to judge.
        (None, Some(effort)) if adaptive => {
            let effort = if effort == "minimal" { "low" } else { effort };
            Plan::at(effort, limit(tokens(effort).unwrap_or(4 * LEAST)))
        }
        (None, Some(effort)) => {
            let wanted = tokens(effort)?;
            let max_tokens = limit(wanted);
            let budget = wanted.min(max_tokens.saturating_sub(1));
            let room = budget >= LEAST && may_think(request);
            if room { Plan::within(budget, max_tokens) } else { none }
        }
    };
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    // Some models cannot be made to call at all, which is said where the choice is written.
    if plan.thinks() && forced && !model::is_bound(&request.model) {
        let problem = "Anthropic does not let a model think that has to call a tool; leave out one of them";
        return Err(wire::unsupported("thinking", problem));
    }
    Ok(plan)
}

/// A budget as an effort, for models that take none.
fn effort(budget: u32) -> &'static str {
    match budget {
        0..2048 => "low",
        2048..8192 => "medium",
        _ => "high",
    }
}

/// Whether the model regulates its thinking itself.
fn is_adaptive(setting: Effort, model: &str) -> bool {
    match setting {
        Effort::Auto => model::is_adaptive(model),
        Effort::Adaptive => true,
        Effort::Budget => false,
    }
}

/// The client's own words.
fn as_asked(asked: &Thinking) -> Result<Option<Map<'_>>, Error> {
    let extra = wire::extra(asked.extra.as_deref(), true, "thinking")?;
    let mut thinking = Map::default();
    if let Some(budget) = asked.budget_tokens {
        if !extra.contains("type") {
            thinking.add("type", "enabled");
        }
        thinking.add("budget_tokens", budget);
    } else if asked.effort.as_deref() == Some(NONE) && !extra.contains("type") {
        thinking.add("type", NOT_AT_ALL);
    }
    thinking.fill(&extra);
    Ok((!thinking.is_empty()).then_some(thinking))
}

/// An effort in tokens: from the least that Anthropic takes in steps of four, up to what it advises without batches.
fn tokens(effort: &str) -> Result<u32, Error> {
    match effort {
        "minimal" | "low" => Ok(LEAST),
        "medium" => Ok(4 * LEAST),
        "high" => Ok(16 * LEAST),
        "xhigh" | "max" => Ok(32 * LEAST),
        _ => {
            let problem = format!("`{effort}` is none of none, minimal, low, medium, high, xhigh and max");
            Err(wire::unsupported("thinking.effort", &problem))
        }
    }
}

/// Whether a budget can be given at all. In the middle of a round of tool calls Anthropic wants to see what was thought
/// before the call; some clients of other APIs do not bring it, and the call may come from another vendor.
fn may_think(request: &Request) -> bool {
    let last = request
        .messages
        .iter()
        .rev()
        .find(|message| message.role == Role::Assistant);
    let parts: &[Part] = match last {
        Some(message) => &message.parts,
        None => &[],
    };
    let called = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let thought = |part: &Part| matches!(part, Part::Reasoning(reasoning) if blocks::is_sealed(reasoning, request));
    !called || parts.iter().any(thought)
}
