//! JSON that is put together from own fields and from values that are JSON already.
//!
//! Gemini nests what the contract has side by side, and leftovers of the client go into several of its objects. A tree
//! that is filled from both sides is simpler here than a serializer for each object. What came as JSON stays unparsed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind};

/// One JSON value.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Raw(&'a RawValue),
    Text(Cow<'a, str>),
    Flag(bool),
    Whole(u32),
    Float(f64),
    List(Vec<Node<'a>>),
    Map(Map<'a>),
}

impl<'a> Node<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_u32(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

/// The fields of one JSON object, in order, each name once.
#[derive(Debug, Default)]
pub(crate) struct Map<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Map<'a> {
    /// An object of one field.
    pub(crate) fn one(name: &'a str, value: Node<'a>) -> Self {
        Self(vec![(Cow::Borrowed(name), value)])
    }

    /// The fields of an object that is left over.
    pub(crate) fn of(object: &Object<'a>) -> Self {
        let fields = object.iter();
        Self(
            fields
                .map(|(name, raw)| (Cow::Owned(name.to_owned()), Node::Raw(raw)))
                .collect(),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Adds a field; one of the same name is replaced.
    pub(crate) fn set(&mut self, name: &'a str, value: Node<'a>) {
        self.take(name);
        self.0.push((Cow::Borrowed(name), value));
    }

    /// Takes a field out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Takes out a field that is an object. Without it, or with null, nothing.
    ///
    /// # Errors
    /// `InvalidRequest` naming the field when it is something else.
    pub(crate) fn take_map(&mut self, name: &str) -> Result<Self, Error> {
        match self.take(name) {
            Some(Node::Map(map)) => Ok(map),
            Some(Node::Raw(raw)) if raw.get() != "null" => Ok(Self::of(&object(raw.get(), name)?)),
            _ => Ok(Self::default()),
        }
    }

    /// Adds the fields of another object that are not here yet.
    pub(crate) fn fill(&mut self, other: Self) {
        if other.is_empty() {
            return;
        }
        let mut taken: BTreeSet<String> = self.0.iter().map(|(name, _)| name.as_ref().to_owned()).collect();
        let fresh = other
            .0
            .into_iter()
            .filter(|(name, _)| taken.insert(name.as_ref().to_owned()));
        self.0.extend(fresh);
    }
}

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| (&field.0, &field.1)))
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

/// The request is wrong in this field.
pub(crate) fn invalid(field: &str, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("`{field}`: {problem}"))
}

/// The request wants something in this field that Gemini's API has no form for.
pub(crate) fn unsupported(field: &str, problem: &str) -> Error {
    Error::unsupported(format!("`{field}`: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_fields_win_over_leftovers_and_leftovers_keep_their_digits() {
        let leftovers = object(r#"{"a":1,"b":0.10,"c":123456789012345678901234567890}"#, "x").unwrap();
        let mut map = Map::one("a", Node::text("own"));
        map.set("a", Node::Flag(true));
        map.fill(Map::of(&leftovers));
        assert_eq!(
            serde_json::to_string(&map).unwrap(),
            r#"{"a":true,"b":0.10,"c":123456789012345678901234567890}"#
        );
    }

    #[test]
    fn what_is_not_an_object_is_named() {
        let raw = raw("[1]", "x").unwrap();
        let error = Map::one("toolConfig", Node::Raw(raw))
            .take_map("toolConfig")
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert!(error.message.contains("`toolConfig`"), "{error:?}");
    }
}
