//! What the policies are worth: the availability that the project promises, with deployments that do not keep it.
//!
//! The tables of `docs/availability.md` are computed here. `simulation` says what a run is; this file says which
//! runs are made and what must come out.

mod simulation;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use simulation::{ALL, NO_RETRY, ONE_MINUTE, RETRY, RETRY_AND_BREAKER, Row, Scenario, TEN_MINUTES, run, table};
use wharf_policy::Form;

/// The seed of the tables.
const SEED: u64 = 1;
/// Others, for which the promise has to hold too.
const SEEDS: [u64; 5] = [2, 3, 4, 5, 6];
/// Both ways to ask.
const FORMS: [(&str, Form); 2] = [("Whole answers", Form::Whole), ("Streamed answers", Form::Streamed)];

/// The promise: requests that are answered, in percent.
const AVAILABILITY: f64 = 99.5;
/// The promise: how long an answer takes on average, less than this.
const MEAN: Duration = Duration::from_secs(3);
/// What that may cost: attempts for each request.
const AMPLIFICATION: f64 = 1.25;

/// What stands around the tables in the document.
const BEGIN: &str = "<!-- The tables: written by `UPDATE_EXPECT=1 just sim` -->";
const END: &str = "<!-- The end of the tables -->";

/// A row for each set of policies, from none to all.
fn rows(scenario: &Scenario, form: Form) -> [Row; 4] {
    [NO_RETRY, RETRY, RETRY_AND_BREAKER, ALL].map(|policies| run(scenario, &policies, form, SEED))
}

/// The rows of both tables. Several tests look at them; they are computed once.
static TABLES: LazyLock<[[Row; 4]; 2]> = LazyLock::new(|| FORMS.map(|(_, form)| rows(&TEN_MINUTES, form)));

/// Both tables with their headings.
fn text() -> String {
    let sections = FORMS.iter().zip(TABLES.iter());
    let sections = sections.map(|((heading, _), rows)| format!("### {heading}\n\n{}", table(rows)));
    sections.collect::<Vec<_>>().join("\n")
}

fn keeps_the_promise(row: &Row, which: &str) {
    let (succeeded, mean, amplification) = (row.succeeded(), row.mean(), row.amplification());
    assert!(
        succeeded >= AVAILABILITY,
        "{which}: {AVAILABILITY} % of all requests must be answered, not {succeeded:.2} %"
    );
    assert!(
        mean < MEAN,
        "{which}: an answer must take less than {MEAN:?} on average, not {mean:?}"
    );
    assert!(
        amplification <= AMPLIFICATION,
        "{which}: a request must not cost more than {AMPLIFICATION} attempts, {amplification:.3} were made"
    );
}

#[test]
fn all_policies_together_keep_the_promise() {
    for ((heading, _), [.., all]) in FORMS.iter().zip(TABLES.iter()) {
        keeps_the_promise(all, heading);
    }
}

#[test]
fn the_promise_is_not_kept_by_chance() {
    for (heading, form) in FORMS {
        let rows = SEEDS.map(|seed| run(&TEN_MINUTES, &ALL, form, seed));
        println!("\n{heading}, seeds {SEEDS:?}\n\n{}", table(&rows));
        for (seed, row) in SEEDS.iter().zip(&rows) {
            keeps_the_promise(row, &format!("{heading}, seed {seed}"));
        }
    }
}

#[test]
fn each_policy_adds_to_the_availability() {
    for ((heading, _), [none, retry, breaker, _]) in FORMS.iter().zip(TABLES.iter()) {
        assert!(
            none.succeeded() < retry.succeeded(),
            "{heading}: with retries more must be answered"
        );
        // The rows draw different failures: a tenth of a point is chance.
        assert!(
            retry.succeeded() <= breaker.succeeded() + 0.1,
            "{heading}: a breaker must not cost answers"
        );
        assert_eq!(
            (none.trips, retry.trips),
            (0, 0),
            "{heading}: without a breaker nothing trips"
        );
        assert!(
            breaker.trips > 0,
            "{heading}: a deployment that is gone must trip its breaker"
        );
    }
}

#[test]
fn the_same_run_twice_gives_the_same_table() {
    for (heading, form) in FORMS {
        let (first, second) = (rows(&ONE_MINUTE, form), rows(&ONE_MINUTE, form));
        assert_eq!(
            first, second,
            "{heading}: nothing may depend on the machine or the moment"
        );
        assert_eq!(table(&first), table(&second));
    }
}

#[test]
fn the_document_shows_these_tables() {
    let tables = text();
    println!("\n{tables}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/availability.md");
    let read = || fs::read_to_string(&path).expect("docs/availability.md must be readable");
    let expected = with_tables(&read(), &tables);
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(&path, &expected).expect("docs/availability.md must be writable");
    }
    let written = read();
    // Not `assert_eq`: two whole documents would say less than the first line that differs.
    let differs = written.lines().zip(expected.lines()).find(|(old, new)| old != new);
    let (old, new) = differs.unwrap_or_default();
    assert!(
        written == expected,
        "docs/availability.md must show what the simulation gives: run `UPDATE_EXPECT=1 just sim`. \
         It says\n{old}\nand has to say\n{new}"
    );
}

/// The document with these tables between its two comments.
fn with_tables(document: &str, tables: &str) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("a comment stands before the tables");
    let (_, after) = rest.split_once(END).expect("a comment stands after the tables");
    format!("{before}{BEGIN}\n\n{tables}\n{END}{after}")
}
