//! Calls of the optional interfaces. They run like all others: under the same limits, deadline and verdict.

use tokio::time::{Instant, timeout_at};
use wasmtime::component::ResourceAny;
use wharf_types::{Capabilities, EmbedRequest, EmbedResponse, Error, Model, PullProgress, Request, TokenCount};

use super::Instance;
use crate::bindings::exports::wharf::provider::{embeddings, models, tokens};
use crate::metering::Metered as _;
use crate::{convert, verdict};

impl Instance {
    pub(crate) async fn embed(
        &mut self,
        indices: &embeddings::GuestIndices,
        request: &EmbedRequest,
        model: &str,
        deadline: Instant,
    ) -> Result<EmbedResponse, Error> {
        let guest = indices.load(&mut self.store, &self.component);
        let guest = guest.map_err(|e| verdict::of_trap(&e))?;
        let lists = convert::EmbedLists::new(request);
        let call = guest.call_embed(&mut self.store, convert::embed_request(request, model, &lists));
        let outcome = timeout_at(deadline, call).await;
        let weight = || request.input.iter().map(String::len).sum();
        let answer = self.seen.judge_request(outcome, weight)?;
        convert::embed_response(answer, request.input.len())
            .map_err(|nonsense| verdict::of_error(nonsense, self.seen.observed()))
    }

    pub(crate) async fn count(
        &mut self,
        indices: &tokens::GuestIndices,
        request: &Request,
        model: &str,
        deadline: Instant,
    ) -> Result<TokenCount, Error> {
        let guest = indices.load(&mut self.store, &self.component);
        let guest = guest.map_err(|e| verdict::of_trap(&e))?;
        let lists = convert::Lists::new(request);
        let parts = lists.parts(request);
        let messages = convert::Lists::messages(request, &parts);
        let lent = convert::request(request, model, &lists, &messages);
        let call = guest.call_count(&mut self.store, lent);
        let outcome = timeout_at(deadline, call).await;
        let count = self.seen.judge_request(outcome, || convert::weight(request))?;
        Ok(convert::token_count(count))
    }

    /// The functions of the interface `models`; the calls below are made with them.
    pub(crate) fn models(&mut self, indices: &models::GuestIndices) -> Result<models::Guest, Error> {
        let guest = indices.load(&mut self.store, &self.component);
        guest.map_err(|e| verdict::of_trap(&e))
    }

    pub(crate) async fn list(&mut self, guest: &models::Guest, deadline: Instant) -> Result<Vec<Model>, Error> {
        let call = guest.call_list(&mut self.store);
        let models = self.seen.judge(timeout_at(deadline, call).await)?;
        Ok(models.into_iter().map(convert::model).collect())
    }

    pub(crate) async fn show(
        &mut self,
        guest: &models::Guest,
        id: &str,
        deadline: Instant,
    ) -> Result<(Model, Capabilities), Error> {
        let call = guest.call_show(&mut self.store, id);
        let (model, capabilities) = self.seen.judge(timeout_at(deadline, call).await)?;
        Ok((convert::model(model), convert::capabilities(capabilities)))
    }

    pub(crate) async fn delete(&mut self, guest: &models::Guest, id: &str, deadline: Instant) -> Result<(), Error> {
        let call = guest.call_delete(&mut self.store, id);
        self.seen.judge(timeout_at(deadline, call).await)
    }

    pub(crate) async fn pull(
        &mut self,
        guest: &models::Guest,
        id: &str,
        deadline: Instant,
    ) -> Result<ResourceAny, Error> {
        let call = guest.call_pull(&mut self.store, id);
        self.seen.judge(timeout_at(deadline, call).await)
    }

    pub(crate) async fn next_progress(
        &mut self,
        guest: &models::Guest,
        pull: ResourceAny,
        deadline: Instant,
    ) -> Result<Vec<PullProgress>, Error> {
        // A pull may take hours, of which each step takes next to nothing.
        self.store.data_mut().meter().forgive(Instant::now());
        let pulls = guest.pull_stream();
        let call = pulls.call_next(&mut self.store, pull);
        let steps = self.seen.judge(timeout_at(deadline, call).await)?;
        Ok(steps.into_iter().map(convert::progress).collect())
    }
}
