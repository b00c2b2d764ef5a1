//! Thoughts with the seal of a vendor that speaks another dialect.
//!
//! OpenAI's API has no place for them, but some models cannot go on without: they think again, or refuse to. Gateways
//! have a field of their own beside the text, `thinking_blocks`, with the blocks that Anthropic has for them, and their
//! clients hand it back. What a vendor of this dialect has under that name passes as any other field.

use serde::Deserialize;
use wharf::Reasoning;

use super::DIALECT;
use crate::api::fields::Fields;
use crate::api::leftover::push_string;
use crate::api::seal;

/// The field of a message.
pub(super) const FIELD: &str = "thinking_blocks";

/// One of its blocks, with its index if it was a piece of a stream.
#[derive(Deserialize)]
struct Entry {
    index: Option<usize>,
    #[serde(flatten)]
    block: Block,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Thinking {
        #[serde(default)]
        thinking: String,
        signature: String,
    },
    RedactedThinking {
        data: String,
    },
}

impl Block {
    fn seal(&self) -> &str {
        match self {
            Self::Thinking { signature, .. } => signature,
            Self::RedactedThinking { data } => data,
        }
    }
}

impl From<Block> for Reasoning {
    fn from(block: Block) -> Self {
        match block {
            Block::Thinking { thinking, signature } => Self {
                text: Some(thinking).filter(|text| !text.is_empty()),
                signature: Some(signature),
                ..Self::default()
            },
            Block::RedactedThinking { data } => Self {
                redacted: Some(data),
                ..Self::default()
            },
        }
    }
}

/// Takes the thoughts of an earlier answer out of a message. `None` where there are none that this host handed out.
///
/// A vendor wants all of them or none. Some clients keep the last piece of a stream alone: that is none.
pub(super) fn take(fields: &mut Fields<'_>) -> Option<Vec<Reasoning>> {
    let entries: Vec<Entry> = fields.peek(FIELD)?;
    let ours = |entry: &Entry| seal::is_foreign(entry.block.seal(), DIALECT);
    if entries.is_empty() || !entries.iter().all(ours) {
        return None;
    }
    fields.take_raw(FIELD);
    let mut places = entries.iter().enumerate();
    if !places.all(|(place, entry)| entry.index.is_none_or(|index| index == place)) {
        return Some(Vec::new());
    }
    Some(entries.into_iter().map(|entry| entry.block.into()).collect())
}

/// The blocks of an answer.
#[derive(Default)]
pub(super) struct Blocks {
    /// Blocks so far, if they have an index: pieces of a stream do.
    index: Option<usize>,
    /// What was thought since the last one.
    thought: String,
}

impl Blocks {
    /// Of a stream.
    pub(super) fn numbered() -> Self {
        Self {
            index: Some(0),
            ..Self::default()
        }
    }

    /// Adds what was thought. A block is written when its seal is there.
    pub(super) fn add(&mut self, piece: &Reasoning, out: &mut String) {
        if let Some(text) = &piece.text {
            self.thought.push_str(text);
        }
        if let Some(seal) = &piece.signature {
            let thought = std::mem::take(&mut self.thought);
            if seal::is_foreign(seal, DIALECT) {
                self.begin("thinking", out);
                field("thinking", &thought, out);
                field("signature", seal, out);
                out.push('}');
            }
        }
        if let Some(data) = piece.redacted.as_ref().filter(|data| seal::is_foreign(data, DIALECT)) {
            // A summary of what is sealed here is in no block.
            self.thought.clear();
            self.begin("redacted_thinking", out);
            field("data", data, out);
            out.push('}');
        }
    }

    /// The model says something else: what it thought before that has no seal.
    pub(super) fn end(&mut self) {
        self.thought.clear();
    }

    fn begin(&mut self, kind: &str, out: &mut String) {
        out.push_str(if out.is_empty() { "{\"type\":" } else { ",{\"type\":" });
        push_string(kind, out);
        if let Some(index) = &mut self.index {
            out.push_str(",\"index\":");
            out.push_str(&index.to_string());
            *index += 1;
        }
    }
}

fn field(name: &str, value: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    push_string(value, out);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn thought(text: Option<&str>, signature: Option<&str>, redacted: Option<&str>) -> Reasoning {
        Reasoning {
            text: text.map(Into::into),
            signature: signature.map(Into::into),
            redacted: redacted.map(Into::into),
            extra: None,
        }
    }

    fn written(mut blocks: Blocks, pieces: &[Reasoning]) -> Value {
        let mut out = String::new();
        for piece in pieces {
            blocks.add(piece, &mut out);
        }
        serde_json::from_str(&format!("[{out}]")).unwrap()
    }

    #[test]
    fn what_has_a_seal_comes_back_as_it_went() {
        let sealed = [
            thought(Some("hm"), Some("wharf:anthropic.messages:c2VhbA=="), None),
            thought(None, None, Some("wharf:anthropic.messages:eA==")),
        ];
        let blocks = written(Blocks::default(), &sealed);
        assert_eq!(
            blocks,
            json!([
                {"type": "thinking", "thinking": "hm", "signature": "wharf:anthropic.messages:c2VhbA=="},
                {"type": "redacted_thinking", "data": "wharf:anthropic.messages:eA=="},
            ])
        );
        let message = json!({"role": "assistant", "thinking_blocks": blocks}).to_string();
        let raw = serde_json::from_str(&message).unwrap();
        let mut fields = Fields::of_value(raw, "messages[0]").unwrap();
        assert_eq!(take(&mut fields).unwrap(), sealed);
        assert!(fields.take_raw(FIELD).is_none());
    }

    #[test]
    fn pieces_of_a_stream_are_one_block_when_the_seal_is_there() {
        let seal = "wharf:gemini.generate:eA==";
        let pieces = [
            thought(Some("h"), None, None),
            thought(Some("m"), None, None),
            thought(None, Some(seal), None),
            thought(Some("a"), Some(seal), None),
        ];
        assert_eq!(
            written(Blocks::numbered(), &pieces),
            json!([
                {"type": "thinking", "index": 0, "thinking": "hm", "signature": seal},
                {"type": "thinking", "index": 1, "thinking": "a", "signature": seal},
            ])
        );
    }

    #[test]
    fn some_of_the_pieces_are_none() {
        let taken = |indexes: &[usize]| {
            let block = |index| json!({"type": "redacted_thinking", "index": index, "data": "wharf:a.chat:eA=="});
            let blocks: Vec<Value> = indexes.iter().map(block).collect();
            let message = json!({"thinking_blocks": blocks}).to_string();
            let raw = serde_json::from_str(&message).unwrap();
            take(&mut Fields::of_value(raw, "messages[0]").unwrap()).unwrap().len()
        };
        assert_eq!((taken(&[0, 1]), taken(&[1]), taken(&[0, 2])), (2, 0, 0));
    }

    #[test]
    fn what_a_vendor_of_this_dialect_has_passes_by() {
        let own = [thought(Some("hm"), Some("wharf:openai.chat:reasoning_content"), None)];
        assert_eq!(written(Blocks::default(), &own), json!([]));
        for blocks in [
            json!([]),
            json!([{"type": "thinking", "thinking": "hm", "signature": "c2VhbA=="}]),
            json!([{"type": "other"}]),
            json!("x"),
        ] {
            let message = json!({"thinking_blocks": blocks}).to_string();
            let raw = serde_json::from_str(&message).unwrap();
            let mut fields = Fields::of_value(raw, "messages[0]").unwrap();
            assert!(take(&mut fields).is_none(), "{blocks}");
            assert!(fields.take_raw(FIELD).is_some(), "{blocks}");
        }
    }
}
