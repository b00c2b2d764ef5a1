//! What is kept of a stream while it runs, in case it turns out to be a good answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wharf_types::Event;

use super::size::size_of_events;

/// Collects the events of a running stream up to a limit; too large a stream is not kept.
///
/// While streams run, their recorders hold events outside of what [`LastAnswers`](super::LastAnswers) counts: each as much as one answer
/// may take, and all of a route together as much as all answers may. One that would exceed that lets go of everything.
pub struct Recorder {
    /// `None` once there were too many.
    pub(super) events: Option<Vec<Event>>,
    pub(super) size: u64,
    pub(super) limit: u64,
    /// What all recorders of the route hold.
    pub(super) all: Arc<AtomicU64>,
    pub(super) limit_of_all: u64,
}

impl Recorder {
    /// Adds events in the order in which they came.
    pub fn push(&mut self, events: &[Event]) {
        let Some(kept) = &mut self.events else { return };
        let more = size_of_events(events);
        self.size = self.size.saturating_add(more);
        let all = self.all.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if self.size > self.limit || all > self.limit_of_all {
            self.let_go();
        } else {
            kept.extend_from_slice(events);
        }
    }

    /// All events, for a stream that came to its proper end; `None` when they were too large or there were none.
    #[must_use]
    pub fn finish(mut self) -> Option<Vec<Event>> {
        let events = self.events.take();
        self.let_go();
        events.filter(|events| !events.is_empty())
    }

    fn let_go(&mut self) {
        self.events = None;
        self.all.fetch_sub(std::mem::take(&mut self.size), Ordering::Relaxed);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.let_go();
    }
}
