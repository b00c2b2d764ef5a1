//! One instance of a provider, for one call: a store under limits, entered with a deadline. Dropping it, at
//! any point, ends the call: nothing of the guest runs afterwards, and its connections close.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use wasmtime::Store;
use wasmtime::component::{Instance as Component, ResourceAny};
use wharf_types::{Error, ErrorKind, Event, Request, Response};

use crate::bindings::exports::wharf::provider::provider;
use crate::bindings::wharf::provider::types as wit;
use crate::call::CallOptions;
use crate::engine::Engine;
use crate::exports::Exports;
use crate::guest_log::GuestLog;
use crate::limits::Limits;
use crate::metering::{self, Metered as _};
use crate::outbound::{Hooks, Outbound, Seen};
use crate::provider::LoadProblem;
use crate::settings::Settings;
use crate::state::State;
use crate::{convert, verdict};

mod optional;

/// How long a guest may take to say goodbye: the answer is waiting.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(100);

/// What an instance is made with.
pub(crate) struct Parts<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) settings: &'a Arc<Settings>,
    pub(crate) outbound: &'a Arc<Outbound>,
}

/// A running instance.
pub(crate) struct Instance {
    // The store goes before the slot, so that a slot that is free really is.
    store: Store<State>,
    // What the optional interfaces are looked up in, by the calls that need them.
    component: Component,
    guest: provider::Guest,
    seen: Arc<Seen>,
    _slot: OwnedSemaphorePermit,
}

impl Instance {
    /// Waits for a slot and makes an instance. `cap` is how many bytes a response body may have.
    pub(crate) async fn start(
        engine: &Engine,
        exports: &Exports,
        deployment: &str,
        parts: Parts<'_>,
        cap: u64,
        mut options: CallOptions,
    ) -> Result<Self, Error> {
        let deadline = options.deadline;
        let no_slot = || {
            Error::new(
                ErrorKind::ResourceExhausted,
                "the host has no free instance; it is at its limit",
            )
        };
        let slot = match options.place.take() {
            Some(place) => place,
            None => match timeout_at(deadline, Arc::clone(engine.slots()).acquire_owned()).await {
                Ok(Ok(slot)) => slot,
                Ok(Err(_)) | Err(_) => return Err(no_slot()),
            },
        };
        let seen = Arc::new(Seen::default());
        let hooks = Hooks::new(Arc::clone(parts.outbound), Arc::clone(&seen), cap, options.terms());
        let log = GuestLog::new(deployment.into(), Arc::clone(parts.outbound));
        let state = State::new(parts.limits, Arc::clone(parts.settings), hooks, log);
        let mut store = Store::new(engine.wasmtime(), state);
        store.set_hostcall_fuel(parts.limits.transfer);
        store.limiter(|state| state.meter());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(metering::on_tick);
        store.call_hook(|store, hook| {
            metering::on_call(store, hook);
            Ok(())
        });
        let started = timeout_at(deadline, exports.instantiate(&mut store)).await;
        let (component, guest) = started
            .map_err(|_| verdict::of_timeout())?
            .map_err(|e| verdict::of_trap(&e))?;
        Ok(Self {
            store,
            component,
            guest,
            seen,
            _slot: slot,
        })
    }

    /// Whether the optional interfaces have the contract's types; for the trial.
    pub(crate) fn check(&mut self, exports: &Exports) -> Result<(), LoadProblem> {
        exports.check(&mut self.store, &self.component)
    }

    pub(crate) async fn describe(&mut self, deadline: Instant) -> Result<wit::Manifest, Error> {
        let call = self.guest.call_describe(&mut self.store);
        self.seen.judge_call(timeout_at(deadline, call).await)
    }

    pub(crate) async fn generate(
        &mut self,
        request: &Request,
        model: &str,
        deadline: Instant,
    ) -> Result<Response, Error> {
        let lists = convert::Lists::new(request);
        let parts = lists.parts(request);
        let messages = convert::Lists::messages(request, &parts);
        let lent = convert::request(request, model, &lists, &messages);
        let call = self.guest.call_generate(&mut self.store, lent);
        let outcome = timeout_at(deadline, call).await;
        self.seen
            .judge_request(outcome, || convert::weight(request))
            .map(convert::response)
    }

    pub(crate) async fn stream(
        &mut self,
        request: &Request,
        model: &str,
        deadline: Instant,
    ) -> Result<ResourceAny, Error> {
        let lists = convert::Lists::new(request);
        let parts = lists.parts(request);
        let messages = convert::Lists::messages(request, &parts);
        let lent = convert::request(request, model, &lists, &messages);
        let call = self.guest.call_stream(&mut self.store, lent);
        let outcome = timeout_at(deadline, call).await;
        self.seen.judge_request(outcome, || convert::weight(request))
    }

    pub(crate) async fn next(&mut self, stream: ResourceAny, deadline: Instant) -> Result<Vec<Event>, Error> {
        let streams = self.guest.event_stream();
        let call = streams.call_next(&mut self.store, stream);
        let events = self.seen.judge(timeout_at(deadline, call).await)?;
        Ok(events.into_iter().map(convert::event).collect())
    }

    pub(crate) async fn capabilities(
        &mut self,
        model: Option<&str>,
        deadline: Instant,
    ) -> Result<wharf_types::Capabilities, Error> {
        let call = self.guest.call_capabilities(&mut self.store, model);
        self.seen
            .judge(timeout_at(deadline, call).await)
            .map(convert::capabilities)
    }

    pub(crate) async fn health_check(&mut self, deadline: Instant) -> Result<wharf_types::HealthStatus, Error> {
        let call = self.guest.call_health_check(&mut self.store);
        self.seen.judge(timeout_at(deadline, call).await).map(convert::health)
    }

    /// Tells the guest goodbye after a call that went well. What it does then is its own affair.
    pub(crate) async fn close(mut self, stream: Option<ResourceAny>, deadline: Instant) {
        let goodbye = async {
            if let Some(stream) = stream {
                stream.resource_drop_async(&mut self.store).await?;
            }
            self.guest.call_close(&mut self.store).await
        };
        match timeout_at(deadline.min(Instant::now() + CLOSE_TIMEOUT), goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %format!("{error:#}"), "a provider failed in `close`"),
            Err(_) => tracing::debug!("a provider did not return from `close`"),
        }
        let meter = self.store.data_mut().meter();
        tracing::trace!(cpu = ?meter.cpu(), memory = meter.memory(), "instance closed");
    }
}

type Timed<T> = Result<wasmtime::Result<T>, tokio::time::error::Elapsed>;

impl Seen {
    /// The outcome of a call that cannot fail by itself.
    fn judge_call<T>(&self, outcome: Timed<T>) -> Result<T, Error> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(trap)) => Err(verdict::of_trap(&trap)),
            Err(_) => Err(verdict::of_timeout()),
        }
    }

    /// The outcome of a call that has a whole request to carry.
    fn judge_request<T>(
        &self,
        outcome: Timed<Result<T, wit::Error>>,
        weight: impl FnOnce() -> usize,
    ) -> Result<T, Error> {
        match outcome {
            Ok(Err(trap)) if self.observed().status.is_none() => Err(verdict::of_trap_over(&trap, weight())),
            outcome => self.judge(outcome),
        }
    }

    /// The outcome of a call.
    fn judge<T>(&self, outcome: Timed<Result<T, wit::Error>>) -> Result<T, Error> {
        self.judge_call(outcome)?
            .map_err(|claimed| verdict::of_error(convert::error(claimed), self.observed()))
    }
}
