//! Ready-made streams.

use crate::{Error, Event, EventStream};

/// A stream whose events are all known at the start.
#[derive(Debug)]
pub struct Once(Vec<Event>);

impl Once {
    /// A stream of these events.
    #[must_use]
    pub fn new(events: Vec<Event>) -> Self {
        Self(events)
    }
}

impl EventStream for Once {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        Ok(std::mem::take(&mut self.0))
    }
}
