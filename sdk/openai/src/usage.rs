//! Token counts. Chats and embeddings have the same object, responses have it under other names.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Extension, Usage};

use crate::{responses, wire};

/// What an API calls the counts: of tokens in and out, and the details of both.
struct Names {
    counts: [&'static str; 2],
    details: [&'static str; 2],
}

const RESPONSES: Names = Names {
    counts: ["input_tokens", "output_tokens"],
    details: ["input_tokens_details", "output_tokens_details"],
};
const OTHERS: Names = Names {
    counts: ["prompt_tokens", "completion_tokens"],
    details: ["prompt_tokens_details", "completion_tokens_details"],
};

/// Reads a `usage` object. Servers leave out what they do not count; what is not mapped is kept in
/// this dialect.
pub(crate) fn parse(mut wire: Object<'_>, dialect: &str) -> Usage {
    let names = if dialect == responses::DIALECT {
        RESPONSES
    } else {
        OTHERS
    };
    let [input_tokens, output_tokens] = names.counts.map(|name| count(&mut wire, name));
    let [mut input, mut output] = names
        .details
        .map(|name| wire.take_if::<Object<'_>>(name).unwrap_or_default());
    let cache_read_tokens = count(&mut input, "cached_tokens");
    let cache_write_tokens = count(&mut input, "cache_write_tokens");
    let reasoning_tokens = count(&mut output, "reasoning_tokens");
    let total: Option<u64> = wire.peek("total_tokens");
    let output_tokens = whole_output(input_tokens, output_tokens, reasoning_tokens, total);
    let mut rest: Vec<(&str, String)> = wire.iter().map(|(k, v)| (k, v.get().to_owned())).collect();
    for (name, details) in names.details.into_iter().zip([input, output]) {
        rest.extend(details.rest().map(|text| (name, text)));
    }
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens,
        extra: (!rest.is_empty()).then(|| Extension::new(dialect, wire::object(&rest))),
    }
}

/// All output tokens. Some servers (xAI's) count those of thoughts beside the others, which only their sum shows.
fn whole_output(input: Option<u64>, output: Option<u64>, reasoning: Option<u64>, total: Option<u64>) -> Option<u64> {
    let (output, Some(input), Some(reasoning), Some(total)) = (output?, input, reasoning, total) else {
        return output;
    };
    let both = output.saturating_add(reasoning);
    let apart = reasoning > 0 && input.saturating_add(both) == total;
    Some(if apart { both } else { output })
}

/// A count. Some servers write it as a float; one that makes no sense stays among the rest.
fn count(wire: &mut Object<'_>, name: &str) -> Option<u64> {
    if let Some(count) = wire.take_if::<Option<u64>>(name) {
        return count;
    }
    let float = wire
        .peek::<f64>(name)
        .filter(|float| *float >= 0.0 && float.fract() == 0.0 && *float < 1e15)?;
    wire.take_raw(name);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, positive, below 1e15"
    )]
    let whole = float as u64;
    Some(whole)
}
