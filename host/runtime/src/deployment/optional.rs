//! Calls of the optional interfaces. One that the provider does not export is refused before anything is started.

use wharf_types::{Capabilities, EmbedRequest, EmbedResponse, Error, ErrorKind, Features, Model, Request, TokenCount};

use super::Deployment;
use crate::bindings::exports::wharf::provider::models;
use crate::call::CallOptions;
use crate::instance::Instance;
use crate::stream::PullStream;

impl Deployment {
    /// Which optional interfaces its provider has.
    #[must_use]
    pub fn features(&self) -> Features {
        self.provider.features()
    }

    /// Embeds the texts with one exchange. `model` is the vendor's name. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without the interface; [`ErrorKind::UpstreamProtocol`] when there is not one vector
    /// of finite numbers for each text, all of one length; otherwise as [`Deployment::generate`].
    pub async fn embed(
        &self,
        request: &EmbedRequest,
        model: &str,
        options: CallOptions,
    ) -> Result<EmbedResponse, Error> {
        let deadline = options.deadline;
        let indices = self.provider.exports.embeddings.as_ref();
        let indices = indices.ok_or_else(|| self.lacks("has no embeddings"))?;
        let mut instance = self.start(self.limits.response, options).await?;
        let response = instance.embed(indices, request, model, deadline).await?;
        instance.close(None, deadline).await;
        Ok(response)
    }

    /// The input tokens that a request would cost. `model` is the vendor's name. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without the interface; otherwise as [`Deployment::generate`].
    pub async fn count_tokens(
        &self,
        request: &Request,
        model: &str,
        options: CallOptions,
    ) -> Result<TokenCount, Error> {
        let deadline = options.deadline;
        let indices = self.provider.exports.tokens.as_ref();
        let indices = indices.ok_or_else(|| self.lacks("cannot count tokens"))?;
        let mut instance = self.start(self.limits.response, options).await?;
        let count = instance.count(indices, request, model, deadline).await?;
        instance.close(None, deadline).await;
        Ok(count)
    }

    /// All models that it can use. Dropping the future cancels it.
    ///
    /// # Errors
    /// As [`Deployment::count_tokens`].
    pub async fn list_models(&self, options: CallOptions) -> Result<Vec<Model>, Error> {
        let deadline = options.deadline;
        let (mut instance, guest) = self.start_models(self.limits.response, options).await?;
        let models = instance.list(&guest, deadline).await?;
        instance.close(None, deadline).await;
        Ok(models)
    }

    /// One model with what it can do. Dropping the future cancels it.
    ///
    /// # Errors
    /// As [`Deployment::count_tokens`]; [`ErrorKind::NotFound`] when the vendor does not have it.
    pub async fn show_model(&self, id: &str, options: CallOptions) -> Result<(Model, Capabilities), Error> {
        let deadline = options.deadline;
        let (mut instance, guest) = self.start_models(self.limits.response, options).await?;
        let shown = instance.show(&guest, id, deadline).await?;
        instance.close(None, deadline).await;
        Ok(shown)
    }

    /// Has the vendor fetch a model. Dropping the future or the stream lets the vendor stop.
    ///
    /// # Errors
    /// As [`Deployment::count_tokens`], for everything before the vendor has begun.
    pub async fn pull_model(&self, id: &str, options: CallOptions) -> Result<PullStream, Error> {
        let deadline = options.deadline;
        let (mut instance, guest) = self.start_models(self.limits.stream, options).await?;
        let pull = instance.pull(&guest, id, deadline).await?;
        Ok(PullStream::new(instance, guest, pull, deadline))
    }

    /// Has the vendor delete a model. Dropping the future cancels it, if it is not too late.
    ///
    /// # Errors
    /// As [`Deployment::count_tokens`].
    pub async fn delete_model(&self, id: &str, options: CallOptions) -> Result<(), Error> {
        let deadline = options.deadline;
        let (mut instance, guest) = self.start_models(self.limits.response, options).await?;
        instance.delete(&guest, id, deadline).await?;
        instance.close(None, deadline).await;
        Ok(())
    }

    async fn start_models(&self, cap: u64, options: CallOptions) -> Result<(Instance, models::Guest), Error> {
        let indices = self.provider.exports.models.as_ref();
        let indices = indices.ok_or_else(|| self.lacks("cannot list or manage models"))?;
        let mut instance = self.start(cap, options).await?;
        let guest = instance.models(indices)?;
        Ok((instance, guest))
    }

    fn lacks(&self, what: &str) -> Error {
        let name = &self.provider.manifest.name;
        Error::new(ErrorKind::Unsupported, format!("the provider `{name}` {what}"))
    }
}
