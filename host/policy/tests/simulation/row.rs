//! A run in numbers, and runs as a table that is at once Markdown and fit for a terminal.

use std::time::Duration;

/// The columns. Times are those of requests that were answered.
const HEAD: [&str; 11] = [
    "policies",
    "requests",
    "succeeded",
    "failed",
    "mean",
    "p50",
    "p95",
    "p99",
    "upstream requests",
    "per request",
    "breaker trips",
];

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    name: &'static str,
    requests: u64,
    answered: u64,
    mean: Duration,
    /// The time within which 50, 95 and 99 of 100 were answered.
    percentiles: [Duration; 3],
    upstream: u64,
    /// How often breakers opened.
    pub(crate) trips: u64,
}

impl Row {
    /// Of requests that were answered after so long, or failed.
    pub(crate) fn new(name: &'static str, requests: &[Option<Duration>], upstream: u64, trips: u64) -> Self {
        let mut took: Vec<Duration> = requests.iter().flatten().copied().collect();
        took.sort_unstable();
        let answered = u32::try_from(took.len()).expect("a run has some thousand requests");
        assert!(answered > 0, "{name}: somebody must be answered");
        let percentile = |share: usize| took[(took.len() * share).div_ceil(100) - 1];
        Self {
            name,
            requests: requests.len() as u64,
            answered: u64::from(answered),
            mean: took.iter().sum::<Duration>() / answered,
            percentiles: [50, 95, 99].map(percentile),
            upstream,
            trips,
        }
    }

    /// Requests that were answered, in percent.
    pub(crate) fn succeeded(&self) -> f64 {
        100.0 * self.answered as f64 / self.requests as f64
    }

    /// How long an answer took on average.
    pub(crate) fn mean(&self) -> Duration {
        self.mean
    }

    /// Attempts that reached a deployment, for each request.
    pub(crate) fn amplification(&self) -> f64 {
        self.upstream as f64 / self.requests as f64
    }

    fn cells(&self) -> [String; 11] {
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let [p50, p95, p99] = self.percentiles.map(seconds);
        [
            self.name.to_owned(),
            self.requests.to_string(),
            format!("{:.2} %", self.succeeded()),
            (self.requests - self.answered).to_string(),
            seconds(self.mean),
            p50,
            p95,
            p99,
            self.upstream.to_string(),
            format!("{:.3}", self.amplification()),
            self.trips.to_string(),
        ]
    }
}

/// The table, a line for each row.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = HEAD.map(str::to_owned);
    let lines: Vec<[String; 11]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: [usize; 11] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            // Names stand on the left, numbers on the right.
            let cell = if column == 0 {
                format!("| {cell:<width$} ")
            } else {
                format!("| {cell:>width$} ")
            };
            text.push_str(&cell);
        }
        text.push_str("|\n");
        if at == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                let side = if column == 0 { '-' } else { ':' };
                text.push_str(&format!("|{}{side}", "-".repeat(width + 1)));
            }
            text.push_str("|\n");
        }
    }
    text
}
