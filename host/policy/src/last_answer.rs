//! The last good answer to each request of a route, for the time when no deployment of it answers any more.
//!
//! This file decides what is kept and for how long: no more than so many answers, so many bytes, and nothing that is
//! too old. It does not know whether an answer is good; the caller puts in only what came to its proper end. A route
//! has its own answers, and nobody else's are given on it. Who asked is no part of a request here: the same request
//! gets the same answer, whoever sends it.
//!
//! A request is remembered by a fingerprint alone. The conversations of clients, which can be much larger than the
//! answers, are therefore not held in memory. The price is that two requests with one fingerprint would share an
//! answer, so the fingerprint has 128 bits and depends on keys that are drawn at random in this process and never
//! leave it. By chance, that does not happen; and nobody who does not know the keys can construct such a pair, as they
//! could for a plain checksum, to be shown another's answer or to have theirs shown.
//!
//! The answers form a list from the one written first to the one written last, with its links in the map's entries.
//! A put and a look each take a constant number of steps, shared out over those that were put in and have to go. The
//! list is exactly as long as the map, and putting the same key again and again leaves nothing behind.

mod recorder;
mod size;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{Event, Request, Response};

pub use recorder::Recorder;
use size::{size_of_events, size_of_response};

/// One answer may take this part of all room. A single long answer does not push out all others.
const LARGEST_SHARE: u64 = 4;

/// How much of the past a route keeps. The defaults, and where they come from, are in the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastAnswerSettings {
    /// The most answers. With 0 none is kept.
    pub max_entries: usize,
    /// The most bytes of all answers together, roughly. An answer larger than a quarter of it is not kept. Streams
    /// need more than whole answers: some hundred bytes for each event, however short its text.
    pub max_size: u64,
    /// The age up to which an answer is given.
    pub max_age: Duration,
}

impl LastAnswerSettings {
    /// The most bytes of one answer.
    fn largest(&self) -> u64 {
        if self.max_entries == 0 {
            0
        } else {
            self.max_size / LARGEST_SHARE
        }
    }

    /// Whether an answer of so many bytes has a place. Only a stream without events has no bytes, and that is none.
    fn may_keep(&self, size: u64) -> bool {
        (1..=self.largest()).contains(&size)
    }
}

/// A 128-bit keyed fingerprint of a request; whole and streamed answers have different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64, u64);

/// The last good answers of a route, by request. Bounded in number, bytes and age.
pub struct LastAnswers {
    settings: LastAnswerSettings,
    hashers: [RandomState; 2],
    /// Bytes that recorders of running streams hold, all together.
    recording: Arc<AtomicU64>,
    /// Held for a look or a put, which do not wait, copy an answer or free one.
    entries: Mutex<Entries>,
}

/// Without the answers: they are the words of clients and models, and no business of a log.
impl fmt::Debug for LastAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("LastAnswers");
        shown.field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl LastAnswers {
    /// An empty one.
    #[must_use]
    pub fn new(settings: LastAnswerSettings) -> Self {
        Self {
            settings,
            hashers: [RandomState::new(), RandomState::new()],
            recording: Arc::default(),
            entries: Mutex::default(),
        }
    }

    /// The key of a request as the client sent it, before a deployment's model name is put in. It holds for these
    /// answers alone; others have other keys.
    #[must_use]
    pub fn fingerprint(&self, request: &Request, streamed: bool) -> Fingerprint {
        let [first, second] = &self.hashers;
        // The keys of two hashers made one after the other are neighbours. They hash different texts too, so that
        // nothing rests on what neighbouring keys do to one text.
        Fingerprint(
            first.hash_one((1u8, streamed, request)),
            second.hash_one((2u8, streamed, request)),
        )
    }

    /// Keeps a whole answer in the place of an earlier one to the same request. One that is too large is not kept,
    /// and the earlier one remains.
    pub fn put_whole(&self, key: Fingerprint, answer: &Response, now: Instant) {
        let size = size_of_response(answer);
        if self.settings.may_keep(size) {
            self.put(key, Answer::Whole(Arc::new(answer.clone())), size, now);
        }
    }

    /// Keeps all events of a stream in the place of an earlier one to the same request. One that is too large or has
    /// no events is not kept, and the earlier one remains.
    pub fn put_stream(&self, key: Fingerprint, events: Vec<Event>, now: Instant) {
        let size = size_of_events(&events);
        if self.settings.may_keep(size) {
            self.put(key, Answer::Stream(events.into()), size, now);
        }
    }

    /// The whole answer put last under this key, and its age, which is `max_age` at most.
    #[must_use]
    pub fn whole(&self, key: Fingerprint, now: Instant) -> Option<(Arc<Response>, Duration)> {
        match self.get(key, now)? {
            (Answer::Whole(answer), age) => Some((answer, age)),
            (Answer::Stream(_), _) => None,
        }
    }

    /// The events of the stream put last under this key, and its age, which is `max_age` at most.
    #[must_use]
    pub fn stream(&self, key: Fingerprint, now: Instant) -> Option<(Arc<[Event]>, Duration)> {
        match self.get(key, now)? {
            (Answer::Stream(events), age) => Some((events, age)),
            (Answer::Whole(_), _) => None,
        }
    }

    /// A recorder for one stream, with the limit that [`Self::put_stream`] has.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder {
            events: Some(Vec::new()),
            size: 0,
            limit: self.settings.largest(),
            all: Arc::clone(&self.recording),
            limit_of_all: self.settings.max_size,
        }
    }

    /// Puts in an answer that may be kept.
    fn put(&self, key: Fingerprint, answer: Answer, size: u64, now: Instant) {
        // Before the guard, hence dropped after it: freeing megabytes of text is not done under the lock.
        let mut gone = Vec::new();
        let mut entries = self.lock();
        gone.extend(entries.remove(key));
        entries.remove_older(self.settings.max_age, now, &mut gone);
        let most = self.settings.max_size.saturating_sub(size);
        while entries.by_key.len() >= self.settings.max_entries || entries.size > most {
            let Some(oldest) = entries.oldest else { break };
            gone.extend(entries.remove(oldest));
        }
        entries.append(key, answer, size, now);
    }

    fn get(&self, key: Fingerprint, now: Instant) -> Option<(Answer, Duration)> {
        let mut gone = Vec::new();
        let mut entries = self.lock();
        entries.remove_older(self.settings.max_age, now, &mut gone);
        let entry = entries.by_key.get(&key)?;
        // Threads come with times that are a little out of order, so one that is too old may be left in the list.
        let age = entry.age(now);
        (age <= self.settings.max_age).then(|| (entry.answer.clone(), age))
    }

    /// Nothing under the lock panics halfway, so the links are whole after a panic too.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, shared with those who are giving it to a client.
#[derive(Clone)]
enum Answer {
    Whole(Arc<Response>),
    Stream(Arc<[Event]>),
}

/// An answer in the list.
struct Entry {
    answer: Answer,
    size: u64,
    written: Instant,
    /// The one written before it.
    older: Option<Fingerprint>,
    /// The one written after it.
    newer: Option<Fingerprint>,
}

impl Entry {
    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.written)
    }
}

/// The answers, in the order of their writing.
#[derive(Default)]
struct Entries {
    by_key: HashMap<Fingerprint, Entry>,
    oldest: Option<Fingerprint>,
    newest: Option<Fingerprint>,
    /// The sum of all sizes, in bytes.
    size: u64,
}

impl Entries {
    /// Adds a key that is not there, as the newest.
    fn append(&mut self, key: Fingerprint, answer: Answer, size: u64, now: Instant) {
        let older = self.newest.replace(key);
        match older.and_then(|older| self.by_key.get_mut(&older)) {
            Some(entry) => entry.newer = Some(key),
            None => self.oldest = Some(key),
        }
        let entry = Entry {
            answer,
            size,
            written: now,
            older,
            newer: None,
        };
        self.by_key.insert(key, entry);
        self.size += size;
    }

    /// Takes out a key and joins its neighbours.
    fn remove(&mut self, key: Fingerprint) -> Option<Answer> {
        let entry = self.by_key.remove(&key)?;
        match entry.older.and_then(|older| self.by_key.get_mut(&older)) {
            Some(older) => older.newer = entry.newer,
            None => self.oldest = entry.newer,
        }
        match entry.newer.and_then(|newer| self.by_key.get_mut(&newer)) {
            Some(newer) => newer.older = entry.older,
            None => self.newest = entry.older,
        }
        self.size -= entry.size;
        Some(entry.answer)
    }

    /// Takes out those at the old end that are above an age.
    fn remove_older(&mut self, age: Duration, now: Instant, gone: &mut Vec<Answer>) {
        while let Some(oldest) = self.oldest
            && self.by_key.get(&oldest).is_some_and(|entry| entry.age(now) > age)
        {
            gone.extend(self.remove(oldest));
        }
    }
}

#[cfg(test)]
#[path = "last_answer_tests.rs"]
mod tests;
