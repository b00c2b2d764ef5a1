//! The trait a provider implements. Its methods are the contract's functions (`wit/provider.wit`), with
//! defaults where a sensible one exists.

use crate::{Capabilities, Error, Event, HealthStatus, Manifest, Request, Response, config, http};

/// A provider: one vendor's API behind the common contract.
///
/// All functions are associated functions without `self`: an instance lives for one call, so there is no
/// state to keep. The host gives a call up by dropping the instance; no code runs after that.
pub trait Provider: 'static {
    /// What [`Provider::stream`] returns.
    type Stream: EventStream;

    /// What the provider is. Called once at load, without network and configuration; cheap and constant.
    fn describe() -> Manifest;

    /// What a model can do; without a model, what the provider can do at best.
    ///
    /// # Errors
    /// When the vendor has to be asked and does not answer.
    fn capabilities(model: Option<String>) -> Result<Capabilities, Error>;

    /// Answers one request with one exchange with the vendor. Never retries.
    ///
    /// # Errors
    /// Whatever the vendor or the network said, classified; see [`Error::from_response`].
    fn generate(request: Request) -> Result<Response, Error>;

    /// Starts one exchange whose answer comes in pieces. Returns once the vendor accepted the request, so
    /// that an error before the first byte can still be retried by the host.
    ///
    /// # Errors
    /// As [`Provider::generate`].
    fn stream(request: Request) -> Result<Self::Stream, Error>;

    /// Whether the vendor can be reached. Must not cost tokens. The default asks for the base URL and takes
    /// every answer below 500 as healthy: it shows that the vendor is there, not that the credential works.
    ///
    /// # Errors
    /// When there is no base URL, the vendor cannot be reached, or it answers with 500 or above.
    fn health_check() -> Result<HealthStatus, Error> {
        let mut answer = http::Request::get(&config::base_url()?).send()?;
        if answer.status() >= 500 {
            return Err(Error::from_response(&mut answer));
        }
        Ok(HealthStatus {
            message: Some(format!("answers with {}", answer.status())),
            extra: None,
        })
    }

    /// The host is about to forget this instance. The default does nothing.
    fn close() {}
}

/// A streamed answer.
pub trait EventStream: 'static {
    /// The next events in the vendor's order: blocks until there is one, takes along what else has arrived.
    /// An empty list is the regular end.
    ///
    /// # Errors
    /// When the vendor reports one, the connection fails, or the answer stops without its end mark.
    fn next(&mut self) -> Result<Vec<Event>, Error>;
}
