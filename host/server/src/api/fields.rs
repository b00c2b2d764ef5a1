//! A client's JSON object, of which an API understands a part and hands the rest on.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use wharf::{Error, ErrorKind, Json};

/// Fields of a request that nobody mapped. APIs have some dozens; providers look at each of them several times.
const MOST_OPTIONS: usize = 1000;

/// An object's fields in order, unparsed.
pub(super) type Object<'a> = IndexMap<String, &'a RawValue>;

/// An object being taken apart, and where it is in the request, for errors.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    object: Object<'a>,
    place: String,
}

/// A request that the client has to change.
pub(super) fn invalid(place: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("`{place}`: {message}")).with_param(place)
}

impl<'a> Fields<'a> {
    /// Parses the body of a request.
    pub(super) fn of_body(body: &'a [u8]) -> Result<Self, Error> {
        let wrong = |e: &dyn std::fmt::Display| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("the request body is not a JSON object: {e}"),
            )
        };
        let text = std::str::from_utf8(body).map_err(|e| wrong(&e))?;
        let object = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        Ok(Self {
            object,
            place: String::new(),
        })
    }

    /// Parses a value that must be an object. `place` names it.
    pub(super) fn of_value(raw: &'a RawValue, place: impl Into<String>) -> Result<Self, Error> {
        let place = place.into();
        let object = serde_json::from_str(raw.get()).map_err(|_| invalid(&place, "this must be an object"))?;
        Ok(Self { object, place })
    }

    /// Where a field is.
    pub(super) fn place(&self, name: &str) -> String {
        if self.place.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.place)
        }
    }

    /// Takes a field; `None` if it is missing or null.
    pub(super) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, Error> {
        match self.take_raw(name) {
            Some(raw) if raw.get() != "null" => {
                let wrong = |e: serde_json::Error| invalid(&self.place(name), plain(&e));
                serde_json::from_str(raw.get()).map(Some).map_err(wrong)
            }
            _ => Ok(None),
        }
    }

    /// Takes a field that has to be there.
    pub(super) fn need<T: Deserialize<'a>>(&mut self, name: &str) -> Result<T, Error> {
        self.take(name)?
            .ok_or_else(|| invalid(&self.place(name), "this field is required"))
    }

    /// Takes a field as it is.
    pub(super) fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        self.object.shift_remove(name)
    }

    /// Takes an object out; null counts as missing.
    pub(super) fn take_fields(&mut self, name: &str) -> Result<Option<Self>, Error> {
        let Some(raw) = self.take_raw(name).filter(|raw| raw.get() != "null") else {
            return Ok(None);
        };
        Self::of_value(raw, self.place(name)).map(Some)
    }

    /// Reads a field and leaves it.
    pub(super) fn peek<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.object.get(name)?.get()).ok()
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.object.is_empty()
    }

    /// What is left, as JSON; `None` when nothing is.
    pub(super) fn rest(&self) -> Option<Json> {
        // Strings and unparsed values always serialize.
        (!self.is_empty()).then(|| Json(serde_json::to_string(&self.object).unwrap_or_default()))
    }

    /// What is left, with the rest of an inner object under its old name.
    pub(super) fn rest_with(&self, inner: &str, rest: Option<Json>) -> Option<Json> {
        let Some(rest) = rest else { return self.rest() };
        let raw = RawValue::from_string(rest.0).ok()?;
        let mut all = self.object.clone();
        all.insert(inner.to_owned(), &raw);
        Some(Json(serde_json::to_string(&all).unwrap_or_default()))
    }

    /// What is left, field by field.
    ///
    /// # Errors
    /// `InvalidRequest` for more than any API has.
    pub(super) fn into_options(self) -> Result<Vec<(String, Json)>, Error> {
        let count = self.object.len();
        if count > MOST_OPTIONS {
            let problem = format!("the request has {count} fields beside the known ones; {MOST_OPTIONS} are allowed");
            return Err(Error::new(ErrorKind::InvalidRequest, problem));
        }
        let options = self.object.into_iter();
        Ok(options.map(|(name, raw)| (name, Json(raw.get().to_owned()))).collect())
    }
}

/// A parser's message without its position, which counts inside the field and would mislead.
pub(super) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
