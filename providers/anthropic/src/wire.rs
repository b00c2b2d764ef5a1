//! JSON that is put together from own fields and from values that are JSON already.
//!
//! What came as JSON stays unparsed and so unchanged, and bytes become base64 only while they are written: a picture
//! is in memory once.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind};

/// One JSON value.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Raw(&'a RawValue),
    Text(Cow<'a, str>),
    Base64(&'a [u8]),
    Flag(bool),
    Whole(u32),
    Float(f64),
    List(Vec<Node<'a>>),
    Map(Map<'a>),
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Base64(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_u32(*number),
            // Clients write `"temperature": 1`, and it should arrive so.
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e9 => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e9")]
                let whole = *number as i64;
                serializer.serialize_i64(whole)
            }
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'a> From<&'a str> for Node<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Node<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Node<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Node<'_> {
    fn from(number: u32) -> Self {
        Self::Whole(number)
    }
}

impl<'a> From<Vec<Node<'a>>> for Node<'a> {
    fn from(items: Vec<Node<'a>>) -> Self {
        Self::List(items)
    }
}

impl<'a> From<Map<'a>> for Node<'a> {
    fn from(map: Map<'a>) -> Self {
        Self::Map(map)
    }
}

/// The fields of one JSON object, in order, each name once.
#[derive(Debug, Default)]
pub(crate) struct Map<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Map<'a> {
    /// An object whose first field is its `type`.
    pub(crate) fn typed(kind: &'a str) -> Self {
        Self::default().with("type", kind)
    }

    /// With one more field. The caller knows that it is not there yet.
    pub(crate) fn with(mut self, name: &'a str, value: impl Into<Node<'a>>) -> Self {
        self.0.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// Adds a field unless one of that name is there.
    pub(crate) fn add(&mut self, name: &'a str, value: impl Into<Node<'a>>) {
        if !self.contains(name) {
            self.0.push((Cow::Borrowed(name), value.into()));
        }
    }

    /// Adds the fields that are left of an object, except those whose names are taken.
    pub(crate) fn fill(&mut self, rest: &Object<'a>) {
        if rest.is_empty() {
            return;
        }
        let mut taken: BTreeSet<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        let fresh = rest.iter().filter(|(name, _)| taken.insert(name));
        let fresh: Vec<_> = fresh
            .map(|(name, value)| (Cow::Owned(name.to_owned()), Node::Raw(value)))
            .collect();
        self.0.extend(fresh);
    }

    /// Adds a field of any name. The caller knows that it is not there yet.
    pub(crate) fn put(&mut self, name: &str, value: Node<'a>) {
        self.0.push((Cow::Owned(name.to_owned()), value));
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether its `type` is this.
    pub(crate) fn is(&self, kind: &str) -> bool {
        let is_type = |(name, value): &(Cow<'_, str>, Node<'_>)| {
            name == "type" && matches!(value, Node::Text(text) if text == kind)
        };
        self.0.iter().any(is_type)
    }

    /// As JSON text.
    pub(crate) fn text(&self) -> String {
        // Strings, numbers and unparsed values always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A value of the request that must be JSON.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(crate) fn raw<'a>(json: &'a str, field: &str) -> Result<&'a RawValue, Error> {
    serde_json::from_str(json).map_err(|e| invalid(field, &e.to_string()))
}

/// A value of the request that must be a JSON object.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(crate) fn object<'a>(json: &'a str, field: &str) -> Result<Object<'a>, Error> {
    serde_json::from_str(json).map_err(|e| invalid(field, &e.to_string()))
}

/// The vendor fields of a record: those of the client if it speaks this dialect, else none.
///
/// # Errors
/// `InvalidRequest` naming the field that the record is.
pub(crate) fn extra<'a>(json: Option<&'a str>, same_dialect: bool, field: &str) -> Result<Object<'a>, Error> {
    match json {
        Some(json) if same_dialect => object(json, field).map(Object::without_seals),
        _ => Ok(Object::default()),
    }
}

/// The client's mistake in a field.
pub(crate) fn invalid(field: &str, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("`{field}`: {problem}"))
}

/// A field that Anthropic's API has no form for.
pub(crate) fn unsupported(field: &str, problem: &str) -> Error {
    Error::unsupported(format!("`{field}`: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_as_json_leaves_unchanged_and_only_once() {
        let rest = object(r#"{"type":"b","big":12345678901234567890123,"f":1.10}"#, "x").unwrap();
        let mut map = Map::typed("a").with("data", Node::Base64(&[1, 2, 3]));
        map.fill(&rest);
        map.add("f", true);
        assert_eq!(
            map.text(),
            r#"{"type":"a","data":"AQID","big":12345678901234567890123,"f":1.10}"#
        );
    }

    #[test]
    fn a_whole_float_is_written_as_clients_write_it() {
        let map = Map::default().with("a", Node::Float(1.0)).with("b", Node::Float(0.25));
        assert_eq!(map.text(), r#"{"a":1,"b":0.25}"#);
    }
}
