//! Turns a [`Provider`], and what it implements of the optional traits, into the component's exports.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::embeddings::exports::wharf::provider::embeddings;
use crate::bindings::exports::wharf::provider::provider as exported;
use crate::bindings::models::exports::wharf::provider::models;
use crate::bindings::tokens::exports::wharf::provider::tokens;
use crate::{
    Capabilities, EmbedRequest, EmbedResponse, Embeddings, Error, Event, EventStream, HealthStatus, Manifest, Model,
    Models, Provider, PullProgress, PullStream, Request, Response, TokenCount, Tokens,
};

/// The exports of a provider. Named by the [`provider!`](crate::provider) macro only.
#[derive(Debug)]
pub struct Adapter<P>(PhantomData<P>);

/// One open stream. The cell is there because the contract hands out shared references; an instance serves
/// one call at a time, so it is never borrowed twice.
#[doc(hidden)]
pub struct OpenStream(RefCell<Box<dyn EventStream>>);

impl std::fmt::Debug for OpenStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenStream")
    }
}

impl<P: Provider> exported::Guest for Adapter<P> {
    type EventStream = OpenStream;

    fn describe() -> Manifest {
        P::describe()
    }

    fn capabilities(model: Option<String>) -> Result<Capabilities, Error> {
        P::capabilities(model)
    }

    fn generate(request: Request) -> Result<Response, Error> {
        P::generate(request)
    }

    fn stream(request: Request) -> Result<exported::EventStream, Error> {
        let stream: Box<dyn EventStream> = Box::new(P::stream(request)?);
        Ok(exported::EventStream::new(OpenStream(RefCell::new(stream))))
    }

    fn health_check() -> Result<HealthStatus, Error> {
        P::health_check()
    }

    fn close() {
        P::close();
    }
}

impl exported::GuestEventStream for OpenStream {
    fn next(&self) -> Result<Vec<Event>, Error> {
        self.0.borrow_mut().next()
    }
}

impl<P: Embeddings> embeddings::Guest for Adapter<P> {
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
        P::embed(request)
    }
}

impl<P: Tokens> tokens::Guest for Adapter<P> {
    fn count(request: Request) -> Result<TokenCount, Error> {
        P::count(request)
    }
}

/// One running pull; as [`OpenStream`].
#[doc(hidden)]
pub struct OpenPull(RefCell<Box<dyn PullStream>>);

impl std::fmt::Debug for OpenPull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenPull")
    }
}

impl<P: Models> models::Guest for Adapter<P> {
    type PullStream = OpenPull;

    fn list() -> Result<Vec<Model>, Error> {
        P::list()
    }

    fn show(id: String) -> Result<(Model, Capabilities), Error> {
        P::show(id)
    }

    fn pull(id: String) -> Result<models::PullStream, Error> {
        let pull: Box<dyn PullStream> = Box::new(P::pull(id)?);
        Ok(models::PullStream::new(OpenPull(RefCell::new(pull))))
    }

    fn delete(id: String) -> Result<(), Error> {
        P::delete(id)
    }
}

impl models::GuestPullStream for OpenPull {
    fn next(&self) -> Result<Vec<PullProgress>, Error> {
        self.0.borrow_mut().next()
    }
}

/// Makes a component out of a type that implements [`Provider`]. Write it once, at the top of the crate.
///
/// After a colon come the optional traits that the type implements too, in any order:
/// `provider!(Parrot: Embeddings, Tokens, Models)`. The component exports the interfaces of these and no others.
#[macro_export]
macro_rules! provider {
    ($provider:ty $(: $($interface:ident),+ $(,)?)?) => {
        // A trait that is named and not implemented is an error of the native build too.
        $($(
            const _: fn() = || {
                fn implements<P: $crate::$interface>() {}
                implements::<$provider>();
            };
        )+)?
        // Only the component needs the exports; natively they would be symbols with names no linker likes.
        #[cfg(target_arch = "wasm32")]
        mod wharf_provider_export {
            use super::*;
            type Exported = $crate::Adapter<$provider>;
            $crate::bindings::export!(Exported with_types_in $crate::bindings);
            $($( $crate::__export_optional!($interface Exported); )+)?
        }
    };
}

/// Exports one optional interface. For the macro above only.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_optional {
    (Embeddings $exported:ident) => {
        $crate::bindings::embeddings::export!($exported with_types_in $crate::bindings::embeddings);
    };
    (Tokens $exported:ident) => {
        $crate::bindings::tokens::export!($exported with_types_in $crate::bindings::tokens);
    };
    (Models $exported:ident) => {
        $crate::bindings::models::export!($exported with_types_in $crate::bindings::models);
    };
    ($other:ident $exported:ident) => {
        compile_error!("the optional interfaces are Embeddings, Tokens and Models");
    };
}
