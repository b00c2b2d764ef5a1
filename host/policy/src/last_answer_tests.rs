//! What is kept, for how long, and what goes first.

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
