//! Token counts.
//!
//! Anthropic's `input_tokens` leaves out what was read from and written to the prompt cache. The contract's include
//! both, so they are added up here, and whoever writes Anthropic's shape subtracts them again.

use wharf_provider_sdk::Usage;
use wharf_provider_sdk::json::Object;

use crate::extension;
use crate::fields::Fields;

/// The counts so far. A stream sends them at its start and again, partly, at its end.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Input tokens that have nothing to do with the cache.
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    rest: Fields,
}

impl Counts {
    /// Takes a `usage` object in. What it does not say stays as it was.
    pub(crate) fn add(&mut self, mut wire: Object<'_>) {
        count(&mut self.input, &mut wire, "input_tokens");
        count(&mut self.cache_read, &mut wire, "cache_read_input_tokens");
        count(&mut self.cache_write, &mut wire, "cache_creation_input_tokens");
        count(&mut self.output, &mut wire, "output_tokens");
        let details = wire.take_if::<Option<Object<'_>>>("output_tokens_details");
        let mut details = details.flatten().unwrap_or_default();
        count(&mut self.thinking, &mut details, "thinking_tokens");
        for (name, value) in wire.iter() {
            self.rest.set(name, value.get());
        }
        if let Some(details) = details.rest() {
            self.rest.set("output_tokens_details", &details);
        }
    }

    /// In the words of the contract.
    pub(crate) fn usage(&self) -> Usage {
        let inputs = [self.input, self.cache_read, self.cache_write];
        let known = inputs.iter().any(Option::is_some);
        let sum = inputs
            .into_iter()
            .flatten()
            .fold(0, |sum: u64, count| sum.saturating_add(count));
        Usage {
            input_tokens: known.then_some(sum),
            output_tokens: self.output,
            cache_read_tokens: self.cache_read,
            cache_write_tokens: self.cache_write,
            reasoning_tokens: self.thinking,
            extra: (!self.rest.is_empty()).then(|| extension(self.rest.text())),
        }
    }
}

/// Takes a count out of the object. One that makes no sense stays among the rest.
fn count(into: &mut Option<u64>, wire: &mut Object<'_>, name: &str) {
    if let Some(count) = wire.take_if::<Option<u64>>(name) {
        *into = count.or(*into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(pieces: &[&str]) -> Usage {
        let mut counts = Counts::default();
        for piece in pieces {
            counts.add(Object::parse(piece).unwrap());
        }
        counts.usage()
    }

    #[test]
    fn input_counts_the_cache_too() {
        let usage = usage(&[
            r#"{"input_tokens":15,"cache_creation_input_tokens":13,"cache_read_input_tokens":12,"output_tokens":21}"#,
        ]);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(40), Some(21)));
        assert_eq!(
            (usage.cache_read_tokens, usage.cache_write_tokens),
            (Some(12), Some(13))
        );
        assert!(usage.extra.is_none());
    }

    #[test]
    fn what_is_not_mapped_is_kept() {
        let usage = usage(&[
            r#"{"service_tier":"standard","output_tokens_details":{"thinking_tokens":3,"x":1},"output_tokens":-1}"#,
        ]);
        assert_eq!(usage.input_tokens, None, "nothing said is not zero");
        assert_eq!(usage.reasoning_tokens, Some(3));
        assert_eq!(
            usage.extra.unwrap().value,
            r#"{"service_tier":"standard","output_tokens":-1,"output_tokens_details":{"x":1}}"#
        );
    }

    #[test]
    fn later_counts_replace_earlier_ones_and_silence_does_not() {
        let usage = usage(&[
            r#"{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":1,"service_tier":"a"}"#,
            r#"{"input_tokens":6,"cache_read_input_tokens":null,"output_tokens":9,"service_tier":"b"}"#,
        ]);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(8), Some(9)));
        assert_eq!(usage.extra.unwrap().value, r#"{"service_tier":"b"}"#);
    }
}
