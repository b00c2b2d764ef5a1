//! What is left of an answer once everything mapped is taken out, in the answer's own structure. The host's
//! OpenAI API lays it back over what it writes, so fields that nobody mapped arrive at the client.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;

/// The rest of a whole answer or of one chunk of a stream.
pub(crate) struct Residual<'a> {
    /// Beside `choices`.
    pub(crate) top: Object<'a>,
    /// In the first choice.
    pub(crate) choice: Object<'a>,
    /// In the first choice's `message` or `delta`.
    pub(crate) inner: Object<'a>,
    /// `message` or `delta`.
    pub(crate) inner_name: &'static str,
    /// Parts of the content of it, of types that nobody maps.
    pub(crate) content: Vec<&'a RawValue>,
    /// All other choices (`n` > 1), untouched.
    pub(crate) others: Vec<&'a RawValue>,
}

impl Residual<'_> {
    /// As JSON text; `None` when nothing is left.
    pub(crate) fn text(&self) -> Option<String> {
        let nothing = self.top.is_empty() && self.choices_are_empty();
        // Serializing strings and unparsed values cannot fail.
        (!nothing).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// Whether something in it belongs to this one chunk, so that it has to be told even if the chunk before had the
    /// same. See `extension` in `wit/types.wit`.
    pub(crate) fn is_for_once(&self) -> bool {
        !self.inner_is_empty() || !self.others.is_empty() || has_value(&self.choice)
    }

    /// Whether something in it may be a part of the answer.
    pub(crate) fn says_something(&self) -> bool {
        has_value(&self.inner) || !self.content.is_empty() || !self.others.is_empty()
    }

    fn choices_are_empty(&self) -> bool {
        self.choice.is_empty() && self.inner_is_empty() && self.others.is_empty()
    }

    fn inner_is_empty(&self) -> bool {
        self.inner.is_empty() && self.content.is_empty()
    }
}

/// Whether a field is more than null.
fn has_value(object: &Object<'_>) -> bool {
    object.iter().any(|(_, value)| value.get() != "null")
}

impl Serialize for Residual<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.top.serialize_into(&mut map)?;
        if !self.choices_are_empty() {
            map.serialize_entry("choices", &Choices(self))?;
        }
        map.end()
    }
}

struct Choices<'a>(&'a Residual<'a>);

impl Serialize for Choices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&First(self.0))?;
        for other in &self.0.others {
            list.serialize_element(other)?;
        }
        list.end()
    }
}

struct First<'a>(&'a Residual<'a>);

impl Serialize for First<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.choice.serialize_into(&mut map)?;
        if !self.0.inner_is_empty() {
            map.serialize_entry(self.0.inner_name, &Inner(self.0))?;
        }
        map.end()
    }
}

struct Inner<'a>(&'a Residual<'a>);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.inner.serialize_into(&mut map)?;
        if !self.0.content.is_empty() {
            map.serialize_entry("content", &self.0.content)?;
        }
        map.end()
    }
}
