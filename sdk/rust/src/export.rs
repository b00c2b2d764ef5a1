//! Turns a [`Provider`] into the component's exports.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::exports::wharf::provider::provider as exported;
use crate::{Capabilities, Error, Event, EventStream, HealthStatus, Manifest, Provider, Request, Response};

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

/// Makes a component out of a type that implements [`Provider`]. Write it once, at the top of the crate.
#[macro_export]
macro_rules! provider {
    ($provider:ty) => {
        // Only the component needs the exports; natively they would be symbols with names no linker likes.
        #[cfg(target_arch = "wasm32")]
        mod wharf_provider_export {
            use super::*;
            type Exported = $crate::Adapter<$provider>;
            $crate::bindings::export!(Exported with_types_in $crate::bindings);
        }
    };
}
