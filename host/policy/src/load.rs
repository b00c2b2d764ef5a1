//! How busy a target is and how fast it answers.
//!
//! When does a request complete? A stream keeps its upstream busy to the last byte, so it is in flight until its
//! end or its drop. How fast a target is shows in its first token, so that is what the average measures; for
//! answers that come whole it is the time to the answer, in an average of its own: the two differ by an order of
//! magnitude, and their mix would measure the traffic and not the target.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Weight of a new sample in the average; what agentgateway uses too.
const ALPHA: f64 = 0.3;
/// A target that is not asked is forgotten by half in this time. Otherwise one that was slow once would never be
/// picked, and so never be measured, again.
const HALF_LIFE: Duration = Duration::from_secs(30);
/// Samples that the percentile is taken of.
const RECENT: usize = 128;
/// Samples below which there is no percentile.
const ENOUGH: usize = 20;

/// Whether an answer comes in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// At once.
    Whole,
    /// In pieces.
    Streamed,
    /// At once, and it is only a number: the tokens that a request would cost.
    Counted,
}

impl Form {
    /// Whether how it went says something about the answers of a deployment. Vendors count tokens with other machines and
    /// other limits than they answer with, so a count tells neither breaker nor key.
    pub(crate) fn tells_of_answers(self) -> bool {
        match self {
            Self::Whole | Self::Streamed => true,
            Self::Counted => false,
        }
    }
}

/// An exponentially weighted moving average that fades while nothing is measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ewma(Option<(f64, Instant)>);

impl Ewma {
    /// Takes a sample in.
    pub fn observe(&mut self, sample: Duration, now: Instant) {
        let sample = sample.as_secs_f64();
        let value = self.0.map_or(sample, |(value, _)| value + ALPHA * (sample - value));
        self.0 = Some((value, now));
    }

    /// The average as it is shown.
    #[must_use]
    pub fn value(&self) -> Option<Duration> {
        self.0.map(|(value, _)| Duration::from_secs_f64(value))
    }

    /// The average as it is used in a pick, in seconds: fades towards zero while nothing is measured.
    #[must_use]
    pub fn faded(&self, now: Instant) -> Option<f64> {
        let (value, at) = self.0?;
        let idle = now.saturating_duration_since(at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        Some(value * (-idle).exp2())
    }
}

/// The last samples, for a percentile.
#[derive(Debug)]
struct Recent {
    samples: Vec<Duration>,
    next: usize,
}

impl Recent {
    fn push(&mut self, sample: Duration) {
        if self.samples.len() < RECENT {
            self.samples.push(sample);
        } else {
            self.samples[self.next] = sample;
            self.next = (self.next + 1) % RECENT;
        }
    }

    fn p95(&self) -> Option<Duration> {
        if self.samples.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.samples.clone();
        let at = sorted.len() * 95 / 100;
        Some(*sorted.select_nth_unstable(at).1)
    }
}

#[derive(Debug)]
struct Measured {
    average: Ewma,
    recent: Recent,
}

impl Measured {
    fn new() -> Mutex<Self> {
        Mutex::new(Self {
            average: Ewma::default(),
            recent: Recent {
                samples: Vec::new(),
                next: 0,
            },
        })
    }
}

/// What is measured of one target.
#[derive(Debug)]
pub struct Load {
    in_flight: AtomicU64,
    whole: Mutex<Measured>,
    streamed: Mutex<Measured>,
    counted: Mutex<Measured>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            in_flight: AtomicU64::new(0),
            whole: Measured::new(),
            streamed: Measured::new(),
            counted: Measured::new(),
        }
    }
}

impl Load {
    /// Attempts running.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The average of this form, as it is used in a pick.
    #[must_use]
    pub fn latency(&self, form: Form, now: Instant) -> Option<f64> {
        self.measured(form).average.faded(now)
    }

    /// The average of this form, as it is shown.
    #[must_use]
    pub fn average(&self, form: Form) -> Option<Duration> {
        self.measured(form).average.value()
    }

    /// The time in which 95 of 100 recent answers of this form began; none before there are some.
    #[must_use]
    pub fn p95(&self, form: Form) -> Option<Duration> {
        self.measured(form).recent.p95()
    }

    /// An answer began after so long.
    pub(crate) fn observe(&self, form: Form, took: Duration, now: Instant) {
        let mut measured = self.measured(form);
        measured.average.observe(took, now);
        measured.recent.push(took);
    }

    /// None began in all this time. That says how slow the target is at least, so it is news only where it was
    /// thought to be faster.
    pub(crate) fn gave_up(&self, form: Form, after: Duration, now: Instant) {
        let mut measured = self.measured(form);
        let thought = measured.average.faded(now);
        if thought.is_none_or(|thought| after.as_secs_f64() > thought) {
            measured.average.observe(after, now);
        }
    }

    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Held for an addition, and for a selection among 128 numbers where a route hedges.
    fn measured(&self, form: Form) -> MutexGuard<'_, Measured> {
        let measured = match form {
            Form::Whole => &self.whole,
            Form::Streamed => &self.streamed,
            Form::Counted => &self.counted,
        };
        measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_target_is_given_another_chance_after_a_while() {
        let now = Instant::now();
        let mut average = Ewma::default();
        average.observe(Duration::from_secs(8), now);
        assert_eq!(average.faded(now), Some(8.0));
        assert_eq!(average.faded(now + HALF_LIFE * 3), Some(1.0));
        assert_eq!(
            average.value(),
            Some(Duration::from_secs(8)),
            "what is shown does not fade"
        );
    }

    #[test]
    fn the_average_follows_what_is_measured() {
        let now = Instant::now();
        let mut average = Ewma::default();
        for _ in 0..30 {
            average.observe(Duration::from_millis(200), now);
        }
        average.observe(Duration::from_millis(1200), now);
        assert_eq!(average.value().map(|v| v.as_millis()), Some(500));
    }

    #[test]
    fn a_wait_that_was_given_up_makes_a_target_slower_but_never_faster() {
        let (load, now) = (Load::default(), Instant::now());
        load.observe(Form::Whole, Duration::from_millis(200), now);
        load.gave_up(Form::Whole, Duration::from_millis(10), now);
        assert_eq!(load.average(Form::Whole), Some(Duration::from_millis(200)));
        load.gave_up(Form::Whole, Duration::from_millis(1200), now);
        assert_eq!(load.average(Form::Whole).map(|v| v.as_millis()), Some(500));
    }

    #[test]
    fn the_percentile_is_of_the_recent_past_and_of_its_own_form() {
        let (load, now) = (Load::default(), Instant::now());
        assert_eq!(load.p95(Form::Streamed), None);
        for n in 0..1000 {
            load.observe(Form::Streamed, Duration::from_millis(n), now);
        }
        let p95 = load.p95(Form::Streamed).unwrap().as_millis();
        assert!((985..1000).contains(&p95), "of 872 to 999, not {p95}");
        assert_eq!(load.p95(Form::Whole), None);
    }
}
