//! Which models Ollama has, apart from those the command line names: pulled, deleted, in memory.
//!
//! The one thing the emulator remembers between requests besides counters. Behind a mutex that is held for a few
//! instructions and never across an await; OpenAI's requests, which the benchmarks send, do not come near it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::mock::plan::Settings;

/// The tag that goes without saying.
const LATEST: &str = ":latest";

/// Most models in memory; an emulator for any model name must not remember all of them.
const MAX_LOADED: usize = 64;

/// The models.
#[derive(Debug, Default)]
pub(in crate::mock) struct Shelf(Mutex<Models>);

#[derive(Debug, Default)]
struct Models {
    pulled: Vec<String>,
    deleted: Vec<String>,
    loaded: Vec<String>,
}

/// A name without the tag that goes without saying.
pub(super) fn canonical(name: &str) -> &str {
    name.strip_suffix(LATEST).unwrap_or(name)
}

/// A name as lists show it: with a tag.
pub(super) fn tagged(name: &str) -> String {
    if name.contains(':') {
        name.to_owned()
    } else {
        format!("{name}{LATEST}")
    }
}

impl Shelf {
    fn models(&self) -> MutexGuard<'_, Models> {
        // Lists of names are as good after a panic as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to what the command line names, with nothing in memory.
    pub(in crate::mock) fn reset(&self) {
        *self.models() = Models::default();
    }

    /// Whether there is such a model.
    pub(super) fn has(&self, settings: &Settings, name: &str) -> bool {
        let models = self.models();
        let is_in = |names: &[String]| names.iter().any(|known| known == name);
        is_in(&models.pulled) || (!is_in(&models.deleted) && settings.has_model(name))
    }

    /// All models with a name of their own.
    pub(super) fn list(&self, settings: &Settings) -> Vec<String> {
        let models = self.models();
        let named = settings.listed_models().map(canonical).map(str::to_owned);
        let mut list: Vec<String> = named.filter(|name| !models.deleted.contains(name)).collect();
        for pulled in &models.pulled {
            if !list.contains(pulled) {
                list.push(pulled.clone());
            }
        }
        list
    }

    /// The models in memory.
    pub(super) fn loaded(&self) -> Vec<String> {
        self.models().loaded.clone()
    }

    /// A model was used; it is in memory if it stays there.
    pub(super) fn load(&self, name: &str, stays: bool) {
        let mut models = self.models();
        models.loaded.retain(|loaded| loaded != name);
        if stays {
            if models.loaded.len() == MAX_LOADED {
                models.loaded.remove(0);
            }
            models.loaded.push(name.to_owned());
        }
    }

    /// A model is there from now on.
    pub(super) fn pull(&self, name: &str) {
        let mut models = self.models();
        models.deleted.retain(|deleted| deleted != name);
        if !models.pulled.iter().any(|pulled| pulled == name) {
            models.pulled.push(name.to_owned());
        }
    }

    /// A model is gone from now on.
    pub(super) fn delete(&self, name: &str) {
        let mut models = self.models();
        models.pulled.retain(|pulled| pulled != name);
        models.loaded.retain(|loaded| loaded != name);
        models.deleted.push(name.to_owned());
    }
}
