//! What is left to chance in the simulation: when requests come, and how long an answer takes.
//!
//! Additions, multiplications and a table, but no logarithm: those of two machines may differ in the last digit, and
//! one digit is enough to send a request elsewhere. The tables in `docs/availability.md` have to come out the same
//! everywhere.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// Requests that come in a second, on average.
pub(crate) const PER_SECOND: u32 = 20;
/// e to the power of minus [`PER_SECOND`].
const NONE_IN_A_SECOND: f64 = 2.061_153_622_44e-9;

/// The share of answers that take less than so many seconds: a lognormal distribution with the median 0.8 s and the
/// deviation 0.6, between these points straight lines.
const ANSWERS: [(f64, f64); 11] = [
    (0.0, 0.1),
    (0.01, 0.198),
    (0.1, 0.371),
    (0.25, 0.534),
    (0.5, 0.8),
    (0.75, 1.199),
    (0.9, 1.726),
    (0.95, 2.147),
    (0.99, 3.231),
    (0.999, 5.11),
    (1.0, 8.0),
];

/// A generator of its own for somebody, so that what others draw does not change what it draws.
pub(crate) fn fork(rng: &mut SmallRng) -> SmallRng {
    SmallRng::seed_from_u64(rng.random())
}

/// When requests come, from the beginning on and in order: a Poisson process.
pub(crate) fn arrivals(lasts: Duration, rng: &mut SmallRng) -> Vec<Duration> {
    let mut all = Vec::new();
    for second in 0..lasts.as_secs() {
        for _ in 0..in_a_second(rng) {
            all.push(Duration::from_secs(second) + Duration::from_secs_f64(rng.random()));
        }
    }
    all.sort_unstable();
    all
}

/// How many come in one second: Knuth's way to draw from a Poisson distribution.
fn in_a_second(rng: &mut SmallRng) -> u32 {
    let mut count = 0;
    let mut none_since = 1.0_f64;
    loop {
        none_since *= rng.random::<f64>();
        if none_since <= NONE_IN_A_SECOND {
            return count;
        }
        count += 1;
    }
}

/// How long a healthy deployment takes to answer.
pub(crate) fn answer_time(rng: &mut SmallRng) -> Duration {
    let share: f64 = rng.random();
    let above = ANSWERS
        .iter()
        .position(|(below, _)| share < *below)
        .expect("a share is below 1");
    let ((from, short), (to, long)) = (ANSWERS[above - 1], ANSWERS[above]);
    Duration::from_secs_f64(short + (long - short) * (share - from) / (to - from))
}

#[test]
fn the_load_is_what_the_document_says() {
    let mut rng = SmallRng::seed_from_u64(7);
    let lasts = Duration::from_secs(1000);
    let arrivals = arrivals(lasts, &mut rng);
    let due = u64::from(PER_SECOND) * lasts.as_secs();
    // Five times the deviation of a Poisson distribution around 20 000.
    assert!(
        arrivals.len().abs_diff(due as usize) < 700,
        "{} requests, {due} are due",
        arrivals.len()
    );
    assert!(arrivals.is_sorted(), "requests must come in order");
    assert!(
        arrivals.iter().all(|at| *at < lasts),
        "requests must come before the end"
    );

    let mut answers: Vec<Duration> = (0..10_000).map(|_| answer_time(&mut rng)).collect();
    answers.sort_unstable();
    let millis = |at: usize| answers[at].as_millis();
    assert!(
        (770..830).contains(&millis(5_000)),
        "the median is 0.8 s, not {} ms",
        millis(5_000)
    );
    assert!(
        (1_900..2_500).contains(&millis(9_500)),
        "95 of 100 take up to 2.1 s, not {} ms",
        millis(9_500)
    );
}
