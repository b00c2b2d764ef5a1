//! The response object: what stands around the items of an answer.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wharf::FinishReason;

use super::item::Status;
use crate::api::leftover::Leftover;

/// How OpenAI's identifiers of responses begin.
const PREFIX: &str = "resp_";
/// What the host writes itself into every response; a leftover of such a name would be there twice.
const OBJECT: [&str; 9] = [
    "id",
    "object",
    "error",
    "model",
    "output",
    "usage",
    "background",
    "previous_response_id",
    "store",
];

/// Which response this is.
#[derive(Debug)]
pub(super) struct Head {
    /// Begins with [`PREFIX`].
    pub(super) id: String,
    pub(super) model: String,
    /// Seconds since 1970.
    created: u64,
}

impl Head {
    /// What is known before the vendor says anything.
    pub(super) fn new(request_id: &str, route: &str, created: u64) -> Self {
        Self {
            id: own_id(request_id.strip_prefix("req_").unwrap_or(request_id)),
            model: route.to_owned(),
            created,
        }
    }

    /// What the vendor says about it.
    pub(super) fn told(&mut self, id: Option<&str>, model: Option<&str>) {
        if let Some(id) = id {
            self.id = own_id(id);
        }
        if let Some(model) = model {
            model.clone_into(&mut self.model);
        }
    }

    /// What makes the identifiers of the items differ from those of other responses.
    pub(super) fn suffix(&self) -> &str {
        self.id.strip_prefix(PREFIX).unwrap_or(&self.id)
    }
}

/// The identifier that others have given, in OpenAI's form: clients tell by its beginning what it names.
fn own_id(id: &str) -> String {
    if id.starts_with(PREFIX) {
        id.to_owned()
    } else {
        format!("{PREFIX}{id}")
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    /// At the output limit.
    Length,
    /// By a safety system.
    Filtered,
    /// The vendor says that it broke off.
    Failed,
}

impl Ending {
    /// A refusal in words is a complete answer. Without words the model was stopped, and must not seem to be done.
    pub(super) fn of(finish: Option<FinishReason>, refused: bool) -> Self {
        match finish {
            // An answer that ended for a reason that this API has no word for must not seem to be whole.
            Some(FinishReason::Length | FinishReason::Other) => Self::Length,
            Some(FinishReason::ContentFilter) => Self::Filtered,
            Some(FinishReason::Refusal) if !refused => Self::Filtered,
            Some(FinishReason::Error) => Self::Failed,
            Some(FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal) | None => Self::Completed,
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Length | Self::Filtered => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// The event that ends a stream.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Completed => "response.completed",
            Self::Length | Self::Filtered => "response.incomplete",
            Self::Failed => "response.failed",
        }
    }

    /// How far the last item has come.
    pub(super) fn last_item(self) -> Status {
        match self {
            Self::Completed => Status::Completed,
            Self::Length | Self::Filtered | Self::Failed => Status::Incomplete,
        }
    }

    fn incomplete(self) -> Value {
        match self {
            Self::Length => json!({"reason": "max_output_tokens"}),
            Self::Filtered => json!({"reason": "content_filter"}),
            Self::Completed | Self::Failed => Value::Null,
        }
    }

    fn error(self) -> Value {
        match self {
            Self::Failed => json!({"code": "server_error", "message": "The upstream says that generation broke off."}),
            Self::Completed | Self::Length | Self::Filtered => Value::Null,
        }
    }
}

/// A response.
pub(super) struct Object<'a> {
    pub(super) head: &'a Head,
    /// Not there while it is in progress.
    pub(super) ending: Option<Ending>,
    pub(super) output: &'a [Box<RawValue>],
    pub(super) usage: Option<Value>,
    /// What is repeated of the request.
    pub(super) echo: &'a Leftover,
    /// What a vendor of this dialect says itself about the same and other things.
    pub(super) rest: &'a Leftover,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ending = self.ending;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.head.id)?;
        map.serialize_entry("object", "response")?;
        if !self.rest.contains_key("created_at") {
            map.serialize_entry("created_at", &self.head.created)?;
        }
        // Where the host has no word for it, the vendor has.
        if !self.rest.contains_key("status") {
            map.serialize_entry("status", ending.map_or("in_progress", Ending::status))?;
            map.serialize_entry("incomplete_details", &ending.map(Ending::incomplete))?;
        }
        map.serialize_entry("error", &ending.map(Ending::error))?;
        map.serialize_entry("model", &self.head.model)?;
        map.serialize_entry("output", self.output)?;
        map.serialize_entry("usage", &self.usage)?;
        map.serialize_entry("background", &false)?;
        map.serialize_entry("previous_response_id", &Value::Null)?;
        map.serialize_entry("store", &false)?;
        for (name, value) in self.echo {
            if !self.rest.contains_key(name) {
                map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in self.rest {
            if !OBJECT.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}
