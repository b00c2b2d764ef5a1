//! The `options` of a request: sampling, limits, and whatever else the model can be told.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Request};

use crate::settings::Settings;
use crate::wire::{self, Value, Words};

/// Options that mean the same in every dialect, and are called the same here.
pub(crate) const NEUTRAL: [&str; 4] = ["seed", "top_k", "frequency_penalty", "presence_penalty"];

/// Options by name, each once.
#[derive(Debug, Default)]
pub(crate) struct Options<'a>(BTreeMap<String, Value<'a>>);

impl<'a> Options<'a> {
    /// The deployment's, then the client's own of this vendor. Later ones replace earlier ones.
    ///
    /// # Errors
    /// `InvalidRequest` naming what is not JSON or not an object.
    pub(crate) fn own(words: Words<'a>, settings: &'a Settings) -> Result<Self, Error> {
        let mut options = Self::default();
        options.set_all(&settings.options()?);
        if let Some(own) = words.own("options")? {
            options.set_all(&wire::object(own.get(), "options")?);
        }
        Ok(options)
    }

    /// Those of a chat: after the above what has a place in every API.
    ///
    /// # Errors
    /// As [`Options::own`].
    pub(crate) fn of(request: &'a Request, settings: &'a Settings) -> Result<Self, Error> {
        let words = Words::from(request);
        let mut options = Self::own(words, settings)?;
        for name in NEUTRAL {
            if let Some(value) = words.given(name)? {
                options.set(name, Value::Raw(value));
            }
        }
        if let Some(temperature) = request.temperature {
            options.set("temperature", Value::Float(temperature));
        }
        if let Some(top_p) = request.top_p {
            options.set("top_p", Value::Float(top_p));
        }
        if let Some(limit) = request.max_output_tokens {
            options.set("num_predict", Value::Whole(limit));
        }
        if !request.stop.is_empty() {
            options.set("stop", Value::Texts(&request.stop));
        }
        Ok(options)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set(&mut self, name: &str, value: Value<'a>) {
        self.0.insert(name.to_owned(), value);
    }

    fn set_all(&mut self, object: &Object<'a>) {
        for (name, raw) in object.iter() {
            self.set(name, Value::Raw(raw));
        }
    }
}

impl Serialize for Options<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}
