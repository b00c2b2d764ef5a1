//! Where a compiled provider has its functions. The names are looked up once, when the provider is loaded; a call
//! takes the places found then.
//!
//! A provider must export the interface `provider`. Each of the optional ones it exports or not, and one that it
//! exports has to be whole and of the contract's types: half an interface is a mistake of its author's that is better
//! found at loading than by a client.

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Error as WasmError, Store};
use wharf_types::Features;

use crate::bindings::exports::wharf::provider::{embeddings, models, provider, tokens};
use crate::inspect::SUPPORTED;
use crate::provider::LoadProblem;
use crate::state::State;

/// A compiled and linked provider with the places of its functions.
pub(crate) struct Exports {
    pre: InstancePre<State>,
    provider: provider::GuestIndices,
    pub(crate) embeddings: Option<embeddings::GuestIndices>,
    pub(crate) tokens: Option<tokens::GuestIndices>,
    pub(crate) models: Option<models::GuestIndices>,
}

impl Exports {
    /// Looks the names up. `features` are the optional interfaces that the component exports.
    pub(crate) fn find(pre: InstancePre<State>, features: Features) -> Result<Self, LoadProblem> {
        let provider = provider::GuestIndices::new(&pre).map_err(|e| unfit("provider", &e))?;
        let mut found = Self {
            provider,
            embeddings: None,
            tokens: None,
            models: None,
            pre,
        };
        if features.embeddings {
            let indices = embeddings::GuestIndices::new(&found.pre).map_err(|e| unfit("embeddings", &e))?;
            found.embeddings = Some(indices);
        }
        if features.tokens {
            let indices = tokens::GuestIndices::new(&found.pre).map_err(|e| unfit("tokens", &e))?;
            found.tokens = Some(indices);
        }
        if features.models {
            let indices = models::GuestIndices::new(&found.pre).map_err(|e| unfit("models", &e))?;
            found.models = Some(indices);
        }
        Ok(found)
    }

    pub(crate) fn features(&self) -> Features {
        Features {
            embeddings: self.embeddings.is_some(),
            tokens: self.tokens.is_some(),
            models: self.models.is_some(),
        }
    }

    /// A new instance, with the functions of the interface that every call needs.
    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<(Instance, provider::Guest)> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let guest = self.provider.load(&mut *store, &instance)?;
        Ok((instance, guest))
    }

    /// Checks the types of the optional interfaces, for which wasmtime wants an instance.
    pub(crate) fn check(&self, store: &mut Store<State>, instance: &Instance) -> Result<(), LoadProblem> {
        if let Some(indices) = &self.embeddings {
            let loaded = indices.load(&mut *store, instance);
            loaded.map_err(|e| unfit("embeddings", &e))?;
        }
        if let Some(indices) = &self.tokens {
            let loaded = indices.load(&mut *store, instance);
            loaded.map_err(|e| unfit("tokens", &e))?;
        }
        if let Some(indices) = &self.models {
            let loaded = indices.load(&mut *store, instance);
            loaded.map_err(|e| unfit("models", &e))?;
        }
        Ok(())
    }
}

/// An interface that has the contract's name and not its functions.
fn unfit(interface: &str, error: &WasmError) -> LoadProblem {
    LoadProblem::Link(format!(
        "its interface `{interface}` is not the one of wharf:provider@{SUPPORTED}: {error:#}"
    ))
}
