//! Values of a request body: own ones, and those that are JSON already and stay as they came.

use serde::Serialize;
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{EmbedRequest, Error, ErrorKind, Request, foreign};

use crate::DIALECT;
use crate::settings::Settings;

/// One JSON value.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum Value<'a> {
    Raw(&'a RawValue),
    Flag(bool),
    Text(&'a str),
    Whole(u32),
    Float(f64),
    Texts(&'a [String]),
}

/// What a client said beyond the fields of the contract, in the words of its API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    dialect: &'a str,
    options: &'a [(String, String)],
}

impl<'a> From<&'a Request> for Words<'a> {
    fn from(request: &'a Request) -> Self {
        Self {
            dialect: &request.dialect,
            options: &request.options,
        }
    }
}

impl<'a> From<&'a EmbedRequest> for Words<'a> {
    fn from(request: &'a EmbedRequest) -> Self {
        Self {
            dialect: &request.dialect,
            options: &request.options,
        }
    }
}

impl<'a> Words<'a> {
    /// Whether they are this vendor's: its dialect, or the host's own API, which has no vendor's.
    pub(crate) fn are_ours(self) -> bool {
        matches!(self.dialect, DIALECT | "wharf")
    }

    /// Refuses what would be lost of the words of another dialect, of which these options are `known`.
    ///
    /// # Errors
    /// `Unsupported` naming the option.
    pub(crate) fn check(self, known: &[&str]) -> Result<(), Error> {
        if self.are_ours() {
            return Ok(());
        }
        foreign::check_options(self.options, known)
    }

    /// The value of an option that only this vendor has; null is none.
    ///
    /// # Errors
    /// `InvalidRequest` naming the option.
    pub(crate) fn own(self, name: &str) -> Result<Option<&'a RawValue>, Error> {
        if self.are_ours() { self.given(name) } else { Ok(None) }
    }

    /// The value of an option, whatever API the client used; null is none.
    ///
    /// # Errors
    /// `InvalidRequest` naming the option.
    pub(crate) fn given(self, name: &str) -> Result<Option<&'a RawValue>, Error> {
        let option = self.options.iter().find(|(key, _)| key == name);
        let value = option.map(|(_, json)| raw(json, name)).transpose()?;
        Ok(value.filter(|value| value.get() != "null"))
    }

    /// Options that are sent on as they are: this vendor's, without those that were `looked_at` by name.
    ///
    /// # Errors
    /// `InvalidRequest` naming the option.
    pub(crate) fn others(self, looked_at: &[&str]) -> Result<Vec<(&'a str, &'a RawValue)>, Error> {
        let options: &'a [(String, String)] = if self.are_ours() { self.options } else { &[] };
        let others = options.iter().filter(|(name, _)| !looked_at.contains(&name.as_str()));
        others
            .map(|(name, json)| raw(json, name).map(|value| (name.as_str(), value)))
            .collect()
    }
}

/// Whether what is too long is cut: as the request says, else as the deployment says, else as the server does.
///
/// # Errors
/// `InvalidRequest` naming the option.
pub(crate) fn truncate<'a>(words: Words<'a>, settings: &Settings) -> Result<Option<Value<'a>>, Error> {
    let own = words.own("truncate")?.map(Value::Raw);
    Ok(own.or(settings.truncate.map(Value::Flag)))
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
/// `InvalidRequest` naming the record.
pub(crate) fn extra<'a>(request: &Request, json: Option<&'a str>, place: &str) -> Result<Object<'a>, Error> {
    match json {
        Some(json) if request.dialect == DIALECT => object(json, place).map(Object::without_seals),
        _ => Ok(Object::default()),
    }
}

/// A body as the bytes to send.
///
/// # Errors
/// `Internal`, which no value of a request leads to.
pub(crate) fn bytes(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    let failed = |e| {
        Error::new(
            ErrorKind::Internal,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(body).map_err(failed)
}

/// The request is wrong in this field.
pub(crate) fn invalid(field: &str, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("`{field}`: {problem}"))
}

/// The request wants something in this field that Ollama's API has no form for.
pub(crate) fn unsupported(field: &str, problem: &str) -> Error {
    Error::unsupported(format!("`{field}`: {problem}"))
}
