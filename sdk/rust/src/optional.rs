//! The optional interfaces of the contract (`wit/optional.wit`), a trait each. A provider implements those that its
//! vendor has a counterpart for and names them in the macro line: `provider!(Parrot: Embeddings, Models)`. The host
//! looks at the component's exports and offers no more than is there.
//!
//! What holds for [`Provider`](crate::Provider) holds here: one call, one instance, one exchange, no retry.

use crate::{Capabilities, EmbedRequest, EmbedResponse, Error, Model, PullProgress, Request, TokenCount};

/// Embeddings.
pub trait Embeddings: 'static {
    /// Embeds the texts with one exchange. There is one vector for each text, in the order of the texts; all have
    /// the same length and only finite numbers. The host refuses anything else.
    ///
    /// # Errors
    /// As [`Provider::generate`](crate::Provider::generate).
    fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error>;
}

/// Counting tokens before sending.
pub trait Tokens: 'static {
    /// The input tokens that this request would cost, as the vendor counts them in one exchange.
    ///
    /// # Errors
    /// As [`Provider::generate`](crate::Provider::generate).
    fn count(request: Request) -> Result<TokenCount, Error>;
}

/// Listing and managing the models of a vendor.
pub trait Models: 'static {
    /// What [`Models::pull`] returns; [`NoPull`] where there is nothing to pull.
    type Pull: PullStream;

    /// All models that this deployment can use.
    ///
    /// # Errors
    /// When the vendor does not answer with a list.
    fn list() -> Result<Vec<Model>, Error>;

    /// One model with what it can do.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the vendor does not have it.
    fn show(id: String) -> Result<(Model, Capabilities), Error>;

    /// Has the vendor fetch a model. Returns once the vendor has begun. By default that is unsupported.
    ///
    /// # Errors
    /// When the vendor refuses.
    fn pull(_id: String) -> Result<Self::Pull, Error> {
        Err(Error::unsupported("models of this vendor cannot be pulled"))
    }

    /// Has the vendor delete a model. By default that is unsupported.
    ///
    /// # Errors
    /// When the vendor refuses.
    fn delete(_id: String) -> Result<(), Error> {
        Err(Error::unsupported("models of this vendor cannot be deleted"))
    }
}

/// A running pull. Dropping it lets the vendor stop.
pub trait PullStream: 'static {
    /// The next steps: blocks until there is one, takes along what else has arrived. An empty list is the regular
    /// end.
    ///
    /// # Errors
    /// When the vendor reports one, the connection fails, or the answer stops without its end mark.
    fn next(&mut self) -> Result<Vec<PullProgress>, Error>;
}

/// The pull of a vendor whose models cannot be pulled. There is no value of it.
#[derive(Debug)]
pub enum NoPull {}

impl PullStream for NoPull {
    fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    struct Fixed;

    impl Models for Fixed {
        type Pull = NoPull;

        fn list() -> Result<Vec<Model>, Error> {
            Ok(Vec::new())
        }

        fn show(_id: String) -> Result<(Model, Capabilities), Error> {
            Err(Error::new(ErrorKind::NotFound, "there are no models"))
        }
    }

    #[test]
    fn models_are_not_managed_unless_a_provider_says_how() {
        let pulled = Fixed::pull("m".to_owned()).map(|_| ()).unwrap_err();
        let deleted = Fixed::delete("m".to_owned()).unwrap_err();
        for (error, word) in [(pulled, "pulled"), (deleted, "deleted")] {
            assert_eq!(error.kind, ErrorKind::Unsupported);
            assert!(error.message.contains(word), "{}", error.message);
            assert!(!error.sent);
        }
    }
}
