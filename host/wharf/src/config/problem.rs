//! What a mistake in the configuration looks like when it is told to a person.
//!
//! Decides the shape of one problem (where, what is wrong, what to write instead) and of the whole report. It knows
//! nothing about YAML or about the settings themselves. Every stage adds to the same [`Report`], because a person who
//! fixes a file wants all mistakes at once, in the order of the file, not one per run.

use std::fmt;

use serde::Serialize;

use super::pointer::Place;

/// One mistake in a configuration file: where it is, what is wrong and what to write instead.
///
/// Also used for warnings. No field ever holds the text of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as the person named it.
    pub file: String,
    /// The setting, as in `ai_services.providers.openai.max_retries`; empty for a mistake in the file as a whole.
    pub path: String,
    /// Line of the setting, counted from 1; 0 when the file could not be read at all.
    pub line: usize,
    /// Column of the setting in characters, counted from 1; 0 when the file could not be read at all.
    pub column: usize,
    /// The value that was refused, where showing it is safe and useful.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

impl Problem {
    /// A mistake that concerns the file itself and not a line in it.
    pub(crate) fn about_file(file: &str, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            path: String::new(),
            line: 0,
            column: 0,
            value: None,
            problem: problem.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: ", self.file)?;
        } else {
            write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.problem)?;
        if !self.help.is_empty() {
            write!(f, "\n    help: {}", self.help)?;
        }
        Ok(())
    }
}

/// All mistakes found in one file, in the order of the file. Nothing of such a file is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Sorts the problems by their place in the file; problems of the same place keep their order.
    #[must_use]
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {noun}; nothing was loaded")
    }
}

impl std::error::Error for Problems {}

/// Where the stages of one load put what they find.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds a mistake: the file will not be loaded.
    pub(crate) fn problem(
        &mut self,
        place: &Place<'_>,
        value: Option<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = self.at(place, value, problem.into(), help.into());
        self.problems.push(problem);
    }

    /// Adds a warning: the file is loaded all the same.
    pub(crate) fn warning(&mut self, place: &Place<'_>, problem: impl Into<String>, help: impl Into<String>) {
        let warning = self.at(place, None, problem.into(), help.into());
        self.warnings.push(warning);
    }

    fn at(&self, place: &Place<'_>, value: Option<String>, problem: String, help: String) -> Problem {
        Problem {
            file: self.file.clone(),
            path: place.path.clone(),
            line: place.mark.line,
            column: place.mark.column,
            value,
            problem,
            help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize, path: &str) -> Problem {
        Problem {
            file: "wharf.yaml".to_owned(),
            path: path.to_owned(),
            line,
            column: 7,
            value: Some("99".to_owned()),
            problem: "99 is not allowed (0 to 10)".to_owned(),
            help: "write a whole number".to_owned(),
        }
    }

    #[test]
    fn problems_are_listed_in_file_order_with_a_count() {
        let text = Problems::new(vec![problem(12, "b"), problem(3, "a")]).to_string();
        assert_eq!(
            text,
            "wharf.yaml:3:7: a: 99 is not allowed (0 to 10)\n    help: write a whole number\n\
             wharf.yaml:12:7: b: 99 is not allowed (0 to 10)\n    help: write a whole number\n\
             2 problems; nothing was loaded"
        );
    }

    #[test]
    fn a_single_problem_is_counted_in_the_singular() {
        assert!(
            Problems::new(vec![problem(1, "a")])
                .to_string()
                .ends_with("1 problem; nothing was loaded")
        );
    }

    #[test]
    fn a_problem_of_the_whole_file_has_no_line() {
        let text = Problem::about_file("wharf.yaml", "cannot be read", "").to_string();
        assert_eq!(text, "wharf.yaml: cannot be read");
    }
}
