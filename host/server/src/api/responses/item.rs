//! The items of an answer's output, and their form.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use wharf::{Json, Reasoning};

use super::DIALECT;
use crate::api::leftover::Leftover;
use crate::api::seal;

/// What stands before a vendor's seal over visible thoughts. This API has one opaque field for what must come back
/// unchanged; the mark tells such a seal from thoughts that are encrypted as a whole.
pub(super) const SIGNATURE: &str = "signature:";
/// Where the fields of a message stand in the vendor fields of its first text, which begins the message.
pub(super) const MESSAGE: &str = "message";
/// What the host writes itself into items; a leftover of such a name would be there twice.
const MESSAGE_FIELDS: [&str; 5] = ["id", "type", "status", "role", "content"];
const REASONING_FIELDS: [&str; 4] = ["id", "type", "summary", "encrypted_content"];
const CALL_FIELDS: [&str; 6] = ["id", "type", "status", "call_id", "name", "arguments"];

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// The answer was cut off in it.
    Incomplete,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// An item.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// Vendor fields of the item.
    pub(super) rest: Leftover,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum Kind {
    Message(Vec<Said>),
    Reasoning(Thought),
    Call(Call),
    /// An item in this API's own words, as it came.
    Own(Box<RawValue>),
}

/// A content part of a message.
#[derive(Debug)]
pub(super) enum Said {
    Text { text: String, rest: Leftover },
    Refusal(String),
}

/// What the model thought.
#[derive(Debug, Default)]
pub(super) struct Thought {
    /// The visible text.
    pub(super) text: Option<String>,
    /// What must come back unchanged.
    pub(super) sealed: Option<String>,
}

/// A call of a function.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Kind {
    /// How OpenAI's identifiers of such items begin.
    fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning(_) => "rs",
            Self::Call(_) => "fc",
            Self::Own(_) => "item",
        }
    }
}

impl Item {
    /// The item at this place of the output. `ours`: the vendor speaks this dialect, so its fields mean here what they
    /// meant there.
    pub(super) fn new(kind: Kind, index: usize, suffix: &str, extra: Option<&Json>, ours: bool) -> Self {
        let mut rest = seal::fields(extra, ours);
        // A vendor may check that its sealed thoughts come back under their identifier.
        let own = rest.shift_remove("id").filter(|_| ours);
        let own: Option<String> = own.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let id = own.unwrap_or_else(|| format!("{}_{suffix}_{index}", kind.prefix()));
        Self { id, kind, rest }
    }

    /// The item as JSON.
    pub(super) fn json(&self, status: Status) -> Box<RawValue> {
        json_of(&Shown(self, status))
    }
}

/// Anything of this API as JSON. Strings, numbers and unparsed values always serialize.
pub(super) fn json_of(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The thoughts of a part. Visible and hidden ones are items of their own when each has a seal.
pub(super) fn thoughts(reasoning: &Reasoning) -> Vec<Thought> {
    let text = reasoning.text.clone().filter(|text| !text.is_empty());
    let signature = reasoning.signature.as_deref().filter(|seal| !seal.is_empty());
    let signature = signature.map(|sealed| format!("{SIGNATURE}{}", seal::shown(sealed, DIALECT)));
    let redacted = reasoning
        .redacted
        .as_deref()
        .map(|sealed| seal::shown(sealed, DIALECT).to_owned());
    let all = if signature.is_some() && redacted.is_some() {
        let hidden = Thought {
            text: None,
            sealed: redacted,
        };
        let visible = Thought {
            text,
            sealed: signature,
        };
        vec![visible, hidden]
    } else {
        vec![Thought {
            text,
            sealed: signature.or(redacted),
        }]
    };
    let some = |thought: &Thought| thought.text.is_some() || thought.sealed.is_some();
    all.into_iter().filter(some).collect()
}

struct Shown<'a>(&'a Item, Status);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(item, status) = self;
        if let Kind::Own(raw) = &item.kind {
            return raw.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &item.id)?;
        match &item.kind {
            Kind::Message(content) => {
                map.serialize_entry("type", "message")?;
                map.serialize_entry("status", status.as_str())?;
                map.serialize_entry("role", "assistant")?;
                // That of a message with parts that have no other place is the vendor's own.
                match item.rest.get("content") {
                    Some(own) => map.serialize_entry("content", own)?,
                    None => map.serialize_entry("content", content)?,
                }
            }
            Kind::Reasoning(thought) => {
                map.serialize_entry("type", "reasoning")?;
                match item.rest.get("summary") {
                    Some(told) => map.serialize_entry("summary", told)?,
                    None => {
                        // What stands there already is not told twice.
                        let text = thought.text.iter().filter(|_| !item.rest.contains_key("content"));
                        map.serialize_entry("summary", &text.map(|text| Summary(text)).collect::<Vec<_>>())?;
                    }
                }
                if let Some(sealed) = &thought.sealed {
                    map.serialize_entry("encrypted_content", sealed)?;
                }
            }
            Kind::Call(call) => {
                map.serialize_entry("type", "function_call")?;
                map.serialize_entry("status", status.as_str())?;
                map.serialize_entry("call_id", &call.id)?;
                map.serialize_entry("name", &call.name)?;
                map.serialize_entry("arguments", &call.arguments)?;
            }
            // Written above.
            Kind::Own(_) => {}
        }
        let written: &[&str] = match &item.kind {
            Kind::Message(_) => &MESSAGE_FIELDS,
            Kind::Reasoning(_) => &REASONING_FIELDS,
            Kind::Call(_) | Kind::Own(_) => &CALL_FIELDS,
        };
        for (name, value) in &item.rest {
            if !written.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl Said {
    /// Whether a piece of the other goes on with this one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Text { .. }, Self::Text { .. }) | (Self::Refusal(_), Self::Refusal(_))
        )
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Text { text, rest } => {
                map.serialize_entry("type", "output_text")?;
                map.serialize_entry("text", text)?;
                // Clients rely on both lists.
                for name in ["annotations", "logprobs"] {
                    if !rest.contains_key(name) {
                        map.serialize_entry(name, &json!([]))?;
                    }
                }
                for (name, value) in rest {
                    if !matches!(name.as_str(), "type" | "text") {
                        map.serialize_entry(name, value)?;
                    }
                }
            }
            Self::Refusal(text) => {
                map.serialize_entry("type", "refusal")?;
                map.serialize_entry("refusal", text)?;
            }
        }
        map.end()
    }
}

/// A text as a summary of thoughts, which is where clients of this API look for them.
pub(super) struct Summary<'a>(pub(super) &'a str);

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", "summary_text")?;
        map.serialize_entry("text", self.0)?;
        map.end()
    }
}
