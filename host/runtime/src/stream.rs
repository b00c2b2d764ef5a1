//! A streamed answer of a guest.

use tokio::time::Instant;
use wasmtime::component::ResourceAny;
use wharf_types::{Error, Event};

use crate::instance::Instance;
use crate::verdict;

/// A streamed answer. Holds the instance until its end, an error, or its drop, whichever is first.
pub struct EventStream {
    running: Option<(Instance, ResourceAny)>,
    deadline: Instant,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream")
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

impl EventStream {
    pub(crate) fn new(instance: Instance, stream: ResourceAny, deadline: Instant) -> Self {
        Self {
            running: Some((instance, stream)),
            deadline,
        }
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The next events, at least one; empty at the regular end and ever after. Not to be called again after
    /// an error. Dropping the future loses the stream: the guest is in the middle of something.
    ///
    /// # Errors
    /// When the vendor, the network, the guest, a limit or the deadline ends the stream.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        let Some((mut instance, stream)) = self.running.take() else {
            return Ok(Vec::new());
        };
        // A guest that always has something at hand never waits, so no timer would be looked at.
        if Instant::now() >= self.deadline {
            return Err(verdict::of_timeout());
        }
        let events = instance.next(stream, self.deadline).await?;
        if events.is_empty() {
            instance.close(Some(stream), self.deadline).await;
        } else {
            self.running = Some((instance, stream));
        }
        Ok(events)
    }
}
