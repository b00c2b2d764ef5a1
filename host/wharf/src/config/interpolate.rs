//! `${NAME}`, `${NAME:-default}`, `${file:/path}`: values a configuration takes from outside.
//!
//! Decides the forms and what happens when a value is missing: a problem that names the variable, never an empty
//! string. A replaced text is not looked at again, so a value cannot refer to further values. A plain scalar gets its
//! type after replacement (`max_retries: ${RETRIES}` is a number), a quoted one stays text. Keys are never replaced.
//! Settings that hold secrets are left alone here; `credentials` resolves those with the same [`Expander`].

use std::path::Path;

use super::credentials;
use super::document::{Kind, Node};
use super::env::{Env, MAX_FILE};
use super::pointer::{Pointer, Tainted, locate};
use super::problem::Report;

/// The most text all replacements of one file may produce, in bytes: 8 MiB, so that a file of 1 MiB that names a large
/// file over and over cannot fill the memory.
const MAX_PRODUCED: usize = 8 << 20;

/// Replaces references in a text.
pub(crate) struct Expander<'a> {
    env: &'a dyn Env,
    base: &'a Path,
    produced: usize,
}

/// A text after replacement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// Whether any of it came from outside.
    pub(crate) substituted: bool,
}

/// Why a reference could not be replaced. Holds no text that came from outside, and none of the scalar but names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The variable, when the reason is that it is not set.
    pub(crate) variable: Option<String>,
    pub(crate) problem: String,
    pub(crate) help: String,
}

impl Failure {
    fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            variable: None,
            problem: problem.into(),
            help: help.into(),
        }
    }
}

impl<'a> Expander<'a> {
    /// `base` is the directory that relative paths of `${file:…}` start from.
    pub(crate) fn new(env: &'a dyn Env, base: &'a Path) -> Self {
        Self { env, base, produced: 0 }
    }

    /// Where commands are run, for the settings that may name one.
    pub(crate) fn env(&self) -> &'a dyn Env {
        self.env
    }

    /// Replaces every reference of the text, or tells all reasons why it cannot.
    pub(crate) fn expand(&mut self, text: &str) -> Result<Expanded, Vec<Failure>> {
        let mut out = String::new();
        let mut substituted = false;
        let mut failures = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(tail) = after.strip_prefix('$') {
                out.push('$');
                rest = tail;
            } else if let Some(body) = after.strip_prefix('{') {
                let Some(end) = body.find('}') else {
                    failures.push(Failure::new(
                        "a `${` is not closed",
                        "add the `}`, or write $$ for a dollar sign",
                    ));
                    rest = "";
                    break;
                };
                substituted = true;
                match self.reference(&body[..end]) {
                    Ok(value) => out.push_str(&value),
                    Err(failure) => failures.push(failure),
                }
                rest = &body[end + 1..];
            } else {
                out.push('$');
                rest = after;
            }
        }
        out.push_str(rest);
        if failures.is_empty() {
            Ok(Expanded { text: out, substituted })
        } else {
            Err(failures)
        }
    }

    /// The value of what is between `${` and `}`.
    fn reference(&mut self, body: &str) -> Result<String, Failure> {
        let value = if let Some(path) = body.strip_prefix("file:") {
            self.file(path)?
        } else {
            self.variable(body)?
        };
        self.produced = self.produced.saturating_add(value.len());
        if self.produced > MAX_PRODUCED {
            let problem = format!("the values put in place of ${{…}} add up to more than {MAX_PRODUCED} bytes");
            return Err(Failure::new(problem, "refer to smaller values"));
        }
        Ok(value)
    }

    fn variable(&self, body: &str) -> Result<String, Failure> {
        let (name, default) = match body.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (body, None),
        };
        if !is_variable_name(name) || default.is_some_and(|default| default.contains("${")) {
            // The body is not shown: in the place of a secret it may be one.
            let help = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $$ for a dollar sign";
            return Err(Failure::new("a `${…}` is not understood", help));
        }
        match (self.env.var(name), default) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.is_empty() => Ok(value),
            (_, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(Failure {
                variable: Some(name.to_owned()),
                problem: format!("the environment variable {name} is not set"),
                help: format!("set it, or write ${{{name}:-default}}"),
            }),
        }
    }

    fn file(&self, path: &str) -> Result<String, Failure> {
        if path.is_empty() {
            return Err(Failure::new("`${file:}` names no file", "write ${file:/path}"));
        }
        let full = self.base.join(path);
        let shown = full.display();
        let content = self.env.read_file(&full).map_err(|error| {
            Failure::new(
                format!("cannot read the file {shown}: {error}"),
                "check the path and its rights",
            )
        })?;
        if content.len() > MAX_FILE {
            return Err(Failure::new(
                format!("the file {shown} has more than {MAX_FILE} bytes"),
                "name a smaller file",
            ));
        }
        let text = String::from_utf8(content)
            .map_err(|_| Failure::new(format!("the file {shown} is not UTF-8 text"), "save it as UTF-8 text"))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_')
}

/// Replaces the references of the whole document but for the settings that hold secrets.
pub(crate) fn apply(root: &mut Node, expander: &mut Expander<'_>, report: &mut Report, tainted: &mut Tainted) {
    let mut failed = Vec::new();
    walk(root, &Pointer::default(), expander, &mut failed);
    for (pointer, failure) in failed {
        report.problem(&locate(root, &pointer), None, failure.problem, failure.help);
        tainted.insert(pointer);
    }
}

fn walk(node: &mut Node, at: &Pointer, expander: &mut Expander<'_>, failed: &mut Vec<(Pointer, Failure)>) {
    if credentials::is_position(at) {
        return;
    }
    match &mut node.kind {
        Kind::Scalar(scalar) if scalar.text.contains('$') => match expander.expand(&scalar.text) {
            Ok(expanded) => {
                let written = std::mem::replace(&mut scalar.text, expanded.text);
                if expanded.substituted {
                    scalar.origin = Some(written);
                }
            }
            Err(failures) => failed.extend(failures.into_iter().map(|failure| (at.clone(), failure))),
        },
        Kind::Scalar(_) => {}
        Kind::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &at.child(index.to_string()), expander, failed);
            }
        }
        Kind::Map(entries) => {
            for (key, value) in entries.iter_mut() {
                walk(value, &at.child(key.text.as_str()), expander, failed);
            }
        }
    }
}

#[cfg(test)]
#[path = "interpolate_tests.rs"]
mod tests;
