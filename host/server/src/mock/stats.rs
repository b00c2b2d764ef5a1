//! Counters of the emulator, and the guards that keep them right when a future or body is dropped half-way.
//!
//! Tests poll these to prove that a cancelled request reaches the upstream, so the guards count in `Drop`: that is
//! the only place a departed client is sure to pass. Atomics, because every connection counts and nobody needs the
//! six numbers to be of one instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What `GET /mock/stats` shows. Only requests to models count as requests: chats, embeddings, token counts, pulls.
#[derive(Debug, Default)]
pub(super) struct Stats {
    requests: AtomicU64,
    in_flight: AtomicU64,
    cancelled: AtomicU64,
    connections_open: AtomicU64,
    connections_total: AtomicU64,
    streams_open: AtomicU64,
}

impl Stats {
    /// The counters as the JSON object of `/mock/stats`.
    pub(super) fn to_json(&self) -> String {
        format!(
            concat!(
                r#"{{"requests":{},"in_flight":{},"cancelled":{},"connections_open":{},"#,
                r#""connections_total":{},"streams_open":{}}}"#
            ),
            self.requests.load(Relaxed),
            self.in_flight.load(Relaxed),
            self.cancelled.load(Relaxed),
            self.connections_open.load(Relaxed),
            self.connections_total.load(Relaxed),
            self.streams_open.load(Relaxed),
        )
    }

    /// Zeroes what only grows, and with it the request numbers; what is open now stays counted.
    pub(super) fn reset(&self) {
        self.requests.store(0, Relaxed);
        self.cancelled.store(0, Relaxed);
        self.connections_total.store(0, Relaxed);
    }
}

/// One request to a model, from its head to the last byte of its answer.
///
/// Dropped before `finish`, it counts as cancelled: hyper drops the handler or the body when the client leaves.
#[derive(Debug)]
pub(super) struct RequestGuard {
    stats: Arc<Stats>,
    number: u64,
    streaming: bool,
    finished: bool,
}

impl RequestGuard {
    /// Counts a request in and numbers it, from 1.
    pub(super) fn begin(stats: &Arc<Stats>) -> Self {
        let number = stats.requests.fetch_add(1, Relaxed) + 1;
        stats.in_flight.fetch_add(1, Relaxed);
        Self {
            stats: Arc::clone(stats),
            number,
            streaming: false,
            finished: false,
        }
    }

    /// The number of this request since the start or the last reset.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Counts the answer as an open stream until the guard is dropped.
    pub(super) fn begin_stream(&mut self) {
        if !self.streaming {
            self.streaming = true;
            self.stats.streams_open.fetch_add(1, Relaxed);
        }
    }

    /// The answer is complete, or broken on purpose: dropping the guard is no cancellation any more.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if !self.finished {
            self.stats.cancelled.fetch_add(1, Relaxed);
        }
        if self.streaming {
            self.stats.streams_open.fetch_sub(1, Relaxed);
        }
        self.stats.in_flight.fetch_sub(1, Relaxed);
    }
}

/// One accepted connection.
#[derive(Debug)]
pub(super) struct ConnectionGuard {
    stats: Arc<Stats>,
}

impl ConnectionGuard {
    /// Counts a connection in.
    pub(super) fn open(stats: &Arc<Stats>) -> Self {
        stats.connections_open.fetch_add(1, Relaxed);
        stats.connections_total.fetch_add(1, Relaxed);
        Self {
            stats: Arc::clone(stats),
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.stats.connections_open.fetch_sub(1, Relaxed);
    }
}
