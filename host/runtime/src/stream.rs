//! Answers of a guest that come in steps: a streamed answer, and the progress of a pull.

use tokio::time::Instant;
use wasmtime::component::ResourceAny;
use wharf_types::{Error, Event, PullProgress};

use crate::bindings::exports::wharf::provider::models;
use crate::instance::Instance;
use crate::verdict;

/// What every answer in steps has: the instance, until the end, an error, or the drop, whichever is first.
struct Steps {
    running: Option<(Instance, ResourceAny)>,
    deadline: Instant,
}

impl Steps {
    fn new(instance: Instance, stream: ResourceAny, deadline: Instant) -> Self {
        Self {
            running: Some((instance, stream)),
            deadline,
        }
    }

    /// Takes the instance out for one step; none after the end. Whoever has it puts it back with
    /// [`Steps::stepped`], or drops it and so ends the call.
    fn step(&mut self) -> Result<Option<(Instance, ResourceAny)>, Error> {
        let Some(running) = self.running.take() else {
            return Ok(None);
        };
        // A guest that always has something at hand never waits, so no timer would be looked at.
        if Instant::now() >= self.deadline {
            return Err(verdict::of_timeout());
        }
        Ok(Some(running))
    }

    /// After a step that went well: goes on, or says goodbye when nothing came.
    async fn stepped(&mut self, instance: Instance, stream: ResourceAny, ended: bool) {
        if ended {
            instance.close(Some(stream), self.deadline).await;
        } else {
            self.running = Some((instance, stream));
        }
    }

    fn debug(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(name)
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

/// A streamed answer. Holds the instance until its end, an error, or its drop, whichever is first.
pub struct EventStream {
    steps: Steps,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.steps.debug("EventStream", f)
    }
}

impl EventStream {
    pub(crate) fn new(instance: Instance, stream: ResourceAny, deadline: Instant) -> Self {
        Self {
            steps: Steps::new(instance, stream, deadline),
        }
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.steps.deadline
    }

    /// The next events, at least one; empty at the regular end and ever after. Not to be called again after
    /// an error. Dropping the future loses the stream: the guest is in the middle of something.
    ///
    /// # Errors
    /// When the vendor, the network, the guest, a limit or the deadline ends the stream.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        let Some((mut instance, stream)) = self.steps.step()? else {
            return Ok(Vec::new());
        };
        let events = instance.next(stream, self.steps.deadline).await?;
        self.steps.stepped(instance, stream, events.is_empty()).await;
        Ok(events)
    }
}

/// A running pull. Holds the instance as [`EventStream`] does; dropping it lets the vendor stop.
pub struct PullStream {
    steps: Steps,
    guest: models::Guest,
}

impl std::fmt::Debug for PullStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.steps.debug("PullStream", f)
    }
}

impl PullStream {
    pub(crate) fn new(instance: Instance, guest: models::Guest, pull: ResourceAny, deadline: Instant) -> Self {
        Self {
            steps: Steps::new(instance, pull, deadline),
            guest,
        }
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.steps.deadline
    }

    /// The next steps, at least one; empty at the regular end and ever after. Otherwise as [`EventStream::next`].
    ///
    /// # Errors
    /// When the vendor, the network, the guest, a limit or the deadline ends the pull.
    pub async fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        let Some((mut instance, pull)) = self.steps.step()? else {
            return Ok(Vec::new());
        };
        let deadline = self.steps.deadline;
        let progress = instance.next_progress(&self.guest, pull, deadline).await?;
        self.steps.stepped(instance, pull, progress.is_empty()).await;
        Ok(progress)
    }
}
