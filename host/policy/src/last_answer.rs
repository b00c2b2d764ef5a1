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
mod tests {
    use std::sync::atomic::Ordering;

    use proptest::prelude::*;
    use wharf_types::{FinishReason, Message, Part, Role, Usage};

    use super::*;

    /// Room enough for a few answers of a thousand bytes.
    const SETTINGS: LastAnswerSettings = LastAnswerSettings {
        max_entries: 3,
        max_size: 20_000,
        max_age: Duration::from_secs(10),
    };
    /// How many keys of each form the property test uses.
    const KEYS: u64 = 12;

    fn request() -> Request {
        Request {
            model: "small".to_owned(),
            messages: vec![Message::text(Role::User, "hello")],
            temperature: Some(0.5),
            ..Request::default()
        }
    }

    fn reply(text: &str) -> Response {
        Response {
            id: None,
            model: None,
            parts: vec![Part::text(text)],
            finish: FinishReason::Stop,
            usage: Usage::default(),
            extra: None,
        }
    }

    fn key(number: u64) -> Fingerprint {
        Fingerprint(number, 0)
    }

    fn text(answers: &LastAnswers, key: Fingerprint, now: Instant) -> Option<String> {
        answers.whole(key, now).map(|(answer, _)| answer.text())
    }

    /// The list from its old end to its new one, and the same backwards.
    fn both_ways(answers: &LastAnswers) -> (Vec<Fingerprint>, Vec<Fingerprint>) {
        let entries = answers.lock();
        let forwards = std::iter::successors(entries.oldest, |key| entries.by_key[key].newer);
        let backwards = std::iter::successors(entries.newest, |key| entries.by_key[key].older);
        // Bounded, so that a ring fails instead of running for ever.
        (forwards.take(100).collect(), backwards.take(100).collect())
    }

    #[test]
    fn the_newest_answer_to_a_request_is_found_with_its_age() {
        let (answers, start) = (LastAnswers::new(SETTINGS), Instant::now());
        let key = answers.fingerprint(&request(), false);
        assert_eq!(answers.whole(key, start), None, "nothing was put in yet");
        answers.put_whole(key, &reply("first"), start);
        answers.put_whole(key, &reply("second"), start + Duration::from_secs(4));
        let (answer, age) = answers.whole(key, start + Duration::from_secs(11)).unwrap();
        assert_eq!(answer.text(), "second");
        assert_eq!(age, Duration::from_secs(7), "the age is that of the second");
        assert_eq!(both_ways(&answers).0, [key], "the first is gone");
    }

    #[test]
    fn whole_and_streamed_answers_are_kept_apart() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        let (whole, streamed) = (
            answers.fingerprint(&request(), false),
            answers.fingerprint(&request(), true),
        );
        assert_ne!(whole, streamed);
        let events = vec![Event::Text("streamed".to_owned()), Event::Finish(FinishReason::Stop)];
        answers.put_whole(whole, &reply("whole"), now);
        answers.put_stream(streamed, events.clone(), now);
        assert_eq!(text(&answers, whole, now).as_deref(), Some("whole"));
        let (found, _) = answers.stream(streamed, now).unwrap();
        assert_eq!(found.as_ref(), events.as_slice());
        assert_eq!(answers.stream(whole, now), None, "a whole answer is no stream");
        assert_eq!(answers.whole(streamed, now), None, "a stream is no whole answer");
    }

    #[test]
    fn a_request_that_differs_in_one_field_is_not_answered() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        answers.put_whole(answers.fingerprint(&request(), false), &reply("hello"), now);
        let changes: [fn(&mut Request); 4] = [
            |request| request.model.push('x'),
            |request| request.messages[0].parts[0] = Part::text("hello!"),
            |request| request.temperature = Some(0.25),
            |request| request.stop.push("\n".to_owned()),
        ];
        for change in changes {
            let mut other = request();
            change(&mut other);
            let key = answers.fingerprint(&other, false);
            assert_eq!(answers.whole(key, now), None, "this is another request: {other:?}");
        }
        let again = answers.fingerprint(&request(), false);
        assert_eq!(text(&answers, again, now).as_deref(), Some("hello"), "this is the same");
    }

    #[test]
    fn each_route_has_its_own_keys() {
        let (one, other) = (LastAnswers::new(SETTINGS), LastAnswers::new(SETTINGS));
        let (here, there) = (one.fingerprint(&request(), false), other.fingerprint(&request(), false));
        assert_ne!(here.0, there.0, "the first half must depend on a key");
        assert_ne!(here.1, there.1, "the second half must depend on a key");
        assert_ne!(here.0, here.1, "the halves must not say the same");
    }

    #[test]
    fn there_are_never_more_than_allowed_and_the_oldest_goes_first() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        for number in 0..3 {
            answers.put_whole(key(number), &reply("old"), now);
        }
        // Written anew, 0 is younger than 1.
        answers.put_whole(key(0), &reply("new"), now);
        answers.put_whole(key(3), &reply("new"), now);
        assert_eq!(text(&answers, key(1), now), None, "the oldest must make room");
        let (forwards, backwards) = both_ways(&answers);
        assert_eq!(forwards, [key(2), key(0), key(3)]);
        assert_eq!(backwards, [key(3), key(0), key(2)]);
    }

    #[test]
    fn answers_make_room_for_bytes() {
        let settings = LastAnswerSettings {
            max_entries: 100,
            ..SETTINGS
        };
        let (answers, now) = (LastAnswers::new(settings), Instant::now());
        let long = reply(&"x".repeat(4000));
        for number in 0..10 {
            answers.put_whole(key(number), &long, now);
        }
        let fit = settings.max_size / size_of_response(&long);
        assert_eq!(fit, 4, "the test needs room for some and not for all");
        let left: Vec<_> = (0..10)
            .filter(|&number| answers.whole(key(number), now).is_some())
            .collect();
        assert_eq!(left, [6, 7, 8, 9], "those written last stay, as many as fit");
        assert_eq!(answers.lock().size, fit * size_of_response(&long));
    }

    #[test]
    fn an_answer_in_the_place_of_another_counts_once() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        for length in 0..1000 {
            answers.put_whole(key(1), &reply(&"x".repeat(length)), now);
        }
        let last = reply(&"x".repeat(999));
        assert_eq!(answers.lock().size, size_of_response(&last));
        assert_eq!(both_ways(&answers), (vec![key(1)], vec![key(1)]));
    }

    #[test]
    fn what_is_too_old_is_not_given_and_takes_no_room() {
        let (answers, start) = (LastAnswers::new(SETTINGS), Instant::now());
        let late = start + SETTINGS.max_age;
        answers.put_whole(key(1), &reply("old"), start);
        answers.put_whole(key(2), &reply("new"), late);
        assert_eq!(
            text(&answers, key(1), late).as_deref(),
            Some("old"),
            "this is its last moment"
        );
        let later = late + Duration::from_millis(1);
        assert_eq!(text(&answers, key(1), later), None, "now it is too old");
        assert_eq!(both_ways(&answers).0, [key(2)], "and it is gone");
        answers.put_whole(key(3), &reply("newest"), later + SETTINGS.max_age);
        assert_eq!(
            both_ways(&answers).0,
            [key(3)],
            "a put takes out what is too old as well"
        );
    }

    #[test]
    fn too_old_is_not_given_when_the_times_come_out_of_order() {
        let (answers, start) = (LastAnswers::new(SETTINGS), Instant::now());
        answers.put_whole(key(1), &reply("written first"), start + Duration::from_secs(5));
        answers.put_whole(key(2), &reply("asked first"), start);
        let late = start + SETTINGS.max_age + Duration::from_secs(1);
        assert_eq!(
            text(&answers, key(2), late),
            None,
            "it is too old, though not the first in the list"
        );
        assert_eq!(text(&answers, key(1), late).as_deref(), Some("written first"));
    }

    #[test]
    fn an_answer_above_a_quarter_of_the_room_is_not_kept_and_pushes_nothing_out() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        answers.put_whole(key(1), &reply("small"), now);
        let large = "x".repeat(5000);
        answers.put_whole(key(1), &reply(&large), now);
        answers.put_whole(key(2), &reply(&large), now);
        answers.put_stream(key(3), vec![Event::Text(large)], now);
        answers.put_stream(key(4), Vec::new(), now);
        assert_eq!(
            text(&answers, key(1), now).as_deref(),
            Some("small"),
            "the earlier answer must remain"
        );
        assert_eq!(both_ways(&answers).0, [key(1)], "nothing else must be kept");
    }

    #[test]
    fn a_route_without_entries_keeps_nothing() {
        let answers = LastAnswers::new(LastAnswerSettings {
            max_entries: 0,
            ..SETTINGS
        });
        let now = Instant::now();
        answers.put_whole(key(1), &reply("hello"), now);
        assert_eq!(answers.whole(key(1), now), None);
        let mut recorder = answers.recorder();
        recorder.push(&[Event::Text("hello".to_owned())]);
        assert_eq!(recorder.finish(), None, "recording is of no use then");
    }

    #[test]
    fn what_a_recorder_gives_can_be_kept() {
        let (answers, now) = (LastAnswers::new(SETTINGS), Instant::now());
        let event = Event::Text("hello ".to_owned());
        let most = (SETTINGS.largest() / size_of_events(std::slice::from_ref(&event))) as usize;
        let mut recorder = answers.recorder();
        for _ in 0..most {
            recorder.push(std::slice::from_ref(&event));
        }
        let events = recorder.finish().unwrap();
        assert_eq!(events, vec![event; most], "all events, in their order");
        answers.put_stream(key(1), events, now);
        assert!(answers.stream(key(1), now).is_some(), "both must have the same limit");
    }

    #[test]
    fn recorders_of_running_streams_are_bounded_together() {
        let answers = LastAnswers::new(SETTINGS);
        let piece = [Event::Text("x".repeat(SETTINGS.max_size as usize / 5))];
        let mut recorders: Vec<Recorder> = (0..10).map(|_| answers.recorder()).collect();
        for recorder in &mut recorders {
            recorder.push(&piece);
        }
        let held = answers.recording.load(Ordering::Relaxed);
        assert!(held <= SETTINGS.max_size, "{held} bytes are held");
        let kept = recorders.into_iter().filter_map(Recorder::finish).count();
        assert!((1..10).contains(&kept), "{kept} were kept");
        assert_eq!(answers.recording.load(Ordering::Relaxed), 0, "all of it is given back");
    }

    #[test]
    fn a_recorder_lets_go_of_too_large_a_stream() {
        let mut recorder = LastAnswers::new(SETTINGS).recorder();
        recorder.push(&[Event::Text("hello".to_owned())]);
        recorder.push(&[Event::Text("x".repeat(5000))]);
        assert_eq!(recorder.events, None, "memory must not wait for the end of the stream");
        recorder.push(&[Event::Text("hello".to_owned())]);
        assert_eq!(recorder.finish(), None, "a piece of a stream is no answer");
    }

    #[test]
    fn a_stream_without_events_is_no_answer() {
        let mut recorder = LastAnswers::new(SETTINGS).recorder();
        recorder.push(&[]);
        assert_eq!(recorder.finish(), None);
    }

    /// The sizes of all answers there are under the keys of the property test.
    fn found(answers: &LastAnswers, now: Instant) -> HashMap<Fingerprint, u64> {
        let mut found = HashMap::new();
        for number in 0..KEYS {
            let (whole, streamed) = (Fingerprint(number, 0), Fingerprint(number, 1));
            if let Some((answer, _)) = answers.whole(whole, now) {
                found.insert(whole, size_of_response(&answer));
            }
            if let Some((events, _)) = answers.stream(streamed, now) {
                found.insert(streamed, size_of_events(&events));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_found_and_stays_within_the_bounds(
            steps in proptest::collection::vec((0..KEYS, any::<bool>(), 0usize..2000, 0u64..3000), 1..100),
            max_entries in 0usize..8,
            max_size in 0u64..20_000,
        ) {
            let settings = LastAnswerSettings { max_entries, max_size, max_age: Duration::from_secs(10) };
            let answers = LastAnswers::new(settings);
            let mut now = Instant::now();
            let mut put: HashMap<Fingerprint, (u64, Instant)> = HashMap::new();
            for (number, streamed, length, wait) in steps {
                now += Duration::from_millis(wait);
                let key = Fingerprint(number, u64::from(streamed));
                let size = if streamed {
                    let events = vec![Event::Text("x".repeat(length))];
                    let size = size_of_events(&events);
                    answers.put_stream(key, events, now);
                    size
                } else {
                    let answer = reply(&"x".repeat(length));
                    answers.put_whole(key, &answer, now);
                    size_of_response(&answer)
                };
                let found = found(&answers, now);
                if max_entries > 0 && size <= max_size / 4 {
                    put.insert(key, (size, now));
                    prop_assert!(found.contains_key(&key), "what was just put must be found");
                }
                for (key, size) in &found {
                    let (expected, written) = put[key];
                    prop_assert_eq!(*size, expected, "the answer must be the one put last");
                    prop_assert!(now.saturating_duration_since(written) <= settings.max_age, "it must be young enough");
                }
                let counted = answers.lock().size;
                prop_assert_eq!(found.values().sum::<u64>(), counted, "what is counted must be what is found");
                prop_assert!(counted <= max_size, "there must not be more bytes than allowed");
                prop_assert!(found.len() <= max_entries, "there must not be more answers than allowed");
                let (forwards, mut backwards) = both_ways(&answers);
                backwards.reverse();
                prop_assert_eq!(forwards.len(), found.len(), "the list must be as long as the map");
                prop_assert_eq!(forwards, backwards, "the links must agree");
            }
        }
    }
}
