//! The configuration file: one YAML text in, a checked [`Config`] or all of its problems out.
//!
//! A file goes through these stages, each in its own module; every stage adds to one report, and only a file without
//! problems gives a configuration.
//!
//! 1. `document` reads the YAML into a tree that knows lines and columns.
//! 2. `credentials` takes the secrets out, so that no later stage can print one.
//! 3. `interpolate` replaces `${NAME}` and its relatives.
//! 4. `check` compares the tree with the schema made from `raw` and reads it into those types.
//! 5. `validate` checks how settings go together and fills in the defaults of `model`.
//!
//! This design follows from two wishes: that one run tells every mistake, each with its line and what to write
//! instead; and that the schema for editors, the reference document and the check cannot drift apart, because all
//! three come from `raw` and `model`. A reload uses the same functions; whoever calls them keeps the configuration in
//! force when they fail.

mod check;
mod credentials;
mod document;
mod env;
mod expectation;
mod explain;
mod interpolate;
mod model;
mod pointer;
mod problem;
mod quantity;
mod raw;
mod reference;
mod scalar;
mod schema;
mod suggest;
mod validate;

use std::path::Path;

use self::interpolate::Expander;
use self::pointer::Tainted;
use self::problem::Report;
use self::validate::Context;

pub use self::env::{Env, ProcessEnv};
pub use self::model::{
    AdminConfig, CacheConfig, CircuitBreakerConfig, Config, CredentialOverride, DegradedConfig, DeploymentConfig,
    HedgeConfig, Isolation, LastAnswerConfig, Limits, LoadBalancerConfig, RetryBudgetConfig, RetryConfig, RouteConfig,
    RouteTarget, ServerConfig, Strategy, Timeouts,
};
pub use self::problem::{Problem, Problems};
pub use self::quantity::duration;
pub use self::raw::ERROR_CLASSES;
pub use self::reference::reference_markdown;
pub use self::schema::schema;
pub(crate) use self::suggest::nearest;

/// Where a configuration text comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The name of the file in messages.
    pub name: &'a str,
    /// The directory that relative paths in the file start from.
    pub base: &'a Path,
}

/// Loads a configuration file. Blocks while it reads files and runs the commands that print secrets.
///
/// # Errors
///
/// Every problem of the file, in its order.
pub fn load(path: &Path, env: &dyn Env) -> Result<Config, Problems> {
    let name = path.display().to_string();
    let content = env.read_file(path).map_err(|error| {
        let help = "name an existing file that this user may read; the README has a minimal one to start from, and `wharf ask` works without any";
        Problems::new(vec![Problem::about_file(
            &name,
            format!("the file cannot be read: {error}"),
            help,
        )])
    })?;
    let text = String::from_utf8(content).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let problem = format!("the file is not UTF-8 text (line {line})");
        Problems::new(vec![Problem::about_file(&name, problem, "save it as UTF-8")])
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    parse(&text, Source { name: &name, base }, env)
}

/// Reads a configuration from its text. Blocks like [`load`].
///
/// # Errors
///
/// Every problem of the text, in its order.
pub fn parse(text: &str, source: Source<'_>, env: &dyn Env) -> Result<Config, Problems> {
    let mut report = Report::new(source.name);
    let Some(mut root) = document::parse(text, &mut report) else {
        return Err(Problems::new(report.problems));
    };
    let mut expander = Expander::new(env, source.base);
    let mut tainted = Tainted::default();
    let credentials = credentials::take(&mut root, &mut expander, &mut report);
    interpolate::apply(&mut root, &mut expander, &mut report, &mut tainted);
    let raw = check::check(&root, &mut tainted, &mut report);
    let context = Context {
        root: &root,
        tainted: &tainted,
        base: source.base,
        credentials: &credentials,
        report: &mut report,
    };
    let mut config = validate::config(raw, context);
    if !report.problems.is_empty() {
        return Err(Problems::new(report.problems));
    }
    config.warnings = report.warnings;
    Ok(config)
}
