//! What is left of an object and of one inside it, in their own structure, once everything mapped is taken out.

use serde::ser::{Serialize, SerializeMap, Serializer};
use wharf_provider_sdk::json::Object;

/// The leftovers of `outer`, with those of `inner` under `name`. `None` when nothing is left.
pub(crate) fn text(outer: &Object<'_>, name: &'static str, inner: &Object<'_>) -> Option<String> {
    let nothing = outer.is_empty() && inner.is_empty();
    // Serializing strings and unparsed values cannot fail.
    (!nothing).then(|| serde_json::to_string(&Nested { outer, name, inner }).unwrap_or_default())
}

struct Nested<'a> {
    outer: &'a Object<'a>,
    name: &'static str,
    inner: &'a Object<'a>,
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.outer.serialize_into(&mut map)?;
        if !self.inner.is_empty() {
            map.serialize_entry(self.name, self.inner)?;
        }
        map.end()
    }
}
