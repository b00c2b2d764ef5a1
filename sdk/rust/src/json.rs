//! JSON objects of which a provider understands a part and keeps the rest.
//!
//! A vendor adds fields faster than anyone maps them. [`Object`] holds an object's fields unparsed; what is
//! understood is taken out, what is left is handed on as it came, digit for digit.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::Error;

/// The fields of a JSON object, in order, unparsed.
#[derive(Debug, Clone, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Parses a text that must be a JSON object.
    ///
    /// # Errors
    /// A protocol error that says where the text stops making sense.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| Error::protocol(format!("the vendor's JSON: {e}")))
    }

    /// Takes a field out. `None` when it is missing or null.
    ///
    /// # Errors
    /// A protocol error naming the field, when its value is not a `T`.
    pub fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, Error> {
        match self.take_raw(name) {
            None => Ok(None),
            Some(raw) if raw.get() == "null" => Ok(None),
            Some(raw) => serde_json::from_str(raw.get())
                .map(Some)
                .map_err(|e| Error::protocol(format!("the vendor's JSON, field `{name}`: {e}"))),
        }
    }

    /// Takes a field out if its value is a `T`; leaves it among the rest if it is something else.
    pub fn take_if<T: Deserialize<'a>>(&mut self, name: &str) -> Option<T> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        let value = serde_json::from_str(self.0[at].1.get()).ok()?;
        self.0.remove(at);
        Some(value)
    }

    /// Reads a field and leaves it among the rest. `None` if it is missing or not a `T`.
    #[must_use]
    pub fn peek<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        let (_, raw) = self.0.iter().find(|(key, _)| key == name)?;
        serde_json::from_str(raw.get()).ok()
    }

    /// Takes a field out unparsed. `Some("null")` when it is null.
    pub fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Adds a field at the end; one of this name that is there already goes.
    pub fn put(&mut self, name: &'a str, value: &'a RawValue) {
        self.take_raw(name);
        self.0.push((Cow::Borrowed(name), value));
    }

    /// Drops the fields that hold another vendor's seal, see [`crate::seal`]: left of an earlier answer that came from
    /// elsewhere, they would be unknown here.
    #[must_use]
    pub fn without_seals(mut self) -> Self {
        self.0.retain(|(_, value)| !crate::foreign::is_sealed(value));
        self
    }

    /// Whether the field is there, null or not.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields that are left.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// The rest as JSON text, or `None` when nothing is left.
    #[must_use]
    pub fn rest(&self) -> Option<String> {
        // Serializing strings and unparsed values cannot fail.
        (!self.is_empty()).then(|| serde_json::to_string(self).unwrap_or_default())
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

impl Object<'_> {
    /// Adds the fields to an object that is being written.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0
            .iter()
            .try_for_each(|(key, value)| map.serialize_entry(key, value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
            type Value = Object<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(Key(key)) = map.next_key()? {
                    fields.push((key, map.next_value::<&RawValue>()?));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}

/// A key, borrowed unless it holds an escape.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Text<'a> {
            type Value = Key<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_stays_as_it_came() {
        let mut object = Object::parse(r#"{"a":1,"big":123456789012345678901234567890,"n":null,"é\n":0.10}"#).unwrap();
        assert_eq!(object.take::<u8>("a").unwrap(), Some(1));
        assert_eq!(object.take::<u8>("missing").unwrap(), None);
        assert_eq!(
            object.rest().unwrap(),
            r#"{"big":123456789012345678901234567890,"n":null,"é\n":0.10}"#
        );
    }

    #[test]
    fn a_field_that_is_put_replaces_its_like() {
        let mut object = Object::parse(r#"{"a":1,"b":2}"#).unwrap();
        object.put("a", serde_json::from_str("3").unwrap());
        assert_eq!(object.rest().unwrap(), r#"{"b":2,"a":3}"#);
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named() {
        let error = Object::parse(r#"{"a":"x"}"#).unwrap().take::<u8>("a").unwrap_err();
        assert!(error.message.contains("`a`"), "{error:?}");
    }

    #[test]
    fn seals_of_others_are_dropped_and_nothing_else() {
        let object = Object::parse(r#"{"a":"wharf:b.chat:eA==","b":"eA==","c":1}"#).unwrap();
        assert_eq!(object.without_seals().rest().unwrap(), r#"{"b":"eA==","c":1}"#);
    }

    #[test]
    fn a_field_of_another_type_can_be_left() {
        let mut object = Object::parse(r#"{"a":"x"}"#).unwrap();
        assert_eq!(object.take_if::<u8>("a"), None);
        assert_eq!(object.rest().unwrap(), r#"{"a":"x"}"#);
    }
}
